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
#   FIXTURES   their C programs    PID       what `start` started
#   OUT, LOG   its stdout, stderr  STATUS    its exit code, from wait_exit

bats_require_minimum_version 1.5.0

TOP=${BASH_SOURCE[0]%/tests/*}
# Tests write these paths into commands of a shell, which splits them at blanks.
case $TOP in
*[!A-Za-z0-9_./-]*)
	ln -sfn "$TOP" "$BATS_RUN_TMPDIR/top"
	TOP=$BATS_RUN_TMPDIR/top
	;;
esac
LASTCALL=${LASTCALL_BINARY:-$TOP/lastcall}
FIXTURES=$TOP/build/fixtures
# A shell at a terminal writes down what it was told.
export HISTFILE=/dev/null
# A test that hangs is ended, and fails; a slow file sets its own before load.
TEST_SECONDS=${TEST_SECONDS:-120}
# A pipe that nobody writes to: to read it with a time limit is to sleep, and
# needs no process.
NEVER=$BATS_RUN_TMPDIR/never
[ -p "$NEVER" ] || mkfifo -m 600 "$NEVER"

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
	unset RAILWAY_DEPLOYMENT_DRAINING_SECONDS \
		ARGO_TERMINATION_GRACE_PERIOD_SECONDS KUBERNETES_SERVICE_HOST \
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
		! is_own "$pid" || kill -KILL "$pid" 2>/dev/null || true
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

# Ends the test at its time limit, and everything that it has started: it may
# read a pipe which some daemon of its own holds open.  bats' own limit takes
# three processes for each test and leaves daemons alone.
watch_over() {
	trap 'echo "ended after $TEST_SECONDS s"; exit 1' ABRT
	(
		trap '' TERM # bats sends it to all the test's children
		nap "$TEST_SECONDS"
		kill -ABRT $$
		kill_marked
		# A shell of the test's own, which has no mark, may hang as well.
		self=$BASHPID
		# shellcheck disable=SC2046 # one word a process
		kill -KILL $(pgrep -P $$ | grep -vx "$self") || true
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
	local missing
	missing=$(awk 'BEGIN { at = 2; last = ARGC; ARGC = 2 }
		at < last && index($0, ARGV[at]) { at++ }
		END { if (at < last) print ARGV[at] }' "$@") ||
		missing="the file"
	[ -z "$missing" ] ||
		fail "expected in this order: ${*:2}" "not found: $missing" \
			"$(cat "$1")"
}

# ------------------------------------------------------------------ waiting

now_ms() {
	local now=$EPOCHREALTIME
	echo $((${now%[.,]*} * 1000 + 10#${now#*[.,]} / 1000))
}

# Milliseconds since BEGAN, which stop() sets.
elapsed() {
	echo $(($(now_ms) - BEGAN))
}

nap() { # SECONDS
	read -rt "$1" <>"$NEVER" || true
}

# Is the text in the file?
has() { # FILE TEXT
	local parts
	mapfile -d '' -t parts <"$1"
	[[ "${parts[*]}" == *"$2"* ]]
}

# Tries a condition, given as one string of shell, until it holds.
wait_for() { # CONDITION [SECONDS]
	local until=$((SECONDS + ${2:-40}))
	until eval "$1"; do
		[ "$SECONDS" -le "$until" ] ||
			fail "gave up waiting for: $1" || return 1
		nap 0.02
	done
}

# Waits until lastcall's stderr has the text, or until its stdout has.
wait_log() { # TEXT [SECONDS]
	local text=$1
	wait_for 'has "$LOG" "$text"' "${2:-40}" ||
		fail "the log:" "$(cat "$LOG")"
}

wait_out() { # TEXT [SECONDS]
	local text=$1
	wait_for 'has "$OUT" "$text"' "${2:-40}" ||
		fail "stdout:" "$(cat "$OUT")" "stderr:" "$(cat "$LOG")"
}

# Ended; whoever is its parent by then need not reap it.
wait_gone() { # PID [SECONDS]
	wait_for "! grep -qs '^State:	[^ZX]' /proc/$1/status" "${2:-40}"
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
	# In a Docker container lastcall warns at its start of Docker's period, as
	# PID 1 does; Kubernetes' is the one that it assumes.
	[ ! -e /.dockerenv ] || PIDNS+=(env KUBERNETES_SERVICE_HOST=none)
}

# Runs a command in the namespaces of a PID 1 started above, and in its root,
# which is another one than the namespace has in a chroot(8).
enter_pidns() { # COMMAND ARG...
	local user=()
	[ "$(id -u)" = 0 ] || user=(-U --preserve-credentials)
	nsenter -t "$PID" "${user[@]}" -p -m -r -w -- "$@"
}

# The folder below which memory cgroups can be made; nothing if there is none.
memory_cgroup() {
	local folder=/sys/fs/cgroup
	if ! grep -qsw memory "$folder/cgroup.subtree_control"; then
		folder=$folder/memory
		[ -e "$folder/memory.limit_in_bytes" ] || return 0
	fi
	if mkdir "$folder/lastcall-try-$$" 2>/dev/null; then
		rmdir "$folder/lastcall-try-$$"
		echo "$folder"
	fi
}

# A folder that every user can reach and write to, in OPEN, for lastcall and
# the fixtures under another user: LASTCALL and FIXTURES are there now.
open_folder() {
	OPEN=$(mktemp -d /tmp/lastcall-open.XXXXXX)
	cp -r "$LASTCALL" "$FIXTURES" "$OPEN"
	chmod -R a+rX "$OPEN"
	chmod 1777 "$OPEN"
	LASTCALL=$OPEN/lastcall
	FIXTURES=$OPEN/fixtures
}

# Runs a command on a terminal, with a person who does what the steps say; see
# tests/beside/person.py.
at_terminal() { # STEP... -- COMMAND ARG...
	requires terminals python3
	run --separate-stderr python3 "$TOP/tests/beside/person.py" "$@"
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

# Sends a stop request to what was started, and notes when in BEGAN.
stop() { # [SIGNAL]
	BEGAN=$(now_ms)
	kill -"${1:-TERM}" "$PID"
}

# Two SIGINT within 10 ms are one person's one (the terminal's and a parent's),
# so the next one is sent later.
after_interrupt() {
	nap 0.05
}

stop_and_wait() { # [SIGNAL]
	stop "$@"
	wait_exit
}

# The value that KEY has in the line of EVENT.
logged() { # EVENT KEY
	sed -n "s/.*event=$1 .*\b$2=\([^ ]*\).*/\1/p" "$LOG"
}

# The ready file goes when the program has ended by itself.  The exit waits for
# the helper that removes it for 250 ms, in which that may not run where many
# others want to.
assert_removed_at_the_end() { # READY-FILE
	local i
	for i in 1 2 3; do
		rm -f "$1"
		"$LASTCALL" --ready-file "$1" -- sh -c '
			until [ -e "$0" ]; do sleep 0.01; done' "$1"
		[ -e "$1" ] || return 0
	done
	fail "the ready file was left"
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

# Is it the test's?  One that has ended may have left its pid to a stranger, as
# 5,000 orphans at a time let the numbers go round soon.
is_own() { # PID
	grep -qsaF "TEST_MARK=$TEST_MARK" "/proc/$1/environ" ||
		grep -qsx "PPid:	$$" "/proc/$1/status"
}

# The processes that carry the test's mark, a line each, in MARKED; zombies have
# no environment, and grep has another one.
find_marked() {
	# shellcheck disable=SC2097,SC2098 # the expansion is the test's
	MARKED=$(TEST_MARK='' grep -slaF "TEST_MARK=$TEST_MARK" \
		/proc/[0-9]*/environ) || true
	MARKED=${MARKED//[!0-9$'\n']/}
	[ -n "$MARKED" ]
}

marked() {
	find_marked && echo "$MARKED"
}

kill_marked() {
	while find_marked; do
		# shellcheck disable=SC2086 # one word a process
		kill -KILL $MARKED 2>/dev/null || true
		nap 0.02
	done
}

# Everything this test started has gone, or goes without being told to.
no_process_left() {
	local until=$((SECONDS + 5)) pid
	while find_marked; do
		[ "$SECONDS" -gt "$until" ] || {
			nap 0.02
			continue
		}
		for pid in $MARKED; do
			echo "left behind: $pid" \
				"$(tr '\0' ' ' <"/proc/$pid/cmdline")" >&2 || true
		done
		kill_marked
		return 1
	done
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
	memcg) [ -n "$(memory_cgroup)" ] || echo "no memory cgroup to be had" ;;
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
	terminals)
		# The first one that is opened, of a devpts(5) that is mounted.
		exec {lacking}<>/dev/ptmx || echo "no terminals here"
		[ -z "${lacking:-}" ] || exec {lacking}>&-
		;;
	python3-*)
		/usr/bin/python3 -c "import ${1#python3-}" 2>/dev/null ||
			echo "no ${1#python3-} for Debian's python3"
		;;
	systemd)
		[ -x /lib/systemd/systemd ] && unshare --cgroup true 2>/dev/null &&
			{ [ -w /sys/fs/cgroup/systemd ] ||
				[ -w /sys/fs/cgroup/cgroup.controllers ]; } ||
			echo "no systemd that could be run here"
		;;
	cross)
		command -v riscv64-linux-gnu-gcc qemu-riscv64 >/dev/null ||
			echo "no cross compilers here (tests/setup dist)"
		;;
	seccomp) [ -f /usr/share/containers/seccomp.json ] ||
		echo "no default seccomp profile here" ;;
	runc | crun | podman | buildah | docker | dockerd | python3 | nginx | \
		strace | gdb | su | runuser | sudo | tini | tini-static | dumb-init | catatonit | \
		debootstrap | musl-gcc | clang | curl | nc | ss | script | \
		nsenter | setpriv | capsh | bash | dash | ksh | mksh | zsh | \
		fish | less | perl | awk | jq | \
		apache2 | celery | cgi-fcgi | java | php-fpm | sidekiq | uwsgi | \
		postgres | redis-server | haproxy | envoy | gunicorn | node | \
		caddy | h2load | \
		mosquitto | mosquitto_pub | \
		valgrind | mandoc | dpkg-deb | rpmbuild | file | nm | qemu-arm | \
		git | skopeo | ssh-keygen | lintian | systemd-analyze | systemd-socket-activate | docker-compose)
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
	not-root | plain-binary | x86-64 | ipv6 | cgroups | terminals) return 1 ;;
	root) return 0 ;;
	pidns | userns | mountns | netns) unshare --mount true 2>/dev/null ;;
	*) [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ;;
	esac
}
