# docker run --init: lastcall in the place of the tini that a Docker daemon
# brings.  Two daemons, one with each.
# shellcheck disable=SC2154 # these come from bats and the loaded files

# bats file_tags=check
TEST_SECONDS=300
load helpers
load containers
load compat

setup_file() {
	[ -z "$(lacks dockerd)$(lacks root)$(lacks busybox)$(lacks plain-binary)" ] || return 0
	# As make install-links leaves it.
	mkdir -p "$BATS_FILE_TMPDIR/names"
	cp "$LASTCALL" "$BATS_FILE_TMPDIR/names/lastcall"
	ln -s lastcall "$BATS_FILE_TMPDIR/names/docker-init"
	DAEMON=ours docker_setup_file \
		--init-path "$BATS_FILE_TMPDIR/names/docker-init"
	DAEMON=peer docker_setup_file
	make_rootfs "$BATS_FILE_TMPDIR/base"
	tar -C "$BATS_FILE_TMPDIR/base" -cf "$BATS_FILE_TMPDIR/base.tar" .
	for DAEMON in ours peer; do
		in_docker import - base:1 <"$BATS_FILE_TMPDIR/base.tar" \
			>/dev/null
	done
}

teardown_file() {
	DAEMON=ours docker_teardown_file
	DAEMON=peer docker_teardown_file
}

setup() {
	common_setup
	requires root dockerd docker busybox plain-binary
	NAME=init-$$-$RANDOM
	export PTY_LIMIT=50
}

teardown() {
	for DAEMON in ours peer; do
		in_docker rm --force "$NAME" >/dev/null 2>&1 || true
	done
	common_teardown
}

each_daemon() { # FUNCTION
	for DAEMON in peer ours; do
		echo "# $DAEMON"
		"$@"
	done
}

# `docker run --init` in the background, once it has said READY.
serve() { # [OPTION]... -- COMMAND ARG...
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	in_docker run --detach --name "$NAME" --init --network none \
		"${options[@]}" base:1 "$@" >/dev/null
	wait_for 'logs | grep -qE "READY|DONE"'
	PID1=$(in_docker inspect --format '{{.State.Pid}}' "$NAME")
}

logs() {
	in_docker logs "$NAME" 2>&1
}

exit_code() {
	in_docker wait "$NAME"
}

@test "docker info reads lastcall's version line as it does tini's" {
	told() {
		in_docker info --format '{{json .InitCommit}} {{json .Warnings}}
			{{json .ClientInfo.Warnings}} {{json .ServerErrors}}'
	}
	assert_equal "$(DAEMON=ours told)" "$(DAEMON=peer told)"
	assert_not_contains "$(DAEMON=ours told)" N/A
	DAEMON=ours
	assert_equal "$(in_docker info --format '{{.InitBinary}}')" \
		"$BATS_FILE_TMPDIR/names/docker-init"
	# The daemon complains of a line that it cannot read in its log.
	assert_not_contains "$(<"$BATS_FILE_TMPDIR/ours/log")" "failed to parse"
	version() {
		in_docker version --format '{{range .Server.Components}}
			{{if eq .Name "docker-init"}}{{json .}}{{end}}{{end}}'
	}
	assert_contains "$(DAEMON=ours version)" 0.19.0
	assert_equal "$(DAEMON=ours version)" "$(DAEMON=peer version)"
}

@test "docker run --init: PID 1 is /sbin/docker-init --, and keeps its name" {
	plain() {
		run --separate-stderr in_docker run --rm --init --network none \
			base:1 sh -c 'tr "\0" " " </proc/1/cmdline
				cat /proc/1/comm; exit 7'
		assert_status 7
		assert_contains "$output" "/sbin/docker-init -- sh -c"
		assert_match "$output" ' docker-init$'
		assert_equal "$stderr" ""
	}
	each_daemon plain
}

@test "docker run --init: the exit code, 128+n, and 127 for no program" {
	codes() {
		run in_docker run --rm --init --network none base:1 \
			sh -c 'kill -USR2 $$'
		assert_status 140
		run -127 in_docker run --rm --init --network none base:1 nosuch
		assert_contains "$output" \
			"exec nosuch failed: No such file or directory"
	}
	each_daemon codes
}

@test "docker run --init: kill and stop reach the program, not its children" {
	stopping() {
		serve -- sh -c 'sigprint >/tmp/child &
			until [ -s /tmp/child ]; do sleep 0.05; done
			exec sigprint -x 15 -c 3'
		in_docker kill --signal USR1 "$NAME" >/dev/null
		wait_for 'logs | grep -q "USR1 10"'
		in_docker stop --time 60 "$NAME" >/dev/null
		assert_equal "$(exit_code)" 3
		logs >"$OUT"
		assert_equal "$(received)" "10 15"
		in_docker cp "$NAME:/tmp/child" - | tar -xO >"$OUT"
		assert_match "$(<"$OUT")" '^READY [^[:space:]]* [^[:space:]]* [^[:space:]]*$'
	}
	each_daemon stopping
}

@test "docker run --init -e TINI_KILL_PROCESS_GROUP=: the group is told" {
	group() {
		serve --env TINI_KILL_PROCESS_GROUP= -- sh -c 'trap : TERM
			sigprint -x 15 & wait; wait; exit 4'
		in_docker stop --time 60 "$NAME" >/dev/null
		assert_equal "$(exit_code)" 4
		logs >"$OUT"
		assert_equal "$(received)" 15
	}
	each_daemon group
}

@test "docker run --init: orphans are reaped" {
	reaping() {
		serve -- orphans -w 200 20
		wait_for '[ "$(wc -w <"/proc/$PID1/task/$PID1/children")" = 1 ]'
		in_docker stop --time 60 "$NAME" >/dev/null
		assert_equal "$(exit_code)" 0
	}
	each_daemon reaping
}

@test "docker run --init -e LASTCALL_GRACE=1s: its deadline, before docker's" {
	DAEMON=ours
	serve --env LASTCALL_GRACE=1s \
		--env "LASTCALL_PRE_STOP=sh -c 'echo hooked >&2'" -- worker -i
	wait_for '[ "$(cat "/proc/$PID1/comm")" = lastcall:ready ]'
	in_docker stop --time 60 "$NAME" >/dev/null
	assert_equal "$(exit_code)" 137
	logs >"$OUT"
	assert_order "$OUT" 'event=drain-started signal=TERM' hooked \
		event=survivor event=killed 'event=exited code=137 forced=true'
	assert_contains "$(<"$OUT")" 'grace_from=LASTCALL_GRACE'
}

@test "docker run --init -e LASTCALL_GRACE=soon: refused, with 125" {
	DAEMON=ours
	run in_docker run --rm --init --network none \
		--env LASTCALL_GRACE=soon base:1 true
	assert_status 125
	assert_contains "$output" "lastcall: LASTCALL_GRACE 'soon'"
}

# ---------------------------------------------------------------- terminals

@test "docker run -it: an interactive shell has job control" {
	requires python3
	interactive() { # DOCKER-OPTION... IMAGE ARG...
		docker_command
		at_terminal "${container_shell[@]}" exit:7 -- "${DOCKER[@]}" \
			run -it --rm --network none --env PS1='$ ' "$@"
		assert_not_contains "$output" "job control turned off"
	}
	each_daemon interactive --init base:1 sh
	DAEMON=ours
	interactive --entrypoint /lastcall base:1 -- sh
}

@test "docker run -it: a window that changes its size is told, once" {
	requires python3
	window() { # DOCKER-OPTION... IMAGE ARG...
		docker_command
		at_terminal expect:READY size:33x99 expect:WINCH size:44x88 \
			expect:WINCH 'type:\x03' expect:INT exit:0 -- \
			"${DOCKER[@]}" run -it --rm --network none "$@" \
			sigprint -x 2
	}
	each_daemon window --init base:1
	DAEMON=ours
	window --entrypoint /lastcall base:1 --
}

@test "docker run -t without -i: the program has a terminal" {
	requires python3
	watching() { # DOCKER-OPTION... IMAGE ARG...
		docker_command
		at_terminal expect:tty-2 exit:6 -- "${DOCKER[@]}" run -t --rm \
			--network none "$@" sh -c \
			'test -t 0 && test -t 1 && echo tty-$((1 + 1)); exit 6'
	}
	each_daemon watching --init base:1
	DAEMON=ours
	watching --entrypoint /lastcall base:1 --
}
