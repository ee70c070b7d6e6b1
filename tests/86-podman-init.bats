# podman's --init and its pods' pause process: lastcall in the place of the
# catatonit that podman brings, and that one beside it.
# shellcheck disable=SC2154 # these come from bats and the loaded files

# bats file_tags=check
TEST_SECONDS=300
load helpers
load containers
load compat

setup_file() {
	[ -z "$(lacks podman)$(lacks root)$(lacks busybox)$(lacks plain-binary)" ] || return 0
	# Podman looks there for its catatonit.
	mkdir -p "$BATS_FILE_TMPDIR/names"
	cp "$LASTCALL" "$BATS_FILE_TMPDIR/names/catatonit"
	podman_setup_file "helper_binaries_dir = [\"$BATS_FILE_TMPDIR/names\"]"
	make_rootfs "$BATS_FILE_TMPDIR/base"
	import_image localhost/base:1 "$BATS_FILE_TMPDIR/base"
}

teardown_file() {
	podman_teardown_file
}

setup() {
	common_setup
	requires root podman runc busybox plain-binary
	NAME=init-$$-$RANDOM
	export PTY_LIMIT=50
}

teardown() {
	[ -z "${NAME:-}" ] || {
		in_podman pod rm --force --time 0 "$NAME" ||
			in_podman rm --force --time 0 "$NAME"
	} >/dev/null 2>&1 || true
	common_teardown
}

# `podman run --init` with INIT, to its end.
run_under() { # [OPTION]... -- COMMAND ARG...
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	echo "# $WHO: $*"
	run --separate-stderr in_podman run --rm --init --init-path "$INIT" \
		"${options[@]}" localhost/base:1 "$@"
}

# The same in the background, once it has said READY.
serve() { # [OPTION]... -- COMMAND ARG...
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	echo "# $WHO: $*"
	in_podman rm --force --time 0 "$NAME" >/dev/null 2>&1 || true
	in_podman run --detach --name "$NAME" --init --init-path "$INIT" \
		"${options[@]}" localhost/base:1 "$@" >/dev/null
	wait_for 'logs | grep -qE "READY|DONE"'
}

logs() {
	in_podman logs "$NAME" 2>&1
}

exit_code() {
	in_podman wait "$NAME"
}

@test "podman run --init: a copy and a link run the program as podman-init" {
	local KINDS="peer copy link"
	plain() {
		run_under -- sh -c 'tr "\0" " " </proc/1/cmdline
			cat /proc/1/comm; exit 7'
		assert_status 7
		assert_contains "$output" "/run/podman-init -- sh -c"
		assert_match "$output" ' podman-init$'
		assert_equal "$stderr" ""
	}
	each podman-init plain
	# Whatever the file is called outside.
	WHO=ours INIT=$LASTCALL plain
}

@test "podman run --init: the exit code, 128+n, and 1 for no program" {
	codes() {
		run_under -- sh -c 'kill -USR2 $$'
		assert_status 140
		run_under -- nosuch
		assert_status 1
		assert_contains "$stderr" \
			"failed to exec pid1: No such file or directory"
	}
	each podman-init codes
}

@test "podman run --init: kill and stop reach the program, not its children" {
	stopping() {
		serve -- sh -c 'sigprint >/tmp/child &
			until [ -s /tmp/child ]; do sleep 0.05; done
			exec sigprint -x 15 -c 3'
		in_podman kill --signal USR1 "$NAME" >/dev/null
		wait_for 'logs | grep -q "USR1 10"'
		in_podman stop --time 60 "$NAME" >/dev/null
		assert_equal "$(exit_code)" 3
		logs >"$OUT"
		assert_equal "$(received)" "10 15"
		in_podman cp "$NAME:/tmp/child" - | tar -xO >"$OUT"
		assert_match "$(<"$OUT")" '^READY [^[:space:]]* [^[:space:]]* [^[:space:]]*$'
	}
	each podman-init stopping
}

@test "podman run --init: orphans are reaped" {
	reaping() {
		serve -- orphans -w 200 20
		local pid
		pid=$(in_podman inspect --format '{{.State.Pid}}' "$NAME")
		wait_for '[ "$(wc -w <"/proc/'"$pid/task/$pid"'/children")" = 1 ]'
		in_podman stop --time 60 "$NAME" >/dev/null
		assert_equal "$(exit_code)" 0
	}
	each podman-init reaping
}

@test "podman run --init -e LASTCALL_GRACE=1s: its deadline, before podman's" {
	WHO=ours INIT=$LASTCALL
	serve --env LASTCALL_GRACE=1s -- worker -i
	local pid
	pid=$(in_podman inspect --format '{{.State.Pid}}' "$NAME")
	wait_for '[ "$(cat "/proc/$pid/comm")" = lastcall:ready ]'
	in_podman stop --time 60 "$NAME" >/dev/null
	assert_equal "$(exit_code)" 137
	logs >"$OUT"
	assert_order "$OUT" 'event=stop-requested signal=TERM' 'event=survivor' \
		event=killed 'event=exited code=137 forced=true'
	assert_contains "$(<"$OUT")" 'grace_from=LASTCALL_GRACE'
}

@test "podman run --init with init_path in containers.conf is the same" {
	sed "s|^\[engine\]|&\ninit_path = \"$LASTCALL\"|" "$CONTAINERS_CONF" \
		>"$RUN_TMP/containers.conf"
	export CONTAINERS_CONF=$RUN_TMP/containers.conf
	run --separate-stderr in_podman run --rm --init \
		--env LASTCALL_GRACE=5s localhost/base:1 sh -c \
		'for i in 1 2 3 4 5; do
			grep lastcall:ready /proc/1/comm && exit; sleep 1
		done'
	assert_status 0
	assert_equal "$output" lastcall:ready
}

# ------------------------------------------------------------------ a pod's

@test "a pod's pause process is lastcall -P: it reaps, and ends on stop" {
	in_podman pod create --name "$NAME" --network none --share pid,uts,ipc \
		>/dev/null
	in_podman pod start "$NAME" >/dev/null
	local infra pid
	infra=$(in_podman pod inspect --format '{{.InfraContainerID}}' "$NAME")
	pid=$(in_podman inspect --format '{{.State.Pid}}' "$infra")
	assert_equal "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "/catatonit -P "
	cmp "/proc/$pid/exe" "$LASTCALL"

	# Orphans of the pod's containers are its own: one PID namespace.
	in_podman run --pod "$NAME" --name "$NAME-orphans" localhost/base:1 \
		sh -c 'for i in 1 2 3 4 5; do stray true; done
			orphans 200 20'
	wait_for '[ -z "$(<"/proc/'"$pid/task/$pid"'/children")" ]'

	in_podman pod stop --time 60 "$NAME" >/dev/null
	assert_equal "$(in_podman inspect --format '{{.State.ExitCode}}' \
		"$infra")" 0
}

# ---------------------------------------------------------------- terminals

@test "podman run -it: an interactive shell has job control" {
	requires python3
	podman_command
	local under=() run=("${PODMAN[@]}" run -it --rm --env PS1='$ ')
	interactive() {
		echo "# $WHO"
		at_terminal "${container_shell[@]}" exit:7 -- "${run[@]}" \
			"${under[@]}" localhost/base:1 "$@"
		assert_not_contains "$output" "job control turned off"
	}
	with_init() {
		under=(--init --init-path "$INIT")
		interactive sh
	}
	each podman-init with_init
	under=(--entrypoint /lastcall)
	WHO=entrypoint interactive -- sh
}

@test "podman run -t without -i: the program has a terminal" {
	requires python3
	podman_command
	local run=("${PODMAN[@]}" run -t --rm)
	watching() { # PODMAN-OPTION-OR-ARG...
		echo "# $WHO"
		at_terminal expect:tty-2 exit:6 -- "${run[@]}" "$@" sh -c \
			'test -t 0 && test -t 1 && echo tty-$((1 + 1)); exit 6'
	}
	with_init() {
		watching --init --init-path "$INIT" localhost/base:1
	}
	each podman-init with_init
	WHO=entrypoint watching --entrypoint /lastcall localhost/base:1 --
}
