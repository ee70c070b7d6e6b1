# A real program as the proof: nginx with a slow download in flight.  Its own
# graceful signal is QUIT; TERM cuts what is in flight.

# bats file_tags=check
load helpers

SIZE=100000
PER_SECOND=40000

setup() {
	common_setup
	requires nginx
	mkdir -p "$RUN_TMP/www" "$RUN_TMP/tmp"
	head -c "$SIZE" /dev/zero | tr '\0' '~' >"$RUN_TMP/www/file"
}

# nginx under lastcall, as PID 1 where that can be had.
start_nginx() { # LASTCALL-OPTION...
	local way=start try
	[ -n "$(lacks pidns)" ] || way=start_pid1
	# Somebody else may have the port.
	for try in 1 2 3 4 5; do
		PORT=$((20000 + RANDOM % 10000))
		configure >"$RUN_TMP/nginx.conf"
		"$way" "$@" -- nginx -p "$RUN_TMP" -c "$RUN_TMP/nginx.conf"
		if wait_for 'answers || ! kill -0 "${UNSHARE_PID:-$PID}"' &&
			kill -0 "${UNSHARE_PID:-$PID}"; then
			return 0
		fi
		wait_exit
	done
	fail "nginx does not start:" "$(cat "$LOG" "$RUN_TMP/error.log")"
}

configure() {
	[ "$(id -u)" != 0 ] || echo "user root;"
	cat <<-END
		daemon off;
		worker_processes 2;
		pid $RUN_TMP/nginx.pid;
		error_log $RUN_TMP/error.log;
		events { worker_connections 64; }
		http {
		  access_log off;
		  client_body_temp_path $RUN_TMP/tmp/body;
		  proxy_temp_path $RUN_TMP/tmp/proxy;
		  fastcgi_temp_path $RUN_TMP/tmp/fastcgi;
		  uwsgi_temp_path $RUN_TMP/tmp/uwsgi;
		  scgi_temp_path $RUN_TMP/tmp/scgi;
		  server {
		    listen 127.0.0.1:$PORT;
		    root $RUN_TMP/www;
		    location = /slow { alias $RUN_TMP/www/file; limit_rate $PER_SECOND; }
		  }
		}
	END
}

answers() {
	(exec 5<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null
}

# Downloads in the background, to $RUN_TMP/body with the answer's head.
download() { # PATH
	(
		exec 5<>"/dev/tcp/127.0.0.1/$PORT"
		printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&5
		cat <&5 || true
	) >"$RUN_TMP/body" 2>/dev/null 3>&- &
	DOWNLOAD=$!
	wait_for '[ "$(received)" -gt 0 ]'
}

# The bytes of the file that have come.
received() {
	tr -dc '~' <"$RUN_TMP/body" | wc -c
}

@test "nginx under --stop QUIT finishes a download in flight and exits 0" {
	start_nginx --stop QUIT --grace 40s
	download /slow
	kill -TERM "$PID"
	wait_log 'event=stop-signal signal=QUIT'
	assert_at_most "$(received)" $((SIZE - 1))
	# It takes no new ones while it finishes.
	wait_for '! answers'
	kill -0 "$PID"

	wait_exit
	assert_equal "$STATUS" 0
	wait "$DOWNLOAD"
	assert_contains "$(head -n 1 "$RUN_TMP/body")" '200 OK'
	assert_equal "$(received)" "$SIZE"
	assert_order "$LOG" event=stop-requested \
		'event=stop-signal signal=QUIT' event=child-exited \
		'event=exited code=0 forced=false'
}

@test "nginx under the default TERM cuts the same download" {
	start_nginx --grace 40s
	download /slow
	stop_and_wait
	wait "$DOWNLOAD"
	assert_equal "$STATUS" 0
	assert_at_most "$(received)" $((SIZE - 1))
}

@test "nginx whose download outlasts the grace is cut at the deadline" {
	# The last call would end its workers before the deadline.
	start_nginx --stop QUIT --grace 1s --last-call 0
	download /slow
	stop_and_wait
	wait "$DOWNLOAD"
	assert_equal "$STATUS" 137
	assert_at_least "$(elapsed)" 1000
	assert_at_most "$(received)" $((SIZE - 1))
	assert_contains "$(cat "$LOG")" 'event=survivor'
	assert_contains "$(cat "$LOG")" 'event=exited code=137 forced=true'
}
