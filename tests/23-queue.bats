#!/usr/bin/env bats
# Real-time signals for a program whose queue of signals is full
# (RLIMIT_SIGPENDING): they are sent again, and what is lost is said.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2153,SC2154

load helpers

setup() {
	common_setup
	requires root setpriv
	open_folder
	# As a user of its own, as what is queued is counted for each user.  It
	# takes nothing before USR1 has come.
	PROGRAM=(prlimit --sigpending=5:5 setpriv --reuid=54321 --clear-groups
		"$FIXTURES/sigprint" -w 10)
}

# How many signals are queued for the program's user.
queued() {
	sed -n 's|^SigQ:\t\([0-9]*\)/.*|\1|p' "/proc/$(child_of "$PID")/status"
}

# Is the signal pending for the process?
is_pending() { # PID NUMBER
	local mask
	mask=$(sed -n 's/^ShdPnd:\t//p' "/proc/$1/status")
	[ $((0x$mask >> ($2 - 1) & 1)) = 1 ]
}

# Fills the program's queue with values, and waits until it is full and
# lastcall has one that does not go in.
fill() {
	"$FIXTURES/sendqueue" "$PID" "$1" "$2"
	wait_for '[ "$(queued)" = 5 ]'
	# Taken after the ones before it, or left where they are.
	kill -HUP "$PID"
	wait_for 'is_pending "$(child_of "$PID")" 1'
}

begin_to_take() {
	kill -USR1 "$(child_of "$PID")"
}

# What has come but HUP and what fills the queue.
got() {
	sed '/READY/d; /^HUP/d' "$OUT"
}

assert_got_all() { # COUNT
	wait_for '[ "$(got | wc -l)" -ge '"$1"' ]' ||
		fail "$(cat "$OUT" "$LOG")"
	assert_equal "$(got)" "$(printf 'RTMIN+1 35 value=%d\n' $(seq "$1"))"
	assert_not_contains "$(cat "$LOG")" signal-lost
}

@test "values are all passed on, in order, by and by as a full queue has room" {
	local scope
	for scope in auto child; do
		start --scope "$scope" -- "${PROGRAM[@]}"
		wait_out READY
		fill 35 200
		begin_to_take
		assert_got_all 200
		kill -KILL "$(child_of "$PID")"
		wait_exit
	done
}

@test "as PID 1 too" {
	requires pidns
	start_pid1 -- "${PROGRAM[@]}"
	wait_out READY
	fill 35 200
	begin_to_take
	assert_got_all 200
	kill -KILL "$(child_of "$PID")"
	wait_exit
}

@test "under the drop-in names too, and for a group" {
	local name
	for name in tini catatonit "dumb-init -c"; do
		ln -sf "$LASTCALL" "$OPEN/${name%% *}"
		# shellcheck disable=SC2086 # an option
		start_command "$OPEN/"$name -- "${PROGRAM[@]}"
		wait_out READY
		fill 35 200
		begin_to_take
		assert_got_all 200
		kill -KILL "$(child_of "$PID")"
		wait_exit
	done
}

# Sends RTMIN+1 by kill(2), without a value, and sees that all 30 arrive, as
# kill(2) sends them.
assert_kills_arrive() {
	wait_out READY
	for _ in $(seq 30); do kill -35 "$PID"; done
	wait_for '[ "$(queued)" = 5 ]'
	kill -HUP "$PID"
	wait_for 'is_pending "$(child_of "$PID")" 1'
	begin_to_take
	wait_for '[ "$(got | wc -l)" -ge 30 ]' || fail "$(cat "$OUT" "$LOG")"
	assert_equal "$(got | sort -u)" "RTMIN+1 35"
	kill -KILL "$(child_of "$PID")"
	wait_exit
}

@test "what kill(2) would merge in silence is counted as often as it was sent" {
	local scope
	for scope in auto child group; do
		start --scope "$scope" -- "${PROGRAM[@]}"
		assert_kills_arrive
	done
}

@test "so it is under the drop-in names, with a group" {
	ln -s "$LASTCALL" "$OPEN/dumb-init"
	ln -s "$LASTCALL" "$OPEN/tini"
	start_command "$OPEN/dumb-init" -- "${PROGRAM[@]}"
	assert_kills_arrive
	start_command "$OPEN/tini" -g -- "${PROGRAM[@]}"
	assert_kills_arrive
}

@test "one that is not pending is not held back by a queue that is full" {
	start -- "${PROGRAM[@]}"
	wait_out READY
	"$FIXTURES/sendqueue" "$(child_of "$PID")" 64 5
	kill -35 "$PID"
	wait_for 'is_pending "$(child_of "$PID")" 35'
	kill -KILL "$(child_of "$PID")"
	wait_exit
}

@test "what a queue never has room for is given up, said once, without a timer" {
	local before
	start -- "${PROGRAM[@]}"
	wait_out READY
	fill 35 9
	# Four of them were never queued for the program.
	wait_for '[ "$(logged signal-lost count | awk "{ n += \$1 }
		END { print n }")" = 4 ]'
	assert_match "$(cat "$LOG")" \
		"event=signal-lost signal=RTMIN\+1 pid=$(child_of "$PID") count=[0-9]"
	assert_at_most "$(grep -c signal-lost "$LOG")" 2
	# The log's writer has ended, or will not for a while.
	wait_for 'grep -q "^State:	S" /proc/$PID/status'
	before=$(switches)
	sleep 1.5
	assert_at_most "$(($(switches) - before))" 2
	# It is tried again when another signal is sent.
	begin_to_take
	wait_for '[ "$(got | wc -l)" -ge 5 ]'
	"$FIXTURES/sendqueue" "$PID" 36 20
	wait_for '[ "$(grep -c RTMIN+2 "$OUT")" = 20 ]'
	kill -KILL "$(child_of "$PID")"
	wait_exit
}

switches() {
	sed -n 's/^voluntary_ctxt_switches:\t//p' "/proc/$PID/status"
}

@test "a stop request does not wait behind signals that are kept" {
	local signal
	for signal in TERM RTMIN+3; do
		start --on TERM,RTMIN+3 -- "${PROGRAM[@]}"
		wait_out READY
		fill 35 9
		kill -"$signal" "$PID"
		wait_log "event=stop-requested signal=$signal"
		# Before they are given up.
		assert_not_contains "$(cat "$LOG")" signal-lost
		begin_to_take
		wait_for '[ "$(got | grep -c value)" = 9 ]'
		kill -KILL "$(child_of "$PID")"
		wait_exit
	done
}

@test "what is kept for a process that has ended is not sent to another" {
	start -v --scope child -- "${PROGRAM[@]}"
	wait_out READY
	fill 35 9
	kill -KILL "$(child_of "$PID")"
	wait_exit
	assert_equal "$STATUS" 137
	assert_not_contains "$(cat "$LOG")" signal-failed
	assert_not_contains "$(cat "$LOG")" signal-lost
}
