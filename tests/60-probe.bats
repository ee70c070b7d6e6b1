#!/usr/bin/env bats
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2034,SC2153,SC2154
# The probe and the ready file: who says ready, alive, and why not.

load helpers

# The probe, as a kubelet's exec runs it in the container.  A check has the time
# that it needs on a busy machine.
probe() { # ARG...
	LASTCALL_TIMEOUT=${LASTCALL_TIMEOUT:-20s} \
		enter_pidns "$LASTCALL" --probe "$@"
}

# A lastcall as PID 1, whose child has said READY.
start_ready() { # OPTION...
	start_pid1 --grace 20s "$@" -- "$FIXTURES/sigprint" -x 15
	track "$UNSHARE_PID"
	wait_out READY
	wait_phase ready
}

wait_phase() { # PHASE
	local name=lastcall:$1
	wait_for '[ "$(cat "/proc/$PID/comm")" = "$name" ]'
}

# The test's processes whose command line begins so.
running() { # COMMAND
	local pid line
	for pid in $(marked); do
		line=$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") || continue
		case $line in "$1"*) echo "$pid" ;; esac
	done
}

# One line, on stderr, and nothing on stdout.
assert_says() { # STATUS LINE; after run --separate-stderr
	assert_status "$1"
	assert_equal "$output" ""
	assert_equal "$stderr" "$2"
}

# ------------------------------------------------------------------- phases

@test "ready and live say yes, without a word, while the child runs" {
	requires pidns nsenter
	start_ready
	local kind
	for kind in ready live; do
		run probe "$kind"
		assert_status 0
		assert_equal "$output" ""
	done
}

@test "in the drain ready says no, and why, while live goes on saying yes" {
	requires pidns nsenter
	start_ready --delay 10s
	kill -TERM "$PID"
	wait_phase drain
	run --separate-stderr probe ready
	assert_status 1
	assert_equal "$output" ""
	assert_match "$stderr" \
		'^lastcall: not ready: phase drain, ([0-9]+ms|[0-9.]+s) since SIGTERM$'
	run probe live
	assert_status 0
	wait_for 'probe ready 2>&1 | grep -qE "phase drain, [1-9][0-9.]*s since"'
	run probe live
	assert_status 0
}

@test "live says yes through every phase of a shutdown, ready in none" {
	requires pidns nsenter
	# Each phase lasts until it has been asked for.
	local phase hook="sh -c 'until [ -e $RUN_TMP/\$LASTCALL_PHASE ]
		do sleep 0.05; done'"
	export RUN_TMP FIXTURES
	start_pid1 --grace 50s --sweep 20s --pre-stop "$hook" \
		--post-stop "$hook" --post-stop-limit 20s -- sh -c '
		"$FIXTURES/sigprint" -i 15 -x 10 >"$RUN_TMP/stray" &
		exec "$FIXTURES/sigprint" -x 10'
	wait_out READY
	wait_for '[ -s "$RUN_TMP/stray" ]'
	wait_phase ready
	kill -TERM "$PID"
	for phase in drain stop sweep post; do
		wait_phase "$phase"
		run probe live
		assert_status 0
		run probe ready
		assert_status 1
		assert_contains "$output" "not ready: phase $phase, "
		case $phase in
		drain | post) touch "$RUN_TMP/$phase" ;;
		*) kill -USR1 "$(child_of "$PID")" ;;
		esac
	done
	wait_exit
	assert_equal "$STATUS" 0
}

@test "a stop signal other than TERM is named" {
	requires pidns nsenter
	start_ready --delay 10s --on TERM,RTMIN+3
	kill -37 "$PID"
	wait_phase drain
	run probe ready
	assert_status 1
	assert_contains "$output" " since SIGRTMIN+3"
}

# ------------------------------------------------------------------- checks

@test "a check decides in phase ready; its own output passes through" {
	requires pidns nsenter
	start_ready
	run probe ready -- sh -c 'echo fine'
	assert_status 0
	assert_equal "$output" fine
	run --separate-stderr probe ready -- sh -c 'echo broken; exit 3'
	assert_status 1
	assert_equal "$output" broken
	assert_equal "$stderr" "lastcall: not ready: 'sh' exited with 3"
	run --separate-stderr probe live -- sh -c 'kill -KILL $$'
	assert_says 1 "lastcall: not live: 'sh' was killed by SIGKILL"
	run --separate-stderr probe ready -- /no/such/check
	assert_says 1 "lastcall: not ready: cannot run '/no/such/check': no such file or directory"
}

@test "where no check is named LASTCALL_READY_CHECK decides ready, and not live" {
	requires pidns nsenter
	start_ready
	export LASTCALL_READY_CHECK="test -e $RUN_TMP/up"
	run --separate-stderr probe ready
	assert_says 1 "lastcall: not ready: '$LASTCALL_READY_CHECK' exited with 1"
	run probe live
	assert_status 0
	run probe ready -- true
	assert_status 0
	touch "$RUN_TMP/up"
	run probe ready
	assert_status 0
	run --separate-stderr probe ready -- false
	assert_says 1 "lastcall: not ready: 'false' exited with 1"
}

@test "a check is not run in the other phases" {
	requires pidns nsenter
	start_ready --delay 10s
	kill -TERM "$PID"
	wait_phase drain
	run probe live -- sh -c "touch $RUN_TMP/ran; exit 1"
	assert_status 0
	run probe ready -- touch "$RUN_TMP/ran"
	assert_status 1
	assert_contains "$output" "phase drain"
	[ ! -e "$RUN_TMP/ran" ]
}

@test "a check that hangs is killed with what it started" {
	requires pidns nsenter
	start_ready
	local check='trap "" TERM INT; sleep 1000 & wait'
	run --separate-stderr probe ready --timeout 300ms -- sh -c "$check"
	assert_status 1
	assert_equal "$stderr" "lastcall: not ready: 'sh': no answer within 300ms"
	wait_for '[ -z "$(running "sleep 1000")" ]'
}

@test "the timeout is 1s where none is given" {
	requires pidns nsenter
	start_ready
	BEGAN=$(now_ms)
	run enter_pidns "$LASTCALL" --probe ready -- sleep 1000
	assert_status 1
	assert_contains "$output" "no answer within 1s"
	assert_at_least "$(elapsed)" 990
}

@test "a probe that is killed takes its check along" {
	requires pidns nsenter
	start_ready
	probe ready --timeout 1m -- sleep 1234 3>&- &
	wait_for '[ -n "$(running "sleep 1234")" ]'
	kill -KILL "$(running "$LASTCALL --probe ready" | head -1)"
	wait_for '[ -z "$(running "sleep 1234")" ]'
	# And what the check has started.
	probe ready --timeout 1m -- sh -c 'sleep 1235 & wait' 3>&- &
	wait_for '[ -n "$(running "sleep 1235")" ]'
	kill -KILL "$(running "$LASTCALL --probe ready" | head -1)"
	wait_for '[ -z "$(running "sleep 1235")" ]'
}

@test "a check gets the signals that the probe was given, not lastcall's" {
	requires pidns nsenter
	start_ready
	run probe ready -- grep SigBlk /proc/self/status
	assert_equal "$output" $'SigBlk:\t0000000000000000'
}

@test "a check does not see the option variables" {
	requires pidns nsenter
	start_ready
	LASTCALL_TIMEOUT=5s LASTCALL_GRACE=9s run probe ready -- env
	assert_status 0
	assert_not_contains "$output" LASTCALL_
}

@test "--http asks the program itself" {
	requires pidns nsenter python3
	python3 "$TOP/tests/beside/http_server.py" tcp4 "unix:$RUN_TMP/s" \
		>"$RUN_TMP/server" 3>&- &
	track $!
	wait_for 'grep -q READY "$RUN_TMP/server"'
	local port at
	port=$(sed -n 's/^PORT //p' "$RUN_TMP/server")
	at=http://127.0.0.1:$port
	start_ready
	run probe ready --http "$at/ok"
	assert_status 0
	assert_equal "$output" ""
	run probe live --http "http://unix:$RUN_TMP/s:/204"
	assert_status 0
	run --separate-stderr probe ready --http "$at/status/503"
	assert_says 1 "lastcall: not ready: GET $at/status/503 answered 503"
	run --separate-stderr probe live --http http://127.0.0.1:1/x
	assert_says 1 "lastcall: not live: GET http://127.0.0.1:1/x: connection refused"
	run --separate-stderr probe ready --timeout 200ms --http "$at/silent"
	assert_says 1 "lastcall: not ready: $at/silent: no answer within 200ms"
}

# ----------------------------------------------------------- whose lastcall

# Runs the script on stdin as PID 1; $0 is lastcall.  `named N NAME` waits
# until N processes have the name and says which.
as_pid1() { # [LASTCALL]
	{
		cat <<-'END'
			named() {
				local tries=0
				until [ "$(pids "$2" | wc -l)" = "$1" ]; do
					tries=$((tries + 1))
					[ $tries -lt 200 ] || return 1
					sleep 0.02
				done
				pids "$2"
			}
			pids() {
				grep -lx "$1" /proc/[0-9]*/comm 2>/dev/null |
					cut -d/ -f3
			}
		END
		cat
	} >"$RUN_TMP/script"
	in_pidns bash -c "$(cat "$RUN_TMP/script")" "${1:-$LASTCALL}" \
		</dev/null >"$OUT" 2>&1 3>&- || true
}

@test "where no lastcall runs the probe fails, and says who is PID 1" {
	requires pidns
	as_pid1 <<-'END'
		"$0" --probe ready
		echo "exit code $?"
	END
	assert_equal "$(cat "$OUT")" \
		"lastcall: not ready: PID 1 is 'bash', and no lastcall runs in this container
exit code 1"
}

@test "in a shared process namespace the container's own lastcall is asked" {
	requires root pidns mountns nsenter
	# Two containers: mount namespaces of their own, one PID 1 for both.
	as_pid1 <<-'END'
		unshare --mount -- "$0" --delay 10s -- sleep 1000 &
		one=$(named 1 lastcall:ready)
		"$0" --probe ready && echo "somebody's"
		unshare --mount -- "$0" -- sleep 1000 &
		both=$(named 2 lastcall:ready)
		kill -TERM "$one"
		named 1 lastcall:drain
		two=$(named 1 lastcall:ready)
		nsenter -t "$two" -m -r -w -- "$0" --probe ready && echo "two is ready"
		nsenter -t "$one" -m -r -w -- "$0" --probe ready || echo "one is not"
		kill -KILL "$one" "$two"
	END
	assert_contains "$(cat "$OUT")" \
		"not ready: PID 1 is 'bash', and no lastcall runs"
	assert_not_contains "$(cat "$OUT")" somebody
	assert_contains "$(cat "$OUT")" "two is ready"
	assert_match "$(cat "$OUT")" 'not ready: phase drain, [0-9.]+m?s since'
	assert_contains "$(cat "$OUT")" "one is not"
}

# Two containers that share a process namespace, each with a lastcall: one
# begins it, and OTHER joins it (docker run --pid=container:ONE).  Each has a
# mount namespace of its own.
start_two() {
	start_ready --delay 20s --grace 40s
	nsenter -t "$PID" -p -m -r -w unshare --mount -- \
		"$LASTCALL" --delay 20s --grace 40s -- \
		"$FIXTURES/sigprint" -x 15 >"$RUN_TMP/other" 2>&1 3>&- &
	JOINED=$!
	track "$JOINED"
	wait_for 'grep -q READY "$RUN_TMP/other"'
	OTHER=$(child_of "$JOINED")
	wait_for '[ "$(cat "/proc/$OTHER/comm")" = lastcall:ready ]'
}

# The probe in the container of that process.
probe_in() { # PID ARG...
	local pid=$1
	shift
	nsenter -t "$pid" -p -m -r -w -- "$LASTCALL" --probe "$@"
}

@test "in another container's process namespace each probe asks its own" {
	requires root pidns mountns nsenter
	start_two
	stop
	wait_phase drain
	run probe_in "$PID" ready
	assert_status 1
	assert_contains "$output" "not ready: phase drain, "
	run probe_in "$OTHER" ready
	assert_status 0
	kill -KILL "$PID"
	wait_gone "$OTHER"
}

@test "in another container's process namespace its own stop is seen" {
	requires root pidns mountns nsenter
	start_two
	kill -TERM "$OTHER"
	wait_for '[ "$(cat "/proc/$OTHER/comm")" = lastcall:drain ]'
	run probe_in "$OTHER" ready
	assert_status 1
	assert_match "$output" "not ready: phase drain, .* since SIGTERM"
	run probe_in "$PID" ready
	assert_status 0
	kill -KILL "$PID"
	wait_gone "$OTHER"
}

@test "a container without a lastcall does not get another's answer" {
	requires root pidns mountns nsenter
	start_ready
	run nsenter -t "$PID" -p -m -r -w unshare --mount -- "$LASTCALL" --probe ready
	assert_status 1
	assert_equal "$output" "lastcall: not ready: PID 1 is another container's lastcall, and no lastcall runs in this container"
	kill -KILL "$PID"
}

@test "a PID 1 that may not be looked at is asked, but for its own one" {
	requires root pidns mountns nsenter setpriv
	open_folder
	local other=(setpriv --reuid 54321 --regid 54321 --clear-groups)
	start_ready --delay 20s
	# A second container of that user's.
	nsenter -t "$PID" -p -m -r -w unshare --mount -- "${other[@]}" \
		"$LASTCALL" -- "$FIXTURES/sigprint" -x 15 \
		>"$RUN_TMP/other" 2>&1 3>&- &
	track $!
	wait_for 'grep -q READY "$RUN_TMP/other"'
	OTHER=$(child_of $!)
	wait_for '[ "$(cat "/proc/$OTHER/comm")" = lastcall:ready ]'
	kill -TERM "$PID"
	wait_phase drain
	run nsenter -t "$OTHER" -p -m -r -w -- "${other[@]}" "$LASTCALL" --probe ready
	assert_status 0
	# In the first container that user is somebody beside PID 1.
	run enter_pidns "${other[@]}" "$LASTCALL" --probe ready
	assert_status 1
	assert_contains "$output" "phase drain"
	kill -KILL "$PID"
	wait_gone "$OTHER"
}

@test "--probe works under the names of the other inits" {
	requires pidns nsenter
	local name
	for name in tini tini-static docker-init dumb-init catatonit \
		podman-init; do
		ln -s "$LASTCALL" "$RUN_TMP/$name"
	done
	start_pid1_command env LASTCALL_GRACE=20s LASTCALL_DELAY=10s \
		"$RUN_TMP/tini" -- "$FIXTURES/sigprint" -x 15
	track "$UNSHARE_PID"
	wait_out READY
	wait_phase ready
	for name in tini tini-static docker-init dumb-init catatonit \
		podman-init; do
		run enter_pidns "$RUN_TMP/$name" --probe ready
		assert_equal "$name $status $output" "$name 0 "
		run enter_pidns "$RUN_TMP/$name" --probe=live
		assert_status 0
	done
	stop
	wait_phase drain
	run enter_pidns "$RUN_TMP/docker-init" --probe ready
	assert_status 1
	assert_contains "$output" "lastcall: not ready: phase drain"
	run enter_pidns "$RUN_TMP/docker-init" --probe maybe
	assert_status 125
	# It is the first word, or one of the program's.
	run "$RUN_TMP/tini" -s -- echo --probe ready
	assert_equal "$output" "--probe ready"
	kill -KILL "$PID"
}

@test "several lastcalls of one container that disagree are an error" {
	requires pidns
	as_pid1 <<-'END'
		"$0" --delay 10s -- sleep 1000 &
		"$0" -- sleep 1000 &
		named 2 lastcall:ready >/dev/null
		"$0" --probe ready && echo "they agree"
		kill -TERM %1
		named 1 lastcall:drain >/dev/null
		"$0" --probe ready || echo "exit code $?"
		kill -KILL %1 %2
	END
	assert_contains "$(cat "$OUT")" "they agree"
	assert_contains "$(cat "$OUT")" "lastcall: not ready: PID 1 is 'bash', and the lastcalls of this container are in different phases"
	assert_contains "$(cat "$OUT")" "exit code 1"
}

@test "a lastcall of another user is not taken for this container's" {
	requires root pidns setpriv
	local box=$RUN_TMP/box
	install -m 755 "$LASTCALL" "$box"
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
	as_pid1 "$box" <<-'END'
		"$0" -- sleep 1000 &
		named 1 lastcall:ready >/dev/null
		setpriv --reuid 54321 --regid 54321 --clear-groups \
			"$0" --probe ready || echo "exit code $?"
		kill -KILL %1
	END
	assert_contains "$(cat "$OUT")" \
		"only another user's lastcall runs here"
	assert_contains "$(cat "$OUT")" "exit code 1"
}

@test "another user than lastcall's gets the answer, if not the time" {
	requires root pidns nsenter setpriv
	local box=$RUN_TMP/box
	install -m 755 "$LASTCALL" "$box"
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
	start_ready --delay 10s
	local other=(setpriv --reuid 54321 --regid 54321 --clear-groups)
	run enter_pidns "${other[@]}" "$box" --probe ready
	assert_status 0
	kill -TERM "$PID"
	wait_phase drain
	run enter_pidns "${other[@]}" "$box" --probe ready
	assert_status 1
	assert_equal "$output" "lastcall: not ready: phase drain"
}

# ------------------------------------------------------------- in a container

# A container of runc's with lastcall as PID 1, of user 1000, its root
# read-only; the child is busybox's sleep.
start_container() { # OPTION...
	local b=$RUN_TMP/bundle
	mkdir -p "$b/rootfs/bin" "$b/rootfs/proc" "$b/rootfs/dev" "$b/rootfs/sys"
	cp "$(type -P busybox)" "$b/rootfs/bin/busybox"
	copy_lastcall "$b/rootfs"
	(cd "$b" && runc spec)
	python3 - "$b/config.json" "$@" <<'END'
import json, sys
path, options = sys.argv[1], sys.argv[2:]
spec = json.load(open(path))
spec["process"]["args"] = (["/lastcall"] + options +
                           ["--", "/bin/busybox", "sleep", "1000"])
spec["process"]["terminal"] = False
spec["process"]["user"] = {"uid": 1000, "gid": 1000}
spec["process"]["noNewPrivileges"] = True
for kind in spec["process"]["capabilities"]:
    spec["process"]["capabilities"][kind] = []
spec["linux"].pop("resources", None)
json.dump(spec, open(path, "w"))
END
	BOX=lastcall-probe-$$-$BATS_TEST_NUMBER
	runc run -b "$b" "$BOX" </dev/null >"$OUT" 2>"$LOG" 3>&- &
	PID=$!
	wait_for 'runc exec "$BOX" /lastcall --probe ready 2>/dev/null'
}

stop_container() {
	runc kill "$BOX" KILL || true
	wait_exit
	runc delete -f "$BOX" 2>/dev/null || true
}

# bats test_tags=check
@test "runc exec, as the container's own user, asks and is answered" {
	requires root runc busybox python3
	start_container --grace 20s --delay 10s
	run runc exec "$BOX" /bin/busybox id -u
	assert_equal "$output" 1000
	run runc exec "$BOX" /lastcall --probe ready --timeout 20s -- /bin/busybox true
	assert_status 0
	run runc exec "$BOX" /lastcall --probe ready --timeout 20s -- /bin/busybox false
	assert_status 1
	assert_equal "$output" \
		"lastcall: not ready: '/bin/busybox' exited with 1"
	runc kill "$BOX" TERM
	wait_log drain-started
	run runc exec "$BOX" /lastcall --probe ready
	assert_status 1
	assert_match "$output" \
		'^lastcall: not ready: phase drain, [0-9.]+m?s since SIGTERM$'
	run runc exec "$BOX" /lastcall --probe live
	assert_status 0
	stop_container
}

# --------------------------------------------------------- the command line

@test "a bad command line of the probe is 125" {
	run "$LASTCALL" --probe
	assert_status 125
	run "$LASTCALL" --probe maybe
	assert_status 125
	run "$LASTCALL" --probe ready --timeout soon
	assert_status 125
	run "$LASTCALL" --probe ready --http http://example.com/
	assert_status 125
	run "$LASTCALL" --probe ready --http http://127.0.0.1/ -- true
	assert_status 125
	assert_equal "${#lines[@]}" 1
}

# ------------------------------------------------------------ the ready file

@test "a ready file that cannot be made is warned about, and not fatal" {
	start --ready-file /no/such/folder/ready -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	wait_log ready
	assert_contains "$(cat "$LOG")" event=warning
	stop_and_wait
	assert_equal "$STATUS" 0
}

@test "the ready file goes when the child ends by itself" {
	assert_removed_at_the_end "$RUN_TMP/ready"
}

@test "a ready file that is a pipe nobody reads does not stop the clock" {
	mkfifo "$RUN_TMP/ready"
	start --ready-file "$RUN_TMP/ready" -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 0
	assert_order "$LOG" "cannot create the ready file" stop-requested
}
