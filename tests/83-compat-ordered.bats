#!/usr/bin/env bats
# 83-compat-ordered.bats - under each drop-in name a LASTCALL_ variable about
# the shutdown adds the ordered one, and nothing else does.

load helpers
load compat

names="tini tini-static docker-init dumb-init catatonit podman-init"

as() { # NAME: INIT is lastcall under that name
	mkdir -p "$RUN_TMP/link"
	ln -sf "$LASTCALL" "$RUN_TMP/link/$1"
	INIT=$RUN_TMP/link/$1
	echo "# $1"
	: >"$OUT"
	: >"$LOG"
}

comm() {
	cat "/proc/$PID/comm"
}

@test "without a variable the process keeps its name and says nothing" {
	local name
	for name in $names; do
		as "$name"
		start_command "$INIT" -- "$FIXTURES/sigprint" -x 15
		wait_out READY
		assert_equal "$(comm)" "$name"
		kill "$PID"
		wait_exit
		assert_equal "$STATUS" 0
		assert_not_contains "$(<"$LOG")" lastcall
	done
}

@test "a variable about the log, or not about the shutdown, changes nothing" {
	local name
	for name in $names; do
		as "$name"
		start_command env LASTCALL_QUIET=1 LASTCALL_LOG_FORMAT=json \
			LASTCALL_TERMINATION_LOG=/dev/null LASTCALL_PORT=80 \
			LASTCALL_SERVICE_HOST=x LASTCALL_EXPECT=9 \
			"$INIT" -- "$FIXTURES/sigprint" -x 15 -c 9
		wait_out READY
		assert_equal "$(comm)" "$name"
		kill "$PID"
		wait_exit
		assert_equal "$STATUS" 0
	done
}

@test "LASTCALL_GRACE ends what ignores TERM, under every name" {
	local name
	for name in $names; do
		as "$name"
		start_command env LASTCALL_GRACE=500ms "$INIT" -- \
			"$FIXTURES/sigprint"
		wait_out READY
		wait_for '[ "$(comm)" = lastcall:ready ]'
		kill "$PID"
		wait_exit
		assert_equal "$STATUS" 137
		assert_order "$LOG" event=stop-requested event=stop-signal \
			event=killed event=exited
		assert_contains "$(<"$OUT")" "TERM 15"
	done
}

@test "hooks and drains come from the environment, and not to the child" {
	local name
	for name in $names; do
		as "$name"
		start_command env LASTCALL_PRE_STOP="sh -c 'echo hooked >&2'" \
			"$INIT" -- sh -c 'env; exec "$0" -x 15' \
			"$FIXTURES/sigprint"
		wait_out READY
		assert_not_contains "$(<"$OUT")" LASTCALL_PRE_STOP
		kill "$PID"
		wait_exit
		assert_equal "$STATUS" 0
		assert_contains "$(<"$LOG")" hooked
		assert_order "$LOG" event=drain-started event=hook-finished
	done
}

@test "with the ordered shutdown the peer's command line still holds" {
	as tini
	start_command env LASTCALL_GRACE=5s "$INIT" -e 7 -g -- \
		"$FIXTURES/sigprint" -x 15 -c 7
	wait_out READY
	kill "$PID"
	wait_exit
	assert_equal "$STATUS" 0
	assert_match "$(received)" "^15( 18)?\$"

	as dumb-init
	start_command env LASTCALL_GRACE=5s "$INIT" -r 15:3 \
		"$FIXTURES/sigprint" -x 3 -c 7
	wait_out READY
	assert_match "$(<"$OUT")" 'pid=([0-9]+) pgrp=[0-9]+ sid=[0-9]+'
	kill "$PID"
	wait_exit
	assert_equal "$STATUS" 7
	assert_match "$(received)" '^3( |$)'
}

@test "a bad variable is refused under every name, with 125" {
	local name
	for name in $names; do
		as "$name"
		WHO=ours
		row 125 - "lastcall: LASTCALL_GRACE 'soon'" \
			LASTCALL_GRACE=soon -- true
	done
}

@test "a variable that nothing reads is warned of under every name" {
	local name
	for name in $names; do
		as "$name"
		WHO=ours
		row 0 - LASTCALL_GRAEC LASTCALL_GRAEC=9s -- true
	done
}
