# Dockerfile.example, built and run with podman on images that are made here:
# nothing is pulled.

# Images of hundreds of files are made and unpacked.
# bats file_tags=check
TEST_SECONDS=600
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

# Builds a target and the image that it stands on.
build() { # TARGET
	in_podman image exists localhost/debian:bookworm-slim ||
		import_debian localhost/debian:bookworm-slim
	[ "$1" != alpine ] || import_alpine_like localhost/alpine:3.20
	in_podman build --network none --pull=never --format docker \
		--file "$TOP/Dockerfile.example" --target "$1" \
		--build-arg DEBIAN=localhost/debian:bookworm-slim \
		--build-arg ALPINE=localhost/alpine:3.20 \
		--tag "localhost/hello-$1" "$TOP" >"$RUN_TMP/build" 2>&1 ||
		fail "$(tail -n 30 "$RUN_TMP/build")"
}

built() { # TARGET
	in_podman image exists "localhost/hello-$1" || build "$1"
}

# Starts an image's own server.
serve() { # TARGET
	NAME=hello-$$-$RANDOM
	in_podman run --detach --no-healthcheck --name "$NAME" \
		"localhost/hello-$1" >/dev/null
	wait_for 'logs | grep -q "server: listening"'
	INIT=$(in_podman inspect --format '{{.State.Pid}}' "$NAME")
}

logs() {
	in_podman logs "$NAME" 2>&1
}

exit_code() {
	in_podman inspect --format '{{.State.ExitCode}}' "$NAME"
}

# A request of two seconds is in flight when `podman stop` comes.
assert_serves_and_stops() { # TARGET
	serve "$1"
	assert_contains "$(get_from "$INIT" /)" hello

	get_from "$INIT" /slow >"$RUN_TMP/slow" 3>&- &
	local request=$!
	# The server has a process for it.
	wait_for 'child_of "$(child_of "$INIT")" >/dev/null'
	in_podman stop --time 20 "$NAME" >/dev/null
	wait "$request"

	assert_contains "$(cat "$RUN_TMP/slow")" '200 OK'
	assert_contains "$(cat "$RUN_TMP/slow")" hello
	assert_equal "$(exit_code)" 0
	logs >"$RUN_TMP/logs"
	assert_order "$RUN_TMP/logs" 'event=stop-requested signal=TERM' \
		event=stop-signal event=child-exited \
		'event=exited code=0 forced=false'
	assert_order "$RUN_TMP/logs" 'server: listening' 'server: finishing' \
		'server: done'
}

@test "the image on Debian is built, serves, and podman stop loses no request" {
	build debian
	assert_contains "$(cat "$RUN_TMP/build")" 'static, with musl'
	assert_serves_and_stops debian
}

@test "the image on Alpine's kind of base is built with its plain cc" {
	build alpine
	assert_contains "$(cat "$RUN_TMP/build")" 'static, with musl'
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
	in_podman exec "$NAME" /lastcall --probe ready --timeout 20s \
		--http http://127.0.0.1:8080/
	run in_podman exec "$NAME" /lastcall --probe ready \
		--http http://127.0.0.1:8080/ -- nowhere
	assert_status 125
}

@test "the image on nothing stops in order" {
	built bare
	assert_serves_and_stops bare
}

@test "what ignores TERM is ended by lastcall's deadline, not by podman's" {
	built debian
	NAME=stubborn-$$-$RANDOM
	in_podman run --detach --no-healthcheck --name "$NAME" --env LASTCALL_GRACE=1s \
		localhost/hello-debian \
		sh -c 'trap "" TERM; echo READY; while :; do sleep 1; done' \
		>/dev/null
	wait_for 'logs | grep -q READY'
	in_podman stop --time 30 "$NAME" >/dev/null
	assert_equal "$(exit_code)" 137
	logs >"$RUN_TMP/logs"
	assert_order "$RUN_TMP/logs" event=stop-requested event=survivor \
		event=killed 'event=exited code=137 forced=true'
}

@test "podman kill -s reaches the program, whose exit code is podman's" {
	built debian
	NAME=usr1-$$-$RANDOM
	in_podman run --detach --no-healthcheck --name "$NAME" localhost/hello-debian \
		sh -c 'trap "exit 42" USR1; echo READY; while :; do sleep 0.1; done' \
		>/dev/null
	wait_for 'logs | grep -q READY'
	in_podman kill --signal USR1 "$NAME" >/dev/null
	assert_equal "$(in_podman wait "$NAME")" 42
}

# Builds a Dockerfile of examples/docker on images that stand in for those it
# names, with an `apk` that has nothing to do.
build_example() { # DOCKERFILE TAG
	in_podman image exists localhost/alpine:3.20 ||
		import_alpine_like localhost/alpine:3.20
	in_podman build --network none --pull=never --tag localhost/alpine:3.20 \
		- <<-'END' >"$RUN_TMP/build" 2>&1
			FROM localhost/alpine:3.20
			RUN echo '#!/bin/sh' >/bin/apk && chmod 755 /bin/apk
		END
	in_podman build --network none --pull=never --format docker \
		--file "$TOP/examples/docker/$1" --tag "localhost/hello-$2" \
		"$TOP" >"$RUN_TMP/build" 2>&1 ||
		fail "$(tail -n 30 "$RUN_TMP/build")"
}

@test "the distroless example is built, is probed, and loses no request" {
	mkdir -p "$RUN_TMP/root/etc"
	echo 'nonroot:x:65532:65532::/:' >"$RUN_TMP/root/etc/passwd"
	tar -C "$RUN_TMP/root" -c . | in_podman import -q -c 'USER 65532' - \
		gcr.io/distroless/static-debian12:nonroot
	build_example Dockerfile.distroless distroless
	assert_serves_and_stops distroless
}

@test "the Docker example is built, drains and stops" {
	requires python3
	copy_packages "$RUN_TMP/root" python3
	import_image localhost/python:3.12-slim "$RUN_TMP/root"
	build_example Dockerfile python
	NAME=example-$$-$RANDOM
	in_podman run --detach --no-healthcheck --name "$NAME" \
		localhost/hello-python >/dev/null
	INIT=$(in_podman inspect --format '{{.State.Pid}}' "$NAME")
	wait_for 'in_podman exec "$NAME" /lastcall --probe ready \
		--http http://127.0.0.1:8080/ 2>/dev/null'
	assert_contains "$(get_from "$INIT" /)" '200 OK'
	in_podman stop --time 30 "$NAME" >/dev/null
	assert_equal "$(exit_code)" 143
	logs >"$RUN_TMP/logs"
	assert_order "$RUN_TMP/logs" \
		'grace_ms=27000 grace_from=LASTCALL_PLATFORM_GRACE' \
		'event=drain-finished why=done' \
		'event=exited code=143 forced=false'
}

# ------------------------------------------------ what docs/images.md says

# A base image with an entrypoint and a CMD of its own, as localhost/base.
make_base() {
	mkdir -p "$RUN_TMP/base/bin"
	cp "$(type -P busybox)" "$RUN_TMP/base/bin/busybox"
	ln -s busybox "$RUN_TMP/base/bin/sh"
	ln -s busybox "$RUN_TMP/base/bin/echo"
	printf '#!/bin/sh\necho "the entrypoint"\nexec "$@"\n' \
		>"$RUN_TMP/base/entrypoint.sh"
	chmod 755 "$RUN_TMP/base/entrypoint.sh"
	cp "$LASTCALL" "$RUN_TMP/lastcall"
	tar -C "$RUN_TMP/base" -c . | in_podman import -q -c 'ENV PATH=/bin' \
		-c 'ENTRYPOINT ["/entrypoint.sh"]' -c 'CMD ["echo", "from CMD"]' \
		- localhost/base >/dev/null
}

# Builds on it; the lines are standard input.
build_on_base() { # TAG
	{
		echo 'FROM localhost/base'
		echo 'COPY --chmod=755 lastcall /lastcall'
		cat
	} >"$RUN_TMP/Dockerfile"
	in_podman build --network none --pull=never --format docker \
		--tag "$1" "$RUN_TMP" >"$RUN_TMP/build" 2>&1 ||
		fail "$(tail "$RUN_TMP/build")"
}

@test "lastcall goes before an image's entrypoint, and its CMD is said again" {
	make_base
	build_on_base localhost/again <<-'END'
		ENTRYPOINT ["/lastcall", "--", "/entrypoint.sh"]
		CMD ["echo", "from CMD"]
	END
	# At its start lastcall warns of Podman's period.
	run --separate-stderr in_podman run --rm localhost/again
	assert_equal "$output" $'the entrypoint\nfrom CMD'
	# The arguments of run are the program's.
	run --separate-stderr in_podman run --rm localhost/again echo --delay 5s
	assert_equal "$output" $'the entrypoint\n--delay 5s'
	# And without the CMD there is none, as ENTRYPOINT empties it.
	build_on_base localhost/empty <<-'END'
		ENTRYPOINT ["/lastcall", "--"]
	END
	run in_podman run --rm localhost/empty
	assert_status 125
	assert_contains "$output" "lastcall: "
}

@test "CMD may be a shell's line, and ENTRYPOINT takes its place on the command line" {
	make_base
	build_on_base localhost/shell <<-'END'
		ENV WHO=world
		ENTRYPOINT ["/lastcall", "--"]
		CMD echo "hello $WHO"
	END
	run --separate-stderr in_podman run --rm localhost/shell
	assert_equal "$output" "hello world"
	# Mounted into an image that has no lastcall.
	run --separate-stderr in_podman run --rm --volume "$LASTCALL:/init:ro" \
		--entrypoint /init localhost/base -- echo mounted
	assert_equal "$output" mounted
	run in_podman run --rm --entrypoint /bin/echo localhost/shell without
	assert_equal "$output" without
}
