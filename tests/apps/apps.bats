#!/usr/bin/env bats
# Real programs from Debian, as PID 1's child, stopped with work in flight:
# each with the recipe that the documentation gives for it.

load ../helpers

TEST_SECONDS=300

setup_file() {
	# Debian's programs, not what somebody has put before them.
	export PATH=/usr/sbin:/usr/bin:/sbin:/bin
}

setup() {
	common_setup
	# The programs run as users of their own.
	chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/test "$RUN_TMP"
}

# A free port of 127.0.0.1.
free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# lastcall with its recipe as PID 1 of a container-like namespace.
start_app() { # ARG...
	start_pid1 --grace 25s "$@"
}

wait_port() { # PORT
	wait_for "(exec 9<>/dev/tcp/127.0.0.1/$1) 2>/dev/null" 60
}

# A request in the background, its answer in $RUN_TMP/answer.
begin_request() { # URL
	curl -sS --max-time 60 -o "$RUN_TMP/answer" "$1" \
		2>"$RUN_TMP/curl" 3>&- &
	REQUEST=$!
	track "$REQUEST"
}

request_completes() {
	wait "$REQUEST" || fail "curl: $(cat "$RUN_TMP/curl")" "$(cat "$LOG")"
}

# The connection of a request is there, so the stop finds it in flight.
wait_in_flight() { # PORT
	wait_for "ss -Htn state established sport = :$1 | grep -q ."
	# Past the accept queue and the parser, into the program.
	sleep 0.3
}

stop_app() {
	kill -TERM "$PID"
}

ends_with() { # CODE
	wait_exit
	assert_equal "$STATUS" "$1" ||
		fail "log: $(cat "$LOG")" "out: $(tail -n 20 "$OUT")"
	assert_not_contains "$(cat "$LOG")" event=killed
}

# A file that a server sends at 100 kB/s takes three seconds.
make_slow_file() { # FOLDER
	mkdir -p "$1"
	head -c 300000 /dev/zero >"$1/slow"
}

@test "nginx: --stop QUIT lets a download finish" {
	requires root pidns nginx curl ss
	port=$(free_port)
	make_slow_file "$RUN_TMP/www"
	cat >"$RUN_TMP/nginx.conf" <<-END
		pid $RUN_TMP/nginx.pid;
		error_log stderr;
		events { }
		http {
			access_log off;
			server {
				listen 127.0.0.1:$port;
				root $RUN_TMP/www;
				limit_rate 100k;
			}
		}
	END
	start_app --stop QUIT -- \
		nginx -c "$RUN_TMP/nginx.conf" -g 'daemon off;'
	wait_port "$port"
	begin_request "http://127.0.0.1:$port/slow"
	wait_for '[ -s "$RUN_TMP/answer" ]'
	stop_app
	request_completes
	assert_equal "$(stat -c %s "$RUN_TMP/answer")" 300000
	ends_with 0
}

@test "Apache httpd: --stop WINCH lets a download finish" {
	requires root pidns apache2 curl ss
	port=$(free_port)
	make_slow_file "$RUN_TMP/www"
	cat >"$RUN_TMP/apache.conf" <<-END
		ServerRoot $RUN_TMP
		ServerName localhost
		PidFile $RUN_TMP/apache.pid
		ErrorLog $RUN_TMP/error.log
		Listen 127.0.0.1:$port
		LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
		LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
		LoadModule env_module /usr/lib/apache2/modules/mod_env.so
		LoadModule ratelimit_module /usr/lib/apache2/modules/mod_ratelimit.so
		User www-data
		Group www-data
		DocumentRoot $RUN_TMP/www
		<Location />
			SetOutputFilter RATE_LIMIT
			SetEnv rate-limit 100
			Require all granted
		</Location>
	END
	start_app --stop WINCH -- \
		apache2 -f "$RUN_TMP/apache.conf" -DFOREGROUND
	wait_port "$port"
	begin_request "http://127.0.0.1:$port/slow"
	wait_for '[ -s "$RUN_TMP/answer" ]'
	stop_app
	request_completes
	assert_equal "$(stat -c %s "$RUN_TMP/answer")" 300000
	ends_with 0
}

@test "HAProxy: --stop USR1 lets a request finish" {
	requires root pidns haproxy python3 curl ss
	port=$(free_port)
	back=$(free_port)
	python3 "$TOP/tests/roll/server.py" 127.0.0.1 "$back" 3>&- &
	track $!
	wait_port "$back"
	cat >"$RUN_TMP/haproxy.cfg" <<-END
		defaults
			mode http
			timeout connect 5s
			timeout client 30s
			timeout server 30s
		listen app
			bind 127.0.0.1:$port
			server one 127.0.0.1:$back
	END
	start_app --stop USR1 -- haproxy -W -db -f "$RUN_TMP/haproxy.cfg"
	wait_port "$port"
	begin_request "http://127.0.0.1:$port/3000"
	wait_in_flight "$back"
	stop_app
	request_completes
	assert_equal "$(cat "$RUN_TMP/answer")" ok
	ends_with 0
}

@test "PHP-FPM: --stop QUIT lets a script finish" {
	requires root pidns php-fpm cgi-fcgi
	port=$(free_port)
	fpm=$(compgen -c php-fpm | sort | head -n 1)
	cat >"$RUN_TMP/fpm.conf" <<-END
		[global]
		error_log = $RUN_TMP/fpm.log
		process_control_timeout = 20s
		[www]
		user = www-data
		group = www-data
		listen = 127.0.0.1:$port
		pm = static
		pm.max_children = 2
	END
	cat >"$RUN_TMP/slow.php" <<-'END'
		<?php
		touch($_SERVER['BEGUN']);
		// A signal would end a sleep(3) early.
		$end = microtime(true) + 3;
		while (microtime(true) < $end) usleep(10000);
		echo 'done';
	END
	install -d -o www-data "$RUN_TMP/begun"
	start_app --stop QUIT -- "$fpm" -F -y "$RUN_TMP/fpm.conf"
	wait_port "$port"
	env REQUEST_METHOD=GET SCRIPT_FILENAME="$RUN_TMP/slow.php" \
		BEGUN="$RUN_TMP/begun/it" \
		cgi-fcgi -bind -connect "127.0.0.1:$port" \
		>"$RUN_TMP/answer" 3>&- &
	REQUEST=$!
	wait_for '[ -e "$RUN_TMP/begun/it" ]'
	stop_app
	wait "$REQUEST"
	assert_contains "$(cat "$RUN_TMP/answer")" 'done'
	ends_with 0
}

# A WSGI application that answers after as many ms as the path says.
make_wsgi() {
	cat >"$RUN_TMP/app.py" <<-END
		import contextlib, time

		def application(environ, start_response):
		    with contextlib.suppress(PermissionError):
		        open("$RUN_TMP/began", "w").close()
		    time.sleep(int(environ["PATH_INFO"][1:] or 0) / 1000)
		    start_response("200 OK", [("Content-Length", "3")])
		    return [b"ok\n"]
	END
}

@test "gunicorn: TERM to the master alone lets a request finish" {
	requires root pidns gunicorn curl ss
	port=$(free_port)
	make_wsgi
	start_app -- gunicorn -w 2 --chdir "$RUN_TMP" --graceful-timeout 20 \
		-b "127.0.0.1:$port" app
	wait_port "$port"
	begin_request "http://127.0.0.1:$port/3000"
	wait_for '[ -e "$RUN_TMP/began" ]'
	stop_app
	request_completes
	assert_equal "$(cat "$RUN_TMP/answer")" ok
	ends_with 0
}

@test "gunicorn behind a shell: the workers are left to their master" {
	requires root pidns gunicorn curl ss
	port=$(free_port)
	make_wsgi
	start_app -- sh -c "gunicorn -w 2 --chdir $RUN_TMP \
		--graceful-timeout 20 -b 127.0.0.1:$port app; exit \$?"
	wait_port "$port"
	begin_request "http://127.0.0.1:$port/3000"
	wait_for '[ -e "$RUN_TMP/began" ]'
	stop_app
	request_completes
	assert_equal "$(cat "$RUN_TMP/answer")" ok
	# The shell itself dies of TERM at once.
	ends_with 143
}

@test "uWSGI: --drain and INT let a request finish" {
	requires root pidns uwsgi curl ss
	port=$(free_port)
	make_wsgi
	start_app --drain auto --stop INT -- \
		uwsgi --plugin python3 --master --processes 2 \
		--http-socket "127.0.0.1:$port" --chdir "$RUN_TMP" \
		--module app --uid www-data --gid www-data
	wait_port "$port"
	begin_request "http://127.0.0.1:$port/3000"
	wait_in_flight "$port"
	stop_app
	request_completes
	assert_equal "$(cat "$RUN_TMP/answer")" ok
	ends_with 0
}

start_redis() { # PORT FOLDER ARG...
	redis-server --port "$1" --bind 127.0.0.1 --dir "$2" --save '' \
		>/dev/null 3>&- &
	track $!
	wait_port "$1"
}

@test "Redis: TERM saves what was written" {
	requires root pidns redis-server
	port=$(free_port)
	mkdir "$RUN_TMP/data"
	start_app -- redis-server --port "$port" --bind 127.0.0.1 \
		--dir "$RUN_TMP/data" --save '3600 1000000'
	wait_port "$port"
	redis-cli -p "$port" set key kept
	stop_app
	ends_with 0
	[ -s "$RUN_TMP/data/dump.rdb" ]
	start_redis "$port" "$RUN_TMP/data"
	assert_equal "$(redis-cli -p "$port" get key)" kept
}

@test "PostgreSQL: --stop TERM/15s/INT/5s/QUIT lets a query finish" {
	requires root pidns postgres
	port=$(free_port)
	bin=$(echo /usr/lib/postgresql/*/bin)
	as_postgres=(setpriv --reuid postgres --regid postgres --clear-groups)
	install -d -o postgres "$RUN_TMP/pg"
	"${as_postgres[@]}" "$bin/initdb" -D "$RUN_TMP/pg/data" -A trust
	start_app --stop TERM/15s/INT/5s/QUIT -- "${as_postgres[@]}" \
		"$bin/postgres" -D "$RUN_TMP/pg/data" -p "$port" \
		-k "$RUN_TMP/pg" -h 127.0.0.1
	wait_for '"$bin/pg_isready" -q -h 127.0.0.1 -p "$port"' 60
	psql -h 127.0.0.1 -p "$port" -U postgres -At \
		-c "select pg_sleep(3), 'it is ' || 'done'" \
		>"$RUN_TMP/answer" 3>&- &
	REQUEST=$!
	wait_for 'psql -h 127.0.0.1 -p "$port" -U postgres -At \
		-c "select state from pg_stat_activity" | grep -qc active'
	wait_for '[ "$(psql -h 127.0.0.1 -p "$port" -U postgres -At -c \
		"select count(*) from pg_stat_activity where wait_event =
		'"'PgSleep'"'")" = 1 ]'
	stop_app
	wait "$REQUEST"
	assert_contains "$(cat "$RUN_TMP/answer")" 'it is done'
	ends_with 0
}

@test "Celery: a task is finished by the warm shutdown" {
	requires root pidns celery redis-server python3
	port=$(free_port)
	mkdir "$RUN_TMP/redis"
	start_redis "$port" "$RUN_TMP/redis"
	cat >"$RUN_TMP/tasks.py" <<-END
		import pathlib, time
		from celery import Celery
		app = Celery("tasks", broker="redis://127.0.0.1:$port/0")

		@app.task
		def work():
		    pathlib.Path("$RUN_TMP/begun").touch()
		    time.sleep(3)
		    pathlib.Path("$RUN_TMP/finished").touch()
	END
	cd "$RUN_TMP"
	start_app -- celery -A tasks worker --concurrency 2 \
		--without-gossip --without-mingle
	(cd "$RUN_TMP" && python3 -c 'import tasks; tasks.work.delay()')
	wait_for '[ -e "$RUN_TMP/begun" ]' 60
	stop_app
	ends_with 0
	[ -e "$RUN_TMP/finished" ]
}

@test "Sidekiq: TSTP, then TERM, and the job is finished" {
	requires root pidns sidekiq redis-server
	port=$(free_port)
	mkdir "$RUN_TMP/redis"
	start_redis "$port" "$RUN_TMP/redis"
	cat >"$RUN_TMP/work.rb" <<-END
		require 'sidekiq'
		class Work
		  include Sidekiq::Worker
		  def perform
		    File.write('$RUN_TMP/begun', '')
		    sleep 3
		    File.write('$RUN_TMP/finished', '')
		  end
		end
	END
	export REDIS_URL="redis://127.0.0.1:$port/0"
	start_app --stop TSTP/1s/TERM -- \
		sidekiq -r "$RUN_TMP/work.rb" -t 15 -c 2
	ruby -r "$RUN_TMP/work.rb" -e 'Work.perform_async'
	wait_for '[ -e "$RUN_TMP/begun" ]' 60
	stop_app
	ends_with 0
	[ -e "$RUN_TMP/finished" ]
}

@test "a JVM service: --drain lets a request finish" {
	requires root pidns java curl ss
	port=$(free_port)
	cat >"$RUN_TMP/Server.java" <<-'END'
		import com.sun.net.httpserver.HttpServer;
		import java.net.InetSocketAddress;

		public class Server {
		    public static void main(String[] args) throws Exception {
		        HttpServer server = HttpServer.create(new InetSocketAddress(
		            "127.0.0.1", Integer.parseInt(args[0])), 0);
		        server.createContext("/", exchange -> {
		            try { Thread.sleep(3000); }
		            catch (InterruptedException e) { }
		            exchange.sendResponseHeaders(200, 3);
		            exchange.getResponseBody().write("ok\n".getBytes());
		            exchange.close();
		        });
		        server.start();
		    }
		}
	END
	start_app --drain auto --stop-code 0 -- \
		java "$RUN_TMP/Server.java" "$port"
	wait_port "$port"
	begin_request "http://127.0.0.1:$port/"
	wait_in_flight "$port"
	stop_app
	request_completes
	assert_equal "$(cat "$RUN_TMP/answer")" ok
	# The JVM ends with 143 after a SIGTERM that went well.
	ends_with 0
	assert_match "$(cat "$LOG")" 'event=child-exited pid=[0-9]+ program=java code=143'
}

@test "a Node server: --drain lets a request finish" {
	requires root pidns node curl ss
	port=$(free_port)
	start_app --drain auto --stop-code 0 -- \
		node "$TOP/tests/roll/server.js" 127.0.0.1 "$port"
	wait_port "$port"
	begin_request "http://127.0.0.1:$port/3000"
	wait_in_flight "$port"
	stop_app
	request_completes
	assert_equal "$(cat "$RUN_TMP/answer")" ok
	ends_with 0
}

@test "a pool of workers behind a shell: each finishes its job" {
	requires root pidns
	start_app -- sh -c "
		worker() {
			trap 'sleep 2; touch $RUN_TMP/finished-\$1; exit' TERM
			touch $RUN_TMP/begun-\$1
			while :; do sleep 0.1; done
		}
		worker 1 & worker 2 & wait"
	wait_for '[ -e "$RUN_TMP/begun-1" ] && [ -e "$RUN_TMP/begun-2" ]'
	stop_app
	ends_with 143
	[ -e "$RUN_TMP/finished-1" ]
	[ -e "$RUN_TMP/finished-2" ]
}

# ------------------------------------- clients whose last word is not a request

# Starts the server and its client, whose last word is older than OLDEST at the
# stop request: without it the drain would last up to its limit.
begin_oldest() { # PORT OLDEST SERVER...
	start_app --drain "$1/${QUIET:-300ms}/$2" --pre-stop-limit 20s -- "${@:3}"
	wait_port "$1"
}

ends_at_once() {
	# OLDEST has passed.
	sleep 2
	stop_app
	wait_exit
	assert_equal "$(logged drain-started in_flight)" 0
	assert_equal "$(logged drain-started connections)" 1
	assert_equal "$(logged drain-finished why)" "done"
}

@test "a WebSocket whose last word was a pong does not hold the drain" {
	requires root pidns node
	[ -d /usr/share/nodejs/ws ] || skip "node-ws is not installed"
	port=$(free_port)
	begin_oldest "$port" 1s node -e "
		const { WebSocketServer } = require('/usr/share/nodejs/ws');
		new WebSocketServer({ host: '127.0.0.1', port: $port }).on(
			'connection', socket => {
				socket.on('pong', () => console.log('PONG'));
				socket.ping();
			});"
	node -e "
		const WebSocket = require('/usr/share/nodejs/ws');
		new WebSocket('ws://127.0.0.1:$port/')
			.on('close', () => process.exit())
			.on('error', () => process.exit());" 3>&- &
	track $!
	wait_out PONG
	ends_at_once
}

@test "an HTTP/2 connection after SETTINGS does not hold the drain" {
	requires root pidns node
	port=$(free_port)
	begin_oldest "$port" 1s node -e "
		require('http2').createServer().on('session', session =>
			session.on('localSettings', () => console.log('SETTINGS'))
		).listen($port, '127.0.0.1');"
	node -e "
		require('http2').connect('http://127.0.0.1:$port')
			.on('close', () => process.exit())
			.on('error', () => process.exit());" 3>&- &
	track $!
	wait_out SETTINGS
	ends_at_once
}

@test "an HTTP/2 connection after PING, from either side, does not hold the drain" {
	requires root pidns node
	local from
	for from in server client; do
		port=$(free_port)
		begin_oldest "$port" 1s node -e "
			require('http2').createServer().on('session', session => {
				if ('$from' === 'server')
					session.on('localSettings', () => session.ping(
						() => console.log('PING')));
				else
					session.on('ping', () => console.log('PING'));
			}).listen($port, '127.0.0.1');"
		node -e "
			const client = require('http2')
				.connect('http://127.0.0.1:$port')
				.on('close', () => process.exit())
				.on('error', () => process.exit());
			if ('$from' === 'client')
				client.on('localSettings', () => client.ping(() => {}));
		" 3>&- &
		track $!
		wait_out PING
		ends_at_once
	done
}

# The server has no event for it, but knows how much it may send.
@test "an HTTP/2 connection after WINDOW_UPDATE does not hold the drain" {
	requires root pidns node
	port=$(free_port)
	begin_oldest "$port" 1s node -e "
		require('http2').createServer().on('session', session => {
			const look = setInterval(() => {
				if (session.state.remoteWindowSize > 900000) {
					console.log('WINDOW_UPDATE');
					clearInterval(look);
				}
			}, 10);
		}).listen($port, '127.0.0.1');"
	node -e "
		const client = require('http2').connect('http://127.0.0.1:$port')
			.on('close', () => process.exit())
			.on('error', () => process.exit());
		client.on('localSettings', () => client.setLocalWindowSize(1000000));
	" 3>&- &
	track $!
	wait_out WINDOW_UPDATE
	ends_at_once
}

# gRPC's own PING, which keeps a connection without calls from being closed on
# the way.
@test "a gRPC client with keepalive does not hold the drain" {
	requires root pidns python3-grpc
	port=$(free_port)
	cat >"$RUN_TMP/server.py" <<-'END'
		import sys
		from concurrent import futures
		import grpc

		class Handler(grpc.GenericRpcHandler):
		    def service(self, details):
		        return grpc.unary_unary_rpc_method_handler(
		            lambda request, context: request)

		server = grpc.server(futures.ThreadPoolExecutor(2), [Handler()])
		server.add_insecure_port("127.0.0.1:" + sys.argv[1])
		server.start()
		server.wait_for_termination()
	END
	cat >"$RUN_TMP/client.py" <<-'END'
		import sys
		import time
		import grpc
		channel = grpc.insecure_channel("127.0.0.1:" + sys.argv[1], [
		    ("grpc.keepalive_time_ms", 5000),
		    ("grpc.keepalive_permit_without_calls", 1)])
		assert channel.unary_unary("/x/y")(b"hello") == b"hello"
		time.sleep(1000)
	END
	begin_oldest "$port" 1s /usr/bin/python3 "$RUN_TMP/server.py" "$port"
	env GRPC_VERBOSITY=debug GRPC_TRACE=http,http_keepalive \
		/usr/bin/python3 "$RUN_TMP/client.py" "$port" \
		>"$RUN_TMP/client" 2>&1 3>&- &
	track $!
	wait_for 'grep -qi "Finish keepalive ping" "$RUN_TMP/client"'
	ends_at_once
}

# A server that speaks HTTP/2 only, and says when it has a request.
http2_server() { # PORT MS
	cat <<-END
		require('http2').createServer((request, response) => {
			console.log('REQUEST');
			setTimeout(() => response.end('ok'), $2);
		}).listen($1, '127.0.0.1');
	END
}

@test "an HTTP/2 client of nghttp2 between two requests does not hold the drain" {
	requires root pidns node h2load
	port=$(free_port)
	begin_oldest "$port" 1s node -e "$(http2_server "$port" 1)"
	# A request every ten seconds on one connection.
	h2load -c 1 -n 5 --rps 0.1 "http://127.0.0.1:$port/" \
		>"$RUN_TMP/h2load" 2>&1 3>&- &
	track $!
	wait_out REQUEST
	ends_at_once
}

# The server has acknowledged the client's SETTINGS since the request came, so
# that the connection looks idle: only QUIET covers the silence.
@test "an HTTP/2 request of nghttp2 is waited for, with a QUIET for its silence" {
	requires root pidns node h2load
	local QUIET=4s
	port=$(free_port)
	begin_oldest "$port" 20s node -e "$(http2_server "$port" 3000)"
	h2load -c 1 -n 1 "http://127.0.0.1:$port/" >"$RUN_TMP/h2load" 2>&1 3>&- &
	REQUEST=$!
	track "$REQUEST"
	wait_out REQUEST
	sleep 1
	stop_app
	wait "$REQUEST"
	assert_contains "$(cat "$RUN_TMP/h2load")" "1 succeeded, 0 failed"
	wait_exit
	assert_equal "$(logged drain-finished why)" "done"
}

# The client says "closed" when its kept connection has ended.
keep_connection() { # PORT
	python3 -c 'import http.client, sys
c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=60)
c.request("GET", "/")
c.getresponse().read()
print("answered", flush=True)
try:
    c.sock.recv(1)
except ConnectionResetError:
    pass
print("closed", flush=True)' "$1" >"$RUN_TMP/client" 3>&- &
	track $!
	wait_for 'grep -q answered "$RUN_TMP/client"'
}

@test "a Node server closes idle connections before the stop, with keepAliveTimeout" {
	requires root pidns node python3
	local timeout
	for timeout in 500 60000; do
		port=$(free_port)
		start_pid1 --grace 25s --delay 6s --drain auto/100ms -- node -e "
			const server = require('http').createServer(
				(request, response) => response.end('ok'));
			server.keepAliveTimeout = $timeout;
			server.listen($port, '127.0.0.1');"
		wait_port "$port"
		keep_connection "$port"
		stop_app
		wait_for 'grep -q closed "$RUN_TMP/client"' 30
		if [ "$timeout" = 500 ]; then
			assert_not_contains "$(cat "$LOG")" event=stop-signal
		fi
		wait_exit
		assert_equal "$(logged drain-finished why)" "done"
		# With the long one it is open until the program ends.
		if [ "$timeout" = 500 ]; then
			assert_equal "$(logged drain-finished connections)" 0
		else
			assert_equal "$(logged drain-finished connections)" 1
		fi
	done
}

@test "an MQTT client that published does not hold the drain" {
	requires root pidns mosquitto mosquitto_pub
	port=$(free_port)
	begin_oldest "$port" 1s mosquitto -v -p "$port"
	mkfifo "$RUN_TMP/messages"
	mosquitto_pub -p "$port" -t topic -l <"$RUN_TMP/messages" 3>&- &
	track $!
	exec 8>"$RUN_TMP/messages"
	echo hello >&8
	wait_for 'grep -q "Received PUBLISH" "$LOG"'
	ends_at_once
	exec 8>&-
}
