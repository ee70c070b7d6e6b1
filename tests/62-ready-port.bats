#!/usr/bin/env bats
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2034,SC2153,SC2154
# The ready port: health checks over the network are answered while the
# program is ready, and the port is gone at the stop request.  Good and bad
# clients are in 62-ready-port.py.

load helpers

free_port() {
	/usr/bin/python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# What a check gets: the status and the body, or "refused".
ask() { # [HOST]
	local fd answer
	exec {fd}<>"/dev/tcp/${1:-127.0.0.1}/$PORT" || {
		echo refused
		return
	} 2>/dev/null
	printf 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n' >&"$fd"
	answer=$(tr -d '\r' <&"$fd")
	exec {fd}>&-
	echo "$(sed -n '1s/HTTP.1.1 \([0-9]*\) .*/\1/p' <<<"$answer")" \
		"$(tail -n 1 <<<"$answer")"
}

says() { # ANSWER
	[ "$(ask)" = "$1" ]
}

# lastcall with a ready port, and a program that ends at TERM.
start_port() { # OPTION...
	requires python3
	PORT=$(free_port)
	start --grace 20s --ready-port "$PORT" "$@" -- "$FIXTURES/sigprint" -x 15
	wait_out READY
}

# The child of lastcall's that has that name.
named() { # NAME
	local pid
	for pid in $(cat "/proc/$PID/task/$PID/children"); do
		if [ "$(cat "/proc/$pid/comm")" = "$1" ]; then
			echo "$pid"
		fi
	done
}

# ------------------------------------------------------------------- answers

@test "while the program is ready a check is answered with 200" {
	start_port
	assert_equal "$(ask)" "200 ready"
	stop_and_wait
	assert_equal "$STATUS" 0
	assert_equal "$(grep -c warning "$LOG")" 0
}

@test "the port is there before the program runs" {
	requires python3
	PORT=$(free_port)
	run "$LASTCALL" --ready-port "$PORT" -- python3 -c '
import http.client, sys
c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
c.request("GET", "/")
print(c.getresponse().status)' "$PORT"
	assert_status 0
	assert_equal "$output" 200
}

@test "at the stop request the port is gone, while the program serves on" {
	start_port --delay 15s
	assert_equal "$(ask)" "200 ready"
	kill -TERM "$PID"
	wait_log drain-started
	wait_for 'says refused' 10
	kill -0 "$(named sigprint)"
	assert_not_contains "$(cat "$OUT")" TERM
	kill -INT "$PID"
	kill -KILL "$(named sigprint)"
	wait_exit
}

@test "a check that is waiting at the stop request is ended with the port" {
	start_port --ready-check "sleep 1000" --delay 15s
	ask >"$RUN_TMP/answer" 2>&1 &
	local client=$!
	wait_for '[ -n "$(running_sleep)" ]'
	kill -TERM "$PID"
	wait "$client" || true
	assert_not_contains "$(cat "$RUN_TMP/answer")" 200
	wait_for '[ -z "$(running_sleep)" ]'
	kill -KILL "$(named sigprint)"
	wait_exit
}

running_sleep() {
	pgrep -f '^sleep 1000$' -P "$(named lastcall-check)" 2>/dev/null || true
}

@test "an address may be given, and no other one listens" {
	requires python3 ipv6
	PORT=$(free_port)
	local at
	for at in 127.0.0.1 '[::1]'; do
		start --ready-port "$at:$PORT" -- "$FIXTURES/sigprint" -x 15
		wait_out READY
		if [ "$at" = 127.0.0.1 ]; then
			assert_equal "$(ask 127.0.0.1) $(ask ::1)" \
				"200 ready refused"
		else
			assert_equal "$(ask 127.0.0.1) $(ask ::1)" \
				"refused 200 ready"
		fi
		stop_and_wait
	done
	start --ready-port "[::]:$PORT" -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	assert_equal "$(ask ::1)" "200 ready"
	stop_and_wait
}

# ------------------------------------------------------------------- refusals

@test "a port that is taken is refused, and nothing is started" {
	requires python3
	PORT=$(free_port)
	/usr/bin/python3 -c 'import socket, sys, time
s = socket.create_server(("", int(sys.argv[1])))
print("READY", flush=True)
time.sleep(1000)' "$PORT" >"$RUN_TMP/other" 3>&- &
	track $!
	wait_for 'grep -q READY "$RUN_TMP/other"'
	run "$LASTCALL" --ready-port "$PORT" -- touch "$RUN_TMP/ran"
	assert_status 125
	assert_equal "$output" "lastcall: cannot listen on --ready-port $PORT: address already in use; see lastcall --help"
	run "$LASTCALL" --ready-port "127.0.0.1:$PORT" -- touch "$RUN_TMP/ran"
	assert_status 125
	LASTCALL_READY_PORT=$PORT run "$LASTCALL" -- touch "$RUN_TMP/ran"
	assert_status 125
	[ ! -e "$RUN_TMP/ran" ]
}

@test "an address that is not this machine's is refused" {
	requires python3
	PORT=$(free_port)
	local at
	for at in 192.0.2.1 '[2001:db8::1]'; do
		run "$LASTCALL" --ready-port "$at:$PORT" -- touch "$RUN_TMP/ran"
		assert_status 125
		assert_match "$output" "^lastcall: cannot listen on --ready-port $(printf %q "$at:$PORT"): "
	done
	[ ! -e "$RUN_TMP/ran" ]
}

@test "what is not a port or an address is refused, and the form is shown" {
	local bad
	for bad in 0 65536 http '' :80 localhost:80 127.0.0.1 1.2.3.4.5:80 \
		'::1:80' '[::1]' '[::1%lo]:80'; do
		run "$LASTCALL" --ready-port "$bad" -- touch "$RUN_TMP/ran"
		assert_status 125
		assert_contains "$output" "--ready-port '$bad': "
		assert_contains "$output" \
			"expected [ADDRESS:]PORT, such as 8086 or 127.0.0.1:8086 or [::1]:8086"
	done
	[ ! -e "$RUN_TMP/ran" ]
}

@test "a port below 1024 needs the right to it" {
	requires root setpriv netns
	open_folder
	run unshare --net setpriv --reuid 65534 --regid 65534 --clear-groups \
		--bounding-set=-all --inh-caps=-all \
		"$LASTCALL" --ready-port 80 -- true
	assert_status 125
	assert_contains "$output" "--ready-port 80: permission denied"
}

@test "the port of the drain is not the ready port's as well" {
	run "$LASTCALL" --drain 8080,8086 --ready-port 8086 -- true
	assert_status 125
	assert_contains "$output" \
		"--ready-port 8086 is one of --drain's ports"
}

@test "a check without a port is refused on the command line" {
	run "$LASTCALL" --ready-check true -- true
	assert_status 125
	assert_contains "$output" "--ready-check needs --ready-port"
	# As a variable it is the probe's, too.
	LASTCALL_READY_CHECK=true run "$LASTCALL" -- true
	assert_status 0
}

# ------------------------------------------------------------ its own process

@test "its process has no right, no file and no terminal of the program's" {
	requires root
	start_port
	local pid status
	pid=$(named lastcall-ready)
	status=$(cat "/proc/$pid/status")
	assert_match "$status" $'CapPrm:\t0000000000000000'
	assert_match "$status" $'CapEff:\t0000000000000000'
	assert_match "$status" $'NoNewPrivs:\t1'
	assert_equal "$(cut -d' ' -f6 "/proc/$pid/stat")" "$pid"
	assert_equal "$(readlink "/proc/$pid/fd/"* | sed 's/:.*//' | sort |
		uniq -c | tr -s ' \n' ' ')" " 3 /dev/null 1 socket "
	stop_and_wait
}

@test "it closes what lastcall was given" {
	requires python3
	PORT=$(free_port)
	mkfifo "$RUN_TMP/pipe"
	exec 7<>"$RUN_TMP/pipe"
	start --ready-port "$PORT" -- "$FIXTURES/sigprint" -x 15
	exec 7>&-
	wait_out READY
	run readlink "/proc/$(named lastcall-ready)/fd/"*
	assert_not_contains "$output" pipe
	stop_and_wait
}

@test "an idle one never wakes" {
	start_port
	assert_equal "$(ask)" "200 ready"
	local pid before
	pid=$(named lastcall-ready)
	# The client's connection may be kept a second.
	sleep 2
	before=$(grep ctxt "/proc/$pid/status" "/proc/$PID/status")
	sleep 3
	assert_equal "$(grep ctxt "/proc/$pid/status" "/proc/$PID/status")" \
		"$before"
	stop_and_wait
}

@test "when it is killed it is started again, and nothing else happens" {
	start_port
	local i old
	for i in 1 2 3; do
		old=$(named lastcall-ready)
		kill -KILL "$old"
		wait_for 'says "200 ready"'
		[ "$(named lastcall-ready)" != "$old" ]
	done
	assert_equal "$(cat "$OUT")" "$(head -1 "$OUT")"
	assert_contains "$(cat "$LOG")" \
		"the ready port's process has ended: restarted"
	stop_and_wait
	assert_equal "$STATUS" 0
}

@test "one that ends at once again and again is started once a second at most" {
	requires python3 strace
	PORT=$(free_port)
	local from count
	from=$(now_ms)
	# It ends when it gives up its rights, which is when it has the port.
	start_command strace -qq -f -o "$RUN_TMP/calls" -e trace=capset \
		-e inject=capset:signal=KILL "$LASTCALL" --ready-port "$PORT" \
		-- "$FIXTURES/sigprint" -x 15
	wait_out READY
	wait_for '[ "$(grep -c capset "$RUN_TMP/calls")" -ge 4 ]'
	count=$(grep -c capset "$RUN_TMP/calls")
	# One a second at most, and the first.
	assert_at_most "$count" $(((($(now_ms) - from) / 1000) + 1))
	kill -TERM "$(child_of "$PID")"
	wait_exit
	assert_equal "$STATUS" 0
}

@test "no signal but KILL ends it, and the program's do not reach it" {
	requires pidns nsenter
	PORT=$(free_port)
	start_pid1 --ready-port "$PORT" --grace 20s -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	local pid signal
	pid=$(named lastcall-ready)
	# kill(-1) passes over PID 1 only.
	enter_pidns sh -c 'kill -HUP -1; kill -USR1 -1' || true
	wait_out USR1
	for signal in HUP INT QUIT PIPE TERM USR2 TSTP 32 33 64; do
		kill "-$signal" "$pid"
	done
	assert_equal "$(ask)" "200 ready"
	assert_equal "$(named lastcall-ready)" "$pid"
	stop_and_wait
	assert_equal "$STATUS" 0
}

# A stopped process still is one of the eight that lastcall can have.
@test "processes of its own that are stopped do not use up its others" {
	local old
	start_port --ready-check true --ready-file "$RUN_TMP/ready"
	for _ in 1 2 3 4 5 6 7 8; do
		old=$(named lastcall-ready)
		kill -STOP "$(named lastcall-check)"
		kill -KILL "$old"
		wait_for '[[ $(named lastcall-ready) =~ ^[0-9]+$ ]] &&
			[ "$(named lastcall-ready)" != "$old" ]'
		assert_equal "$(named lastcall-check | wc -l)" 1
	done
	stop_and_wait
	assert_equal "$STATUS" 0
	[ ! -e "$RUN_TMP/ready" ]
	assert_not_contains "$(<"$LOG")" "cannot restart the ready port"
}

# Its user has room for one process more, and not for two.
@test "where only one of its two processes can be started it does not try for ever" {
	requires root setpriv
	local user=(setpriv --reuid 65123 --regid 65123 --clear-groups)
	open_folder
	PORT=$(free_port)
	start_command "${user[@]}" "$LASTCALL" -v --grace 20s \
		--ready-port "$PORT" --ready-check true \
		-- "$FIXTURES/sigprint" -x 15
	wait_out READY
	"${user[@]}" prlimit --pid "$PID" --nproc=4:30
	kill -KILL "$(named lastcall-ready)"
	wait_log "cannot restart the ready port"
	for _ in 1 2 3 4 5 6 7 8; do
		kill -BUS "$PID"
		sleep 0.05
	done
	assert_equal "$(grep -c "cannot restart the ready port" "$LOG")" 1
	assert_equal "$(named lastcall-check)" ""
	"${user[@]}" prlimit --pid "$PID" --nproc=30
	wait_for 'kill -BUS "$PID"; says "200 ready"'
	stop_and_wait
	assert_equal "$STATUS" 0
}

@test "a program that kills everyone has the port back" {
	requires pidns nsenter
	PORT=$(free_port)
	start_pid1 --ready-port "$PORT" -- bash -c '
		trap "exit 0" TERM
		[ -e "$0" ] || { touch "$0"; kill -KILL -1; }
		echo READY
		while :; do sleep 0.1; done' "$RUN_TMP/once"
	track "$UNSHARE_PID"
	wait_out READY
	wait_for 'says "200 ready"'
	kill -TERM "$PID"
	wait_exit
}

@test "it ends when lastcall is killed" {
	start_port
	local pid
	pid=$(named lastcall-ready)
	local child
	child=$(named sigprint)
	kill -KILL "$PID"
	wait_gone "$pid"
	wait_exit
	kill_marked
}

@test "it is nobody that a stop waits for, kills or names" {
	start_port -v -w --scope all
	kill -USR1 "$PID"
	wait_out USR1
	stop_and_wait
	assert_equal "$STATUS" 0
	assert_not_contains "$(cat "$LOG")" reaped
	assert_not_contains "$(cat "$LOG")" sweep-finished
	assert_not_contains "$(cat "$LOG")" survivor
	assert_not_contains "$(cat "$LOG")" signal-failed
	assert_contains "$(cat "$LOG")" "forced=false"
}

@test "it is nobody that the end of the program waits for" {
	requires python3 pidns
	PORT=$(free_port)
	local from
	from=$(now_ms)
	run "$LASTCALL" --ready-port "$PORT" --ready-check true -- true
	assert_status 0
	assert_equal "$output" ""
	run in_pidns "$LASTCALL" --ready-port "$PORT" --ready-check true -- true
	assert_status 0
	assert_equal "$output" ""
	assert_at_most $(($(now_ms) - from)) 15000
}

@test "a killed program with a ready port is forced, and names itself only" {
	PORT=$(free_port)
	start --grace 1s --ready-port "$PORT" -- "$FIXTURES/sigprint" -i 15
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 137
	assert_contains "$(cat "$LOG")" "killed count=1"
	assert_equal "$(grep -c event=survivor "$LOG")" 1
}

@test "another user, no capability, no file to write, no /proc and no /dev" {
	requires root setpriv python3 plain-binary
	local root=$RUN_TMP/root
	PORT=$(free_port)
	mkdir -p "$root"
	cp "$LASTCALL" "$FIXTURES/sigprint" "$root"
	chmod -R a+rX "$root"
	chmod 555 "$root"
	local inside='import os, sys
os.chroot(sys.argv[1])
os.chdir("/")
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
os.execv(sys.argv[2], sys.argv[2:])'
	start_command /usr/bin/python3 -c "$inside" "$root" /lastcall \
		--ready-port "$PORT" --ready-check "/sigprint -?" -- \
		/sigprint -x 15
	wait_out READY
	wait_for 'ask | grep -q "check exited with"'
	stop_and_wait
	assert_equal "$STATUS" 0
	start_command /usr/bin/python3 -c "$inside" "$root" /lastcall \
		--ready-port "$PORT" -- /sigprint -x 15
	wait_out READY
	assert_equal "$(ask)" "200 ready"
	stop_and_wait
	assert_equal "$STATUS" 0
}

# ------------------------------------------------------------------ the check

@test "the check decides, and its reason is in the answer" {
	start_port --ready-check "test -e $RUN_TMP/up"
	assert_equal "$(ask)" "503 not ready: the check exited with 1"
	touch "$RUN_TMP/up"
	wait_for 'says "200 ready"'
	rm "$RUN_TMP/up"
	wait_for 'says "503 not ready: the check exited with 1"'
	stop_and_wait
}

@test "a check that fails is logged, and that it succeeds again" {
	start_port --ready-check "sh -c 'echo noise >&2; test -e $RUN_TMP/up'"
	assert_equal "$(ask)" "503 not ready: the check exited with 1"
	wait_log "event=ready-check result=failed code=1"
	touch "$RUN_TMP/up"
	wait_for 'says "200 ready"'
	wait_log "event=ready-check result=ok"
	rm "$RUN_TMP/up"
	wait_for 'says "503 not ready: the check exited with 1"'
	wait_for '[ "$(grep -c event=ready-check "$LOG")" = 3 ]'
	# The same again is not news.
	sleep 1.1
	assert_equal "$(ask)" "503 not ready: the check exited with 1"
	stop_and_wait
	assert_equal "$(grep -c event=ready-check "$LOG")" 3
	assert_not_contains "$(<"$LOG")" noise
}

@test "a check that succeeds from the start is not logged" {
	start_port --ready-check true
	assert_equal "$(ask)" "200 ready"
	stop_and_wait
	assert_not_contains "$(<"$LOG")" ready-check
}

@test "what a check is logged as has the format and the verbosity of the log" {
	start_port --log-format json --ready-check "sh -c 'kill -KILL \$\$'"
	assert_equal "$(ask)" "503 not ready: the check was killed by SIGKILL"
	wait_log '"level":"warning","source":"lastcall","event":"ready-check","result":"failed","signal":"KILL"}'
	stop_and_wait
	start_port --quiet --ready-check false
	assert_equal "$(ask)" "503 not ready: the check exited with 1"
	stop_and_wait
	assert_not_contains "$(<"$LOG")" ready-check
}

@test "a check goes on while nobody reads the log, and nothing is left of it" {
	requires python3
	PORT=$(free_port)
	mkfifo "$RUN_TMP/pipe"
	exec 7<>"$RUN_TMP/pipe"
	# Full, but for less than a line.
	/usr/bin/python3 -c 'import os
os.set_blocking(7, False)
try:
    while True:
        os.write(7, b"x" * 4096)
except BlockingIOError:
    pass'
	LOG=$RUN_TMP/pipe start --grace 20s --ready-port "$PORT" \
		--ready-check "test -e $RUN_TMP/up" -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	assert_equal "$(ask)" "503 not ready: the check exited with 1"
	wait_for '[ -n "$(named lastcall-log)" ]'
	touch "$RUN_TMP/up"
	wait_for 'says "200 ready"'
	# The log's writer waits for the reader, and nothing else does.
	assert_equal "$(ps -o comm= --ppid "$(named lastcall-check)")" ""
	assert_equal "$(named lastcall-log | wc -l)" 1
	stop_and_wait
	exec 7>&-
	assert_equal "$STATUS" 0
}

@test "logging a check takes no process, and nothing of what its user may have" {
	requires root setpriv
	local user=(setpriv --reuid 65125 --regid 65125 --clear-groups)
	open_folder
	PORT=$(free_port)
	# Room for the writer of the log and one check.
	start_command "${user[@]}" prlimit --nproc=6:6 --sigpending=3:3 \
		"$LASTCALL" --grace 20s --ready-port "$PORT" \
		--ready-check "test -e $OPEN/up" -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	for _ in 1 2 3; do
		assert_equal "$(ask)" "503 not ready: the check exited with 1"
		touch "$OPEN/up"
		wait_for 'says "200 ready"'
		rm "$OPEN/up"
		wait_for 'says "503 not ready: the check exited with 1"'
	done
	assert_equal "$(sed -n 's/SigQ:.\(.*\)\/.*/\1/p' \
		"/proc/$(named lastcall-check)/status")" 0
	stop_and_wait
	assert_equal "$(grep -c 'ready-check result=failed' "$LOG")" 4
	assert_equal "$(grep -c 'ready-check result=ok' "$LOG")" 3
}

@test "with the standard descriptors closed a check works, and starts again" {
	requires python3
	local old
	PORT=$(free_port)
	"$LASTCALL" --grace 20s --ready-port "$PORT" --ready-check false \
		-- "$FIXTURES/sigprint" -x 15 <&- >&- 2>&- 3>&- &
	PID=$!
	wait_for 'says "503 not ready: the check exited with 1"'
	old=$(named lastcall-ready)
	kill -KILL "$old"
	wait_for '[[ $(named lastcall-ready) =~ ^[0-9]+$ ]] &&
		[ "$(named lastcall-ready)" != "$old" ]'
	wait_for 'says "503 not ready: the check exited with 1"'
	stop_and_wait
	assert_equal "$STATUS" 0
}

# Whoever may send signals may send any value, in anybody's name.
@test "what tells of a check is logged, whatever it says, and nothing else" {
	requires python3 x86-64
	local value
	start_port --ready-check true
	for value in 0 1 -1 65536 262143 2147483647 -2147483648; do
		/usr/bin/python3 -c 'import ctypes, struct, sys
to, sender, value = map(int, sys.argv[1:])
info = struct.pack("iiiiiii", 32, 0, -1, 0, sender, 0, value).ljust(128, b"\0")
rt_sigqueueinfo = 129
sys.exit(ctypes.CDLL(None).syscall(rt_sigqueueinfo, to, 32, info))' \
			"$PID" "$(named lastcall-check)" "$value"
	done
	wait_for '[ "$(grep -c event=ready-check "$LOG")" = 7 ]'
	assert_equal "$(logged ready-check result | sort | uniq -c | xargs)" \
		"5 failed 1 ok 1 timed-out"
	assert_equal "$(ask)" "200 ready"
	stop_and_wait
	assert_equal "$STATUS" 0
}

@test "a check may be an HTTP call to the program" {
	requires python3
	/usr/bin/python3 "$TOP/tests/beside/http_server.py" tcp4 >"$RUN_TMP/server" 3>&- &
	track $!
	wait_for 'grep -q READY "$RUN_TMP/server"'
	local at
	at=http://127.0.0.1:$(sed -n 's/^PORT //p' "$RUN_TMP/server")
	start_port --ready-check "$at/ok"
	assert_equal "$(ask)" "200 ready"
	stop_and_wait
	start_port --ready-check "$at/status/503"
	assert_equal "$(ask)" "503 not ready: the check exited with 1"
	stop_and_wait
}

@test "many balancers at once are one check, and so for a second" {
	start_port --ready-check "sh -c 'echo x >>$RUN_TMP/runs'"
	local from
	from=$(now_ms)
	for _ in {1..15}; do
		assert_equal "$(ask)" "200 ready"
	done
	# One a second at most, and the first.
	assert_at_most "$(wc -l <"$RUN_TMP/runs")" \
		$(((($(now_ms) - from) / 1000) + 1))
	stop_and_wait
}

@test "a check that hangs is a no, and is killed with what it started" {
	start_port --ready-check "sh -c 'sleep 1234 & wait'"
	assert_equal "$(ask)" "503 not ready: the check did not end within 5s"
	wait_log "event=ready-check result=timed-out"
	wait_for '! pgrep -f "^sleep 1234$" >/dev/null'
	stop_and_wait
}

@test "a check that cannot be run, or is killed, is a no" {
	start_port --ready-check /no/such/check
	assert_equal "$(ask)" "503 not ready: the check exited with 127"
	wait_log "event=ready-check result=failed code=127"
	stop_and_wait
	start_port --ready-check "sh -c 'kill -KILL \$\$'"
	assert_equal "$(ask)" "503 not ready: the check was killed by SIGKILL"
	stop_and_wait
}

@test "a TERM of another process does not end a check, nor who runs it" {
	local pid
	# Here the check itself sends it, and ends when it has been taken.
	start_port --ready-check "sh -c 'kill -TERM \$PPID
		while grep -q \"^ShdPnd:.*[4-7c-f]...\$\" /proc/\$PPID/status
		do :; done'"
	pid=$(named lastcall-check)
	assert_equal "$(ask)" "200 ready"
	assert_equal "$(named lastcall-check)" "$pid"
	stop_and_wait
	assert_equal "$(grep -c warning "$LOG")" 0
}

@test "a client that waits for a check in vain is told so" {
	local pid
	start_port --ready-check true
	pid=$(named lastcall-check)
	kill -STOP "$pid"
	assert_equal "$(ask)" "503 not ready: the check did not end within 5s"
	kill -CONT "$pid"
	wait_for 'says "200 ready"'
	stop_and_wait
}

@test "a check has the rights of lastcall, and its signals, but not its files" {
	requires root
	start_port --ready-check \
		"sh -c 'cat /proc/self/status >$RUN_TMP/status; readlink /proc/\$\$/fd/* >$RUN_TMP/fd; true'"
	assert_equal "$(ask)" "200 ready"
	assert_match "$(cat "$RUN_TMP/status")" $'NoNewPrivs:\t0'
	assert_match "$(cat "$RUN_TMP/status")" $'SigBlk:\t0000000000000000'
	assert_equal "$(grep CapEff "$RUN_TMP/status")" \
		"$(grep CapEff /proc/self/status)"
	assert_not_contains "$(cat "$RUN_TMP/fd")" socket
	assert_not_contains "$(cat "$RUN_TMP/fd")" "$LOG"
	stop_and_wait
}

@test "a check that is killed with its process is asked for again" {
	start_port --ready-check true
	assert_equal "$(ask)" "200 ready"
	kill -KILL "$(named lastcall-check)"
	wait_for 'says "200 ready"'
	[ -n "$(named lastcall-check)" ]
	stop_and_wait
}

@test "the option variables do the same, and the program does not see them" {
	requires python3
	PORT=$(free_port)
	export LASTCALL_READY_PORT=$PORT LASTCALL_READY_CHECK=false
	start -- sh -c 'env; exec "$0" -x 15' "$FIXTURES/sigprint"
	wait_out READY
	assert_equal "$(ask)" "503 not ready: the check exited with 1"
	assert_not_contains "$(cat "$OUT")" LASTCALL_
	stop_and_wait
}

@test "under another init's name the variables give a ready port, too" {
	requires python3
	ln -s "$LASTCALL" "$RUN_TMP/tini"
	PORT=$(free_port)
	start_command env LASTCALL_READY_PORT="$PORT" "$RUN_TMP/tini" -s -- \
		"$FIXTURES/sigprint" -x 15
	wait_out READY
	assert_equal "$(ask)" "200 ready"
	stop_and_wait
	assert_equal "$STATUS" 0
}
