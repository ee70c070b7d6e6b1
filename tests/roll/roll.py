#!/usr/bin/env python3
"""Rolling deploys behind haproxy, counting every failed request.

    roll.py LASTCALL [--rolls N] [--servers python,node,shell]
                     [--inits NAME,...] [--lag S] [--json]

Each server runs as PID 1 of a PID namespace of its own, under an init or
none, behind Debian's haproxy, under a steady load without retries.  A roll
starts the replacement, puts it in the balancer, sends SIGTERM to the old one
and takes that out of the balancer LAG seconds later, as an endpoints
controller would; what is still there 10 s after SIGTERM is killed, as Docker
does.  The rolls of all inits are interleaved.
"""
import argparse
import http.client
import json
import os
import random
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


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def server_command(kind, port):
    if kind == "node":
        return ["node", f"{HERE}/server.js", str(port)]
    if kind == "shell":
        return ["sh", "-c", f"python3 {HERE}/server.py {port}; exit $?"]
    return ["python3", f"{HERE}/server.py", str(port)]


def init_command(name, lastcall, port):
    return {
        "none": [],
        "tini": ["tini", "--"],
        "tini -g": ["tini", "-g", "--"],
        "dumb-init": ["dumb-init", "--"],
        "catatonit": ["catatonit", "--"],
        "lastcall --delay 5s": [lastcall, "--delay", "5s", "--"],
        "lastcall --delay 2s --drain":
            [lastcall, "--delay", "2s", "--drain", str(port), "--"],
    }[name]


INITS = ("none", "tini", "tini -g", "dumb-init", "catatonit",
         "lastcall --delay 5s", "lastcall --delay 2s --drain")


class Server:
    """One server under one init, as PID 1 of its own namespace."""

    def __init__(self, kind, init, lastcall):
        self.port = free_port()
        command = ["unshare", "--pid", "--fork", "--mount-proc",
                   "--kill-child", "--"]
        command += init_command(init, lastcall, self.port)
        command += server_command(kind, self.port)
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        until = time.monotonic() + UP_LIMIT
        while not self.answers():
            if time.monotonic() > until:
                raise SystemExit(f"no answer from {' '.join(command)}")
            time.sleep(0.02)

    def answers(self):
        try:
            c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
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


class Load:
    """CLIENTS threads, each a request at a time; counts what fails."""

    def __init__(self, port):
        self.port = port
        self.done = self.failed = 0
        self.why = {}
        self.over = False
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.client, args=(n,))
                        for n in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def client(self, number):
        r = random.Random(number)
        while not self.over:
            ms = min(SLOWEST_MS, int(r.expovariate(1 / 120)))
            why = None
            try:
                c = http.client.HTTPConnection("127.0.0.1", self.port,
                                               timeout=30)
                c.request("GET", f"/{ms}")
                answer = c.getresponse()
                body = answer.read()
                if answer.status != 200 or body != b"ok\n":
                    why = str(answer.status)
                c.close()
            except (OSError, http.client.HTTPException) as e:
                why = type(e).__name__
            with self.lock:
                self.done += 1
                if why:
                    self.failed += 1
                    self.why[why] = self.why.get(why, 0) + 1

    def stop(self):
        self.over = True
        for thread in self.threads:
            thread.join()


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
    """One roll under load: (requests, failed, seconds, why)."""
    with tempfile.TemporaryDirectory() as folder:
        balancer = Balancer(folder)
        servers = []
        load = None
        try:
            servers.append(Server(kind, init, o.lastcall))
            balancer.put_in(0, servers[0].port)
            load = Load(balancer.port)
            servers.append(Server(kind, init, o.lastcall))
            time.sleep(0.5)
            seconds = roll(servers[0], 1, servers[1], balancer, o.lag)
            time.sleep(0.5)
            load.stop()
        finally:
            if load:
                load.stop()
            for server in servers:
                if server.process.poll() is None:
                    server.signal(signal.SIGKILL)
                    server.process.wait()
            balancer.process.kill()
            balancer.process.wait()
        return load.done, load.failed, seconds, load.why


def main():
    p = argparse.ArgumentParser()
    p.add_argument("lastcall")
    p.add_argument("--rolls", type=int, default=3)
    p.add_argument("--servers", default="python,node,shell")
    p.add_argument("--inits", default=",".join(INITS))
    p.add_argument("--lag", type=float, default=1.0)
    p.add_argument("--json", action="store_true")
    o = p.parse_args()
    o.lastcall = os.path.abspath(o.lastcall)
    kinds, inits = o.servers.split(","), o.inits.split(",")
    results = {(init, kind): [] for init in inits for kind in kinds}
    for number in range(o.rolls):
        for kind in kinds:
            for init in inits:
                one = measure(kind, init, o)
                results[init, kind].append(one)
                if not o.json:
                    print(f"# roll {number + 1}, {kind}, {init}: "
                          f"{one[1]} of {one[0]} failed, {one[2]:.1f} s "
                          f"{one[3] or ''}", file=sys.stderr, flush=True)
    if o.json:
        json.dump([{"init": init, "server": kind, "requests": r[0],
                    "failed": r[1], "seconds": round(r[2], 3)}
                   for (init, kind), rows in results.items() for r in rows],
                  sys.stdout)
        return
    print(f"Failed requests and seconds a roll (median of {o.rolls}); "
          f"out of the balancer {o.lag:g} s after SIGTERM")
    print(f"{'init':28}" + "".join(f"{kind:>18}" for kind in kinds))
    for init in inits:
        cells = ""
        for kind in kinds:
            failed = sum(r[1] for r in results[init, kind]) / o.rolls
            seconds = statistics.median(r[2] for r in results[init, kind])
            cells += f"{failed:9.1f} {seconds:6.1f} s"
        print(f"{init:28}{cells}")


if __name__ == "__main__":
    main()
