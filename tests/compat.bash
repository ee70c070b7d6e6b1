# shellcheck shell=bash disable=SC2034 # most of these are for the test files
# compat.bash - runs each row of a table against the peer's own binary, where
# it is installed, and against lastcall as a copy and as a link of that name.
#
#   WHO   peer, copy or link     INIT   the binary of that name
#   CODE  the exit code, SAID stdout, ERRED stderr of the last `go`

# Calls a function for each of the three, or for those in KINDS; the last line
# printed says which one failed.
each() { # NAME FUNCTION [ARG]...
	local name=$1
	shift
	mkdir -p "$RUN_TMP/copy" "$RUN_TMP/link"
	[ -e "$RUN_TMP/copy/$name" ] || cp "$LASTCALL" "$RUN_TMP/copy/$name"
	[ -e "$RUN_TMP/link/$name" ] || ln -s "$LASTCALL" "$RUN_TMP/link/$name"
	peer_of "$name"
	for WHO in ${KINDS:-peer copy link}; do
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

end_sigprint() {
	kill -KILL "$CHILD"
	wait_exit
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
