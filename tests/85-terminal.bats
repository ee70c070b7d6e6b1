#!/usr/bin/env bats
# 85-terminal.bats - lastcall between a terminal and its program: job control,
# window size, the background, and the terminal handed back at the end.
# tests/beside/person.py is the person who types.

load helpers
load compat

setup() {
	common_setup
	requires python3
	export LASTCALL FIXTURES RUN_TMP TERM=dumb HISTFILE=
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

@test "Ctrl-C is the program's own end: no delay, no hook before it, no drain" {
	ctrl_c() {
		at_terminal expect:ready 'type:\x03' expect:event=exited exit:130 \
			-- "$@" "$LASTCALL" --delay 600s --grace 700s --drain auto \
			--pre-stop 'echo before' --post-stop 'echo behind' -- \
			sh -c 'echo ready; exec sleep 1000'
		assert_contains "$output" "event=child-exited"
		assert_contains "$output" behind
		assert_not_contains "$output" before
		assert_not_contains "$output" drain-started
	}
	ctrl_c
	requires root pidns
	ctrl_c unshare --pid --fork --kill-child --mount-proc
}

@test "Ctrl-C in a pipeline is a stop request, and the program has it at once" {
	at_terminal expect:READY 'type:\x03' expect:INT expect:before \
		expect:why=deadline expect:event=exited -- bash -c '
		trap : INT
		"$LASTCALL" --grace 3s --delay 1s --pre-stop "echo before" -- \
			"$FIXTURES/sigprint" -x 9 | (trap "" INT; cat)'
	assert_contains "$output" "event=drain-started signal=INT"
	# The terminal has shown ^C, perhaps in the same line.
	assert_equal "$(grep -c 'INT 2' <<<"$output")" 1
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

# ------------------------------------------- stopped where it must not be

# lastcall has this program, which asks for the stop itself, as a shell's job.
stops_in_shutdown() { # TRAP-FOR-TERM [&]
	export INIT=$LASTCALL
	printf 'trap "%s" TERM\nkill $PPID\nwhile :; do sleep 0.1; done\n' \
		"$1" >"$RUN_TMP/program"
	at_terminal 'expect:$ ' \
		"type:\$INIT --quiet --grace 1s -- sh \$RUN_TMP/program $2\\n" \
		'expect:$ ' 'type:wait $!; echo code=$?\n' expect:code= \
		'expect:$ ' 'type:exit 3\n' exit:3 -- "${shell[@]}"
	assert_not_contains "$output" Stopped
}

@test "a program that stops itself when told to stop does not stop lastcall" {
	stops_in_shutdown 'kill -TSTP \$\$' '|| echo is=$?'
	assert_contains "$output" is=137
}

@test "a program that reads in the background when told to does not, either" {
	stops_in_shutdown 'read -r x </dev/tty' '&'
	assert_contains "$output" code=137
}

# docker run -it --init: an init as PID 1, lastcall below it, a terminal.  A peer
# hands it over when its child runs already: until then Ctrl-Z is the peer's.
# The shell starts nothing meanwhile: stopped between vfork(2) and exec, a child
# of its own would hold it where it cannot stop, and nobody would learn of it.
under_init() { # INIT
	echo "# $WHO"
	at_terminal expect:up-2 'type:\x1a' expect:cont-2 exit:143 -- \
		unshare --pid --fork --kill-child --mount-proc "$INIT" -- \
		"$LASTCALL" --quiet --grace 5s -- sh -c '
			trap "echo cont-\$((1 + 1)); kill \$PPID" CONT
			until read -r _ _ _ _ _ _ _ foreground _ </proc/$$/stat
				[ "$foreground" = $$ ] || [ "$foreground" = $PPID ]
			do sleep 0.01; done
			sleep 300 & echo up-$((1 + 1)); while :; do wait; done'
}

@test "below an init that would not continue it, lastcall does not stop" {
	requires root pidns
	each tini under_init
	# The peer leaves TSTP blocked: there it stops nobody.
	KINDS="copy link" each catatonit under_init
	each lastcall under_init
}

@test "below a shell that is PID 1 it stops, and fg continues both" {
	requires root pidns
	export INIT=$LASTCALL FLAGS=
	at_terminal "${suspended[@]}" "${ended[@]}" -- unshare --pid --fork \
		--kill-child --mount-proc "${shell[@]}"
}

# ------------------------------------------------- a pipeline of a shell's

@test "in a pipeline the program reads its pipe and the terminal" {
	export INIT=$LASTCALL
	at_terminal 'expect:$ ' \
		'type:echo data | $INIT -- sh -c "read -r a; echo a-\$a; read -r b </dev/tty; echo got=\$a,\$b"\n' \
		expect:a-data 'type:key\n' expect:got=data,key 'expect:$ ' \
		'type:exit 3\n' exit:3 -- "${shell[@]}"
	assert_not_contains "$output" Stopped
}

@test "a pager behind lastcall in a pipeline keeps the terminal" {
	export INIT=$LASTCALL
	# shellcheck disable=SC2089,SC2090 # the words are for eval
	pager='sh -c "read -r line; echo line-\$line; read -r key </dev/tty; stty -echo </dev/tty && stty echo </dev/tty && echo paged=\$line,\$key"'
	# shellcheck disable=SC2090
	export pager
	at_terminal 'expect:$ ' \
		'type:$INIT -- sh -c "echo data; exec sleep 1" | eval "$pager"\n' \
		expect:line-data 'type:key\n' expect:paged=data,key \
		'expect:$ ' 'type:exit 3\n' exit:3 -- "${shell[@]}"
	assert_not_contains "$output" Stopped
}

@test "less behind lastcall in a pipeline shows, quits, and ends both" {
	requires less
	export INIT=$LASTCALL LESS='' TERM=vt100
	at_terminal 'expect:$ ' \
		'type:$INIT -- seq 100000 | less\n' expect:22 expect:: \
		'type:q' 'expect:$ ' 'type:echo code=${PIPESTATUS[0]}\n' \
		expect:code=141 'type:exit 3\n' exit:3 -- "${shell[@]}"
	assert_not_contains "$output" Stopped
}

@test "in a pipeline all are in one group; as PID 1 and alone they are not" {
	export INIT=$LASTCALL
	groups='ps -o pgid= -p $$ -p $PPID | sort -u | wc -l'
	export groups
	at_terminal 'expect:$ ' \
		'type:$INIT -- sh -c "$groups" | sed s/^/one=/\n' expect:one=1 \
		'expect:$ ' 'type:$INIT -- sh -c "echo two=\$($groups)"\n' \
		expect:two=2 'expect:$ ' \
		'type:true | setsid -w $INIT -- sh -c "$groups" | sed s/^/no-terminal=/\n' \
		expect:no-terminal=2 'type:exit 3\n' exit:3 -- "${shell[@]}"
}

@test "in a pipeline what the terminal sends comes once" {
	export INIT=$LASTCALL
	at_terminal 'expect:$ ' \
		'type:$INIT -- $FIXTURES/sigprint -x 10 -c 5 | (trap "" INT; exec sed -u s/^/got-/)\n' \
		expect:got-READY size:33x99 expect:got-WINCH \
		'type:\x03' 'expect:got-INT' size:22x77 expect:got-WINCH \
		'absent:got-INT' -- "${shell[@]}"
	assert_equal "$(grep -c got-INT <<<"$output")" 1
	assert_equal "$(grep -c got-WINCH <<<"$output")" 2
}

# Its next command gets SIGTERM at the last call, or only SIGKILL.
@test "in a pipeline Ctrl-C is a stop request with a deadline for the program" {
	export INIT=$LASTCALL
	at_terminal 'expect:$ ' \
		'type:$INIT --quiet --grace 1s -- sh -c "trap : INT; echo up-\$((1 + 1)); sleep 1000; sleep 1000" | (trap "" INT; cat; echo cat-$((1 + 1)))\n' \
		expect:up-2 'type:\x03' expect:cat-2 'expect:$ ' \
		'type:echo code=${PIPESTATUS[0]}\n' expect:code=1 \
		'type:exit 3\n' exit:3 -- "${shell[@]}"
}

@test "in a pipeline no neighbour is sent a stop signal or SIGKILL" {
	export INIT=$LASTCALL
	for scope in auto group all child; do
		export scope
		at_terminal 'expect:$ ' \
			'type:$INIT --quiet --scope $scope --grace 1s -- sh -c "trap \"\" TERM; echo up-2; kill \$PPID; sleep 1000; sleep 1000" | (cat; echo cat-$((1 + 1)))\n' \
			expect:up-2 expect:cat-2 'expect:$ ' \
			'type:exit 3\n' exit:3 -- "${shell[@]}"
	done
}

@test "Ctrl-Z stops a pipeline with lastcall, and fg continues it" {
	export INIT=$LASTCALL
	at_terminal 'expect:$ ' \
		'type:$INIT -- sed -u s/^/one-/ </dev/tty | sed -u s/^/two-/\n' \
		'expect:/two-/' 'type:ping\n' expect:two-one-ping \
		'type:\x1a' expect:Stopped 'expect:$ ' \
		'type:echo back-$((1 + 1))\n' expect:back-2 'expect:$ ' \
		'type:fg\n' 'expect:/two-/' 'type:pong\n' expect:two-one-pong \
		'type:\x1a' expect:Stopped 'expect:$ ' 'type:fg\n' \
		'expect:/two-/' 'type:pung\n' expect:two-one-pung \
		'type:\x04' 'expect:$ ' 'type:exit 3\n' exit:3 -- "${shell[@]}"
}

@test "a program with a file as stdout is stopped by Ctrl-Z with its shell's job" {
	export INIT=$LASTCALL
	at_terminal 'expect:$ ' 'type:$INIT -- tee /dev/tty >$RUN_TMP/copy\n' \
		expect:copy 'type:ping\n' expect:ping expect:ping \
		'type:\x1a' expect:Stopped 'expect:$ ' 'type:fg\n' \
		expect:copy 'type:pong\n' expect:pong expect:pong \
		'type:\x04' 'expect:$ ' \
		'type:exit 3\n' exit:3 -- "${shell[@]}"
	assert_equal "$(cat "$RUN_TMP/copy")" "ping
pong"
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

# ------------------------------------------------------ who hands it to whom

# A program that hands the terminal on at once would lose it to a parent that
# does the same late: only the child does it, before its exec.
@test "lastcall itself does not give the program the terminal, under any name" {
	requires strace
	given() { # INIT
		echo "# $WHO"
		at_terminal exit:0 -- strace -qq -o "$RUN_TMP/calls" \
			-e trace=ioctl "$INIT" -- sh -c 'sleep 0.2'
		# At the end it takes the terminal back, at most.
		assert_at_most "$(grep -c TIOCSPGRP "$RUN_TMP/calls")" 1
	}
	KINDS=copy each lastcall given
	KINDS=copy each tini given
	KINDS=copy each catatonit given
}
