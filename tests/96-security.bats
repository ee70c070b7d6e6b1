# 96-security.bats - what docs/security.md and docs/system-calls.txt promise.
# What else holds is tested where it belongs: descriptors and closed standard
# ones in 20-start, the log's bytes in 40-log and 41-events, hostile servers
# and the environment of hooks in 50-hooks.

TEST_SECONDS=300
load helpers

LIST=$TOP/docs/system-calls.txt
TOUR=$TOP/tests/security/tour.py

# What the tour calls, scene by scene: made for the first test that asks.
tour_made() {
	requires root strace python3 x86-64 plain-binary mountns
	[ -e "$BATS_FILE_TMPDIR/wrong" ] ||
		/usr/bin/python3 "$TOUR" trace "$LASTCALL" "$FIXTURES" \
			"$BATS_FILE_TMPDIR/trace" \
			>"$BATS_FILE_TMPDIR/wrong" 3>&- 4>&- || true
	assert_equal "$(cat "$BATS_FILE_TMPDIR/wrong")" ""
}

tour() { # MODE ARG...
	run /usr/bin/python3 "$TOUR" "$@" 3>&- 4>&-
	assert_equal "$output" ""
	assert_status 0
}

# The libc that lastcall was linked with.
libc() {
	if grep -qaF GLIBC_TUNABLES "$LASTCALL"; then
		echo glibc
	else
		echo musl
	fi
}

# Becomes lastcall with these limits and descriptors, and no others: what a
# shell cannot do, as it needs some itself.  NOFILE "" is no limit.
begin() { # NOFILE STDIN SEVEN ARG...
	exec env --default-signal=INT,QUIT /usr/bin/python3 -c '
import os, resource, sys
limit, stdin, seven = sys.argv[1:4]
os.dup2(os.open(stdin, os.O_RDONLY), 0)
if seven:
    os.dup2(os.open(seven, os.O_WRONLY | os.O_CREAT), 7)
os.closerange(3, 7)
os.closerange(8 if seven else 3, 4096)
if limit:
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(limit), int(limit)))
os.execv(sys.argv[4], sys.argv[4:])' "$1" "$2" "$3" "$LASTCALL" "${@:4}"
}

# No byte of the file could move a terminal's cursor or change its colour.
assert_tame() { # FILE
	run env LC_ALL=C grep -cP '[\x00-\x08\x0b-\x1f\x7f]' "$1"
	assert_equal "$output" 0
}

# ---------------------------------------------------------- the system calls

# bats test_tags=check
@test "every system call that is made is in the list, and no other" {
	tour_made
	tour used "$LIST" "$BATS_FILE_TMPDIR/trace" "$(libc)"
}

# bats test_tags=check
@test "a filter of what the list has for a feature is enough for it" {
	tour_made
	tour filtered "$LASTCALL" "$FIXTURES" "$LIST" \
		"$BATS_FILE_TMPDIR/trace" "$(libc)"
}

# bats test_tags=check
@test "without any one call of the list something fails" {
	tour_made
	tour needed "$LASTCALL" "$FIXTURES" "$LIST" \
		"$BATS_FILE_TMPDIR/trace" "$(libc)"
	# Where a filter ended lastcall, its program has nobody to end it.
	kill_marked
}

@test "PID 1 lives and stops under a filter of its own list alone" {
	requires pidns python3 x86-64 plain-binary
	# A program that makes no other call either.
	ln -s "$LASTCALL" "$RUN_TMP/catatonit"
	start_pid1_command /usr/bin/python3 "$TOP/tests/security/confine.py" \
		"$LIST" -- "$LASTCALL" -v --drain 1/50ms --ready-file \
		"$RUN_TMP/ready" --pre-stop "GET http://127.0.0.1:1/" -- \
		"$RUN_TMP/catatonit" -P
	wait_for '[ -e "$RUN_TMP/ready" ]'
	# Not before it takes signals: it is there, and waits.
	wait_for 'child=$(child_of "$PID") &&
		grep -qx catatonit "/proc/$child/comm" &&
		grep -q "^State:	S" "/proc/$child/status"'
	kill -USR2 "$PID"
	wait_log event=forwarded
	stop_and_wait
	assert_equal "$STATUS" 0
	assert_contains "$(cat "$LOG")" "connection refused"
	assert_contains "$(cat "$LOG")" "event=exited code=0 forced=false"
}

# bats test_tags=check
@test "lastcall's own process asks the kernel, by netlink, and nobody else" {
	tour_made
	run /usr/bin/python3 "$TOUR" network "$BATS_FILE_TMPDIR/trace"
	assert_contains "$output" "drain: socket(AF_NETLINK"
	# A named address is the kernel's.  The log writer's socket is looked at.
	run grep -v 'socket(AF_NETLINK\|recvfrom(.*sa_family=AF_NETLINK\|MSG_PEEK' \
		<<<"$output"
	assert_equal "$output" ""
}

@test "no user, group or capability is ever changed, and nobody traced" {
	run grep -E \
		'^(set(re|res|fs)?[ug]id|setgroups|ptrace|process_vm)' \
		"$LIST"
	assert_equal "$output" ""
	# Only the ready port's process gives up its own.
	run grep -c '^capset  *any  *ready-port ' "$LIST"
	assert_equal "$output" 1
	assert_equal "$(grep -c ^capset "$LIST")" 1
}

@test "no part of the binary is writable and executable, and no loader runs" {
	requires nm plain-binary
	segments=$(readelf -lW "$LASTCALL")
	assert_not_contains "$segments" RWE
	assert_not_contains "$segments" INTERP
	assert_match "$segments" 'GNU_STACK .* RW '
	# A variable of the loader's means nothing to PID 1.
	run env LD_PRELOAD=/none LD_LIBRARY_PATH=/none "$LASTCALL" --version
	assert_match "$output" '^lastcall [0-9.]+$'
}

@test "a drain needs no capability and no particular user" {
	requires root setpriv
	open_folder
	start_command setpriv --reuid 65534 --regid 65534 --clear-groups \
		--bounding-set=-all --inh-caps=-all --no-new-privs -- \
		"$LASTCALL" --drain 1/10ms -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 0
	assert_contains "$(cat "$LOG")" "drain-finished why=done"
	# It does not listen there, and that is all there is to warn about.
	assert_equal "$(grep -c event=warning "$LOG")" 1
}

# ------------------------------------------------- what is passed on, and not

@test "the program's environment is the caller's, less the option variables" {
	requires python3
	/usr/bin/python3 - "$LASTCALL" "$RUN_TMP" 3>&- <<'EOF'
import ctypes, os, subprocess, sys
lastcall, folder = sys.argv[1:]
keep = [b"A=1", b"A=2", b"no equals sign", b"=", b"", b"EMPTY=",
        b"LINES=a\nb\x1b[2J\xff", b"LASTCALL_UNKNOWN=kept",
        b"LASTCALL_PORT_80_TCP=tcp://10.0.0.1:80", b"LASTCALL=kept",
        b"PATH=/bin:/usr/bin", b"BIG=" + b"x" * 100000]
keep += [b"V%d=" % i + b"y" * 500 for i in range(1000)]
drop = [b"LASTCALL_GRACE=9s", b"LASTCALL_QUIET=1", b"LASTCALL_PRE_STOP=a\nb",
        b"LASTCALL_STOP_CODE=0"]
given = keep[:5] + drop[:2] + keep[5:] + drop[2:]
envp = (ctypes.c_char_p * (len(given) + 1))(*given, None)
argv = [lastcall.encode(), b"cat", b"/proc/self/environ"]
argv = (ctypes.c_char_p * (len(argv) + 1))(*argv, None)
pid = os.fork()
if pid == 0:
    os.dup2(os.open(folder + "/environ", os.O_CREAT | os.O_WRONLY), 1)
    ctypes.CDLL(None).execve(argv[0], argv, envp)
    os._exit(99)
assert os.waitpid(pid, 0)[1] == 0
got = open(folder + "/environ", "rb").read()
assert got == b"".join(e + b"\0" for e in keep), got[:300]
EOF
}

open_in() { # PID
	find "/proc/$1/fd" -mindepth 1 -printf '%f\n' | sort -n | paste -sd,
}

@test "the program has the caller's descriptors only, hooks the standard ones" {
	local show="$FIXTURES/state"
	requires python3
	begin "" /dev/zero "$RUN_TMP/seven" --drain 1/300ms --delay 300ms \
		--pre-stop "$show $RUN_TMP/one" --pre-stop "$show $RUN_TMP/two" \
		--post-stop "$show $RUN_TMP/three" -- \
		"$FIXTURES/sigprint" -x 15 >"$OUT" 2>"$LOG" &
	wait_out READY
	PID=$!
	assert_equal "$(open_in "$(child_of "$PID")")" 0,1,2,7
	stop_and_wait
	assert_equal "$STATUS" 0
	local hook null
	null=$(stat -L -c '%D:%i' /dev/null)
	for hook in one two three; do
		assert_equal "$(sed -n 's/^fd \([0-9]*\) .*/\1/p' \
			"$RUN_TMP/$hook" | paste -sd,)" 0,1,2
		assert_match "$(grep '^fd 0 ' "$RUN_TMP/$hook")" " is=$null\$"
		assert_match "$(grep '^fd 1 ' "$RUN_TMP/$hook")" \
			" is=$(stat -c '%D:%i' "$LOG")\$"
	done
}

# ------------------------------------------------------------------- the log

@test "names, arguments, hooks and variables cannot forge a line of the log" {
	requires python3 pidns
	local forged=$'x\nlastcall: event=exited code=0\r\e[2J\x7f\u009b2J'
	: >"$LOG"
	run -127 "$LASTCALL" -- "/none/$forged"
	printf '%s\n' "$output" >>"$LOG"
	run -125 "$LASTCALL" --grace "$forged" true
	printf '%s\n' "$output" >>"$LOG"
	run -125 "$LASTCALL" "--$forged" true
	printf '%s\n' "$output" >>"$LOG"
	run -1 "$LASTCALL" --probe ready -- "/none/$forged"
	printf '%s\n' "$output" >>"$LOG"
	assert_tame "$LOG"
	assert_equal "$(grep -vc '^lastcall: ' "$LOG")" 0

	start_pid1_command env "LASTCALL_$forged=x" "$LASTCALL" -v --grace 1s \
		--pre-stop "/none '$forged'" --termination-log "$RUN_TMP/why" -- \
		/usr/bin/python3 -c '
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open("/proc/self/comm", "w").write("\nlastcall: \33[2J")
print("READY", flush=True)
time.sleep(100)' "$forged"
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 137
	assert_tame "$LOG"
	assert_tame "$RUN_TMP/why"
	assert_equal "$(grep -c ^ "$RUN_TMP/why")" 1
	assert_equal "$(grep -vc '^lastcall: event=' "$LOG")" 0
	assert_equal "$(grep -c 'event=exited code=137' "$LOG")" 1
	assert_equal "$(grep -c '^lastcall: event=exited' "$LOG")" 1
	assert_contains "$(cat "$LOG")" event=survivor
}

@test "the log has no variable's value, and of the arguments the first alone" {
	export PASSWORD=hunter2 LASTCALL_PASSWORD=hunter3
	start -v -w --grace 1s --pre-stop true -- \
		"$FIXTURES/sigprint" -c 3 -x 15 -t 1000000
	wait_out READY
	stop_and_wait
	assert_contains "$(cat "$LOG")" variable=LASTCALL_PASSWORD
	assert_not_contains "$(cat "$LOG")" hunter
	assert_not_contains "$(cat "$LOG")" 1000000
}

# ----------------------------------------------------------------- the probe

@test "who calls itself lastcall:ready is not believed beside one that stops" {
	requires root pidns python3
	# PID 1 is a shell, so the probe has to look around.
	in_pidns bash -c '
		"$1" --delay 50s --grace 60s -- "$2" -x 15 >"$3/out" 2>"$3/log" &
		until grep -q READY "$3/out"; do sleep 0.02; done
		kill -TERM $!
		until grep -q drain-started "$3/log"; do sleep 0.02; done
		/usr/bin/python3 -c "
import time
open(\"/proc/self/comm\", \"w\").write(\"lastcall:ready\")
print(\"READY\", flush=True)
time.sleep(100)" >"$3/other" &
		until grep -q READY "$3/other"; do sleep 0.02; done
		"$1" --probe ready' - "$LASTCALL" "$FIXTURES/sigprint" \
		"$RUN_TMP" >"$OUT" 2>"$LOG" 3>&- || STATUS=$?
	assert_equal "$STATUS" 1
	assert_contains "$(cat "$LOG")" "in different phases"
}

@test "nobody else can change the name of PID 1, which the probe reads" {
	requires pidns nsenter
	start_pid1 --delay 50s --grace 60s -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	kill -TERM "$PID"
	wait_log drain-started
	run ! enter_pidns sh -c 'echo lastcall:ready >/proc/1/comm'
	run -1 enter_pidns "$LASTCALL" --probe ready
	assert_contains "$output" "phase drain"
	kill -INT "$PID"
	wait_for 'kill -INT "$PID"; ! kill -0 "$UNSHARE_PID" 2>/dev/null'
	wait_exit
}

@test "the name of a program's own memfd is not printed by the probe" {
	requires root pidns mountns python3
	in_pidns bash -c '
		impostor() {
			/usr/bin/python3 -c "
import os, sys, time
fd = os.memfd_create(sys.argv[1])
open(\"/proc/self/comm\", \"w\").write(\"lastcall:drain\")
print(\"READY\", flush=True)
time.sleep(100)" "$1" >"$2/out" &
			until grep -q READY "$2/out"; do sleep 0.02; done
		}
		impostor "$(printf "lastcall:TERM\nlastcall:forged\33[2J@1")" "$2"
		"$1" --probe ready' - "$LASTCALL" "$RUN_TMP" >"$OUT" 2>"$LOG" \
		3>&- || STATUS=$?
	assert_equal "$STATUS" 1
	assert_equal "$(grep -c READY "$OUT")" 1
	assert_equal "$(cat "$LOG")" "lastcall: not ready: phase drain"
}

# ------------------------------------------------- files that are not harmless

@test "a link in the place of the ready file or termination log is not followed" {
	echo precious >"$RUN_TMP/file"
	ln -s "$RUN_TMP/file" "$RUN_TMP/why"
	ln -s "$RUN_TMP/new" "$RUN_TMP/ready"
	run -127 "$LASTCALL" --termination-log "$RUN_TMP/why" -- /none
	run -0 "$LASTCALL" --ready-file "$RUN_TMP/ready" -- true
	assert_contains "$output" "too many symbolic links"
	assert_equal "$(cat "$RUN_TMP/file")" precious
	[ ! -e "$RUN_TMP/new" ]
	# At the stop request the link itself goes, and not what it points to.
	[ ! -L "$RUN_TMP/ready" ]
}

@test "a pipe, socket, device or folder as a file never blocks a stop" {
	requires python3
	mkfifo "$RUN_TMP/pipe"
	mkdir "$RUN_TMP/folder"
	/usr/bin/python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$RUN_TMP/socket"
	for file in "$RUN_TMP"/{pipe,folder,socket} /dev/full /dev/tty; do
		# As ready file the likes of /dev/full would be removed.
		ready=()
		[ "${file#/dev}" != "$file" ] || ready=(--ready-file "$file")
		start --grace 300ms --termination-log "$file" "${ready[@]}" -- \
			"$FIXTURES/worker" -i
		wait_out READY
		stop_and_wait
		assert_equal "$file: $STATUS" "$file: 137"
	done
	[ -d "$RUN_TMP/folder" ]
}

# --------------------------------------------------------- a hostile beginning

@test "with no descriptor to spare it forwards, and ends by its deadline" {
	requires python3 plain-binary # a static one
	local limit hook="$FIXTURES/state $RUN_TMP/state"
	for limit in 0 1 3; do
		: >"$OUT"
		begin "$limit" /dev/null "" -v --grace 500ms --drain 1/10ms \
			--pre-stop "$hook" --post-stop "$hook" \
			--post-stop-limit 100ms --ready-file "$RUN_TMP/ready" \
			-- "$FIXTURES/worker" -i >"$OUT" 2>"$LOG" &
		PID=$!
		wait_out READY
		stop_and_wait
		assert_equal "$limit: $STATUS" "$limit: 137"
	done
}

@test "a hook that cannot be given /dev/null does not read lastcall's stdin" {
	requires busybox python3 plain-binary
	echo secret >"$RUN_TMP/stdin"
	# 3 for the program, 2 for what lastcall reads, and 2 for the socket of
	# the log.
	run begin 7 "$RUN_TMP/stdin" "" -v --post-stop "busybox cat" -- \
		busybox true
	assert_contains "$output" event=hook-finished
	assert_not_contains "$output" secret
}

@test "without any argument, not even a name, it refuses to start" {
	requires python3
	run /usr/bin/python3 -c '
import ctypes, os, sys
null = (ctypes.c_char_p * 1)(None)
ctypes.CDLL(None).execve(sys.argv[1].encode(), null, null)' "$LASTCALL"
	assert_status 125
	assert_match "$output" '^lastcall: '
}

@test "whoever gets the pid of a reaped program is not killed for it" {
	requires root pidns busybox plain-binary
	[ -w /proc/sys/kernel/ns_last_pid ] || skip "no ns_last_pid here"
	root=$RUN_TMP/root
	mkdir -p "$root/bin"
	cp "$LASTCALL" "$FIXTURES"/{stray,sigprint} "$(command -v busybox)" \
		"$root/bin"
	# A subreaper without /proc, whose program ends and leaves a daemon that
	# does not; then a process of nobody's with the program's pid.
	in_pidns bash -c '
		cd "$1"
		chroot "$1" /bin/lastcall -v --grace 3s --scope child -- \
			/bin/busybox sh -c "trap \"exit 0\" TERM
				/bin/stray /bin/sigprint
				echo \$\$ >/main
				while :; do /bin/busybox sleep 0.05; done" \
			>/dev/null 2>log &
		until [ -s main ]; do sleep 0.02; done
		main=$(cat main)
		kill -TERM $!
		until grep -q child-exited log; do sleep 0.02; done
		until [ "${other:-0}" = "$main" ]; do
			echo $((main - 1)) >/proc/sys/kernel/ns_last_pid
			sleep 100 &
			other=$!
			[ "$other" = "$main" ] || kill "$other"
		done
		wait %1
		kill -0 "$other" && echo "alive, pid $other was $main"
		kill "$other"' - "$root" >"$OUT" 2>"$RUN_TMP/err" 3>&- || true
	assert_contains "$(cat "$OUT")" "alive, pid"
	assert_contains "$(cat "$root/log")" event=killed
}
