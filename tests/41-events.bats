#!/usr/bin/env bats
# What lastcall says of a real shutdown, in both forms.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2153,SC2154

load helpers

setup() {
	common_setup
	W=$FIXTURES/worker
	S=$FIXTURES/sigprint
	export W S FIXTURES RUN_TMP OUT
}

# Reads $LOG as JSON and prints each line as in logfmt, without ts: a line
# that is not an object with a ts of the right form and flat values fails.
from_json() {
	python3 - "$LOG" <<'EOF'
import json, re, sys
for line in open(sys.argv[1], "rb").read().decode("utf-8").split("\n")[:-1]:
    event = json.loads(line, object_pairs_hook=lambda pairs: pairs)
    keys = [key for key, value in event]
    assert len(set(keys)) == len(keys), line
    assert keys[:2] == ["ts", "event"], line
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
                        event[0][1]), line
    for key, value in event:
        assert type(value) in (int, str), line
    print("lastcall:", *("%s=%s" % pair for pair in event[1:]))
EOF
}

# The events with their keys, one a line, without the values.
shape() {
	sed 's/\\"//g; s/="[^"]*"/=x/g; s/\(event=[^ ]*\)/<\1>/
		s/ \([a-z_]*\)=[^ ]*/ \1/g; s/[<>]//g' "$LOG"
}

FIELDS="lastcall: event=started pid program
lastcall: event=forwarded signal sender sender_uid
lastcall: event=drain-started signal sender sender_uid grace_ms grace_from
lastcall: event=hook-finished phase hook result duration_ms
lastcall: event=drain-finished why duration_ms
lastcall: event=stop-signal signal
lastcall: event=child-exited pid signal
lastcall: event=stop-repeated signal sender sender_uid count
lastcall: event=survivor pid name state
lastcall: event=killed count why
lastcall: event=sweep-finished swept why duration_ms
lastcall: event=hook-finished phase hook result code duration_ms
lastcall: event=exited code forced total_ms drain_ms stop_ms sweep_ms \
kill_ms post_ms"

# The number that KEY has in the last line, event=exited.
logged() { # KEY
	sed -n "s/.*event=exited .*\b$1=\([^ ]*\).*/\1/p" "$LOG"
}

# A shutdown with everything in it: hooks, a repeated request, a worker behind
# a shell, and a stray that has to be killed.
run_eventful() { # OPTION...
	start -v --grace 9s --sweep 300ms --pre-stop true \
		--post-stop 'sh -c "exit 3"' "$@" -- sh -c '
		"$FIXTURES/stray" "$W" -i -n stray; "$W" -w 1500 -n a & wait'
	wait_out "stray READY"
	wait_out "a READY"
	kill -WINCH "$PID"
	wait_log WINCH
	kill -TERM "$PID"
	wait_log child-exited
	kill -TERM "$PID"
	wait_exit
	assert_equal "$STATUS" 143
}

@test "a whole shutdown in logfmt: every event with its fields" {
	run_eventful
	assert_equal "$(shape)" "$FIELDS"
	# And what stands in them.
	assert_contains "$(cat "$LOG")" "event=started pid="
	assert_contains "$(cat "$LOG")" "program=sh"
	assert_contains "$(cat "$LOG")" "event=forwarded signal=WINCH sender=$$ "
	assert_contains "$(cat "$LOG")" "drain-started signal=TERM sender=$$ \
sender_uid=$(id -u) grace_ms=9000 grace_from=--grace"
	assert_contains "$(cat "$LOG")" "phase=drain hook=true result=ok "
	assert_contains "$(cat "$LOG")" "drain-finished why=done "
	assert_contains "$(cat "$LOG")" "stop-repeated signal=TERM sender=$$ \
sender_uid=$(id -u) count=1"
	# It may still be at what the sweep has sent it.
	assert_match "$(cat "$LOG")" "name=worker state=[RS]"
	assert_contains "$(cat "$LOG")" "killed count=1 why=sweep-limit"
	assert_contains "$(cat "$LOG")" "sweep-finished swept=1 why=sweep-limit "
	assert_contains "$(cat "$LOG")" "phase=post hook=\"sh -c \\\"exit 3\\\"\" \
result=failed code=3 "
	assert_contains "$(cat "$LOG")" "event=exited code=143 forced=1 total_ms="
}

@test "a whole shutdown in JSON: the same events with the same fields" {
	requires python3
	run_eventful --log-format json
	from_json >"$RUN_TMP/text"
	sed -i 's/="sh -c "exit 3""/=x/; s/=sh -c "exit 3"/=x/' "$RUN_TMP/text"
	mv "$RUN_TMP/text" "$LOG"
	assert_equal "$(shape)" "$FIELDS"
}

@test "nothing of lastcall's goes to stdout" {
	run_eventful --log-format json
	assert_equal "$(grep -vE '^(stray|a) (READY|DONE|got [0-9]+)$' "$OUT")" ""
}

@test "the durations of the phases add up to the whole" {
	local total sum=0 key
	run_eventful
	for key in drain stop sweep kill post; do
		sum=$((sum + $(logged ${key}_ms)))
	done
	total=$(logged total_ms)
	assert_at_least "$total" 800 # 500 of the worker, 300 of the sweep
	assert_at_least "$total" "$sum"
	assert_at_most $((total - sum)) 5
}

@test "nothing is said while the program runs, whatever it is sent" {
	start -- "$S" -x 12
	wait_out READY
	kill -HUP "$PID"
	kill -USR1 "$PID"
	"$FIXTURES/sendqueue" "$PID" 40 5
	wait_for '[ "$(grep -c RTMIN "$OUT")" = 5 ]'
	kill -USR2 "$PID"
	wait_exit
	assert_equal "$STATUS" 0
	assert_equal "$(cat "$LOG")" ""
}

@test "nothing is said of a program that reaps and ends with 0" {
	run --separate-stderr "$LASTCALL" -- "$FIXTURES/orphans" 50 10
	assert_status 0
	assert_equal "$output" "DONE 50"
	[ -z "$stderr" ] || assert_contains "$stderr" sweep-finished
}

@test "a program that ends by itself with an error is said to have done so" {
	run --separate-stderr "$LASTCALL" -- sh -c 'exit 3'
	assert_match "$stderr" "event=child-exited pid=[0-9]+ code=3"
	assert_match "$stderr" "event=exited code=3 forced=0 total_ms=[0-9]+ "
	run --separate-stderr "$LASTCALL" -- sh -c 'kill -SEGV $$'
	assert_match "$stderr" "event=child-exited pid=[0-9]+ signal=SEGV"
	assert_match "$stderr" "event=exited code=139 forced=0 "
}

@test "with -v a clean end is told, too" {
	run --separate-stderr "$LASTCALL" -v -- true
	assert_match "$stderr" "event=started pid=[0-9]+ program=true"
	assert_match "$stderr" "event=child-exited pid=[0-9]+ code=0"
	assert_match "$stderr" "event=exited code=0 forced=0"
}

@test "with --quiet nothing is said, not even of a forced stop" {
	start --quiet --grace 300ms -- "$W" -i
	wait_out READY
	kill -TERM "$PID"
	wait_exit
	assert_equal "$STATUS" 137
	assert_equal "$(cat "$LOG")" ""
}

@test "no sweep is told of where there was none" {
	start -- "$W"
	wait_out READY
	kill -TERM "$PID"
	wait_exit
	assert_not_contains "$(cat "$LOG")" sweep-finished
	assert_not_contains "$(cat "$LOG")" survivor
	assert_not_contains "$(cat "$LOG")" killed
	assert_contains "$(cat "$LOG")" "forced=0"
}

@test "a sender outside lastcall's PID namespace is pid 0" {
	requires pidns
	start_pid1 -- "$W"
	wait_out READY
	kill -TERM "$PID"
	wait_exit
	assert_contains "$(cat "$LOG")" "drain-started signal=TERM sender=0 "
}

@test "a signal that the kernel sends, of a pipe's bytes, has no sender" {
	requires python3
	start -v -- "$S" -n 1
	wait_out READY
	python3 - "$PID" <<-'EOF'
		import fcntl, os, signal, sys
		reader, writer = os.pipe()
		fcntl.fcntl(reader, fcntl.F_SETOWN, int(sys.argv[1]))
		fcntl.fcntl(reader, 10, signal.SIGUSR1)  # F_SETSIG
		fcntl.fcntl(reader, fcntl.F_SETFL, os.O_ASYNC)
		os.write(writer, b"x")
	EOF
	wait_log "event=forwarded signal=USR1 sender=0 sender_uid=0"
	wait_exit
}

# Names of processes, as a hostile image may have them: at most 15 bytes.
hostile_names() {
	printf '%s\0' 'a" b=c\d' $'new\nline' $'tab\tesc\e[2J' ') R 1 1 1' \
		$'bad\xff\xfeutf' $'cut\xe2\x82' $'del\x7f\x01\x02' ' ' \
		'{"x":1}' '(((' $'\xc0\xafover' $'\xed\xa0\x80sur' $'c1\xc2\x9b2J'
}

@test "a process name of any bytes is one line, and valid JSON" {
	requires python3
	local format name
	local LC_ALL=C # for read: bytes
	mkdir "$RUN_TMP/names"
	for format in text json; do
		: >"$LOG"
		while IFS= read -r -d '' name; do
			cp "$W" "$RUN_TMP/names/$name"
			: >"$OUT"
			"$LASTCALL" --grace 250ms --log-format $format -- \
				"$RUN_TMP/names/$name" -i >"$OUT" \
				2>>"$LOG" 3>&- &
			PID=$!
			wait_out READY
			kill -TERM "$PID"
			wait_exit
			assert_equal "$STATUS" 137
		done < <(hostile_names)
		assert_equal "$(grep -c 'event"*[=:]"*survivor' "$LOG")" 13
		if [ $format = json ]; then
			from_json >"$RUN_TMP/text"
			assert_contains "$(cat "$RUN_TMP/text")" 'name=a" b=c\d '
			assert_contains "$(cat "$RUN_TMP/text")" 'name={"x":1} '
			assert_contains "$(cat "$RUN_TMP/text")" 'name=) R 1 1 1 '
		else
			# No line but the log's own, and no control bytes.
			assert_equal "$(grep -vc '^lastcall: event=' "$LOG")" 0
			assert_equal "$(LC_ALL=C grep -c $'[\x01-\x08\x0b-\x1f\x7f]' \
				"$LOG")" 0
			assert_contains "$(cat "$LOG")" 'name="a\" b=c\\d" '
			assert_contains "$(cat "$LOG")" 'name="c1\u009b2J" '
			assert_contains "$(cat "$LOG")" 'name="new\nline" '
		fi
	done
}

@test "the text of a program of any bytes is one line, and valid JSON" {
	requires python3
	local format name
	local LC_ALL=C # for read: bytes
	mkdir "$RUN_TMP/names"
	for format in text json; do
		: >"$LOG"
		while IFS= read -r -d '' name; do
			cp "$(type -P true)" "$RUN_TMP/names/$name"
			"$LASTCALL" -v --log-format $format -- \
				"$RUN_TMP/names/$name" 2>>"$LOG"
			"$LASTCALL" -v --log-format $format -- \
				"/nowhere/$name" 2>>"$LOG" || true
		done < <(hostile_names)
		if [ $format = json ]; then
			from_json >"$RUN_TMP/text"
			assert_equal "$(grep -c event=started "$RUN_TMP/text")" 26
			assert_equal "$(grep -c event=error "$RUN_TMP/text")" 13
		else
			assert_equal "$(grep -vc '^lastcall: ' "$LOG")" 0
			assert_equal "$(grep -c event=started "$LOG")" 26
			assert_equal "$(LC_ALL=C grep -c $'[\x01-\x08\x0b-\x1f\x7f]' \
				"$LOG")" 0
		fi
	done
}

@test "a failure before the start is a JSON object, too" {
	requires python3
	"$LASTCALL" --log-format json --no-such-option 2>"$LOG" || STATUS=$?
	assert_equal "$STATUS" 125
	assert_match "$(from_json)" "^lastcall: event=error message=.*--no-such-option"
	STATUS=0
	"$LASTCALL" --log-format json -- /no/such 2>"$LOG" || STATUS=$?
	assert_equal "$STATUS" 127
	assert_match "$(from_json)" "event=error message=.*/no/such"
}

@test "a variable that nothing reads is warned about once" {
	LASTCALL_GRACEFUL=3 LASTCALL_SERVICE_HOST=x LASTCALL_PORT_80_TCP=y \
		run --separate-stderr "$LASTCALL" -- true
	assert_status 0
	assert_equal "$(grep -c LASTCALL_ <<<"$stderr")" 1
	assert_contains "$stderr" "event=warning"
	assert_contains "$stderr" "LASTCALL_GRACEFUL"
}
