# shellcheck disable=SC2154 # bats' run sets them
# 10-command-line.bats - what is accepted, and what is refused before anything
# starts.  options_test.c has the grammar; here the binary has to keep to it.

load helpers

# Runs lastcall with the words and asserts that it refuses them: exit 125, one
# line, with the bad text in quotes and the form that is accepted.
refused() { # BAD FORM WORD...
	local bad=$1 form=$2
	shift 2
	rm -f "$RUN_TMP/started"
	run --separate-stderr "$LASTCALL" "$@"
	local shown="lastcall $*: $stderr"
	[ "$status" -eq 125 ] || fail "exit $status: $shown" || return 1
	[ -z "$output" ] || fail "on stdout: $output: $shown" || return 1
	[ "${#stderr_lines[@]}" -eq 1 ] || fail "not one line: $shown" ||
		return 1
	[[ $stderr == "lastcall: "* ]] || fail "$shown" || return 1
	[[ $stderr == *"'$bad'"* ]] || fail "no '$bad' in $shown" || return 1
	[[ $stderr == *@(expected|did you mean)*"$form"* ]] ||
		fail "no $form in $shown" || return 1
	[[ $stderr == *"; see lastcall --help" ]] ||
		fail "not where to look in $shown" || return 1
	[ ! -e "$RUN_TMP/started" ] || fail "started: $shown"
}

# Each line: the words # the bad text # what the complaint has to show.
refuse_all() { # LEAST; the table on stdin
	local least=$1 words bad form count=0
	while IFS='#' read -r words bad form; do
		[ -n "$words" ] || continue
		eval "set -- $words"
		refused "${bad# }" "${form# }" "$@" touch "$RUN_TMP/started" ||
			return 1
		count=$((count + 1))
	done < <(sed 's/[[:blank:]]*#[[:blank:]]*/#/g')
	assert_at_least "$count" "$least"
}

@test "options that are not known are refused" {
	refuse_all 16 <<-'TABLE'
		--nonsense # --nonsense # [OPTION]... [--] PROGRAM
		--nonsense=x # --nonsense=x # [OPTION]... [--] PROGRAM
		--grac 9 # --grac # --grace
		--Grace 9 # --Grace # --grace
		--pre_stop x # --pre_stop # --pre-stop
		-x # -x # [OPTION]... [--] PROGRAM
		-gx # -gx # [OPTION]... [--] PROGRAM
		-grace=9 # -grace=9 # --grace
		'--delay 5s' # --delay 5s # --delay in a word of its own
		-r 15:3 # -r # --map TERM:QUIT
		--single-child # --single-child # --scope child
		-l # -l # [OPTION]... [--] PROGRAM
		--- # --- # [OPTION]... [--] PROGRAM
		--= # --= # [OPTION]... [--] PROGRAM
		$'--a\nb' # --a?b # [OPTION]... [--] PROGRAM
		$'--\e[31m' # --?[31m # [OPTION]... [--] PROGRAM
	TABLE
}

@test "a value where none belongs is refused" {
	refuse_all 3 <<-'TABLE'
		--quiet=1 # --quiet=1 # without a value
		--subreaper=yes # --subreaper=yes # without a value
		--plan=x # --plan=x # without a value
	TABLE
}

@test "a variable without a value is as if it were not there, and told of" {
	LASTCALL_GRACE='' LASTCALL_ON='' run --separate-stderr "$LASTCALL" true
	assert_status 0
	assert_equal "$(grep -c 'what="this variable is empty: not set"' \
		<<<"$stderr")" 2
	assert_contains "$stderr" "variable=LASTCALL_GRACE"
	LASTCALL_GRACE='' run "$LASTCALL" --plan true
	assert_contains "$(tr -s '\n ' ' ' <<<"$output")" \
		"Warning: 'LASTCALL_GRACE': this variable is empty: not set"
	# Here it says that there is to be no such file.
	LASTCALL_TERMINATION_LOG='' run --separate-stderr "$LASTCALL" true
	assert_equal "$stderr" ""
}

@test "what lastcall prints as a duration it takes as one" {
	run "$LASTCALL" --plan --platform-grace 100s app
	assert_contains "$output" "at most 1m35s of the platform's 1m40s"
	run "$LASTCALL" --plan --grace 1m35s --platform-grace 1m40s app
	assert_contains "$output" "at most 1m35s of the platform's 1m40s"
}

@test "an option that is gone names the one that takes its place" {
	refused --success-on-stop "--stop-code 0" --success-on-stop
}

@test "an option without its value is refused" {
	refused --grace "a duration" --grace
	refused --stop SIGNAL -v --stop
	refused -e "0 to 255" -e
	refused -ge "0 to 255" -ge
	refused -p RTMIN+3 -p
	refused --probe "ready or live" --probe
}

@test "bad durations are refused" {
	refuse_all 14 <<-'TABLE'
		--grace soon # soon # 1.5m
		--grace '' #  # 1.5m
		--grace=-1 # -1 # 1.5m
		--grace +1 # +1 # 1.5m
		--delay 1d # 1d # 1.5m
		--delay 30s1m # 30s1m # 1.5m
		--delay '1 s' # 1 s # 1.5m
		--sweep 1,5 # 1,5 # 1.5m
		--sweep .5 # .5 # 1.5m
		--sweep 0x10 # 0x10 # 1.5m
		--pre-stop-limit 1e3 # 1e3 # 1.5m
		--post-stop-limit 5S # 5S # 1.5m
		--grace 8761h # 8761h # 1.5m
		--platform-grace 0 # 0 # above 0
	TABLE
}

@test "bad schedules are refused" {
	refuse_all 9 <<-'TABLE'
		--stop '' #  # TERM/15s/QUIT/5s/KILL
		--stop BREAD # BREAD # TERM/15s/QUIT/5s/KILL
		--stop 5s/KILL # 5s # TERM/15s/QUIT/5s/KILL
		--stop TERM/ #  # TERM/15s/QUIT/5s/KILL
		--stop TERM/KILL # KILL # TERM/15s/QUIT/5s/KILL
		--stop TERM/5/ # TERM/5/ # TERM/15s/QUIT/5s/KILL
		--stop KILL/5 # KILL/5 # TERM/15s/QUIT/5s/KILL
		--stop TERM/5/KILL/5/INT # TERM/5/KILL/5/INT # SIGNAL[/WAIT
		--stop 1/0/1/0/1/0/1/0/1/0/1/0/1/0/1/0/1/0/1/0/1/0/1/0/1/0/1/0/1/0/1/0/1 # 1/0/1/0/1/0/1/0/1/0/1/0/1/0/1/0/1/0/1/0/1/0/1/0/1/0/1/0/1/0/... # SIGNAL
	TABLE
	assert_contains "$stderr" "more than 16 signals"
}

@test "what is too long says how long it may be" {
	refuse_all 4 <<-'TABLE'
		--grace 8761h # 8761h # 1.5m
		--ready-file "$(printf %05000d 0)" # 000000000000000000000000000000000000000000000000000000000000... # path
		--termination-log "$(printf %05000d 0)" # 000000000000000000000000000000000000000000000000000000000000... # path
		--pre-stop "$(printf %05000d 0)" # 000000000000000000000000000000000000000000000000000000000000... # COMMAND
	TABLE
	local words said
	while IFS='#' read -r words said; do
		eval "run --separate-stderr $LASTCALL $words true"
		assert_contains "$stderr" ": $said; expected" || return 1
	done <<-'TABLE'
		--grace 8761h#more than 365 days
		--stop TERM/9999999999999999999999s#'9999999999999999999999s' is more than 365 days
		--ready-file "$(printf %05000d 0)"#more than 4095 bytes
		--pre-stop "$(printf %05000d 0)"#more than 4096 bytes
	TABLE
}

# Each line: the words # the word that was meant.
@test "a refusal asks for the word that is nearest" {
	local words meant count=0
	while IFS='#' read -r words meant; do
		eval "set -- $words"
		run --separate-stderr "$LASTCALL" "$@"
		assert_status 125
		assert_contains "$stderr" "(did you mean $meant?)" || return 1
		count=$((count + 1))
	done < <(sed 's/[[:blank:]]*#[[:blank:]]*/#/g' <<-'TABLE'
		--gace 9 true # --grace
		--dealy 9 true # --delay
		--drain-timeout 9 true # --drain
		--pre x true # --pre-stop
		--log-format JSON true # json
		--log-format jsn true # json
		--scope Auto true # auto
		--scope grop true # group
		--drain Auto/3s true # auto
		--linger Forever true # forever
		--probe Ready # ready
		--stop TREM/5s true # TERM
		--stop SIGQIUT true # QUIT
		--on TERM,KIL true # KILL
		--map TERM:QIT true # QUIT
		-p TERMINATE true # TERM
		-r 15:3 true # --map TERM:QUIT, for 15:3
		-c true # --scope child
		-P # -- sleep infinity
		-V # --version
	TABLE
	)
	assert_equal "$count" 20
	# And for none where none is near.
	refuse_all 4 <<-'TABLE'
		--port 80 # --port # [OPTION]... [--] PROGRAM
		-n # -n # [OPTION]... [--] PROGRAM
		--log-format xml # xml # json
		--on 65 # 65 # SIGNAL[,SIGNAL]
	TABLE
	assert_not_contains "$stderr" "did you mean"
}

@test "bad signals and scopes are refused" {
	refuse_all 15 <<-'TABLE'
		--on '' #  # SIGNAL[,SIGNAL]
		--on TERM, #  # SIGNAL[,SIGNAL]
		--on 0 # 0 # SIGNAL[,SIGNAL]
		--on 65 # 65 # SIGNAL[,SIGNAL]
		--on KILL # KILL # SIGNAL[,SIGNAL]
		--on TERM,SIGSTOP # SIGSTOP # SIGNAL[,SIGNAL]
		--on RTMIN+31 # RTMIN+31 # SIGNAL[,SIGNAL]
		--map TERM # TERM # FROM:TO
		--map TERM: # TERM: # FROM:TO
		--map :TERM # :TERM # FROM:TO
		--map TERM:-1 # -1 # FROM:TO
		--map 9:TERM # 9 # FROM:TO
		--scope everyone # everyone # group
		-p TERMINATE # TERMINATE # RTMIN+3
		-p0 # 0 # RTMIN+3
	TABLE
}

@test "bad ports, codes, paths and formats are refused" {
	refuse_all 21 <<-'TABLE'
		--drain '' #  # PORT[,PORT]...[/QUIET[/OLDEST]]
		--drain 0 # 0 # PORT[,PORT]...[/QUIET[/OLDEST]]
		--drain 65536 # 65536 # PORT[,PORT]...[/QUIET[/OLDEST]]
		--drain -1 # -1 # PORT[,PORT]...[/QUIET[/OLDEST]]
		--drain http # http # PORT[,PORT]...[/QUIET[/OLDEST]]
		--drain 80,,81 # 80,,81 # PORT[,PORT]...[/QUIET[/OLDEST]]
		--drain 80/ # 80/ # PORT[,PORT]...[/QUIET[/OLDEST]]
		--drain ,80 # ,80 # PORT[,PORT]...[/QUIET[/OLDEST]]
		--drain auto,x # auto,x # PORT[,PORT]...[/QUIET[/OLDEST]]
		--drain 99999999999999999999 # 99999999999999999999 # PORT[,PORT]...[/QUIET[/OLDEST]]
		--drain automatic # automatic # auto or PORT[,PORT]...[/QUIET[/OLDEST]]
		--drain auto/1s/0 # 0 # PORT[,PORT]...[/QUIET[/OLDEST]]
		--drain 80/1s/x # x # PORT[,PORT]...[/QUIET[/OLDEST]]
		--drain 80/never # never # PORT[,PORT]...[/QUIET[/OLDEST]]
		--drain 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17 # 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17 # PORT
		-e 256 # 256 # 0 to 255
		-e x # x # 0 to 255
		--expect=-1 # -1 # 0 to 255
		--ready-file '' #  # path
		--log-format xml # xml # json
		--probe dead # dead # ready or live
	TABLE
}

@test "bad hooks are refused" {
	refuse_all 11 <<-'TABLE'
		--pre-stop '' #  # COMMAND
		--pre-stop "sh -c 'exit 1" # sh -c 'exit 1 # COMMAND
		--pre-stop 'a "b' # a "b # COMMAND
		--post-stop 'a \' # a \ # COMMAND
		--post-stop http://example.com/ # example.com # [METHOD ]URL
		--pre-stop http://localhost:0/ # :0 # [METHOD ]URL
		--pre-stop http://127.0.0.1:99999/ # :99999 # [METHOD ]URL
		--pre-stop http://[::1/ # [::1 # [METHOD ]URL
		--pre-stop http://unix:a.sock:/ # http://unix:a.sock:/ # http://unix:/SOCKET
		--pre-stop https://127.0.0.1/ # https://127.0.0.1/ # [METHOD ]URL
		--pre-stop $'POST http://127.0.0.1/ HTTP/1.1\r\nX: y' # POST http://127.0.0.1/ HTTP/1.1??X: y # http://HOST
	TABLE
}

@test "more than 8 hooks are refused" {
	local eight=() i
	for i in 1 2 3 4 5 6 7 8; do eight+=(--post-stop "true $i"); done
	refused "true 9" COMMAND "${eight[@]}" --post-stop "true 9" \
		touch "$RUN_TMP/started"
	assert_contains "$stderr" "more than 8 hooks"
	run -0 "$LASTCALL" "${eight[@]}" true
}

@test "plans that do not fit are refused" {
	refuse_all 5 <<-'TABLE'
		--grace 30 --platform-grace 30 # 30s # at most 27s
		--grace 40 --platform-grace 30 # 40s # at most 27s
		--grace 10 --pre-stop-limit 11 # 11s # grace of 10s
		--delay 6 --pre-stop-limit 5 # 5s # delay of 6s
		--last-call 28 --pre-stop-limit x # x # a duration
	TABLE
}

# Each line: the words # all that is said.
@test "a sum that does not fit names what was given and what it needs" {
	local words said count=0
	while IFS='#' read -r words said; do
		eval "set -- $words"
		run --separate-stderr "$LASTCALL" "$@" touch "$RUN_TMP/started"
		assert_status 125
		assert_equal "$stderr" "lastcall: $said; see lastcall --help"
		assert_at_most "${#stderr}" 100
		[ ! -e "$RUN_TMP/started" ] || fail "started: $words"
		count=$((count + 1))
	done < <(sed 's/[[:blank:]]*#[[:blank:]]*/#/g' <<-'TABLE'
		--delay 28 # --delay 28s: needs --platform-grace 32s
		--grace 10 --delay 10.001 # --delay 10.001s: needs --grace 10.001s
		--grace 10 --stop TERM/10/QUIT/1ms # --stop 10.001s: needs --grace 10.001s
		--grace 10 --delay 4 --stop TERM/2 --post-stop x # --delay 4s + --stop 2s + --post-stop 5s: needs --grace 11s
		--grace 10 --post-stop x --post-stop-limit 11 # --post-stop 11s: needs --grace 11s
		--delay 20s --stop TERM/15s --post-stop x # --delay 20s + --stop 15s + --post-stop 5s: needs --platform-grace 45s
		--delay 20.5s --stop TERM/15.5s --post-stop x # --delay + --stop + --post-stop: needs --platform-grace 46s
		--grace 10s --delay 1m30.125s --stop TERM/1h0.125s --post-stop x --post-stop-limit 9h59m59s # --delay + --stop + --post-stop: needs --grace 11h1m29.25s
		--delay 8759h59m59s --stop TERM/8759h59m59s # --delay + --stop: needs --platform-grace 17520h3s
	TABLE
	)
	assert_equal "$count" 9
	# The longest names of variables fit as well.
	set -- --delay 20s --stop TERM/15s --post-stop x true
	RAILWAY_DEPLOYMENT_DRAINING_SECONDS=30 run --separate-stderr "$LASTCALL" "$@"
	assert_contains "$stderr" "needs a period of 45s"
	assert_at_most "${#stderr}" 100
	LASTCALL_PLATFORM_GRACE=30s run --separate-stderr "$LASTCALL" "$@"
	assert_contains "$stderr" "needs --platform-grace 45s"
	assert_at_most "${#stderr}" 100
	LASTCALL_GRACE=30s run --separate-stderr "$LASTCALL" "$@"
	assert_contains "$stderr" "needs LASTCALL_GRACE 40s"
	assert_at_most "${#stderr}" 100
	LASTCALL_GRACE=40s LASTCALL_PLATFORM_GRACE=30s run --separate-stderr \
		"$LASTCALL" true
	assert_equal "$stderr" "lastcall: LASTCALL_GRACE '40s': platform \
gives 30s; expected at most 27s; see lastcall --help"
	assert_at_most "${#stderr}" 100
	# What it names is enough.
	run -0 "$LASTCALL" --platform-grace 45s --delay 20s --stop TERM/15s \
		--post-stop true true
}

@test "what does not go together is refused" {
	local probe="lastcall --probe ready|live"
	run --separate-stderr "$LASTCALL" --probe live --grace 3
	assert_status 125
	assert_equal "${#stderr_lines[@]}" 1
	assert_contains "$stderr" "--grace does not go with --probe; expected $probe"
	run --separate-stderr "$LASTCALL" --timeout 3 true
	assert_status 125
	assert_contains "$stderr" "--timeout goes only with --probe; expected $probe"
	run --separate-stderr "$LASTCALL" --plan --probe ready
	assert_status 125
	assert_contains "$stderr" "--plan does not go with --probe"
	refused true "URL or -- CHECK" --probe ready --http "http://[::1]/" true
	refused http://a/ "http://HOST" --probe ready --http http://a/
}

@test "no program is refused" {
	local words
	for words in "" "--" "-g" "--grace 3 --"; do
		# shellcheck disable=SC2086
		run --separate-stderr "$LASTCALL" $words
		assert_status 125
		assert_equal "$stderr" "lastcall: no program (ENTRYPOINT\
 empties the base image's CMD, and in shell form ignores it); expected\
 lastcall [OPTION]... [--] PROGRAM [ARG]...; see lastcall --help"
	done
}

@test "bad variables are refused by their own names" {
	local count=0 variable bad form
	while IFS='#' read -r variable bad form; do
		run --separate-stderr env "${variable}" \
			"$LASTCALL" touch "$RUN_TMP/started"
		[ "$status" -eq 125 ] || fail "$variable: exit $status"
		assert_equal "${#stderr_lines[@]}" 1
		assert_contains "$stderr" "lastcall: ${variable%%=*} '$bad'"
		assert_contains "$stderr" "$form"
		[ ! -e "$RUN_TMP/started" ] || fail "started: $variable"
		count=$((count + 1))
	done <<-'TABLE'
		LASTCALL_GRACE=x#x#a duration
		LASTCALL_PLATFORM_GRACE=0#0#above 0
		LASTCALL_DELAY=1d#1d#a duration
		LASTCALL_DELAY=400000h#400000h#more than 365 days
		LASTCALL_EXPECT=1,2#1,2#, one per line
		LASTCALL_STOP=TERM/x#TERM/x#SIGNAL[/WAIT
		LASTCALL_SCOPE=x#x#group
		LASTCALL_ON=KILL#KILL#SIGNAL[,SIGNAL]
		LASTCALL_MAP=TERM#TERM#FROM:TO
		LASTCALL_DRAIN=x#x#PORT
		LASTCALL_PRE_STOP=a "b#a "b#COMMAND
		LASTCALL_EXPECT=256#256#0 to 255
		LASTCALL_QUIET=maybe#maybe#yes
		LASTCALL_SUBREAPER=2#2#true
		LASTCALL_LOG_FORMAT=xml#xml#json
	TABLE
	assert_equal "$count" 15
}

@test "a bad line of a repeatable variable is refused" {
	LASTCALL_EXPECT=$'1\n2x' run --separate-stderr "$LASTCALL" true
	assert_status 125
	assert_contains "$stderr" "LASTCALL_EXPECT '2x'"
}

@test "the platform's period and grace are compared from the environment, too" {
	LASTCALL_GRACE=30 LASTCALL_PLATFORM_GRACE=30 \
		run --separate-stderr "$LASTCALL" true
	assert_status 125
	assert_contains "$stderr" "LASTCALL_GRACE '30s': platform gives 30s"
	LASTCALL_GRACE=100s LASTCALL_PLATFORM_GRACE=90s \
		run --separate-stderr "$LASTCALL" true
	assert_contains "$stderr" "expected at most 1m25s"
	assert_at_most "${#stderr}" 100
}

@test "a limit before the stop signal that does not fit is said in 100 columns" {
	LASTCALL_PRE_STOP_LIMIT=5s run --separate-stderr "$LASTCALL" \
		--delay 10s --platform-grace 60s true
	assert_equal "$stderr" "lastcall: LASTCALL_PRE_STOP_LIMIT '5s': \
expected delay of 10s to grace of 55s; see lastcall --help"
	assert_at_most "${#stderr}" 100
	LASTCALL_LAST_CALL=10m run --separate-stderr "$LASTCALL" true
	assert_contains "$stderr" "LASTCALL_LAST_CALL '10m'"
	assert_at_most "${#stderr}" 100
}

# ------------------------------------------------------------------ accepted

@test "options end at the first word that is none" {
	run -0 "$LASTCALL" echo --grace x -g --
	assert_equal "$output" "--grace x -g --"
	run -0 "$LASTCALL" -g --grace 9 -- echo -- -v
	assert_equal "$output" "-- -v"
	POSIXLY_CORRECT='' run -0 "$LASTCALL" echo -h
	assert_equal "$output" "-h"
}

@test "tini's short options, alone, bundled and with their values" {
	run -0 "$LASTCALL" -g -s -w -e 3 -- sh -c 'exit 3'
	run -0 "$LASTCALL" -gswe3 -- sh -c 'exit 3'
	run -0 "$LASTCALL" -e3 -e 4 sh -c 'exit 4'
	run -5 "$LASTCALL" -e3 -e 4 sh -c 'exit 5'
	run -0 "$LASTCALL" -p SIGKILL -- true
	run -0 "$LASTCALL" -pKILL true
}

@test "a variable does what its option does" {
	LASTCALL_EXPECT=3 run -0 "$LASTCALL" sh -c 'exit 3'
	LASTCALL_EXPECT=$'3\n4\n' run -0 "$LASTCALL" sh -c 'exit 4'
	LASTCALL_SUBREAPER=1 LASTCALL_QUIET=0 run -0 "$LASTCALL" true
}

@test "the command line wins over a variable, even over a bad one" {
	LASTCALL_GRACE=nonsense run -0 "$LASTCALL" --grace 3 true
	LASTCALL_EXPECT=3 run -3 "$LASTCALL" -e 4 sh -c 'exit 3'
	LASTCALL_SCOPE=nonsense run -0 "$LASTCALL" -g true
}

@test "the option variables do not reach the program, the others do" {
	LASTCALL_GRACE=9 LASTCALL_PRE_STOP=true LASTCALL_TIMEOUT=1 \
		LASTCALL_SERVICE_HOST=h LASTCALL_PORT=p \
		run -0 --separate-stderr "$LASTCALL" env
	assert_not_contains "$output" LASTCALL_GRACE
	assert_not_contains "$output" LASTCALL_PRE_STOP
	assert_not_contains "$output" LASTCALL_TIMEOUT
	assert_contains "$output" LASTCALL_SERVICE_HOST=h
	assert_contains "$output" LASTCALL_PORT=p
	assert_equal "$stderr" ""
}

@test "a LASTCALL_ variable that nobody reads is warned of once, by its name" {
	LASTCALL_GRACES=secret run -0 --separate-stderr "$LASTCALL" true
	assert_equal "${#stderr_lines[@]}" 1
	assert_contains "$stderr" LASTCALL_GRACES
	assert_not_contains "$stderr" secret
}

@test "up to 16 variables that nobody reads are warned of, each" {
	run -0 --separate-stderr env LASTCALL_{A..L}X=1 "$LASTCALL" true
	assert_equal "${#stderr_lines[@]}" 12
	assert_contains "$stderr" "variable=LASTCALL_LX"
	run -0 --separate-stderr env LASTCALL_{A..Z}X=1 "$LASTCALL" true
	assert_equal "${#stderr_lines[@]}" 16
}

@test "hook variables and a Service's are not warned of" {
	LASTCALL_PHASE=x LASTCALL_SIGNAL=x LASTCALL_CHILD_PID=1 \
		LASTCALL_REMAINING_MS=1 LASTCALL_EXIT_CODE=1 LASTCALL_FORCED=0 \
		LASTCALL_SERVICE_PORT_HTTP=80 LASTCALL_PORT_80_TCP=x \
		run -0 --separate-stderr "$LASTCALL" true
	assert_equal "$stderr" ""
}

@test "--help says it all on stdout, in 79 columns, whatever the environment" {
	LASTCALL_GRACE=nonsense run -0 --separate-stderr "$LASTCALL" --help
	assert_equal "$stderr" ""
	assert_contains "$output" "Usage: lastcall [OPTION]... [--] PROGRAM"
	assert_contains "$output" "Exit status:"
	assert_equal "$(awk 'length > 79' <<<"$output")" ""
	local help=$output
	run -0 "$LASTCALL" -h
	assert_equal "$output" "$help"
}

@test "-help and -version, with one dash, are known" {
	local help
	help=$("$LASTCALL" --help)
	run -0 "$LASTCALL" -help
	assert_equal "$output" "$help"
	run -0 "$LASTCALL" -version
	assert_match "$output" '^lastcall [0-9]+\.[0-9]+\.[0-9]+$'
}

@test "a program that is not found: the mistakes that images often have" {
	not_found() { # SAID WORD...
		local said=$1
		shift
		run -127 --separate-stderr "$LASTCALL" --quiet "$@"
		assert_equal "${stderr_lines[0]}" "lastcall: cannot run $said" ||
			return 1
	}
	not_found "'npm start': no such file or directory; it has a blank in its\
 name: expected words, as \"npm\", \"start\"" "npm start"
	not_found "'--delay': no such file or directory; it is behind --: expected\
 lastcall's options before, or as variables" -- --delay 5s sleep 1
	not_found "'no-such-app': no such file or directory; options behind the\
 program are not lastcall's" no-such-app --port 80 --pre-stop=x
	not_found "'no-such-app': no such file or directory" no-such-app --port 80
	# A dash alone is no option.
	not_found "'-': no such file or directory" -
}

@test "an ENV of one line holds several values" {
	# As Docker has it from ENV LASTCALL_EXPECT="3\n4".
	LASTCALL_EXPECT='3\n4' run -0 "$LASTCALL" sh -c 'exit 4'
	LASTCALL_POST_STOP="echo a\\nsh -c 'printf \"b\\nc\"'" \
		run --separate-stderr "$LASTCALL" --quiet true
	assert_equal "$stderr" $'a\nb\nc'
}

@test "--version says name and version" {
	run -0 "$LASTCALL" --version
	assert_match "$output" '^lastcall [0-9]+\.[0-9]+\.[0-9]+$'
}

@test "--help that cannot be written exits 125" {
	run bash -c '"$0" --help >/dev/full' "$LASTCALL"
	assert_status 125
}
