#!/usr/bin/env bats
# 81-compat-dumb-init.bats - lastcall as dumb-init: every row is run against
# dumb-init itself, too.

load helpers
load compat

@test "dumb-init: a copy and a link run the program" {
	names() { row 3 =hi - -- -- sh -c 'echo hi; exit 3'; }
	KINDS="peer copy link" each dumb-init names
}

@test "dumb-init: help and version go to stderr, usage errors too" {
	texts() {
		row 0 - "=dumb-init v1.2.5" -- -V
		row 0 - "=dumb-init v1.2.5" -- --version true
		row 0 - "=dumb-init v1.2.5" -- -cvV
		row 0 - "--single-child" -- -h
		row 0 - "--rewrite" -- --help
		row 1 - "=$INIT: unrecognized option '--yolo'" -- --yolo true
		row 1 - "=$INIT: unrecognized option '--yo=1'" -- --yo=1 true
		row 1 - "=$INIT: invalid option -- 'x'" -- -x true
		row 1 - "=$INIT: option requires an argument -- 'r'" -- -r
		row 1 - "=$INIT: option '--rewrite' requires an argument" -- \
			--rewrite
		row 1 - "=$INIT: option '--help' doesn't allow an argument" \
			-- --help=3
		row 1 - "Usage: $INIT [option] program [args]" --
		assert_equal "$(wc -l <"$LOG")" 2
		row 1 - "Usage: $INIT [option] program [args]" -- -v --
	}
	each dumb-init texts
}

@test "dumb-init: long options may be shortened while they are clear" {
	shortened() {
		row 0 - "--single-child" -- --he
		row 0 - "Child spawned" -- --verb true
		row 0 =hi - -- --single echo hi
		row 0 =hi - -- --rew 15:3 echo hi
		row 0 =hi - -- --rewrite=15:3 echo hi
		row 1 - "$INIT: option '--ver' is ambiguous" -- --ver
		row 1 - "$INIT: option '--v=1' is ambiguous" -- --v=1
		row 1 - "$INIT: option '--help' doesn't allow an argument" \
			-- --he=1
	}
	each dumb-init shortened
}

@test "dumb-init: options end at the first word that is none" {
	stopping() {
		row 0 "=-v -c" - -- echo -v -c
		row 3 - - -- sh -c 'exit 3'
		row 2 - "[dumb-init] -x: No such file or directory" -- -- -x
		row 2 - "[dumb-init] -: No such file or directory" -- -
	}
	each dumb-init stopping
}

@test "dumb-init: -r takes 1 to 31 and 0 to 31, or says so" {
	rewrites() {
		local pair
		for pair in 0:3 32:3 3:32 x 15 15: :3 -1:3 3:-1 "" 15:x; do
			row 1 - "between 1 and 31" -- -r "$pair" true
		done
		for pair in 31:31 3:0 15:3x " 15: 3" 15:+3; do
			row 0 - - -- -r "$pair" true
		done
		row 0 - - -- -r15:3 -r 3:15 true
	}
	each dumb-init rewrites
}

@test "dumb-init: the child's exit code, 128+n for signal n, 2 without one" {
	touch "$RUN_TMP/data"
	printf 'exit 7\n' >"$RUN_TMP/script"
	chmod +x "$RUN_TMP/script"
	codes() {
		row 0 - - -- true
		row 255 - - -- sh -c 'exit 255'
		row 143 - - -- sh -c 'kill $$'
		row 2 - "=[dumb-init] nosuch: No such file or directory" -- \
			nosuch
		row 2 - "=[dumb-init] $RUN_TMP/data: Permission denied" -- \
			"$RUN_TMP/data"
		row 7 - - -- "$RUN_TMP/script"
	}
	each dumb-init codes
}

@test "dumb-init: what -v says, once and in this order" {
	verbose() {
		local said
		go -- -v sh -c 'kill -USR1 $PPID; kill -9 $$'
		assert_not_contains "$ERRED" "Running in debug mode."
		row 0 - "[dumb-init] Running in debug mode." \
			DUMB_INIT_DEBUG=1 -- true
		assert_order "$LOG" "Running in debug mode." \
			"Child spawned with PID " "Received signal 17." \
			"exited with exit status 0." \
			"Forwarded signal 15 to children." \
			"Child exited with status 0. Goodbye."
		for said in "Running in" "setsid complete" "Child spawned" \
			"Received signal 17" "A child with PID" \
			"Forwarded signal" Goodbye; do
			assert_equal "$(grep -c "$said" "$LOG")" 1
		done
		assert_equal "$(grep -v '^\[dumb-init\] ' "$LOG")" ""
	}
	verbose_order() {
		go DUMB_INIT_DEBUG=1 -- true
		assert_order "$LOG" "Running in debug mode." \
			"setsid complete." "Child spawned with PID "
	}
	silent() {
		row 0 - - DUMB_INIT_DEBUG=0 -- true
		row 0 - - DUMB_INIT_DEBUG= -- true
		row 0 - - DUMB_INIT_DEBUG=11 -- true
	}
	signalled() {
		echo "# $WHO"
		start_command "$INIT" -v -r 10:12 -r 1:0 \
			"$FIXTURES/sigprint" -x 12
		wait_out READY
		kill -HUP "$PID"
		wait_log "Not forwarding signal 0 to children (ignored)."
		stop_and_wait USR1
		assert_equal "$STATUS" 0
		assert_order "$LOG" "Received signal 1." \
			"Translating signal 1 to 0." \
			"Received signal 10." "Translating signal 10 to 12." \
			"Forwarded signal 12 to children." "Received signal 17."
	}
	killed() {
		row 137 - "was terminated by signal 9." -- -v sh -c 'kill -9 $$'
	}
	each dumb-init verbose
	each dumb-init silent
	each dumb-init signalled
	each dumb-init killed
	# dumb-init's two processes race for these; lastcall's do not.
	WHO=ours INIT=$RUN_TMP/link/dumb-init verbose_order
}

@test "dumb-init: the child leads a session; with -c it stays in the group" {
	placed() { # SID PGRP [VARIABLE=VALUE]... [-c]
		local sid=$1 pgrp=$2
		shift 2
		echo "# $WHO $*"
		start_command env "$@" "$INIT" $flags "$FIXTURES/sigprint"
		wait_out READY
		CHILD=$(sed -n 's/^READY pid=\([0-9]*\).*/\1/p' "$OUT")
		assert_contains "$(<"$OUT")" \
			"pid=$CHILD pgrp=${!pgrp} sid=${!sid}"
		end_sigprint
	}
	local session group
	session=$(ps -o sid= -p $$ | tr -d ' ')
	group=$(ps -o pgid= -p $$ | tr -d ' ')
	flags=
	each dumb-init placed CHILD CHILD
	each dumb-init placed CHILD CHILD DUMB_INIT_SETSID=
	each dumb-init placed CHILD CHILD DUMB_INIT_SETSID=00
	each dumb-init placed session group DUMB_INIT_SETSID=0
	flags=-c
	each dumb-init placed session group
	each dumb-init placed session group DUMB_INIT_SETSID=1
}

@test "dumb-init: every signal reaches the child, faults and aborts too" {
	signals() {
		local forwarded="1 2 3 4 5 6 7 8 10 11 12 13 14 15 16 18 23 24"
		forwarded+=" 25 26 27 28 29 30 31"
		start_sigprint --
		# shellcheck disable=SC2086 # numbers
		send_each $forwarded
		kill -CHLD "$PID"
		send_each 12
		assert_equal "$(received)" "$forwarded 12"
		end_sigprint
	}
	each dumb-init signals
}

@test "dumb-init: real-time signals reach the child" {
	# dumb-init looks them up behind the end of its tables, where Debian's
	# has nothing that matters.
	realtime() {
		start_sigprint --
		# shellcheck disable=SC2046 # numbers
		send_each $(seq 34 64)
		assert_equal "$(received)" "$(seq -s ' ' 34 64)"
		end_sigprint
	}
	each dumb-init realtime
}

@test "dumb-init: a signal that is refused with EPERM changes nothing" {
	requires root
	each dumb-init goes_on_refused
}

@test "dumb-init: ends with its child though SIGCHLD is ignored" {
	deaf() {
		go --ignore-signal=CHLD -- sh -c 'exit 3'
		assert_equal "$CODE" 3
	}
	each dumb-init deaf
}

@test "dumb-init: signals go to the child's group, with -c to the child" {
	script='"$0" -x 10 & exec "$0" -x 10'
	signalled() {
		echo "# $WHO"
		start_command "$INIT" -r 15:0 $flags -- sh -c "$script" \
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
	each dumb-init both
	flags=-c
	each dumb-init one
}

@test "dumb-init: the child's end sends TERM, rewritten, to its group" {
	ending() { # SIGNAL [FLAG]...
		local signal=$1
		shift
		echo "# $WHO $*"
		start_command "$INIT" "$@" sh -c '"$0" -x "$1" &
			until [ -e "$2" ]; do sleep 0.02; done; exit 4' \
			"$FIXTURES/sigprint" "$signal" "$RUN_TMP/go"
		wait_out READY
		touch "$RUN_TMP/go"
		wait_exit
		assert_equal "$STATUS" 4
		rm "$RUN_TMP/go"
		if [ "$signal" = 0 ]; then
			kill -WINCH "$(sed -n 's/^READY pid=\([0-9]*\).*/\1/p' \
				"$OUT")"
			wait_out "WINCH 28"
			assert_equal "$(received)" 28
			kill_marked
		else
			wait_for "[ \"\$(received)\" = $signal ]"
		fi
	}
	each dumb-init ending 15
	each dumb-init ending 3 -r 15:3
	each dumb-init ending 0 -r 15:0
	each dumb-init ending 0 -c
}

@test "dumb-init: rewrites swap and drop" {
	swapped() {
		start_sigprint -r 10:12 -r 12:10 -r 1:0 --
		kill -HUP "$PID"
		kill -USR1 "$PID"
		wait_out "USR2 12"
		kill -USR2 "$PID"
		wait_out "USR1 10"
		assert_equal "$(received)" "12 10"
		end_sigprint
	}
	each dumb-init swapped
}

stopped() { # PID
	grep -q '^State:.[Tt]' "/proc/$1/status"
}

@test "dumb-init: TSTP, TTIN and TTOU stop child and init, CONT goes on" {
	suspended() {
		local signal
		for signal in TSTP TTIN TTOU; do
			start_sigprint --
			kill -"$signal" "$PID"
			wait_for 'stopped "$PID" && stopped "$CHILD"'
			kill -CONT "$PID"
			wait_out "CONT 18"
			assert_equal "$(received)" 18
			wait_for 'sleeps "$PID"'
			end_sigprint
		done
	}
	each dumb-init suspended
}

@test "dumb-init: a rewritten TSTP reaches the child, and the init stops" {
	rewritten() { # SIGNAL FLAG...
		local expected=$1
		shift
		start_sigprint "$@" --
		kill -TSTP "$PID"
		wait_for 'stopped "$PID"'
		wait_for 'sleeps "$CHILD"'
		kill -CONT "$PID"
		wait_out "CONT 18"
		assert_equal "$(received)" "$expected"
		end_sigprint
	}
	each dumb-init rewritten "12 18" -r 20:12
	each dumb-init rewritten "20 18" -r 20:20
	each dumb-init rewritten "18" -r 20:0
	each dumb-init rewritten "20 18" -c
}

@test "dumb-init: the init goes to /, the child stays; descriptors are kept" {
	placed() {
		echo "# $WHO"
		cd "$RUN_TMP"
		run "$INIT" sh -c 'readlink /proc/self/cwd; sleep 0.1
			until [ "$(readlink /proc/$PPID/cwd)" = / ]; do :; done
			readlink /proc/$PPID/cwd; readlink /proc/$PPID/fd/7' \
			7>"$RUN_TMP/seven"
		assert_equal "$output" "$RUN_TMP
/
$RUN_TMP/seven"
	}
	each dumb-init placed
}

@test "dumb-init: is no subreaper, and reaps 100 orphans as PID 1" {
	elsewhere() {
		echo "# $WHO"
		start_command "$INIT" sh -c '(sleep 60 & echo $!); exec sleep 60'
		wait_for '[ -s "$OUT" ]'
		wait_for '! grep -q "^PPid:.'"$PID"'$" "/proc/$(<"$OUT")/status"'
		kill "$PID"
		wait_exit
	}
	each dumb-init elsewhere
	reaping() {
		echo "# $WHO"
		start_pid1_command "$INIT" "$FIXTURES/orphans" -w 100 10
		wait_out "DONE 100"
		wait_for '! ps --ppid '"$PID"' -o stat= | grep -q Z'
		kill "$PID"
		wait_exit
		assert_equal "$STATUS" 0
	}
	requires pidns
	each dumb-init reaping
}

masks='
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
signal.signal(signal.SIGALRM, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_SETMASK, [signal.SIGUSR1, signal.SIGTSTP])
os.execv(sys.argv[1], sys.argv[1:])
'

@test "dumb-init: the child starts with nothing blocked" {
	requires python3
	unblocked() {
		echo "# $WHO"
		run python3 -c "$masks" "$INIT" grep SigBlk /proc/self/status
		assert_equal "$output" "SigBlk:	0000000000000000"
	}
	each dumb-init unblocked
}

# -------------------------------------------------- defects, not copied

@test "dumb-init breaks nohup by resetting ignored signals; lastcall keeps them" {
	requires python3
	ignored() {
		local expected=0000000000000001
		[ "$WHO" != peer ] || expected=0000000000000000
		echo "# $WHO"
		run python3 -c "$masks" "$INIT" grep SigIgn /proc/self/status
		assert_equal "$output" "SigIgn:	$(with_ignored "$expected")"
	}
	each dumb-init ignored
}

@test "dumb-init loses signals in its first 40 system calls; lastcall does not" {
	requires pidns plain-binary
	each dumb-init loses_at_start 40
}
