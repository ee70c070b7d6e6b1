#!/usr/bin/env bats
# Real programs from Debian, as PID 1's child, stopped with work in flight:
# each with the recipe that the documentation gives for it.

load ../helpers

BATS_TEST_TIMEOUT=120

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
	python3 "$TOP/tests/roll/server.py" "$back" 3>&- &
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
	wait_in_flight "$port"
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
	start_app --drain "$port" --stop INT -- \
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
	start_app --drain "$port" --success-on-stop -- \
		java "$RUN_TMP/Server.java" "$port"
	wait_port "$port"
	begin_request "http://127.0.0.1:$port/"
	wait_in_flight "$port"
	stop_app
	request_completes
	assert_equal "$(cat "$RUN_TMP/answer")" ok
	# The JVM ends with 143 after a SIGTERM that went well.
	ends_with 0
	assert_match "$(cat "$LOG")" 'event=child-exited pid=[0-9]+ code=143'
}

@test "a Node server: --drain lets a request finish" {
	requires root pidns node curl ss
	port=$(free_port)
	start_app --drain "$port" --success-on-stop -- \
		node "$TOP/tests/roll/server.js" "$port"
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
