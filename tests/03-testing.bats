#!/usr/bin/env bats
# What runs the tests: that it sees what fails, and counts.

load helpers

cases() { # CASES: a file of cases, run
	printf '%s\n' '#!/usr/bin/env python3' 'import subprocess, time, tap' \
		"$1" 'tap.main()' >"$RUN_TMP/cases.py"
	chmod 755 "$RUN_TMP/cases.py"
	export PYTHONPATH=$TOP/tests
	run "$RUN_TMP/cases.py"
}

@test "a case in Python fails that raises, hangs or leaves a process behind" {
	requires python3
	cases '
@tap.case("fine")
def fine():
    subprocess.run(["true"], check=True)

@tap.case("wrong")
def wrong():
    tap.on_failure(lambda: print("the log"))
    assert 1 == 2

@tap.case("slow", seconds=0.3)
def slow():
    time.sleep(60)

@tap.case("leaving")
def leaving():
    subprocess.Popen(["sleep", "1000"])
'
	assert_status 1
	assert_equal "$(grep -oE '^(not )?ok [0-9] [a-z]+|^1\.\..' <<<"$output" |
		paste -sd,)" \
		'1..4,ok 1 fine,not ok 2 wrong,not ok 3 slow,not ok 4 leaving'
	assert_contains "$output" "AssertionError"
	assert_contains "$output" "# the log"
	assert_contains "$output" "# not done after 0.3 s"
	assert_contains "$output" "# left processes behind"
}

@test "what a machine lacks skips a case in Python, and fails it in CI" {
	requires python3
	local body='
@tap.case("special", "no-such-program")
def special():
    raise AssertionError("it ran")
'
	CI='' cases "$body"
	assert_status 0
	assert_contains "$output" \
		"ok 1 special # skip no-such-program is not installed"
	CI=true cases "$body"
	assert_status 1
	assert_contains "$output" "not ok 1 special"
	assert_not_contains "$output" "it ran"
}

@test "tests/run counts what passes, fails and is skipped in every kind of file" {
	requires python3
	printf '%s\n' '@test "good" { true; }' '@test "bad" { false; }' \
		'@test "lacking" { skip "it is not here"; }' >"$RUN_TMP/a.bats"
	printf '#!/bin/sh\necho ok 1 - one\necho ok 2 - two\nexit 3\n' \
		>"$RUN_TMP/dies_test"
	printf '#!/bin/sh\necho "# as it should be"\necho ok 1 - one\n' \
		>"$RUN_TMP/talks_test"
	printf '#!/bin/sh\necho 1..0\n' >"$RUN_TMP/none_test"
	chmod 755 "$RUN_TMP"/*_test
	cases '
@tap.case("fine")
def fine():
    pass
'
	# bats puts its own folder first, where it has another file of its name.
	PATH=${PATH//"$BATS_LIBEXEC:"/}
	run "$TOP/tests/run" "$RUN_TMP/a.bats" "$RUN_TMP/dies_test" \
		"$RUN_TMP/talks_test" "$RUN_TMP/none_test" "$RUN_TMP/cases.py"
	assert_status 1
	assert_not_contains "$output" "as it should be"
	assert_not_contains "$output" none_test
	assert_contains "$output" "skipped: 1, as it is not here"
	assert_contains "$output" "failed: 2 bad"
	assert_contains "$output" "failed: - $RUN_TMP/dies_test ended with 3"
	assert_equal "${lines[-1]}" "5 passed, 2 failed, 1 skipped"
}

@test "tests/run tries once more by itself what failed beside others, and says so" {
	# The first passes by itself, the second never.
	printf '%s\n' '@test "late" {' \
		"[ -e $RUN_TMP/once ] || { : >$RUN_TMP/once; false; }" '}' \
		'@test "good" { true; }' >"$RUN_TMP/a.bats"
	printf '%s\n' '@test "bad" { false; }' >"$RUN_TMP/b.bats"
	printf '%s\n' '@test "other" { true; }' >"$RUN_TMP/c.bats"
	PATH=${PATH//"$BATS_LIBEXEC:"/}
	run "$TOP/tests/run" "$RUN_TMP/a.bats" "$RUN_TMP/b.bats" "$RUN_TMP/c.bats"
	assert_status 1
	assert_contains "$output" "passed by itself only: $RUN_TMP/a.bats 1 late"
	assert_equal "$(grep -c ^failed: <<<"$output")" 1
	assert_contains "$output" "failed: 1 bad"
	assert_equal "${lines[-1]}" "3 passed, 1 failed, 0 skipped"
	# A single file has no others.
	rm "$RUN_TMP/once"
	run "$TOP/tests/run" "$RUN_TMP/a.bats"
	assert_status 1
	assert_equal "${lines[-1]}" "1 passed, 1 failed, 0 skipped"
}

@test "tests/run has a file that says so run alone, behind the others" {
	printf '%s\n' '# Runs alone.' "@test \"it\" { [ -e $RUN_TMP/b ]; }" \
		>"$RUN_TMP/a.bats"
	printf '%s\n' "@test \"it\" { sleep 1; : >$RUN_TMP/b; }" \
		>"$RUN_TMP/b.bats"
	PATH=${PATH//"$BATS_LIBEXEC:"/}
	JOBS=2 run "$TOP/tests/run" "$RUN_TMP/a.bats" "$RUN_TMP/b.bats"
	assert_equal "${lines[-1]}" "2 passed, 0 failed, 0 skipped"
}

@test "a test that hangs is ended, with the daemons that it has started" {
	printf '%s\n' TEST_SECONDS=1 "load '$TOP/tests/helpers'" \
		'@test "hangs" {' 'setsid sleep 98765 &' 'sleep 98765' '}' \
		'@test "hangs in a shell" {' 'x=$(read -r <>"$NEVER")' '}' \
		'@test "goes on" { true; }' >"$RUN_TMP/a.bats"
	PATH=${PATH//"$BATS_LIBEXEC:"/}
	run "$TOP/tests/run" "$RUN_TMP/a.bats"
	assert_contains "$output" "not ok 1 hangs"
	assert_contains "$output" "not ok 2 hangs in a shell"
	assert_contains "$output" "# ended after 1 s"
	assert_equal "${lines[-1]}" "1 passed, 2 failed, 0 skipped"
	run ! pgrep -fx "sleep 98765"
}

@test "what has the pid of a process that a test has tracked is left alone" {
	sleep 1000 3>&- &
	printf '%s\n' "load '$TOP/tests/helpers'" '@test "it" {' \
		"sleep 1001 3>&- & track $! \$!" '}' >"$RUN_TMP/a.bats"
	PATH=${PATH//"$BATS_LIBEXEC:"/}
	run "$TOP/tests/run" "$RUN_TMP/a.bats"
	assert_equal "${lines[-1]}" "1 passed, 0 failed, 0 skipped"
	kill "$!"
}

@test "no shell at a terminal writes down its history" {
	requires python3
	printf '%s\n' "load '$TOP/tests/helpers'" '@test "a terminal" {' \
		"python3 -c 'import pty" \
		'pty.spawn(["bash", "--norc", "-ic", "history -s x; history -w"])'"'" \
		'}' >"$RUN_TMP/a.bats"
	PATH=${PATH//"$BATS_LIBEXEC:"/}
	HISTFILE=$RUN_TMP/history run "$TOP/tests/run" "$RUN_TMP/a.bats"
	assert_status 0
	[ ! -e "$RUN_TMP/history" ] || fail "$(cat "$RUN_TMP/history")"
}

@test "tests/check ends what a part leaves behind, and waits for none of it" {
	mkdir -p "$RUN_TMP/tree/tests"
	cp "$TOP/tests/check" "$RUN_TMP/tree/tests"
	printf '%s\n' 'faults:' \
		'	@setsid sleep 1000 & echo $$! >left' \
		'	@echo "3 passed, 1 failed"' \
		'soak:' '	@trap "" TERM; sleep 0.1; exit 3' \
		'fuzz:' '	@false' >"$RUN_TMP/tree/Makefile"
	run timeout 40 "$RUN_TMP/tree/tests/check" faults soak fuzz
	assert_status 1
	assert_contains "$output" "tests/check: ends what is left:"
	assert_contains "$output" "sleep 1000"
	assert_contains "$output" "make faults: 3 passed, 1 failed"
	assert_contains "$output" "make soak SOAK_SECONDS=60: 0 passed, 1 failed"
	assert_equal "${lines[-1]}" "3 passed, 3 failed"
	wait_gone "$(<"$RUN_TMP/tree/left")"
}
