# Dockerfile.example under a real Docker daemon, as its first lines say.

# bats file_tags=check
TEST_SECONDS=300
load helpers
load containers

setup_file() {
	[ -n "$(lacks dockerd)$(lacks root)" ] || docker_setup_file
}

teardown_file() {
	docker_teardown_file
}

setup() {
	common_setup
	requires root dockerd docker musl-gcc
}

teardown() {
	[ -z "${NAME:-}" ] ||
		in_docker rm --force "$NAME" >/dev/null 2>&1 || true
	common_teardown
}

serve() { # DOCKER-OPTION...
	NAME=hello-$$-$RANDOM
	in_docker run --detach --name "$NAME" --network none "$@" hello \
		>/dev/null
	wait_for 'logs | grep -q "server: listening"'
	INIT=$(inspect '{{.State.Pid}}')
}

logs() {
	in_docker logs "$NAME" 2>&1
}

inspect() { # FORMAT
	in_docker inspect --format "$1" "$NAME"
}

build() {
	import_debian debian:bookworm-slim
	DOCKER_BUILDKIT=1 in_docker build --network none --target bare \
		--file "$TOP/Dockerfile.example" --tag hello "$TOP" \
		>"$RUN_TMP/build" 2>&1 || fail "$(tail -n 30 "$RUN_TMP/build")"
}

built() {
	in_docker image inspect hello >/dev/null 2>&1 || build
}

@test "docker builds the example on nothing" {
	build
	assert_equal "$(in_docker image inspect \
		--format '{{join .Config.Entrypoint " "}}' hello)" \
		'/lastcall --'
}

@test "docker finds it healthy, and docker stop loses no request" {
	built
	serve --health-interval 500ms
	wait_for '[ "$(inspect "{{.State.Health.Status}}")" = healthy ]' 60

	get_from "$INIT" /slow >"$RUN_TMP/slow" 3>&- &
	request=$!
	wait_for 'child_of "$(child_of "$INIT")" >/dev/null'
	in_docker stop "$NAME" >/dev/null
	wait "$request"

	assert_contains "$(cat "$RUN_TMP/slow")" hello
	assert_equal "$(inspect '{{.State.ExitCode}}')" 0
	logs >"$RUN_TMP/logs"
	assert_order "$RUN_TMP/logs" \
		'event=stop-requested signal=TERM' event=stop-signal \
		'event=exited code=0 forced=false'
	assert_order "$RUN_TMP/logs" 'server: finishing' 'server: done'
}

@test "docker exec probes readiness without a shell" {
	built
	serve
	in_docker exec "$NAME" /lastcall --probe ready
	run in_docker exec "$NAME" /lastcall --probe ready \
		--http "http://127.0.0.1:1/"
	assert_status 1
	assert_contains "$output" 'lastcall: '
}

@test "the deadline is lastcall's, well before docker stop's own" {
	built
	NAME=slow-$$-$RANDOM
	in_docker run --detach --name "$NAME" --env LASTCALL_GRACE=1s \
		--entrypoint /bin/lastcall --volume "$LASTCALL:/bin/lastcall:ro" \
		debian:bookworm-slim -- \
		sh -c 'trap "" TERM; echo READY; while :; do sleep 1; done' \
		>/dev/null
	wait_for 'logs | grep -q READY'
	in_docker stop --time 60 "$NAME" >/dev/null
	assert_equal "$(inspect '{{.State.ExitCode}}')" 137
	logs >"$RUN_TMP/logs"
	assert_order "$RUN_TMP/logs" event=stop-requested event=killed \
		'event=exited code=137 forced=true'
}
