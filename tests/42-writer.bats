#!/usr/bin/env bats
# Nobody can hold lastcall by what it writes to: its log, the ready file and the
# termination log are written by processes of its own, which may hang.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154

load helpers
load containers

HOLD=$FIXTURES/holdpipe
W=$FIXTURES/worker

setup() {
	common_setup
	PIPE=$RUN_TMP/pipe
}

teardown() {
	container_teardown
	common_teardown
}

# Sends what is written to the pipe to LOG, as long as somebody has it open.
read_pipe() {
	mkfifo "$PIPE"
	# The reader is there before the writer, and not before its end.
	cat <"$PIPE" >"$RUN_TMP/said" 3>&- &
	READER=$!
	track "$READER"
}

# Starts lastcall with the pipe as its stderr.
start_on_pipe() { # ARG...
	read_pipe
	start_with_stderr "$PIPE" "$LASTCALL" "$@"
}

start_with_stderr() { # FILE COMMAND...
	local file=$1
	shift
	: >"$OUT"
	env --default-signal=HUP,INT,QUIT "$@" >"$OUT" 2>>"$file" 3>&- &
	PID=$!
}

start_pid1_on_pipe() { # ARG...
	read_pipe
	pidns_command
	env --default-signal=HUP,INT,QUIT "${PIDNS[@]}" "$LASTCALL" "$@" \
		>"$OUT" 2>"$PIPE" 3>&- &
	UNSHARE_PID=$!
	wait_for 'child_of "$UNSHARE_PID" >/dev/null'
	PID=$(child_of "$UNSHARE_PID")
}

# The log is complete when nobody has the pipe open any more.
read_to_end() {
	wait "$READER" || true
	cp "$RUN_TMP/said" "$LOG"
}

# The lines of a stop that was forced, each once and in this order.
assert_whole_log() {
	read_to_end
	assert_equal "$(sed 's/^lastcall: event=\([a-z-]*\).*/\1/' "$LOG" |
		grep -vx 'survivor\|last-call' | paste -sd' ')" \
		"stop-requested stop-signal killed child-exited exited"
}

# The pipe, open as 8, takes no byte more: it is full of empty lines.
fill_pipe() {
	tr '\0' '\n' </dev/zero | timeout 10 dd of="$PIPE" bs=4096 \
		iflag=fullblock oflag=nonblock 2>/dev/null || true
}

log_writers() {
	pgrep -x lastcall-log -P "$PID" || true
}

# ----------------------------------------------------- who holds a pipe's lock

@test "a program that holds stderr's pipe by splice does not delay its own end" {
	start_on_pipe --grace 10s -- "$HOLD"
	wait_out READY
	kill -TERM "$PID"
	wait_exit
	assert_equal "$STATUS" 143
	read_to_end
	assert_contains "$(cat "$LOG")" "event=exited code=143 forced=false"
}

@test "who holds stderr's pipe does not delay the deadline, as a subreaper" {
	start_on_pipe --grace 700ms -- "$HOLD" "$W" -i
	wait_for '[ "$(grep -c READY "$OUT")" = 2 ]'
	kill -TERM "$PID"
	wait_exit
	assert_equal "$STATUS" 137
	assert_whole_log
}

@test "who holds stderr's pipe does not delay the deadline, as PID 1" {
	requires pidns
	start_pid1_on_pipe --grace 700ms -- "$HOLD" "$W" -i
	wait_for '[ "$(grep -c READY "$OUT")" = 2 ]'
	kill -TERM "$PID"
	wait_exit
	assert_equal "$STATUS" 137
	assert_whole_log
}

# bats test_tags=check
@test "who holds stderr's pipe does not delay the deadline of a container" {
	requires root runc busybox seccomp
	read_pipe
	LOG=$PIPE container_start /lastcall --grace 700ms -- \
		/bin/holdpipe /bin/worker -i
	wait_for '[ "$(grep -c READY "$OUT")" = 2 ]'
	in_runc kill "$CONTAINER" TERM
	wait_exit
	assert_equal "$STATUS" 137
	assert_whole_log
}

@test "who holds stderr's pipe does not delay the end under the drop-in names" {
	local name holder
	for name in tini dumb-init catatonit; do
		ln -sf "$LASTCALL" "$RUN_TMP/$name"
		rm -f "$PIPE"
		read_pipe
		verbose=(-v)
		[ $name != tini ] || verbose=(-vvv)
		[ $name != catatonit ] || verbose=()
		start_with_stderr "$PIPE" "$RUN_TMP/$name" \
			"${verbose[@]}" -- "$HOLD" "$W"
		wait_for '[ "$(grep -c READY "$OUT")" = 2 ]'
		holder=$(child_of "$(child_of "$PID")")
		kill -TERM "$PID"
		wait_exit
		# The holder has the pipe open, and goes on unless its group was told.
		kill -KILL "$holder" 2>/dev/null || true
		read_to_end
	done
}

@test "a forwarder that splices stderr to a full socket does not delay the end" {
	mkfifo "$PIPE"
	"$FIXTURES/forwarder" <"$PIPE" >"$RUN_TMP/forwarder" 3>&- &
	track $!
	start_with_stderr "$PIPE" "$LASTCALL" -v --grace 700ms -- "$W" -i
	wait_for 'grep -q READY "$RUN_TMP/forwarder"'
	wait_out READY
	kill -TERM "$PID"
	wait_exit
	assert_equal "$STATUS" 137
	# What waits for the pipe's lock dies when that is free.
	kill %1
}

@test "tini -v with a stdout that nobody reads does not wait for it" {
	ln -s "$LASTCALL" "$RUN_TMP/tini"
	mkfifo "$PIPE"
	exec 8<>"$PIPE"
	fill_pipe
	local under
	for under in "" LASTCALL_GRACE=9s; do
		env $under "$RUN_TMP/tini" -v -s -- sh -c 'exit 3' >&8 2>"$LOG" \
			3>&- 8>&- &
		PID=$!
		wait_exit
		assert_equal "$STATUS" 3
	done
	exec 8>&-
}

# ------------------------------------------------------------- the log writer

@test "an idle lastcall is one process, and a line makes it two" {
	start -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	assert_equal "$(log_writers)" ""
	kill -HUP "$PID"
	wait_out HUP
	assert_equal "$(log_writers)" ""
	kill -TERM "$PID"
	wait_exit
	start --delay 10s --grace 20s -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	kill -TERM "$PID"
	wait_log drain-started
	assert_equal "$(log_writers | wc -l)" 1
	kill -INT "$PID"
	wait_log stop-repeated
	after_interrupt
	kill -INT "$PID"
	wait_exit
}

@test "the log writer holds stderr and its socket, and nothing else" {
	start -v -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	wait_log event=started
	local writer
	writer=$(log_writers)
	assert_equal "$(find "/proc/$writer/fd" -mindepth 1 -printf '%f\n' |
		sort -n | paste -sd,)" 0,1,2
	assert_match "$(readlink "/proc/$writer/fd/0")" '^socket:'
	kill -TERM "$PID"
	wait_exit
}

@test "the log writer is not waited for, swept, counted or named" {
	# A stray is, so that there is a sweep.
	start -v -w --grace 3s --sweep 300ms -- sh -c \
		'setsid "$1" -i >/dev/null & exec "$2" -x 15' - "$W" \
		"$FIXTURES/sigprint"
	wait_out READY
	kill -TERM "$PID"
	wait_exit
	assert_contains "$(cat "$LOG")" "swept=1"
	assert_not_contains "$(cat "$LOG")" lastcall-log
	assert_not_contains "$(grep -v 'event=reaped' "$LOG")" "count=2"
}

@test "the log writer as PID 1's child is not swept, counted or named" {
	requires pidns
	start_pid1 -v -w --grace 3s --sweep 300ms -- sh -c \
		'setsid "$1" -i >/dev/null & exec "$2" -x 15' - "$W" \
		"$FIXTURES/sigprint"
	wait_out READY
	kill -TERM "$PID"
	wait_exit
	assert_contains "$(cat "$LOG")" "swept=1"
	assert_contains "$(cat "$LOG")" "event=exited"
	assert_not_contains "$(cat "$LOG")" lastcall-log
}

@test "signals to everybody do not reach the log writer, and KILL has it anew" {
	requires pidns
	start_pid1 -v -- sh -c 'trap "" HUP INT USR1 USR2 ALRM CONT
		trap "exit 3" TERM
		echo READY; while :; do sleep 0.05; done'
	wait_out READY
	wait_log event=started
	local writer signal
	writer=$(log_writers)
	# To all but PID 1 and the sender.
	for signal in HUP INT USR1 USR2 ALRM; do
		enter_pidns sh -c "kill -$signal -1"
	done
	assert_equal "$(log_writers)" "$writer"
	kill -KILL "$writer"
	kill -HUP "$PID"
	kill -USR1 "$PID"
	wait_log "signal=USR1"
	wait_log "signal=HUP"
	kill -TERM "$PID"
	wait_exit
	assert_equal "$STATUS" 3
	assert_order "$LOG" event=started signal=HUP signal=TERM event=exited
}

@test "a killed lastcall takes its log writer along" {
	start -v -- sleep 1000
	wait_log event=started
	local writer
	writer=$(log_writers)
	kill -KILL "$PID"
	wait_gone "$writer"
	kill_marked
}

@test "a log writer that was stopped writes at the exit" {
	start -v -- "$FIXTURES/sigprint" -x 15
	wait_out READY
	wait_log event=started
	kill -STOP "$(log_writers)"
	kill -TERM "$PID"
	wait_exit
	assert_order "$LOG" event=started stop-requested stop-signal \
		child-exited event=exited
}

@test "a log that nobody reads does not delay the exit" {
	mkfifo "$PIPE"
	exec 8<>"$PIPE"
	fill_pipe
	start_with_stderr "$PIPE" "$LASTCALL" -v -- sh -c 'exit 5' 8>&-
	wait_exit
	assert_equal "$STATUS" 5
	exec 8>&-
}

@test "what comes when stderr is full is there when somebody reads again" {
	mkfifo "$PIPE"
	exec 8<>"$PIPE"
	fill_pipe
	start_with_stderr "$PIPE" "$LASTCALL" -v --delay 10s --grace 20s -- \
		"$FIXTURES/sigprint" -x 15 8>&-
	wait_out READY
	kill -HUP "$PID"
	wait_out HUP
	kill -TERM "$PID"
	wait_for 'grep -q lastcall:drain "/proc/$PID/comm"'
	cat <&8 >"$LOG" 3>&- &
	track $!
	exec 8>&-
	wait_log drain-started
	assert_order "$LOG" event=started event=forwarded drain-started
	kill -KILL "$(child_of "$PID")"
	wait_exit
}

@test "where no process can be had lines are kept for when one can" {
	requires root setpriv
	open_folder
	# The program fills its user's limit, then ends it at the stop request.
	start_command setpriv --reuid 64321 --regid 65534 --clear-groups -- \
		prlimit --nproc=4:4 -- "$LASTCALL" --grace 700ms -- sh -c '
		trap "" TERM
		"$1" -i & "$1" -i & echo FULL; wait; wait; sleep 100' - \
		"$FIXTURES/worker"
	wait_out FULL
	kill -TERM "$PID"
	wait_exit
	assert_equal "$STATUS" 137
	assert_order "$LOG" stop-requested killed child-exited event=exited
}

@test "where no process can ever be had the exit is as good as with a log" {
	requires root strace
	start_command strace -qq -o /dev/null \
		-e inject=clone:error=EAGAIN:when=2+ \
		"$LASTCALL" -v --grace 10s -- "$FIXTURES/sigprint" -c 7 -x 15
	wait_out READY
	PID=$(child_of "$PID") STRACE=$PID
	kill -TERM "$PID"
	wait_gone "$PID"
	assert_equal "$(cat "$LOG")" ""
}

# It looks whether lastcall is its parent, and ends at once if not.
@test "a log writer that cannot begin is not started again without end" {
	local before after
	start_command "$FIXTURES/refuse" getppid "$LASTCALL" -v --grace 10s -- \
		"$FIXTURES/sigprint" -x 15
	wait_out READY
	before=$(grep ^voluntary_ctxt "/proc/$PID/status" | tr -dc 0-9)
	sleep 0.5
	after=$(grep ^voluntary_ctxt "/proc/$PID/status" | tr -dc 0-9)
	assert_at_most $((after - before)) 20
	stop_and_wait
	assert_equal "$STATUS" 0
}

# ------------------------------------------------------- files on a hung mount

hung_mount() { # [FOLDER]
	MOUNT=${1:-$RUN_TMP}/mount
	mkdir "$MOUNT"
	"$FIXTURES/hungfs" "$MOUNT" >"$RUN_TMP/hungfs" 2>&1 3>&- &
	HUNGFS=$!
	wait_for 'grep -q . "$RUN_TMP/hungfs"'
	grep -q READY "$RUN_TMP/hungfs" ||
		skip "no FUSE here: $(cat "$RUN_TMP/hungfs")"
}

hang() {
	kill -USR1 "$HUNGFS"
}

unhang() {
	kill -TERM "$HUNGFS" || true
	wait "$HUNGFS" || true
}

@test "a ready file on a mount that hangs does not delay the stop" {
	requires root mountns
	hung_mount
	start --grace 5s --ready-file "$MOUNT/ready" -- \
		"$FIXTURES/sigprint" -x 15
	wait_out READY
	[ -e "$MOUNT/ready" ]
	hang
	kill -TERM "$PID"
	wait_exit
	assert_equal "$STATUS" 0
	assert_contains "$(cat "$LOG")" "event=exited code=0 forced=false"
	unhang
}

@test "a ready file on a mount that hangs at the start does not keep the program" {
	requires root mountns
	hung_mount
	hang
	start --grace 5s --ready-file "$MOUNT/ready" -- \
		"$FIXTURES/sigprint" -x 15
	wait_out READY
	wait_log "cannot create the ready file"
	kill -TERM "$PID"
	wait_exit
	assert_equal "$STATUS" 0
	unhang
}

@test "a termination log on a mount that hangs does not delay the exit" {
	requires root mountns
	hung_mount
	start --grace 500ms --termination-log "$MOUNT/why" -- "$W" -i
	wait_out READY
	hang
	kill -TERM "$PID"
	wait_exit
	assert_equal "$STATUS" 137
	assert_contains "$(cat "$LOG")" "event=exited code=137 forced=true"
	unhang
}

# lastcall in a mount namespace of its own, where the program, a shell, mounts
# over a folder what hangs, and then does THEN.
start_over() { # FOLDER THEN
	requires root mountns
	[ -c /dev/fuse ] || skip "no FUSE here"
	start_command unshare --mount --propagation private \
		"$LASTCALL" --grace 1s -- sh -c '
			"$1" "$2" >"$3" 2>&1 & hungfs=$!
			until grep -q . "$3"; do sleep 0.02; done
			grep -q READY "$3" || cat "$3"
			kill -USR1 $hungfs
			eval "$4"' sh \
		"$FIXTURES/hungfs" "$1" "$RUN_TMP/hungfs" "$2"
}

@test "what hangs over /proc does not delay the deadline" {
	start_over /proc 'trap "" TERM; echo READY; while :; do sleep 1; done'
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 137
	assert_contains "$(<"$LOG")" "event=killed"
}

@test "what hangs over the cgroups does not delay the end" {
	start_over /sys/fs/cgroup 'kill -KILL $$'
	wait_exit
	assert_equal "$STATUS" 137
}

@test "what hangs behind /.dockerenv does not delay the stop" {
	requires root mountns
	mkdir "$RUN_TMP/root"
	copy_lastcall "$RUN_TMP/root"
	cp "$W" "$RUN_TMP/root"
	hung_mount "$RUN_TMP/root"
	start_command chroot "$RUN_TMP/root" /lastcall --stop TERM/300ms -- \
		/worker -i
	wait_out READY
	ln -s mount/file "$RUN_TMP/root/.dockerenv"
	hang
	stop_and_wait
	assert_equal "$STATUS" 137
	unhang
}

@test "a log file on a mount that hangs does not delay the deadline" {
	requires root mountns
	hung_mount
	: >"$MOUNT/log"
	start_with_stderr "$MOUNT/log" "$LASTCALL" -v --grace 700ms -- "$W" -i
	wait_out READY
	wait_for 'grep -q event=started "$MOUNT/log"'
	hang
	kill -TERM "$PID"
	wait_exit
	assert_equal "$STATUS" 137
	unhang
}

@test "as PID 1 too a log file on a mount that hangs does not delay the deadline" {
	requires root pidns mountns
	hung_mount
	: >"$MOUNT/log"
	pidns_command
	start_with_stderr "$MOUNT/log" "${PIDNS[@]}" "$LASTCALL" -v \
		--grace 700ms --ready-file "$MOUNT/ready" \
		--termination-log "$MOUNT/why" -- "$W" -i
	UNSHARE_PID=$PID
	wait_out READY
	PID=$(child_of "$UNSHARE_PID")
	hang
	kill -TERM "$PID"
	wait_exit
	assert_equal "$STATUS" 137
	unhang
}
