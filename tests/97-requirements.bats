# shellcheck shell=bash disable=SC2016,SC2153,SC2154
# What docs/requirements.md says of kernels that lack something, tried by
# refusing it.

load helpers

# lastcall as PID 1's child, or as PID 1, that is refused something.
start_without() { # WHAT LASTCALL-ARG...
	start_pid1_command "$FIXTURES/refuse" "$1" "$LASTCALL" "${@:2}"
}

@test "without memfd_create the probe's answer has no time" {
	requires pidns
	start_without memfd --grace 20s --delay 2s -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	kill -TERM "$PID"
	wait_log event=drain-started
	run enter_pidns "$LASTCALL" --probe ready
	assert_equal "$output" "lastcall: not ready: phase drain"
	wait_exit
}

@test "without close_range it ends in order" {
	requires pidns
	start_without close_range -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 0
	assert_not_contains "$(<"$LOG")" warning
}

@test "without mlock it ends in order" {
	requires pidns
	start_without mlock -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 0
	assert_not_contains "$(<"$LOG")" warning
}

@test "without a subreaper it warns, and leaves orphans to PID 1" {
	start_command "$FIXTURES/refuse" subreaper "$LASTCALL" -- sh -c \
		'"$0/stray" sleep 1000; exec "$0/sigprint" -x 15' "$FIXTURES"
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 0
	assert_contains "$(<"$LOG")" 'what="cannot become a subreaper"'
	assert_not_contains "$(<"$LOG")" sweep-finished
	assert_at_least "$(marked | wc -l)" 1
	kill_marked
}

@test "without a subreaper PID 1 reaps and stops orphans all the same" {
	requires pidns
	start_without subreaper -- sh -c \
		'"$0/stray" sleep 1000; exec "$0/sigprint" -x 15' "$FIXTURES"
	wait_out READY
	stop_and_wait
	assert_not_contains "$(<"$LOG")" warning
	assert_contains "$(<"$LOG")" "event=sweep-finished swept=1"
}

@test "without sock_diag a drain reads /proc/net/tcp, and says so" {
	requires pidns
	start_without netlink --grace 20s --drain auto/100ms -- \
		"$FIXTURES/sigprint" -x 15
	wait_out READY
	stop_and_wait
	assert_contains "$(<"$LOG")" "sock_diag is refused here"
	assert_contains "$(<"$LOG")" "event=drain-finished why=done"
}

@test "the page names a call for every refusal that is tried, and the rest" {
	local word
	for word in PR_SET_CHILD_SUBREAPER memfd_create close_range \
		NETLINK_SOCK_DIAG mlock; do
		grep -qE "^\| ([0-9.]+|any) \| .*$word" \
			"$TOP/docs/requirements.md" ||
			fail "no row for $word" || return 1
	done
}
