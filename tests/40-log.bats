#!/usr/bin/env bats
# The log: where it goes, and that it never waits for anybody.
# What the other end of its stderr sees is in 40-log.py.

load helpers

@test "a forced stop stands in the termination log: when it was, and to whom" {
	start --grace 20s --stop TERM/300ms/KILL \
		--termination-log "$RUN_TMP/why" -- "$FIXTURES/sigprint"
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 137
	assert_match "$(cat "$RUN_TMP/why")" "^stop forced: SIGKILL \
([3-9][0-9]{2}ms|[1-9][0-9.]*s) after SIGTERM to [0-9]+ 'sigprint'\$"
}

@test "a stop that forces nothing leaves no termination log" {
	start --termination-log "$RUN_TMP/why" -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 0
	[ ! -e "$RUN_TMP/why" ]
}

# Runs what is refused where the kubelet's file is, and prints that file.
kubelet_file() { # ARG...
	unshare --mount sh -c '
		mount -t tmpfs none /mnt && mount --bind /dev/null \
			"$(: >/mnt/null; echo /mnt/null)" || exit 9
		: >/mnt/termination-log
		mount --bind /mnt /dev || exit 9
		"$@" 2>/dev/null
		[ $? = 125 ] && cat /mnt/termination-log' - "$LASTCALL" "$@"
}

@test "a bad command line stands in the termination log" {
	requires root mountns
	run kubelet_file --grace x true
	assert_status 0
	assert_contains "$output" "--grace 'x': expected a duration"
	run kubelet_file --termination-log '' --grace x true
	assert_equal "$output" ""
	# Wherever it stands.
	local words
	for words in "--termination-log $RUN_TMP/why --grace x" \
		"--grace x --termination-log $RUN_TMP/why" \
		"--grace=x --termination-log=$RUN_TMP/why"; do
		rm -f "$RUN_TMP/why"
		# shellcheck disable=SC2086 # they are words
		run "$LASTCALL" $words true
		assert_contains "$(cat "$RUN_TMP/why")" \
			"--grace 'x': expected a duration"
	done
	rm "$RUN_TMP/why"
	LASTCALL_GRACE=x LASTCALL_TERMINATION_LOG=$RUN_TMP/why run "$LASTCALL" true
	assert_contains "$(cat "$RUN_TMP/why")" "LASTCALL_GRACE 'x': expected"
	run kubelet_file --grace x --termination-log '' true
	assert_equal "$output" ""
}

@test "a bad probe or plan leaves the container's termination log alone" {
	requires root mountns
	local words
	for words in "--probe redy" "--probe ready --timeout x" \
		"--plan --grace x" "--timeout x --probe ready" \
		"--grace x --probe=live -- true" "--gace 1s -v --probe ready" \
		"--grace x -s --plan true"; do
		# shellcheck disable=SC2086 # several words
		run kubelet_file $words
		assert_status 0
		assert_equal "$output" ""
	done
	# What the program is told is not lastcall's.
	for words in "--grace x -- true --plan" "--grace x true --probe ready" \
		"-g --gace 1s true --plan"; do
		# shellcheck disable=SC2086 # several words
		run kubelet_file $words
		assert_status 0
		assert_contains "$output" "; see lastcall --help"
	done
}

@test "nothing is said of a program that ends with 0 and leaves nobody" {
	run "$LASTCALL" -- sh -c 'exit 0'
	assert_status 0
	assert_equal "$output" ""
	# The program's last children may be ending just then.
	local i
	for i in {1..30}; do
		run "$LASTCALL" -- sh -c 'true & true & true & true & exit 0'
		assert_status 0
		assert_not_contains "$output" swept=0
		case $output in
		'' | *swept=[1-9]*) ;;
		*) fail "$output" ;;
		esac
	done
}

@test "nothing that lastcall says goes to stdout" {
	start -v -w --grace 3s --stop TERM/200ms/KILL \
		--pre-stop 'echo from a hook' --post-stop 'nobody has this' -- \
		"$FIXTURES/sigprint"
	wait_out READY
	kill -HUP "$PID"
	wait_log forwarded
	stop_and_wait
	# The hook and the log's writer are two processes.
	assert_order "$LOG" started 'from a hook' hook-finished
	assert_order "$LOG" started forwarded drain-started \
		hook-finished stop-signal killed hook-finished event=exited
	assert_not_contains "$(cat "$OUT")" event
	assert_not_contains "$(cat "$OUT")" hook
}
