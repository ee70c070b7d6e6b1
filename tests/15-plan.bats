# shellcheck disable=SC2154 # bats' run sets them
# 15-plan.bats - --plan: the shutdown as a timeline, with warnings.
#
# The pictures are compared with tests/golden/plan-*.txt; after a change that
# is meant, UPDATE_GOLDEN=1 bats tests/15-plan.bats writes them anew.

load helpers

# Prints the plan and compares it.  The environment looks like Kubernetes,
# whose default is what lastcall assumes anyway: the machine that runs the test
# may be a container of another kind.
draws() { # NAME WORD...
	local golden="$TOP/tests/golden/plan-$1.txt"
	shift
	export KUBERNETES_SERVICE_HOST=${KUBERNETES_SERVICE_HOST-10.0.0.1}
	run --separate-stderr "$LASTCALL" --plan "$@"
	case $output in
	*Warning*) assert_status 1 ;;
	*) assert_status 0 ;;
	esac
	assert_equal "$stderr" ""
	assert_equal "$(awk 'length > 79' <<<"$output")" ""
	if [ -n "${UPDATE_GOLDEN:-}" ]; then
		mkdir -p "${golden%/*}"
		printf '%s\n' "$output" >"$golden"
	fi
	diff -u "$golden" - <<<"$output"
}

@test "a plan without options" {
	draws default
}

@test "a plan with all that there is" {
	draws all --delay 5 --drain 8080,8443/2s \
		--pre-stop 'curl -X POST http://127.0.0.1:8080/drain' \
		--pre-stop 'POST http://unix:/run/admin.sock:/quit' \
		--stop TERM/15s/QUIT/5s --post-stop 'rm -f /run/app.lock' \
		--platform-grace 60 -- /usr/sbin/nginx -g 'daemon off;'
}

@test "a plan names the variables that its figures come from" {
	LASTCALL_GRACE=50s LASTCALL_DELAY=10 LASTCALL_PRE_STOP_LIMIT=20 \
		LASTCALL_DRAIN=80 LASTCALL_STOP=INT/10 LASTCALL_SWEEP=2 \
		LASTCALL_ON=TERM,RTMIN+3 LASTCALL_POST_STOP=true \
		LASTCALL_POST_STOP_LIMIT=4 LASTCALL_SCOPE=all \
		RAILWAY_DEPLOYMENT_DRAINING_SECONDS=60 draws variables app
}

@test "a plan of Railway's period" {
	RAILWAY_DEPLOYMENT_DRAINING_SECONDS=120 draws railway app
}

@test "a plan that maps the signal, for the process group" {
	draws map -g --map TERM:QUIT --delay 1m --platform-grace 1h -- \
		gunicorn app:app
}

@test "a plan of half a second, with signals close together" {
	draws short --platform-grace 500ms --stop TERM/10ms/INT/10ms/QUIT app
}

@test "a plan warns of a shell that is the only one told, and of a drain without a delay" {
	draws shell --drain 80 --scope child -- /bin/sh -c 'serve | tee log'
}

@test "a plan names who is told of a shell and its children" {
	draws children --stop TERM/5/KILL --grace 5 -- sh -c 'a & b & wait'
}

@test "a plan is of the first signal that asks, where TERM does not" {
	draws request --on RTMIN+3,INT --grace 1.5 -- bin/
}

@test "a plan warns of a platform that gives less than is assumed" {
	export container=podman
	run -1 "$LASTCALL" --plan app
	assert_contains "$(tr -s '\n ' ' ' <<<"$output")" \
		"Warning: grace is 27s, but Podman gives 10s by default before \
its SIGKILL: set podman run --stop-timeout above 27s, or say \
--platform-grace 10s"
	run -0 "$LASTCALL" --plan --platform-grace 10 app
	assert_not_contains "$output" Warning
}

@test "each platform is known by its variable" {
	local variable name
	while read -r variable name; do
		run -1 env "$variable" "$LASTCALL" --plan --grace 60 app
		assert_contains "$output" "grace is 1m, but $name gives"
	done <<-'TABLE'
		KUBERNETES_SERVICE_HOST=10.0.0.1 Kubernetes
		ECS_CONTAINER_METADATA_URI_V4=http://x ECS
		DYNO=web.1 Heroku
		CONTAINER_APP_NAME=x Azure Container Apps
		container=podman Podman
		K_SERVICE=x Cloud Run
		FLY_APP_NAME=x Fly.io
		NOMAD_ALLOC_ID=x Nomad
	TABLE
	# Knative sets K_SERVICE, too, on Kubernetes.
	KUBERNETES_SERVICE_HOST=x K_SERVICE=x run -1 "$LASTCALL" --plan \
		--grace 60 app
	assert_contains "$output" "but Kubernetes gives"
}

@test "a plan warns of a grace that is not shorter than the platform's" {
	draws long --grace 45s app
}

@test "a plan warns of a grace that leaves most of the platform's period unused" {
	run env LASTCALL_GRACE=8s "$LASTCALL" --plan --platform-grace 60s app
	assert_contains "$(tr -s '\n ' ' ' <<<"$output")" "Warning: \
LASTCALL_GRACE is 8s of the platform's 1m (--platform-grace): most of it is \
unused"
	run "$LASTCALL" --plan --platform-grace 60s --grace 20s app
	assert_not_contains "$output" Warning
}

@test "a plan warns of a drain that ends with its delay" {
	run "$LASTCALL" --plan --grace 8s --delay 5s --drain auto app
	assert_contains "$output" "Warning: --drain ends with --delay: both may \
take 5s (--pre-stop-limit)"
	run "$LASTCALL" --plan --platform-grace 14s --delay 5s --drain auto app
	assert_not_contains "$output" Warning
}

@test "a plan warns of what the deadline cuts off after a long drain" {
	draws cut --grace 20 --delay 2 --drain 80/15s --stop TERM/15/QUIT app
}

@test "a plan warns of a stop signal that is dropped" {
	draws dropped --map TERM:0 app
}

@test "a plan warns of variables that nobody reads, by their names" {
	LASTCALL_GRACES=secret run -1 "$LASTCALL" --plan app
	assert_contains "$output" "'LASTCALL_GRACES': nothing reads this variable"
	assert_not_contains "$output" secret
}

@test "a plan warns of an --on without the signal that the platform sends" {
	run "$LASTCALL" --plan --on INT,RTMIN+3 app
	assert_contains "$(tr -s '\n ' ' ' <<<"$output")" "Warning: --on has no \
TERM, which"
	LASTCALL_ON=TERM FLY_APP_NAME=x run "$LASTCALL" --plan --grace 4s app
	assert_contains "$(tr -s '\n ' ' ' <<<"$output")" "Warning: LASTCALL_ON \
has no INT, which Fly.io sends"
	LASTCALL_ON=$'INT\nTERM' run "$LASTCALL" --plan --grace 4s app
	assert_not_contains "$output" "has no"
}

@test "a plan draws the signal that the platform sends" {
	FLY_APP_NAME=x run "$LASTCALL" --plan --platform-grace 20s app
	assert_contains "$output" "INT arrives (default)"
	assert_contains "$output" "INT to 'app'"
	FLY_APP_NAME=x run "$LASTCALL" --plan --platform-grace 20s \
		--map INT:TERM app
	assert_contains "$output" "INT arrives (default)"
	assert_contains "$output" "TERM to 'app'"
	FLY_APP_NAME=x run "$LASTCALL" --plan --platform-grace 20s --on TERM app
	assert_contains "$output" "TERM arrives (--on)"
}

@test "a plan names all that asks for a stop" {
	run "$LASTCALL" --plan --stop USR1 --map PWR:HUP app
	assert_contains "$output" "TERM arrives (default)"
	assert_contains "$output" "or INT, QUIT (default)"
	assert_contains "$output" "or USR1, from a process (--stop)"
	assert_contains "$output" \
		"or RTMIN+3, if 'app' does not take it (default)"
	assert_not_contains "$output" PWR
	run "$LASTCALL" --plan --stop USR1 --on TERM app
	assert_not_contains "$output" "or USR1"
	assert_not_contains "$output" "RTMIN+3"
}

@test "a plan that cannot be kept is refused, not drawn" {
	run --separate-stderr "$LASTCALL" --plan --delay 28 app
	assert_status 125
	assert_equal "$output" ""
	assert_contains "$stderr" "--delay 28s: needs --platform-grace 32s"
}

@test "a plan starts nothing" {
	run "$LASTCALL" --plan --pre-stop "touch $RUN_TMP/hook" \
		--ready-file "$RUN_TMP/ready" -- touch "$RUN_TMP/started"
	assert_equal "$(ls "$RUN_TMP")" "$(printf 'log\nout')"
}

@test "any plan fits in 79 columns" {
	local times=(0 1ms 0.5 1 7.25 12 99s 1.5m 17m 3h 99h 8000h) grace delay
	local long=a-hook-with-a-very-long-name-and-no-blank-where-it-could-be-broken
	for grace in "${times[@]}"; do
		for delay in "${times[@]}"; do
			run "$LASTCALL" --plan --grace "$grace" --delay "$delay" \
				--on 1,2,3,4,5,6,7,10,11,12,13,14,15,18,20,34,64 \
				--drain 1,22222,33333,44444,5,6,7,8,9,10/1m \
				--post-stop "/$long/$long" --pre-stop "$long" -- \
				"/bin/$long"$'\e[1m\n'
			[ "$status" -le 1 ] || continue
			assert_equal "$(awk 'length > 79' <<<"$output")" ""
			assert_not_contains "$output" $'\e'
		done
	done
}

# ------------------------------------------------------------------ warnings

# The warnings of a plan on a platform that is known, one a line.
warnings() { # WORD...
	run "$LASTCALL" --plan --platform-grace 30s "$@"
	[ "$status" -le 1 ] || fail "exit $status" "$output" || return 1
	tr -s '\n ' ' ' <<<"$output" | sed 's/Warning: /\n&/g' |
		sed -n 's/ *$//; s/^Warning: //p'
}

@test "exit code 1 is a plan with warnings, 0 one without, 125 none" {
	run -0 "$LASTCALL" --plan --platform-grace 30s app
	run -1 "$LASTCALL" --plan --platform-grace 30s --drain auto app
	run -0 "$LASTCALL" --plan --platform-grace 30s --drain auto --delay 1 app
	run -125 --separate-stderr "$LASTCALL" --plan --platform-grace 30s \
		--delay 30 app
	run -125 bash -c '"$0" --plan --platform-grace 30s app >/dev/full' \
		"$LASTCALL"
	# So it stops a pipeline of CI's.
	run -1 bash -c 'set -e; "$0" --plan --platform-grace 30s --drain 80; echo on' \
		"$LASTCALL"
	assert_not_contains "$output" $'\non'
}

@test "a plan warns of a --stop or --map that ends no program" {
	local words
	for words in "--stop CONT" "--stop KILL" "--stop CHLD/5s/URG/5s/KILL" \
		"--stop TSTP/5s/CONT"; do
		# shellcheck disable=SC2086
		assert_equal "$(warnings $words app)" "--stop has no signal that \
asks the program to end: it is only killed"
	done
	for words in "--map TERM:0" "--map TERM:KILL" "--map TERM:CONT"; do
		# shellcheck disable=SC2086
		assert_equal "$(warnings $words app)" "--map has no signal that \
asks the program to end: it is only killed"
	done
	for words in "--stop WINCH" "--stop TSTP/20s/TERM" "--stop USR1/5s/KILL" \
		"--map TERM:QUIT"; do
		# shellcheck disable=SC2086
		assert_equal "$(warnings $words app)" ""
	done
}

@test "a plan warns of a hook that is meant for a shell" {
	local hook
	for hook in 'rm -f /tmp/*.lock' 'a && b' 'a | b' 'a; b' 'echo $X' \
		'echo x >file' 'a <b' 'echo `b`' 'sleep 1 &'; do
		assert_equal "$(warnings --pre-stop "$hook" app)" \
			"hook '$hook' is run without a shell: write sh -c '...'" ||
			return 1
		assert_contains "$(warnings --post-stop "$hook" app)" shell
		assert_contains "$(warnings --ready-port 80 --delay 5s \
			--ready-check "$hook" app)" shell
	done
	for hook in "sh -c 'a && b; c | d >e'" 'sh -c "rm $X"' 'echo \$X' \
		'curl -f http://127.0.0.1/' 'http://127.0.0.1/a?b=c&d=*'; do
		assert_equal "$(warnings --pre-stop "$hook" app)" "" || return 1
	done
}

@test "a plan warns of a hook that is meant for HTTP" {
	local hook
	for hook in 'POST localhost/quit' 'GET /healthz' 'localhost:8080/quit' \
		'HTTP://127.0.0.1/'; do
		assert_equal "$(warnings --pre-stop "$hook" app)" \
			"hook '$hook' is run as a command: an HTTP call has http://" ||
			return 1
	done
	assert_equal "$(warnings --pre-stop 'POST http://127.0.0.1/' app)" ""
}

@test "a plan warns of lastcall's options behind the program" {
	assert_equal "$(warnings app --port 80 --delay 5s --drain=auto)" \
		"'--delay' is behind the program, which gets it, not lastcall
'--drain=auto' is behind the program, which gets it, not lastcall"
	assert_equal "$(warnings app --timeout 5 --quiet --log-format json -g)" ""
}

@test "a plan warns of servers that do not finish their requests at TERM" {
	local name line
	while read -r name line; do
		assert_equal "$(warnings -- "/usr/sbin/$name" -x)" \
			"${name%%[0-9]*} does not finish its requests at TERM: say $line" ||
			return 1
		# shellcheck disable=SC2086
		assert_equal "$(warnings --delay 1 $line -- "$name")" ""
	done <<-'TABLE'
		nginx --stop QUIT
		httpd --stop WINCH
		haproxy --stop USR1
		php-fpm8.2 --stop QUIT
		uwsgi --drain auto --stop INT
	TABLE
	assert_contains "$(warnings apache2-foreground)" "say --stop WINCH"
	assert_contains "$(warnings /docker-entrypoint.sh nginx -g x)" QUIT
	assert_equal "$(warnings --drain auto --delay 1 nginx)" ""
	assert_equal "$(warnings nginx-exporter; warnings apache2ctl2;
		warnings tail -f nginx)" ""
}

@test "a plan warns of every step that does not fit" {
	run "$LASTCALL" --plan --platform-grace 30 --grace 20 --delay 1 \
		--drain auto --stop TERM/10/INT/1/QUIT/1 app
	assert_status 1
	local said
	said=$(tr -s '\n ' ' ' <<<"$output")
	assert_contains "$said" "INT would be sent at 20s, but all is killed at 20s"
	assert_contains "$said" "QUIT would be sent at 21s, but all is killed at 20s"
	assert_contains "$said" "KILL would be sent at 22s, but all is killed at 20s"
	# And each is in the timetable.
	assert_contains "$said" "11s INT, unless all is killed first (--stop)"
	assert_contains "$said" "12s QUIT, unless all is killed first (--stop)"
}

@test "a plan warns of a ready port without a delay" {
	assert_equal "$(warnings --ready-port 8086 app)" "--ready-port without \
--delay: a balancer that has not noticed yet still sends, and only --delay \
covers it"
	assert_equal "$(warnings --ready-port 8086 --delay 5s app)" ""
	assert_equal "$(warnings app)" ""
	# A drain without a delay has a warning of its own.
	assert_not_contains "$(warnings --ready-port 8086 --drain auto app)" \
		--ready-port
}

@test "a plan says when the ready port is closed, and what a drain leaves alone" {
	run -0 "$LASTCALL" --plan --platform-grace 30s --delay 5s \
		--ready-port 127.0.0.1:8086 app
	assert_contains "$output" \
		"health checks fail: port 8086 is closed (--ready-port)"
	run -0 "$LASTCALL" --plan --platform-grace 30s --delay 5s \
		--drain auto/1s/20s app
	assert_contains "$output" \
		"a request older than 20s is not waited for (--drain)"
	run -0 "$LASTCALL" --plan --platform-grace 30s --delay 5s \
		--drain auto/1s app
	assert_not_contains "$output" "health checks"
	assert_not_contains "$output" "a request older"
}

@test "a plan says when what lingers gets no TERM" {
	local words
	for words in "--linger forever --last-call 0" \
		"--linger 27s --last-call 0"; do
		# shellcheck disable=SC2086
		run -0 "$LASTCALL" --plan --platform-grace 30s $words app
		assert_contains "$output" \
			"what 'app' leaves behind is left alone (--linger)"
		assert_not_contains "$output" "TERM to what"
	done
	# The last call, or the end of the time, comes before SIGKILL.
	for words in "--linger forever" "--linger 26s --last-call 0" \
		"--last-call 0"; do
		# shellcheck disable=SC2086
		run -0 "$LASTCALL" --plan --platform-grace 30s $words app
		assert_contains "$output" "TERM to what 'app' leaves behind"
	done
}

@test "a plan speaks of a drain only where there is one" {
	run -0 "$LASTCALL" --plan --platform-grace 30 --delay 5 app
	assert_not_contains "$output" drain
	assert_contains "$output" "the delay ends (--delay)"
	run -0 "$LASTCALL" --plan --platform-grace 30 --pre-stop x app
	assert_not_contains "$output" drain
	assert_contains "$output" "the hooks have ended (earliest"
}

@test "a plan names the program with its arguments, shortened" {
	run "$LASTCALL" --plan /usr/bin/app --port 80
	assert_contains "$output" "To stop 'app --port 80', lastcall"
	run "$LASTCALL" --plan /usr/bin/app "$(printf %0100d 0)"
	assert_match "$output" "To stop 'app 0{40,}\.\.\.', lastcall"
}

@test "a plan that is longer than the platform's does not count as its part" {
	KUBERNETES_SERVICE_HOST=x run -1 "$LASTCALL" --plan --grace 40s app
	assert_match "$output" \
		"at most 40s; the platform[[:space:]]kills after 30s:"
	assert_not_contains "$output" "40s of the platform's"
}

# --------------------------------------------------------------------- JSON

@test "a plan in JSON is one object for tools" {
	requires python3
	run -1 "$LASTCALL" --plan --log-format json --platform-grace 60s \
		--delay 5s --drain auto --pre-stop 'a "b"' --stop TERM/15s/QUIT \
		--post-stop 'x | y' -- /bin/app --port 80
	assert_equal "${#lines[@]}" 1
	python3 - "$output" <<-'PYTHON'
		import json
		import sys
		plan = json.loads(sys.argv[1])
		assert plan["program"] == "app --port 80", plan
		assert plan["grace_ms"] == 55000, plan
		assert plan["grace_source"] == "--platform-grace", plan
		assert plan["platform_ms"] == 60000, plan
		assert plan["platform_source"] == "--platform-grace", plan
		steps = plan["steps"]
		kinds = [s["step"] for s in steps]
		assert kinds == ["request"] * 3 + [
		    "pre-stop", "drain", "serve-until", "stop", "stop", "last-call",
		    "sweep", "kill", "post-stop", "exit", "platform"], kinds
		by = {s["step"]: s for s in steps}
		assert steps[0] == {"step": "request", "signal": "TERM",
		                    "earliest_ms": 0, "text": "TERM arrives",
		                    "source": "default"}, steps[0]
		assert by["pre-stop"]["text"] == "run 'a \"b\"'", by
		until = by["serve-until"]
		assert until["earliest_ms"] == 5000, until
		assert until["latest_ms"] == 27500, until
		stops = [s for s in steps if s["step"] == "stop"]
		assert [s["signal"] for s in stops] == ["TERM", "QUIT"], stops
		assert stops[1]["earliest_ms"] == 20000, stops
		assert stops[1]["source"] == "--stop", stops
		assert by["kill"]["latest_ms"] == 50000, by
		assert by["exit"]["latest_ms"] == 55000, by
		assert by["platform"]["latest_ms"] == 60000, by
		assert all(s["text"] for s in steps)
		assert plan["warnings"] == [
		    "hook 'x | y' is run without a shell: write sh -c '...'"], plan
	PYTHON
	run -0 "$LASTCALL" --plan --log-format json --platform-grace 30s app
	assert_contains "$output" '"warnings":[]}'
	# An image's variable is about its log: who asks gets a page.
	LASTCALL_LOG_FORMAT=json run -0 "$LASTCALL" --plan --platform-grace 30s app
	assert_contains "${lines[0]}" "To stop 'app'"
}

@test "a plan of all that there may be is whole, on the page and in JSON" {
	requires python3
	local words=() i long
	long=$(printf 'x\001"%.0s' {1..98})
	for i in {1..8}; do
		words+=(--pre-stop "$long $i | y" --post-stop "$long $i | y")
	done
	for i in {1..40}; do words+=(--drain "auto,$((10000 + i % 16))/9s/9s"); done
	run env LASTCALL_{A..P}"${long//[^x]/}"=1 "$LASTCALL" --plan --grace 45s \
		"${words[@]}" --ready-port 65535 --linger 1s \
		--stop 1/1/2/1/3/1/4/1/5/1/6/1/7/1/8/1/10/1/11/1/12/1/13/1/14/1/15/1/34 \
		--on "$(seq -s , 34 64)" -- "$long" --delay --drain --grace
	assert_status 1
	assert_contains "$output" "'--grace' is behind the program"
	assert_contains "${lines[-2]}" LASTCALL_P
	assert_contains "${lines[-1]}" "nothing reads this variable"
	run env LASTCALL_{A..P}"${long//[^x]/}"=1 "$LASTCALL" --plan --grace 45s \
		"${words[@]}" --ready-port 65535 --linger 1s --log-format json \
		--stop 1/1/2/1/3/1/4/1/5/1/6/1/7/1/8/1/10/1/11/1/12/1/13/1/14/1/15/1/34 \
		--on "$(seq -s , 34 64)" -- "$long" --delay --drain --grace
	assert_status 1
	python3 -c 'import json, sys
assert len(json.loads(sys.argv[1])["warnings"]) > 30' "$output"
}
