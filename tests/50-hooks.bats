#!/usr/bin/env bats
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2034,SC2153,SC2154
# Hooks: commands and HTTP calls, before the stop signal and after the end.

load helpers

setup_file() {
	export SERVER=$BATS_FILE_TMPDIR/server SOCKET=$BATS_FILE_TMPDIR/sock
	local listen=(tcp4 "unix:$SOCKET")
	[ -n "$(lacks ipv6)" ] || listen+=(tcp6)
	python3 "$TOP/tests/beside/http_server.py" "${listen[@]}" \
		>"$SERVER" 3>&- &
	export SERVER_PID=$!
	wait_for 'grep -q READY "$SERVER"'
	PORT=$(sed -n 's/^PORT //p' "$SERVER" | head -1)
	PORT6=$(sed -n 's/^PORT //p' "$SERVER" | sed -n 2p)
	export PORT PORT6
}

teardown_file() {
	kill "$SERVER_PID"
}

# Starts lastcall with these options and a child that ends at TERM, and asks
# it to stop once the child is ready.
stop_with() { # OPTION...
	start --grace 20s "$@" -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	kill -TERM "$PID"
}

# The same, to its end, for hooks.
run_hooks() { # HOOK...
	local hook options=()
	for hook; do options+=(--pre-stop "$hook"); done
	stop_with "${options[@]}"
	wait_exit
	assert_equal "$STATUS" 0
}

# The calls of these paths end with the result.
assert_calls() { # RESULT PATH...
	local result=$1 path urls=() wanted=
	shift
	for path; do
		urls+=("http://127.0.0.1:$PORT$path")
		wanted+="$result "
	done
	run_hooks "${urls[@]}"
	assert_equal "$(results)" "${wanted% }"
}

# What became of the hooks, in order.
results() {
	grep -o 'event=hook-finished.*' "$LOG" | grep -o 'result=[a-z-]*' |
		cut -d= -f2 | xargs
}

# The log says this of the call of PATH.
assert_said() { # PATH WHAT
	assert_contains "$(cat "$LOG")" "GET http://127.0.0.1:$PORT$1$2"
}

# ---------------------------------------------------------------- HTTP calls

@test "a call succeeds with 2xx and 3xx; redirects are not followed" {
	local before
	before=$(grep -c /status/500 "$SERVER" || true)
	assert_calls ok /ok /empty /204 /304 /redirect /status/299 /status/399
	assert_not_contains "$(cat "$LOG")" event=warning
	assert_equal "$(grep -c /status/500 "$SERVER" || true)" "$before"
}

@test "a call fails with any other status, and the log says which" {
	assert_calls failed /status/400 /status/404 /status/503 /status/599 \
		/status/600 /101 /no-length-500
	assert_said /status/400 " answered 400"
	assert_said /status/503 " answered 503"
	assert_said /101 " answered 101"
	assert_said /no-length-500 " answered 500"
}

@test "1xx answers are skipped" {
	run_hooks "http://127.0.0.1:$PORT/1xx" "http://127.0.0.1:$PORT/1xx-503"
	assert_equal "$(results)" "ok failed"
	assert_said /1xx-503 " answered 503"
}

@test "an answer ends by its length, its last chunk, or the stream" {
	assert_calls ok /ok /chunked /in-pieces /too-long /no-length /http10
}

@test "an answer that is cut short fails the call, unless it said no" {
	assert_calls failed /short /short-chunk /short-head /close /short-503
	assert_said /short " closed the connection within its answer"
	assert_said /close " closed the connection without an answer"
	assert_said /short-503 " answered 503"
}

@test "what is not HTTP fails the call" {
	assert_calls failed /garbage /negative /duplicate /bad-chunk
	assert_said /garbage " did not answer in HTTP/1"
	assert_said /negative " sent a bad Content-Length"
	assert_said /duplicate " sent a bad Content-Length"
	assert_said /bad-chunk " sent a bad chunk"
}

@test "an endless head is cut off at 64 KiB" {
	assert_calls failed /endless-head /endless-line /endless-1xx
	assert_said /endless-head " sent a head of more than 64 KiB"
	assert_said /endless-1xx " sent a head of more than 64 KiB"
}

@test "a call that is refused or reset fails, and the log says so" {
	run_hooks http://127.0.0.1:1/x http://unix:/nowhere.sock:/x \
		"http://127.0.0.1:$PORT/reset" \
		"http://127.0.0.1:$PORT/reset-body"
	assert_equal "$(results)" "failed failed failed failed"
	assert_contains "$(cat "$LOG")" \
		'GET http://127.0.0.1:1/x: connection refused'
	assert_contains "$(cat "$LOG")" \
		'GET http://unix:/nowhere.sock:/x: no such file or directory'
	assert_said /reset ": connection reset"
	assert_said /reset-body ": connection reset"
}

@test "a server that never finishes its answer does not stop the clock" {
	local path
	for path in /silent /trickle-head /trickle-body /endless-body; do
		stop_with --pre-stop-limit 300ms \
			--pre-stop "http://127.0.0.1:$PORT$path"
		wait_exit
		assert_equal "$STATUS" 0
		assert_equal "$(results)" timed-out
		assert_contains "$(cat "$OUT")" "TERM 15"
	done
}

@test "a request says what servers want to hear" {
	run_hooks "http://127.0.0.1:$PORT/ok?get" \
		"HEAD http://127.0.0.1:$PORT/head?it" \
		"POST http://127.0.0.1:$PORT/ok?post" \
		"PUT http://unix:$SOCKET:/ok?put"
	assert_equal "$(results)" "ok ok ok ok"
	local same="Host: 127.0.0.1:$PORT|User-Agent: lastcall/"
	assert_match "$(grep -F 'ok?get' "$SERVER")" \
		"GET /ok\?get HTTP/1.1\|${same}[0-9.]+\|Connection: close$"
	assert_match "$(grep -F 'head?it' "$SERVER")" \
		"HEAD /head\?it HTTP/1.1\|${same}[0-9.]+\|Connection: close$"
	assert_match "$(grep -F 'ok?post' "$SERVER")" \
		"POST /ok\?post HTTP/1.1\|$same.*\|Content-Length: 0\|"
	assert_match "$(grep -F 'ok?put' "$SERVER")" \
		"PUT /ok\?put HTTP/1.1\|Host: localhost\|.*Content-Length: 0\|"
}

@test "localhost is 127.0.0.1" {
	run_hooks "http://localhost:$PORT/ok" http://localhost:1/ok
	assert_equal "$(results)" "ok failed"
}

@test "localhost is ::1 where nobody listens on 127.0.0.1" {
	requires ipv6
	run_hooks "http://localhost:$PORT6/ok" "http://[::1]:$PORT6/ok?v6"
	assert_equal "$(results)" "ok ok"
	assert_contains "$(grep -F 'ok?v6' "$SERVER")" "Host: [::1]:$PORT6|"
}

@test "a call is made in a process of its own, not in lastcall" {
	local link
	stop_with --pre-stop "http://127.0.0.1:$PORT/silent"
	wait_for 'grep -qx lastcall-hook /proc/[0-9]*/comm'
	# The socket to its log's writer is all that it has.
	run find "/proc/$PID/fd" -lname 'socket:*' -printf '%l\n'
	for link in $output; do
		link=${link#*[}
		grep -qw "${link%]}" /proc/net/unix || fail "$link: of a network"
	done
	kill -INT "$PID"
	wait_log event=stop-repeated
	after_interrupt
	stop_and_wait INT
}

# ------------------------------------------------------------------ commands

@test "pre-stop hooks run one after the other before the stop signal" {
	run_hooks "sh -c 'sleep 0.1; echo ran-one'" \
		"sh -c 'echo ran-two; ! grep TERM $OUT'"
	assert_equal "$(results)" "ok ok"
	assert_equal "$(grep ^ran "$LOG" | xargs)" "ran-one ran-two"
	assert_order "$LOG" drain-started hook-finished hook-finished \
		drain-finished stop-signal
	assert_contains "$(cat "$OUT")" "TERM 15"
}

@test "a command is split by shell quoting, and nothing is expanded" {
	run_hooks "printf '<%s>' a\\ b \"c  'd'\" '' \$HOME * 'e'\"f\""
	assert_contains "$(cat "$LOG")" "<a b><c  'd'><><\$HOME><*><ef>"
}

@test "pre-stop hooks see phase, signal, child and what is left" {
	local hook="sh -c 'env | grep ^LASTCALL_ | sort >$RUN_TMP/env'"
	run_hooks "$hook"
	local child left
	child=$(sed -n 's/READY pid=\([0-9]*\).*/\1/p' "$OUT")
	left=$(sed -n 's/LASTCALL_REMAINING_MS=//p' "$RUN_TMP/env")
	assert_at_least "$left" 1000
	assert_at_most "$left" 20000
	assert_equal "$(grep -v REMAINING "$RUN_TMP/env")" \
		"LASTCALL_CHILD_PID=$child
LASTCALL_PHASE=drain
LASTCALL_SIGNAL=TERM"
}

@test "what is left is left to the exit, the post-stop share included" {
	stop_with --grace 9s --post-stop-limit 4s --post-stop true --pre-stop \
		"sh -c 'echo \$LASTCALL_REMAINING_MS >$RUN_TMP/left'"
	wait_exit
	assert_at_least "$(cat "$RUN_TMP/left")" 5001
}

@test "post-stop hooks see the exit code, too, and whether it was forced" {
	local hook="sh -c 'env | grep ^LASTCALL_ | sort >$RUN_TMP/env'"
	start --post-stop "$hook" -- "$FIXTURES/sigprint" -x 15 -c 7
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 7
	assert_order "$LOG" stop-signal child-exited \
		"hook-finished phase=post" exited
	assert_contains "$(cat "$RUN_TMP/env")" LASTCALL_PHASE=post
	assert_contains "$(cat "$RUN_TMP/env")" LASTCALL_SIGNAL=TERM
	assert_contains "$(cat "$RUN_TMP/env")" LASTCALL_EXIT_CODE=7
	assert_contains "$(cat "$RUN_TMP/env")" LASTCALL_FORCED=0

	start --grace 2s --stop TERM/200ms/KILL --post-stop "$hook" -- \
		"$FIXTURES/sigprint"
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 137
	assert_contains "$(cat "$RUN_TMP/env")" LASTCALL_EXIT_CODE=137
	assert_contains "$(cat "$RUN_TMP/env")" LASTCALL_FORCED=1
}

@test "post-stop hooks run where the child ends by itself, without a signal" {
	run "$LASTCALL" --post-stop "sh -c 'env >$RUN_TMP/env'" -- sh -c 'exit 3'
	assert_status 3
	assert_equal "$(grep ^LASTCALL_SIGNAL "$RUN_TMP/env")" LASTCALL_SIGNAL=
	assert_contains "$(cat "$RUN_TMP/env")" LASTCALL_EXIT_CODE=3
}

@test "an outer lastcall's hook variables do not reach an inner one's hooks" {
	export LASTCALL_PHASE=outer LASTCALL_REMAINING_MS=1
	run_hooks "sh -c 'env >$RUN_TMP/env'"
	assert_equal "$(grep -c ^LASTCALL_PHASE= "$RUN_TMP/env")" 1
	assert_contains "$(cat "$RUN_TMP/env")" LASTCALL_PHASE=drain
	assert_equal "$(grep -c ^LASTCALL_REMAINING_MS= "$RUN_TMP/env")" 1
}

@test "hooks and child do not see the option variables" {
	export LASTCALL_GRACE=20s LASTCALL_PRE_STOP="sh -c 'env >$RUN_TMP/env'"
	start sh -c 'env; echo READY; exec sleep 1000'
	wait_out READY
	stop_and_wait
	assert_contains "$(cat "$RUN_TMP/env")" LASTCALL_PHASE=drain
	assert_not_contains "$(cat "$RUN_TMP/env" "$OUT")" LASTCALL_GRACE
	assert_not_contains "$(cat "$RUN_TMP/env" "$OUT")" LASTCALL_PRE_STOP
}

@test "an environment of a megabyte reaches the hooks" {
	# In lastcall's alone: each command of the test would have to copy it.
	cat >"$RUN_TMP/lastcall" <<-EOF
		#!/bin/bash
		printf -v big %0100000d 0
		for i in {1..10}; do export BIG_\$i=\$big; done
		for i in {1..5000}; do export SMALL_\$i=\$i; done
		exec "$LASTCALL" "\$@"
	EOF
	chmod 755 "$RUN_TMP/lastcall"
	LASTCALL=$RUN_TMP/lastcall
	run_hooks "sh -c 'env >$RUN_TMP/env'"
	assert_equal "$(results)" ok
	assert_equal "$(grep -cE '^(BIG|SMALL)_' "$RUN_TMP/env")" 5010
	assert_contains "$(grep ^LASTCALL "$RUN_TMP/env")" LASTCALL_PHASE=drain
}

@test "a hook has an empty stdin, and stderr as stdout" {
	run_hooks "sh -c 'cat; echo to-stdout; echo to-stderr >&2'"
	assert_contains "$(cat "$LOG")" to-stdout
	assert_contains "$(cat "$LOG")" to-stderr
	assert_not_contains "$(cat "$OUT")" to-
}

@test "where stderr is closed a hook has /dev/null" {
	local hook="sh -c 'readlink /proc/\$\$/fd/[012] >$RUN_TMP/fds'"
	env --default-signal=INT,QUIT "$LASTCALL" --pre-stop "$hook" -- \
		"$FIXTURES/sigprint" -x 15 >"$OUT" 2>&- 3>&- &
	PID=$!
	wait_out READY
	# What forwarding opens must not be in the place of it either.
	kill -USR1 "$PID"
	wait_out USR1
	stop_and_wait
	assert_equal "$STATUS" 0
	assert_equal "$(cat "$RUN_TMP/fds")" "/dev/null
$RUN_TMP/fds
/dev/null"
	assert_not_contains "$(cat "$OUT")" hook-finished
}

@test "where there is no /dev/null a hook's stdin is empty all the same" {
	requires root busybox
	local root=$RUN_TMP/root
	mkdir "$root"
	cp "$(type -P busybox)" "$root"
	copy_lastcall "$root"
	run timeout 20 chroot "$root" /lastcall -v \
		--post-stop "/busybox sh -c 'cat; echo at its end'" -- \
		/busybox true
	assert_status 0
	assert_contains "$output" "at its end"
	assert_contains "$output" result=ok
}

@test "a hook inherits no descriptor of lastcall's" {
	# Two hooks: by the second, everything that is ever opened is open.
	# The log is a named pipe's, which lastcall has to open a second time.
	mkfifo "$RUN_TMP/pipe"
	cat "$RUN_TMP/pipe" >"$LOG" 3>&- &
	track $!
	local hook="sh -c 'ls /proc/\$\$/fd >$RUN_TMP/\$LASTCALL_PHASE-fds'"
	env --default-signal=INT,QUIT "$LASTCALL" -v --drain 1/10ms \
		--delay 300ms --ready-file "$RUN_TMP/ready" --pre-stop "$hook" \
		--post-stop "$hook" -- "$FIXTURES/sigprint" -x 15 \
		>"$OUT" 2>"$RUN_TMP/pipe" 3>&- &
	PID=$!
	wait_out READY
	kill -TERM "$PID"
	wait_log drain-started
	wait_exit
	# What the same shell has without a lastcall, and nothing above stderr.
	bash -c 'for fd in /proc/$$/fd/*; do
			fd=${fd##*/}
			[ "$fd" -le 2 ] || eval "exec $fd>&-"
		done
		exec sh -c "ls /proc/\$\$/fd >\"\$0\"" "$0"' "$RUN_TMP/own"
	assert_equal "$(cat "$RUN_TMP/drain-fds")" "$(cat "$RUN_TMP/own")"
	assert_equal "$(cat "$RUN_TMP/post-fds")" "$(cat "$RUN_TMP/own")"
}

@test "a hook has a group of its own and the signals lastcall was given" {
	local hook="sh -c 'cat /proc/self/status /proc/self/stat >$RUN_TMP/it'"
	env --ignore-signal=USR1 --default-signal=INT,QUIT "$LASTCALL" \
		--pre-stop "$hook" -- "$FIXTURES/sigprint" -x 15 \
		>"$OUT" 2>"$LOG" 3>&- &
	PID=$!
	wait_out READY
	stop_and_wait
	assert_match "$(cat "$RUN_TMP/it")" $'SigBlk:\t0000000000000000'
	# What was ignored here already stays so.
	assert_contains "$(cat "$RUN_TMP/it")" \
		"$(env --ignore-signal=USR1 --default-signal=INT,QUIT \
			grep SigIgn /proc/self/status)"
	assert_match "$(cat "$RUN_TMP/it")" \
		$'SigIgn:\t[0-9a-f]{13}[2367abef][0-9a-f]{2}'
	local group
	group=$(tail -1 "$RUN_TMP/it" | cut -d' ' -f5)
	assert_not_contains "$(cat "$OUT")" "pgrp=$group "
	[ "$group" != "$(ps -o pgid= -p $$ | tr -d ' ')" ]
}

# ------------------------------------------- hooks that fail, and go on failing

@test "a hook that fails is logged, and the shutdown goes on" {
	run_hooks "sh -c 'exit 3'" "sh -c 'kill -SEGV \$\$'" true
	assert_equal "$(results)" "failed failed ok"
	assert_match "$(cat "$LOG")" 'hook-finished [^
]*result=failed code=3'
	assert_match "$(cat "$LOG")" 'hook-finished [^
]*result=failed signal=SEGV'
	assert_contains "$(cat "$OUT")" "TERM 15"
}

@test "a hook that cannot be started is logged, and the shutdown goes on" {
	touch "$RUN_TMP/plain"
	run_hooks no-such-program "$RUN_TMP/plain" /no/such/file true
	assert_contains "$(cat "$LOG")" "cannot run 'no-such-program'"
	assert_contains "$(cat "$LOG")" "no such file or directory"
	assert_contains "$(cat "$LOG")" "permission denied"
	assert_match "$(results)" 'ok$'
	assert_equal "$(results | tr ' ' '\n' | grep -c ok)" 1
	assert_contains "$(cat "$OUT")" "TERM 15"
}

@test "a hook's script without #! is run by /bin/sh" {
	echo 'echo "ran $1"' >"$RUN_TMP/script"
	chmod +x "$RUN_TMP/script"
	run_hooks "$RUN_TMP/script it"
	assert_equal "$(results)" ok
	assert_contains "$(cat "$LOG")" "ran it"
}

@test "a hook that cannot be forked (pids limit) does not stop the clock" {
	requires root setpriv
	local box=$RUN_TMP/box
	install -m 755 "$LASTCALL" "$box"
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
	# lastcall, its child and its log's writer, and nobody else of that user.
	start_command setpriv --reuid 54322 --regid 54322 --clear-groups \
		bash -c 'ulimit -u 3; exec "$@"' - "$box" --grace 20s \
		--pre-stop "sh -c 'echo never'" --post-stop "echo at-last" -- \
		sleep 1000
	wait_for '[ "$(cat "/proc/$(child_of "$PID")/comm" 2>&1)" = sleep ]'
	stop_and_wait
	assert_equal "$STATUS" 143
	# The child has gone by then, so there is room for one.
	assert_equal "$(results)" "not-started ok"
	assert_not_contains "$(grep -v event= "$LOG")" never
	assert_contains "$(cat "$LOG")" at-last
}

@test "a hook that ignores TERM and forks is killed at the limit, all of it" {
	local hook="sh -c 'trap \"\" TERM; sleep 1000 & sleep 1000 & wait'"
	stop_with --pre-stop-limit 400ms --pre-stop "$hook"
	wait_exit
	assert_equal "$STATUS" 0
	assert_equal "$(results)" timed-out
	assert_contains "$(cat "$OUT")" "TERM 15"
	no_process_left
}

@test "what a finished hook has left in its group is gone" {
	run_hooks "sh -c 'trap \"\" TERM HUP; sleep 1000 & echo left \$!'"
	assert_equal "$(results)" ok
	assert_contains "$(cat "$LOG")" "left "
	no_process_left
}

@test "what a hook has started as a daemon is gone with lastcall" {
	run_hooks "$FIXTURES/stray sleep 1000"
	assert_equal "$(results)" ok
	no_process_left
}

@test "a daemon of a hook's that ignores TERM is gone with lastcall, too" {
	stop_with --sweep 200ms --pre-stop \
		"$FIXTURES/stray sh -c 'trap \"\" TERM; sleep 1000 & wait'"
	wait_exit
	assert_equal "$(results)" ok
	no_process_left
}

@test "a second hook still runs when the first was slow, and none at the limit" {
	stop_with --pre-stop-limit 500ms --pre-stop "sleep 0.1" \
		--pre-stop "sh -c 'echo second; exec sleep 1000'" \
		--pre-stop "echo third"
	wait_exit
	assert_contains "$(cat "$LOG")" second
	assert_not_contains "$(grep -v event= "$LOG")" third
	assert_match "$(results)" '^ok timed-out'
	assert_contains "$(cat "$OUT")" "TERM 15"
}

@test "the child's own end during a hook ends the drain" {
	start --grace 20s --pre-stop "sleep 1000" -- "$FIXTURES/sigprint" -x 10
	wait_out READY
	kill -TERM "$PID"
	wait_log drain-started
	stop_and_wait USR1
	assert_equal "$STATUS" 0
	assert_not_contains "$(cat "$OUT")" "TERM 15"
	no_process_left
}

@test "a pre-stop hook that ends in the sweep is logged in its own phase" {
	start --grace 20s --pre-stop \
		'sh -c "kill -KILL $LASTCALL_CHILD_PID; exec sleep 1000"' -- \
		"$FIXTURES/sigprint"
	wait_out READY
	stop_and_wait TERM
	assert_order "$LOG" "event=drain-finished why=child-exited" \
		"event=hook-finished phase=drain" "event=exited code=137"
	no_process_left
}

@test "a second SIGINT ends a running hook" {
	start --grace 20s --pre-stop "sleep 1000" -- "$FIXTURES/sigprint" -x 2
	wait_out READY
	kill -INT "$PID"
	wait_log drain-started
	after_interrupt
	stop_and_wait INT
	assert_equal "$STATUS" 0
	assert_contains "$(cat "$OUT")" "INT 2"
	no_process_left
	assert_equal "$(results)" failed
}

@test "a post-stop hook that hangs is killed by the deadline" {
	start --grace 2s --post-stop-limit 300ms --post-stop \
		"sh -c 'trap \"\" TERM; echo post; sleep 1000'" -- \
		"$FIXTURES/sigprint" -x 15
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 0
	assert_contains "$(cat "$LOG")" post
	assert_equal "$(results)" timed-out
	no_process_left
}

@test "a post-stop hook has its share even when the child had to be killed" {
	start --grace 2s --post-stop-limit 1s --post-stop "echo cleaned-up" -- \
		"$FIXTURES/sigprint"
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 137
	assert_equal "$(results)" ok
	assert_contains "$(grep -v event= "$LOG")" cleaned-up
}

@test "what a hook's failure says is JSON where the log is" {
	requires python3
	stop_with --log-format json --pre-stop no-such-program \
		--pre-stop http://127.0.0.1:1/
	wait_exit
	python3 -c 'import json, sys
for line in sys.stdin: json.loads(line)' <"$LOG"
	assert_contains "$(cat "$LOG")" \
		'GET http://127.0.0.1:1/: connection refused'
}

@test "a bad hook is refused before anything starts" {
	local hook
	for hook in "sh -c 'open" "http://example.com/" "https://127.0.0.1/" \
		"http://127.0.0.1:99999/" "http://[::1/" ""; do
		run "$LASTCALL" --pre-stop "$hook" -- touch "$RUN_TMP/started"
		assert_status 125
		assert_equal "${#lines[@]}" 1
		[ ! -e "$RUN_TMP/started" ]
	done
	run "$LASTCALL" --pre-stop=a --pre-stop=b --pre-stop=c --pre-stop=d \
		--pre-stop=e --pre-stop=f --pre-stop=g --pre-stop=h \
		--pre-stop=i -- touch "$RUN_TMP/started"
	assert_status 125
	[ ! -e "$RUN_TMP/started" ]
}

@test "delay, hooks and drain pass at the same time, not one after another" {
	start --grace 50s --delay 2s --pre-stop 'sleep 2' --drain 1/2s -- \
		"$FIXTURES/sigprint" -x 15
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 0
	local ms
	ms=$(sed -n 's/.*event=drain-finished why=done duration_ms=\([0-9]*\).*/\1/p' "$LOG")
	assert_at_least "$ms" 2000
	assert_at_most "$ms" 3900
}

@test "what a hook leaves in its group is gone before the next one ends" {
	export RUN_TMP
	start --grace 10s \
		--pre-stop 'sh -c "sleep 100 & echo $! >$RUN_TMP/left"' \
		--pre-stop 'sh -c "while kill -0 $(cat $RUN_TMP/left)
			do sleep 0.05; done; touch $RUN_TMP/gone"' \
		-- "$FIXTURES/sigprint" -x 15
	wait_for 'grep -q READY "$OUT"'
	stop_and_wait
	[ -e "$RUN_TMP/gone" ]
}

@test "an HTTP hook that waits does not hold the end of the program's own stop" {
	requires python3
	python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
time.sleep(60)' >"$RUN_TMP/port" 3>&- &
	track $!
	wait_for '[ -s "$RUN_TMP/port" ]'
	start --grace 20s --pre-stop "http://127.0.0.1:$(<"$RUN_TMP/port")/" -- \
		sh -c 'trap "exit 7" USR1; echo READY; while :; do sleep 0.05; done'
	wait_out READY
	stop
	wait_for 'grep -qx lastcall:drain /proc/$PID/comm'
	kill -USR1 "$PID"
	wait_exit
	assert_equal "$STATUS" 7
	assert_equal "$(logged exited forced)" false
	assert_at_most "$(elapsed)" 15000
}

# ------------------------------------------------- what a hook writes, logged

# The messages of hook-output in $LOG, as JSON strings; + is behind a part.
outputs() {
	jq -r 'select(.event == "hook-output") |
		(.message | tojson) + if .partial then "+" else "" end' "$LOG"
}

# The same as run_hooks, with the log as JSON.
run_logged_hooks() { # HOOK...
	local hook options=()
	for hook; do options+=(--pre-stop "$hook"); done
	stop_with --log-format json "${options[@]}"
	wait_exit
	assert_equal "$STATUS" 0
}

@test "what a hook writes is logged line by line, where the log is for programs" {
	requires jq
	run_logged_hooks "sh -c 'echo one; echo two >&2; echo; printf three'"
	assert_equal "$(outputs)" '"one"
"two"
""
"three"'
	assert_equal "$(jq -r 'select(.event == "hook-output") |
		"\(.level) \(.phase) \(.hook)"' "$LOG" | sort -u)" \
		"info drain sh -c 'echo one; echo two >&2; echo; printf three'"
	assert_order "$LOG" hook-output hook-finished
	stop_with --log-format logfmt --post-stop 'echo gone now'
	wait_exit
	assert_match "$(cat "$LOG")" "event=hook-output phase=post \
hook=\"echo gone now\" message=\"gone now\""
	# A person reads it as it is.
	run_hooks 'echo as it is'
	grep -qx 'as it is' "$LOG"
}

@test "bytes that a hook writes are escaped, and long lines come in parts" {
	requires jq
	run_logged_hooks "printf 'a\\000b\\377\\033[2J\"\\\\\\n\\303\\251\\n'"
	assert_equal "$(outputs)" '"a�b�\u001b[2J\"\\"
"é"'
	# 1,000 characters of two bytes, one byte off.
	run_logged_hooks "sh -c 'printf x; for i in \$(seq 1000); do
		printf \"\\303\\251\"; done; echo; echo end'"
	assert_equal "$(jq -sr 'map(select(.event == "hook-output").message) |
		join("") | length' "$LOG")" 1004
	assert_equal "$(outputs | tr -d 'é')" '"x"+
""+
""+
""
"end"'
	assert_at_most "$(wc -L <"$LOG")" 2047
}

@test "a hook whose output is logged ends as its command ends" {
	requires jq
	run_logged_hooks true "sh -c 'exit 3'" "sh -c 'kill -TERM \$\$'" \
		no-such-program "$(type -P sh) -c 'sleep 1000 & echo left'"
	assert_equal "$(jq -r 'select(.event == "hook-finished") |
		"\(.level) \(.result) \(.code) \(.signal)"' "$LOG")" \
		"info ok null null
warning failed 3 null
warning failed 143 null
warning failed 127 null
info ok null null"
	assert_contains "$(cat "$LOG")" "\"level\":\"warning\",\"source\":\"lastcall\",\
\"event\":\"warning\",\"what\":\"cannot run 'no-such-program': "
	assert_equal "$(outputs)" '"left"'
	no_process_left
}

@test "a hook whose output is logged is killed at the limit, all of it" {
	requires jq
	stop_with --log-format json --pre-stop-limit 2500ms --pre-stop \
		"sh -c 'trap \"\" TERM; sleep 1000 & echo whole; printf half
		exec setsid sleep 1000'"
	wait_exit
	assert_equal "$STATUS" 0
	assert_equal "$(outputs)" '"whole"
"half"+'
	assert_equal "$(jq -r 'select(.event == "hook-finished").result' "$LOG")" \
		timed-out
	no_process_left
}

@test "all that a hook has written is logged, and who writes on is not waited for" {
	requires jq
	run_logged_hooks "seq 3000"
	assert_equal "$(outputs | tr -d '"')" "$(seq 3000)"
	run_logged_hooks "sh -c 'yes \$(printf %0500d 0) & exit 0'"
	assert_equal "$(jq -r 'select(.event == "hook-finished").result' "$LOG")" ok
	no_process_left
}

@test "--quiet is about lastcall's own lines, not a hook's" {
	requires jq
	stop_with --quiet --log-format json --pre-stop 'echo hello'
	wait_exit
	assert_equal "$(jq -r .event "$LOG")" hook-output
}

@test "a reader of the log that is stuck holds a hook, not the shutdown" {
	mkfifo "$RUN_TMP/pipe"
	exec 8<>"$RUN_TMP/pipe"
	tr '\0' '\n' </dev/zero | timeout 10 dd of="$RUN_TMP/pipe" bs=4096 \
		iflag=fullblock oflag=nonblock 2>/dev/null || true
	"$LASTCALL" --grace 20s --log-format json --pre-stop-limit 300ms \
		--pre-stop 'echo hello' -- "$FIXTURES/sigprint" -x 15 \
		>"$OUT" 2>"$RUN_TMP/pipe" 3>&- 8>&- &
	PID=$!
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 0
	assert_contains "$(cat "$OUT")" "TERM 15"
	exec 8>&-
	no_process_left
}
