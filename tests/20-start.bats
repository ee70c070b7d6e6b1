#!/usr/bin/env bats
# What lastcall does until the program runs, and what the program gets.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
bats_require_minimum_version 1.5.0

load helpers
load compat

FULL_MASK=fffffffffffbfeff # KILL and STOP cannot be blocked

# One line of what tests/under/state has written down.
state_of() { # KEY [FILE]
	sed -n "s/^$1 //p" "${2:-$RUN_TMP/state}"
}

# ------------------------------------------------------- a program that fails

@test "a program that is not found is exit code 127, by name" {
	run -127 --separate-stderr "$LASTCALL" -- no-such-program
	assert_equal "$output" ""
	assert_contains "$stderr" "'no-such-program': "
	run -127 --separate-stderr "$LASTCALL" -- /no/such/program
	assert_contains "$stderr" "'/no/such/program': "
	run -127 --separate-stderr "$LASTCALL" -- "$LASTCALL/program"
	assert_contains "$stderr" "not a directory"
	run -127 --separate-stderr "$LASTCALL" -- ""
	assert_contains "$stderr" "'': "
}

@test "a program that may not be executed is exit code 126, by name" {
	echo 'echo no' >"$RUN_TMP/plain"
	run --separate-stderr "$LASTCALL" -- "$RUN_TMP/plain"
	assert_status 126
	assert_contains "$stderr" "/plain': "
	run --separate-stderr "$LASTCALL" -- "$RUN_TMP"
	assert_status 126
	assert_contains "$stderr" "'$RUN_TMP': "
	printf '\177ELF and no more' >"$RUN_TMP/broken"
	chmod +x "$RUN_TMP/broken"
	run --separate-stderr "$LASTCALL" -- "$RUN_TMP/broken"
	assert_status 126 # and not what /bin/sh makes of it
	assert_contains "$stderr" "not in a format that can be executed"
}

@test "what may not be executed in PATH is passed over, but remembered" {
	mkdir "$RUN_TMP/a" "$RUN_TMP/b"
	echo 'exit 1' >"$RUN_TMP/a/prog"
	PATH=$RUN_TMP/a:$PATH run --separate-stderr "$LASTCALL" -- prog
	assert_status 126
	printf '#!/bin/sh\nexit 9\n' >"$RUN_TMP/b/prog"
	chmod +x "$RUN_TMP/b/prog"
	PATH=$RUN_TMP/a:/nowhere:/dev/null:$RUN_TMP/b:$PATH \
		run --separate-stderr "$LASTCALL" -- prog
	assert_status 9
}

# What stands in PATH before the folder with the program, and what must not
# end the search there.
before_in_path() {
	mkdir -p "$RUN_TMP/orphan" "$RUN_TMP/loop" "$RUN_TMP/good"
	printf '#!/no/such/interpreter\n' >"$RUN_TMP/orphan/prog"
	printf '#!/bin/sh\nexit 9\n' >"$RUN_TMP/good/prog"
	chmod +x "$RUN_TMP/orphan/prog" "$RUN_TMP/good/prog"
	ln -sf prog "$RUN_TMP/loop/prog"
	LONG=/$(printf 'x%.0s' {1..300})
	LONGEST=/$(printf 'x%.0s' {1..5000})
}

@test "the search goes on behind what cannot be run, under every name" {
	before_in_path
	local entry
	goes_on() {
		for entry in "$RUN_TMP/orphan" "$LONGEST"; do
			row 9 "" "" TINI_SUBREAPER= \
				PATH="$entry:$RUN_TMP/good:$PATH" -- -- prog
		done
	}
	each lastcall goes_on
	each tini goes_on
	each tini-static goes_on
	each dumb-init goes_on
	each catatonit goes_on
	# glibc's execvp(3) ends it there.
	for entry in "$RUN_TMP/loop" "$LONG"; do
		PATH=$entry:$RUN_TMP/good:$PATH run "$LASTCALL" -- prog
		assert_status 9
	done
}

@test "what was found first is reported when nothing could be run" {
	before_in_path
	run --separate-stderr env \
		PATH="$RUN_TMP/orphan:/nowhere:$LONG:$LONGEST" "$LASTCALL" -- prog
	assert_status 126
	assert_contains "$stderr" "its interpreter or loader is missing"
	run --separate-stderr env PATH="$RUN_TMP/loop:/nowhere" "$LASTCALL" -- prog
	assert_status 126
	assert_contains "$stderr" "too many symbolic links"
	run -127 --separate-stderr env PATH="/nowhere:$LONG:$LONGEST" \
		"$LASTCALL" -- prog
	assert_contains "$stderr" "no such file or directory"
	# Permission denied is more than all of these.
	mkdir "$RUN_TMP/denied"
	echo 'exit 1' >"$RUN_TMP/denied/prog"
	run --separate-stderr env \
		PATH="$RUN_TMP/orphan:$RUN_TMP/denied:$RUN_TMP/loop" "$LASTCALL" -- prog
	assert_status 126
	assert_contains "$stderr" "permission denied"
}

@test "a program that is found but busy, or of a bad format, ends the search" {
	before_in_path
	mkdir "$RUN_TMP/busy"
	cp "$LASTCALL" "$RUN_TMP/busy/prog"
	exec 8>>"$RUN_TMP/busy/prog"
	PATH=$RUN_TMP/busy:$RUN_TMP/good:$PATH \
		run --separate-stderr "$LASTCALL" -- prog
	exec 8>&-
	assert_status 126
	assert_contains "$stderr" "text file busy"
	printf '\177ELF and no more' >"$RUN_TMP/busy/prog"
	PATH=$RUN_TMP/busy:$RUN_TMP/good:$PATH \
		run --separate-stderr "$LASTCALL" -- prog
	assert_status 126
	assert_contains "$stderr" "not in a format that can be executed"
}

@test "an empty part of PATH is the current folder, as in a shell" {
	printf '#!/bin/sh\nexit 8\n' >"$RUN_TMP/prog"
	chmod +x "$RUN_TMP/prog"
	cd "$RUN_TMP"
	PATH=/nowhere: run "$LASTCALL" -- prog
	assert_status 8
	run -127 "$LASTCALL" -- prog
	run "$LASTCALL" -- ./prog
	assert_status 8
}

@test "without PATH a program is found in the usual folders" {
	run env -u PATH "$LASTCALL" -- sh -c 'exit 6'
	assert_status 6
}

@test "a missing interpreter is said to be missing, not the script" {
	printf '#!/no/such/interpreter\n' >"$RUN_TMP/script"
	chmod +x "$RUN_TMP/script"
	run --separate-stderr "$LASTCALL" -- "$RUN_TMP/script"
	assert_status 126
	assert_contains "$stderr" "/script': "
	assert_contains "$stderr" "interpreter"
}

@test "a script without #! is run by /bin/sh with its arguments" {
	echo 'printf "%s|" "$0" "$@"; exit 7' >"$RUN_TMP/script"
	chmod +x "$RUN_TMP/script"
	run --separate-stderr "$LASTCALL" -- "$RUN_TMP/script" a "b c" ""
	assert_status 7
	assert_equal "$output" "$RUN_TMP/script|a|b c||"
	PATH=$RUN_TMP:$PATH run --separate-stderr "$LASTCALL" -- script x
	assert_status 7
	assert_equal "$output" "$RUN_TMP/script|x|"
}

@test "a program that failed to start is written to the termination log" {
	run -127 "$LASTCALL" --termination-log "$RUN_TMP/why" -- \
		/no/such/program
	assert_contains "$(cat "$RUN_TMP/why")" "'/no/such/program': "
	assert_equal "$(wc -l <"$RUN_TMP/why")" 1
}

@test "a fork that fails is lastcall's own failure: exit code 125" {
	requires root setpriv
	open_folder
	# As another user, whose one process is lastcall.
	run --separate-stderr setpriv --reuid=12345 --clear-groups \
		prlimit --nproc=1 \
		"$LASTCALL" --termination-log "$OPEN/why" -- /bin/true
	assert_status 125
	assert_contains "$(cat "$OPEN/why")" "'/bin/true': "
	assert_contains "$stderr" "'/bin/true': "
}

# --------------------------------------------------------- what it is started

@test "the program leads a process group of its own, in the same session" {
	"$LASTCALL" -- "$FIXTURES/state" "$RUN_TMP/state"
	assert_equal "$(state_of pgrp)" "$(state_of pid)"
	"$FIXTURES/state" "$RUN_TMP/here"
	assert_equal "$(state_of sid)" "$(state_of sid "$RUN_TMP/here")"
}

@test "the process group is there at once, however early it is signalled" {
	# The signal is pending when lastcall starts: it is taken before the
	# child has run at all.
	run "$FIXTURES/volley" -b -n 100 -u 0 12 "$LASTCALL" --quiet \
		--scope group -- "$FIXTURES/sigprint" -n 1 -c 42
	assert_contains "$output" "100 sent, 0 lost"
}

@test "the caller's signal mask is given back exactly" {
	local set mask
	for set in 0:1 1:1 15,17:14000 32,33,34,64:8000000380000000 \
		10,32:80000200 all:$FULL_MASK; do
		mask=$(printf '%016s' "${set#*:}" | tr ' ' 0)
		[ "${set%%:*}" != 0 ] || { set=1:1 mask=0000000000000001; }
		"$FIXTURES/launch" -b "${set%%:*}" \
			"$LASTCALL" -- "$FIXTURES/state" "$RUN_TMP/state"
		assert_equal "$(state_of mask)" "$mask"
	done
	"$LASTCALL" -- "$FIXTURES/state" "$RUN_TMP/state"
	assert_equal "$(state_of mask)" 0000000000000000
}

@test "the signals that the caller ignored are ignored, and no others" {
	local all
	"$FIXTURES/state" "$RUN_TMP/here"
	"$LASTCALL" -- "$FIXTURES/state" "$RUN_TMP/state"
	assert_equal "$(state_of ignored)" "$(state_of ignored "$RUN_TMP/here")"
	all=$(seq -s, 64)
	"$FIXTURES/launch" -i "$all" \
		"$LASTCALL" -- "$FIXTURES/state" "$RUN_TMP/state"
	assert_equal "$(state_of ignored)" $FULL_MASK
	"$FIXTURES/launch" -i 17,32,33,15 \
		"$LASTCALL" -- "$FIXTURES/state" "$RUN_TMP/state" 5 || STATUS=$?
	assert_equal "$STATUS" 5 # known although SIGCHLD was ignored
	all=$((0x$(state_of ignored "$RUN_TMP/here") | 0x180014000))
	assert_equal "$(state_of ignored)" "$(printf %016x "$all")"
}

@test "descriptors are inherited unchanged and none is added" {
	local under
	# A named pipe as stderr makes the log open it again; -v makes it log.
	mkfifo "$RUN_TMP/pipe"
	for under in "" "$LASTCALL -v --ready-file $RUN_TMP/ready --"; do
		cat "$RUN_TMP/pipe" >"$LOG" &
		# shellcheck disable=SC2086 # words
		$under "$FIXTURES/state" "$RUN_TMP/state${under:+-under}" \
			</dev/null 2>"$RUN_TMP/pipe" 3<"$BATS_TEST_FILENAME" \
			7>>"$RUN_TMP/seven" 9<&3
		wait $!
	done
	assert_contains "$(cat "$LOG")" "event=started"
	assert_contains "$(cat "$RUN_TMP/state")" "fd 7 "
	assert_equal "$(grep '^fd ' "$RUN_TMP/state-under")" \
		"$(grep '^fd ' "$RUN_TMP/state")"
}

@test "with any of the standard descriptors closed it starts and stops" {
	local closed list
	for closed in "" 0 1 2 0,1 0,2 1,2 0,1,2; do
		rm -f "$RUN_TMP/state" "$RUN_TMP/go"
		mkfifo "$RUN_TMP/go"
		"$FIXTURES/launch" -x "$closed," "$LASTCALL" -v \
			--ready-file "$RUN_TMP/ready" --delay 10ms -- sh -c '
			"$1" "$2/state"; trap "exit 5" TERM
			while :; do read x <"$2/go" || :; done' \
			- "$FIXTURES/state" "$RUN_TMP" 3>&- >"$OUT" 2>"$LOG" &
		PID=$!
		exec 8>"$RUN_TMP/go"
		wait_for '[ -s "$RUN_TMP/state" ]'
		stop_and_wait
		exec 8>&-
		assert_equal "$closed: $STATUS" "$closed: 5"
		list=$(sed -n 's/^fd \([012]\) .*/\1/p' "$RUN_TMP/state" |
			paste -sd,)
		case $closed in
		"") assert_equal "$list" 0,1,2 ;;
		0) assert_equal "$list" 1,2 ;;
		1) assert_equal "$list" 0,2 ;;
		2) assert_equal "$list" 0,1 ;;
		0,1) assert_equal "$list" 2 ;;
		0,2) assert_equal "$list" 1 ;;
		1,2) assert_equal "$list" 0 ;;
		*) assert_equal "$list" "" ;;
		esac
		assert_equal "$(cat "$OUT")" ""
	done
}

@test "the exit code is the program's, or 128 and its signal" {
	run "$LASTCALL" true
	assert_status 0
	run "$LASTCALL" -- sh -c 'exit 255'
	assert_status 255
	run "$LASTCALL" -- sh -c 'kill -KILL $$'
	assert_status 137
	run "$LASTCALL" -- sh -c 'kill -SEGV $$'
	assert_status 139
}

@test "the ready file is there from the start to the stop request" {
	local ready=$RUN_TMP/ready
	start --ready-file "$ready" --delay 10m --grace 20m -- \
		"$FIXTURES/worker"
	wait_for '[ -e "$RUN_TMP/ready" ]'
	wait_out READY
	[ -e "$ready" ] || fail "gone too early"
	kill -TERM "$PID"
	wait_for '[ ! -e "$RUN_TMP/ready" ]'
	kill -0 "$PID"
	kill -KILL "$(child_of "$PID")"
	wait_exit
	assert_removed_at_the_end "$ready"
	# A ready file that cannot be made is no reason to fail.
	run --separate-stderr "$LASTCALL" --ready-file /no/where -- sh -c 'exit 3'
	assert_status 3
	assert_contains "$stderr" "ready file"
}

@test "a ready file that no process can remove yet goes when one can" {
	requires root setpriv
	local user=(setpriv --reuid 65124 --regid 65124 --clear-groups)
	open_folder
	start_command "${user[@]}" "$LASTCALL" --grace 60s --delay 50s \
		--ready-file "$OPEN/ready" -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	"${user[@]}" prlimit --pid "$PID" --nproc=1:30
	kill -TERM "$PID"
	wait_for '[ "$(cat "/proc/$PID/comm")" = lastcall:drain ]'
	kill -USR1 "$PID"
	wait_out "USR1 10"
	[ -e "$OPEN/ready" ] || fail "it could not be forked for"
	"${user[@]}" prlimit --pid "$PID" --nproc=30
	wait_for 'kill -USR1 "$PID"; [ ! -e "$OPEN/ready" ]'
	kill -TERM "$(child_of "$PID")"
	wait_exit
	assert_equal "$STATUS" 0
}

@test "the option variables are taken out of the program's environment" {
	LASTCALL_GRACE=9s LASTCALL_QUIET=1 run "$LASTCALL" -- env
	assert_status 0
	assert_not_contains "$output" LASTCALL_
	assert_contains "$output" "TEST_MARK=$TEST_MARK"
}

@test "with --parent-death-signal it stops when its parent has died" {
	mkfifo "$RUN_TMP/go"
	sh -c '"$@" & echo $! >"$0/pid"; read x <"$0/go"' "$RUN_TMP" \
		"$LASTCALL" -p TERM -- "$FIXTURES/sigprint" -x 15 -c 3 \
		>"$OUT" 2>"$LOG" 3>&- &
	local parent=$!
	wait_out READY
	wait_for '[ -s "$RUN_TMP/pid" ]'
	PID=$(cat "$RUN_TMP/pid")
	kill -KILL "$parent"
	wait_out "TERM 15"
	wait_gone "$PID"
}

# A script as PID 1, whose $0 is lastcall.
as_entrypoint() { # SHELL SCRIPT
	run in_pidns env --default-signal=INT "$1" -c "$2" "$LASTCALL"
}

# A shell has every signal blocked while it starts a process, as one has that
# waits for them: lastcall says nothing if it is as quick as that.
warns() { # SHELL SCRIPT
	local i
	for i in {1..10}; do
		as_entrypoint "$@"
		[ -z "$output" ] || break
	done
	assert_equal "$output" "$warning"
}

@test "it warns below a shell that is PID 1 and keeps the stop request" {
	requires pidns
	local warning="lastcall: event=warning what=\"PID 1 ignores SIGTERM: \
expected ENTRYPOINT in exec form or exec lastcall\""
	warns sh '"$0" -- true; true'
	warns bash 'cd / && "$0" -- true; exit $?'
	# Not where PID 1 takes it, or is lastcall, or does not wait for it.
	as_entrypoint sh 'trap : TERM; "$0" -- true; true'
	assert_equal "$output" ""
	as_entrypoint sh 'exec "$0" -- true'
	assert_equal "$output" ""
	as_entrypoint sh 'exec "$0" -- "$0" -- true'
	assert_equal "$output" ""
	as_entrypoint sh '"$0" -- true & wait $!'
	assert_equal "$output" ""
	as_entrypoint sh 'sh -c "\"\$0\" -- true; true" "$0"; true'
	assert_equal "$output" ""
}

# --------------------------------------------------------- signals at the start

@test "every signal is blocked as the very first act" {
	requires strace plain-binary
	run strace -o "$RUN_TMP/trace" "$LASTCALL" -- true
	assert_status 0
	# libc's start-up and nothing else may come before.
	run sed -n '/^rt_sigprocmask/q;p' "$RUN_TMP/trace"
	assert_equal "$(grep -vE '^(execve|arch_prctl|set_tid_address|brk|readlink|set_robust_list|rseq|prlimit64|getrandom|mprotect|uname|ioctl\()' \
		<<<"$output")" ""
	assert_match "$(grep -m1 ^rt_sigprocmask "$RUN_TMP/trace")" '~\[\]'
}

@test "no signal handler is ever installed" {
	requires strace
	"$LASTCALL" -v --delay 10ms -- "$FIXTURES/worker" >"$OUT" 2>"$LOG" 3>&- &
	PID=$!
	wait_out READY
	assert_equal "$(sed -n 's/^SigCgt:\t//p' "/proc/$PID/status")" \
		0000000000000000
	stop_and_wait
	assert_equal "$STATUS" 0
}

# How often: the sanitizers make each start slow, and look at other things.
TRIALS=300
[ -z "${SANITIZED:-}" ] || TRIALS=30

# From when lastcall has its signals blocked, and from its very first moment
# where they were blocked before.
never_lost() { # SCOPE VOLLEY-OPTION...
	local scope=$1 from
	shift
	for from in "" -b; do
		# shellcheck disable=SC2086 # nothing or a word
		run "$FIXTURES/volley" -n $((TRIALS / 2)) $from "$@" 15,10,34 \
			"$LASTCALL" --quiet --scope "$scope" -- \
			"$FIXTURES/sigprint" -n 1 -c 42
		assert_contains "$output" "$((TRIALS / 2)) sent, 0 lost"
	done
}

@test "a signal at the start is never lost, scope auto, as a subreaper" {
	never_lost auto
}

@test "a signal at the start is never lost, scope auto, as PID 1" {
	requires root pidns
	never_lost auto -1
}

@test "a signal at the start is never lost, scope child, as a subreaper" {
	never_lost child
}

@test "a signal at the start is never lost, scope child, as PID 1" {
	requires root pidns
	never_lost child -1
}

@test "a signal at the start is never lost, scope group, as a subreaper" {
	never_lost group
}

@test "a signal at the start is never lost, scope group, as PID 1" {
	requires root pidns
	never_lost group -1
}

@test "a signal at the start is never lost, scope all, as a subreaper" {
	never_lost all
}

@test "a signal at the start is never lost, scope all, as PID 1" {
	requires root pidns
	never_lost all -1
}

@test "a stop request at the start of a shell and its workers is never lost" {
	# With the signals open the shell may be ended before it has started
	# anyone; nobody may be left to wait for either way.
	run "$FIXTURES/volley" -n "$TRIALS" -u 5000 15 "$LASTCALL" --quiet -- \
		sh -c '"$1" -n 1 & "$1" -n 1 & wait' - "$FIXTURES/sigprint"
	assert_contains "$output" "$TRIALS sent, 0 lost"
}

# ------------------------------------------------------------- where it works

# Starts, forwards, reaps an orphan and stops with the program's own code:
# lastcall has to be in $PID, its program `works`, its output in $OUT.
WORKS='(sleep 0.01 & exec true); exec "$1" -x 15 -c 11'

assert_works() {
	wait_out READY
	kill -USR1 "$PID"
	wait_out "USR1 10"
	kill -TERM "$PID"
	wait_out "TERM 15"
	wait_exit
	assert_equal "$STATUS" 11
}

@test "it works as a subreaper" {
	start -- sh -c "$WORKS" - "$FIXTURES/sigprint"
	assert_works
}

@test "it works as PID 1" {
	requires pidns
	start_pid1 -- sh -c "$WORKS" - "$FIXTURES/sigprint"
	assert_works
}

@test "it works as another user, without capabilities" {
	requires root setpriv
	open_folder
	start_command setpriv --reuid=12345 --regid=12345 --clear-groups \
		--bounding-set=-all --inh-caps=-all --no-new-privs -- \
		"$LASTCALL" -- sh -c "$WORKS" - "$FIXTURES/sigprint"
	assert_works
	requires pidns
	start_pid1_command setpriv --reuid=12345 --regid=12345 \
		--clear-groups --bounding-set=-all --inh-caps=-all \
		--no-new-privs -- \
		"$LASTCALL" -- sh -c "$WORKS" - "$FIXTURES/sigprint"
	assert_works
}

@test "it works as root without capabilities" {
	requires root setpriv pidns
	start_pid1_command setpriv --bounding-set=-all --inh-caps=-all -- \
		"$LASTCALL" -- sh -c "$WORKS" - "$FIXTURES/sigprint"
	assert_works
}

@test "it works with little memory for data, and a small stack" {
	# The sanitizers need more than that.
	requires plain-binary
	start_command prlimit --data=524288:67108864 "$LASTCALL" -- \
		prlimit --data=67108864 sh -c "$WORKS" - "$FIXTURES/sigprint"
	assert_works
	# What execve(2) takes is a part of the stack's limit.
	start_command env -i PATH="$PATH" TEST_MARK="$TEST_MARK" \
		prlimit --stack=32768:8388608 "$LASTCALL" \
		--pre-stop true --drain 1/10ms -- prlimit --stack=8388608 \
		sh -c "$WORKS" - "$FIXTURES/sigprint"
	assert_works
}

@test "it works where there is no /proc, as PID 1 and as a subreaper" {
	requires root pidns mountns
	local pid1
	for pid1 in start_pid1_command start_command; do
		$pid1 unshare --mount sh -c \
			'umount -l /proc && exec "$@"' - \
			"$LASTCALL" -- sh -c "$WORKS" - "$FIXTURES/sigprint"
		: >"$RUN_TMP/$pid1"
		assert_works
		: >"$OUT"
	done
}

@test "it works with the /proc of another PID namespace" {
	requires root pidns
	unshare --pid --fork --kill-child -- "$LASTCALL" -- \
		sh -c "$WORKS" - "$FIXTURES/sigprint" >"$OUT" 2>"$LOG" 3>&- &
	UNSHARE_PID=$!
	wait_out READY
	PID=$(child_of "$UNSHARE_PID")
	assert_works
}

@test "it works on a read-only root" {
	requires root pidns mountns
	start_pid1_command unshare --mount sh -c '
		mount -o bind,ro / /mnt && cd /mnt && mount -t proc proc proc &&
		mount -t tmpfs none tmp && mkdir -p "/mnt$1" "/mnt$2" &&
		mount --bind "$1" "/mnt$1" && mount --bind "$2" "/mnt$2" || exit 99
		shift 2; ! touch /mnt/probe 2>/dev/null || exit 98
		exec chroot /mnt "$@"' - "${LASTCALL%/*}" "${FIXTURES%/*}" \
		"$LASTCALL" --ready-file /not-here -- \
		sh -c "$WORKS" - "$FIXTURES/sigprint"
	assert_works
	assert_contains "$(cat "$LOG")" "ready file"
}

@test "the binary is static, stripped and at most 96 KiB" {
	requires file plain-binary
	run file -L "$LASTCALL"
	assert_contains "$output" "statically linked"
	assert_contains "$output" ", stripped"
	assert_at_most "$(stat -Lc %s "$LASTCALL")" 98304
}

@test "a program that is not found exits 127 also where nobody reads stderr" {
	requires python3
	run python3 -c 'import os, subprocess, sys
r, w = os.pipe()
os.close(r)
print(subprocess.run(sys.argv[1:], stderr=w).returncode)' \
		"$LASTCALL" "$RUN_TMP/nowhere"
	assert_equal "$output" 127
}
