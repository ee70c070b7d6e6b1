#!/usr/bin/env bats
# 80-compat-tini.bats - lastcall as tini, tini-static and docker-init: every
# row is run against tini itself, too.

# shellcheck disable=SC2154 # status, output and stderr come from bats

load helpers
load compat

quiet=TINI_SUBREAPER=

@test "tini, tini-static and docker-init: a copy and a link run the program" {
	names() { row 3 =hi - $quiet -- -- sh -c 'echo hi; exit 3'; }
	local KINDS="peer copy link"
	each tini names
	each tini-static names
	each docker-init names
}

@test "tini: the version line is only for a sole --version" {
	version() {
		row 0 "=tini version 0.19.0" - -- --version
		row 1 - "invalid option -- '-'" -- --version true
		row 1 - "invalid option -- 'V'" -- -V
	}
	each tini version
	each docker-init version
}

@test "tini: help and licence go to stdout, usage errors to stderr" {
	texts() {
		row 0 "supervision of a valid init process" - -- -h
		row 0 "-e" - -- -vh
		row 0 MIT - -- -l
		row 1 - "supervision of a valid init process" --
		row 1 - "supervision of a valid init process" -- -v --
		row 1 - "$INIT: invalid option -- 'x'" -- -x true
		assert_contains "$ERRED" "supervision of a valid init process"
		row 1 - "$INIT: invalid option -- '2'" -- -v2 true
		row 1 - "$INIT: option requires an argument -- 'p'" -- -p
		row 1 - "$INIT: option requires an argument -- 'e'" -- -ve
		row 1 - "invalid option -- '-'" -- --yolo true
	}
	each tini texts
}

@test "tini: options are found behind the program, as getopt permutes" {
	permuted() {
		row 1 - "invalid option -- 'c'" $quiet -- sh -c 'exit 3'
		row 0 MIT - $quiet -- ls -l
		row 0 "=-l" - $quiet -- echo -- -l
		row 0 "a b -l" - $quiet -- echo a -v -- b -l
		row 0 "=- a" - $quiet -- echo - a
		row 3 - - $quiet POSIXLY_CORRECT= -- sh -c 'exit 3'
		row 0 "=a -v" - $quiet POSIXLY_CORRECT=1 -- echo a -v
	}
	each tini permuted
}

@test "tini: -e takes 0 to 255 and -p a full name, or it says which is bad" {
	values() {
		local bad
		for bad in 256 -1 x 3x 0x3; do
			row 1 - "Not a valid option for -e: $bad" -- \
				-e "$bad" -- true
		done
		for bad in TERM sigterm 15 SIGRTMIN SIGNOPE ""; do
			row 1 - "Not a valid option for -p: $bad" -- \
				-p "$bad" -- true
		done
		row 1 - "[FATAL tini (" -- -p x true
		row 0 - - $quiet -- -e " 3" -e 03 -- sh -c 'exit 3'
		row 3 - - $quiet -- -e "" -- sh -c 'exit 3'
		row 0 - - $quiet -- -e143 -- sh -c 'kill $$'
		row 0 - - $quiet -- -p SIGKILL -- true
	}
	each tini values
}

@test "tini: -e N turns exit code N into 0 for every N" {
	codes() { # N...
		local n code
		echo "# $WHO"
		for n; do
			code=0
			TINI_SUBREAPER="" "$INIT" -e "$n" -- \
				sh -c "exit $n" || code=$?
			assert_equal "-e $n: $code" "-e $n: 0"
		done
	}
	KINDS=peer each tini codes 0 1 63 64 127 128 143 255
	KINDS="link" each tini codes {0..255}
}

@test "tini: the child's exit code, and 128+n for signal n" {
	codes() {
		row 0 - - $quiet -- true
		row 255 - - $quiet -- -- sh -c 'exit 255'
		row 143 - - $quiet -- -- sh -c 'kill $$'
		row 137 - - $quiet -- -- sh -c 'kill -9 $$'
	}
	each tini codes
}

@test "tini: a program that cannot be run is 127 or 126, and is named" {
	touch "$RUN_TMP/data"
	printf 'exit 7\n' >"$RUN_TMP/script"
	printf '#!/no/such/interpreter\n' >"$RUN_TMP/orphaned"
	chmod +x "$RUN_TMP/script" "$RUN_TMP/orphaned"
	failing() {
		row 127 - "exec nosuch failed: No such file or directory" \
			$quiet -- nosuch
		row 127 - "[FATAL tini (" $quiet -- -- /no/such
		row 126 - "exec $RUN_TMP/data failed: Permission denied" \
			$quiet -- "$RUN_TMP/data"
		row 126 - "Permission denied" $quiet -- /
		row 127 - "No such file" $quiet -- "$RUN_TMP/orphaned"
		row 1 - "Not a directory" $quiet -- "$RUN_TMP/data/x"
		row 7 - - $quiet -- "$RUN_TMP/script"
		row 127 - "[FATAL tini (" TINI_VERBOSITY=0 -- nosuch
	}
	each tini failing
}

@test "tini: the environment's variables" {
	variables() {
		local warning="zombie reaping won't work"
		row 0 - "$warning" -- true
		row 0 - - TINI_SUBREAPER= -- true
		row 0 - - TINI_SUBREAPER=0 -- true
		row 0 - - -- -s true
		row 0 - - TINI_VERBOSITY= -- true
		row 0 - - TINI_VERBOSITY=0 -- -vvv true
		row 0 - - TINI_VERBOSITY=junk -- -vvv true
		row 0 - "$warning" TINI_VERBOSITY=1 -- -vvv true
		row 0 "Received SIGCHLD" - $quiet TINI_VERBOSITY=3x -- true
	}
	each tini variables
}

@test "tini: warns only where nobody's orphans come to it" {
	requires pidns python3
	first() {
		echo "# $WHO"
		run --separate-stderr in_pidns "$INIT" -- true
		assert_status 0
		assert_equal "$stderr" ""
	}
	# PR_SET_CHILD_SUBREAPER is 36, and is kept over exec.
	subreaper() {
		echo "# $WHO"
		run --separate-stderr python3 -c '
import ctypes, os, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
os.execv(sys.argv[1], sys.argv[1:])' "$INIT" -- true
		assert_status 0
		assert_equal "$stderr" ""
	}
	each tini first
	each tini subreaper
}

@test "tini: what -v says, and where" {
	verbose() {
		local pid="with pid '[0-9]+'"
		row 0 "Received SIGCHLD" - $quiet -- -vv true
		assert_contains "$SAID" "[DEBUG tini ("
		assert_match "$SAID" "DEBUG tini .*Reaped child with pid: '"
		row 0 "Received SIGCHLD" - $quiet -- -vvv true
		row 3 "Main child exited normally (with status '3')" - \
			$quiet -- -v -- sh -c 'exit 3'
		assert_match "$SAID" "\[INFO  tini \([0-9]+\)] Spawned"
		assert_match "$SAID" "Spawned child process 'sh' $pid"
		assert_not_contains "$SAID" DEBUG
		row 143 "Main child exited with signal (" - \
			$quiet -- -v -- sh -c 'kill $$'
		row 0 - - $quiet -- true
	}
	each tini verbose
}

@test "tini: the child has a process group of its own in the init's session" {
	group() {
		start_sigprint -s --
		assert_contains "$(<"$OUT")" "pid=$CHILD pgrp=$CHILD"
		assert_equal "$(ps -o sid= -p "$CHILD")" \
			"$(ps -o sid= -p "$PID")"
		assert_equal "$(ps -o pgid= -p "$PID")" \
			"$(ps -o pgid= -p $$)"
		end_sigprint
		assert_equal "$STATUS" 137
	}
	each tini group
}

@test "tini: signals reach the child, real-time ones too, but ten do not" {
	signals() {
		local forwarded="1 2 3 10 13 14 15 16 18 20 23 24 25 26 27 28 29 30"
		forwarded+=" $(seq -s ' ' 34 64)"
		start_sigprint -s --
		# shellcheck disable=SC2086 # numbers
		send_each $forwarded
		send_lost 21 22
		assert_equal "$(received)" "$forwarded 12"
		end_sigprint
	}
	each tini signals
	# The other eight are fatal for a tini that is not PID 1.
	lost() {
		echo "# $WHO"
		start_pid1_command "$INIT" -- "$FIXTURES/sigprint"
		wait_out READY
		send_lost 17 21 22 8 4 11 7 6 5 31
		assert_equal "$(received)" 12
		stop_and_wait KILL
	}
	requires pidns
	each tini lost
}

@test "tini: a fault's signal to the init itself ends it, unless it is PID 1" {
	local signal
	ulimit -c 0
	each tini ends_by_fault 6 -s
	for signal in 8 4 11 7 5 31; do
		KINDS="peer link" each tini ends_by_fault "$signal" -s
	done
	# With an ordered shutdown, too.
	export LASTCALL_GRACE=9s KINDS=link
	each tini ends_by_fault 6 -s
	each docker-init ends_by_fault 11 -s
}

@test "tini: a signal that ends the child gives 128+n" {
	ended() { # SIGNAL
		echo "# $WHO $1"
		start_command "$INIT" -s -- sh -c 'echo READY; exec sleep 60'
		wait_out READY
		kill -"$1" "$PID"
		wait_exit
		assert_equal "$STATUS" $((128 + $1))
	}
	each tini ended 15
	each tini ended 10
	each tini ended 12
}

@test "tini: without -g the child alone is signalled, with it its group" {
	script='sigprint=$1; "$sigprint" -x 10 & exec "$sigprint" -x 10'
	alone() {
		echo "# $WHO"
		start_command env "$@" "$INIT" -s $flags -- \
			sh -c "$script" sh "$FIXTURES/sigprint"
		wait_for '[ $(grep -c READY "$OUT") = 2 ]'
		stop_and_wait USR1
		assert_equal "$STATUS" 0
	}
	both() {
		alone "$@"
		wait_for '[ $(grep -c USR1 "$OUT") = 2 ]'
	}
	one() {
		alone "$@"
		assert_equal "$(grep -c USR1 "$OUT")" 1
		kill_marked
	}
	flags=
	each tini one
	each tini both TINI_KILL_PROCESS_GROUP=
	each tini both TINI_KILL_PROCESS_GROUP=0
	flags=-g
	each tini both
}

@test "tini: leaves at once when its child ends, and sends nobody anything" {
	leaving() {
		echo "# $WHO"
		start_command "$INIT" -g -s -- sh -c '"$0" & exit 4' \
			"$FIXTURES/sigprint"
		wait_exit
		assert_equal "$STATUS" 4
		wait_out READY
		kill -USR2 "$(marked)"
		wait_out USR2
		assert_equal "$(received)" 12
		kill_marked
	}
	each tini leaving
}

@test "tini: the child keeps exactly the inherited mask and ignored signals" {
	requires python3
	masks() {
		echo "# $WHO"
		run python3 -c '
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
signal.signal(signal.SIGALRM, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_SETMASK, [signal.SIGUSR1, signal.SIGTSTP])
os.execv(sys.argv[1], sys.argv[1:])
' "$INIT" -s -- grep -E 'Sig(Blk|Ign)' /proc/self/status
		assert_equal "$output" "SigBlk:	0000000000080200
SigIgn:	$(with_ignored 200001)"
	}
	each tini masks
}

@test "tini: working directory and descriptors are kept" {
	kept() {
		echo "# $WHO"
		cd "$RUN_TMP"
		run "$INIT" -s -- sh -c 'echo ok >&7; readlink /proc/$PPID/cwd
			readlink /proc/$PPID/fd/7; readlink /proc/self/cwd' \
			7>"$RUN_TMP/seven"
		assert_equal "$output" "$RUN_TMP
$RUN_TMP/seven
$RUN_TMP"
		assert_equal "$(<"$RUN_TMP/seven")" ok
	}
	each tini kept
}

@test "tini: -p brings the parent's death to the child" {
	death() {
		echo "# $WHO"
		start_command sh -c '"$0" -s -vvv -p SIGUSR1 -- "$1" & wait' \
			"$INIT" "$FIXTURES/sigprint" -x 10
		wait_out READY
		stop_and_wait KILL
		wait_out "USR1 10"
		kill_marked
	}
	each tini death
}

@test "tini: reaps 100 orphans as PID 1, with -s and with TINI_SUBREAPER" {
	reaping() { # COMMAND...
		echo "# $WHO: $*"
		start_command "$@" -w -- "$FIXTURES/orphans" -w 100 10
		wait_out "DONE 100"
		wait_for '[ $(grep -c "Reaped zombie process with pid=" \
			"$LOG") = 100 ]'
		kill "$PID"
		wait_exit
		assert_equal "$STATUS" 0
	}
	adopted() { reaping "$INIT" -s; }
	asked() { reaping env TINI_SUBREAPER= "$INIT"; }
	first() {
		echo "# $WHO"
		start_pid1_command "$INIT" -w -- "$FIXTURES/orphans" -w 100 10
		wait_out "DONE 100"
		wait_for '[ $(grep -c "Reaped zombie process with pid=" \
			"$LOG") = 100 ]'
		stop_and_wait KILL
	}
	each tini adopted
	each tini asked
	requires pidns
	each tini first
}

# -------------------------------------------------- defects, not copied

@test "tini hangs when SIGCHLD is ignored at the start; lastcall does not" {
	deaf() {
		local LIMIT=
		[ "$WHO" != peer ] || LIMIT=2
		go --ignore-signal=CHLD $quiet -- true
		[ "$WHO" = peer ] || assert_equal "$CODE" 0
		[ "$WHO" != peer ] || assert_equal "$CODE" 137
	}
	each tini deaf
}

@test "tini dies of a closed stdin; lastcall does not" {
	closed() {
		CODE=0
		"$INIT" -s -- true <&- 2>"$LOG" || CODE=$?
		[ "$WHO" = peer ] || assert_equal "$CODE" 0
		[ "$WHO" != peer ] || assert_equal "$CODE" 1
	}
	each tini closed
}

@test "tini wakes up every second; lastcall never does" {
	idle() {
		local before
		start_sigprint -s --
		wait_for "sleeps $PID"
		before=$(switches "$PID")
		if [ "$WHO" = peer ]; then
			wait_for "[ \$(switches $PID) -gt $before ]"
		else
			# Longer than two of tini's turns.
			wait_for "[ \$(now_ms) -gt $(($(now_ms) + 2500)) ]"
			assert_equal "$(switches "$PID")" "$before"
		fi
		end_sigprint
	}
	each tini idle
}

@test "tini ends when a signal is refused with EPERM; lastcall goes on" {
	requires root
	refused() {
		if [ "$WHO" = peer ]; then
			start_refused -s
			wait_exit
			assert_equal "$STATUS" 1
			kill_marked
			return
		fi
		goes_on_refused -s
	}
	each tini refused
}

@test "tini loses signals in its first 25 system calls; lastcall does not" {
	requires pidns plain-binary
	each tini loses_at_start 25
}
