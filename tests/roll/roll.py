#!/usr/bin/env python3
"""Rolling deploys behind balancers, counting every failed request.

    roll.py LASTCALL [--rolls N] [--servers python,node,shell]
                     [--inits NAME,...] [--balancers NAME,...] [--lag S]
                     [--json]

Each server runs as PID 1 of a PID namespace of its own, under an init or
none, behind a balancer, under a steady load without retries.  A roll starts
the replacement, puts it in the balancer, sends SIGTERM to the old one and
takes that out of the balancer LAG seconds later, as an endpoints controller
would; what is still there 10 s after SIGTERM is killed, as Docker does.  The
rolls of all inits are interleaved.

With --balancers nobody tells the balancer: haproxy and caddy check the servers
every 0.5 s, and nginx notices when a connection is refused.  lastcall has a
ready port for that; for tini, SIGTERM comes after a sleep, as with a preStop
hook.  The names are in SCENES below; an empty word is none of them.
"""
import argparse
import contextlib
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
KILL_AFTER = 10.0     # seconds: docker stop's own
CLIENTS = 12          # connections that each send request after request
SLOWEST_MS = 1000     # the longest request; most are much shorter
UP_LIMIT = 30.0       # seconds for a server to answer


def free_port(host="127.0.0.1"):
    with socket.socket() as s:
        s.bind((host, 0))
        return s.getsockname()[1]


def server_command(kind, host, port):
    if kind == "node":
        return ["node", f"{HERE}/server.js", host, str(port)]
    if kind == "shell":
        return ["sh", "-c",
                f"python3 {HERE}/server.py {host} {port}; exit $?"]
    return ["python3", f"{HERE}/server.py", host, str(port)]


def init_command(name, lastcall, ready):
    return {
        "tini after a sleep": ["tini", "--"],
        "lastcall --ready-port --drain auto":
            [lastcall, "--ready-port", ready, "--drain", "auto", "--"],
        "lastcall --drain auto --pre-stop-limit 4s":
            [lastcall, "--drain", "auto", "--pre-stop-limit", "4s", "--"],
        "none": [],
        "tini": ["tini", "--"],
        "tini -g": ["tini", "-g", "--"],
        "dumb-init": ["dumb-init", "--"],
        "catatonit": ["catatonit", "--"],
        "lastcall --delay 5s": [lastcall, "--delay", "5s", "--"],
        "lastcall --delay 2s --drain auto":
            [lastcall, "--delay", "2s", "--drain", "auto", "--"],
    }[name]


INITS = ("none", "tini", "tini -g", "dumb-init", "catatonit",
         "lastcall --delay 5s", "lastcall --delay 2s --drain auto")
CHECK_S = 0.5         # between a balancer's checks
CHECK_FALL = 2        # failures that it wants to see
SLEEP_S = 3.0         # of the preStop hook
CHECKED_KILL = 30.0   # Kubernetes' own


class Scene:
    """A balancer that nobody tells, and its clients."""

    def __init__(self, balancer, check, clients, **load):
        self.balancer, self.check = balancer, check
        self.clients, self.load = clients, load
        # nginx checks nothing: it is for the gap between requests.
        self.inits = ("tini after a sleep",
                      "lastcall --ready-port --drain auto" if check else
                      "lastcall --drain auto --pre-stop-limit 4s")


# Behind nginx the clients pause and POST: what was cut is not tried again.
SCENES = {
    "haproxy-http": Scene("haproxy", "http", "new"),
    "haproxy-tcp": Scene("haproxy", "tcp", "new"),
    "haproxy-http-kept": Scene("haproxy", "http", "kept"),
    "haproxy-tcp-h2": Scene("haproxy", "tcp", "h2"),
    "caddy-http-kept": Scene("caddy", "http", "kept"),
    "caddy-http-h2": Scene("caddy", "http", "h2"),
    "nginx-post-kept": Scene("nginx", None, "kept", method="POST",
                             pause_s=0.3, mean_ms=40),
    "nginx-post-h2": Scene("nginx", None, "h2", method="POST", mean_ms=40),
}


class Server:
    """One server under one init, as PID 1 of its own namespace."""

    def __init__(self, kind, init, lastcall, host="127.0.0.1", ports=None):
        self.host = host
        self.port, self.ready = ports or (free_port(host), free_port(host))
        self.log = tempfile.TemporaryFile("w+")
        command = ["unshare", "--pid", "--fork", "--mount-proc",
                   "--kill-child", "--"]
        command += init_command(init, lastcall, f"{host}:{self.ready}")
        command += server_command(kind, host, self.port)
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL,
                                        stderr=self.log)
        until = time.monotonic() + UP_LIMIT
        while not self.answers():
            if time.monotonic() > until or self.process.poll() is not None:
                raise SystemExit(f"no answer from {' '.join(command)}")
            time.sleep(0.02)

    def answers(self):
        try:
            c = http.client.HTTPConnection(self.host, self.port, timeout=2)
            c.request("GET", "/0")
            return c.getresponse().status == 200
        except OSError:
            return False

    def signal(self, number):
        """To PID 1 of the namespace, as a runtime does."""
        try:
            with open(f"/proc/{self.process.pid}/task/{self.process.pid}"
                      "/children") as f:
                os.kill(int(f.read().split()[0]), number)
        except (OSError, IndexError):
            pass

    def end(self):
        if self.process.poll() is None:
            self.signal(signal.SIGKILL)
            self.process.wait()

    def drained(self):
        """Why the drain ended; None where there was none."""
        text = os.pread(self.log.fileno(), 65536, 0).decode()
        found = re.search(r"event=drain-finished why=(\w+)", text)
        return found and found[1]


class Balancer:
    def __init__(self, folder):
        self.port = free_port()
        self.admin = f"{folder}/admin"
        env = dict(os.environ, ROLL_DIR=folder, ROLL_PORT=str(self.port))
        haproxy = shutil.which("haproxy") or "/usr/sbin/haproxy"
        self.process = subprocess.Popen(
            [haproxy, "-db", "-f", f"{HERE}/haproxy.cfg"], env=env,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        until = time.monotonic() + UP_LIMIT
        while not os.path.exists(self.admin):
            if time.monotonic() > until:
                raise SystemExit("haproxy does not start")
            time.sleep(0.02)

    def say(self, line):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.admin)
            s.sendall(line.encode() + b"\n")
            return s.recv(65536)

    def put_in(self, slot, port):
        self.say(f"set server servers/slot{slot} addr 127.0.0.1 port {port}")
        self.say(f"set server servers/slot{slot} state ready")

    def take_out(self, slot):
        self.say(f"set server servers/slot{slot} state drain")


def haproxy_config(_, port, scene, servers):
    h2 = " proto h2" if scene.clients == "h2" else ""
    lines = ["defaults", "  mode http", "  timeout connect 2s",
             "  timeout client 30s", "  timeout server 30s",
             "  retries 0", "listen all", f"  bind 127.0.0.1:{port}{h2}"]
    if scene.check == "http":
        lines += ["  option httpchk GET /0",
                  "  http-check expect status 200"]
    for n, (server, check_port) in enumerate(servers):
        lines.append(f"  server s{n} {server.host}:{server.port} check "
                     f"port {check_port} inter {int(CHECK_S * 1000)}ms "
                     f"fall {CHECK_FALL} rise 1")
    return lines


def nginx_config(folder, port, scene, servers):
    h2 = " http2" if scene.clients == "h2" else ""
    lines = ["daemon off; user root; error_log /dev/null;",
             f"pid {folder}/nginx.pid;", "events { }", "http {",
             "  access_log off;"]
    for part in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
        lines.append(f"  {part}_temp_path {folder}/{part};")
    lines.append("  upstream servers {")
    for server, _ in servers:
        lines.append(f"    server {server.host}:{server.port} max_fails=1 "
                     "fail_timeout=10s;")
    return lines + [
        "  }", f"  server {{ listen 127.0.0.1:{port}{h2};",
        "    location / { proxy_pass http://servers; } } }"]


def caddy_config(_, port, scene, servers):
    # One port of the check for all servers, which have an address each.
    to = " ".join(f"{server.host}:{server.port}" for server, _ in servers)
    h2 = " h2c" if scene.clients == "h2" else ""
    return ["{", "  admin off", "  auto_https off",
            "  servers {", f"    protocols h1 h2{h2}", "  }", "}",
            f"http://127.0.0.1:{port} {{", f"  reverse_proxy {to} {{",
            "    health_uri /0", f"    health_port {servers[0][1]}",
            f"    health_interval {int(CHECK_S * 1000)}ms",
            "    health_timeout 1s", "  }", "}"]


class CheckingBalancer:
    """A balancer that finds out by itself who is ready."""

    def __init__(self, folder, scene, servers, init):
        self.port = free_port()
        path = f"{folder}/config"
        with_ports = [(server, server.ready if "ready-port" in init
                       else server.port) for server in servers]
        lines = {"haproxy": haproxy_config, "nginx": nginx_config,
                 "caddy": caddy_config}[scene.balancer](
                     folder, self.port, scene, with_ports)
        with open(path, "w", encoding="ascii") as f:
            f.write("\n".join(lines) + "\n")
        program = (shutil.which(scene.balancer) or
                   f"/usr/sbin/{scene.balancer}")
        command = {"haproxy": [program, "-db", "-f", path],
                   "nginx": [program, "-c", path],
                   "caddy": [program, "run", "--adapter", "caddyfile",
                             "--config", path]}[scene.balancer]
        self.process = subprocess.Popen(
            command, env=dict(os.environ, HOME=folder,
                              XDG_DATA_HOME=folder, XDG_CONFIG_HOME=folder),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        until = time.monotonic() + UP_LIMIT
        while True:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if time.monotonic() > until or self.process.poll() is not None:
                raise SystemExit(f"{scene.balancer} does not start")
            time.sleep(0.02)

    def end(self):
        # nginx's workers end with it at TERM only.
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Load:
    """CLIENTS threads, each a request at a time; counts what fails."""

    def __init__(self, port, kept=False, method="GET", pause_s=0.0,
                 mean_ms=120):
        self.port, self.kept, self.method = port, kept, method
        self.pause_s, self.mean_ms = pause_s, mean_ms
        self.done = self.failed = 0
        self.why = {}
        self.over = False
        self.lock = threading.Lock()
        self.start()

    def start(self):
        self.threads = [threading.Thread(target=self.client, args=(n,))
                        for n in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def client(self, number):
        r = random.Random(number)
        c = None
        while not self.over:
            ms = min(SLOWEST_MS, int(r.expovariate(1 / self.mean_ms)))
            if self.pause_s:
                time.sleep(r.uniform(0.5, 1.5) * self.pause_s)
            why = None
            try:
                if c is None or not self.kept:
                    c = http.client.HTTPConnection("127.0.0.1", self.port,
                                                   timeout=30)
                c.request(self.method, f"/{ms}",
                          b"x" if self.method == "POST" else None)
                answer = c.getresponse()
                body = answer.read()
                if answer.status != 200 or body != b"ok\n":
                    why = str(answer.status)
                if not self.kept:
                    c.close()
            except (OSError, http.client.HTTPException) as e:
                why = type(e).__name__
                c.close()
                c = None
            self.count(1, why, 1)
        if c is not None:
            c.close()

    def count(self, done, why, failed):
        with self.lock:
            self.done += done
            if why:
                self.failed += failed
                self.why[why] = self.why.get(why, 0) + failed

    def stop(self):
        self.over = True
        for thread in self.threads:
            thread.join()


class Http2Load(Load):
    """h2load again and again: 12 requests at a time on 3 connections."""

    def start(self):
        self.threads = [threading.Thread(target=self.client, args=(0,))]
        self.threads[0].start()

    def client(self, number):
        r = random.Random(number)
        with tempfile.TemporaryDirectory() as folder:
            command = ["h2load", "-c", "3", "-m", "4", "-n", "60", "-i",
                       f"{folder}/urls"]
            if self.method == "POST":
                with open(f"{folder}/body", "w", encoding="ascii") as f:
                    f.write("x")
                # Three connections, 8 requests a second each.
                command += ["-d", f"{folder}/body", "--rps", "8"]
            while not self.over:
                with open(f"{folder}/urls", "w", encoding="ascii") as f:
                    for _ in range(60):
                        ms = min(SLOWEST_MS,
                                 int(r.expovariate(1 / self.mean_ms)))
                        f.write(f"http://127.0.0.1:{self.port}/{ms}\n")
                out = subprocess.run(command, check=False, text=True,
                                     stdin=subprocess.DEVNULL,
                                     capture_output=True).stdout
                found = re.search(r"requests: (\d+) total.* (\d+) succeeded",
                                  out)
                if not found:
                    raise SystemExit(f"h2load says: {out}")
                failed = int(found[1]) - int(found[2])
                self.count(int(found[1]), failed and "h2load", failed)


def roll(old, new_slot, new, balancer, lag):
    """Replaces old by new; returns the seconds that old took to go."""
    balancer.put_in(new_slot, new.port)
    start = time.monotonic()
    old.signal(signal.SIGTERM)
    try:
        old.process.wait(lag)
    except subprocess.TimeoutExpired:
        pass
    time.sleep(max(0.0, start + lag - time.monotonic()))
    balancer.take_out(1 - new_slot)
    try:
        old.process.wait(max(0.0, start + KILL_AFTER - time.monotonic()))
    except subprocess.TimeoutExpired:
        old.signal(signal.SIGKILL)
        old.process.wait()
    # Out of the balancer at the latest; that is when the deploy goes on.
    return max(time.monotonic() - start, lag)


def measure(kind, init, o):
    """One roll under load: (requests, failed, seconds, why, drained)."""
    with tempfile.TemporaryDirectory() as folder, \
            contextlib.ExitStack() as stack:
        balancer = Balancer(folder)
        stack.callback(balancer.process.wait)
        stack.callback(balancer.process.kill)
        servers = [Server(kind, init, o.lastcall)]
        stack.callback(servers[0].end)
        balancer.put_in(0, servers[0].port)
        load = Load(balancer.port)
        stack.callback(load.stop)
        servers.append(Server(kind, init, o.lastcall))
        stack.callback(servers[1].end)
        time.sleep(0.5)
        seconds = roll(servers[0], 1, servers[1], balancer, o.lag)
        time.sleep(0.5)
        load.stop()
        return load.done, load.failed, seconds, load.why, servers[0].drained()


def measure_scene(scene, kind, init, o):
    """The same, behind a balancer that nobody tells."""
    with tempfile.TemporaryDirectory() as folder, \
            contextlib.ExitStack() as stack:
        servers = []
        ports = None
        for host in ("127.0.0.2", "127.0.0.3"):
            server = Server(kind, init, o.lastcall, host, ports)
            stack.callback(server.end)
            ports = (server.port, server.ready)
            servers.append(server)
        balancer = CheckingBalancer(folder, scene, servers, init)
        stack.callback(balancer.end)
        if scene.clients == "h2":
            load = Http2Load(balancer.port, **scene.load)
        else:
            load = Load(balancer.port, kept=scene.clients == "kept",
                        **scene.load)
        stack.callback(load.stop)
        time.sleep(3 * CHECK_S)
        start = time.monotonic()
        if "sleep" in init:
            time.sleep(SLEEP_S)
        servers[0].signal(signal.SIGTERM)
        try:
            servers[0].process.wait(CHECKED_KILL)
        except subprocess.TimeoutExpired:
            servers[0].signal(signal.SIGKILL)
        seconds = time.monotonic() - start
        # Who was not told finds out now.
        time.sleep((CHECK_FALL + 2) * CHECK_S)
        load.stop()
        return load.done, load.failed, seconds, load.why, servers[0].drained()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("lastcall")
    p.add_argument("--rolls", type=int, default=3)
    p.add_argument("--servers", default="python,node,shell")
    p.add_argument("--inits", default=",".join(INITS))
    p.add_argument("--balancers", default=",".join(SCENES))
    p.add_argument("--lag", type=float, default=1.0)
    p.add_argument("--json", action="store_true")
    o = p.parse_args()
    o.lastcall = os.path.abspath(o.lastcall)
    kinds = o.servers.split(",")
    inits = [name for name in o.inits.split(",") if name]
    # Each row: its balancer and init, and how one roll is measured.
    rows = {("told", init):
            (lambda kind, init=init: measure(kind, init, o))
            for init in inits}
    for name in filter(None, o.balancers.split(",")):
        for init in SCENES[name].inits:
            rows[name, init] = (
                lambda kind, init=init, scene=SCENES[name]:
                measure_scene(scene, kind, init, o))
    results = {(row, kind): [] for row in rows for kind in kinds}
    for number in range(o.rolls):
        for kind in kinds:
            for row, measure_one in rows.items():
                one = measure_one(kind)
                results[row, kind].append(one)
                print(f"# roll {number + 1}, {kind}, {', '.join(row)}: "
                      f"{one[1]} of {one[0]} failed, {one[2]:.1f} s "
                      f"{one[3] or ''} {one[4] or ''}",
                      file=sys.stderr, flush=True)
    if o.json:
        json.dump([{"balancer": row[0], "init": row[1], "server": kind,
                    "requests": r[0], "failed": r[1],
                    "seconds": round(r[2], 3), "drained": r[4]}
                   for (row, kind), list_ in results.items()
                   for r in list_],
                  sys.stdout)
        return
    print(f"Failed requests and seconds a roll (mean and median of {o.rolls}).")
    print(f"told: haproxy, out of which the old server is taken {o.lag:g} s "
          "after SIGTERM")
    print(f"{'balancer':19}{'init':42}" +
          "".join(f"{kind:>18}" for kind in kinds))
    for row in rows:
        cells = ""
        for kind in kinds:
            failed = sum(r[1] for r in results[row, kind]) / o.rolls
            seconds = statistics.median(r[2] for r in results[row, kind])
            cells += f"{failed:9.1f} {seconds:6.1f} s"
        print(f"{row[0]:19}{row[1]:42}{cells}")


if __name__ == "__main__":
    main()
