#!/usr/bin/env python3
"""The log: where it goes, and that it never waits for anybody.

tests/drivers/log.c logs; a case holds the other end of its stderr."""

import fcntl
import functools
import json
import os
import pty
import random
import re
import resource
import select
import socket
import subprocess
import sys
import tempfile
import termios

import tap

DRIVER = tap.built("drivers/log")
PROCESS = False  # lines go through the writer's process
FINISH = []
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
            [DRIVER, *(["process"] if PROCESS else []), *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=fd, preexec_fn=child, **popen)

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


def process(function):
    """As it is once the program runs."""
    @functools.wraps(function)
    def run():
        global PROCESS, FINISH
        PROCESS, FINISH = True, ["finish"]
        try:
            function()
        finally:
            PROCESS, FINISH = False, []
    return run


def both(function):
    """Before the program runs lastcall writes itself."""
    @functools.wraps(function)
    def run():
        function()
        process(function)()
    return run


@tap.case("a pipe gets every event, and no descriptor is passed on")
@both
def pipe():
    r, w = os.pipe()
    driver = Driver(w, "tick", "2", *FINISH, "flags", "fds", "pending")
    os.close(w)
    equal(lines(read_all(r)), [tick(1), tick(2)])
    equal(driver.end(), ["flags=same", "fds=0 1 2", "pending="])


def read_until_quiet(fd):
    """Until nothing comes for a while."""
    data = b""
    while select.select([fd], [], [], 1)[0]:
        part = os.read(fd, 65536)
        if not part:
            break
        data += part
    return data


def drops_when_full(r, w):
    fill(w)
    count = 9000 if PROCESS else 3
    driver = Driver(w, "tick", str(count), "wait", "tick", "2", *FINISH,
                    "flags", "fds")
    driver.ready()
    said = read_until_quiet(r) if PROCESS else read_now(r)
    kept = lines(said.lstrip(b"x")) if PROCESS else []
    equal(kept, [tick(n + 1) for n in range(len(kept))])
    assert (len(kept) > 100) == PROCESS
    driver.go_on()
    equal(driver.end(), ["flags=same", "fds=0 1 2"])
    equal(lines(read_now(r)), [tick(1, count - len(kept)), tick(2)])


@tap.case("a full pipe drops events and the next one says how many")
@both
def full_pipe():
    drops_when_full(*os.pipe())


@tap.case("a full named pipe drops events and the next one says how many")
@both
def full_fifo():
    with tempfile.TemporaryDirectory() as directory:
        path = directory + "/fifo"
        os.mkfifo(path)
        r = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        drops_when_full(r, os.open(path, os.O_WRONLY))


@tap.case("a full socket drops events and the next one says how many")
@both
def full_socket():
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        r, w = socket.socketpair(socket.AF_UNIX, kind)
        drops_when_full(r.fileno(), w.fileno())


@tap.case("what a killed writer has not written the next one writes")
@process
def killed_writer():
    """What it has not written is there for the next."""
    r, w = os.pipe()
    fill(w)
    driver = Driver(w, "tick", "3", "kill", "tick", "2", "kill", "tend",
                    "wait", "tick", "1", "finish")
    driver.ready()
    said = read_until_quiet(r).lstrip(b"x")
    driver.go_on()
    equal(driver.end(), [])
    os.close(w)
    said += read_all(r)
    equal(lines(said), [tick(1), tick(2), tick(3), tick(1), tick(2), tick(1)])


@tap.case("at the end too what a killed writer has not written is written")
@process
def killed_at_the_end():
    r, w = os.pipe()
    fill(w)
    driver = Driver(w, "tick", "3", "kill", "wait", "finish")
    driver.ready()
    read_now(r)
    driver.go_on()
    equal(driver.end(), [])
    os.close(w)
    equal(lines(read_all(r)), [tick(1), tick(2), tick(3)])


@tap.case("at the end a pipe that nobody reads is not waited for")
@process
def nobody_reads():
    """finish() does not wait for it."""
    r, w = os.pipe()
    fill(w)
    equal(Driver(w, "tick", "3", "finish").end(), [])
    os.close(r)


@tap.case("a peer's words go to stdout too")
@process
def plain():
    r, w = os.pipe()
    driver = Driver(w, "plain", "out", "tick", "1", "plain", "put", "finish")
    equal(driver.end(), ["output"])
    os.close(w)
    equal(lines(read_all(r)), [tick(1)])


@tap.case("a pipe that the program keeps full gets whole lines only")
@process
def shared_pipe():
    """A program fills the pipe as fast as it can, waiting for the reader."""
    r, w = os.pipe()
    app = subprocess.Popen(
        [sys.executable, "-c", "while True: print('app ' + 'y' * 300)"],
        stdout=w, stderr=subprocess.DEVNULL)
    driver = Driver(w, "tick", "500", "wait", "tick", "20000", "finish", "flags")
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
    """Somebody else's signal stays, once the program runs."""
    later = ["raise", "tick", "1", "finish", "pending"] if PROCESS else []
    driver = Driver(w, "wait", "tick", "2", "pending", *later, "fds")
    driver.ready()
    close_reader(r)
    driver.go_on()
    equal(driver.end(), ["pending=", *(["pending=PIPE"] if PROCESS else []),
                         "fds=0 1 2"])


@tap.case("a pipe whose reader is gone leaves no SIGPIPE but another process's")
@both
def broken_pipe():
    r, w = os.pipe()
    reader_gone(r, os.close, w)


@tap.case("a socket whose reader is gone leaves no SIGPIPE")
@both
def broken_socket():
    r, w = socket.socketpair()
    reader_gone(r, lambda s: s.close(), w.fileno())


@tap.case("a terminal stopped with ^S drops events and the next one says so",
          "terminals")
@both
def stopped_terminal():
    master, slave = pty.openpty()
    attributes = termios.tcgetattr(slave)
    attributes[1] &= ~termios.OPOST
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    driver = Driver(slave, "tick", "1", "wait", "tick", "3000", "flags",
                    "wait", "tick", "1", *FINISH, "fds")
    driver.ready()
    equal(lines(read_until_quiet(master)), [tick(1)])
    termios.tcflow(slave, termios.TCOOFF)
    driver.go_on()
    equal(driver.ready(), ["flags=same"])
    equal(read_now(master), b"")
    termios.tcflow(slave, termios.TCOON)
    kept = lines(read_until_quiet(master)) if PROCESS else []
    equal(kept, [tick(n + 1) for n in range(len(kept))])
    assert (len(kept) > 100) == PROCESS
    driver.go_on()
    equal(driver.end(), ["fds=0 1 2"])
    equal(lines(read_now(master)), [tick(1, 3000 - len(kept))])


@tap.case("a terminal that nobody reads gets whole lines",
          "terminals")
@process
def slow_terminal():
    """Nobody reads: the terminal's buffer takes a part of a line."""
    master, slave = pty.openpty()
    driver = Driver(slave, "tick", "3000", "wait", "tick", "2", "finish")
    driver.ready()
    said = read_until_quiet(master)
    driver.go_on()
    driver.end()
    os.close(slave)
    said = lines((said + read_all(master)).replace(b"\r\n", b"\n"))
    at = 0
    for line in said:
        match = re.fullmatch(rb"lastcall: event=tick n=(\d+) total_ms=\d+ "
                             rb"signal=TERM(?: dropped=(\d+))?", line)
        assert match, line
        at += 1 + int(match[2] or 0)
        equal(int(match[1]), at if at <= 3000 else at - 3000)
    equal(at, 3002)


@tap.case("a full disk is survived")
@both
def full_device():
    fd = os.open("/dev/full", os.O_WRONLY)
    equal(Driver(fd, "tick", "3", *FINISH, "flags", "fds", "pending").end(),
          ["flags=same", "fds=0 1 2", "pending="])


@tap.case("a file is appended to where its offset is")
@both
def plain_file():
    with tempfile.TemporaryFile() as file:
        file.write(b"before\n")
        file.flush()
        driver = Driver(file.fileno(), "tick", "2", *FINISH, "flags", "fds")
        equal(driver.end(), ["flags=same", "fds=0 1 2"])
        file.seek(0)
        equal(lines(file.read()), [b"before", tick(1), tick(2)])


@tap.case("a file at its size limit leaves no SIGXFSZ")
@both
def file_size_limit():
    limit = len(tick(1)) + 1 + 10

    def set_limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    with tempfile.TemporaryFile() as file:
        driver = Driver(file.fileno(), "tick", "5", *FINISH, "pending",
                        before=set_limit)
        equal(driver.end(), ["pending="])


@tap.case("with stderr closed nothing is written, nor to what takes its number")
@both
def closed():
    with tempfile.TemporaryDirectory() as directory:
        driver = Driver(None, "tick", "1", "occupy", "tick", "1", "line", "x",
                        *FINISH, before=lambda: os.chdir(directory))
        equal(driver.end(), ["occupied=2"])
        equal(os.path.getsize(directory + "/wrong"), 0)


@tap.case("a stderr that is open for reading only is not written to")
@both
def read_only():
    """A pipe's reading end is no place to write to, opened again or not."""
    with tempfile.TemporaryDirectory() as directory:
        path = directory + "/fifo"
        os.mkfifo(path)
        r = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        w = os.open(path, os.O_WRONLY)
        driver = Driver(r, "tick", "1", *FINISH, "fds")
        equal(driver.end(), ["fds=0 1 2"])
        os.close(w)
        equal(read_all(r), b"")


@tap.case("a descriptor of the log never takes a standard descriptor's number",
          "terminals")
@both
def low_descriptors():
    """stdin closed: the socket does not take its place."""
    master, slave = pty.openpty()
    driver = Driver(slave, "tick", "1", "occupy", *FINISH,
                    before=lambda: (os.close(0), os.chdir("/tmp")))
    equal(driver.end(), ["occupied=0"])
    os.unlink("/tmp/wrong")
    os.close(slave)
    equal(lines(read_all(master).replace(b"\r", b"")), [tick(1)])


@tap.case("values of any bytes give valid text, logfmt and JSON")
def values():
    chance = random.Random(1)
    texts = [bytes(chance.choices(range(1, 256), k=chance.randrange(0, 900)))
             for _ in range(300)]
    texts += [b"plain", b"", b"two words", b"a=b", b'"', b"\\", b"\x1b[31m",
              "\u00e9\U0001f600".encode(), b"\x01" * 900, b"\xed\xa0\x80",
              "\u00e9".encode() * 400]
    for form in ("text", "logfmt", "json"):
        for at in range(0, len(texts), 50):
            part = texts[at:at + 50]
            words = [w for text in part for w in (b"value", text)]
            r, w = os.pipe()
            fcntl.fcntl(w, 1031, 1 << 20)  # F_SETPIPE_SZ
            driver = Driver(w, *([form] if form != "text" else []), *words)
            os.close(w)
            said = lines(read_all(r))
            driver.end()
            equal(len(said), len(part))
            for text, line in zip(part, said):
                check_value(form, text, line)


TS = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@tap.case("a value in parts is whole, and no character is cut")
def parts():
    for text in (b"x" * 5000, "\u00e9".encode() * 2000, b"\xff" * 3000,
                 b"\x01" * 3000, b"\x80" * 3000, b"short",
                 ("a" + "\U0001f600" * 999).encode()):
        r, w = os.pipe()
        fcntl.fcntl(w, 1031, 1 << 20)  # F_SETPIPE_SZ
        driver = Driver(w, "json", "parts", text)
        os.close(w)
        said = lines(read_all(r))
        driver.end()
        assert max(len(line) for line in said) < 2048
        records = [json.loads(line) for line in said]
        equal("".join(record["value"] for record in records),
              text.decode(errors="replace"))
        equal([record["last"] for record in records],
              [False] * (len(records) - 1) + [True])


def check_value(form, text, line):
    assert len(line) < 2048, len(line)
    want = text.decode(errors="replace")
    if form == "json":
        record = json.loads(line)
        equal(list(record), ["ts", "level", "source", "event", "value", "after"])
        assert re.fullmatch(TS, record["ts"]), record["ts"]
        equal((record["level"], record["source"]), ("warning", "lastcall"))
        value = record["value"]
    else:
        head = "lastcall:" if form == "text" else \
            f"ts={TS} level=warning source=lastcall"
        match = re.fullmatch(head.encode() + rb" event=said value=(.*) after=1",
                             line)
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


@tap.case("events, warnings and lines have the same keys in every format")
def forms():
    r, w = os.pipe()
    Driver(w, "warn", "13", "warn", "0", "line", "no such luck", "json",
           "warn", "13", "line", 'say "no"', "tick", "1", "logfmt",
           "warn", "13", "line", 'say "no"', "tick", "1").end()
    os.close(w)
    said = lines(read_all(r))
    equal(said[:3], [
        b'lastcall: event=warning what="that did not work" '
        b'error="permission denied"',
        b'lastcall: event=warning what="that did not work"',
        b"lastcall: no such luck"])
    records = [json.loads(line) for line in said[3:6]]
    for record in records:
        del record["ts"]
        equal(record.pop("source"), "lastcall")
    equal(records, [
        {"level": "warning", "event": "warning", "what": "that did not work",
         "error": "permission denied"},
        {"level": "error", "event": "error", "message": 'say "no"'},
        {"level": "info", "event": "tick", "n": 1, "total_ms": 1000,
         "signal": "TERM"}])
    equal([re.sub(f"^ts={TS} ", "", line.decode()) for line in said[6:]], [
        'level=warning source=lastcall event=warning what="that did not work" '
        'error="permission denied"',
        'level=error source=lastcall event=error message="say \\"no\\""',
        "level=info source=lastcall event=tick n=1 total_ms=1000 signal=TERM"])


@tap.case("--quiet keeps back all but what stops a start")
def quiet():
    r, w = os.pipe()
    Driver(w, "quiet", "tick", "3", "warn", "13", "line", "refused").end()
    os.close(w)
    equal(read_all(r), b"lastcall: refused\n")


@tap.case("the termination log is one line, and is never waited for")
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


tap.main()
