#!/usr/bin/env python3
"""lastcall --drain before a server that dies of SIGTERM: no request is cut off
that should not be, and the drain lasts as long as it should."""

import datetime
import http.client
import itertools
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import tap

LASTCALL, FIXTURES = tap.LASTCALL, tap.FIXTURES
SERVER = os.path.join(tap.TOP, "tests/under/drain_server.py")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Service:
    """lastcall and the server, up to READY."""

    def __init__(self, quiet, *options, before=(), program=(), drain=None,
                 server=SERVER):
        self.port = free_port()
        self.forks = "--fork" in before
        self.log_file = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [*before, LASTCALL, "--grace", "50s", "--pre-stop-limit", "40s",
             "--drain", drain or f"{self.port}/{quiet}", *options, "--",
             *program, sys.executable, server, str(self.port)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
            stderr=self.log_file)
        tap.on_failure(lambda: print(self.log()))
        self.said = []
        self.news = threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.wait("READY")

    def read(self):
        for line in self.process.stdout:
            with self.news:
                self.said.append(line.strip())
                self.news.notify_all()

    def wait(self, line, count=1):
        """Until the server has said so."""
        with self.news:
            assert self.news.wait_for(
                lambda: self.said.count(line) >= count, 30), self.said

    def connect(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=45)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def send(self, number):
        """To lastcall, which may be below unshare."""
        pid = self.process.pid
        if self.forks:
            with open(f"/proc/{pid}/task/{pid}/children") as children:
                pid = int(children.read())
        os.kill(pid, number)

    def discard(self):
        """Ends the server, and so lastcall."""
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            os.kill(int(children.read()), signal.SIGKILL)
        self.process.wait(30)

    def stop(self):
        self.stopped = time.monotonic()
        self.send(signal.SIGTERM)
        until = time.monotonic() + 20
        while "drain-started" not in self.log():
            assert time.monotonic() < until
            time.sleep(0.01)

    def log(self):
        # Not seek(): the offset is lastcall's too.
        return os.pread(self.log_file.fileno(), 65536, 0).decode()

    def events(self):
        """Each event's keys, from a log of either format."""
        for line in self.log().splitlines():
            if line.startswith("{"):
                yield {key: str(value) for key, value
                       in json.loads(line).items()}
            elif line.startswith("lastcall: event="):
                yield dict(word.split("=", 1) for word in line.split()[1:]
                           if "=" in word)

    def event(self, name):
        """The keys of an event, or None where there is none yet."""
        return next((event for event in self.events()
                     if event["event"] == name), None)

    def end(self, why="done", least_ms=0):
        """How the drain ended; the server died of the stop signal."""
        assert self.process.wait(50) == 128 + signal.SIGTERM
        finished = self.event("drain-finished")
        assert finished["why"] == why, finished
        assert int(finished["duration_ms"]) >= least_ms, finished
        order = [event["event"] for event in self.events()]
        order = [order.index(name) for name in
                 ("drain-started", "drain-finished", "stop-signal", "exited")]
        assert order == sorted(order)
        return finished


class Call(threading.Thread):
    """A request in a thread of its own; its answer, or what went wrong."""

    def __init__(self, connection, path, method="GET", body=None):
        super().__init__(daemon=True)
        self.call = (connection, path, method, body)
        self.result = None
        self.start()

    def run(self):
        connection, path, method, body = self.call
        try:
            connection.request(method, path, body)
            self.result = connection.getresponse().read()
        except (OSError, http.client.HTTPException) as error:
            self.result = error

    def expect(self, body):
        self.join(45)
        assert self.result == body, self.result


def get(connection, path):
    connection.request("GET", path)
    return connection.getresponse().read()


@tap.case("a request of 2 s in flight is completed")
def in_flight():
    service = Service("300ms")
    call = Call(service.connect(), "/slow/2000")
    service.wait("got /slow/2000")
    begun = time.monotonic()
    service.stop()
    assert service.event("drain-started")["in_flight"] == "1"
    call.expect(b"slow")
    # It was held for the rest of the 2 s, and for QUIET behind the answer.
    least = int((2 - (service.stopped - begun)) * 1000) + 300
    service.end(least_ms=least - 100)


@tap.case("idle keep-alive connections do not hold the drain")
def idle():
    service = Service("300ms")
    connections = [service.connect() for _ in range(5)]
    for connection in connections:
        assert get(connection, "/fast") == b"fast"
    silent = [service.connect() for _ in range(2)]
    service.stop()
    finished = service.end()
    assert (finished["connections"], finished["in_flight"]) == ("7", "0")
    # Generous; held by one of them it were 40 s.
    assert int(finished["duration_ms"]) < 20000, finished
    del silent


@tap.case("a streamed answer with pauses holds the drain")
def streamed():
    service = Service("1200ms")
    call = Call(service.connect(), "/stream/8/400")
    service.wait("got /stream/8/400")
    service.stop()
    call.expect(b"part" * 8)
    service.end(least_ms=3000)


@tap.case("a request in the clock tick of the answer before it holds the drain")
def tie():
    service = Service("300ms")
    connection = service.connect()
    until = time.monotonic() + 20
    while True:
        get(connection, "/fast")
        call = Call(connection, "/tie/3000")
        call.join(0.5)
        if call.is_alive() and "tie" in service.said:
            break
        call.join(45)
        assert time.monotonic() < until, "no ties here"
    service.wait("tie")
    service.stop()
    call.expect(b"yes")
    service.end(least_ms=2000)


@tap.case("a large upload behind an answer holds the drain")
def upload():
    service = Service("300ms")
    connection = service.connect()
    assert get(connection, "/fast") == b"fast"
    call = Call(connection, "/upload/2000", "POST", b"x" * (64 << 20))
    service.wait("read")
    service.stop()
    assert service.event("drain-started")["in_flight"] == "1"
    call.expect(b"done")
    service.end(least_ms=1000)


@tap.case("bytes that are not acknowledged yet hold the drain")
def unacknowledged():
    """The program is done; the kernel still has the bytes."""
    service = Service("300ms")
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    client.connect(("127.0.0.1", service.port))
    client.sendall(b"GET /big/500000 HTTP/1.1\r\n\r\n")
    service.wait("sent")
    service.stop()
    assert service.event("drain-started")["in_flight"] == "1"
    while time.monotonic() < service.stopped + 2:
        assert service.event("drain-finished") is None, service.log()
        time.sleep(0.05)
    left = 500000 + len(b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n")
    while left > 0:
        left -= len(client.recv(65536))
    service.end(least_ms=2000)
    client.close()


@tap.case("new requests during the quiet time start it anew")
def restarted():
    """Requests that come 500 ms apart for 3 s, QUIET is 2.5 s."""
    service = Service("2500ms")
    connection = service.connect()
    get(connection, "/fast")
    service.stop()
    for _ in range(6):
        time.sleep(0.5)
        assert get(connection, "/fast") == b"fast"
    last = time.monotonic()
    service.end(least_ms=int((last - service.stopped) * 1000) + 2400)


@tap.case("QUIET counts from the stop request, so that new connections are served")
def from_request():
    """A connection a request; at the stop request there is none."""
    service = Service("4s")
    for _ in range(2):
        with service.connect().sock as sock:
            sock.sendall(b"GET /fast HTTP/1.1\r\n\r\n")
            assert sock.recv(100)
    # Counted from these it would be over before the next one comes.
    time.sleep(3.7)
    service.stop()
    assert service.event("drain-started")["connections"] == "0"
    time.sleep(0.5)
    call = Call(service.connect(), "/slow/200")
    call.expect(b"slow")
    service.end(least_ms=4000)


@tap.case("the limit ends the drain, and the log says how many it cut off")
def limit():
    service = Service("300ms", "--pre-stop-limit", "1500ms")
    calls = [Call(service.connect(), "/slow/60000") for _ in range(3)]
    service.wait("got /slow/60000", 3)
    idle_one = service.connect()
    get(idle_one, "/fast")
    service.stop()
    finished = service.end("limit", least_ms=1500)
    assert finished["in_flight"] == "3", finished
    assert service.event("exited")["cut_off"] == "3", service.log()
    for call in calls:
        call.join(45)
        assert isinstance(call.result, Exception), call.result


@tap.case("near the limit the stop comes between the requests of busy clients",
          "root", "pidns")
def gap():
    """Of what was in flight nothing is cut, though the server dies at once."""
    service = Service("1s", "--pre-stop-limit", "8s", "--log-format",
                      "json", before=["unshare", "--pid", "--fork",
                                        "--kill-child", "--mount-proc"])
    traffic = Traffic(service, 12)
    traffic.wait_answers(12)
    service.stop()
    finished = service.end("gap", least_ms=5900)
    assert finished["in_flight"] == "0", finished
    assert service.event("exited")["cut_off"] == "0", service.log()
    traffic.join()
    service.reader.join(30)
    # A request that the server never took is repeated by every client.
    taken = {int(line.rsplit("/", 1)[1]) for line in service.said
             if line.startswith("got /slow/100/")}
    assert len(taken) > 100, len(taken)
    # What comes when nothing is in flight any more may meet the signal.
    looked = datetime.datetime.fromisoformat(finished["ts"]).timestamp()
    cut = [looked - traffic.begun[number]
           for number in taken - set(traffic.answered)]
    assert all(before < 0.02 for before in cut), cut
    # At most other moments the stop would have cut some.
    share = traffic.busy_share(looked - 6, looked)
    assert share > 0.6, share


@tap.case("a request that comes while it is found out whom to stop is answered",
          "root", "pidns", "strace")
def late_request():
    """In the gap before it nothing was in flight; the stop waits for it."""
    service = Service("1s", "--pre-stop-limit", "8s",
                      before=["unshare", "--pid", "--fork", "--kill-child",
                              "--mount-proc"])
    connection = service.connect()
    service.stop()
    pid = service.process.pid
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        pid = int(children.read())
    # Each look through /proc takes a second now.
    with subprocess.Popen(
            ["strace", "-p", str(pid), "-o", "/dev/null", "-e",
             "inject=getdents64:delay_enter=250000"],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True) as slow:
        assert "attached" in slow.stderr.readline()
        # The last quarter begins with a request, and a moment without one.
        rest_ms = int((service.stopped + 6.2 - time.monotonic()) * 1000)
        assert get(connection, f"/slow/{rest_ms}") == b"slow"
        time.sleep(0.15)
        assert get(connection, "/slow/1200") == b"slow"
        service.end("limit")


class Traffic:
    """Clients with kept connections: 100 ms of work, some 100 ms between.

    With so many of them there is hardly a moment without a request.  Now and
    then nobody begins one, for 0.12 s from the last answer on, however slow
    the machine is.
    """

    CLOSED_S = 0.12

    def __init__(self, service, clients):
        self.news = threading.Condition()
        self.is_open = True
        self.busy = 0
        self.begun, self.answered = {}, {}  # number of a request: when
        self.numbers = itertools.count()
        self.threads = [threading.Thread(target=self.client, daemon=True,
                                         args=[service.connect()])
                        for _ in range(clients)]
        for thread in self.threads:
            thread.start()
        threading.Thread(target=self.pause_now_and_then, daemon=True).start()

    def pause_now_and_then(self):
        while True:
            time.sleep(random.uniform(0.5, 0.9))
            with self.news:
                self.is_open = False
                self.news.wait_for(lambda: self.busy == 0)
            time.sleep(self.CLOSED_S)
            with self.news:
                self.is_open = True
                self.news.notify_all()

    def client(self, connection):
        while self.request(connection):
            time.sleep(random.uniform(0.05, 0.15))

    def request(self, connection):
        """False at the end of the connection."""
        with self.news:
            while not self.is_open:
                self.news.wait_for(lambda: self.is_open)
                # Not all of them at once.
                self.news.wait_for(lambda: not self.is_open,
                                   random.uniform(0, 0.12))
            self.busy += 1
            number = next(self.numbers)
            self.begun[number] = time.time()
        try:
            done = get(connection, f"/slow/100/{number}") == b"slow"
        except (OSError, http.client.HTTPException):
            done = False
        with self.news:
            self.busy -= 1
            if done:
                self.answered[number] = time.time()
            self.news.notify_all()
        return done

    def wait_answers(self, count):
        with self.news:
            assert self.news.wait_for(lambda: len(self.answered) >= count, 30)

    def join(self):
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()

    def busy_share(self, start, end):
        """The part of that time in which a request was in flight."""
        busy, at = 0, start
        for number, begun in sorted(self.begun.items()):
            ended = min(self.answered.get(number, end), end)
            busy += max(0, ended - max(begun, at))
            at = max(at, ended)
        return busy / (end - start)


@tap.case("where sock_diag is refused /proc tells most idle connections")
def refused():
    """Where sock_diag is refused /proc tells what it can, said once."""
    no_netlink = [FIXTURES + "/no_netlink"]
    service = Service("300ms", "--pre-stop-limit", "30s", before=no_netlink)
    quick, fresh = service.connect(), service.connect()
    get(quick, "/fast")
    busy = Call(service.connect(), "/slow/2000")
    service.wait("got /slow/2000")
    time.sleep(0.5)
    service.stop()
    started = service.event("drain-started")
    assert (started["in_flight"], started["unclear"]) == ("1", "1"), started
    busy.join(30)
    assert busy.result == b"slow"
    # An answer that was slow cannot be told from none: to the limit.
    assert service.event("drain-finished") is None
    for _ in range(2):
        time.sleep(0.1)
        service.send(signal.SIGINT)
    service.end("interrupt")
    assert service.log().count("sock_diag") == 1, service.log()

    service = Service("300ms", before=no_netlink)
    quick, fresh = service.connect(), service.connect()
    get(quick, "/fast")
    time.sleep(0.5)
    service.stop()
    service.end(least_ms=300)
    del fresh


@tap.case("a /proc that shows processes only has the connections all the same",
          "root", "pidns")
def no_net_files():
    """/proc shows processes and no more (systemd's ProcSubset=pid)."""
    mounts = ["unshare", "-m", "sh", "-c",
              'mount -t proc -o subset=pid proc /proc && exec "$@"', "sh"]
    for before in (mounts, mounts + [FIXTURES + "/no_netlink"]):
        service = Service("300ms", before=before)
        call = Call(service.connect(), "/slow/2000")
        service.wait("got /slow/2000")
        idle_one = service.connect()
        begun = time.monotonic()
        service.stop()
        assert service.event("drain-started")["in_flight"] == "1"
        call.expect(b"slow")
        call.call[0].close()
        service.end(least_ms=int((2 - (service.stopped - begun)) * 1000) - 100)
        idle_one.close()


@tap.case("ports that cannot be looked at are not waited for, and the log says so",
          "root", "pidns")
def blind():
    """Neither sock_diag nor /proc: a request in flight is cut off."""
    hidden = ["unshare", "-m", "sh", "-c",
              'mount -t tmpfs none /proc && exec "$@"', "sh",
              FIXTURES + "/no_netlink"]
    service = Service("300ms", before=hidden)
    call = Call(service.connect(), "/slow/60000")
    service.wait("got /slow/60000")
    service.stop()
    finished = service.end()
    assert (finished["connections"], finished["in_flight"]) == ("0", "0")
    assert service.log().count("cannot look at the ports: not waiting for "
                               "them") == 1, service.log()
    call.join(45)
    assert isinstance(call.result, Exception), call.result


@tap.case("auto finds the port, as PID 1 and below one, and no busy neighbour's",
          "root", "pidns")
def auto():
    """The server's port is found, and a busy neighbour's is not."""
    neighbour = Service("300ms")
    held = [Call(neighbour.connect(), "/slow/20000") for _ in range(4)]
    neighbour.wait("got /slow/20000", 4)
    for before in ([], ["unshare", "--pid", "--fork", "--kill-child",
                        "--mount-proc"]):
        service = Service("300ms", drain="auto/300ms", before=before)
        call = Call(service.connect(), "/slow/2000")
        service.wait("got /slow/2000")
        service.stop()
        started = service.event("drain-started")
        assert started["ports"] == str(service.port), started
        assert started["in_flight"] == "1", started
        call.expect(b"slow")
        service.end(least_ms=1000)
    del held
    neighbour.discard()


@tap.case("auto is not the ready port, either, even where nobody can be looked up",
          "root", "pidns")
def auto_ready_port():
    """Without a /proc every port counts, but that of lastcall's own."""
    hidden = ["unshare", "-m", "sh", "-c",
              'mount -t tmpfs none /proc && exec "$@"', "sh"]
    for before in ([], hidden, hidden, hidden):
        ready = free_port()
        service = Service("300ms", "--ready-port", str(ready),
                          drain="auto/100ms/1s", before=before)
        service.stop()
        ports = service.event("drain-started")["ports"].split(",")
        assert str(service.port) in ports, ports
        assert str(ready) not in ports, ports
        assert len(ports) == 1 or before, ports
        service.send(signal.SIGINT)
        time.sleep(0.2)
        service.send(signal.SIGINT)
        assert service.process.wait(50) == 128 + signal.SIGTERM


@tap.case("auto finds another user's port without CAP_SYS_PTRACE",
          "root", "pidns", "setpriv")
def other_user():
    """PID 1 with Docker's rights, and a program of another user."""
    # That user may not read the tree, which root's home may hold.
    with tempfile.TemporaryDirectory(prefix="lastcall-open.") as folder:
        os.chmod(folder, 0o755)
        service = Service(
            "300ms", drain="auto/300ms", server=shutil.copy(SERVER, folder),
            before=["setpriv", "--bounding-set=-sys_ptrace", "unshare",
                    "--pid", "--fork", "--kill-child", "--mount-proc"],
            program=["setpriv", "--reuid=1234", "--clear-groups"])
    call = Call(service.connect(), "/slow/2000")
    service.wait("got /slow/2000")
    service.stop()
    started = service.event("drain-started")
    assert started["ports"] == str(service.port), started
    assert started["in_flight"] == "1", started
    call.expect(b"slow")
    service.end(least_ms=1000)


@tap.case("a drained port on which the program does not listen is warned about")
def nobody_listens():
    service = Service("300ms", "--drain", "1,2")
    service.stop()
    service.end()
    warned = [line for line in service.log().splitlines()
              if "does not listen on this port" in line]
    assert len(warned) == 2, service.log()
    assert " port=1" in warned[0] and " port=2" in warned[1], warned


@tap.case("--drain twice adds up")
def two_options():
    """Ports of several --drain add up."""
    service = Service("300ms", "--drain", "1/200ms")
    call = Call(service.connect(), "/slow/2000")
    service.wait("got /slow/2000")
    service.stop()
    assert service.event("drain-started")["in_flight"] == "1"
    call.expect(b"slow")
    service.end(least_ms=1000)


@tap.case("auto mixed with ports is all of them, and a port given twice is one")
def mixed():
    """What auto finds is named as well, and so is a port without a listener."""
    service = Service("300ms", "--drain", "1,1", drain="auto/200ms")
    port = str(service.port)
    again = Service("300ms", "--drain", "auto")
    for drained, ports in ((service, {"1", port}), (again, {str(again.port)})):
        call = Call(drained.connect(), "/slow/1500")
        drained.wait("got /slow/1500")
        drained.stop()
        started = drained.event("drain-started")
        assert set(started["ports"].split(",")) == ports, started
        assert started["connections"] == "1", started
        assert started["in_flight"] == "1", started
        call.expect(b"slow")
        drained.end(least_ms=500)
    assert service.log().count("does not listen on this port") == 1


@tap.case("a request that is older than OLDEST does not hold the drain")
def oldest():
    """A client's last word that is older than OLDEST is not waited for."""
    service = Service("300ms", drain="auto/300ms/4s")
    calls = [Call(service.connect(), "/slow/60000") for _ in range(3)]
    service.wait("got /slow/60000", 3)
    time.sleep(4.1)
    young = Call(service.connect(), "/slow/2000")
    service.wait("got /slow/2000")
    service.stop()
    assert service.event("drain-started")["in_flight"] == "1"
    young.expect(b"slow")
    finished = service.end()
    assert finished["in_flight"] == "0", finished
    del calls


tap.main()
