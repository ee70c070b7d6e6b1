# `make demo`, the first thing a newcomer runs.

load helpers

# What the tour must show, in this order.
assert_tour() {
	printf '%s\n' "$output" >"$RUN_TMP/tour"
	assert_order "$RUN_TMP/tour" \
		'1. Orphans are reaped' 'DONE 5' 'Zombies now: 0' \
		'2. Signals are passed on' 'HUP 1' 'TERM 15' \
		'3. Work in hand is finished' 'event=drain-started' \
		'worker DONE' 'event=exited code=0 forced=0' \
		'Its exit code is 0' \
		'4. Nothing outlives the deadline' 'event=drain-started' \
		'event=survivor' 'event=killed' \
		'event=exited code=137 forced=1' 'Its exit code is 137'
}

@test "the demo shows the four things in less than 15 seconds" {
	requires pidns
	begin=$(now_ms)
	run "$TOP/tests/demo"
	assert_status 0
	assert_at_most $(($(now_ms) - begin)) 15000
	assert_contains "$output" 'Here it is PID 1'
	assert_tour
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
