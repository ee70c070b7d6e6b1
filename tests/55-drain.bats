#!/usr/bin/env bats
# --drain before a real server that dies at once of SIGTERM.
# tests/drivers/drain_cases.py is the client and has the assertions.
# shellcheck shell=bash disable=SC2153,SC2154

load helpers

drain() {
	python3 "$TOP/tests/drivers/drain_cases.py" "$LASTCALL" "$FIXTURES" \
		"$1" 3>&-
}

@test "a request of 2 s in flight is completed" {
	drain in_flight
}

@test "idle keep-alive connections do not hold the drain" {
	drain idle
}

@test "a streamed answer with pauses holds the drain" {
	drain streamed
}

@test "a request in the clock tick of the answer before it holds the drain" {
	drain tie
}

@test "a large upload behind an answer holds the drain" {
	drain upload
}

@test "bytes that are not acknowledged yet hold the drain" {
	drain unacknowledged
}

@test "new requests during the quiet time start it anew" {
	drain restarted
}

@test "QUIET counts from the stop request, so that new connections are served" {
	drain from_request
}

@test "the limit ends the drain, and the log says how many it cut off" {
	drain limit
}

@test "looks take a tenth of the time at most, however long one takes" {
	requires strace
	# One takes 300 ms; one each 100 ms would be seven or more.
	start_command strace -qq -o "$RUN_TMP/calls" -e trace=sendto \
		-e inject=sendto:delay_enter=300000 "$LASTCALL" \
		--drain 1/60s --pre-stop-limit 2s -- "$FIXTURES/worker"
	wait_out READY
	kill -TERM "$(child_of "$PID")"
	wait_exit
	assert_equal "$STATUS" 0
	assert_contains "$(cat "$LOG")" "event=drain-finished why=limit"
	assert_at_most "$(grep -c ^sendto "$RUN_TMP/calls")" 2
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

@test "where sock_diag is refused the drain waits for the connections' end" {
	drain refused
}
