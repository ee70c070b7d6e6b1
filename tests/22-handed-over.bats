#!/usr/bin/env bats
# 22-handed-over.bats - what is the program's once it runs: descriptors, and
# what systemd and podman address to a process by its pid.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154

load helpers

# What lastcall has open, but for its log.
# Without what it reads of the kernel, and without its log.
open_in_lastcall() {
	find "/proc/$PID/fd" -mindepth 1 -printf '%f %l\n' |
		grep -v '^2 \| /proc$\| /sys/fs/cgroup/' | sort -n
}

# A program that has 0, 1, 5 and 700 closes them, and says so in a file.
CLOSES='exec 0<&- 1>&- 5>&-; eval "exec 700>&-" 2>/dev/null
	: >"$0/closed"; until [ -e "$0/go" ]; do sleep 0.05; done; exit 6'

# Both ends of a pipe as stdin, stdout and descriptor 5: who is at the other
# end sees each closed while the program goes on.
sees_closed() { # COMMAND...
	rm -f "$RUN_TMP"/{in,out,ready,closed,go,*-end}
	mkfifo "$RUN_TMP/in" "$RUN_TMP/out" "$RUN_TMP/ready"
	(cat "$RUN_TMP/out" >/dev/null; : >"$RUN_TMP/out-end") 3>&- &
	track $!
	(cat "$RUN_TMP/ready" >/dev/null; : >"$RUN_TMP/ready-end") 3>&- &
	track $!
	(
		exec >"$RUN_TMP/in"
		trap '' PIPE
		until ! echo x 2>/dev/null; do sleep 0.02; done
		: >"$RUN_TMP/in-end"
	) 3>&- &
	track $!
	# Only what becomes lastcall opens them.
	"$@" sh -c 'exec "$0" -- bash -c "$1" "$2" \
		<"$2/in" >"$2/out" 5>"$2/ready"' \
		"$LASTCALL" "$CLOSES" "$RUN_TMP" 2>"$LOG" 3>&- &
	local waited=$!
	track "$waited"
	wait_for '[ -e "$RUN_TMP/closed" ]'
	wait_for '[ -e "$RUN_TMP/ready-end" ]'
	wait_for '[ -e "$RUN_TMP/out-end" ]'
	wait_for '[ -e "$RUN_TMP/in-end" ]'
	: >"$RUN_TMP/go"
	STATUS=0
	wait "$waited" || STATUS=$?
	assert_equal "$STATUS" 6
}

@test "a pipe that the program closes is seen closed, as a subreaper" {
	sees_closed
}

@test "a pipe that the program closes is seen closed, as PID 1" {
	requires pidns
	pidns_command
	sees_closed "${PIDNS[@]}"
}

@test "lastcall keeps nothing open but its log, /proc and its cgroup" {
	start -- "$FIXTURES/worker" -w 10000 7<"$BATS_TEST_FILENAME"
	wait_out READY
	wait_for '[ "$(open_in_lastcall)" = "0 /dev/null
1 /dev/null" ]'
	kill -KILL "$(child_of "$PID")"
	wait_exit
}

@test "where close_range is missing it closes one by one" {
	start_command "$FIXTURES/refuse" close_range "$LASTCALL" -- \
		"$FIXTURES/worker" -w 10000 7<"$BATS_TEST_FILENAME" \
		800<"$BATS_TEST_FILENAME"
	wait_out READY
	wait_for '[ "$(open_in_lastcall)" = "0 /dev/null
1 /dev/null" ]'
	kill -KILL "$(child_of "$PID")"
	wait_exit
}

@test "where there is no /dev/null stdin is an empty pipe" {
	requires root pidns mountns
	start_pid1_command unshare --mount sh -c '
		mount -t tmpfs none /dev && exec "$@"' - \
		"$LASTCALL" --pre-stop "sh -c 'read x || echo no-input'" -- \
		"$FIXTURES/sigprint" -x 15
	wait_out READY
	wait_for 'open_in_lastcall | grep -q "^0 pipe:"'
	assert_not_contains "$(open_in_lastcall)" "$OUT"
	kill -TERM "$PID"
	wait_exit
	assert_contains "$(cat "$LOG")" no-input
}

@test "a listening socket that the program closes refuses, program alive" {
	requires python3
	start_command python3 -c '
import os, socket, sys
s = socket.create_server(("127.0.0.1", 0))
os.set_inheritable(s.fileno(), True)
os.dup2(s.fileno(), 9)
open(sys.argv[1] + "/port", "w").write(str(s.getsockname()[1]) + "\n")
os.execv(sys.argv[2], sys.argv[2:])' "$RUN_TMP" \
		"$LASTCALL" -- /usr/bin/python3 -c '
import os, sys, time
for fd in range(3, 20):
    try: os.close(fd)
    except OSError: pass
print("READY", flush=True)
time.sleep(100)'
	wait_out READY
	local port
	port=$(cat "$RUN_TMP/port")
	wait_for '! (: <>/dev/tcp/127.0.0.1/'"$port"') 2>/dev/null'
	kill -0 "$(child_of "$PID")"
	kill -KILL "$(child_of "$PID")"
	wait_exit
}

# ------------------------------------------------------ addressed by its pid

# Prints the variables and the program's own pid.
SHOW='echo "$LISTEN_PID $WATCHDOG_PID $SYSTEMD_EXEC_PID" \
	"${LISTEN_PIDFDID-gone} $LISTEN_FDS $$"'

@test "variables that name lastcall by its pid name the program" {
	run bash -c 'export LISTEN_PID=$$ WATCHDOG_PID=$$ SYSTEMD_EXEC_PID=$$
		export LISTEN_PIDFDID=99 LISTEN_FDS=2
		exec "$0" -- sh -c "$1"' "$LASTCALL" "$SHOW"
	assert_match "$output" '^([0-9]+) ([0-9]+) ([0-9]+) gone 2 ([0-9]+)$'
	assert_equal "${BASH_REMATCH[1]} ${BASH_REMATCH[2]} ${BASH_REMATCH[3]}" \
		"${BASH_REMATCH[4]} ${BASH_REMATCH[4]} ${BASH_REMATCH[4]}"
}

@test "variables that name lastcall name the program, as PID 1" {
	requires pidns
	# Podman's way: the container's first process is 1.
	run in_pidns env LISTEN_PID=1 LISTEN_FDS=1 WATCHDOG_PID=1 \
		SYSTEMD_EXEC_PID=1 "$LASTCALL" -- sh -c "$SHOW"
	assert_equal "$output" "2 2 2 gone 1 2"
}

@test "variables that name another process are left alone" {
	run env LISTEN_PID=7 WATCHDOG_PID=1x SYSTEMD_EXEC_PID= \
		LISTEN_PIDFDID=99 "$LASTCALL" -- sh -c "$SHOW"
	assert_match "$output" '^7 1x  99  [0-9]+$'
}

@test "variables name the program under the drop-in names, too" {
	requires pidns
	local name
	for name in tini dumb-init catatonit; do
		ln -s "$LASTCALL" "$RUN_TMP/$name"
		run in_pidns env LISTEN_PID=1 LISTEN_FDS=1 WATCHDOG_PID=1 \
			SYSTEMD_EXEC_PID=1 "$RUN_TMP/$name" -- sh -c "$SHOW"
		assert_equal "$name: $output" "$name: 2 2 2 gone 1 2"
	done
}

# A server as sd_listen_fds(3) has it: it answers one connection.
SERVER='
import os, socket
assert int(os.environ["LISTEN_PID"]) == os.getpid(), os.environ
assert int(os.environ["LISTEN_FDS"]) == 1
s = socket.socket(fileno=3)
c = s.accept()[0]
c.sendall(b"served by %d\n" % os.getpid())'

@test "socket activation by systemd works through lastcall" {
	requires python3 systemd-socket-activate
	local socket=$RUN_TMP/socket
	start_command systemd-socket-activate -l "$socket" \
		"$LASTCALL" -- /usr/bin/python3 -c "$SERVER"
	wait_for '[ -S "$RUN_TMP/socket" ]'
	# It is there before anybody listens.
	run python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
until = time.monotonic() + 20
while s.connect_ex(sys.argv[1]) != 0:
    assert time.monotonic() < until
    time.sleep(0.02)
print(s.makefile().read())' "$socket"
	assert_contains "$output" "served by"
	wait_exit
	assert_equal "$STATUS" 0
}

@test "socket activation as podman does it works through PID 1" {
	requires python3 pidns
	run in_pidns python3 -c '
import os, socket, sys
s = socket.create_server(("127.0.0.1", 0))
c = socket.create_connection(s.getsockname())
os.dup2(s.fileno(), 3)
os.environ.update(LISTEN_PID="1", LISTEN_FDS="1")
os.set_inheritable(c.fileno(), True)
if os.fork() == 0:
    print(c.makefile().read(), flush=True)
    os._exit(0)
os.execv(sys.argv[1], sys.argv[1:])' \
		"$LASTCALL" --linger 10s -- /usr/bin/python3 -c "$SERVER"
	assert_contains "$output" "served by"
}

# -------------------------------------------------- with lastcall, it ends

@test "with --child-death-signal the program does not outlive lastcall" {
	start --child-death-signal TERM -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	kill -KILL "$PID"
	wait_exit
	wait_out "TERM 15"
	# Without, it does.
	start -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	local child
	child=$(child_of "$PID")
	kill -KILL "$PID"
	wait_exit
	kill -0 "$child"
	kill -TERM "$child"
	wait_out "TERM 15"
}

@test "--child-death-signal holds under a drop-in name as a variable" {
	ln -s "$LASTCALL" "$RUN_TMP/tini"
	start_command env LASTCALL_CHILD_DEATH_SIGNAL=USR1 "$RUN_TMP/tini" -s \
		-- "$FIXTURES/sigprint" -x 10
	wait_out READY
	kill -KILL "$PID"
	wait_exit
	wait_out "USR1 10"
}

@test "a lastcall that dies while the program starts takes it along" {
	# The program is never run where lastcall has gone before.
	local i
	for i in {1..30}; do
		rm -f "$RUN_TMP/ran"
		"$LASTCALL" --child-death-signal KILL -- sh -c '
			: >"$0/ran"; exec sleep 1000' "$RUN_TMP" 3>&- &
		PID=$!
		wait_for '! kill -0 $PID 2>/dev/null || child_of $PID >/dev/null'
		kill -KILL "$PID"
		wait "$PID" || true
	done
	no_process_left
}
