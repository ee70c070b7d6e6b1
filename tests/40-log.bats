#!/usr/bin/env bats
# The log: where it goes, and that it never waits for anybody.
# tests/drivers/log_sinks.py holds the other end and has the assertions.

load helpers

setup_file() {
	DRIVER=$BATS_FILE_TMPDIR/log_driver
	export DRIVER
	cc -std=c11 -D_GNU_SOURCE -I"$TOP" -o "$DRIVER" \
		"$TOP"/tests/drivers/log.c "$TOP"/{log,text,signals,clock,kernel}.c
}

sink() {
	python3 "$TOP/tests/drivers/log_sinks.py" "$DRIVER" "$1" 3>&-
}

@test "a pipe gets every event, and no descriptor is passed on" {
	sink pipe
}

@test "a full pipe drops events and the next one says how many" {
	sink full_pipe
}

@test "a full named pipe drops events and the next one says how many" {
	sink full_fifo
}

@test "a full socket drops events and the next one says how many" {
	sink full_socket
}

@test "a pipe that another user made is written to all the same" {
	requires root
	sink other_users_pipe
}

@test "a pipe that the program keeps full gets whole lines only" {
	sink shared_pipe
}

@test "a pipe whose reader is gone leaves no SIGPIPE but another process's" {
	sink broken_pipe
}

@test "a socket whose reader is gone leaves no SIGPIPE" {
	sink broken_socket
}

@test "a terminal stopped with ^S drops events and the next one says so" {
	sink stopped_terminal
}

@test "a terminal that takes half a line gets the next on a line of its own" {
	sink slow_terminal
}

@test "a full disk is survived" {
	sink full_device
}

@test "a file is appended to where its offset is" {
	sink plain_file
}

@test "a file at its size limit leaves no SIGXFSZ" {
	sink file_size_limit
}

@test "with stderr closed nothing is written, nor to what takes its number" {
	sink closed
}

@test "a stderr that is open for reading only is not written to" {
	sink read_only
}

@test "a descriptor of the log never takes a standard descriptor's number" {
	sink low_descriptors
}

@test "where /proc is not the kernel's what is there is not written to" {
	requires root mountns
	mkfifo "$RUN_TMP/pipe"
	exec 8<>"$RUN_TMP/pipe"
	run unshare --mount sh -c 'mount -t tmpfs none /proc
		mkdir -p /proc/self/fd && : >/proc/self/fd/2 || exit
		"$1" tick 3 2>"$0"; cat /proc/self/fd/2' \
		"$RUN_TMP/pipe" "$DRIVER"
	exec 8>&-
	assert_status 0
	assert_equal "$output" ""
}

@test "values of any bytes give valid logfmt and JSON" {
	sink values
}

@test "events, warnings and lines have the same keys in both forms" {
	sink forms
}

@test "--quiet keeps back all but what stops a start" {
	sink quiet
}

@test "the termination log is one line, and is never waited for" {
	sink termination
}

@test "a forced stop stands in the termination log: when it was, and to whom" {
	start --grace 20s --stop TERM/300ms/KILL \
		--termination-log "$RUN_TMP/why" -- "$FIXTURES/sigprint"
	wait_out READY
	kill -TERM "$PID"
	wait_exit
	assert_equal "$STATUS" 137
	assert_match "$(cat "$RUN_TMP/why")" "^stop forced: SIGKILL \
(3|4|5|6|7|8|9)[0-9]{2}ms after SIGTERM to [0-9]+ 'sigprint'\$"
}

@test "a stop that forces nothing leaves no termination log" {
	start --termination-log "$RUN_TMP/why" -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	kill -TERM "$PID"
	wait_exit
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
	run "$LASTCALL" --termination-log "$RUN_TMP/why" --grace x true
	assert_contains "$(cat "$RUN_TMP/why")" "--grace 'x': expected a duration"
}

@test "a bad probe or plan leaves the container's termination log alone" {
	requires root mountns
	local words
	for words in "--probe redy" "--probe ready --timeout x" "--plan --grace x"; do
		# shellcheck disable=SC2086 # several words
		run kubelet_file $words
		assert_status 0
		assert_equal "$output" ""
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
	kill -TERM "$PID"
	wait_exit
	assert_order "$LOG" started forwarded drain-started 'from a hook' \
		hook-finished stop-signal killed hook-finished event=exited
	assert_not_contains "$(cat "$OUT")" event
	assert_not_contains "$(cat "$OUT")" hook
}
