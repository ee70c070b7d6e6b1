# `make demo`, the first thing a newcomer runs.

load helpers

# What the tour must show, in this order.
assert_tour() {
	printf '%s\n' "$output" >"$RUN_TMP/tour"
	assert_order "$RUN_TMP/tour" \
		'1. Orphans are reaped, and signals passed on' 'DONE 5' \
		'Zombies now: 0' 'event=exited code=0 forced=false' \
		'2. The plan' '$ lastcall --plan --grace 16s --delay 1s' \
		'delay     ===' 'drain     ---' "the platform's SIGKILL" \
		'3. The load balancer' 'got a request' \
		'connections=1 in_flight=1' answered \
		'event=drain-finished why=done' 'event=stop-signal' \
		'Its exit code is 143' 'Its client got: the whole answer' \
		'4. Work in hand is finished' 'event=stop-requested' \
		'worker DONE' 'event=exited code=0 forced=false' \
		'Its exit code is 0' \
		'5. Nothing outlives the deadline' 'event=stop-requested' \
		'event=survivor' 'event=killed' \
		'event=exited code=137 forced=true' 'Its exit code is 137'
}

@test "the demo shows the five things in less than 40 seconds" {
	requires pidns
	BEGAN=$(now_ms)
	run "$TOP/tests/demo"
	assert_status 0
	assert_at_most "$(elapsed)" 40000
	assert_contains "$output" 'Here it is PID 1'
	assert_tour
	# The probe turns at the stop request.
	assert_order "$RUN_TMP/tour" '$ lastcall --probe ready' '(exit code 0)' \
		event=drain-started '$ lastcall --probe ready' 'not ready' \
		'(exit code 1)' answered
}

@test "the demo falls back to a subreaper where namespaces are refused" {
	requires userns
	run unshare --user --map-root-user sh -c '
		echo 0 >/proc/sys/user/max_pid_namespaces
		exec "$0"' "$TOP/tests/demo"
	assert_status 0
	assert_contains "$output" 'refuses PID namespaces'
	assert_tour
}

@test "make demo builds what it runs and installs nothing" {
	run make -C "$TOP" -n -B demo
	assert_status 0
	assert_contains "$output" tests/demo
	assert_not_contains "$output" tests/setup
	assert_equal "$(grep -oE ' -o build/fixtures/[a-z]+' <<<"$output" |
		sort -u | paste -sd' ')" " -o build/fixtures/orphans \
 -o build/fixtures/server  -o build/fixtures/worker"
}
