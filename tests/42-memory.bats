#!/usr/bin/env bats
# cause=oom: whether it was the kernel that sent SIGKILL, because memory ran
# out, in a real memory cgroup and in files that look like one.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2153,SC2154

load helpers

setup() {
	common_setup
	export RUN_TMP
}

teardown() {
	common_teardown
	[ -z "${CGROUP:-}" ] || wait_for 'rmdir "$CGROUP" 2>/dev/null'
}

# lastcall in a memory cgroup of its own, of 32 MB, as PID 1.
start_in_cgroup() { # ARG...
	requires memcg pidns
	CGROUP=$(memory_cgroup)/lastcall-test-$$-$BATS_TEST_NUMBER
	mkdir "$CGROUP"
	if [ -e "$CGROUP/memory.max" ]; then
		echo 32M >"$CGROUP/memory.max"
		echo 0 >"$CGROUP/memory.swap.max" || true
	else
		echo 32M >"$CGROUP/memory.limit_in_bytes"
		echo 32M >"$CGROUP/memory.memsw.limit_in_bytes" || true
	fi 2>/dev/null
	export CGROUP LASTCALL
	start_pid1_command bash -c 'echo 0 >"$CGROUP/cgroup.procs"
		until [ -e "$RUN_TMP/start" ]; do sleep 0.02; done
		exec "$LASTCALL" "$@"' lastcall "$@"
	: >"$RUN_TMP/start"
}

@test "a program that the kernel killed for memory says so: cause=oom" {
	start_in_cgroup --termination-log "$RUN_TMP/why" -- tail /dev/zero
	wait_exit
	assert_equal "$STATUS" 137
	assert_match "$(<"$LOG")" 'event=exited code=137 signal=KILL cause=oom'
	assert_equal "$(<"$RUN_TMP/why")" \
		"out of memory: the kernel killed 'tail'"
}

@test "a shell that reports the end of what was killed for memory: cause=oom" {
	start_in_cgroup --termination-log "$RUN_TMP/why" -- \
		sh -c 'tail /dev/zero; exit $?'
	wait_exit
	assert_equal "$STATUS" 137
	assert_match "$(<"$LOG")" 'event=exited code=137 cause=oom'
	assert_equal "$(<"$RUN_TMP/why")" \
		"out of memory: the kernel killed what 'sh' had started"
}

# The shell asks for no memory while the other is on its way out, and is not
# for the kernel to choose.
@test "an orphan that was killed for memory says so, and its end is not the program's" {
	mkfifo "$RUN_TMP/go"
	start_in_cgroup -w --termination-log "$RUN_TMP/why" -- sh -c '
		(sh -c "echo 1000 >/proc/self/oom_score_adj
			exec tail /dev/zero" &)
		read -r line <"$RUN_TMP/go"
		kill -KILL $$'
	wait_log "cause=oom"
	assert_match "$(<"$LOG")" 'event=reaped pid=[0-9]+ signal=KILL cause=oom'
	sleep 1.1 # as long as two ends count as one
	echo >"$RUN_TMP/go"
	wait_exit
	assert_equal "$STATUS" 137
	assert_equal "$(grep -c cause= "$LOG")" 1
	[ ! -e "$RUN_TMP/why" ]
}

# Their ends are seen one after the other, whatever the count was meanwhile.
@test "whoever is killed for memory at the same time says so, too" {
	start_in_cgroup -w -- sh -c 'for i in 1 2 3; do (tail /dev/zero &); done
		tail /dev/zero; exit $?'
	wait_exit
	assert_equal "$STATUS" 137
	assert_match "$(<"$LOG")" 'event=(child-exited|exited) .*cause=oom'
	assert_equal "$(grep "event=reaped .*signal=KILL" "$LOG" |
		grep -vc cause=oom)" 0
}

@test "a SIGKILL that somebody sent has no cause" {
	start_in_cgroup -- sh -c 'kill -KILL $$'
	wait_exit
	assert_equal "$STATUS" 137
	assert_not_contains "$(<"$LOG")" cause
}

# A mount namespace where the cgroup files are what the test says: the files of
# version 2 cannot be had beside those of version 1.  MEMORY is the file with
# the counter, CGROUPS the content of /proc/self/cgroup.
start_fake() { # ARG...
	requires root pidns mountns
	rm -f "$RUN_TMP/start"
	export MEMORY CGROUPS LASTCALL COUNTER
	start_pid1_command bash -ec '
		mount -t tmpfs none /sys/fs/cgroup
		mkdir -p "${MEMORY%/*}"
		printf "$COUNTER" 1 >"$MEMORY"
		printf "$CGROUPS" >"$RUN_TMP/cgroup"
		mount --bind "$RUN_TMP/cgroup" /proc/1/cgroup
		printf "$COUNTER" 2 >"$RUN_TMP/more"
		until [ -e "$RUN_TMP/start" ]; do sleep 0.02; done
		exec "$LASTCALL" "$@"' lastcall "$@"
	: >"$RUN_TMP/start"
}

@test "the counter is found in each version of cgroups, with a namespace and without" {
	local v1='oom_kill_disable 0\nunder_oom 0\noom_kill %s\n'
	local v2='low 0\nhigh 7\nmax 70\noom 5\noom_kill %s\noom_group_kill 0\n'
	while read -r MEMORY CGROUPS; do
		COUNTER=$v2
		[[ $MEMORY != *oom_control ]] || COUNTER=$v1
		start_fake -- sh -c 'until grep -q ready /proc/1/comm; do :; done
			cat "$RUN_TMP/more" >"$MEMORY"; kill -KILL $$'
		wait_exit
		assert_match "$(<"$LOG")" 'signal=KILL cause=oom' ||
			fail "$MEMORY $CGROUPS" || return 1
	done <<'TABLE'
/sys/fs/cgroup/memory.events 0::/\n
/sys/fs/cgroup/a/b/memory.events 0::/a/b\n
/sys/fs/cgroup/memory.events 0::/../c\n
/sys/fs/cgroup/memory.events 0::/host/c\n
/sys/fs/cgroup/memory/a/memory.oom_control 7:cpu:/x\n4:memory:/a\n0::/b\n
/sys/fs/cgroup/memory/memory.oom_control 4:hugetlb,memory:/docker/c\n0::/\n
/sys/fs/cgroup/memory.events 4:memory:/a\n3:cpu:/a\n0::/
TABLE
}

@test "what is no counter is none, and nothing waits for it" {
	MEMORY=/sys/fs/cgroup/memory.events
	while IFS='|' read -r CGROUPS COUNTER; do
		start_fake -- sh -c 'cat "$RUN_TMP/more" >"$MEMORY"; kill -KILL $$'
		wait_exit
		assert_equal "$STATUS" 137
		assert_not_contains "$(<"$LOG")" cause || return 1
	done <<'TABLE'
0::/|oom_kill x%s\n
0::/|oom_killed %s\n
0::/|%.0s
0|oom_kill %s\n
0:|oom_kill %s\n
3:cpu:/|oom_kill %s\n
3:memory2:/|oom_kill %s\n
|oom_kill %s\n
TABLE
	# A pipe that nobody writes to.
	CGROUPS="0::/" COUNTER=""
	start_fake -- sh -c 'rm "$MEMORY"; mkfifo "$MEMORY"; kill -KILL $$'
	wait_exit
	assert_equal "$STATUS" 137
}

@test "where memory is full and nobody is killed for it the deadline is kept" {
	# The sanitizers' own memory is not kept.
	requires memcg root plain-binary
	local verbose
	CGROUP=$(memory_cgroup)/lastcall-test-$$-$BATS_TEST_NUMBER
	mkdir "$CGROUP"
	# cgroup v2 has an OOM killer always.
	[ -e "$CGROUP/memory.oom_control" ] || skip "no cgroup v1 for memory here"
	echo 12M >"$CGROUP/memory.limit_in_bytes"
	echo 1 >"$CGROUP/memory.oom_control"
	for verbose in --quiet -v; do
		# Its file is the cgroup's too, as a container's is.
		start_command bash -c 'echo $$ >"$0/cgroup.procs"
			cp "$2" "$3/copy-$1" && exec "$3/copy-$1" "$1" \
				--grace 1s -- sh -c "trap : TERM
				tail /dev/zero & tail /dev/zero &
				wait; wait; wait"' \
			"$CGROUP" "$verbose" "$LASTCALL" "$RUN_TMP"
		wait_for 'grep -q "under_oom 1" "$CGROUP/memory.oom_control"'
		kill -TERM "$PID"
		wait_exit
		assert_equal "$STATUS" 137
	done
}
