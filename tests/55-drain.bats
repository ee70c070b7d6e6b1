#!/usr/bin/env bats
# --drain before a real server that dies at once of SIGTERM.
# The rest of it is in 55-drain.py.
# shellcheck shell=bash disable=SC2016,SC2153,SC2154

load helpers

@test "looks take a tenth of the time at most, however long one takes" {
	requires strace
	# Each of its questions takes 50 ms: one look after the other, there would
	# be seventy of them in four seconds, and in a tenth of those a few.
	start_command strace -qq -o "$RUN_TMP/calls" -e trace=sendto \
		-e inject=sendto:delay_enter=50000 "$LASTCALL" \
		--drain 1/60s --pre-stop-limit 4s -- "$FIXTURES/worker"
	wait_out READY
	kill -TERM "$(child_of "$PID")"
	wait_exit
	assert_equal "$STATUS" 0
	assert_contains "$(cat "$LOG")" "event=drain-finished"
	assert_at_most "$(grep -c ^sendto "$RUN_TMP/calls")" 20
}

@test "a look that takes too long is cut short by the deadline, and no error" {
	requires strace
	start_command strace -qq -o "$RUN_TMP/calls" -e trace=sendto \
		-e inject=sendto:delay_enter=1500000 "$LASTCALL" \
		--drain 1/0s --grace 500ms -- "$FIXTURES/worker"
	wait_out READY
	kill -TERM "$(child_of "$PID")"
	wait_exit
	assert_equal "$STATUS" 137
	assert_contains "$(cat "$LOG")" "why=deadline"
	assert_not_contains "$(cat "$LOG")" event=warning
}

# How many folders of descriptors were opened, to find out whose sockets those
# are.
folders_read() {
	grep -c '/fd", ' "$RUN_TMP/calls" || true
}

@test "where all who listen are the program's, that is looked up once" {
	requires strace pidns
	local port
	port=$("$FIXTURES/server" -f)
	start_pid1_command strace -qq -o "$RUN_TMP/calls" -e trace=openat,sendto \
		"$LASTCALL" --drain "$port" -- "$FIXTURES/server" "$port" 60000
	wait_out READY
	"$FIXTURES/server" -g "$port" >"$RUN_TMP/answer" 2>&1 3>&- &
	track $!
	wait_out "got a request"
	kill -TERM "$(child_of "$PID")"
	# Each look asks for the listeners and for the connections.
	wait_for '[ "$(grep -c nlmsg_len "$RUN_TMP/calls")" -ge 8 ]'
	assert_equal "$(folders_read)" 1
	kill -KILL "$(pgrep -x server -P "$(child_of "$PID")")"
	wait_exit
	assert_equal "$STATUS" 137
}

# lastcall with a dozen processes below it, and a port on which somebody else
# listens, so that the sockets of all of them are looked at.  Each takes an
# eighth of a second or more.
look_for_owners() { # GRACE
	local port
	port=$("$FIXTURES/server" -f)
	"$FIXTURES/server" "$port" 1 >"$RUN_TMP/other" 3>&- &
	track $!
	wait_for 'grep -q READY "$RUN_TMP/other"'
	start_command strace -qq -o "$RUN_TMP/calls" \
		-e trace=openat,readlinkat \
		-e inject=readlinkat:delay_enter=30000 \
		"$LASTCALL" --grace "$1" --drain "$port/0s" -- \
		sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12
			do sleep 1000 & done; echo READY; wait'
	wait_out READY
	kill -TERM "$(child_of "$PID")"
	wait_exit
}

@test "to find who listens takes half a second at most" {
	requires strace
	look_for_owners 60s
	assert_at_most "$(folders_read)" 4
}

@test "to find who listens takes a tenth of the time that is left at most" {
	requires strace
	look_for_owners 1s
	assert_at_most "$(folders_read)" 1
}
