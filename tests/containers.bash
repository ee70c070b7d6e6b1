# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables go to and come from bats files
# shellcheck disable=SC2016 # conditions are expanded each time they are tried
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
	copy_lastcall "$root"
	cp "$FIXTURES"/* "$root/bin/"
}

# Asks a server in a container's network, of which lo is all there is.
get_from() { # PID PATH
	nsenter --target "$1" --net env -u TEST_MARK bash -c '
		exec 5<>/dev/tcp/127.0.0.1/8080
		printf "GET %s HTTP/1.0\r\n\r\n" "$1" >&5
		cat <&5' get "$2"
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

# ------------------------------------------------------------------- podman

# In setup_file: podman with a storage of its own, below the file's folder.
podman_setup_file() { # [ENGINE-SETTING]...
	export ENGINE=podman
	export CONTAINERS_CONF=$BATS_FILE_TMPDIR/containers.conf
	cat >"$CONTAINERS_CONF" <<-'END'
		[containers]
		default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
		netns = "none"
		[engine]
		runtime = "runc"
		cgroup_manager = "cgroupfs"
		events_logger = "file"
	END
	printf '%s\n' "$@" >>"$CONTAINERS_CONF"
}

podman_teardown_file() {
	in_podman rm --all --force --time 0 >/dev/null 2>&1 || true
	# The storage is mounted on itself.
	umount -l "$BATS_FILE_TMPDIR/storage/overlay" 2>/dev/null || true
}

in_podman() { # COMMAND ARG...
	podman_command
	"${PODMAN[@]}" "$@"
}

podman_command() {
	PODMAN=(env -u TEST_MARK podman --root "$BATS_FILE_TMPDIR/storage"
		--runroot "$BATS_FILE_TMPDIR/podman" --log-level error)
}

# The files of this machine's Debian packages and of what they depend on, with
# links in place of what their installation would do.
copy_packages() { # FOLDER PACKAGE...
	local root=$1
	shift
	mkdir -p "$root"/{bin,etc,lib64,proc,sys,dev,tmp,usr/bin}
	packages_with_depends "$@" | xargs dpkg -L | sort -u |
		while read -r file; do
			[ -d "$file" ] || ! [ -e "$file" ] || echo "$file"
		done | tar -C / --no-recursion -cf - -T - 2>/dev/null |
		tar -C "$root" -xf -
	[ -e "$root/usr/bin/cc" ] || ln -s gcc "$root/usr/bin/cc"
}

import_debian() { # IMAGE
	local root=$BATS_FILE_TMPDIR/debian
	copy_packages "$root" gcc make musl-tools coreutils dash
	[ -e "$root/bin/sh" ] || ln -s dash "$root/bin/sh"
	import_image "$1" "$root"
}

# Alpine itself cannot be had from Debian's packages.  This stands in for it
# with what lastcall's build sees of it: busybox for everything, a cc that is
# musl's and says so, no glibc compiler, no apt.
import_alpine_like() { # IMAGE
	local root=$BATS_FILE_TMPDIR/alpine applet
	copy_packages "$root" gcc make musl-tools
	cp "$(type -P busybox)" "$root/bin/busybox"
	# Alpine's binutils bring these two themselves.
	for applet in $(busybox --list | grep -vxE 'busybox|ar|strings'); do
		rm -f "$root/bin/$applet" "$root/usr/bin/$applet"
		ln -s busybox "$root/bin/$applet"
	done
	mkdir -p "$root/usr/libexec"
	cp -L "$(type -P musl-gcc)" "$root/usr/libexec/musl-gcc"
	rm -f "$root"/usr/bin/{cc,*musl-gcc}
	cat >"$root/usr/bin/cc" <<-END
		#!/bin/sh
		[ "\$*" != -dumpmachine ] || exec echo $(uname -m)-alpine-linux-musl
		exec /usr/libexec/musl-gcc "\$@"
	END
	chmod 755 "$root/usr/bin/cc"
	import_image "$1" "$root"
}

packages_with_depends() { # PACKAGE...
	apt-cache depends --recurse --installed --no-recommends \
		--no-suggests --no-conflicts --no-breaks --no-replaces \
		--no-enhances "$@" | grep '^[a-z]' | sed 's/:any$//' | sort -u |
		while read -r package; do
			! dpkg-query -W "$package" >/dev/null 2>&1 ||
				echo "$package"
		done
}

import_image() { # IMAGE FOLDER
	tar -C "$2" -c . | "in_$ENGINE" import - "$1" >/dev/null
	rm -rf "$2"
}

# ------------------------------------------------------------------- docker

# In setup_file: a Docker daemon of our own, without networks.  Of several,
# DAEMON names the one that is meant.
docker_setup_file() { # DOCKERD-OPTION...
	export ENGINE=docker
	local folder=$BATS_FILE_TMPDIR/${DAEMON:=docker}
	mkdir -p "$folder"
	setsid dockerd --iptables=false --ip6tables=false --bridge=none \
		--data-root "$folder/data" --exec-root "$folder/exec" \
		--pidfile "$folder/pid" --host "unix://$folder/socket" "$@" \
		</dev/null >"$folder/log" 2>&1 3>&- &
	wait_for 'in_docker version >/dev/null 2>&1' 60 ||
		fail "$(tail "$folder/log")"
}

docker_teardown_file() {
	local folder=$BATS_FILE_TMPDIR/${DAEMON:=docker}
	[ -s "$folder/pid" ] || return 0
	local container
	for container in $(in_docker ps --all --quiet); do
		in_docker rm --force "$container" >/dev/null
	done
	kill "$(cat "$folder/pid")"
	wait_for '! [ -e "$BATS_FILE_TMPDIR/$DAEMON/pid" ]' 30
	umount -l "$folder/exec/netns/default" 2>/dev/null || true
}

in_docker() { # COMMAND ARG...
	docker_command
	"${DOCKER[@]}" "$@"
}

# Debian's own client: another on the PATH may be too new for its daemon.
docker_command() {
	DOCKER=(env -u TEST_MARK /usr/bin/docker
		--host "unix://$BATS_FILE_TMPDIR/${DAEMON:-docker}/socket")
}

# ------------------------------------------------------------------ systemd

# systemd as PID 1 of namespaces of its own, with the units of a folder and the
# programs given in its /usr/local/bin, and nothing else of the machine's.  It
# runs test.target, of which the units given are wanted.  What they print is in
# LOG.
systemd_start() { # FOLDER PROGRAM... -- UNIT...
	local script='
		mount --make-rprivate /
		mount -t tmpfs none /sys/fs/cgroup
		if [ "$1" = v1 ]; then
			mkdir /sys/fs/cgroup/systemd
			mount -t cgroup -o none,name=systemd none /sys/fs/cgroup/systemd
		else
			mount -t cgroup2 none /sys/fs/cgroup
		fi
		# Nothing of the machine is changed.
		mount --bind /etc /etc
		mount -o remount,bind,ro /etc
		mount -t tmpfs none /run
		mkdir -p /run/systemd
		cp -r "$2/units" /run/systemd/system
		mount -t tmpfs -o mode=755 none /usr/local/bin
		cp "$2"/bin/* /usr/local/bin/
		export container=test
		exec /lib/systemd/systemd --system --unit=test.target \
			--log-target=console --show-status=no'
	local version=v1 folder=$1 unit
	SYSTEMD_CGROUP=/sys/fs/cgroup/systemd/lastcall-test-$$
	if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
		version=v2
		SYSTEMD_CGROUP=/sys/fs/cgroup/lastcall-test-$$
	fi
	mkdir -p "$RUN_TMP/systemd/units" "$RUN_TMP/systemd/bin" \
		"$SYSTEMD_CGROUP"
	cp "$folder"/*.service "$folder"/*.socket "$RUN_TMP/systemd/units/"
	shift
	while [ "$1" != -- ]; do
		cp "$1" "$RUN_TMP/systemd/bin/"
		shift
	done
	shift
	# What a system would start before them is not there.
	for unit; do
		mkdir -p "$RUN_TMP/systemd/units/$unit.d"
		printf '[Unit]\nDefaultDependencies=no\n' \
			>"$RUN_TMP/systemd/units/$unit.d/alone.conf"
		[[ $unit != *.service ]] || printf '[Service]\n%s\n' \
			"StandardOutput=append:$LOG" \
			>"$RUN_TMP/systemd/units/$unit.d/log.conf"
	done
	# It is active when they have started, or have failed to.
	printf '[Unit]\nDefaultDependencies=no\nWants=%s\nAfter=%s\n' "$*" "$*" \
		>"$RUN_TMP/systemd/units/test.target"
	# shellcheck disable=SC2016 # the inner shells expand them
	env -u TEST_MARK sh -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' \
		"$SYSTEMD_CGROUP" unshare --cgroup --pid --fork --kill-child \
		--mount --mount-proc --uts --ipc --net \
		sh -ec 'ip link set lo up 2>/dev/null || :; '"$script" \
		sh "$version" "$RUN_TMP/systemd" </dev/null >"$OUT" 2>&1 3>&- &
	SYSTEMD=$!
	track "$SYSTEMD"
	wait_for 'SYSTEMD_PID=$(child_of "$SYSTEMD") &&
		in_systemd systemctl is-active --quiet test.target 2>/dev/null' 30
}

in_systemd() { # COMMAND ARG...
	env -u TEST_MARK nsenter -t "$SYSTEMD_PID" --cgroup --pid --mount --net \
		"$@"
}

systemd_teardown() {
	[ -n "${SYSTEMD:-}" ] || return 0
	kill -KILL "$SYSTEMD" 2>/dev/null || true
	wait "$SYSTEMD" 2>/dev/null || true
	wait_for 'find "$SYSTEMD_CGROUP" -mindepth 1 -depth -type d \
		-exec rmdir {} + 2>/dev/null; rmdir "$SYSTEMD_CGROUP" 2>/dev/null ||
		! [ -e "$SYSTEMD_CGROUP" ]'
}

# ---------------------------------------------------------------- terminals

# What a person types at busybox's shell in a container, for at_terminal.  The
# shell has the terminal raw, so nothing is typed before its program says so.
container_shell=(
	'expect:$ ' 'type:echo up-$((1 + 1))\n' expect:up-2
	'expect:$ ' 'type:sh -c "echo on-$((1 + 1)); exec sleep 1000"\n'
	expect:on-2 'type:\x03'
	'expect:$ ' 'type:echo code=$?\n' expect:code=130
	'expect:$ ' 'type:sh -c "echo in-$((1 + 1)); exec cat"\n'
	expect:in-2 'type:ping\n' expect:ping expect:ping
	'type:\x1a' expect:Stopped
	'expect:$ ' 'type:fg; echo out-$((1 + 1))\n' expect:cat 'type:\x04'
	expect:out-2
	'expect:$ ' 'type:exit 7\n'
)
