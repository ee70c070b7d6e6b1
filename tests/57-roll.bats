#!/usr/bin/env bats
# Rolling deploys behind haproxy: a short form of `make bench-roll`.

load helpers

BATS_TEST_TIMEOUT=240

# Prints "failed requests" summed over the rolls of one init.
rolls_of() { # INIT ROLLS
	"$TOP/tests/roll/roll.py" "$LASTCALL" --json --servers python \
		--rolls "$2" --inits "$1" 3>&- |
		python3 -c 'import json, sys
rows = json.load(sys.stdin)
print(sum(r["failed"] for r in rows), sum(r["requests"] for r in rows))'
}

@test "a roll with --delay and --drain fails no request" {
	requires root pidns python3 haproxy
	read -r failed requests <<<"$(rolls_of 'lastcall --delay 2s --drain' 2)"
	assert_equal "$failed" 0
	assert_at_least "$requests" 50
}

@test "the same roll under tini fails requests, so the test can tell" {
	requires root pidns python3 haproxy tini
	read -r failed requests <<<"$(rolls_of tini 1)"
	assert_at_least "$failed" 1
	assert_at_least "$requests" 50
}
