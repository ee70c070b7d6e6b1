#!/usr/bin/env bats
# 82-compat-catatonit.bats - lastcall as catatonit: every row is run against
# catatonit itself, too.

load helpers
load compat

@test "catatonit: a copy and a link run the program" {
	names() { row 3 =hi - -- -- sh -c 'echo hi; exit 3'; }
	local KINDS="peer copy link"
	each catatonit names
	each podman-init names
}

@test "catatonit: version on stdout, help on stderr, usage errors too" {
	texts() {
		row 0 "=tini version 0.1.7_catatonit" - -- -V
		row 0 "=tini version 0.1.7_catatonit" - -- --version true
		row 0 "=tini version 0.1.7_catatonit" - -- -gV
		row 0 - "usage: catatonit [-ghLPV]" -- -h
		row 0 icen - -- -L
		row 1 - "$INIT: unrecognized option '--yolo'" -- --yolo true
		assert_contains "$ERRED" "usage: catatonit [-ghLPV]"
		row 1 - "$INIT: unrecognized option '--help'" -- --help
		row 1 - "$INIT: invalid option -- 'x'" -- -x true
		assert_contains "$ERRED" "usage: catatonit [-ghLPV]"
		row 1 - "option '--version' doesn't allow an argument" -- \
			--version=3
		row 0 "=tini version 0.1.7_catatonit" - -- --v
		row 1 - "ERROR (catatonit:" --
		assert_contains "$ERRED" "): missing program name"
		assert_contains "$ERRED" "usage: catatonit [-ghLPV]"
	}
	each catatonit texts
	each podman-init texts
}

@test "catatonit: options are found behind the program, as getopt permutes" {
	permuted() {
		row 1 - "invalid option -- 'c'" -- sh -c 'exit 3'
		row 3 - - POSIXLY_CORRECT= -- sh -c 'exit 3'
		row 0 "=a -g" - -- -- echo a -g
		row 0 "=a" - -- echo a -g
		row 0 "=a -g" - -- echo a -- -g
	}
	each catatonit permuted
}

@test "catatonit: CATATONIT_DEBUG says more, CATATONIT_LOG is refused" {
	variables() {
		row 0 - "DEBUG (catatonit:" CATATONIT_DEBUG= -- true
		assert_contains "$ERRED" ") spawned: true"
		row 0 - - -- true
		row 1 - "CATATONIT_LOG" CATATONIT_LOG= -- true
		assert_contains "$ERRED" "ERROR (catatonit:"
		row 1 - "CATATONIT_LOG" CATATONIT_LOG=x -- -V
		row 1 - "CATATONIT_LOG" CATATONIT_LOG= -- -x
	}
	each catatonit variables
}

@test "catatonit: the child's exit code, 128+n for signal n, 1 without one" {
	touch "$RUN_TMP/data"
	printf 'exit 7\n' >"$RUN_TMP/script"
	chmod +x "$RUN_TMP/script"
	codes() {
		row 0 - - -- true
		row 255 - - -- -- sh -c 'exit 255'
		row 143 - - -- -- sh -c 'kill $$'
		row 1 - "failed to exec pid1: No such file or directory" -- \
			nosuch
		assert_contains "$ERRED" "ERROR (catatonit:"
		row 1 - "failed to exec pid1: Permission denied" -- \
			"$RUN_TMP/data"
		row 7 - - -- "$RUN_TMP/script"
	}
	each catatonit codes
}

@test "catatonit: the child has a process group in the init's session" {
	placed() {
		start_sigprint --
		assert_contains "$(<"$OUT")" "pid=$CHILD pgrp=$CHILD"
		assert_equal "$(ps -o sid= -p "$CHILD")" \
			"$(ps -o sid= -p "$PID")"
		end_sigprint
		assert_equal "$STATUS" 137
	}
	each catatonit placed
}

@test "catatonit: signals reach the child, real-time too, but eleven do not" {
	signals() {
		local forwarded="1 2 3 10 13 14 15 16 18 23 24 25 26 27 28 29"
		forwarded+=" 30 $(seq -s ' ' 34 64)"
		start_sigprint --
		# shellcheck disable=SC2086 # numbers
		send_each $forwarded
		send_lost 20 21 22
		assert_equal "$(received)" "$forwarded 12"
		end_sigprint
	}
	each catatonit signals
	lost() {
		echo "# $WHO"
		start_pid1_command "$INIT" -- "$FIXTURES/sigprint"
		wait_out READY
		send_lost 17 20 21 22 8 4 11 7 6 5 31
		assert_equal "$(received)" 12
		stop_and_wait KILL
	}
	requires pidns
	each catatonit lost
}

@test "catatonit: a fault's signal to the init itself ends it, unless it is PID 1" {
	local signal
	ulimit -c 0
	each catatonit ends_by_fault 6
	for signal in 8 4 11 7 5 31; do
		KINDS="peer link" each catatonit ends_by_fault "$signal"
	done
	# Without a program, too.
	pausing() {
		echo "# $WHO"
		start_command "$INIT" -P
		wait_for 'sleeps "$PID"'
		kill -ABRT "$PID"
		wait_exit
		assert_equal "$STATUS" 134
	}
	each catatonit pausing
	export LASTCALL_GRACE=9s KINDS=link
	each catatonit ends_by_fault 6
}

@test "catatonit: a signal that is refused with EPERM changes nothing" {
	requires root
	each catatonit goes_on_refused
}

@test "catatonit: signals go to the child, with -g to its group" {
	script='"$0" -x 10 & exec "$0" -x 10'
	signalled() {
		echo "# $WHO"
		start_command "$INIT" $flags -- sh -c "$script" \
			"$FIXTURES/sigprint"
		wait_for '[ $(grep -c READY "$OUT") = 2 ]'
		stop_and_wait USR1
		assert_equal "$STATUS" 0
	}
	both() {
		signalled
		wait_for '[ $(grep -c USR1 "$OUT") = 2 ]'
	}
	one() {
		signalled
		assert_equal "$(grep -c USR1 "$OUT")" 1
		kill_marked
	}
	flags=
	each catatonit one
	flags=-g
	each catatonit both
}

@test "catatonit: leaves at once when its child ends, sends nobody anything" {
	leaving() {
		local stray
		echo "# $WHO"
		start_command "$INIT" -g -- sh -c '"$0" & exit 4' \
			"$FIXTURES/sigprint"
		wait_exit
		assert_equal "$STATUS" 4
		wait_out READY
		stray=$(sed -n 's/^READY pid=\([0-9]*\).*/\1/p' "$OUT")
		kill -USR2 "$stray"
		wait_out USR2
		assert_equal "$(received)" 12
		kill_marked
	}
	each catatonit leaving
}

@test "catatonit: adopts and reaps, as PID 1 and everywhere else" {
	adopting() {
		echo "# $WHO"
		start_command "$INIT" -- "$FIXTURES/orphans" -w 100 10
		wait_out "DONE 100"
		wait_for '! ps --ppid '"$PID"' -o stat= | grep -q Z'
		kill "$PID"
		wait_exit
		assert_equal "$STATUS" 0
	}
	parent() {
		echo "# $WHO"
		start_command "$INIT" -- sh -c '(sleep 60 & echo $!)
			exec sleep 60'
		wait_for '[ -s "$OUT" ]'
		wait_for 'grep -q "^PPid:.'"$PID"'$" "/proc/$(<"$OUT")/status"'
		kill "$PID"
		wait_exit
		kill_marked
	}
	each catatonit adopting
	each catatonit parent
}

@test "catatonit: the init closes descriptors from 3 on, the child has them" {
	closing() {
		echo "# $WHO"
		cd "$RUN_TMP"
		run "$INIT" -- sh -c 'readlink /proc/$PPID/cwd
			readlink /proc/self/fd/7; n=0
			while [ -e /proc/$PPID/fd/7 ]; do
				n=$((n + 1)); [ $n -lt 1000 ] || exit 1
				sleep 0.01; done' \
			7>"$RUN_TMP/seven"
		assert_status 0
		assert_equal "$output" "$RUN_TMP
$RUN_TMP/seven"
	}
	each catatonit closing
}

@test "catatonit: LISTEN_PID follows where it meant the init" {
	followed() { # LISTEN_PID EXPECTED
		echo "# $WHO"
		run in_pidns env LISTEN_PID="$1" "$INIT" -- \
			sh -c 'echo "$LISTEN_PID $$"'
		assert_equal "$output" "$2"
	}
	requires pidns
	each catatonit followed 1 "2 2"
	each catatonit followed 7 "7 2"
}

@test "catatonit: -P has no child and ends with 0 on TERM or INT" {
	pausing() { # SIGNAL
		echo "# $WHO $1"
		start_command "$INIT" -P "${@:2}"
		wait_for 'sleeps "$PID"'
		kill -HUP "$PID"
		kill -USR1 "$PID"
		kill -QUIT "$PID"
		wait_for 'sleeps "$PID"'
		assert_equal "$(child_of "$PID")" ""
		kill -"$1" "$PID"
		wait_exit
		assert_equal "$STATUS" 0
	}
	each catatonit pausing TERM
	each catatonit pausing INT
	each catatonit pausing TERM -g nosuch
}

@test "catatonit: -P reaps what is orphaned to it" {
	reaping() {
		echo "# $WHO"
		start_pid1_command "$INIT" -P
		wait_for 'sleeps "$PID"'
		enter_pidns "$FIXTURES/orphans" 100 10 >"$OUT"
		wait_for '! ps --ppid '"$PID"' -o stat= | grep -q Z'
		kill "$PID"
		wait_exit
		assert_equal "$STATUS" 0
	}
	requires root pidns
	each catatonit reaping
}

masks='
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
signal.signal(signal.SIGALRM, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_SETMASK, [signal.SIGUSR1])
os.execv(sys.argv[1], sys.argv[1:])
'

# -------------------------------------------------- defects, not copied

@test "catatonit blocks TSTP, TTIN and TTOU in the child; lastcall does not" {
	requires python3
	blocked() {
		local expected=0000000000000200
		[ "$WHO" != peer ] || expected=0000000000380200
		echo "# $WHO"
		run python3 -c "$masks" "$INIT" -- grep -E 'Sig(Blk|Ign)' \
			/proc/self/status
		assert_equal "$output" "SigBlk:	$expected
SigIgn:	$(with_ignored 1)"
	}
	each catatonit blocked
}

@test "catatonit hangs when SIGCHLD is ignored at the start; lastcall does not" {
	deaf() {
		local LIMIT=
		[ "$WHO" != peer ] || LIMIT=2
		go --ignore-signal=CHLD -- sleep 0.2
		[ "$WHO" = peer ] || assert_equal "$CODE" 0
		[ "$WHO" != peer ] || assert_equal "$CODE" 137
	}
	each catatonit deaf
}

@test "catatonit loses signals in its first 4 system calls; lastcall does not" {
	requires pidns plain-binary
	each catatonit loses_at_start 4
}
