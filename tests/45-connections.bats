#!/usr/bin/env bats
# The look at the drained ports: what is in flight, and what is not.
# tests/drivers/look_cases.py makes the connections and has the assertions.

# 10,000 connections take a while to be made.
export TEST_SECONDS=150

load helpers

LOOK=$TOP/build/drivers/look

look() {
	timeout 150 python3 "$TOP/tests/drivers/look_cases.py" "$LOOK" \
		"$FIXTURES/no_netlink" "$@" 3>&-
}

@test "an idle keep-alive connection is not in flight" {
	look idle
}

@test "a fresh connection is neither in flight nor activity" {
	look fresh
}

@test "the first request of a connection is in flight until it is answered" {
	look first_request
}

@test "a later request is in flight" {
	look later_request
}

@test "a server's greeting that nobody answers is not in flight" {
	look greeting
}

@test "a request that the program has not read is in flight" {
	look unread
}

@test "a request in the listener's queue is in flight" {
	look accept_queue
}

@test "each part of a streamed answer starts the idle time anew" {
	look streamed
}

@test "an answer is in flight until its reader has acknowledged it" {
	look unacknowledged
}

@test "an answer that was closed behind is in flight until it has arrived" {
	look closing
}

@test "a request whose client has closed its side is in flight" {
	look half_closed
}

@test "a connection whose client came and went without a word is not" {
	look abandoned
}

@test "a large upload behind an answer is in flight" {
	look uploading
}

@test "a request in the same tick as the answer before it is in flight" {
	look tie_unanswered
}

@test "an upload in that tick is in flight while it has not been read" {
	look tie_unread
}

@test "an answer in the same tick as its request leaves nothing in flight" {
	look tie_answered
}

@test "one unanswered tie among many is found, on IPv4 and on IPv6" {
	requires ipv6
	look tie_mixed
}

@test "a tie that is too young to be told apart is in flight" {
	look tie_young
}

@test "an answer whose acknowledgement is still to come is not in flight" {
	look on_its_way
}

@test "IPv6 connections are seen" {
	requires ipv6
	look ipv6
}

@test "an IPv4 connection of an IPv6 listener is counted once" {
	requires ipv6
	look mapped
}

@test "up to 16 ports are looked at, and no other" {
	look ports
}

@test "where sock_diag is refused /proc tells quick answers from requests" {
	look fallback
}

@test "auto is the ports on which a process listens, and no neighbour's" {
	requires ipv6
	look auto
}

@test "auto finds the ports of the processes below, and of none beside" {
	look auto_below
}

@test "auto leaves out lastcall's own port" {
	look auto_own
}

@test "auto finds no port where nobody listens" {
	look auto_none
}

@test "where /proc/PID/fd may not be read the socket's user decides" {
	requires root setpriv
	look by_uid
}

@test "a program that listens as root and then changes its user is found" {
	requires root setpriv
	look by_own_uid
}

@test "on a port that two programs share only one's own connections count" {
	requires ss
	look shared
}

@test "a client's last word is waited for up to OLDEST" {
	look oldest
}

@test "a look gives up at its time limit" {
	look gives_up
}

@test "10,000 connections are counted" {
	look many >&3
}
