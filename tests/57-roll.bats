#!/usr/bin/env bats
# Rolling deploys behind haproxy, caddy and nginx: a short form of
# `make bench-roll`.

# bats file_tags=check
load helpers

TEST_SECONDS=240

# Prints "failed requests" summed over the rolls of one init.
rolls_of() { # INIT ROLLS
	"$TOP/tests/roll/roll.py" "$LASTCALL" --json --servers python \
		--balancers '' --rolls "$2" --inits "$1" 3>&- |
		python3 -c 'import json, sys
rows = json.load(sys.stdin)
print(sum(r["failed"] for r in rows), sum(r["requests"] for r in rows))'
}

@test "a roll with --delay and --drain fails no request" {
	requires root pidns python3 haproxy
	read -r failed requests <<<"$(rolls_of 'lastcall --delay 2s --drain auto' 2)"
	assert_equal "$failed" 0
	assert_at_least "$requests" 50
}

@test "the same roll under tini fails requests, so the test can tell" {
	requires root pidns python3 haproxy tini
	read -r failed requests <<<"$(rolls_of tini 1)"
	assert_at_least "$failed" 1
	assert_at_least "$requests" 50
}

# The rows of one roll behind each: init, failed, requests, why it ended.
rolls_behind() { # BALANCERS
	"$TOP/tests/roll/roll.py" "$LASTCALL" --json --servers python \
		--rolls 1 --inits '' --balancers "$1" 3>&- >"$OUT"
	python3 -c 'import json, sys
for r in json.load(sys.stdin):
    print(r["init"].split()[0], r["failed"], r["requests"], r["drained"])' \
		<"$OUT" >"$RUN_TMP/rows"
	cat "$RUN_TMP/rows"
}

@test "behind checks a ready port fails no request, tini after a sleep some" {
	requires root pidns python3 haproxy caddy h2load tini
	local init failed requests why
	rolls_behind haproxy-tcp,haproxy-http-kept,caddy-http-h2
	assert_equal "$(grep -c . "$RUN_TMP/rows")" 6
	while read -r init failed requests why; do
		assert_at_least "$requests" 50
		case $init in
		tini) assert_at_least "$failed" 1 ;;
		*) assert_equal "$init $failed $why" "$init 0 done" ;;
		esac
	done <"$RUN_TMP/rows"
}

@test "behind nginx, which does not check, the stop comes between requests" {
	requires root pidns python3 nginx tini
	local init failed requests why
	# A machine that is too slow may have no moment without a request.
	for _ in 1 2 3; do
		rolls_behind nginx-post-kept
		read -r init failed requests why \
			<<<"$(grep lastcall "$RUN_TMP/rows")"
		assert_at_least "$requests" 50
		[ "$why" != gap ] || break
	done
	assert_equal "$init $failed $why" "lastcall 0 gap"
}
