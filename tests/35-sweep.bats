#!/usr/bin/env bats
# What is left after the main process gets SIGTERM and time, then SIGKILL.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2153,SC2154,SC2317

load helpers

setup() {
	common_setup
	W=$FIXTURES/worker
	S=$FIXTURES/sigprint
	export W S FIXTURES RUN_TMP OUT
}

# Runs a test's body for both kinds of init: `as_both BODY`, where BODY takes
# the command that starts lastcall.
as_both() {
	local how
	for how in start start_pid1; do
		rm -f "$RUN_TMP"/[a-z]
		"$1" $how
		[ $how = start_pid1 ] || no_process_left
	done
}

# Three strays: a daemon, a setsid'ed child, and a plain background process.
STRAYS='"$FIXTURES/stray" "$W" -w 400 >"$RUN_TMP/a"
	"$FIXTURES/stray" -k "$W" -w 300 >"$RUN_TMP/b" &
	("$W" -w 200 >"$RUN_TMP/c" &)'

wait_strays() {
	wait_for '[ "$(cat "$RUN_TMP"/[abc] 2>/dev/null | grep -c READY)" = 3 ]'
}

assert_strays_done() {
	local name
	for name in a b c; do
		assert_equal "$name: $(sed 's/worker //' "$RUN_TMP/$name" |
			paste -sd' ')" "$name: READY got 15 DONE"
	done
}

@test "strays get SIGTERM and the time to end when the program has ended" {
	requires pidns
	body() {
		$1 -- sh -c "$STRAYS"'; "$S" -x 10; exit 5'
		wait_strays
		wait_out READY
		pkill -USR1 -x sigprint -P "$(child_of "$PID")"
		wait_exit
		assert_equal "$STATUS" 5
		assert_strays_done
		assert_at_least "$(logged sweep-finished swept)" 3
		assert_equal "$(logged sweep-finished why)" 'done'
		assert_equal "$(logged exited forced)" false
	}
	as_both body
}

@test "a stray that has ended and is not reaped is not counted" {
	local stray
	start -- sh -c '(sh -c "true & exec \"\$S\" -x 15" >"$RUN_TMP/a" &)
		exec "$S" -x 10'
	wait_out READY
	wait_for '[ -s "$RUN_TMP/a" ]'
	stray=$(sed -n 's/READY pid=\([0-9]*\).*/\1/p' "$RUN_TMP/a")
	wait_for "ps -o stat= --ppid $stray | grep -q Z"
	stop_and_wait USR1
	assert_equal "$STATUS" 0
	assert_equal "$(logged sweep-finished swept)" 1
	# The program itself has left no reason to say anything.
	assert_equal "$(logged exited code)" 0
}

@test "strays get SIGTERM and the time to end after a stop" {
	requires pidns
	body() {
		$1 -- sh -c "$STRAYS"'; exec "$W" -w 200 -c 6'
		wait_strays
		wait_out READY
		stop
		wait_exit
		assert_equal "$STATUS" 6
		assert_strays_done
		# First the program, then the strays.
		assert_order "$LOG" event=stop-signal event=child-exited \
			event=sweep-finished event=exited
		assert_at_least "$(logged exited sweep_ms)" 390
		assert_at_least "$(elapsed)" 590
	}
	as_both body
}

@test "it leaves the moment nobody is left, however much time there is" {
	requires pidns
	body() {
		$1 --sweep 40s --grace 50s -- sh -c "$STRAYS"'; exec "$W"'
		wait_strays
		wait_out READY
		stop
		wait_exit
		assert_equal "$STATUS" 0
		assert_strays_done
		assert_at_most "$(elapsed)" 15000
	}
	as_both body
}

@test "a stray that is stopped is continued, so that it can end" {
	requires pidns
	body() {
		$1 --sweep 20s -- \
			sh -c '"$FIXTURES/stray" "$W" -n a; exec "$W"'
		wait_out "a READY"
		wait_out "worker READY"
		pkill -STOP -P "$PID" -f -- ' -n a'
		stop
		wait_exit
		assert_equal "$STATUS" 0
		assert_contains "$(cat "$OUT")" "a DONE"
		assert_equal "$(logged exited forced)" false
	}
	as_both body
}

@test "a stray that ignores SIGTERM is killed at the sweep's limit" {
	requires pidns
	body() {
		$1 --sweep 500ms -- \
			sh -c '"$FIXTURES/stray" "$W" -i -n a; exec "$W" -c 3'
		wait_out "a READY"
		wait_out "worker READY"
		stop
		wait_exit
		assert_equal "$STATUS" 3
		assert_equal "$(grep -c 'a got' "$OUT")" 1
		assert_at_least "$(logged sweep-finished duration_ms)" 500
		assert_at_most "$(elapsed)" 15000
		assert_equal "$(logged killed why)" sweep-limit
		assert_equal "$(logged survivor name)" worker
		assert_equal "$(logged exited forced)" true
	}
	as_both body
}

@test "the sweep is cut by the deadline of the stop" {
	requires pidns
	body() {
		$1 --sweep 40s --grace 900ms -- sh -c \
			'"$FIXTURES/stray" "$W" -i -n a; exec "$W" -w 300 -c 3'
		wait_out "a READY"
		wait_out "worker READY"
		stop
		wait_exit
		assert_equal "$STATUS" 3
		assert_at_least "$(elapsed)" 900
		assert_at_most "$(elapsed)" 20000
		assert_equal "$(logged killed why)" deadline
		assert_at_least "$(logged exited total_ms)" 900
	}
	as_both body
}

@test "the program's own end fixes the deadline of the sweep" {
	requires pidns
	body() {
		$1 --sweep 40s --grace 900ms -- \
			sh -c '"$FIXTURES/stray" "$W" -i
			until grep -q READY "$OUT"; do :; done; exit 4'
		wait_exit
		assert_equal "$STATUS" 4
		assert_at_least "$(logged exited total_ms)" 900
		assert_at_most "$(logged exited total_ms)" 20000
		assert_equal "$(logged killed why)" deadline
	}
	as_both body
}

@test "a stop request during the sweep is absorbed" {
	start --sweep 40s -- sh -c '"$FIXTURES/stray" "$W" -w 4000
		until grep -q READY "$OUT"; do :; done; exit 4'
	wait_out got
	kill -TERM "$PID"
	wait_log "event=stop-requested signal=TERM sender=$$"
	assert_not_contains "$(<"$LOG")" stop-repeated # it is the first
	stop_and_wait INT
	assert_contains "$(<"$LOG")" "event=stop-repeated signal=INT"
	assert_equal "$(logged stop-repeated count)" 1
	assert_equal "$STATUS" 4
	assert_equal "$(grep -c got "$OUT")" 1
	assert_contains "$(cat "$OUT")" DONE
	assert_equal "$(logged exited forced)" false
}

@test "a second SIGINT ends the sweep" {
	start --sweep 40s --grace 50s -- \
		sh -c '"$FIXTURES/stray" "$W" -i; exec "$W"'
	wait_for '[ "$(grep -c READY "$OUT")" = 2 ]'
	stop INT
	wait_out "worker got 15" # the stray; INT has ended the program
	wait_log event=child-exited
	after_interrupt
	kill -INT "$PID"
	wait_exit
	assert_equal "$(logged killed why)" interrupt
	assert_at_most "$(elapsed)" 20000
}

@test "a process that forks while it is swept is ended, as a subreaper" {
	local n
	for n in 1 3 200; do
		start --sweep 500ms -- \
			sh -c '"$FIXTURES/stray" "$FIXTURES/forker" term '$n'
			exec "$W"'
		wait_for '[ "$(grep -c READY "$OUT")" = 2 ]'
		stop
		wait_exit
		assert_equal "$STATUS" 0
		no_process_left
	done
}

@test "a process that forks all the time is swept, as PID 1" {
	requires pidns
	start_pid1 --sweep 300ms -- \
		sh -c '"$FIXTURES/stray" "$FIXTURES/forker" run 1; exec "$W"'
	wait_for '[ "$(grep -c READY "$OUT")" = 2 ]'
	stop
	wait_exit
	assert_equal "$STATUS" 0
	assert_equal "$(logged sweep-finished why)" sweep-limit
}

@test "a process that forks all the time is swept, as a subreaper" {
	start --sweep 300ms -- \
		sh -c '"$FIXTURES/stray" "$FIXTURES/forker" run 2; exec "$W"'
	wait_for '[ "$(grep -c READY "$OUT")" = 2 ]'
	stop
	wait_exit
	assert_equal "$STATUS" 0
	no_process_left
}

@test "a whole tree of strays is swept, as a subreaper" {
	# A shell that has a shell that has a worker; none is told by scope.
	start --scope child -- sh -c '"$FIXTURES/stray" sh -c "trap : TERM
		sh -c \"trap : TERM; \\\"\$W\\\" -n deep -w 200; :\"; :"
		exec "$W"'
	wait_out "deep READY"
	wait_out "worker READY"
	stop
	wait_exit
	assert_equal "$STATUS" 0
	assert_order "$OUT" "deep got 15" "deep DONE"
	assert_equal "$(logged sweep-finished swept)" 3
	assert_equal "$(logged exited forced)" false
}

@test "a session from outside gets the signal but is not waited for" {
	requires pidns nsenter
	start_pid1 --sweep 40s --grace 50s -- \
		sh -c '"$FIXTURES/stray" "$W" -n a -w 500; exec "$W"'
	wait_out "a READY"
	wait_out "worker READY"
	enter_pidns "$W" -n session -w 30000 >"$RUN_TMP/s" 3>&- &
	local session=$!
	wait_for 'grep -q READY "$RUN_TMP/s"'
	stop
	wait_exit
	assert_equal "$STATUS" 0
	assert_contains "$(cat "$OUT")" "a DONE"
	assert_contains "$(cat "$RUN_TMP/s")" "session got 15"
	assert_not_contains "$(cat "$RUN_TMP/s")" DONE
	assert_at_most "$(elapsed)" 15000
	wait $session || true
}

@test "a session from outside alone is no reason to sweep" {
	requires pidns nsenter
	start_pid1 --sweep 40s -- "$W" -c 2
	wait_out READY
	enter_pidns "$W" -n session -w 30000 >"$RUN_TMP/s" 3>&- &
	local session=$!
	wait_for 'grep -q READY "$RUN_TMP/s"'
	stop
	wait_exit
	assert_equal "$STATUS" 2
	assert_at_most "$(elapsed)" 10000
	assert_not_contains "$(cat "$LOG")" sweep-finished
	wait $session || true
}

@test "where nobody is left nothing is swept and nothing is said of it" {
	run --separate-stderr "$LASTCALL" -- sh -c '
		orphan=$(sh -c "sleep 0.1 >&2 & echo \$!")
		while kill -0 $orphan; do sleep 0.02; done 2>/dev/null; exit 0'
	assert_status 0
	assert_equal "$stderr" ""
	run --separate-stderr "$LASTCALL" -- sh -c 'exit 3'
	assert_status 3
	assert_not_contains "$stderr" sweep-finished
}

@test "--sweep 0 kills what is left at once" {
	start --sweep 0 --grace 50s -- \
		sh -c '"$FIXTURES/stray" "$W" -i; exec "$W" -c 1'
	wait_for '[ "$(grep -c READY "$OUT")" = 2 ]'
	stop
	wait_exit
	assert_equal "$STATUS" 1
	assert_at_most "$(elapsed)" 20000
	assert_equal "$(logged killed why)" sweep-limit
	assert_equal "$(logged sweep-finished swept)" 1
}

@test "PID 1 sweeps where there is no /proc" {
	requires root pidns mountns
	start_pid1_command unshare --mount sh -c 'umount -l /proc && exec "$@"' \
		- "$LASTCALL" -- sh -c "$STRAYS"'; exec "$W"'
	wait_strays
	wait_out READY
	stop
	wait_exit
	assert_equal "$STATUS" 0
	assert_strays_done
	assert_equal "$(logged sweep-finished why)" 'done'
	assert_equal "$(logged sweep-finished swept)" ""
}

@test "a subreaper without /proc sweeps the group that it knows" {
	requires root mountns
	start_command unshare --mount sh -c 'umount -l /proc && exec "$@"' \
		- "$LASTCALL" --sweep 10s -- \
		sh -c '"$W" -n a -w 300 & exec "$W"'
	wait_out "a READY"
	wait_out "worker READY"
	stop
	wait_exit
	assert_equal "$STATUS" 0
	assert_order "$OUT" "a got 15" "a DONE"
}

@test "looking for strays ends at the deadline, however slow /proc is" {
	requires strace
	# One scan of /proc takes 8 s.
	local us=$((8000000 / $(compgen -G '/proc/[0-9]*' | wc -l)))
	start_command strace -qq -o "$RUN_TMP/calls" -e trace=openat \
		-e inject=openat:delay_enter="$us" "$LASTCALL" --grace 300ms -- \
		"$FIXTURES/stray" "$W" -i
	wait_exit
	assert_equal "$STATUS" 0
	assert_equal "$(logged sweep-finished why)" deadline
	assert_at_most "$(logged exited sweep_ms)" 6000
	# As a subreaper lastcall looks for whom to kill for a second, no longer.
	kill_marked
}

# A pid and the time of its start are what tells a process.  The shell's child
# would swallow a SIGTERM that came before it is `sleep`.
@test "a stray with the pid of somebody who was told is swept, not awaited" {
	requires root pidns
	start_pid1 --grace 8s -- sh -c '
		sleep 100 & worker=$!
		trap "wait \$worker
			echo \$((worker - 1)) >/proc/sys/kernel/ns_last_pid
			sleep 101 & [ \$! = \$worker ] || exit 4
			until read -r name </proc/\$worker/comm &&
				[ \"\$name\" = sleep ]; do :; done
			exit 3" TERM
		echo READY
		while :; do wait; done'
	wait_for 'grep -q READY "$OUT"'
	stop_and_wait
	assert_equal "$STATUS" 3
	assert_contains "$(cat "$LOG")" event=sweep-finished
	assert_not_contains "$(cat "$LOG")" event=killed
}


# ------------------------------------- who decides in the sweep, and who reads

# lastcall as PID 1 with a script that starts another, which is left over.
start_leftover() { # SCRIPT
	requires pidns
	echo "$1" >"$RUN_TMP/leftover"
	start_pid1 --grace 10s -- bash -c '
		bash "$RUN_TMP/leftover" & exec "$FIXTURES/worker"'
	wait_out "worker READY"
	wait_out job
}

# The one who commits what a job did must know of the stop before the job does.
@test "a leftover script that takes TERM lets its job finish, and starts none" {
	start_leftover 'trap "stop=1" TERM
		while [ -z "$stop" ]; do
			echo job; sleep 1.5 || echo broken; echo saved
		done; echo end'
	stop_and_wait
	assert_equal "$STATUS" 0
	assert_equal "$(grep -c job "$OUT")" 1
	assert_not_contains "$(<"$OUT")" broken
	assert_order "$OUT" saved end
	assert_equal "$(logged exited forced)" false
}

@test "a leftover script that does not take TERM ends before its job does" {
	start_leftover 'echo job; sleep 30 || echo broken; echo saved'
	stop_and_wait
	assert_equal "$STATUS" 0
	assert_not_contains "$(<"$OUT")" broken
	assert_not_contains "$(<"$OUT")" saved
}

@test "what a leftover script leaves behind when it ends is swept, too" {
	# It ends when the others that were spared have had their signal.
	start_leftover 'trap "sleep 3; echo end; exit" TERM
		sleep 300 & echo job; wait'
	stop_and_wait
	assert_equal "$STATUS" 0
	assert_contains "$(<"$OUT")" end
	assert_equal "$(logged sweep-finished why)" "done"
	assert_not_contains "$(<"$LOG")" event=killed
}

@test "the job of a process that reads a pipe does not end before that does" {
	requires pidns
	start_pid1 --grace 10s -- sh -c 'seq 3 |
		while read -r job; do
			echo job $job; sleep 5 || echo broken; echo saved
		done'
	wait_out "job 1"
	stop_and_wait
	assert_equal "$STATUS" 143
	assert_not_contains "$(<"$OUT")" broken
	assert_not_contains "$(<"$OUT")" saved
	assert_equal "$(logged exited forced)" false
}
