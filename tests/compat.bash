# shellcheck shell=bash disable=SC2034 # most of these are for the test files
# compat.bash - runs each row of a table against the peer's own binary, where
# it is installed, and against lastcall under that name.
#
#   WHO   peer, copy or link     INIT   the binary of that name
#   CODE  the exit code, SAID stdout, ERRED stderr of the last `go`

# The peers are not what the sanitizers look at.
DEFAULT_KINDS="peer link"
[ -z "${SANITIZED:-}" ] || DEFAULT_KINDS="link"

# Calls a function for the peer and a link, or for those in KINDS.  Of a copy
# and a link only the name counts: one test of each file has both.  The last
# line printed says which one failed.
each() { # NAME FUNCTION [ARG]...
	local name=$1
	shift
	mkdir -p "$RUN_TMP/copy" "$RUN_TMP/link"
	[ -e "$RUN_TMP/copy/$name" ] || cp "$LASTCALL" "$RUN_TMP/copy/$name"
	[ -e "$RUN_TMP/link/$name" ] || ln -s "$LASTCALL" "$RUN_TMP/link/$name"
	peer_of "$name"
	for WHO in ${KINDS:-$DEFAULT_KINDS}; do
		INIT=$RUN_TMP/$WHO/$name
		[ "$WHO" != peer ] || INIT=$PEER
		[ -n "$INIT" ] || continue
		# What the last one said must not pass for this one's.
		: >"$OUT"
		: >"$LOG"
		"$@"
	done
}

# docker-init is tini-static under another name, podman-init is catatonit.
peer_of() { # NAME
	local real
	PEER=$(type -P "$1") || PEER=
	case $1 in
	docker-init) real=$(type -P tini-static) || return 0 ;;
	podman-init) real=$(type -P catatonit) || return 0 ;;
	*) return 0 ;;
	esac
	mkdir -p "$RUN_TMP/peer"
	PEER=$RUN_TMP/peer/$1
	[ -e "$PEER" ] || cp "$real" "$PEER"
}

# Runs INIT to its end.  One that hangs may not end on TERM either: 137.
go() { # [VARIABLE=VALUE]... -- ARG...
	local variables=()
	while [ "$1" != -- ]; do
		variables+=("$1")
		shift
	done
	shift
	echo "# $WHO: ${variables[*]} $INIT $*"
	CODE=0
	timeout -k 1 "${LIMIT:-20}" env "${variables[@]}" "$INIT" "$@" \
		</dev/null >"$OUT" 2>"$LOG" 3>&- || CODE=$?
	SAID=$(<"$OUT")
	ERRED=$(<"$LOG")
}

# One row of a table: what it has to say and to exit with.  A text is
# expected within the stream; =text is all of it, - is nothing.
row() { # CODE STDOUT STDERR [VARIABLE=VALUE]... -- ARG...
	local code=$1 out=$2 err=$3
	shift 3
	go "$@"
	assert_equal "code $CODE" "code $code"
	assert_stream "$SAID" "$out"
	assert_stream "$ERRED" "$err"
}

assert_stream() { # TEXT EXPECTED
	case $2 in
	-) assert_equal "$1" "" ;;
	=*) assert_equal "$1" "${2#=}" ;;
	*) assert_contains "$1" "$2" ;;
	esac
}

# INIT with sigprint as its child, in the background.
start_sigprint() { # [INIT-ARG]... -- [SIGPRINT-ARG]...
	local arguments=()
	while [ "$1" != -- ]; do
		arguments+=("$1")
		shift
	done
	shift
	echo "# $WHO: $INIT ${arguments[*]} -- sigprint $*"
	: >"$OUT"
	start_command "$INIT" "${arguments[@]}" -- "$FIXTURES/sigprint" "$@"
	wait_out READY
	CHILD=$(sed -n 's/^READY pid=\([0-9]*\).*/\1/p' "$OUT")
}

# The numbers of the signals that sigprint has printed, in one line.
received() {
	sed -n 's/^[A-Z0-9+-]* \([0-9]*\).*/\1/p' "$OUT" | xargs
}

# Sends each signal and waits for it, so that none is merged.
send_each() { # SIGNAL...
	local signal
	for signal; do
		kill -"$signal" "$PID"
		wait_for "grep -qE '^[A-Z0-9+-]+ $signal( |\$)' $OUT" 10
	done
}

# Sends signals that must not arrive; USR2, sent after them, is the proof.
send_lost() { # SIGNAL...
	local signal
	for signal; do
		kill -"$signal" "$PID"
	done
	send_each 12
}

# A signal of a fault that is sent to the init itself ends it, as systemd's
# watchdog does with ABRT, and its child lives on.
ends_by_fault() { # SIGNAL [INIT-ARG]...
	local signal=$1
	shift
	start_sigprint "$@" --
	kill -"$signal" "$PID"
	wait_exit
	assert_equal "$STATUS" $((128 + signal))
	kill -USR2 "$CHILD"
	wait_out "USR2 12"
	assert_equal "$(received)" 12
	kill -KILL "$CHILD"
}

end_sigprint() {
	kill -KILL "$CHILD"
	wait_exit
}

# INIT as uid 65534, with a child that becomes root, so that it may not signal
# it.  Not before INIT waits: catatonit looks whether its child is there.
start_refused() { # [INIT-ARG]...
	[ -e "$RUN_TMP/become-root" ] || {
		cp "$(type -P setpriv)" "$RUN_TMP/become-root"
		chmod 4755 "$RUN_TMP/become-root"
		chmod 755 "$RUN_TMP" "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR"
	}
	echo "# $WHO"
	rm -f "$RUN_TMP/go"
	start_command setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$INIT" "$@" -- sh -c 'echo STARTED
			until [ -e "$1/go" ]; do sleep 0.02; done
			exec "$1/become-root" --reuid 0 "$2"' sh \
		"$RUN_TMP" "$FIXTURES/sigprint"
	wait_out STARTED
	wait_for 'sleeps "$PID"'
	touch "$RUN_TMP/go"
	wait_out READY
	kill -USR1 "$PID"
}

# It has gone on: it still reaps its child, whose code is its own.
goes_on_refused() { # [INIT-ARG]...
	start_refused "$@"
	wait_for 'sleeps "$PID"'
	assert_equal "$(received)" ""
	end_sigprint_of_root
	assert_equal "$STATUS" 137
}

end_sigprint_of_root() {
	CHILD=$(sed -n 's/^READY pid=\([0-9]*\).*/\1/p' "$OUT")
	end_sigprint
}

# USR1 comes right after so many system calls of INIT as PID 1: `came` if the
# program or its init has met it, else `lost`.
signal_after() { # CALLS [INIT-ARG]...
	local calls=$1
	shift
	echo "# $WHO, after $calls system calls"
	start_command "$FIXTURES/early" "$calls" 10 "$INIT" "$@" -- \
		"$FIXTURES/sigprint" -x 12
	wait_log SENT
	wait_for 'grep -q READY "$OUT" || ! kill -0 $PID 2>/dev/null'
	if grep -q READY "$OUT"; then
		kill -USR2 "$(child_of "$PID")"
	fi
	wait_exit
	case "$STATUS $(received)" in
	"138 " | "0 10 12") MET=came ;;
	"0 12") MET=lost ;;
	*) fail "code $STATUS, received $(received)" ;;
	esac
}

# The peer loses what comes while it has made no more than LOST system calls.
# lastcall blocks every signal in its first, after the two that libc begins
# with: what comes later is never lost.
loses_at_start() { # LOST [INIT-ARG]...
	local calls lost=$1
	shift
	if [ "$WHO" = peer ]; then
		for calls in 3 "$lost"; do
			signal_after "$calls" "$@"
			assert_equal "$MET" lost
		done
	else
		for calls in 3 4 5 6 7 8 9; do
			signal_after "$calls" "$@"
			assert_equal "$MET" came
		done
	fi
}

switches() { # PID: how often it has gone to sleep
	sed -n 's/^voluntary_ctxt_switches:\t//p' "/proc/$1/status"
}

sleeps() { # PID
	grep -q '^State:.S' "/proc/$1/status"
}

# A set of ignored signals as /proc shows it, with 32 and 33 in it where the
# tests were started so: what make(1) starts by glibc's posix_spawn() is.
with_ignored() { # HEX
	local inherited
	inherited=$(sed -n 's/^SigIgn:[[:space:]]*/0x/p' /proc/self/status)
	printf '%016x\n' $((0x$1 | inherited & 0x180000000))
}
