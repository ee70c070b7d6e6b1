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
	assert_status 0
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

@test "a plan does not warn of a shell that makes room for the program" {
	run -0 "$LASTCALL" --plan --scope child -- sh -c 'exec serve'
	assert_not_contains "$output" "is a shell"
	run -0 "$LASTCALL" --plan --scope child -- serve
	assert_not_contains "$output" "is a shell"
}

@test "a plan knows a shell by the names that it is told by when it runs" {
	local program
	for program in "bin/busybox sh" zsh-5.9 -bash /bin/ksh93 bash-static; do
		# shellcheck disable=SC2086 # words
		run -0 "$LASTCALL" --plan --scope child -- $program
		assert_contains "$output" "is a shell"
	done
	for program in "busybox httpd" busybox fish shell; do
		# shellcheck disable=SC2086 # words
		run -0 "$LASTCALL" --plan --scope child -- $program
		assert_not_contains "$output" "is a shell"
	done
}

@test "a plan warns of a platform that gives less than is assumed" {
	export container=podman
	run -0 "$LASTCALL" --plan app
	assert_contains "$(tr -s '\n ' ' ' <<<"$output")" \
		"Warning: grace is 27s, but Podman gives 10s by default before \
its SIGKILL: set podman run --stop-timeout above 27s, or say \
--platform-grace 10s"
	assert_contains "$output" "KILL?"
	run -0 "$LASTCALL" --plan --platform-grace 10 app
	assert_not_contains "$output" Warning
	assert_not_contains "$output" "KILL?"
}

@test "each platform is known by its variable" {
	local variable name
	while read -r variable name; do
		run -0 env "$variable" "$LASTCALL" --plan --grace 60 app
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
	KUBERNETES_SERVICE_HOST=x K_SERVICE=x run -0 "$LASTCALL" --plan \
		--grace 60 app
	assert_contains "$output" "but Kubernetes gives"
}

@test "a plan warns of a grace that is not shorter than the platform's" {
	draws long --grace 45s app
}

@test "a plan warns of what the deadline cuts off after a long drain" {
	draws cut --grace 20 --delay 2 --drain 80/15s --stop TERM/15/QUIT app
}

@test "a plan warns of a stop signal that is dropped" {
	draws dropped --map TERM:0 app
}

@test "a plan warns of variables that nobody reads, by their names" {
	LASTCALL_GRACES=secret run -0 "$LASTCALL" --plan app
	assert_contains "$output" "nothing reads the variable 'LASTCALL_GRACES'"
	assert_not_contains "$output" secret
}

@test "a plan that cannot be kept is refused, not drawn" {
	run --separate-stderr "$LASTCALL" --plan --delay 28 app
	assert_status 125
	assert_equal "$output" ""
	assert_contains "$stderr" "does not fit"
}

@test "a plan starts nothing" {
	run -0 "$LASTCALL" --plan --pre-stop "touch $RUN_TMP/hook" \
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
			[ "$status" -eq 0 ] || continue
			assert_equal "$(awk 'length > 79' <<<"$output")" ""
			assert_not_contains "$output" $'\e'
		done
	done
}
