# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables go to and come from bats files
# shellcheck disable=SC2016 # conditions are expanded each time they are tried
# helpers.bash - what every test file loads first: `load helpers`.
#
# A test starts lastcall with `start` (in the background) or `run`, waits for
# events with wait_for or wait_log, and asserts with the assert_ functions,
# which fail the test wherever they stand.  Everything a test starts carries
# its mark in the environment; teardown ends what is left of it, and fails a
# test that left a process behind.
#
#   LASTCALL   the binary          RUN_TMP   the test's own folder
#   FIXTURES   the C fixtures      PID       what `start` started
#   OUT, LOG   its stdout, stderr  STATUS    its exit code, from wait_exit

bats_require_minimum_version 1.5.0

TOP=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
LASTCALL=${LASTCALL_BINARY:-$TOP/lastcall}
FIXTURES=$TOP/build/fixtures
# A test that hangs is ended, and fails; a slow file sets its own before load.
BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-60}

setup() {
	common_setup
}

teardown() {
	common_teardown
}

# For files with a setup or teardown of their own.
common_setup() {
	RUN_TMP=$BATS_TEST_TMPDIR
	OUT=$RUN_TMP/out
	LOG=$RUN_TMP/log
	PID=
	TRACKED=()
	: >"$OUT"
	: >"$LOG"
	# What lastcall reads must not come from the machine it is tested on.
	local name
	for name in "${!LASTCALL_@}"; do
		case $name in LASTCALL) ;; *) unset "$name" ;; esac
	done
	unset RAILWAY_DEPLOYMENT_DRAINING_SECONDS KUBERNETES_SERVICE_HOST \
		ECS_CONTAINER_METADATA_URI_V4 DYNO CONTAINER_APP_NAME \
		K_SERVICE FLY_APP_NAME NOMAD_ALLOC_ID container
	TEST_MARK="mark-$$-$RANDOM$RANDOM-$BATS_TEST_NUMBER"
	watch_over
	export TEST_MARK
	PATH=$PATH:/usr/sbin:/sbin
}

common_teardown() {
	local pid
	kill -KILL "$WATCHER" 2>/dev/null || true
	for pid in "${TRACKED[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
	done
	[ -z "${OPEN:-}" ] || rm -rf "$OPEN"
	[ -n "$TEST_MARK" ] || return 0
	# On failure lastcall is simply ended and its log shown.
	if [ -z "${BATS_TEST_COMPLETED:-}" ]; then
		[ ! -s "$LOG" ] || sed 's/^/log: /' "$LOG"
		kill_marked
		return 0
	fi
	no_process_left
}

# bats ends a test at its time limit, but not one that reads a pipe which some
# daemon of the test's holds open.  So everything the test started is ended.
watch_over() {
	(
		trap '' TERM # bats sends it to all the test's children
		exec {never}<> <(:)
		read -rt $((BATS_TEST_TIMEOUT + 2)) -u "$never" || true
		kill_marked
	) </dev/null >/dev/null 2>&1 3>&- &
	WATCHER=$!
	disown "$WATCHER"
}

# --------------------------------------------------------------- assertions

fail() {
	printf '%s\n' "$@" >&2
	return 1
}

assert_equal() { # ACTUAL EXPECTED
	[ "$1" = "$2" ] || fail "expected: $2" "actual:   $1"
}

assert_contains() { # TEXT PART
	case $1 in
	*"$2"*) ;;
	*) fail "expected to contain: $2" "actual: $1" ;;
	esac
}

assert_not_contains() { # TEXT PART
	case $1 in
	*"$2"*) fail "expected not to contain: $2" "actual: $1" ;;
	esac
}

assert_match() { # TEXT EXTENDED-REGEX
	[[ $1 =~ $2 ]] || fail "expected to match: $2" "actual: $1"
}

# The exit code of the last `run`, with what it printed when it is wrong.
assert_status() { # EXPECTED
	[ "$status" -eq "$1" ] ||
		fail "expected exit code $1, got $status" "output: $output"
}

assert_at_least() { # NUMBER LEAST
	[ "$1" -ge "$2" ] || fail "expected at least $2, got $1"
}

assert_at_most() { # NUMBER MOST
	[ "$1" -le "$2" ] || fail "expected at most $2, got $1"
}

# The strings stand in FILE on lines in this order (gaps are fine).
assert_order() { # FILE STRING...
	local file=$1 at=0 next
	shift
	local string
	for string; do
		next=$(awk -v from="$at" -v s="$string" \
			'NR > from && index($0, s) { print NR; exit }' "$file")
		[ -n "$next" ] ||
			fail "expected after line $at: $string" "$(cat "$file")" ||
			return 1
		at=$next
	done
}

# ------------------------------------------------------------------ waiting

now_ms() {
	local now=$EPOCHREALTIME
	echo $((${now%[.,]*} * 1000 + 10#${now#*[.,]} / 1000))
}

# Tries a condition, given as one string of shell, until it holds.
wait_for() { # CONDITION [SECONDS]
	local until=$((SECONDS + ${2:-20}))
	until eval "$1"; do
		[ "$SECONDS" -le "$until" ] ||
			fail "gave up waiting for: $1" || return 1
		sleep 0.02
	done
}

# Waits until lastcall's stderr has the text, or until its stdout has.
wait_log() { # TEXT [SECONDS]
	local text=$1
	wait_for 'grep -qF -e "$text" "$LOG"' "${2:-20}" ||
		fail "the log:" "$(cat "$LOG")"
}

wait_out() { # TEXT [SECONDS]
	local text=$1
	wait_for 'grep -qF -e "$text" "$OUT"' "${2:-20}" ||
		fail "stdout:" "$(cat "$OUT")" "stderr:" "$(cat "$LOG")"
}

wait_gone() { # PID [SECONDS]
	wait_for "! kill -0 $1 2>/dev/null" "${2:-20}"
}

# ------------------------------------------------------- starting and ending

# lastcall in the background.  A background job of a shell ignores INT and
# QUIT; env gives them back.
start() { # ARG...
	start_command "$LASTCALL" "$@"
}

start_command() { # COMMAND ARG...
	# What an earlier start of the test has printed must not be waited for.
	: >"$OUT"
	: >"$LOG"
	env --default-signal=HUP,INT,QUIT "$@" >"$OUT" 2>"$LOG" 3>&- &
	PID=$!
}

# lastcall as PID 1 of a PID namespace, in the background.  PID is its number
# outside, UNSHARE_PID the process to wait for, which exits as it does.
start_pid1() { # ARG...
	start_pid1_command "$LASTCALL" "$@"
}

start_pid1_command() { # COMMAND ARG...
	pidns_command
	: >"$OUT"
	: >"$LOG"
	"${PIDNS[@]}" env --default-signal=HUP,INT,QUIT "$@" \
		>"$OUT" 2>"$LOG" 3>&- &
	UNSHARE_PID=$!
	wait_for 'child_of "$UNSHARE_PID" >/dev/null'
	PID=$(child_of "$UNSHARE_PID")
	# Not before env has become the command.
	wait_for '! grep -qaxz env /proc/$PID/cmdline'
}

# Runs a command as PID 1 of a PID namespace with its own /proc.  Its signal
# mask and dispositions are the caller's.
in_pidns() { # COMMAND ARG...
	pidns_command
	"${PIDNS[@]}" "$@"
}

pidns_command() {
	PIDNS=(unshare)
	[ "$(id -u)" = 0 ] || PIDNS+=(--user --map-root-user)
	PIDNS+=(--pid --fork --kill-child --mount-proc --)
}

# Runs a command in the namespaces of a PID 1 started above.
enter_pidns() { # COMMAND ARG...
	local user=()
	[ "$(id -u)" = 0 ] || user=(-U --preserve-credentials)
	nsenter -t "$PID" "${user[@]}" -p -m -- "$@"
}

# A folder that every user can reach and write to, in OPEN, for lastcall and
# the fixtures under another user: LASTCALL and FIXTURES are there now.
open_folder() {
	OPEN=$(mktemp -d /tmp/lastcall-open.XXXXXX)
	cp -r "$LASTCALL" "$FIXTURES" "$OPEN"
	chmod 1777 "$OPEN"
	LASTCALL=$OPEN/lastcall
	FIXTURES=$OPEN/fixtures
}

# Runs a command on a terminal, with a person who does what the steps say; see
# tests/fixtures/pty.py.
at_terminal() { # STEP... -- COMMAND ARG...
	run --separate-stderr python3 "$TOP/tests/fixtures/pty.py" "$@"
	printf '%s\n' "$output" "$stderr"
	kill_marked
	assert_status 0
}

# The first child of a process.
child_of() { # PID
	local child
	read -r child _ <"/proc/$1/task/$1/children" 2>/dev/null || true
	[ -n "$child" ] && echo "$child"
}

# Waits for what `start` or `start_pid1` started; its exit code in STATUS.
wait_exit() {
	STATUS=0
	wait "${UNSHARE_PID:-$PID}" || STATUS=$?
	UNSHARE_PID=
}

# Copies lastcall into a root file system, with the libraries that a build for
# the sanitizers needs.
copy_lastcall() { # ROOT
	cp "$LASTCALL" "$1/lastcall"
	ldd "$LASTCALL" 2>/dev/null | grep -o '/[^ ]*' |
		xargs -r cp --parents -Lt "$1"
}

# Ends at teardown what a test starts beside lastcall.
track() { # PID...
	TRACKED+=("$@")
}

# The processes that carry the test's mark; zombies have no environment.
marked() {
	(
		export -n TEST_MARK
		grep -slaF "TEST_MARK=$TEST_MARK" /proc/[0-9]*/environ |
			tr -dc '0-9\n'
	)
}

kill_marked() {
	local pids
	while pids=$(marked) && [ -n "$pids" ]; do
		# shellcheck disable=SC2086 # one word a process
		kill -KILL $pids 2>/dev/null || true
		sleep 0.02
	done
}

# Everything this test started has gone.
no_process_left() {
	local until=$((SECONDS + 2)) pid left
	while left=$(marked) && [ -n "$left" ]; do
		[ "$SECONDS" -le "$until" ] || break
		sleep 0.02
	done
	[ -z "$left" ] || {
		for pid in $left; do
			echo "left behind: $pid" \
				"$(tr '\0' ' ' <"/proc/$pid/cmdline")" >&2 || true
		done
		kill_marked
		return 1
	}
}

# -------------------------------------------------------------- capabilities

# Skips the test where the machine lacks something it needs.  With CI=true,
# root on Debian is expected to have it all, and a lack fails the test.
requires() { # WORD...
	local word why
	for word; do
		why=$(lacks "$word") || fail "requires: $why" || return 1
		[ -n "$why" ] || continue
		if [ "${CI:-}" = true ] && ci_can "$word"; then
			fail "$why, which CI must have"
			return 1
		fi
		skip "$why"
	done
}

# Says what is missing for a word, nothing if it is there.  A word that is
# not here is a mistake in the test.
lacks() { # WORD
	case $1 in
	root) [ "$(id -u)" = 0 ] || echo "needs root" ;;
	plain-binary) [ -z "${SANITIZED:-}" ] ||
		echo "looks at what the sanitizers change" ;;
	x86-64) [ "$(uname -m)" = x86_64 ] || echo "is for x86-64" ;;
	not-root) [ "$(id -u)" != 0 ] || echo "needs another user than root" ;;
	pidns) in_pidns true 2>/dev/null || echo "no PID namespaces here" ;;
	userns)
		unshare --user --map-root-user true 2>/dev/null ||
			echo "no user namespaces here"
		;;
	mountns) unshare --mount true 2>/dev/null || echo "no mount namespaces here" ;;
	netns) unshare --net true 2>/dev/null || echo "no network namespaces here" ;;
	ipv6)
		# Files of /proc have no size.
		grep -qsw lo /proc/net/if_inet6 ||
			echo "no IPv6 here"
		;;
	cgroups) [ -d /sys/fs/cgroup/pids ] || [ -f /sys/fs/cgroup/cgroup.procs ] ||
		echo "no cgroups here" ;;
	busybox) program busybox ;;
	python3-*)
		/usr/bin/python3 -c "import ${1#python3-}" 2>/dev/null ||
			echo "no ${1#python3-} for Debian's python3"
		;;
	cross)
		command -v riscv64-linux-gnu-gcc qemu-riscv64 >/dev/null ||
			echo "no cross compilers here (tests/setup dist)"
		;;
	seccomp) [ -f /usr/share/containers/seccomp.json ] ||
		echo "no default seccomp profile here" ;;
	runc | crun | podman | buildah | docker | dockerd | python3 | nginx | \
		strace | gdb | tini | tini-static | dumb-init | catatonit | \
		debootstrap | musl-gcc | clang | curl | nc | ss | script | \
		nsenter | setpriv | capsh | bash | dash | ksh | mksh | zsh | \
		fish | perl | awk | jq | \
		apache2 | celery | cgi-fcgi | java | php-fpm | sidekiq | uwsgi | \
		postgres | redis-server | haproxy | envoy | gunicorn | node | \
		valgrind | mandoc | dpkg-deb | rpmbuild | file | nm | qemu-arm | \
		git | skopeo | lintian | systemd-analyze | docker-compose)
		program "$1"
		;;
	*)
		echo "unknown word: $1"
		return 1
		;;
	esac
	return 0
}

program() {
	command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] ||
		compgen -G "/usr/sbin/$1[0-9]*" >/dev/null ||
		compgen -G "/usr/lib/*/*/bin/$1" >/dev/null ||
		echo "$1 is not installed"
}

# Can a CI machine be expected to have it?  What the kernel or the machine's
# own confinement decides, it cannot help.
ci_can() { # WORD
	case $1 in
	not-root | plain-binary | x86-64 | ipv6 | cgroups) return 1 ;;
	root) return 0 ;;
	pidns | userns | mountns | netns) unshare --mount true 2>/dev/null ;;
	*) [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ;;
	esac
}
