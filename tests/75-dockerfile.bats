# Dockerfile.example, built and run with podman on images that are made here:
# nothing is pulled.

BATS_TEST_TIMEOUT=180
load helpers
load containers

setup_file() {
	podman_setup_file
}

teardown_file() {
	podman_teardown_file
}

setup() {
	common_setup
	requires root podman runc busybox musl-gcc
}

teardown() {
	[ -z "${NAME:-}" ] ||
		in_podman rm --force --time 0 "$NAME" >/dev/null 2>&1 || true
	common_teardown
}

build() { # TARGET
	in_podman build --network none --pull=never --format docker \
		--file "$TOP/Dockerfile.example" --target "$1" \
		--build-arg DEBIAN=localhost/debian:bookworm-slim \
		--build-arg ALPINE=localhost/alpine:3.20 \
		--tag "localhost/hello-$1" "$TOP" >"$RUN_TMP/build" 2>&1 ||
		fail "$(tail -n 30 "$RUN_TMP/build")"
}

# Starts an image's own server on this machine's network: there is no bridge.
serve() { # TARGET PODMAN-OPTION...
	local target=$1 try
	shift
	# Somebody else may have the port.
	for try in 1 2 3 4 5; do
		PORT=$((20000 + RANDOM % 10000))
		NAME=hello-$$-$RANDOM
		in_podman run --detach --no-healthcheck --name "$NAME" \
			--network host --env "PORT=$PORT" "$@" \
			"localhost/hello-$target" \
			>/dev/null
		wait_for 'logs | grep -q "server: listen"'
		! logs | grep -q 'server: listen:' || continue
		return 0
	done
	fail "the server does not start"
}

logs() {
	in_podman logs "$NAME" 2>&1
}

get() { # PATH
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&5
	cat <&5
	exec 5>&-
}

exit_code() {
	in_podman inspect --format '{{.State.ExitCode}}' "$NAME"
}

# The server's processes beside its main one: requests in flight.
in_flight() {
	local init
	init=$(in_podman inspect --format '{{.State.Pid}}' "$NAME")
	wc -w <"/proc/$(child_of "$init")/task/$(child_of "$init")/children"
}

# A request of two seconds is in flight when `podman stop` comes.
assert_serves_and_stops() { # TARGET
	serve "$1"
	assert_contains "$(get /)" hello

	get /slow >"$RUN_TMP/slow" 3>&- &
	local request=$!
	wait_for '[ "$(in_flight)" = 1 ]'
	in_podman stop --time 20 "$NAME" >/dev/null
	wait "$request"

	assert_contains "$(cat "$RUN_TMP/slow")" '200 OK'
	assert_contains "$(cat "$RUN_TMP/slow")" hello
	assert_equal "$(exit_code)" 0
	logs >"$RUN_TMP/logs"
	assert_order "$RUN_TMP/logs" 'event=drain-started signal=TERM' \
		event=stop-signal event=child-exited \
		'event=exited code=0 forced=0'
	assert_order "$RUN_TMP/logs" 'server: listening' 'server: finishing' \
		'server: done'
}

@test "the image on Debian is built, serves, and podman stop loses no request" {
	import_debian localhost/debian:bookworm-slim
	build debian
	assert_contains "$(cat "$RUN_TMP/build")" 'static musl'
	assert_serves_and_stops debian
}

@test "the image on Alpine's kind of base is built with its plain cc" {
	import_alpine_like localhost/alpine:3.20
	build alpine
	assert_contains "$(cat "$RUN_TMP/build")" 'static musl (cc)'
	assert_serves_and_stops alpine
}

@test "the image on nothing holds two files, and needs no shell to be probed" {
	build bare
	serve bare
	in_podman export "$NAME" | tar -t >"$RUN_TMP/files"
	grep -qx lastcall "$RUN_TMP/files"
	grep -qx server "$RUN_TMP/files"
	run grep -E '(^|/)(sh|busybox|libc)' "$RUN_TMP/files"
	assert_equal "$output" ''
	in_podman exec "$NAME" /lastcall --probe ready \
		--http "http://127.0.0.1:$PORT/"
	run in_podman exec "$NAME" /lastcall --probe ready \
		--http "http://127.0.0.1:$PORT/" -- nowhere
	assert_status 125
}

@test "the image on nothing stops in order" {
	assert_serves_and_stops bare
}

@test "what ignores TERM is ended by lastcall's deadline, not by podman's" {
	NAME=stubborn-$$-$RANDOM
	in_podman run --detach --no-healthcheck --name "$NAME" --env LASTCALL_GRACE=1s \
		localhost/hello-debian \
		sh -c 'trap "" TERM; echo READY; while :; do sleep 1; done' \
		>/dev/null
	wait_for 'logs | grep -q READY'
	in_podman stop --time 30 "$NAME" >/dev/null
	assert_equal "$(exit_code)" 137
	logs >"$RUN_TMP/logs"
	assert_order "$RUN_TMP/logs" event=drain-started event=survivor \
		event=killed 'event=exited code=137 forced=1'
}

@test "podman kill -s reaches the program, whose exit code is podman's" {
	NAME=usr1-$$-$RANDOM
	in_podman run --detach --no-healthcheck --name "$NAME" localhost/hello-debian \
		sh -c 'trap "exit 42" USR1; echo READY; while :; do sleep 0.1; done' \
		>/dev/null
	wait_for 'logs | grep -q READY'
	in_podman kill --signal USR1 "$NAME" >/dev/null
	assert_equal "$(in_podman wait "$NAME")" 42
}
