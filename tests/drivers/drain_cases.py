#!/usr/bin/env python3
"""lastcall --drain before a server that dies of SIGTERM, one case a test.

Usage: drain_cases.py LASTCALL FIXTURES CASE.  Ends with 0 when no request
was cut that should not be, and the drain lasted as long as it should, else
with a traceback and lastcall's log.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

LASTCALL, FIXTURES = sys.argv[1:3]
SERVER = os.path.join(os.path.dirname(__file__),
                      "../fixtures/drain_server.py")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Service:
    """lastcall and the server, up to READY."""

    started = []

    def __init__(self, quiet, *options, before=()):
        self.port = free_port()
        self.log_file = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [*before, LASTCALL, "--grace", "50s", "--pre-stop-limit", "40s",
             "--drain", f"{self.port}/{quiet}", *options, "--",
             sys.executable, SERVER, str(self.port)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
            stderr=self.log_file)
        Service.started.append(self)
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

    def stop(self):
        self.stopped = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        until = time.monotonic() + 20
        while "drain-started" not in self.log():
            assert time.monotonic() < until
            time.sleep(0.01)

    def log(self):
        # Not seek(): the offset is lastcall's too.
        return os.pread(self.log_file.fileno(), 65536, 0).decode()

    def event(self, name):
        """The keys of an event, or None where there is none yet."""
        for line in self.log().splitlines():
            words = line.removeprefix("lastcall: ").split()
            if f"event={name}" in words:
                return dict(word.split("=", 1) for word in words)
        return None

    def end(self, why="done", least_ms=0):
        """How the drain ended; the server died of the stop signal."""
        assert self.process.wait(50) == 128 + signal.SIGTERM
        finished = self.event("drain-finished")
        assert finished["why"] == why, finished
        assert int(finished["duration_ms"]) >= least_ms, finished
        order = [self.log().index(f"event={name}") for name in
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


def streamed():
    service = Service("1200ms")
    call = Call(service.connect(), "/stream/8/400")
    service.wait("got /stream/8/400")
    service.stop()
    call.expect(b"part" * 8)
    service.end(least_ms=3000)


def tie():
    service = Service("300ms")
    connection = service.connect()
    until = time.monotonic() + 20
    while True:
        get(connection, "/fast")
        call = Call(connection, "/tie/3000")
        call.join(0.5)
        if call.is_alive():
            break
        assert time.monotonic() < until, "no ties here"
    service.wait("tie")
    service.stop()
    call.expect(b"yes")
    service.end(least_ms=2000)


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


def restarted():
    """Requests that come 500 ms apart, QUIET is 1.5 s."""
    service = Service("1500ms")
    connection = service.connect()
    get(connection, "/fast")
    service.stop()
    for _ in range(6):
        time.sleep(0.5)
        assert get(connection, "/fast") == b"fast"
    last = time.monotonic()
    service.end(least_ms=int((last - service.stopped) * 1000) + 1400)


def from_request():
    """A connection a request; at the stop request there is none."""
    service = Service("1500ms")
    for _ in range(2):
        with service.connect().sock as sock:
            sock.sendall(b"GET /fast HTTP/1.1\r\n\r\n")
            assert sock.recv(100)
    time.sleep(1)
    service.stop()
    assert service.event("drain-started")["connections"] == "0"
    time.sleep(0.5)
    call = Call(service.connect(), "/slow/200")
    call.expect(b"slow")
    service.end(least_ms=1500)


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


def refused():
    """Where sock_diag is refused an idle connection holds it, said once."""
    service = Service("300ms", "--pre-stop-limit", "2s",
                      before=[FIXTURES + "/no_netlink"])
    connection = service.connect()
    get(connection, "/fast")
    service.stop()
    service.end("limit", least_ms=2000)
    assert service.log().count("sock_diag") == 1, service.log()
    service = Service("300ms", before=[FIXTURES + "/no_netlink"])
    connection = service.connect()
    get(connection, "/fast")
    connection.close()
    service.stop()
    service.end(least_ms=300)


signal.alarm(55)
try:
    globals()[sys.argv[3]]()
except BaseException:
    for started in Service.started:
        print(started.log(), file=sys.stderr)
        started.process.send_signal(signal.SIGKILL)
    raise
