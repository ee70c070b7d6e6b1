#!/usr/bin/env bats
# Who is sent which signal, while the program runs and when it is stopped.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2089,SC2090,SC2153,SC2154

load helpers

setup() {
	common_setup
	S=$FIXTURES/sigprint
	W=$FIXTURES/worker
	export S RUN_TMP
}

# Waits until the sigprints that write to these files are ready.
wait_ready() { # NAME...
	local name
	for name; do
		wait_for "grep -qs READY '$RUN_TMP/$name'"
	done
}

# The signals that the sigprint of that file got, with spaces between.
got() { # NAME
	sed '/READY/d; s/ .*//' "$RUN_TMP/$1" | paste -sd' '
}

wait_got() { # NAME SIGNAL
	wait_for "grep -qs '^$2 ' '$RUN_TMP/$1'" ||
		fail "$1 got: $(got "$1")" "$(cat "$LOG")"
}

# Sends a signal and a second one, USR2, that everybody who is meant gets
# later: so who has USR2 will not get the first one any more.
send_both() { # SIGNAL NAME...
	local signal=$1 name
	shift
	kill -"$signal" "$PID"
	for name; do
		wait_got "$name" "$signal"
	done
	kill -USR2 "$PID"
	for name; do
		wait_got "$name" USR2
	done
}

end_all() {
	kill -KILL "$(child_of "$PID")" || true
	wait_exit
}

@test "what comes when the program has ended is forwarded to nobody" {
	start -v --scope group --sweep 20s -- sh -c '"$S" -x 1 >"$RUN_TMP/a" &
		exec "$S" -x 10'
	wait_ready a out
	kill -USR1 "$PID"
	wait_got a CONT
	kill -USR2 "$PID"
	kill -HUP "$(sed -n 's/READY pid=\([0-9]*\).*/\1/p' "$RUN_TMP/a")"
	wait_exit
	assert_not_contains "$(cat "$LOG")" "event=forwarded signal=USR2"
	assert_equal "$(got a)" "USR1 TERM CONT HUP"
}

# ------------------------------------------------------------- one by one

# Each signal in turn, TERM last; the program prints what it gets.
assert_forwards_all() {
	local n expected='' last=0
	wait_out READY
	for n in $(seq 64) 15; do
		case $n in
		9 | 17 | 19) continue ;;
		15) [ "$last" = 64 ] || continue ;;
		esac
		last=$n
		kill -"$n" "$PID"
		wait_for 'grep -q " $n\$" "$OUT"'
		expected="$expected $n"
	done
	wait_exit
	assert_equal "$STATUS" 33
	# The CONT after the stop signal may or may not be seen any more.
	assert_equal "$(sed '/READY/d; s/.* //' "$OUT" | head -61 | paste -sd' ')" \
		"${expected# }"
}

@test "signals 1 to 64 are forwarded, but KILL, STOP and CHLD, to the child" {
	start --on TERM --scope child -- "$S" -x 15 -c 33
	assert_forwards_all
}

@test "signals 1 to 64 are forwarded, scope auto" {
	start --on TERM -- "$S" -x 15 -c 33
	assert_forwards_all
}

@test "signals 1 to 64 are forwarded, scope group, as PID 1" {
	requires pidns
	start_pid1 --on TERM --scope group -- "$S" -x 15 -c 33
	assert_forwards_all
}

@test "signals 1 to 64 are forwarded, scope all, as PID 1" {
	requires pidns
	start_pid1 --on TERM --scope all -- "$S" -x 15 -c 33
	assert_forwards_all
}

@test "signals 1 to 64 are forwarded, scope all, as a subreaper" {
	start --on TERM --scope all -- "$S" -x 15 -c 33
	assert_forwards_all
}

@test "a SIGCHLD is not forwarded" {
	start -- "$S" -n 1
	wait_out READY
	kill -CHLD "$PID"
	stop_and_wait USR1
	assert_equal "$(tail -n +2 "$OUT")" "USR1 10"
}

@test "queued signals arrive with their values, none lost and in order" {
	local scope
	for scope in child auto; do
		start --scope $scope -- "$S" -n 200
		wait_out READY
		"$FIXTURES/sendqueue" "$PID" 34 200
		wait_exit
		assert_equal "$STATUS" 0
		assert_equal "$(tail -n +2 "$OUT")" \
			"$(printf 'RTMIN 34 value=%d\n' $(seq 200))"
	done
}

@test "queued signals arrive with their values as PID 1" {
	requires pidns
	start_pid1 -- "$S" -n 200
	wait_out READY
	"$FIXTURES/sendqueue" "$PID" 40 200
	wait_exit
	assert_equal "$(tail -n +2 "$OUT")" \
		"$(printf 'RTMIN+6 40 value=%d\n' $(seq 200))"
}

@test "every real-time signal arrives with its value" {
	start -- "$S" -n 31
	wait_out READY
	"$FIXTURES/sendqueue" "$PID" rt
	wait_exit
	assert_equal "$(sed 1d "$OUT" | sed 's/.* \(.*\) value=/\1=/' |
		sort -n | paste -sd' ')" \
		"$(for n in $(seq 34 64); do echo "$n=$n"; done | paste -sd' ')"
}

@test "a signal sent many times without a value arrives at least once" {
	start -- "$S" -x 12
	wait_out READY
	for _ in $(seq 50); do kill -USR1 "$PID"; done
	wait_out "USR1 10"
	stop_and_wait USR2
	assert_equal "$STATUS" 0
}

# ------------------------------------------------------------- map and on

@test "--map rewrites a forwarded signal, and 0 drops it" {
	start -v --map HUP:USR1 --map 12:0 --map RTMIN+1:RTMIN+30 -- "$S" -x 14
	wait_out READY
	kill -HUP "$PID"
	wait_out "USR1 10"
	kill -USR2 "$PID"
	wait_log "signal=USR2 as=nothing"
	kill -35 "$PID"
	wait_out " 64"
	stop_and_wait ALRM
	assert_equal "$(sed '/READY/d; s/.* //' "$OUT" | paste -sd' ')" \
		"10 64 14"
	assert_order "$LOG" "signal=HUP as=USR1" "signal=USR2 as=nothing" \
		"signal=RTMIN+1 as=RTMIN+30"
}

@test "--map applies to the default schedule" {
	start --map TERM:QUIT -- "$S" -x 3 -c 5
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 5
	assert_not_contains "$(cat "$OUT")" "TERM"
	assert_contains "$(cat "$LOG")" "event=stop-signal signal=QUIT"
}

@test "--map does not apply to an explicit --stop" {
	start --map TERM:QUIT --stop TERM/9 -- "$S" -x 15 -c 5
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 5
	assert_not_contains "$(cat "$OUT")" "QUIT"
}

@test "a stop signal that is mapped to nothing leaves the program the grace" {
	start --map TERM:0 --grace 400ms -- "$S"
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 137
	assert_equal "$(got out)" ""
}

@test "--on says which signals are a stop request; the others are forwarded" {
	start --on HUP,RTMIN+3 -- "$S" -x 37
	wait_out READY
	kill -TERM "$PID"
	wait_out "TERM 15"
	kill -INT "$PID"
	wait_out "INT 2"
	assert_equal "$(cat "$LOG")" ""
	stop_and_wait 37
	assert_contains "$(cat "$LOG")" "event=stop-requested signal=RTMIN+3"
	assert_contains "$(cat "$OUT")" "RTMIN+3 37"
}

@test "TERM, INT and QUIT are stop requests where --on was not given" {
	local n
	for n in TERM INT QUIT; do
		start -- "$S" -x "$(kill -l $n)" -c 9
		wait_out READY
		kill -$n "$PID"
		wait_exit
		assert_equal "$STATUS" 9
		assert_contains "$(cat "$LOG")" "stop-requested signal=$n "
	done
}

# ------------------------------------------------------------------- scopes

FAMILY='
	trap ": >\"\$RUN_TMP/shell\"" USR1; trap : USR2
	"$S" -x 1 >"$RUN_TMP/worker" &
	"$FIXTURES/stray" "$S" -x 1 >"$RUN_TMP/stray"
	while :; do wait; done'

@test "scope child: only the main process is told" {
	export FIXTURES
	start --scope child --sweep 500ms -- sh -c "$FAMILY"
	wait_ready worker stray
	kill -USR1 "$PID"
	wait_for '[ -e "$RUN_TMP/shell" ]'
	end_all
	assert_equal "$(got worker)" "TERM CONT"
	assert_equal "$(got stray)" "TERM CONT"
}

@test "scope group: the main process's group is told, and nobody else" {
	export FIXTURES
	start --scope group --sweep 500ms -- sh -c "$FAMILY"
	wait_ready worker stray
	send_both USR1 worker
	wait_for '[ -e "$RUN_TMP/shell" ]'
	end_all
	assert_equal "$(got worker)" "USR1 USR2 TERM CONT"
	assert_equal "$(got stray)" "TERM CONT"
}

assert_scope_all() {
	wait_ready worker stray
	send_both USR1 worker stray
	wait_for '[ -e "$RUN_TMP/shell" ]'
	end_all
	assert_equal "$(got worker)" "USR1 USR2 TERM CONT"
	assert_equal "$(got stray)" "USR1 USR2 TERM CONT"
}

@test "scope all: everybody is told, as a subreaper" {
	export FIXTURES
	start --scope all --sweep 200ms -- sh -c "$FAMILY"
	assert_scope_all
}

@test "scope all: everybody is told, as PID 1" {
	requires pidns
	export FIXTURES
	start_pid1 --scope all --sweep 200ms -- sh -c "$FAMILY"
	assert_scope_all
}

@test "scope auto: sh -c 'a & b & wait' stops in order and keeps its grace" {
	local a b
	a="$FIXTURES/worker -n a -w 300" b="$FIXTURES/worker -n b -w 700"
	start -- sh -c "$a & $b & wait"
	wait_out "a READY"
	wait_out "b READY"
	stop_and_wait
	assert_equal "$STATUS" 143
	assert_order "$OUT" "a got 15" "a DONE" "b DONE"
	assert_equal "$(grep -c got "$OUT")" 2
	assert_contains "$(cat "$LOG")" "forced=false"
	assert_not_contains "$(cat "$LOG")" "event=sweep"
}

# A master process that is no shell and ignores USR1 and USR2.
MASTER='import os, signal, subprocess, sys
signal.signal(10, lambda *a: open(os.environ["RUN_TMP"] + "/master", "w"))
signal.signal(12, signal.SIG_IGN)
sys.exit(subprocess.call([os.environ["S"], "-x", "1"],
	stdout=open(os.environ["RUN_TMP"] + "/worker", "w")))'

# Once the numbers have gone round, a child can have a lower one than its parent,
# and /proc lists by number.
@test "scope auto: who has a lower pid than its shell is told, too" {
	requires root pidns
	start_pid1 --sweep 500ms -- sh -c 'true
		echo 299 >/proc/sys/kernel/ns_last_pid
		sh -c "echo 49 >/proc/sys/kernel/ns_last_pid
			\"\$S\" -x 1 >\"\$RUN_TMP/a\"; wait; :" &
		wait; wait; wait; :'
	wait_ready a
	assert_equal "$(enter_pidns pgrep sigprint)" 50
	send_both USR1 a
	end_all
	assert_equal "$(got a)" "USR1 USR2 TERM CONT"
}

@test "scope auto: a master's own workers are left to it" {
	requires python3
	start --sweep 500ms -- python3 -c "$MASTER"
	wait_ready worker
	kill -USR1 "$PID"
	wait_for '[ -e "$RUN_TMP/master" ]'
	end_all
	assert_equal "$(got worker)" "TERM CONT"
}

@test "scope auto: so are those of a master behind shells" {
	requires python3
	export MASTER
	start --sweep 500ms -- sh -c 'true
		sh -c "python3 -c \"\$MASTER\" &
			wait; wait; wait; :" &
		"$S" -x 1 >"$RUN_TMP/other" & wait; wait; wait; :'
	wait_ready worker other
	send_both USR1 other
	wait_for '[ -e "$RUN_TMP/master" ]'
	end_all
	assert_equal "$(got other)" "USR1 USR2 TERM CONT"
	# USR1 the master takes, and USR2 it ignores: it decides on both.
	assert_equal "$(got worker)" "TERM CONT"
}

@test "scope auto: decided when it is sent, so not after the shell's exec" {
	start --sweep 500ms -- sh -c '"$S" -x 1 >"$RUN_TMP/worker" &
		exec "$S" -x 1'
	wait_ready worker out
	kill -USR1 "$PID"
	wait_got out USR1
	stop_and_wait HUP
	assert_equal "$(got worker)" "TERM CONT"
}

@test "scope auto: /proc, once looked at, is unmounted lazily only" {
	requires root pidns
	start_pid1 -- sh -c 'trap : USR1
		trap "umount /proc; umount -l /proc && exec \"\$S\" -n 1" USR2
		echo READY; while :; do wait; done'
	wait_out READY
	kill -USR1 "$PID"
	kill -USR2 "$PID"
	wait_out pid=
	kill -HUP "$PID"
	wait_out "HUP 1"
	wait_exit
	assert_equal "$STATUS" 0
	assert_contains "$(cat "$LOG")" busy
}

@test "scope auto: a /proc that comes later is looked at, not the old one" {
	requires root pidns
	# In the old one the program's pid is this stranger's.
	"$W" >/dev/null 3>&- &
	local stranger=$!
	track "$stranger"
	start_command unshare --pid --fork --kill-child --mount sh -c '
		echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid; shift; exec "$@"' - \
		"$stranger" "$LASTCALL" --sweep 500ms -- sh -c '
		trap "mount -t proc proc /proc
			\"\$S\" -x 1 >\"\$RUN_TMP/a\" & " HUP
		echo "READY $$"; while :; do wait; done'
	wait_out "READY $stranger"
	kill -HUP "$(child_of "$PID")"
	wait_ready a
	PID=$(child_of "$PID")
	send_both USR1 a
	kill -KILL "$(child_of "$PID")"
	wait_gone "$PID"
}

@test "scope auto: a server of another user, which cannot be looked into" {
	requires root setpriv
	open_folder
	RUN_TMP=$OPEN
	# As in a container: CAP_KILL, but not CAP_SYS_PTRACE.
	start_command setpriv --bounding-set=-all,+kill,+setuid,+setgid \
		--inh-caps=-all -- "$LASTCALL" --sweep 500ms -- \
		"$FIXTURES/launch" -u 12345 sh -c 'bash -c "
			trap \"echo USR1 \" USR1; trap \"echo TERM; exit\" TERM
			echo READY; while :; do read -t 9 <> <(:); done"; true'
	wait_out READY
	run setpriv --bounding-set=-all --inh-caps=-all \
		readlink "/proc/$(child_of "$PID")/exe"
	assert_status 1
	kill -USR1 "$PID"
	wait_out USR1
	stop_and_wait
	assert_equal "$(tr '\n' ' ' <"$OUT")" "READY USR1 TERM "
}

@test "scope auto is the child alone where there is no /proc" {
	requires root mountns
	start_command unshare --mount sh -c 'umount -l /proc && exec "$@"' - \
		"$LASTCALL" -- sh -c 'trap ": >\"\$RUN_TMP/shell\"" USR1
		"$S" -x 15 >"$RUN_TMP/a" & while :; do wait; done'
	wait_ready a
	kill -USR1 "$PID"
	wait_for '[ -e "$RUN_TMP/shell" ]'
	kill -KILL "$(child_of "$PID")"
	wait_exit
	assert_equal "$(got a)" "TERM"
}

@test "scope all is the group where a subreaper has no /proc" {
	requires root mountns
	start_command unshare --mount sh -c 'umount -l /proc && exec "$@"' - \
		"$LASTCALL" --scope all --sweep 500ms -- sh -c 'trap : USR1 USR2
		"$S" -x 1 >"$RUN_TMP/a"; wait; :'
	wait_ready a
	send_both USR1 a
	end_all
}

# ------------------------------------------------------------ kill that fails

# A copy of `launch` that becomes root, for lastcall as user 12345.
set_uid_root() {
	open_folder
	S=$FIXTURES/sigprint
	install -m 4755 "$FIXTURES/launch" "$OPEN/become"
}

@test "EPERM from kill is logged and survived, as a subreaper" {
	requires root setpriv
	set_uid_root
	start_command setpriv --reuid=12345 --regid=12345 --clear-groups \
		--inh-caps=-all -- "$LASTCALL" --grace 300ms -- \
		"$OPEN/become" -u 0 "$S" -c 3
	wait_out READY
	track "$(child_of "$PID")"
	kill -USR1 "$PID"
	wait_log "event=signal-failed signal=USR1"
	stop_and_wait
	assert_equal "$STATUS" 137
	assert_contains "$(cat "$LOG")" "event=signal-failed signal=TERM"
	assert_contains "$(cat "$LOG")" "event=survivor"
	assert_contains "$(cat "$LOG")" "event=exited code=137 forced=true"
	assert_at_most "$(grep -c signal-failed "$LOG")" 4
	# In one session, CONT is the one that everybody may send (kill(2)).
	assert_equal "$(got out)" "CONT"
}

@test "EPERM from kill is survived until the program has ended" {
	requires root setpriv
	set_uid_root
	start_command setpriv --reuid=12345 --regid=12345 --clear-groups \
		--inh-caps=-all -- "$LASTCALL" --sweep 500ms -- \
		"$OPEN/become" -u 0 "$S" -x 10 -c 3
	wait_out READY
	kill -TERM "$PID"
	wait_log "event=signal-failed signal=TERM"
	kill -USR1 "$(child_of "$PID")"
	wait_exit
	assert_equal "$STATUS" 3
}

@test "ESRCH from kill is logged and survived" {
	requires python3
	# The program leaves its group, which so ceases to be.
	start --scope group -- python3 -c 'import os, time
pid = os.fork()
if pid == 0:
	os.setpgid(0, 0); time.sleep(1); os._exit(0)
while os.getpgid(pid) != pid: time.sleep(0.01)
os.setpgid(0, pid)
os.execv(os.environ["S"], ["sigprint", "-x", "10", "-c", "4"])'
	wait_out READY
	kill -HUP "$PID"
	wait_log "event=signal-failed signal=HUP"
	kill -0 "$PID"
	kill -USR1 "$(child_of "$PID")"
	wait_exit
	assert_equal "$STATUS" 4
}

# A look through /proc takes 8 s.
slow_looks() {
	local us=$((8000000 / $(compgen -G '/proc/[0-9]*' | wc -l)))
	strace -qq -p "$PID" -o "$RUN_TMP/calls" -e trace=openat \
		-e inject=openat:delay_enter="$us" 3>&- &
	track $!
	wait_for 'grep -q "^TracerPid:	[1-9]" /proc/$PID/status'
}

@test "a stop request does not wait for a signal that is looking for its targets" {
	requires strace
	start --grace 20s -- sh -c 'echo READY; sleep 60 & wait'
	wait_out READY
	slow_looks
	kill -WINCH "$PID"
	wait_for 'grep -q openat.*stat "$RUN_TMP/calls"'
	stop
	wait_log event=stop-requested
	assert_at_most "$(elapsed)" 6000
	kill -KILL "$!"
	wait_exit
	assert_equal "$STATUS" 143
}

@test "a stop request waits a tenth of a second for that, and what is lost is said" {
	local opened scope trap
	requires strace
	for scope in auto all; do
		# A shell that takes it would be the only target of auto.
		trap=
		[ "$scope" = auto ] || trap='trap : USR1'
		# A whole look opens 400 files and takes 2 s at least.
		start --grace 20s --scope "$scope" -- sh -c "$trap"'
			i=0; while [ $i -lt 400 ]; do
			sleep 60 & i=$((i + 1)); done; echo READY
			while :; do wait; done'
		wait_out READY
		strace -qq -p "$PID" -o "$RUN_TMP/calls" \
			-e trace=openat,rt_sigtimedwait \
			-e inject=openat:delay_enter=5000 3>&- &
		track $!
		wait_for 'grep -q "^TracerPid:	[1-9]" /proc/$PID/status'
		kill -USR1 "$PID"
		kill -TERM "$PID"
		wait_log event=stop-requested
		kill -KILL "$!"
		wait_exit
		opened=$(sed -n '/= .*SIGUSR1/,/= .*SIGTERM/p' "$RUN_TMP/calls" |
			grep -c openat)
		assert_at_most "$opened" 40
		assert_contains "$(<"$LOG")" \
			'what="no time to find all targets" signal=USR1'
	done
}

@test "a stop request comes before the other signals that wait with it" {
	# USR2 comes last: a program that ended before it would not get it.
	start -v --grace 20s --scope child -- "$FIXTURES/sigprint" -x 12
	wait_out READY
	kill -STOP "$PID"
	kill -HUP "$PID"
	kill -USR1 "$PID"
	kill -USR2 "$PID"
	kill -TERM "$PID"
	kill -CONT "$PID"
	wait_exit
	assert_order "$LOG" "forwarded signal=HUP" event=stop-requested \
		"forwarded signal=USR1" "forwarded signal=USR2"
}

@test "a signal that comes right before a stop request is not lost" {
	start --grace 20s -- sh -c '"$0" -x 15; true' "$FIXTURES/sigprint"
	wait_out READY
	kill -STOP "$PID"
	kill -USR2 "$PID"
	kill -TERM "$PID"
	kill -CONT "$PID"
	wait_exit
	assert_order "$OUT" 12 15
	assert_not_contains "$(<"$LOG")" "no time"
}

@test "a stop request does not wait behind other signals that keep coming" {
	requires strace
	# USR2 has the lower number, and comes anew while each one looks.
	start --grace 60s -- sh -c 'trap "" USR2; trap "exit 0" TERM
		for i in 1 2 3 4 5 6 7 8 9; do sleep 60 & done
		echo READY; while :; do wait; done'
	wait_out READY
	slow_looks
	while kill -USR2 "$PID"; do :; done 2>/dev/null 3>&- &
	track $!
	wait_for 'grep -q openat.*stat "$RUN_TMP/calls"'
	stop
	wait_log event=stop-requested
	kill -KILL "${TRACKED[@]}"
	wait_exit
	assert_equal "$(logged stop-requested signal)" TERM
}
