#!/usr/bin/env python3
"""Holds the other end of the driver's stderr, one function a test.

Usage: log_sinks.py DRIVER TEST.  Ends with 0 when the driver did as the
function says, else with a traceback.
"""

import fcntl
import json
import os
import pty
import random
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import termios

DRIVER = sys.argv[1]
TICK = b"lastcall: event=tick n=%d total_ms=%d000 signal=TERM"


class Driver:
    """The driver with its stderr on `fd` (None: closed)."""

    def __init__(self, fd, *words, before=None, **popen):
        def child():
            if fd is None:
                os.close(2)
            if before:
                before()

        self.process = subprocess.Popen(
            [DRIVER, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=fd, preexec_fn=child, **popen)

    def ready(self):
        """Until it waits: that it came here at all is the point."""
        assert select.select([self.process.stdout], [], [], 20)[0], "it waits"
        lines = []
        while True:
            line = self.process.stdout.readline().decode().strip()
            assert line, "it has ended"
            if line == "READY":
                return lines
            lines.append(line)

    def go_on(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def end(self):
        """What it said; its exit code must be 0."""
        out = self.process.communicate(timeout=20)[0].decode().splitlines()
        assert self.process.returncode == 0, self.process.returncode
        return [line for line in out if line != "READY"]


def equal(got, want):
    assert got == want, f"got {got!r}, want {want!r}"


def tick(n, dropped=0):
    line = TICK % (n, n)
    return line + b" dropped=%d" % dropped if dropped else line


def fill(fd):
    os.set_blocking(fd, False)
    for size in (4096, 1):
        try:
            while True:
                os.write(fd, b"x" * size)
        except BlockingIOError:
            pass
    os.set_blocking(fd, True)


def read_all(fd):
    """Everything up to the end of file."""
    data = b""
    while True:
        try:
            part = os.read(fd, 65536)
        except OSError:  # a pty whose other side is gone
            return data
        if not part:
            return data
        data += part


def read_now(fd):
    os.set_blocking(fd, False)
    data = b""
    try:
        while True:
            data += os.read(fd, 65536)
    except BlockingIOError:
        pass
    os.set_blocking(fd, True)
    return data


def lines(data):
    assert data.endswith(b"\n"), data[-100:]
    return data[:-1].split(b"\n")


def pipe():
    r, w = os.pipe()
    driver = Driver(w, "tick", "2", "flags", "fds", "pending")
    os.close(w)
    equal(lines(read_all(r)), [tick(1), tick(2)])
    equal(driver.end(), ["flags=same", "fds=0 1 2", "pending="])


def drops_when_full(r, w):
    fill(w)
    driver = Driver(w, "tick", "3", "wait", "tick", "2", "flags", "fds")
    driver.ready()
    assert set(read_now(r)) == set(b"x")
    driver.go_on()
    equal(driver.end(), ["flags=same", "fds=0 1 2"])
    equal(lines(read_now(r)), [tick(1, 3), tick(2)])


def full_pipe():
    drops_when_full(*os.pipe())


def full_fifo():
    with tempfile.TemporaryDirectory() as directory:
        path = directory + "/fifo"
        os.mkfifo(path)
        r = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        drops_when_full(r, os.open(path, os.O_WRONLY))


def full_socket():
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        r, w = socket.socketpair(socket.AF_UNIX, kind)
        drops_when_full(r.fileno(), w.fileno())


def other_users_pipe():
    """Such a pipe may be written to but not opened again."""
    r, w = os.pipe()

    def drop():
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)

    # That user may not search the folder where the driver lies.
    program = os.open(DRIVER, os.O_RDONLY)
    driver = Driver(w, "tick", "1", before=drop, pass_fds=[program],
                    executable=f"/proc/self/fd/{program}")
    os.close(w)
    equal(lines(read_all(r)), [tick(1)])
    driver.end()


def shared_pipe():
    """A program fills the pipe as fast as it can, waiting for the reader."""
    r, w = os.pipe()
    app = subprocess.Popen(
        [sys.executable, "-c", "while True: print('app ' + 'y' * 300)"],
        stdout=w, stderr=subprocess.DEVNULL)
    driver = Driver(w, "tick", "500", "wait", "tick", "20000", "flags")
    driver.ready()
    driver.go_on()
    os.close(w)
    seen = b""
    while driver.process.poll() is None:
        seen += os.read(r, 65536)
    app.kill()
    app.wait()
    seen += read_all(r)
    equal(driver.end(), ["flags=same"])
    ticks = 0
    for line in seen.split(b"\n")[:-1]:
        # The program's buffer may end within its own line.
        ticks += len(re.findall(rb"lastcall: event=tick n=\d+ total_ms=\d+ "
                                rb"signal=TERM(?: dropped=\d+)?$", line))
    equal(ticks, seen.count(b"lastcall:"))


def reader_gone(r, close_reader, w):
    driver = Driver(w, "wait", "tick", "2", "pending", "raise", "tick", "1",
                    "pending", "fds")
    driver.ready()
    close_reader(r)
    driver.go_on()
    equal(driver.end(), ["pending=", "pending=PIPE", "fds=0 1 2"])


def broken_pipe():
    r, w = os.pipe()
    reader_gone(r, os.close, w)


def broken_socket():
    r, w = socket.socketpair()
    reader_gone(r, lambda s: s.close(), w.fileno())


def stopped_terminal():
    master, slave = pty.openpty()
    attributes = termios.tcgetattr(slave)
    attributes[1] &= ~termios.OPOST
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    driver = Driver(slave, "tick", "1", "wait", "tick", "3000", "flags",
                    "wait", "tick", "1", "fds")
    driver.ready()
    equal(lines(read_now(master)), [tick(1)])
    termios.tcflow(slave, termios.TCOOFF)
    driver.go_on()
    equal(driver.ready(), ["flags=same"])
    termios.tcflow(slave, termios.TCOON)
    equal(read_now(master), b"")
    driver.go_on()
    equal(driver.end(), ["fds=0 1 2"])
    equal(lines(read_now(master)), [tick(1, 3000)])


def slow_terminal():
    """Nobody reads: the terminal's buffer takes a part of a line."""
    master, slave = pty.openpty()
    driver = Driver(slave, "tick", "3000", "wait", "tick", "2")
    driver.ready()
    before = b""
    while select.select([master], [], [], 0)[0]:
        before += os.read(master, 65536)
    assert before.count(b"\n") < 3000
    driver.go_on()
    driver.end()
    os.close(slave)
    said = (before + read_all(master)).replace(b"\r\n", b"\n").split(b"\n")
    assert re.fullmatch(re.escape(tick(1)) + rb" dropped=\d+", said[-3]), said
    equal(said[-2:], [tick(2), b""])
    whole = [line for line in said if re.fullmatch(
        rb"lastcall: event=tick n=(?P<n>\d+) total_ms=(?P=n)000 signal=TERM", line)]
    assert len(whole) >= len(said) - 3, said[-4:]


def full_device():
    fd = os.open("/dev/full", os.O_WRONLY)
    equal(Driver(fd, "tick", "3", "flags", "fds", "pending").end(),
          ["flags=same", "fds=0 1 2", "pending="])


def plain_file():
    with tempfile.TemporaryFile() as file:
        file.write(b"before\n")
        file.flush()
        driver = Driver(file.fileno(), "tick", "2", "flags", "fds")
        equal(driver.end(), ["flags=same", "fds=0 1 2"])
        file.seek(0)
        equal(lines(file.read()), [b"before", tick(1), tick(2)])


def file_size_limit():
    limit = len(tick(1)) + 1 + 10

    def set_limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    with tempfile.TemporaryFile() as file:
        driver = Driver(file.fileno(), "tick", "5", "pending",
                        before=set_limit)
        equal(driver.end(), ["pending="])


def closed():
    with tempfile.TemporaryDirectory() as directory:
        driver = Driver(None, "tick", "1", "occupy", "tick", "1", "line", "x",
                        before=lambda: os.chdir(directory))
        equal(driver.end(), ["occupied=2"])
        equal(os.path.getsize(directory + "/wrong"), 0)


def read_only():
    """A pipe's reading end is no place to write to, opened again or not."""
    with tempfile.TemporaryDirectory() as directory:
        path = directory + "/fifo"
        os.mkfifo(path)
        r = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        w = os.open(path, os.O_WRONLY)
        driver = Driver(r, "tick", "1", "fds")
        equal(driver.end(), ["fds=0 1 2"])
        os.close(w)
        equal(read_all(r), b"")


def low_descriptors():
    """stdin closed, stderr a terminal that has to be opened again."""
    master, slave = pty.openpty()
    driver = Driver(slave, "tick", "1", "occupy",
                    before=lambda: (os.close(0), os.chdir("/tmp")))
    equal(driver.end(), ["occupied=0"])
    os.unlink("/tmp/wrong")
    os.close(slave)
    equal(lines(read_all(master).replace(b"\r", b"")), [tick(1)])


def values():
    chance = random.Random(1)
    texts = [bytes(chance.choices(range(1, 256), k=chance.randrange(0, 900)))
             for _ in range(300)]
    texts += [b"plain", b"", b"two words", b"a=b", b'"', b"\\", b"\x1b[31m",
              "\u00e9\U0001f600".encode(), b"\x01" * 900, b"\xed\xa0\x80",
              "\u00e9".encode() * 400]
    for form in ("text", "json"):
        for at in range(0, len(texts), 50):
            part = texts[at:at + 50]
            words = [w for text in part for w in (b"value", text)]
            r, w = os.pipe()
            fcntl.fcntl(w, 1031, 1 << 20)  # F_SETPIPE_SZ
            driver = Driver(w, *([form] if form == "json" else []), *words)
            os.close(w)
            said = lines(read_all(r))
            driver.end()
            equal(len(said), len(part))
            for text, line in zip(part, said):
                check_value(form, text, line)


def check_value(form, text, line):
    assert len(line) < 2048, len(line)
    want = text.decode(errors="replace")
    if form == "json":
        record = json.loads(line)
        equal(list(record), ["ts", "event", "value", "after"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
                            record["ts"]), record["ts"]
        value = record["value"]
    else:
        match = re.fullmatch(rb"lastcall: event=said value=(.*) after=1", line)
        assert match, line
        value = match[1].decode()
        if value.startswith('"'):
            value = json.loads(value)
        else:
            assert re.fullmatch(r'[^\s"=\\]+', value), value
    # How many U+FFFD a broken sequence makes is nobody's business.
    squeeze = re.compile("\ufffd+")
    value, want = (squeeze.sub("\ufffd", s) for s in (value, want))
    if len(text) <= 160:
        equal(value, want)
    elif value != want:
        assert value.endswith("..."), value[-10:]
        assert want.startswith(value[:-3].rstrip("\ufffd")), (value, want)


def forms():
    r, w = os.pipe()
    Driver(w, "warn", "13", "warn", "0", "line", "no such luck", "json",
           "warn", "13", "line", 'say "no"', "tick", "1").end()
    os.close(w)
    said = lines(read_all(r))
    equal(said[:3], [
        b'lastcall: event=warning what="that did not work" '
        b'error="permission denied"',
        b'lastcall: event=warning what="that did not work"',
        b"lastcall: no such luck"])
    records = [json.loads(line) for line in said[3:]]
    for record in records:
        del record["ts"]
    equal(records, [
        {"event": "warning", "what": "that did not work",
         "error": "permission denied"},
        {"event": "error", "message": 'say "no"'},
        {"event": "tick", "n": 1, "total_ms": 1000, "signal": "TERM"}])


def quiet():
    r, w = os.pipe()
    Driver(w, "quiet", "tick", "3", "warn", "13", "line", "refused").end()
    os.close(w)
    equal(read_all(r), b"lastcall: refused\n")


def termination():
    with tempfile.TemporaryDirectory() as directory:
        path = directory + "/log"
        with open(path, "w") as file:
            file.write("something longer that was there before\n")
        fifo = directory + "/fifo"
        os.mkfifo(fifo)
        there = os.path.exists("/dev/termination-log")
        words = [] if there else ["end", "-", "not here"]
        Driver(2, "end", path, "killed at the deadline", "end", "", "nowhere",
               "end", directory, "nowhere", "end", fifo, "nobody reads",
               "end", directory + "/new", "x" * 5000, *words).end()
        equal(os.path.exists("/dev/termination-log"), there)
        with open(path) as file:
            equal(file.read(), "killed at the deadline\n")
        with open(directory + "/new") as file:
            assert re.fullmatch("x+\n", file.read())


signal.alarm(60)
globals()[sys.argv[2]]()
