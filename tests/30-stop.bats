#!/usr/bin/env bats
# The stop: one deadline, the schedule, and SIGKILL to whoever is left.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2153,SC2154

load helpers

setup() {
	common_setup
	W=$FIXTURES/worker
	S=$FIXTURES/sigprint
	export W S FIXTURES RUN_TMP
}

# Waits for lastcall's end, and asserts when it came: as forced at the
# deadline (not before, and not long after), with this exit code.
assert_forced_after() { # MS CODE
	wait_exit
	local took
	took=$(elapsed)
	assert_equal "$STATUS" "$2"
	assert_at_least "$took" "$1"
	assert_at_most "$took" $(($1 + 10000))
	assert_equal "$(logged exited forced)" true
}

assert_unforced() { # CODE
	wait_exit
	assert_equal "$STATUS" "$1"
	assert_equal "$(logged exited forced)" false
}

# ------------------------------------------------------------- the deadline

@test "a worker that finishes inside the grace ends as it wants to" {
	start --grace 20s -- "$W" -w 300 -c 7
	wait_out READY
	stop
	assert_unforced 7
	assert_at_least "$(elapsed)" 300
	assert_at_most "$(elapsed)" 10000 # and not the whole grace
	assert_order "$OUT" "got 15" DONE
	assert_order "$LOG" "event=stop-requested signal=TERM" \
		"event=stop-signal signal=TERM" \
		"event=child-exited" "event=exited code=7"
}

@test "one that ignores the stop signal is killed at the deadline, as PID 1" {
	requires pidns
	start_pid1 --grace 600ms -- "$W" -i
	wait_out READY
	stop
	assert_forced_after 600 137
	assert_equal "$(logged killed why)" deadline
	assert_equal "$(logged survivor name)" worker
	assert_equal "$(logged killed count)" 1
}

@test "one that ignores the stop signal is killed at the deadline, below" {
	start --grace 600ms -- "$W" -i
	wait_out READY
	stop
	assert_forced_after 600 137
	assert_equal "$(logged killed why)" deadline
	assert_equal "$(logged survivor name)" worker
}

@test "SIGKILL comes at the deadline, not before and not long after" {
	local stop_ms
	start --grace 700ms -- "$W" -i
	wait_out READY
	stop
	wait_exit
	stop_ms=$(logged exited stop_ms)
	assert_at_least "$stop_ms" 700
	assert_at_most "$stop_ms" 7700
}

@test "the deadline is fixed at the first request; repeats are absorbed" {
	local i
	start --grace 7s -- "$W" -i
	wait_out "worker READY"
	stop
	for i in 1 2 3; do
		sleep 1
		kill -TERM "$PID"
	done
	# A line a second at most, however many come.
	wait_for 'kill -QUIT "$PID"
		[ "$(grep -c "stop-repeated signal=QUIT" "$LOG")" = 2 ]'
	assert_at_most "$(grep -c stop-repeated "$LOG")" \
		$(($(elapsed) / 1000 + 1))
	assert_forced_after 7000 137
	# The last came after 3000 ms.
	assert_at_most "$(logged exited total_ms)" 9900
	# Once, however often it was asked for.
	assert_equal "$(grep -c got "$OUT")" 1
	assert_equal "$(grep -c event=stop-requested "$LOG")" 1
	assert_at_least "$(logged stop-repeated count | tail -1)" 4
}

@test "a stop request of another kind while stopping is not forwarded" {
	start --grace 20s -- "$S" -x 10
	wait_out READY
	stop TERM
	wait_out "CONT 18"
	kill -QUIT "$PID"
	wait_for 'kill -QUIT "$PID"; [ "$(grep -c repeated "$LOG")" = 2 ]'
	kill -USR1 "$PID" # what is no stop request still is
	wait_out "USR1 10"
	wait_exit
	assert_equal "$(sed '/READY/d; s/ .*//' "$OUT" | paste -sd' ')" \
		"TERM CONT USR1"
}

@test "the log says who asked for the stop and how long it may take" {
	start --grace 9s -- "$S" -x 15
	wait_out READY
	bash -c 'kill -TERM '"$PID"'; echo $$ >"$RUN_TMP/sender"'
	wait_exit
	assert_contains "$(cat "$LOG")" "event=stop-requested signal=TERM \
sender=$(cat "$RUN_TMP/sender") sender_uid=$(id -u) grace_ms=9000 grace_from=--grace"
}

# grace_ms and where it came from, for these options.
grace() { # [NAME=VALUE]... [OPTION]...
	: >"$LOG"
	env "$@" -- sh -c 'kill -TERM $PPID; read x' </dev/null \
		2>"$LOG" >/dev/null || true
	echo "$(logged stop-requested grace_ms) $(logged stop-requested grace_from)"
}

@test "whose deadline it is: --grace, the platform's period or the default" {
	local L=$LASTCALL
	assert_equal "$(grace "$L")" "27000 default"
	assert_equal "$(grace "$L" --grace 12s)" "12000 --grace"
	assert_equal "$(grace LASTCALL_GRACE=8s "$L")" "8000 LASTCALL_GRACE"
	assert_equal "$(grace LASTCALL_GRACE=8s "$L" --grace 12)" "12000 --grace"
	# A tenth in reserve, at least 1 s, at most 5 s, never more than half.
	assert_equal "$(grace "$L" --platform-grace 10s | cut -d' ' -f1)" 9000
	assert_equal "$(grace "$L" --platform-grace 20s | cut -d' ' -f1)" 18000
	assert_equal "$(grace "$L" --platform-grace 100s | cut -d' ' -f1)" 95000
	assert_equal "$(grace "$L" --platform-grace 1s | cut -d' ' -f1)" 500
	assert_contains "$(grace RAILWAY_DEPLOYMENT_DRAINING_SECONDS=60 "$L")" \
		"55000 RAILWAY"
	assert_contains "$(grace RAILWAY_DEPLOYMENT_DRAINING_SECONDS=60 \
		LASTCALL_PLATFORM_GRACE=20s "$L")" "18000 "
}

@test "a platform that gives less than is assumed is named at the start" {
	requires pidns
	local option
	run in_pidns env FLY_APP_NAME=x "$LASTCALL" true
	assert_equal "$output" "lastcall: event=warning what=\"grace is 27s, but \
Fly.io gives 5s by default before its SIGKILL: set kill_timeout above 27s, or \
say --platform-grace 5s\""
	# It may run below an init of the platform's.
	run in_pidns sh -c 'FLY_APP_NAME=x "$0" true; :' "$LASTCALL"
	assert_contains "$output" "Fly.io gives 5s"
	# Where it is a wrapper, or somebody has said how long it has, or the
	# platform gives what is assumed, nothing is said.
	run in_pidns sh -c 'sh -c "FLY_APP_NAME=x \"$0\" true; :"; :' "$LASTCALL"
	assert_equal "$output" ""
	for option in --grace=4s --platform-grace=5s --platform-grace=60s; do
		run in_pidns env FLY_APP_NAME=x "$LASTCALL" "$option" true
		assert_equal "$output" ""
	done
	run in_pidns env KUBERNETES_SERVICE_HOST=x "$LASTCALL" true
	assert_equal "$output" ""
	run in_pidns env FLY_APP_NAME=x "$LASTCALL" --quiet true
	assert_equal "$output" ""
	# In the incident it says nothing of that.
	FLY_APP_NAME=x start -- "$W"
	wait_out READY
	stop_and_wait
	assert_not_contains "$(<"$LOG")" Fly.io
}

# ------------------------------------------------------------- the schedule

got() {
	sed '/READY/d; s/ .*//' "$OUT" | paste -sd' '
}

@test "--stop sends its signals in turn, each after its wait, then KILL" {
	start --grace 20s --stop TERM/300ms/SIGQUIT/200ms/10/100ms/KILL -- "$S"
	wait_out READY
	stop
	wait_exit
	assert_equal "$STATUS" 137
	assert_equal "$(got)" "TERM CONT QUIT CONT USR1 CONT"
	assert_at_least "$(elapsed)" 600
	assert_at_most "$(elapsed)" 10000
	assert_equal "$(logged killed why)" schedule
	assert_equal "$(logged stop-signal signal | paste -sd' ')" \
		"TERM QUIT USR1"
}

@test "a wait at the end of the schedule is followed by KILL" {
	start --grace 20s --stop HUP/200ms -- "$S"
	wait_out READY
	stop
	assert_forced_after 200 137
	assert_equal "$(got)" "HUP CONT"
	assert_equal "$(logged killed why)" schedule
}

@test "a signal at the end of the schedule has the rest of the grace" {
	start --grace 700ms --stop HUP/100ms/TERM -- "$S"
	wait_out READY
	stop
	assert_forced_after 700 137
	assert_equal "$(got)" "HUP CONT TERM CONT"
	assert_equal "$(logged killed why)" deadline
}

@test "the schedule ends when the program does" {
	start --grace 20s --stop TERM/150ms/QUIT/10s/USR1 -- "$S" -x 3 -c 6
	wait_out READY
	stop
	assert_unforced 6
	assert_equal "$(logged stop-signal signal | paste -sd' ')" "TERM QUIT"
	assert_at_least "$(elapsed)" 150
}

@test "without --stop the signal that was received is the stop signal" {
	start -- "$S" -x 3 -c 6
	wait_out READY
	stop QUIT
	assert_unforced 6
	assert_equal "$(logged stop-signal signal)" QUIT
}

@test "a schedule that no longer fits after the drain is cut, not rescaled" {
	start --grace 900ms --pre-stop 'sleep 20' --pre-stop-limit 600ms \
		--stop TERM/400ms/QUIT/100ms/KILL -- "$S"
	wait_out READY
	stop
	assert_forced_after 900 137
	assert_equal "$(got)" "TERM CONT"
	assert_equal "$(logged killed why)" deadline
}

@test "--delay comes before the first stop signal, and the program serves" {
	start --grace 20s --delay 500ms -- "$S" -x 15
	wait_out READY
	stop
	kill -USR1 "$PID"
	wait_out USR1
	assert_unforced 0
	assert_at_least "$(elapsed)" 500
	assert_at_least "$(logged exited drain_ms)" 500
}

@test "a program that ends during the delay is not waited for" {
	start --grace 20s --delay 9s -- "$S" -x 10 -c 4
	wait_out READY
	stop
	wait_log event=drain-started
	kill -USR1 "$PID"
	assert_unforced 4
	assert_equal "$(logged drain-finished why)" child-exited
	assert_at_most "$(elapsed)" 8000
}

# ------------------------------------------------------- a person's ^C

@test "a second SIGINT moves one step on, and so does each after it" {
	start --grace 50s --stop TERM/20s/QUIT/20s/KILL -- "$S"
	wait_out READY
	stop INT
	# The CONT after each: the next signal must not be there before it.
	wait_for '[ "$(grep -c CONT "$OUT")" = 1 ]'
	after_interrupt
	kill -INT "$PID"
	wait_for '[ "$(grep -c CONT "$OUT")" = 2 ]'
	after_interrupt
	stop_and_wait INT
	assert_equal "$STATUS" 137
	assert_equal "$(got)" "TERM CONT QUIT CONT"
	assert_equal "$(logged killed why)" interrupt
	assert_at_most "$(elapsed)" 15000
}

@test "a second SIGINT ends the drain" {
	start --grace 50s --delay 20s -- "$S" -x 2
	wait_out READY
	stop INT
	wait_log event=drain-started
	after_interrupt
	kill -INT "$PID"
	assert_unforced 0
	assert_equal "$(logged drain-finished why)" interrupt
	assert_equal "$(sed 1d "$OUT")" "INT 2"
}

@test "a first SIGINT after a SIGTERM is a repeat, the second moves on" {
	start --grace 50s -- "$S"
	wait_out READY
	stop TERM
	wait_out "CONT 18"
	kill -INT "$PID"
	wait_log "event=stop-repeated signal=INT"
	kill -0 "$PID"
	after_interrupt
	stop_and_wait INT
	assert_equal "$STATUS" 137
	assert_equal "$(logged killed why)" interrupt
}

@test "a second SIGTERM moves nothing on" {
	start --grace 20s -- "$W" -w 600 -c 3
	wait_out READY
	stop TERM
	kill -TERM "$PID"
	kill -TERM "$PID"
	assert_unforced 3
	assert_at_least "$(elapsed)" 600
}

# ------------------------------------------------------------ SIGCONT

@test "a stopped process is continued, so that it can act on the signal" {
	local n
	start --grace 20s -- "$W" -c 8
	wait_out READY
	n=$(child_of "$PID")
	kill -STOP "$n"
	wait_for 'grep -q "^State:	T" /proc/'"$n"'/status'
	stop
	assert_unforced 8
	assert_at_most "$(elapsed)" 10000
}

@test "a later step goes to whom the rule finds then, and continues it" {
	start --grace 30s --stop HUP/1s/TERM -- \
		sh -c 'trap : HUP; "$S" -x 15 -c 4 & wait $!; wait $!'
	wait_out READY
	kill -STOP "$(child_of "$(child_of "$PID")")"
	stop
	wait_exit
	assert_equal "$(logged exited forced)" false
	assert_contains "$(cat "$OUT")" "TERM 15"
	assert_not_contains "$(cat "$OUT")" "HUP 1"
}

# ------------------------------------------------ who has the whole grace

@test "workers behind a shell that dies at once keep the whole grace" {
	start --grace 20s -- sh -c '$W -n a -w 2500 & $W -n b -w 800 & wait'
	wait_out "a READY"
	wait_out "b READY"
	stop
	wait_log event=child-exited
	assert_unforced 143
	assert_at_least "$(elapsed)" 2500
	assert_order "$OUT" "b DONE" "a DONE"
	assert_equal "$(grep -c got "$OUT")" 2
	assert_equal "$(grep -c sweep-finished "$LOG")" 0
}

@test "the schedule goes on for the workers that are left of it" {
	start --grace 20s --stop TERM/300ms/QUIT -- \
		sh -c '"$S" -x 3 >"$RUN_TMP/a" & wait'
	wait_for 'grep -qs READY "$RUN_TMP/a"'
	stop
	wait_log event=child-exited
	assert_unforced 143
	assert_equal "$(sed '/READY/d; s/ .*//' "$RUN_TMP/a" | paste -sd' ')" \
		"TERM CONT QUIT"
}

@test "workers that ignore it are killed at the deadline, not before" {
	start --grace 1200ms -- sh -c '$W -i -n a & $W -i -n b & wait'
	wait_out "a READY"
	wait_out "b READY"
	stop
	assert_forced_after 1200 143
	assert_equal "$(logged killed count)" 2
	assert_equal "$(grep -c got "$OUT")" 2
}

# Nobody is sent the stop signal twice, whoever is who.
assert_told_once() {
	local name
	wait_out READY
	wait_for 'cat "$RUN_TMP"/[ab] "$RUN_TMP/stray" 2>/dev/null |
		grep -c READY | grep -q 3'
	stop
	wait_exit
	assert_equal "$(logged exited forced)" false
	for name in a b stray; do
		assert_equal "$name $(grep -c got "$RUN_TMP/$name")" "$name 1"
		assert_contains "$(cat "$RUN_TMP/$name")" DONE
	done
	assert_equal "$(grep -c got "$OUT")" 1
}

TOLD='$W -w 300 >"$RUN_TMP/a" & $W -w 500 >"$RUN_TMP/b" &
	"$FIXTURES/stray" "$W" -w 300 >"$RUN_TMP/stray"'

@test "nobody is sent the same stop signal twice, as a subreaper" {
	local scope
	for scope in auto child group all; do
		rm -f "$RUN_TMP"/[ab] "$RUN_TMP/stray"
		start --scope $scope --grace 20s -- sh -c "$TOLD"' ; exec $W'
		assert_told_once
	done
}

@test "nobody is sent the same stop signal twice, as PID 1" {
	requires pidns
	local scope
	for scope in auto child group all; do
		rm -f "$RUN_TMP"/[ab] "$RUN_TMP/stray"
		start_pid1 --scope $scope --grace 20s -- \
			sh -c "$TOLD"' ; exec $W'
		assert_told_once
	done
}

@test "nobody is sent the same stop signal twice, behind a shell" {
	local scope
	for scope in auto group all; do
		rm -f "$RUN_TMP"/[ab] "$RUN_TMP/stray"
		start --scope $scope --grace 20s -- \
			sh -c "$TOLD"' ; trap : TERM; $W; wait'
		assert_told_once
	done
}

@test "the last call is not for who had the stop signal, in any scope" {
	requires pidns
	local scope
	for scope in auto group all; do
		start_pid1 --scope $scope --grace 2s -- \
			sh -c '"$0" >"$1" & exec "$0"' "$S" "$RUN_TMP/other"
		wait_out READY
		wait_for 'grep -q READY "$RUN_TMP/other"'
		stop
		wait_exit
		assert_equal "$scope $(grep -c TERM "$OUT")" "$scope 1"
		assert_not_contains "$(grep last-call "$LOG")" count=2
		[ $scope = auto ] ||
			assert_equal "$(grep -c TERM "$RUN_TMP/other")" 1
	done
}

@test "a process whose first thread has ended is told and waited for" {
	start --grace 20s -- sh -c '"$FIXTURES/leaderless" -t & wait'
	wait_out READY
	stop
	assert_unforced 143
	assert_contains "$(cat "$OUT")" TERM
}

# ------------------------------------------------------------- the SIGKILL

# Twelve who ignore TERM, and one of a session of its own.
CROWD='for i in 1 2 3 4 5 6 7 8 9 10 11; do "$W" -i & done
	"$FIXTURES/stray" "$W" -i; exec "$W" -i'

assert_crowd_killed() {
	wait_for '[ "$(grep -c READY "$OUT")" = 13 ]'
	stop
	assert_forced_after 700 137
	assert_equal "$(logged survivor name | uniq -c | tr -s ' ')" " 10 worker"
	assert_match "$(logged survivor state | sort -u | xargs)" '^(R |)S$|^R$'
	assert_equal "$(logged survivor pid | sort -u | wc -l)" 10
	assert_equal "$(logged killed count)" 13
	assert_order "$LOG" "event=survivor" "event=killed" "event=exited"
}

@test "everybody is killed at the deadline, ten are named, as PID 1" {
	requires pidns
	start_pid1 --grace 700ms -- sh -c "$CROWD"
	assert_crowd_killed
}

@test "everybody is killed at the deadline, ten are named, as a subreaper" {
	start --grace 700ms -- sh -c "$CROWD"
	assert_crowd_killed
}

@test "who has ended before the deadline is not named" {
	# The look ahead is 500 ms before it: one ends in between, or earlier.
	start --grace 1s --termination-log "$RUN_TMP/why" -- \
		sh -c '$W -w 550 -n a & exec $W -i'
	wait_out "a READY"
	wait_out "worker READY"
	kill -TERM "$(child_of "$(child_of "$PID")")"
	stop
	assert_forced_after 1000 137
	assert_contains "$(cat "$OUT")" "a DONE"
	assert_equal "$(logged killed count)" 1
	assert_equal "$(logged survivor pid | wc -l)" 1
	assert_equal "$(grep -o ' to ' "$RUN_TMP/why")" " to "
}

@test "who was seen last is killed before anybody else is looked for" {
	requires strace
	start_command strace -qq -o "$RUN_TMP/calls" -e trace=open,openat,kill \
		"$LASTCALL" --grace 600ms -- \
		sh -c '"$FIXTURES/stray" "$W" -i; exec "$W" -i'
	wait_for '[ "$(grep -c READY "$OUT")" = 2 ]'
	kill -TERM "$(child_of "$PID")"
	wait_exit
	assert_equal "$STATUS" 137
	# From the SIGKILL of the group on: the stray's, then the next walk.
	run sed '1,/kill(-.*SIGKILL/d; /"\/proc", /q' "$RUN_TMP/calls"
	assert_at_least "$(grep -c '^kill([0-9]*, SIGKILL' <<<"$output")" 1
}

@test "a process that only ever forks is killed, as a subreaper" {
	start --grace 500ms -- sh -c '"$FIXTURES/stray" "$FIXTURES/forker" run 5
		exec "$W" -i'
	wait_for '[ "$(grep -c READY "$OUT")" = 2 ]'
	stop
	assert_forced_after 500 137
	no_process_left
}

@test "a process that only ever forks is killed, as PID 1" {
	requires pidns
	start_pid1 --grace 500ms -- \
		sh -c '"$FIXTURES/stray" "$FIXTURES/forker" run 1
		exec "$W" -i'
	wait_for '[ "$(grep -c READY "$OUT")" = 2 ]'
	stop
	assert_forced_after 500 137
}

@test "a process whose first thread has ended is killed" {
	start --grace 500ms -- sh -c '"$FIXTURES/stray" "$FIXTURES/leaderless"
		exec "$W" -i'
	wait_for '[ "$(grep -c READY "$OUT")" = 2 ]'
	stop
	assert_forced_after 500 137
	assert_equal "$(logged killed count)" 2
	no_process_left
}

@test "the deadline is kept where there is no /proc" {
	requires root mountns pidns
	local how
	for how in start_command start_pid1_command; do
		$how unshare --mount sh -c 'umount -l /proc && exec "$@"' - \
			"$LASTCALL" --grace 500ms -- \
			sh -c '"$W" -i -n a & exec "$W" -i -n b'
		wait_out "a READY"
		wait_out "b READY"
		stop
		assert_forced_after 500 137
		assert_equal "$(logged killed count)" ""
	done
}

@test "the deadline passes while lastcall itself is stopped: then at once" {
	start --grace 1500ms -- "$W" -i
	wait_out READY
	stop
	wait_out got
	kill -STOP "$PID"
	sleep 2
	wait_for 'grep -q "^State:	T" /proc/$PID/status'
	kill -CONT "$PID"
	assert_forced_after 2000 137
	assert_at_least "$(logged exited total_ms)" 2000
}

@test "the deadline stays where it was while lastcall itself is stopped" {
	start --grace 3s -- "$W" -i
	wait_out READY
	stop
	wait_out got
	# An interval that started anew at each SIGCONT would end after 5 s.
	while [ "$(elapsed)" -lt 2300 ]; do
		kill -STOP "$PID"
		sleep 0.1
		kill -CONT "$PID"
		sleep 0.05
	done
	assert_forced_after 3000 137
	assert_at_most "$(logged exited stop_ms)" 4900
}

@test "a program that ended while lastcall was stopped is not forced" {
	start --grace 1500ms -- "$W" -w 1000 -c 5
	wait_out READY
	stop
	wait_out got
	kill -STOP "$PID"
	wait_out DONE
	sleep 1.6
	kill -CONT "$PID"
	assert_unforced 5
}

@test "the deadline is kept when stderr is a full pipe" {
	mkfifo "$RUN_TMP/pipe"
	exec 8<>"$RUN_TMP/pipe"
	timeout 10 dd if=/dev/zero of="$RUN_TMP/pipe" bs=4096 \
		oflag=nonblock 2>/dev/null || true
	env "$LASTCALL" -v --grace 600ms -- "$W" -i \
		2>"$RUN_TMP/pipe" >"$OUT" 3>&- 8>&- &
	PID=$!
	wait_out READY
	stop
	wait_exit
	assert_equal "$STATUS" 137
	assert_at_least "$(elapsed)" 600
	assert_at_most "$(elapsed)" 10600
	exec 8>&-
}

@test "the deadline is kept when the machine is busy" {
	local i
	start --grace 1s -- sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		sh -c "trap : TERM; while :; do :; done" & done; exec "$W" -i'
	wait_out READY
	stop
	assert_forced_after 1000 137
	assert_at_most "$(logged exited stop_ms)" 8000
	no_process_left
}

# --------------------------------------------------------- the exit code

@test "a forced stop exits 137 and is written to the termination log" {
	start --grace 300ms --termination-log "$RUN_TMP/why" -- "$W" -i
	wait_out READY
	stop
	assert_forced_after 300 137
	assert_match "$(cat "$RUN_TMP/why")" \
		"^stop forced: SIGKILL .* after SIGTERM.*worker"
	assert_equal "$(wc -l <"$RUN_TMP/why")" 1
}

@test "a stop that was not forced leaves the termination log alone" {
	start --termination-log "$RUN_TMP/why" -- "$W" -c 3
	wait_out READY
	stop
	assert_unforced 3
	[ ! -e "$RUN_TMP/why" ] || fail "$(cat "$RUN_TMP/why")"
}

@test "--stop-code is the exit code of a stop that was not forced" {
	start --stop-code 75 -- sleep 60
	wait_for 'child_of "$PID" >/dev/null'
	stop
	assert_unforced 75
	start --stop-code 0 -e 9:3 -- "$W" -c 9
	wait_out READY
	stop
	assert_unforced 0
}

@test "--stop-code leaves a forced stop and the program's own end" {
	start --stop-code 0 --grace 300ms -- "$W" -i
	wait_out READY
	stop
	assert_forced_after 300 137
	run "$LASTCALL" --stop-code 0 -- sh -c 'exit 4'
	assert_status 4
}

@test "--stop-code holds where only a stray needed SIGKILL" {
	start --stop-code 0 --grace 600ms -- sh -c '
		"$FIXTURES/stray" "$W" -i; exec "$W" -c 9'
	wait_for '[ "$(grep -c READY "$OUT")" = 2 ]'
	stop
	assert_forced_after 600 0
}

@test "-e CODE:TO turns an exit code into another, by signal or not" {
	run "$LASTCALL" -e 143:75 -e 7:9 -- sh -c 'exit 7'
	assert_status 9
	run "$LASTCALL" -e 143:75 -e 7:9 -- sh -c 'kill $$'
	assert_status 75
	LASTCALL_EXPECT=$'3:4\n4:0' run "$LASTCALL" -- sh -c 'exit 3'
	assert_status 4 # once, not on and on
}

@test "-e turns an expected exit code into 0, and no other" {
	start -e 143 -e 7 -- sleep 60
	wait_for 'child_of "$PID" >/dev/null'
	stop
	assert_unforced 0
	run "$LASTCALL" -e 143 -e 7 -- sh -c 'exit 7'
	assert_status 0
	run "$LASTCALL" -e 143 -e 7 -- sh -c 'exit 8'
	assert_status 8
}

@test "the phase is the process name from the start to the end" {
	local name
	start --delay 2s --grace 20s --stop TERM/2s/KILL -- "$W" -i
	wait_out READY
	wait_for 'grep -qx lastcall:ready /proc/$PID/comm'
	stop
	for name in drain stop; do
		wait_for "grep -qx lastcall:$name /proc/\$PID/comm"
	done
	wait_exit
}

@test "the workers of a shell are told, however slow /proc is" {
	requires strace
	# A look through /proc takes 1.5 s.
	local us=$((1500000 / $(compgen -G '/proc/[0-9]*' | wc -l)))
	start_command strace -qq -o "$RUN_TMP/calls" -e trace=open,openat \
		-e inject=open,openat:delay_enter="$us" "$LASTCALL" --grace 30s -- \
		sh -c '$W -n a -w 2500 & $W -n b -w 800 & wait'
	wait_out "a READY"
	wait_out "b READY"
	kill -TERM "$(child_of "$PID")"
	wait_exit
	assert_equal "$STATUS" 143
	assert_order "$OUT" "b DONE" "a DONE"
	assert_equal "$(logged exited forced)" false
}

@test "looking for whom to stop ends at the deadline, however slow /proc is" {
	requires strace
	# One scan of /proc takes 8 s.
	local us=$((8000000 / $(compgen -G '/proc/[0-9]*' | wc -l)))
	start_command strace -qq -o "$RUN_TMP/calls" -e trace=openat \
		-e inject=openat:delay_enter="$us" "$LASTCALL" --grace 1s -- \
		sh -c '$W -i & wait'
	wait_out READY
	kill -TERM "$(child_of "$PID")"
	wait_exit
	assert_at_most "$(logged exited total_ms)" 6500
	# A subreaper has not seen the worker where /proc lists it late.
	kill_marked
}

@test "no stop signal is sent after the deadline, however many are left" {
	requires strace
	# One scan of /proc takes longer than grace, and sending as long again.
	local us=$((3500000 / ($(compgen -G '/proc/[0-9]*' | wc -l) + 300)))
	start_command strace -qq -o "$RUN_TMP/calls" -e trace=openat \
		-e inject=openat:delay_enter="$us" "$LASTCALL" --grace 3s -- \
		sh -c 'for i in $(seq 300); do sleep 1000 & done; echo READY; wait'
	wait_out READY
	kill -TERM "$(child_of "$PID")"
	wait_exit
	assert_at_most "$(logged exited stop_ms)" 4000
	kill_marked
}

@test "the main process is named, however slow /proc is" {
	requires strace
	# One look at a process is longer than looking for names may take.
	start_command strace -qq -o "$RUN_TMP/calls" -e trace=open,openat \
		-e inject=open,openat:delay_enter=150000:when=1..8 \
		"$LASTCALL" --grace 2s -- "$W" -i
	wait_out READY
	kill -TERM "$(child_of "$PID")"
	wait_exit
	assert_equal "$STATUS" 137
	assert_equal "$(logged survivor name)" worker
	assert_equal "$(logged killed count)" 1
}
