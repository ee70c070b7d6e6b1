#!/usr/bin/env bats
# shellcheck shell=bash
# The terminal: who has it, who wants it, who has lost it.

load helpers

# What the terminal's foreground group was is gone, so nobody but lastcall can
# give it back: the program must neither hang nor be woken for nothing.
assert_reads() { # COMMAND ARG...
	run python3 "$TOP/tests/beside/lost_terminal.py" "$@"
	assert_status 0
	assert_contains "$output" "read b'hello"
}

@test "a program that has lost its terminal gets it back when it reads" {
	requires python3 terminals
	assert_reads "$LASTCALL" --
}

@test "a program that has lost its terminal gets it back from PID 1" {
	requires python3 pidns terminals
	pidns_command
	assert_reads "${PIDNS[@]}" "$LASTCALL" --
}

@test "what a shell started in the background stops to read, and fg lets it" {
	requires python3 bash terminals
	run python3 "$TOP/tests/beside/job_control.py" background "$LASTCALL" --
	assert_status 0
}

@test "a shell's job stops at ^Z, goes on with fg and gives the terminal back" {
	requires python3 bash terminals
	run python3 "$TOP/tests/beside/job_control.py" foreground "$LASTCALL" --
	assert_status 0
}

@test "a script that goes on when the program has ended has its terminal" {
	requires script terminals
	# script gives the line to a terminal, of which sh has the foreground.
	run timeout 20 script -qec \
		"sh -c '$LASTCALL -- true; read -r line; echo got \$line'" \
		/dev/null <<<"hello"
	assert_status 0
	assert_contains "$output" "got hello"
}
