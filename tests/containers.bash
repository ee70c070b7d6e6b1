# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables go to and come from bats files
# containers.bash - real container runtimes, for files that `load` it after
# helpers: runc with a bundle of our own, and podman with images made here, as
# nothing can be pulled where the tests run.  It is all in the test's own
# folder and gone after container_teardown or podman_teardown.

# ------------------------------------------------------------------- rootfs

# A root file system: static busybox, lastcall and the fixtures.  Nothing is
# writable for anybody but root.
make_rootfs() { # FOLDER
	local root=$1 applet
	mkdir -p "$root"/{bin,dev,etc,proc,sys,tmp,var}
	cp "$(type -P busybox)" "$root/bin/busybox"
	for applet in sh ash cat echo env id ls mkdir ps rm sleep true false \
		kill nc wget httpd touch test grep sed tr wc; do
		ln -sf busybox "$root/bin/$applet"
	done
	echo 'root:x:0:0:root:/:/bin/sh' >"$root/etc/passwd"
	echo 'app:x:1000:1000:app:/:/bin/sh' >>"$root/etc/passwd"
	echo 'root:x:0:' >"$root/etc/group"
	echo 'app:x:1000:' >>"$root/etc/group"
	cp "$LASTCALL" "$root/lastcall"
	cp "$FIXTURES"/* "$root/bin/"
}

# --------------------------------------------------------------------- runc

# Starts a container in the background: non-root, no capabilities, read-only,
# no new privileges, default seccomp (--root first: as Docker's default).
# PID is runc, which exits as the container does; its output is in OUT, LOG.
container_start() { # [--root] COMMAND ARG...
	local flags=()
	while [ "${1:-}" = --root ]; do
		flags+=("$1")
		shift
	done
	BUNDLE=$RUN_TMP/bundle
	CONTAINER=test-$$-$RANDOM
	mkdir -p "$BUNDLE"
	[ -d "$RUN_TMP/rootfs" ] || make_rootfs "$RUN_TMP/rootfs"
	python3 "$TOP/tests/oci_config.py" "${flags[@]}" \
		--env "TEST_MARK=$TEST_MARK" "$RUN_TMP/rootfs" -- "$@" \
		>"$BUNDLE/config.json"
	in_runc run --bundle "$BUNDLE" "$CONTAINER" \
		</dev/null >"$OUT" 2>"$LOG" 3>&- &
	PID=$!
}

in_runc() { # COMMAND ARG...
	# runc's own processes are not the test's; the container's are.
	env -u TEST_MARK runc --root "$RUN_TMP/runc" "$@"
}

container_kill() { # SIGNAL
	in_runc kill "$CONTAINER" "$1"
}

container_exec() { # COMMAND ARG...
	in_runc exec "$CONTAINER" "$@"
}

# The container's PID 1, as the machine sees it.
container_pid() {
	in_runc state "$CONTAINER" | sed -n 's/^ *"pid": \([0-9]*\),.*/\1/p'
}

container_teardown() {
	[ -z "${CONTAINER:-}" ] ||
		in_runc delete --force "$CONTAINER" >/dev/null 2>&1 || true
	common_teardown
}
