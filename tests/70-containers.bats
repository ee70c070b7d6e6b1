# lastcall as PID 1 of a real container: runc, another user than root, no
# capabilities, a read-only root, no new privileges, the default seccomp
# profile.

# bats file_tags=check
load helpers
load containers

setup() {
	common_setup
	requires root runc busybox python3 seccomp
}

teardown() {
	container_teardown
}

@test "a confined container starts, and forwards signals with their values" {
	container_start /lastcall -- sigprint -x 15 -c 7
	wait_out READY
	pid=$(container_pid)
	facts=$(cat "/proc/$pid/status")
	assert_match "$facts" $'\nUid:\t1000\t1000'
	assert_match "$facts" $'\nCapBnd:\t0+\n'
	assert_match "$facts" $'\nNoNewPrivs:\t1\n'
	assert_match "$facts" $'\nSeccomp:\t2\n'
	wait_for '[ "$(cat "/proc/$pid/comm")" = lastcall:ready ]'

	container_kill USR1
	wait_out 'USR1 10'
	container_kill 40
	wait_out 'RTMIN+6 40'
	container_kill TERM
	wait_exit
	assert_equal "$STATUS" 7
	assert_order "$OUT" READY 'USR1 10' 'RTMIN+6 40' 'TERM 15'
}

@test "runc kill TERM ends a container in order, when its work is done" {
	container_start /lastcall -- worker -w 400
	wait_out READY
	BEGAN=$(now_ms)
	container_kill TERM
	wait_exit
	assert_equal "$STATUS" 0
	assert_at_least "$(elapsed)" 400
	assert_order "$OUT" READY 'got 15' DONE
	assert_order "$LOG" event=stop-requested event=stop-signal \
		event=child-exited 'event=exited code=0 forced=false'
}

@test "the container's exit code is the program's" {
	container_start /lastcall -- sh -c 'exit 42'
	wait_exit
	assert_equal "$STATUS" 42
}

@test "a program that a signal ends gives 128 and the signal" {
	container_start /lastcall -- sh -c 'kill -USR2 $$'
	wait_exit
	assert_equal "$STATUS" $((128 + 12))
}

@test "a program that is not there gives 127, one that cannot run 126" {
	container_start /lastcall -- /bin/nowhere
	wait_exit
	assert_equal "$STATUS" 127
	assert_contains "$(cat "$LOG")" /bin/nowhere
	in_runc delete --force "$CONTAINER" 2>/dev/null || true

	container_start /lastcall -- /etc/passwd
	wait_exit
	assert_equal "$STATUS" 126
	assert_contains "$(cat "$LOG")" /etc/passwd
}

@test "orphans in a container are all reaped" {
	container_start /lastcall -- orphans -w 500 25
	wait_out 'DONE 500'
	pid=$(container_pid)
	# The main program alone is left, and no zombie.
	wait_for '[ "$(wc -w <"/proc/$pid/task/$pid/children")" = 1 ]'
	container_kill TERM
	wait_exit
}

@test "what ignores TERM is killed at the deadline, and named" {
	container_start /lastcall --grace 1s -- worker -i
	wait_out READY
	BEGAN=$(now_ms)
	container_kill TERM
	wait_exit
	assert_equal "$STATUS" 137
	assert_at_least "$(elapsed)" 1000
	assert_order "$LOG" event=stop-requested event=stop-signal \
		event=survivor event=killed 'event=exited code=137 forced=true'
	assert_match "$(grep event=survivor "$LOG")" 'name=worker'
}

@test "a daemon in a session of its own gets TERM and time" {
	container_start /lastcall -- sh -c 'stray worker -n daemon -w 300;
		exec worker -n main'
	wait_out 'main READY'
	wait_out 'daemon READY'
	container_kill TERM
	wait_exit
	assert_equal "$STATUS" 0
	assert_order "$OUT" 'main got 15' 'daemon got 15' 'daemon DONE'
	assert_equal "$(grep -c 'daemon got 15' "$OUT")" 1
}

@test "a session that runc exec started gets TERM and is not waited for" {
	container_start /lastcall --grace 30s --sweep 30s -- sh -c '
		stray worker -n daemon -w 300; exec worker -n main'
	wait_out 'main READY'
	wait_out 'daemon READY'
	in_runc exec --detach "$CONTAINER" worker -i </dev/null \
		>"$RUN_TMP/exec" 2>&1 3>&-
	wait_for 'grep -q READY "$RUN_TMP/exec"'
	BEGAN=$(now_ms)
	container_kill TERM
	wait_exit
	assert_equal "$STATUS" 0
	assert_at_most "$(elapsed)" 15000
	assert_contains "$(cat "$OUT")" 'daemon DONE'
	assert_contains "$(cat "$RUN_TMP/exec")" 'got 15'
}

@test "as root with Docker's default capabilities it is the same" {
	container_start --root /lastcall -- sh -c 'worker -n a -w 300 &
		worker -n b -w 300 & wait'
	wait_out 'a READY'
	wait_out 'b READY'
	container_kill TERM
	wait_exit
	# The shell dies of TERM at once; its workers finish all the same.
	assert_equal "$STATUS" 143
	assert_contains "$(cat "$OUT")" 'a DONE'
	assert_contains "$(cat "$OUT")" 'b DONE'
}
