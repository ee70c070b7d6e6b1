#!/usr/bin/env bats
# --drain before a real server that dies at once of SIGTERM.
# tests/drivers/drain_cases.py is the client and has the assertions.

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

@test "where sock_diag is refused the drain waits for the connections' end" {
	drain refused
}
