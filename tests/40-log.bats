#!/usr/bin/env bats
# The log: where it goes, and that it never waits for anybody.
# tests/drivers/log_sinks.py holds the other end and has the assertions.

load helpers

setup_file() {
	DRIVER=$BATS_FILE_TMPDIR/log_driver
	export DRIVER
	cc -std=c11 -D_GNU_SOURCE -I"$TOP" -o "$DRIVER" \
		"$TOP"/tests/drivers/log.c "$TOP"/{log,text,signals,clock}.c
}

sink() {
	python3 "$TOP/tests/drivers/log_sinks.py" "$DRIVER" "$1" 3>&-
}

@test "a pipe gets every event, and no descriptor is passed on" {
	sink pipe
}

@test "a full pipe drops events and the next one says how many" {
	sink full_pipe
}

@test "a full named pipe drops events and the next one says how many" {
	sink full_fifo
}

@test "a full socket drops events and the next one says how many" {
	sink full_socket
}

@test "a pipe that another user made is written to all the same" {
	requires root
	sink other_users_pipe
}

@test "a pipe that the program keeps full gets whole lines only" {
	sink shared_pipe
}

@test "a pipe whose reader is gone leaves no SIGPIPE but another process's" {
	sink broken_pipe
}

@test "a socket whose reader is gone leaves no SIGPIPE" {
	sink broken_socket
}

@test "a terminal stopped with ^S drops events and the next one says so" {
	sink stopped_terminal
}

@test "a terminal that takes half a line gets the next on a line of its own" {
	sink slow_terminal
}

@test "a full disk is survived" {
	sink full_device
}

@test "a file is appended to where its offset is" {
	sink plain_file
}

@test "a file at its size limit leaves no SIGXFSZ" {
	sink file_size_limit
}

@test "with stderr closed nothing is written, nor to what takes its number" {
	sink closed
}

@test "a stderr that is open for reading only is not written to" {
	sink read_only
}

@test "a descriptor of the log never takes a standard descriptor's number" {
	sink low_descriptors
}

@test "values of any bytes give valid logfmt and JSON" {
	sink values
}

@test "events, warnings and lines have the same keys in both forms" {
	sink forms
}

@test "--quiet keeps back all but what stops a start" {
	sink quiet
}

@test "the termination log is one line, and is never waited for" {
	sink termination
}
