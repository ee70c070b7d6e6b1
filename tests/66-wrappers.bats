# shellcheck shell=bash disable=SC2016,SC2153,SC2154
# Programs between lastcall and the program, as docs/requirements.md has them:
# what they do to a stop, with a program that needs three seconds to end.

# bats file_tags=check
load helpers

# A program that notes each signal and needs three seconds for its end.
setup() {
	common_setup
	requires root pidns
	cat >"$RUN_TMP/app" <<-END
		#!/bin/sh
		exec >>"$RUN_TMP/said" 2>&1
		trap 'echo TERM; sleep 3; echo done; exit 0' TERM
		trap 'echo HUP; sleep 3; echo done; exit 0' HUP
		echo READY
		while :; do sleep 0.1; done
	END
	chmod 755 "$RUN_TMP/app"
}

# Stops it below the wrapper; what it has said is in SAID, on one line.
stop_below() { # [OPTION VALUE] WRAPPER...
	start_pid1 --grace 20s "$@"
	wait_for 'grep -qs READY "$RUN_TMP/said"'
	stop_and_wait
	SAID=$(said)
}

# What the program has said, on one line, without what its shell says of the
# sleep that it waits for.
said() {
	grep -vxE 'Terminated|Hangup' "$RUN_TMP/said" | paste -sd ' '
}

@test "setpriv is not in the way" {
	requires setpriv
	stop_below setpriv --reuid root --regid root --init-groups "$RUN_TMP/app"
	assert_equal "$SAID" "READY TERM done"
	assert_equal "$STATUS" 0
}

@test "sudo passes TERM on, and waits" {
	requires sudo
	stop_below sudo "$RUN_TMP/app"
	assert_equal "$SAID" "READY TERM done"
	assert_equal "$STATUS" 0
}

@test "su and runuser kill the program after two seconds" {
	requires su runuser
	stop_below su root -c "$RUN_TMP/app"
	assert_equal "$SAID" "READY TERM"
	assert_at_least "$(elapsed)" 1900
	assert_equal "$(logged child-exited signal)" TERM
	rm "$RUN_TMP/said"
	stop_below runuser -u root -- "$RUN_TMP/app"
	assert_equal "$SAID" "READY TERM"
	assert_at_least "$(elapsed)" 1900
	assert_equal "$(logged child-exited signal)" TERM
}

@test "unshare --fork keeps TERM from the program, and --scope all does not" {
	stop_below --scope all unshare --pid --fork "$RUN_TMP/app"
	assert_equal "$SAID" "READY TERM done"
	assert_equal "$STATUS" 0
	assert_at_most "$(elapsed)" 12000
	rm "$RUN_TMP/said"
	# At the last call.
	stop_below --last-call 15s unshare --pid --fork "$RUN_TMP/app"
	assert_equal "$SAID" "READY TERM done"
	assert_at_least "$(elapsed)" 5000
}

@test "script kills the program after two seconds, where its shell became it" {
	requires script
	SHELL=/bin/bash stop_below script -qec "$RUN_TMP/app" /dev/null
	assert_equal "$SAID" "READY TERM"
	assert_at_least "$(elapsed)" 1900
	assert_equal "$(logged child-exited code)" 0
}

@test "script's terminal hangs up where its shell stays, and then comes TERM" {
	requires script
	# The same where SHELL is not set.
	SHELL=/bin/sh stop_below script -qec "$RUN_TMP/app; true" /dev/null
	assert_equal "$SAID" "READY HUP TERM done"
	assert_equal "$(logged child-exited code)" 0
	assert_equal "$(logged exited forced)" false
}

@test "npm dies at once, and its program gets TERM and the whole time" {
	command -v npm >/dev/null || skip "npm is not installed"
	printf '{"name":"x","version":"1.0.0","scripts":{"start":"%s"}}' \
		"$RUN_TMP/app" >"$RUN_TMP/package.json"
	cd "$RUN_TMP"
	HOME=$RUN_TMP stop_below npm start
	assert_equal "$SAID" "READY TERM done"
	assert_equal "$STATUS" 143
	assert_contains "$(<"$LOG")" event=sweep-finished
}

# ------------------------------------------------------------- nested inits

@test "below another init, and above one, a stop is in order" {
	requires tini dumb-init catatonit
	local init
	for init in tini dumb-init catatonit; do
		rm -f "$RUN_TMP/said"
		stop_below "$init" -- "$RUN_TMP/app"
		assert_equal "$SAID" "READY TERM done" || fail "$init" ||
			return 1
		rm "$RUN_TMP/said"
		start_pid1_command "$init" -- "$LASTCALL" --grace 20s --delay 500ms \
			-- "$RUN_TMP/app"
		wait_for 'grep -qs READY "$RUN_TMP/said"'
		enter_pidns "$LASTCALL" --probe ready
		stop_and_wait
		assert_equal "$(said)" "READY TERM done" || fail "$init" || return 1
		assert_order "$LOG" event=drain-finished event=stop-signal \
			'event=exited code=0'
	done
}

# ------------------------------------------------------ nginx's Unix sockets

@test "a killed nginx leaves its Unix socket, and a post-stop hook removes it" {
	requires nginx
	cat >"$RUN_TMP/nginx.conf" <<-END
		user root;
		daemon off;
		pid $RUN_TMP/nginx.pid;
		error_log stderr;
		events {}
		http {
			access_log off;
			server { listen unix:$RUN_TMP/socket; }
		}
	END
	start_pid1 -- nginx -p "$RUN_TMP" -c "$RUN_TMP/nginx.conf"
	wait_for '[ -S "$RUN_TMP/socket" ]'
	kill -KILL "$(child_of "$PID")"
	wait_exit
	[ -S "$RUN_TMP/socket" ]
	run timeout 20 "$LASTCALL" -- nginx -p "$RUN_TMP" \
		-c "$RUN_TMP/nginx.conf"
	assert_contains "$output" "Address already in use"
	rm "$RUN_TMP/socket"
	start_pid1 --post-stop "rm -f $RUN_TMP/socket" -- \
		nginx -p "$RUN_TMP" -c "$RUN_TMP/nginx.conf"
	wait_for '[ -S "$RUN_TMP/socket" ]'
	kill -KILL "$(child_of "$PID")"
	wait_exit
	[ ! -e "$RUN_TMP/socket" ]
}
