#!/usr/bin/env bats
# What asks for a stop: signals that do, from whom, and the signals that the
# program has a use of its own for.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2153,SC2154

load helpers

setup() {
	common_setup
	W=$FIXTURES/worker
	S=$FIXTURES/sigprint
	export W S FIXTURES RUN_TMP
}

# ------------------------------------------------------- the signals of --stop

@test "the first signal of --stop asks for a stop, as an image's STOPSIGNAL" {
	start --stop USR1/10s/KILL --pre-stop 'echo hook' -- "$S" -x 10
	wait_out READY
	kill -USR1 "$PID"
	wait_exit
	assert_equal "$STATUS" 0
	assert_order "$LOG" "event=drain-started signal=USR1" hook \
		"event=drain-finished" "event=stop-signal signal=USR1" \
		"event=exited code=0"
	assert_equal "$(grep -c "USR1 10" "$OUT")" 1
}

@test "the first signal of --stop asks for a stop, as PID 1 and from a variable" {
	requires pidns
	export LASTCALL_STOP=WINCH
	start_pid1 -- "$S" -x 28
	wait_out READY
	kill -WINCH "$PID"
	wait_exit
	assert_order "$LOG" "event=stop-requested signal=WINCH" \
		"event=stop-signal signal=WINCH" "event=exited code=0"
}

@test "the second signal of --stop does not ask for a stop" {
	start -v --stop TERM/10s/USR1 -- "$S" -x 15
	wait_out READY
	kill -USR1 "$PID"
	wait_out "USR1 10"
	assert_contains "$(<"$LOG")" "event=forwarded signal=USR1"
	kill -TERM "$PID"
	wait_exit
	assert_contains "$(<"$LOG")" "event=stop-requested signal=TERM"
}

@test "a resized terminal stops nothing, even where WINCH is the stop signal" {
	at_terminal expect:READY size:33x99 "expect:WINCH 28" size:34x99 \
		"expect:WINCH 28" absent:stop-requested 'type:\x1c' \
		"expect:stop-requested signal=QUIT" \
		"expect:stop-signal signal=WINCH" exit:137 -- \
		sh -c 'exec "$1" --stop WINCH/1s/KILL -- "$2" </dev/null' \
		sh "$LASTCALL" "$S"
}

# ------------------------------------------------------ PWR and systemd's RTMIN+3

# Each as it is sent by LXC, Incus and Proxmox, and by systemd-nspawn.
@test "PWR and RTMIN+3 stop a program that does not take them, with TERM" {
	local signal
	for signal in PWR RTMIN+3; do
		start --pre-stop 'echo hook' -- bash -c 'trap "exit 7" TERM
			echo READY; while :; do sleep 0.05; done'
		wait_out READY
		kill -"$signal" "$PID"
		wait_exit
		assert_equal "$STATUS" 7
		assert_order "$LOG" "event=drain-started signal=$signal" hook \
			"event=stop-signal signal=TERM" "event=exited code=7"
	done
}

@test "PWR and RTMIN+3 stop a program that does not take them, as PID 1" {
	requires pidns
	local signal
	for signal in PWR RTMIN+3; do
		start_pid1 --map TERM:USR1 -- bash -c 'trap "exit 7" USR1
			echo READY; while :; do sleep 0.05; done'
		wait_out READY
		kill -"$signal" "$PID"
		wait_exit
		assert_equal "$STATUS" 7
		assert_order "$LOG" "event=stop-requested signal=$signal" \
			"event=stop-signal signal=USR1" "event=exited code=7"
	done
}

@test "PWR stops a program that waits in sigwait; RTMIN+3 is its own" {
	start -- "$W" -c 7
	wait_out READY
	kill -PWR "$PID"
	wait_exit
	assert_equal "$STATUS" 7
	start -v -- "$S" -x 37
	wait_out READY
	kill -RTMIN+3 "$PID"
	wait_exit
	assert_contains "$(<"$OUT")" "RTMIN+3"
	assert_not_contains "$(<"$LOG")" stop-requested
}

# As with a signalfd; a process in sigwait has its signals unblocked meanwhile.
@test "PWR and RTMIN+3 are the program's where it has them blocked" {
	start -v -- python3 -c '
import signal, time
want = {signal.SIGPWR, signal.SIGRTMIN + 3}
signal.pthread_sigmask(signal.SIG_BLOCK, want)
print("READY", flush=True)
while signal.sigpending() != want: time.sleep(0.02)'
	wait_out READY
	kill -PWR "$PID"
	kill -RTMIN+3 "$PID"
	wait_exit
	assert_equal "$STATUS" 0
	assert_not_contains "$(<"$LOG")" stop-requested
	assert_order "$LOG" "event=forwarded signal=PWR" \
		"event=forwarded signal=RTMIN+3" "event=exited"
}

@test "PWR and RTMIN+3 are the program's where it catches them" {
	start -- bash -c 'trap "echo power" PWR; trap "echo halt; exit 3" RTMIN+3
		echo READY; while :; do sleep 0.05; done'
	wait_out READY
	kill -PWR "$PID"
	wait_out power
	kill -RTMIN+3 "$PID"
	wait_exit
	assert_equal "$STATUS" 3
	assert_contains "$(<"$OUT")" halt
	assert_not_contains "$(<"$LOG")" stop-requested
}

@test "PWR stops what is behind an init below, in order" {
	local signal=PWR
	start -- "$LASTCALL" -- "$W" -c 7
	wait_out READY
	kill -"$signal" "$PID"
	wait_exit
	assert_equal "$STATUS" 7
	assert_equal "$(grep -c "got 15" "$OUT")" 1
	assert_order "$LOG" "event=stop-requested signal=$signal" \
		"event=stop-signal signal=TERM"
}

@test "PWR is looked up when it arrives, not when the program starts" {
	start -- bash -c 'trap "echo power" PWR; echo READY
		while [ ! -e "$RUN_TMP/go" ]; do sleep 0.05; done
		trap - PWR; echo AGAIN; while :; do sleep 0.05; done'
	wait_out READY
	kill -PWR "$PID"
	wait_out power
	assert_not_contains "$(<"$LOG")" stop-requested
	: >"$RUN_TMP/go"
	wait_out AGAIN
	kill -PWR "$PID"
	wait_exit
	assert_equal "$STATUS" 143
	assert_contains "$(<"$LOG")" "event=stop-requested signal=PWR"
}

@test "a mapped PWR or RTMIN+3 is no stop request: somebody has a use for it" {
	start --map PWR:USR1 --map RTMIN+3:0 -- "$W" -s 10 -c 7
	wait_out READY
	kill -RTMIN+3 "$PID"
	kill -PWR "$PID"
	wait_exit
	assert_equal "$STATUS" 7
	assert_contains "$(<"$OUT")" "got 10"
	assert_not_contains "$(<"$LOG")" stop-requested
}

# ------------------------------------------------------------------------ --on

@test "--on is the whole list: neither PWR nor the signal of --stop is in it" {
	start -v --on INT --on HUP --stop USR1 -- "$S" -n 4
	wait_out READY
	kill -TERM "$PID"
	wait_out "TERM 15"
	kill -PWR "$PID"
	wait_out "PWR 30"
	kill -USR1 "$PID"
	wait_out "USR1 10"
	assert_not_contains "$(<"$LOG")" stop-requested
	kill -HUP "$PID" # the two add up
	wait_exit
	assert_equal "$STATUS" 0
	assert_order "$LOG" "event=stop-requested signal=HUP" \
		"event=stop-signal signal=USR1"
}

@test "each --on adds to the list, in a variable one a line" {
	local signal
	for signal in HUP PWR RTMIN+3; do
		LASTCALL_ON=$'HUP\nPWR,RTMIN+3' start -- "$W" -s 1
		wait_out READY
		kill -"$signal" "$PID"
		wait_log "event=stop-requested signal=$signal"
		wait_log "event=stop-signal signal=$signal"
		wait_exit
	done
}
