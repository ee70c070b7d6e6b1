#!/usr/bin/env bats
# 85-terminal.bats - lastcall between a terminal and its program: job control,
# window size, the background, and the terminal handed back at the end.
# tests/fixtures/pty.py is the person who types.

load helpers
load compat

setup() {
	common_setup
	requires python3
	export LASTCALL FIXTURES TERM=dumb HISTFILE=
	# A shell that a person starts things from.
	echo "PS1='$ '" >"$RUN_TMP/rc"
	shell=(bash --rcfile "$RUN_TMP/rc" --noprofile --noediting -i)
}

# ------------------------------------------------ a shell under lastcall

job_control=(
	'expect:$ ' 'type:set -m && echo job-$((1 + 1))\n' expect:job-2
	'expect:$ ' 'type:sh -c "echo up-$((1 + 1)); exec sleep 1000"\n'
	expect:up-2 'type:\x03'
	'expect:$ ' 'type:echo code=$?\n' expect:code=130
	'expect:$ ' 'type:cat\n' expect:cat 'type:ping\n' expect:ping expect:ping
	'type:\x1a' expect:Stopped
	'expect:$ ' 'type:fg\n' expect:cat 'type:pong\n' expect:pong expect:pong
	'type:\x04' 'expect:$ ' 'type:exit 7\n'
)

@test "an interactive shell has job control: Ctrl-C, Ctrl-Z and fg" {
	at_terminal "${job_control[@]}" exit:7 -- "$LASTCALL" -- "${shell[@]}"
	assert_not_contains "$output" "no job control"
}

@test "an interactive shell has job control under PID 1" {
	requires root pidns
	at_terminal "${job_control[@]}" exit:7 -- \
		unshare --pid --fork --kill-child --mount-proc \
		"$LASTCALL" -- "${shell[@]}"
	assert_not_contains "$output" "no job control"
}

@test "an interactive shell has job control under every drop-in name" {
	under() {
		local dashes=()
		[ "$WHO" != peer ] || return 0
		at_terminal "${job_control[@]}" exit:7 -- "$INIT" -- \
			"${shell[@]}"
		assert_not_contains "$output" "no job control"
	}
	each tini under
	each dumb-init under
	each catatonit under
}

@test "dumb-init: the child takes the terminal that the init led" {
	led() {
		at_terminal expect:on=yes exit:0 -- "$INIT" -v -- bash -c '
			[ "$(ps -o tty= -p $$)" != "?" ] && echo on=yes'
		assert_contains "$output" "Ignoring tty hand-off signal 1."
		assert_contains "$output" "Ignoring tty hand-off signal 18."
	}
	each dumb-init led
}

@test "catatonit: with another stdin the child has the terminal all the same" {
	foreground() {
		at_terminal 'expect:ready-2' 'type:line\n' expect:got=line exit:0 \
			-- sh -c '"$0" -- sh -c "
			echo ready-\$((1 + 1)); read -r x </dev/tty
			echo got=\$x" </dev/null' "$INIT"
	}
	each catatonit foreground
}

@test "a window that changes its size is told to the program, once" {
	at_terminal expect:READY size:33x99 expect:WINCH \
		size:44x88 expect:WINCH 'type:\x03' expect:INT exit:0 -- \
		"$LASTCALL" -- "$FIXTURES/sigprint" -x 2
	assert_equal "$(grep -c WINCH <<<"$output")" 2
	assert_equal "$(grep -c INT <<<"$output")" 1
}

@test "Ctrl-C ends the program with 130, under every name" {
	interrupted() {
		at_terminal expect:ready 'type:\x03' exit:130 -- \
			"$INIT" $flags -- sh -c 'echo ready; exec sleep 1000'
	}
	flags=
	each lastcall interrupted
	flags=-s
	each tini interrupted
	flags=
	each dumb-init interrupted
	each catatonit interrupted
}

# ------------------------------------------------ lastcall as a shell's job

suspended=(
	'expect:$ ' 'type:$INIT $FLAGS -- cat\n' 'expect:cat'
	'type:ping\n' expect:ping expect:ping
	'type:\x1a' expect:Stopped
	'expect:$ ' 'type:echo back-$((1 + 1))\n' expect:back-2
	'expect:$ ' 'type:fg\n' 'expect:cat' 'type:pong\n' expect:pong
	expect:pong
)
ended=(
	'type:\x03' 'expect:$ ' 'type:echo code=$?\n' expect:code=130
	'expect:$ ' 'type:exit 3\n' exit:3
)

@test "Ctrl-Z stops lastcall with its child, and fg continues both" {
	export INIT=$LASTCALL FLAGS=
	at_terminal "${suspended[@]}" "${ended[@]}" -- "${shell[@]}"
}

@test "Ctrl-Z and fg work again and again" {
	export INIT=$LASTCALL FLAGS=
	local more=('type:\x1a' expect:Stopped 'expect:$ ' 'type:fg\n'
		expect:cat 'type:peng\n' expect:peng expect:peng)
	at_terminal "${suspended[@]}" "${more[@]}" "${more[@]}" "${ended[@]}" \
		-- "${shell[@]}"
}

@test "tini and catatonit hang at Ctrl-Z; lastcall under their names does not" {
	suspending() {
		local steps=("${suspended[@]}" "${ended[@]}") i
		export INIT FLAGS
		FLAGS=
		[ "$1" != tini ] || FLAGS=-s
		echo "# $WHO"
		if [ "$WHO" = peer ]; then
			steps=()
			for i in "${suspended[@]}"; do
				[ "$i" != expect:Stopped ] || break
				steps+=("$i")
			done
			steps+=(absent:Stopped)
		fi
		at_terminal "${steps[@]}" -- "${shell[@]}"
	}
	each tini suspending tini
	each catatonit suspending catatonit
}

@test "dumb-init: Ctrl-Z stops both and fg continues both" {
	# The child has no terminal to read from there.
	suspending() {
		export INIT
		echo "# $WHO"
		at_terminal 'expect:$ ' \
			'type:$INIT $FIXTURES/sigprint -x 10\n' expect:READY \
			'type:\x1a' expect:Stopped 'expect:$ ' 'type:fg\n' \
			'expect:CONT 18' 'type:\x03' 'expect:INT 2' \
			-- "${shell[@]}"
	}
	each dumb-init suspending
}

@test "bg continues a stopped child that needs no terminal" {
	export INIT=$LASTCALL
	at_terminal 'expect:$ ' \
		'type:$INIT -- $FIXTURES/sigprint -n 2 -c 5\n' expect:READY \
		'type:\x1a' 'expect:TSTP 20' 'type:\x03' 'expect:INT 2' \
		'expect:$ ' 'type:$INIT -- $FIXTURES/worker -w 300 -c 4\n' \
		expect:READY 'type:\x1a' expect:Stopped 'expect:$ ' \
		'type:bg\n' 'expect:$ ' \
		'type:echo mine-$((1 + 1))\n' expect:mine-2 'expect:$ ' \
		'type:kill -TERM %1; wait %1; exit $?\n' \
		'expect:worker DONE' exit:4 -- "${shell[@]}"
}

@test "started in the background it is not stopped by TTOU" {
	export INIT=$LASTCALL
	at_terminal 'expect:$ ' 'type:$INIT -- sh -c "echo out-2; exit 3" &\n' \
		expect:out-2 'expect:$ ' 'type:wait $!; exit $?\n' exit:3 -- \
		"${shell[@]}"
	assert_not_contains "$output" Stopped
}

@test "in the background the shell keeps the terminal, under every name" {
	KINDS="link"
	keeping() {
		export INIT
		echo "# $INIT"
		at_terminal 'expect:$ ' \
			'type:$INIT -- sleep 1000 & echo started\n' \
			expect:started 'expect:$ ' \
			'type:echo mine-$((1 + 1))\n' expect:mine-2 \
			'expect:$ ' 'type:kill %1; wait; exit 3\n' exit:3 -- \
			"${shell[@]}"
		assert_not_contains "$output" Stopped
	}
	each lastcall keeping
	each tini keeping
	each dumb-init keeping
	each catatonit keeping
}

@test "a background child that reads is stopped, and fg gives it the terminal" {
	export INIT=$LASTCALL
	at_terminal 'expect:$ ' 'type:$INIT -- sed s/^/got-/ &\n' 'expect:$ ' \
		'type:until jobs | grep Stopped; do sleep 0.1; done\n' \
		'expect:Stopped' 'expect:$ ' 'type:fg\n' expect:got-/ \
		'type:ping\n' expect:got-ping 'type:\x04' 'expect:$ ' \
		'type:exit 3\n' exit:3 -- "${shell[@]}"
}

@test "a background child that still runs has the terminal after fg" {
	export INIT=$LASTCALL GO=$RUN_TMP/go
	# It reads only when fg has been, a second later.
	at_terminal 'expect:$ ' \
		'type:$INIT -- sh -c "until [ -e $GO ]; do sleep 0.1; done; exec sed s/^/got-/" &\n' \
		'expect:$ ' 'type:(sleep 1; >$GO) & fg %1\n' 'expect:got-/"' \
		'type:ping\n' expect:got-ping 'type:\x04' 'expect:$ ' \
		'type:exit 3\n' exit:3 -- "${shell[@]}"
}

@test "the terminal is handed back at the end to a script that goes on" {
	at_terminal expect:read 'type:line\n' expect:got=line exit:5 -- \
		sh -c '"$LASTCALL" -- true; echo read; read x || exit 9
			echo "got=$x"; exit 5'
}

@test "the terminal is handed back after a stop by a signal" {
	at_terminal expect:ready expect:read 'type:line\n' expect:got=line \
		exit:5 -- sh -c '"$LASTCALL" --quiet -- sh -c "echo ready
			kill \$PPID; exec sleep 1000"; echo read
			read x || exit 9; echo "got=$x"; exit 5'
}

@test "it is handed back under catatonit's name, with another stdin, too" {
	KINDS="link"
	back() {
		at_terminal expect:read 'type:line\n' expect:got=line exit:5 -- \
			sh -c '"$0" -- true </dev/null; echo read
			read x || exit 9; echo "got=$x"; exit 5' "$INIT"
	}
	each catatonit back
}

# ---------------------------------------------------------- less terminal

@test "with a terminal and nobody who types, the program runs" {
	at_terminal expect:tty=yes exit:6 -- "$LASTCALL" -- \
		sh -c 'test -t 0 && echo tty=yes; exit 6'
}

@test "without a terminal the program runs" {
	run --separate-stderr setsid "$LASTCALL" -- sh -c 'test -t 0 || echo tty=no; exit 6' \
		</dev/null
	assert_status 6
	assert_equal "$output" tty=no
}

@test "with every standard descriptor closed the program runs" {
	run --separate-stderr bash -c '"$0" -- sh -c "exit 6" <&- >&- 2>&-' \
		"$LASTCALL"
	assert_status 6
}

@test "a terminal that hangs up brings HUP to the program" {
	requires setpriv
	at_terminal expect:READY -- "$LASTCALL" -- "$FIXTURES/sigprint" -x 1
}
