#!/usr/bin/env bats
# Whatever is orphaned to lastcall is reaped, and nothing else wakes it.
# Runs alone, for its thousands of processes.
# shellcheck shell=bash disable=SC2013,SC2016,SC2030,SC2031,SC2153,SC2154

TEST_SECONDS=300
load helpers

# The children of lastcall that nobody has asked for: state Z.
zombies() {
	local child count=0
	for child in $(cat "/proc/$PID/task/$PID/children"); do
		! grep -qs '^State:	Z' "/proc/$child/status" ||
			count=$((count + 1))
	done
	echo "$count"
}

assert_reaps_5000() {
	wait_out "DONE 5000" 100
	wait_for '[ "$(zombies)" = 0 ]'
	kill -0 "$PID"
	assert_equal "$(cat "$LOG")" ""
	stop_and_wait
	assert_equal "$STATUS" 0
}

@test "5,000 orphans leave no zombie, one by one, as a subreaper" {
	start -- "$FIXTURES/orphans" -w 5000
	assert_reaps_5000
}

@test "5,000 orphans leave no zombie, in bursts of 1,000, as a subreaper" {
	start -- "$FIXTURES/orphans" -w 5000 1000
	assert_reaps_5000
}

@test "5,000 orphans leave no zombie, one by one, as PID 1" {
	requires pidns
	start_pid1 -- "$FIXTURES/orphans" -w 5000
	assert_reaps_5000
}

@test "5,000 orphans leave no zombie, in bursts of 1,000, as PID 1" {
	requires pidns
	start_pid1 -- "$FIXTURES/orphans" -w 5000 1000
	assert_reaps_5000
}

@test "more than are taken in one turn are all reaped" {
	start -- "$FIXTURES/orphans" -w 5000 2500
	wait_out "DONE 5000"
	wait_for '[ "$(zombies)" = 0 ]'
	stop_and_wait
	assert_equal "$STATUS" 0
}

@test "orphans that were there before the program are reaped too" {
	# exec keeps the children of the shell.
	start_command sh -c 'sleep 0.3 & echo $!; exec "$@"' - \
		"$LASTCALL" -w -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	wait_log "event=reaped pid=$(head -1 "$OUT") code=0"
	stop_and_wait
}

@test "a zombie from before the start is reaped at once, under every name" {
	requires python3
	local name
	for name in lastcall tini dumb-init catatonit; do
		ln -sf "$LASTCALL" "$RUN_TMP/$name"
		# It has ended, and its SIGCHLD been dropped, before the exec.
		start_command python3 -c '
import os, sys
pid = os.fork()
if pid == 0:
    os._exit(0)
os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
with open(sys.argv[1], "w") as f:
    print(pid, file=f)
os.execv(sys.argv[2], sys.argv[2:])' "$RUN_TMP/zombie" "$RUN_TMP/$name" -- \
			"$FIXTURES/sigprint"
		wait_out READY
		wait_for '[ ! -e "/proc/$(cat "$RUN_TMP/zombie")" ]'
		kill -KILL "$(child_of "$PID")"
		wait_exit
		rm "$RUN_TMP/zombie"
	done
}

@test "the program's exit code survives a flood of orphans" {
	run "$LASTCALL" -- sh -c '"$1" 3000 500; exit 9' - "$FIXTURES/orphans"
	assert_status 9
}

@test "orphans whose end would be told by another signal are reaped" {
	local signal orphan
	for signal in 0 10 64; do
		start -w -- sh -c '"$1" "$2"; exec "$3" -x 15' - \
			"$FIXTURES/cloner" $signal "$FIXTURES/sigprint"
		wait_out READY
		orphan=$(head -1 "$OUT")
		wait_log "event=reaped pid=$orphan code=0"
		[ ! -e "/proc/$orphan" ] || fail "still there: $orphan"
		stop_and_wait
	done
}

@test "-w logs each adopted process that is reaped, and not the program" {
	start -w -- "$FIXTURES/orphans" -w 25 5
	wait_for '[ "$(grep -c event=reaped "$LOG")" = 25 ]'
	stop_and_wait
	assert_equal "$(grep -c event=reaped "$LOG")" 25
	assert_equal "$(grep event=reaped "$LOG" | grep -vc ' code=0$')" 0
}

@test "-w says by which signal an adopted process was ended" {
	start -w -- sh -c '(sh -c "kill -9 \$\$" & sh -c "exit 3" &)
		trap exit TERM; while :; do wait; sleep 0.1; done'
	wait_log "signal=KILL"
	wait_log "code=3"
	stop_and_wait
}

@test "without -w nothing is said of orphans" {
	run --separate-stderr "$LASTCALL" -- "$FIXTURES/orphans" 20
	assert_not_contains "$stderr" reaped
}

switches() {
	sed -n 's/^voluntary_ctxt_switches:\t//p' "/proc/$PID/status"
}

@test "an idle lastcall never wakes" {
	local before cpu
	start -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	kill -USR1 "$PID"
	wait_out USR1
	# Asleep, and in the one wait.
	wait_for 'grep -q "^State:	S" /proc/$PID/status'
	before=$(switches)
	cpu=$(cut -d' ' -f14,15 "/proc/$PID/stat")
	sleep 4
	assert_equal "$(switches)" "$before"
	assert_equal "$(cut -d' ' -f14,15 "/proc/$PID/stat")" "$cpu"
	kill -USR1 "$PID"
	wait_for '[ "$(grep -c USR1 "$OUT")" = 2 ]'
	[ "$(switches)" -gt "$before" ] || fail "the count does not count"
	stop_and_wait
}

@test "the deadline is kept while orphans end as fast as they are reaped" {
	start --grace 1s -- sh -c 'trap "" TERM; cd /; echo READY
		"$1" 100000000 200 & "$1" 100000000 200 & "$1" 100000000 &
		while :; do wait; done' - "$FIXTURES/orphans"
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 137
	assert_at_least "$(elapsed)" 1000
	assert_at_most "$(elapsed)" 10000
}
