#!/usr/bin/env bats
# What lastcall says of a real shutdown, in every format.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2153,SC2154

load helpers

setup() {
	common_setup
	W=$FIXTURES/worker
	S=$FIXTURES/sigprint
	export W S FIXTURES RUN_TMP OUT
}

# Reads $LOG as JSON and prints each line as text: a line that is not an object
# with ts, level and source of the right form and with flat values fails.
from_json() {
	python3 - "$LOG" <<'EOF'
import json, re, sys
for line in open(sys.argv[1], "rb").read().decode("utf-8").split("\n")[:-1]:
    event = json.loads(line, object_pairs_hook=lambda pairs: pairs)
    keys = [key for key, value in event]
    assert len(set(keys)) == len(keys), line
    assert keys[:4] == ["ts", "level", "source", "event"], line
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
                        event[0][1]), line
    assert event[1][1] in ("info", "warning", "error"), line
    assert event[2][1] == "lastcall", line
    for key, value in event:
        assert type(value) in (int, str, bool), line
        assert (type(value) is bool) == (key in ("forced", "partial")), line
    print("lastcall:", *("%s=%s" % (key, str(value).lower()
                                    if type(value) is bool else value)
                         for key, value in event[3:]))
EOF
}

# The same of logfmt, whose head goes.
from_logfmt() {
	local ts='^ts=[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z'
	sed -E "s/$ts level=(info|warning|error) source=lastcall event=/lastcall: event=/
		t; s/^/not logfmt: /" "$LOG"
}

# The level of each line of $LOG in logfmt, with the event: "info started".
levels() {
	sed -nE 's/^ts=[^ ]* level=([a-z]*) source=lastcall event=([^ ]*).*/\1 \2/p' \
		"$LOG"
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
lastcall: event=child-exited pid program signal
lastcall: event=stop-repeated signal sender sender_uid count
lastcall: event=survivor pid name state
lastcall: event=killed count why
lastcall: event=sweep-finished swept why duration_ms
lastcall: event=hook-finished phase hook result code duration_ms
lastcall: event=exited code forced total_ms"

# The same of $LOG; which phases took a millisecond is another test's matter.
whole_shape() {
	shape | sed '/event=exited/s/ total_ms.*/ total_ms/'
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
	stop_and_wait
	assert_equal "$STATUS" 143
}

@test "a whole shutdown in text: every event with its fields" {
	run_eventful
	assert_equal "$(whole_shape)" "$FIELDS"
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
	assert_contains "$(cat "$LOG")" "event=exited code=143 forced=true total_ms="
}

@test "a whole shutdown in logfmt: the same, with ts, level and source before it" {
	run_eventful --log-format logfmt
	assert_equal "$(levels)" "info started
info forwarded
info drain-started
info hook-finished
info drain-finished
info stop-signal
info child-exited
info stop-repeated
warning survivor
warning killed
warning sweep-finished
warning hook-finished
warning exited"
	from_logfmt >"$RUN_TMP/text"
	mv "$RUN_TMP/text" "$LOG"
	assert_equal "$(whole_shape)" "$FIELDS"
}

@test "a whole shutdown in JSON: the same events with the same fields" {
	requires python3
	run_eventful --log-format json
	from_json >"$RUN_TMP/text"
	sed -i 's/="sh -c "exit 3""/=x/; s/=sh -c "exit 3"/=x/' "$RUN_TMP/text"
	mv "$RUN_TMP/text" "$LOG"
	assert_equal "$(whole_shape)" "$FIELDS"
}

@test "nothing of lastcall's goes to stdout" {
	run_eventful --log-format json
	assert_equal "$(grep -vE '^(stray|a) (READY|DONE|got [0-9]+)$' "$OUT")" ""
}

@test "the durations of the phases add up to the whole" {
	local total sum=0 key ms
	run_eventful
	for key in drain stop sweep kill post; do
		ms=$(logged exited ${key}_ms)
		[ "$ms" != 0 ] # such a phase is left out
		sum=$((sum + ${ms:-0}))
	done
	total=$(logged exited total_ms)
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
	stop_and_wait USR2
	assert_equal "$STATUS" 0
	assert_equal "$(cat "$LOG")" ""
}

@test "nothing is said of a program that reaps and ends with 0" {
	run --separate-stderr "$LASTCALL" -- "$FIXTURES/orphans" 50 10
	assert_status 0
	assert_equal "$output" "DONE 50"
	[ -z "$stderr" ] || assert_contains "$stderr" sweep-finished
}

# "event=exited KEYS" is all that stands in $stderr; phases may have taken time.
assert_one_line() { # KEYS
	assert_match "$stderr" \
		"^lastcall: event=exited $1 total_ms=[0-9]+( [a-z]+_ms=[1-9][0-9]*)*\$"
}

@test "a program that fails by itself is told of in one line" {
	run --separate-stderr "$LASTCALL" -- sh -c 'exit 3'
	assert_one_line "code=3 forced=false pid=[0-9]+ program=sh"
	run --separate-stderr "$LASTCALL" -- sh -c 'kill -SEGV $$'
	assert_one_line "code=139 signal=SEGV forced=false pid=[0-9]+ program=sh"
}

@test "a program that fails, and has got options of lastcall's, gets a hint" {
	local hint=' hint="options behind the program are not lastcall'"'"'s"'
	run --separate-stderr "$LASTCALL" -- sh -c 'exit 3' sh --delay 5s
	assert_one_line "code=3 forced=false pid=[0-9]+ program=sh$hint"
	# Not where they cannot have been the reason.
	run --separate-stderr "$LASTCALL" -- sh -c 'kill -SEGV $$' sh --delay 5s
	assert_one_line "code=139 signal=SEGV forced=false pid=[0-9]+ program=sh"
	run --separate-stderr "$LASTCALL" -- sh -c 'exit 0' sh --delay 5s
	assert_equal "$stderr" ""
}

@test "where something follows its end, or -e changes it, it has a line before" {
	run --separate-stderr "$LASTCALL" --post-stop true -- sh -c 'exit 3'
	assert_match "$stderr" "event=child-exited pid=[0-9]+ program=sh code=3"
	assert_match "$stderr" "event=exited code=3 forced=false total_ms=[0-9]+"
	run --separate-stderr "$LASTCALL" -e 3:7 -- sh -c 'exit 3'
	assert_match "$stderr" "event=child-exited pid=[0-9]+ program=sh code=3"
	assert_match "$stderr" "event=exited code=7 forced=false total_ms=[0-9]+"
}

@test "of a program that cannot be run one line says why, and no event" {
	run -127 --separate-stderr "$LASTCALL" -v -- /no/such
	assert_equal "$(grep -v event=started <<<"$stderr")" \
		"lastcall: cannot run '/no/such': no such file or directory"
	run --separate-stderr "$LASTCALL" -- /etc/passwd
	assert_status 126
	assert_equal "$stderr" \
		"lastcall: cannot run '/etc/passwd': permission denied"
	# A program that ends with the same code was run.
	run -127 --separate-stderr "$LASTCALL" -- sh -c 'exit 127'
	assert_match "$stderr" "event=exited code=127 forced=false"
}

@test "a stop request is drain-started only where something comes first" {
	local option
	start -- "$W"
	wait_out READY
	stop_and_wait
	assert_order "$LOG" "event=stop-requested signal=TERM sender=$$ \
sender_uid=$(id -u) grace_ms=27000 grace_from=default" event=stop-signal
	assert_not_contains "$(cat "$LOG")" drain
	for option in --delay=10ms --drain=1/10ms --pre-stop=true; do
		start "$option" -- "$W"
		wait_out READY
		stop_and_wait
		assert_order "$LOG" event=drain-started event=drain-finished \
			event=stop-signal
		assert_not_contains "$(cat "$LOG")" stop-requested
	done
}

@test "a good stop is info, and a program that fails an error" {
	start --grace 9s --log-format logfmt -- "$W" -c 3
	wait_out READY
	stop_and_wait
	assert_equal "$(levels)" "info stop-requested
info stop-signal
info child-exited
info exited"
	"$LASTCALL" --log-format logfmt -- sh -c 'exit 3' 2>"$LOG" || true
	assert_equal "$(levels)" "error exited"
}

@test "with -v a clean end is told, too" {
	run --separate-stderr "$LASTCALL" -v -- true
	assert_match "$stderr" "event=started pid=[0-9]+ program=true"
	assert_match "$stderr" \
		"event=exited code=0 forced=false pid=[0-9]+ program=true"
}

@test "with --quiet nothing is said, not even of a forced stop" {
	start --quiet --grace 300ms -- "$W" -i
	wait_out READY
	stop_and_wait
	assert_equal "$STATUS" 137
	assert_equal "$(cat "$LOG")" ""
}

@test "no sweep is told of where there was none" {
	start -- "$W"
	wait_out READY
	stop_and_wait
	assert_not_contains "$(cat "$LOG")" sweep-finished
	assert_not_contains "$(cat "$LOG")" survivor
	assert_not_contains "$(cat "$LOG")" killed
	assert_contains "$(cat "$LOG")" "forced=false"
}

@test "a sender outside lastcall's PID namespace is pid 0" {
	requires pidns
	start_pid1 -- "$W"
	wait_out READY
	stop_and_wait
	assert_contains "$(cat "$LOG")" "stop-requested signal=TERM sender=0 "
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
			stop_and_wait
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

# A refusal to these words, in $LOG.
refusal() { # CODE [NAME=VALUE]... WORD...
	local code=$1 variables=()
	shift
	while [[ $1 == LASTCALL_* ]]; do
		variables+=("$1")
		shift
	done
	STATUS=0
	env "${variables[@]}" "$LASTCALL" "$@" 2>"$LOG" || STATUS=$?
	assert_equal "$STATUS" "$code"
}

@test "a refusal is in the format that was asked for, wherever that stands" {
	requires python3
	local words
	for words in "--log-format @ --gace 3 true" \
		"--gace 3 --log-format @ true" \
		"--grace x --log-format=@ -- true" "--log-format @" \
		"LASTCALL_LOG_FORMAT=@ --gace 3 true" \
		"LASTCALL_GRACE=x LASTCALL_LOG_FORMAT=@ true" \
		"LASTCALL_LOG_FORMAT=text --grace x --log-format @ true"; do
		# shellcheck disable=SC2086 # several words
		refusal 125 ${words//@/logfmt}
		assert_match "$(from_logfmt)" \
			'^lastcall: event=error message=".*(expected|did you mean).*"$'
		assert_equal "$(levels)" "error error"
		# shellcheck disable=SC2086
		refusal 125 ${words//@/json}
		assert_match "$(from_json)" \
			"^lastcall: event=error message=.*(expected|did you mean)"
	done
	# What the program is told is not lastcall's, and a bad format is none.
	refusal 125 --gace 3 -- true --log-format json
	assert_match "$(cat "$LOG")" "^lastcall: "
	refusal 125 --log-format xml true
	assert_match "$(cat "$LOG")" \
		"^lastcall: --log-format 'xml': expected text, logfmt or json"
}

@test "a program that cannot be run is told of in the format, too" {
	requires python3
	refusal 127 --log-format json -- /no/such
	assert_equal "$(wc -l <"$LOG")" 1
	assert_match "$(from_json)" "event=error message=cannot run '/no/such'"
	refusal 127 --log-format logfmt -- /no/such
	assert_equal "$(from_logfmt)" "lastcall: event=error message=\"cannot run \
'/no/such': no such file or directory\""
}

@test "a drop-in name refuses a LASTCALL_ variable in the format, too" {
	requires python3
	cp "$LASTCALL" "$RUN_TMP/tini"
	LASTCALL=$RUN_TMP/tini
	refusal 125 LASTCALL_LOG_FORMAT=json LASTCALL_GRACE=x true
	assert_match "$(from_json)" "event=error message=LASTCALL_GRACE 'x'"
	refusal 125 LASTCALL_GRACE=x true
	assert_match "$(cat "$LOG")" "^lastcall: LASTCALL_GRACE 'x': expected"
}

@test "a probe says what it says for people, whatever the log's format is" {
	refusal 125 LASTCALL_LOG_FORMAT=json --probe redy
	assert_match "$(cat "$LOG")" "^lastcall: --probe 'redy': expected"
}

@test "a variable that nothing reads is warned about once" {
	LASTCALL_GRACEFUL=3 LASTCALL_SERVICE_HOST=x LASTCALL_PORT_80_TCP=y \
		run --separate-stderr "$LASTCALL" -- true
	assert_status 0
	assert_equal "$(grep -c LASTCALL_ <<<"$stderr")" 1
	assert_contains "$stderr" "event=warning"
	assert_contains "$stderr" "LASTCALL_GRACEFUL"
}

@test "repeated stop requests are one line a second, with their count" {
	local i
	start --grace 20s --delay 3s -- sleep 60
	wait_for 'grep -qx lastcall:ready /proc/$PID/comm'
	stop
	wait_log event=drain-started
	for ((i = 0; i < 50; i++)); do
		kill -TERM "$PID" || break
		sleep 0.01
	done
	wait_exit
	assert_at_most "$(grep -c event=stop-repeated "$LOG")" \
		$(($(elapsed) / 1000 + 1))
	assert_at_least "$(grep -c event=stop-repeated "$LOG")" 1
}

# bats test_tags=check
@test "npm's logfmt reads every line, and each key as JSON has it" {
	requires jq node
	local npm=$TOP/build/npm/node_modules
	# Node has a list of certificates of its own, without what a machine that
	# is behind a proxy has been given.
	: "${NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt}"
	export NODE_EXTRA_CA_CERTS
	[ -d "$npm/logfmt" ] || timeout 30 npm install --silent --fetch-retries 1 \
		--prefix "$TOP/build/npm" logfmt@1 >/dev/null 2>&1 3>&- ||
		skip "npm could not install logfmt"
	run_eventful --log-format logfmt --pre-stop 'echo "two words"'
	NODE_PATH=$npm node -e '
		const logfmt = require("logfmt");
		for (const line of require("fs").readFileSync(0, "utf8")
				.trimEnd().split("\n"))
			console.log(JSON.stringify(logfmt.parse(line)));' \
		<"$LOG" >"$RUN_TMP/json"
	assert_equal "$(jq -r .source "$RUN_TMP/json" | sort -u)" lastcall
	assert_equal "$(jq -r .event "$RUN_TMP/json")" \
		"$(sed 's/.* event=\([a-z-]*\).*/\1/' "$LOG")"
	assert_equal "$(jq -r 'select(.event == "exited") |
		"\(.level) \(.code) \(.forced)"' "$RUN_TMP/json")" \
		"warning 143 true"
	assert_equal "$(jq -r 'select(.event == "hook-output").message' \
		"$RUN_TMP/json")" "two words"
	assert_equal "$(jq -r 'select(.phase == "post").hook' "$RUN_TMP/json")" \
		'sh -c "exit 3"'
}
