#!/usr/bin/env bats
# Who a signal is for, with no option given: scripts as people write them,
# wrappers, pipelines and masters.  Nothing is worse than under a plain init.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2153,SC2154

load helpers

setup() {
	common_setup
	W=$FIXTURES/worker
	S=$FIXTURES/sigprint
	export W S FIXTURES LASTCALL
	cd "$RUN_TMP" || return 1
}

# Until the program is ready, and every worker that it names: one that has not
# taken TERM yet would just die of it.
wait_ready() { # ARG...
	local name
	wait_out READY
	for name in $(grep -oE -e '-n [a-z]+' <<<"$*" | cut -d' ' -f2); do
		wait_for "grep -qs '^$name READY' '$OUT' '$name'"
	done
}

# A program as PID 1's child, stopped with the signal once it is READY; the
# lines that it printed are then in $OUT.
stopped_as_pid1() { # SIGNAL ARG...
	local signal=$1
	shift
	requires pidns
	start_pid1 "$@"
	wait_ready "$@"
	stop_and_wait "$signal"
}

stopped_below() { # SIGNAL ARG...
	local signal=$1
	shift
	start "$@"
	wait_ready "$@"
	stop_and_wait "$signal"
}

# How many lines of the program's output hold the text.
printed() { # TEXT
	grep -cF -e "$1" "$OUT" || true
}

# ------------------------------------------------------------- scripts

@test "a script that stops its server with QUIT is not by-passed" {
	local script='trap "kill -QUIT \$p" TERM
		$W -s 3 -w 200 -n srv & p=$!; wait $p; wait $p'
	stopped_as_pid1 TERM --grace 8s -- bash -c "$script"
	assert_equal "$STATUS" 0
	assert_order "$OUT" "srv got 3" "srv DONE"
	assert_equal "$(printed got)" 1
	stopped_below TERM --grace 8s -- bash -c "$script"
	assert_order "$OUT" "srv got 3" "srv DONE"
	assert_equal "$(printed got)" 1
}

@test "a script that passes TERM on makes its server get one" {
	local shell
	for shell in bash dash; do
		stopped_as_pid1 TERM --grace 8s -- "$shell" -c \
			'trap "kill -TERM \$p" TERM
			$W -w 200 -n srv & p=$!; wait $p; wait $p'
		assert_equal "$STATUS" 0
		assert_equal "$(printed got)" 1
		assert_equal "$(printed DONE)" 1
	done
}

@test "two nested scripts that pass TERM on: the server gets one" {
	cat >inner <<-'END'
		trap 'kill -TERM $p' TERM
		$W -w 200 -n srv & p=$!; wait $p; wait $p
	END
	stopped_as_pid1 TERM --grace 8s -- bash -c \
		'trap "kill -TERM \$p" TERM
		bash ./inner & p=$!; wait $p; wait $p'
	assert_equal "$(printed got)" 1
	assert_equal "$(printed DONE)" 1
}

@test "a script that lets the running job finish loses nothing" {
	stopped_as_pid1 TERM --grace 8s -- sh -c \
		'trap "stop=1" TERM
		while [ -z "$stop" ]; do echo READY; sleep 0.5; echo job; done
		echo end'
	assert_equal "$STATUS" 0
	assert_order "$OUT" READY job end
	assert_equal "$(printed READY)" "$(printed job)"
}

@test "a pool behind a shell without a trap: each is told once, with the grace" {
	local script='$W -w 700 -n a & $W -w 700 -n b & wait'
	stopped_as_pid1 TERM --grace 8s -- sh -c "$script"
	assert_equal "$(printed got)" 2
	assert_equal "$(printed DONE)" 2
	stopped_below TERM --grace 8s -- sh -c "$script"
	assert_equal "$(printed DONE)" 2
}

@test "through several shells without a trap: told once" {
	stopped_as_pid1 TERM --grace 8s -- sh -c \
		'sh -c "bash -c \"\$W -w 300 -n deep; true\"; true"; true'
	assert_equal "$(printed got)" 1
	assert_equal "$(printed DONE)" 1
}

@test "a server in the foreground of a script whose trap waits: the last call" {
	stopped_as_pid1 TERM --grace 2s -- bash -c \
		'trap "echo bye" TERM; $W -n srv -w 100; echo after'
	assert_equal "$STATUS" 0
	assert_order "$OUT" "srv got 15" "srv DONE" bye after
	assert_equal "$(logged last-call count)" 1
	assert_equal "$(logged exited forced)" false
	assert_at_least "$(elapsed)" 1500
}

@test "a session from outside has its last call, too" {
	requires pidns nsenter
	start_pid1 --grace 2s -- bash -c 'trap "" TERM; echo READY
		while :; do read -rt 9 <> <(:); done'
	wait_out READY
	enter_pidns "$W" -n session -w 100 >session 3>&- &
	wait_for 'grep -q READY session'
	stop_and_wait
	assert_contains "$(<session)" "session DONE"
	assert_equal "$(logged last-call count)" 1
	assert_equal "$(logged survivor name)" bash
}

@test "without --last-call it is only killed" {
	stopped_as_pid1 TERM --grace 1s --last-call 0 -- bash -c \
		'trap "echo bye" TERM; $W -n srv -w 100; echo after'
	assert_equal "$(printed got)" 0
	assert_equal "$(logged exited forced)" true
}

@test "workers of a master that does not react have a last call" {
	stopped_below TERM --grace 2s -- bash -c \
		'trap "" TERM; bash -c "trap : TERM; \$W -n deaf -w 100
			while :; do read -t 9 <> <(:); done"'
	assert_equal "$(printed "deaf got 15")" 1
	assert_equal "$(printed "deaf DONE")" 1
}

# The program writes into the pipe until its end: who reads it has to stay.
@test "the last call leaves the reader of the program's log alone" {
	local init reader
	for init in stopped_as_pid1 stopped_below; do
		for reader in 'tee lines' 'cat | tee lines'; do
			"$init" TERM --grace 2s -- bash -c "exec > >($reader)"'
				trap "echo told" TERM
				$W -n job -w 100 & wait $!; wait $!
				echo last; exit 3'
			assert_equal "$(tr '\n' ' ' <lines)" \
				"job READY told job got 15 job DONE last "
			assert_equal "$STATUS" 3
			assert_equal "$(logged last-call count)" 1
		done
	done
}

@test "a server that reads a pipe has its last call" {
	stopped_below TERM --grace 2s -- bash -c \
		'trap "echo bye" TERM; tail -f /dev/null | $W -n srv -w 100'
	assert_equal "$(printed "srv DONE")" 1
}

@test "who reads a pipe and had no last call is killed and named" {
	stopped_below TERM --grace 1s -- bash -c \
		'exec > >(tee lines); trap "" TERM; echo READY
		while :; do read -rt 9 <> <(:); done'
	assert_equal "$(logged survivor name | sort | xargs)" "bash tee"
	assert_equal "$(logged last-call count)" ""
}

# ------------------------------------------------------------- masters

@test "a master that catches TERM is told, its workers are not" {
	cat >master.py <<-'END'
		import os, signal, sys, time
		def worker():
		    def told(*_):
		        print("worker TERM", flush=True)
		    signal.signal(signal.SIGTERM, told)
		    while True:
		        time.sleep(60)
		workers = []
		for _ in range(2):
		    pid = os.fork()
		    if pid == 0:
		        worker()
		    workers.append(pid)
		def stop(*_):
		    print("master TERM", flush=True)
		    time.sleep(0.3)
		    for pid in workers:
		        os.kill(pid, signal.SIGKILL)
		        os.waitpid(pid, 0)
		    sys.exit(0)
		signal.signal(signal.SIGTERM, stop)
		print("READY", flush=True)
		while True:
		    time.sleep(60)
	END
	stopped_as_pid1 TERM --grace 8s -- /usr/bin/python3 master.py
	assert_equal "$STATUS" 0
	assert_equal "$(printed TERM)" 1
	stopped_as_pid1 TERM --grace 8s -- sh -c '/usr/bin/python3 master.py; true'
	assert_equal "$(printed "master TERM")" 1
	assert_equal "$(printed "worker TERM")" 0
}

@test "an init below, which waits for signals, is told; it tells the others" {
	stopped_as_pid1 TERM --grace 8s -- \
		"$LASTCALL" --quiet --scope child -- bash -c \
		'trap "kill -QUIT \$p" TERM
		$W -s 3 -n srv & p=$!; wait $p; wait $p'
	assert_equal "$(printed got)" 1
	assert_equal "$(printed "srv got 3")" 1
}

@test "a program whose first thread has gone is told" {
	start --grace 8s -- sh -c '"$FIXTURES/leaderless" -t; true'
	wait_out READY
	stop_and_wait
	assert_equal "$(logged exited forced)" false
}

# ----------------------------------------------------------- pipelines

# Writes its last lines after TERM.
write_app() {
	cat >app <<-'END'
		trap 'echo last1; sleep 0.3; echo last2; exit 0' TERM
		echo READY
		while :; do sleep 0.1; done
	END
}

@test "the reader of a pipeline ends by end of file, with all of it read" {
	local i
	write_app
	for i in 1 2 3; do
		stopped_as_pid1 TERM --grace 8s -- \
			sh -c 'bash ./app | tee lines; true'
		assert_equal "$(tr '\n' ' ' <lines)" "READY last1 last2 "
		assert_equal "$(logged exited forced)" false
	done
}

@test "a process substitution that logs ends by end of file" {
	write_app
	stopped_as_pid1 TERM --grace 8s -- \
		bash -c 'exec > >(tee lines); bash ./app; true'
	assert_equal "$(tr '\n' ' ' <lines)" "READY last1 last2 "
}

@test "a slow reader has the time to read its pipe to the end" {
	write_app
	stopped_as_pid1 TERM --grace 8s -- sh -c \
		'bash ./app | while read -r l; do echo "$l"; sleep 0.2
			echo "$l" >>lines; done; true'
	assert_equal "$(tr '\n' ' ' <lines)" "READY last1 last2 "
}

@test "a reader that does not care about end of file gets TERM in the sweep" {
	stopped_as_pid1 TERM --grace 4s -- sh -c \
		'echo | "$S" -x 15 & $W -w 100; true'
	assert_equal "$(printed "TERM 15")" 1
	assert_equal "$(logged exited forced)" false
}

# ------------------------------------------------------------ wrappers

@test "a program behind flock has the whole grace" {
	stopped_as_pid1 TERM --grace 9s -- flock lock "$W" -w 3000 -n app
	assert_equal "$(printed "app got")" 1
	assert_equal "$(printed "app DONE")" 1
}

@test "a wrapper that forwards and dies leaves the program the rest of grace" {
	stopped_as_pid1 TERM --grace 9s -- bash -c \
		'trap "kill \$p; exit 0" TERM; $W -w 3000 -n app & p=$!; wait'
	assert_equal "$(printed "app DONE")" 1
	assert_equal "$(logged exited forced)" false
}

# ------------------------------------- entrypoints of well-known images

@test "an entrypoint that prepares and becomes its command: told once" {
	cat >entrypoint.sh <<-'END'
		#!/bin/bash
		set -e
		if [ "$1" = app ]; then shift; set -- "$W" -n app "$@"; fi
		(echo preparing; sleep 0.1) >/dev/null
		exec "$@"
	END
	chmod +x entrypoint.sh
	stopped_as_pid1 TERM --grace 8s -- ./entrypoint.sh app -w 200
	assert_equal "$STATUS" 0
	assert_equal "$(printed "app got 15")" 1
	assert_equal "$(printed "app DONE")" 1
}

@test "a game server that is told to save over its console" {
	cat >server.sh <<-'END'
		echo READY
		while read -r line; do
			[ "$line" = stop ] && { echo saving; sleep 0.5; echo saved; exit 0; }
		done
	END
	cat >entrypoint.sh <<-'END'
		mkfifo console
		bash ./server.sh <console & server=$!
		exec 3>console
		trap 'echo stop >&3; wait $server; exit 0' TERM
		wait $server
	END
	stopped_as_pid1 TERM --grace 8s -- bash ./entrypoint.sh
	assert_equal "$STATUS" 0
	assert_order "$OUT" saving saved
	assert_equal "$(logged exited forced)" false
}

@test "a helper in the background of an entrypoint that becomes the server" {
	stopped_as_pid1 TERM --grace 8s -- bash -c \
		'$W -n helper -w 100 >helper & exec $W -n server -w 300'
	assert_equal "$STATUS" 0
	assert_equal "$(printed "server DONE")" 1
	assert_equal "$(grep -c "helper DONE" helper)" 1
}

@test "two services in one script without a trap: both stop in order" {
	stopped_as_pid1 TERM --grace 8s -- bash -c \
		'set -m; $W -n cron -w 300 & $W -n web -w 300; fg'
	assert_equal "$(printed DONE)" 2
	assert_equal "$(printed got)" 2
}

@test "an entrypoint that cleans up at its exit, and its server" {
	stopped_as_pid1 TERM --grace 8s -- bash -c \
		'trap "echo cleaned up" EXIT; $W -n server -w 300'
	assert_equal "$(printed "server DONE")" 1
	assert_equal "$(printed "cleaned up")" 1
	assert_equal "$(logged exited forced)" false
}

# ------------------------------------------------------------- linger

@test "a job that a cron has started finishes, with no signal" {
	start --linger 30s -- bash -c '(trap "echo told" TERM; echo READY
		sleep 0.7; echo finished) & exit 3'
	wait_exit
	assert_equal "$STATUS" 3
	assert_order "$OUT" finished
	assert_equal "$(printed told)" 0
}

@test "when --linger is over it gets TERM" {
	requires pidns
	start_pid1 --linger 300ms -- bash -c '$W -n job & exit 0'
	wait_exit
	assert_equal "$(printed "job got 15")" 1
}

@test "a successor serves on for ever, and a stop request goes to it" {
	local where
	for where in stopped_as_pid1 stopped_below; do
		$where TERM --linger forever --grace 8s -- \
			bash -c '$W -w 200 -n successor & exit 0'
		assert_equal "$STATUS" 0
		assert_equal "$(printed "successor got 15")" 1
		assert_equal "$(printed "successor DONE")" 1
	done
}

@test "without a last call what lingers for ever is left alone up to SIGKILL" {
	stopped_as_pid1 TERM --linger forever --last-call 0 --grace 1500ms -- \
		bash -c 'trap "exit 0" TERM; $W -n job & while :; do wait; done'
	assert_equal "$STATUS" 0
	assert_equal "$(printed "job got")" 0
	assert_equal "$(logged killed why)" deadline
	# With one it gets TERM then.
	stopped_as_pid1 TERM --linger forever --grace 8s -- \
		bash -c 'trap "exit 0" TERM; $W -n job & while :; do wait; done'
	assert_equal "$(printed "job got 15")" 1
}

@test "a successor that lingers is ready, and gets what is forwarded" {
	requires pidns
	start_pid1 --linger forever -- bash -c '$S -n 2 & exit 0'
	wait_out READY
	wait_for '! [ -d "/proc/$PID/root/proc/2" ]' 5
	assert_equal "$(cat "/proc/$PID/comm")" lastcall:ready
	kill -USR1 "$PID"
	wait_out "USR1 10"
	stop_and_wait
	assert_equal "$(printed "TERM 15")" 1
}

# ----------------------------------------------------------- forwarding

@test "HUP behind sh -c reloads the server, and the shell lives on" {
	requires pidns
	start_pid1 --grace 8s -- sh -c '"$S" -n 2; echo "shell lives"'
	wait_out READY
	kill -HUP "$PID"
	wait_out "HUP 1"
	kill -USR2 "$PID"
	wait_exit
	assert_order "$OUT" "HUP 1" "USR2 12" "shell lives"
}

@test "a signal that nobody takes ends whom it ends" {
	start -- sh -c 'echo READY; sleep 60; true'
	wait_out READY
	kill -USR1 "$PID"
	wait_exit
	assert_equal "$STATUS" 138
}

@test "a real-time signal is for who takes it" {
	start -- sh -c '"$S" -n 1; echo "shell lives"'
	wait_out READY
	kill -RTMIN+5 "$PID"
	wait_exit
	assert_order "$OUT" "RTMIN+5" "shell lives"
}

@test "a program that catches the signal costs one read of one file" {
	local calls
	requires strace plain-binary
	start_command strace -qq -o trace \
		-e trace=openat,readlinkat,kill,getdents64 \
		"$LASTCALL" -- bash -c 'trap "echo USR1 10" USR1
		trap exit USR2; echo READY; while :; do read -t 60 <> <(:); done'
	wait_out READY
	kill -USR1 "$(child_of "$PID")"
	wait_out "USR1 10"
	wait_for 'grep -q "kill(.*USR1" trace'
	calls=$(wc -l <trace)
	kill -USR2 "$(child_of "$PID")"
	wait_exit
	sed -i "1,${calls}d" trace
	assert_equal "$(grep -c '/stat"' trace)" 1
	assert_equal "$(grep -c 'getdents64\|readlinkat' trace || true)" 0
}

# ------------------------------------------------- a parent that ignores it

# Whoever ignores a signal lives on: with it gone to its job alone, a script
# would go on with what the job has not done.
@test "the job of a script that ignores TERM is not cut off" {
	start --grace 10s --last-call 0 -- sh -c 'trap "" TERM
		env --default-signal=TERM sh -c "trap \"exit 0\" TERM
			echo job; sleep 2 & wait; echo done" && echo committed'
	wait_out job
	stop_and_wait
	assert_equal "$STATUS" 0
	assert_order "$OUT" job 'done' committed
	assert_equal "$(logged exited forced)" false
}

@test "HUP to a script that ignores it ends nothing that it has started" {
	start --grace 10s -- sh -c 'sleep 2 & p=$!; trap "" HUP
		echo READY; wait $p; echo code=$?'
	wait_out READY
	kill -HUP "$PID"
	wait_exit
	assert_equal "$STATUS" 0
	assert_contains "$(<"$OUT")" code=0
}
