#!/usr/bin/env bats
# Processes that are not what they seem: dead, but not for lastcall to reap;
# not there, but in a false /proc; others, by the time that they are sent
# something.  None of them holds the stop, and no stranger is hit.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2153,SC2154

load helpers

# ------------------------------------------------- members whom others reap

@test "scope group: a member that is dead, and not reaped, counts as gone" {
	start --scope group --grace 10s --last-call 0 -- \
		"$FIXTURES/elsewhere" 0
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 143
	assert_equal "$(logged exited forced)" false
	assert_at_most "$(logged exited stop_ms)" 8000
}

@test "scope group: a member's end is seen although another process reaps it" {
	start --scope group --grace 10s --last-call 0 -- \
		"$FIXTURES/elsewhere" 500 reaps
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 143
	assert_equal "$(logged exited forced)" false
	assert_at_least "$(logged exited stop_ms)" 490
	assert_at_most "$(logged exited stop_ms)" 8000
}

# ------------------------------------------------------------- a false /proc

# In a chroot without procfs the program has made /proc, where a stranger is
# lastcall's child.
@test "a folder called /proc is not believed: no stranger is killed" {
	requires root
	ROOT=$RUN_TMP/root
	mkdir -p "$ROOT/proc" "$ROOT/bin"
	copy_lastcall "$ROOT"
	cp "$FIXTURES/sigprint" "$FIXTURES/worker" "$ROOT/bin"
	"$FIXTURES/sigprint" >"$RUN_TMP/stranger" 3>&- &
	STRANGER=$!
	track "$STRANGER"
	wait_for 'grep -q READY "$RUN_TMP/stranger"'
	start_command chroot "$ROOT" /lastcall --grace 2s -- /bin/worker -i
	wait_out READY
	ln -s "$PID" "$ROOT/proc/self"
	for pid in "$PID" "$STRANGER" "$(child_of "$PID")"; do
		mkdir "$ROOT/proc/$pid"
		cp "/proc/$pid/status" "$ROOT/proc/$pid"
		sed "s/) \(.\) [0-9]*/) \1 $PID/" "/proc/$pid/stat" \
			>"$ROOT/proc/$pid/stat"
	done
	kill -WINCH "$PID"
	stop_and_wait
	assert_equal "$STATUS" 137
	kill -0 "$STRANGER"
	kill -KILL "$STRANGER"
	assert_equal "$(sed 1d "$RUN_TMP/stranger")" ""
}

# ---------------------------------------------------------------- reused pids

# Makes lastcall's calls of that name slow.  An attached strace interrupts its
# wait once.
slow_down() { # NAME HOW
	strace -qq -p "$PID" -o "$RUN_TMP/calls" -e trace="$1" \
		-e inject="$1:$2" 3>&- &
	STRACE=$!
	track "$STRACE"
	wait_for 'grep -q "^TracerPid:	[1-9]" /proc/$PID/status'
}

# In the call of that number, as strace keeps it there.
wait_held() { # NUMBER
	wait_for 'grep -q "^'"$1"' " /proc/$PID/syscall'
}

# A stranger with that pid in the namespace, which leads a group of its own.
take_pid() { # PID
	enter_pidns sh -c '
		echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid
		setsid "$2" & [ $! = "$1" ] || echo "it has pid $!"
		wait' - "$1" "$FIXTURES/sigprint" >"$RUN_TMP/stranger" 3>&- &
	track $!
	wait_for 'grep -q . "$RUN_TMP/stranger"'
	grep -q "READY pid=$1 " "$RUN_TMP/stranger" ||
		fail "$(cat "$RUN_TMP/stranger")"
}

@test "a forwarded signal does not go to a stranger with a pid that was found" {
	requires root pidns strace x86-64
	start_pid1 --grace 2s -- sh -c '"$0" -x 10 & "$0" >"$1" & worker=$!
		until grep -q READY "$1"; do sleep 0.05; done
		echo "worker=$worker"; while :; do wait; sleep 0.05; done' \
		"$FIXTURES/sigprint" "$RUN_TMP/worker"
	wait_out worker=
	wait_out READY
	worker=$(sed -n 's/worker=//p' "$OUT")
	slow_down kill delay_enter=3000000:when=1
	kill -USR1 "$PID"
	wait_held 62
	# Found, and not yet sent the signal.
	enter_pidns kill -KILL "$worker"
	wait_for '! enter_pidns kill -0 "$worker" 2>/dev/null'
	take_pid "$worker"
	# The other one has it, from then on.
	wait_for 'grep -q "USR1 10" "$OUT"'
	stop_and_wait HUP
	# What PID 1 sends at the end is for everybody.
	assert_not_contains "$(<"$RUN_TMP/stranger")" USR1
}

@test "a stranger with the number of the program's group gets nothing" {
	requires root pidns
	# The program ends, and what it leaves is in a session of its own.
	in_pidns bash -c '
		"$0" -v --subreaper --scope group --linger 60s --grace 3s -- \
			sh -c "\"$1/stray\" sleep 1000; echo \$\$ >\"$2/main\"" 2>"$2/log" &
		until grep -q child-exited "$2/log"; do sleep 0.02; done
		main=$(cat "$2/main")
		until [ "${other:-0}" = "$main" ]; do
			echo $((main - 1)) >/proc/sys/kernel/ns_last_pid
			setsid "$1/sigprint" >"$2/stranger" &
			other=$!
			[ "$other" = "$main" ] || kill -KILL "$other"
		done
		until grep -q READY "$2/stranger"; do sleep 0.02; done
		kill -USR1 %1
		until grep -q forwarded "$2/log"; do sleep 0.02; done
		kill -TERM %1
		wait %1
		echo "ended with $?"
		kill -KILL "$other"' "$LASTCALL" "$FIXTURES" "$RUN_TMP" \
		>"$OUT" 2>"$RUN_TMP/err" 3>&- || true
	assert_contains "$(<"$OUT")" "ended with"
	assert_match "$(<"$RUN_TMP/stranger")" '^READY [^
]*$'
}

@test "what a hook has left is not looked for in the group of a stranger" {
	requires root pidns strace
	export RUN_TMP
	mkfifo "$RUN_TMP/go"
	start_pid1 --grace 60s --delay 40s --pre-stop \
		'sh -c "echo $$ >$RUN_TMP/hook; read line <$RUN_TMP/go"' \
		-- "$FIXTURES/sigprint" -x 15
	wait_out READY
	stop
	wait_for '[ -s "$RUN_TMP/hook" ]'
	hook=$(<"$RUN_TMP/hook")
	slow_down wait4 delay_exit=5000000
	echo >"$RUN_TMP/go"
	# Reaped, and lastcall does not know it yet.
	wait_for '! enter_pidns kill -0 "$hook" 2>/dev/null'
	take_pid "$hook"
	assert_not_contains "$(<"$LOG")" event=hook-finished
	kill "$STRACE"
	wait_log "event=hook-finished"
	enter_pidns kill -USR1 "$hook"
	wait_for 'grep -q "USR1 10" "$RUN_TMP/stranger"'
	kill -KILL "$PID"
	wait_exit
}

# Of the nine five are in the program's queue, and lastcall keeps one.  What is
# queued is counted for each user, of whom 23-queue.bats has another.
@test "a signal that is kept for a full queue does not go to a stranger" {
	requires root pidns strace setpriv
	open_folder
	# The hook leaves the stranger time to say what it gets.
	start_pid1 --post-stop 'sleep 1' -- prlimit --sigpending=5:5 \
		setpriv --reuid=54323 --clear-groups "$FIXTURES/sigprint" -w 10
	wait_out READY
	program=$(sed -n 's/READY pid=\([0-9]*\).*/\1/p' "$OUT")
	"$FIXTURES/sendqueue" "$PID" 35 9
	wait_for 'grep -qF "SigQ:	5/5" "/proc/$(child_of "$PID")/status"'
	# A signal to one that is dead, and not reaped, would be lost as well.
	kill -STOP "$PID"
	wait_for 'grep -q "^State:	[Tt]" /proc/$PID/status'
	slow_down wait4 delay_exit=5000000
	enter_pidns kill -KILL "$program"
	wait_for 'grep -q "^State:	Z" "/proc/$(child_of "$PID")/status"'
	kill -CONT "$PID"
	# Reaped, and lastcall does not know it yet.
	wait_for '! enter_pidns kill -0 "$program" 2>/dev/null'
	take_pid "$program"
	kill "$STRACE"
	wait_exit
	assert_equal "$STATUS" 137
	assert_not_contains "$(<"$RUN_TMP/stranger")" RTMIN+1
}
