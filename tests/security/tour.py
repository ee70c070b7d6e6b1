#!/usr/bin/env python3
"""A tour of everything lastcall does, for what it asks of the kernel.

    tour.py trace    LASTCALL FIXTURES FILE   each scene under strace -f; FILE
                                              gets the calls of each, as JSON
    tour.py used     LIST FILE LIBC           is the list what was called?
    tour.py network  FILE                     what lastcall's own process, not
                                              one it forked, asked the network
    tour.py filtered LASTCALL FIXTURES LIST FILE LIBC
                          each scene under a seccomp filter that allows what
                          the list has for it, and kills for anything else
    tour.py needed   LASTCALL FIXTURES LIST FILE LIBC
                          the same less one call, for each: it must show

LIST is docs/system-calls.txt.  What the programs that lastcall starts call
themselves, and the list does not have, is allowed besides: the first two show
that lastcall does not call it.
"""
import concurrent.futures
import contextlib
import ctypes
import json
import os
import pty
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import confine

LIMIT = 30  # seconds for any one event
NAMES = ("lastcall", "tini", "dumb-init", "catatonit")
SIGRTMIN = 34
NETWORK = ("socket", "connect", "bind", "listen", "accept4", "recvfrom",
           "recvmsg", "sendmsg")
libc = ctypes.CDLL(None)


class Failed(Exception):
    pass


def expect(what, actual, wanted):
    if actual != wanted:
        raise Failed(f"{what}: {actual!r}, not {wanted!r}")


def wait_for(what, condition, process=None):
    until = time.monotonic() + LIMIT
    while True:
        over = time.monotonic() > until or \
            (process is not None and process.poll() is not None)
        if condition():
            return
        if over:
            raise Failed(f"never: {what}")
        time.sleep(0.01)


def enter_mounts(beside):
    if beside is True:
        result = libc.unshare(0x20000)  # CLONE_NEWNS
    else:
        result = libc.setns(os.open(f"/proc/{beside}/ns/mnt", os.O_RDONLY), 0)
    if result:
        raise OSError("no mount namespace")


class Server(threading.Thread):
    """Answers every HTTP call with 204, over TCP and a Unix socket."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.unix = socket.socket(socket.AF_UNIX)
        self.unix.bind(path)
        self.unix.listen()

    def accept(self, listener):
        while True:
            # A caller may be killed in the middle.
            with listener.accept()[0] as s, contextlib.suppress(OSError):
                s.recv(4096)
                s.sendall(b"HTTP/1.1 204 None\r\n\r\n")

    def run(self):
        threading.Thread(target=self.accept, args=[self.unix],
                         daemon=True).start()
        self.accept(self.tcp)


def copy(source, target):
    """Copies a program or a folder of them, in a process of its own: a file
    that this one writes is open in what another thread forks meanwhile, and
    cannot be run until that has become something else (ETXTBSY)."""
    subprocess.run(["cp", "-r", source, target], check=True)


class Tour:
    """What a scene needs: starts lastcall under the tour's conditions."""

    def __init__(self, lastcall, fixtures, folder, allowed=None, trace=None):
        self.lastcall, self.folder = lastcall, folder
        self.allowed, self.trace = allowed, trace
        self.bin = f"{folder}/bin"
        os.mkdir(self.bin)
        for name in NAMES:
            copy(lastcall, f"{self.bin}/{name}")
        for name in ("sigprint", "stray", "state"):
            copy(f"{fixtures}/{name}", self.bin)
        copy(f"{fixtures}/stray", f"{self.bin}/sh")
        self.out, self.log = f"{folder}/out", f"{folder}/log"
        self.started = []

    def path(self, name):
        return f"{self.bin}/{name}"

    def text(self, path):
        with contextlib.suppress(FileNotFoundError):
            with open(path, encoding="utf-8", errors="replace") as f:
                return f.read()
        return ""

    def start(self, argv, name="lastcall", root=None, terminal=None,
              stderr=None, env=None, beside=None, wait=False):
        """Starts lastcall; its pid is the process's own under strace, too.

        With `beside` in a mount namespace of its own, or in that process's.
        """
        argv = [self.path(name) if root is None else f"/bin/{name}", *argv]
        if self.trace and root:
            argv, root = ["/usr/sbin/chroot", root, *argv], None
        if self.trace:
            argv = [shutil.which("strace"), "-D", "-f", "-qq", "-o",
                    f"{self.trace}.{len(self.started)}", *argv]

        program = confine.program(self.allowed) if self.allowed else None

        def prepare():
            for n in range(1, 65):
                if n not in (9, 19, 32, 33):
                    signal.signal(n, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            if terminal is not None:
                os.setsid()
                libc.ioctl(terminal, 0x540E, 0)  # TIOCSCTTY
                for fd in range(3):
                    os.dup2(terminal, fd)
            if beside:
                enter_mounts(beside)
            if root:
                os.chroot(root)
            if program:
                confine.install(program)

        with open(self.out, "ab") as out, open(self.log, "ab") as log:
            process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=out, env=env,
                stderr=log if stderr is None else stderr,
                close_fds=False, preexec_fn=prepare)
        self.started.append(process)
        if wait:
            wait_for("READY", lambda: "READY" in self.text(self.out), process)
        return process

    def end(self, process, wanted):
        try:
            expect("exit status", process.wait(LIMIT), wanted)
        except subprocess.TimeoutExpired:
            raise Failed("does not end") from None

    def run(self, argv, wanted, **how):
        self.end(self.start(argv, **how), wanted)

    def says(self, text):
        wait_for(text, lambda: text in self.text(self.log))

    def close(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()
        # Who is killed may have forked after the list was made.
        while any([self.kill(pid) for pid in os.listdir("/proc")]):
            time.sleep(0.01)

    def kill(self, pid):
        """Kills it, if it runs a program of the tour's; did it?"""
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{pid}/exe").startswith(f"{self.folder}/"):
                os.kill(int(pid), signal.SIGKILL)
                return True
        return False


# A scene: the marks of the list that it needs beside "always".
SCENES = {}


def scene(*marks):
    def add(function):
        SCENES[function.__name__] = (function, marks)
        return function
    return add


@scene()
def life(t):
    """Starts, forwards, with a value too, is asked to stop, and stops."""
    p = t.start(["-v", "-w", "--scope", "child", "--", t.path("sigprint"),
                 "-x", "15", "-c", "7"], wait=True)
    p.send_signal(signal.SIGUSR1)
    wait_for("USR1", lambda: "USR1" in t.text(t.out), p)
    libc.sigqueue(p.pid, SIGRTMIN + 2, ctypes.c_void_p(42))
    wait_for("a value", lambda: "RTMIN+2 36 value=42" in t.text(t.out), p)
    p.send_signal(signal.SIGTERM)
    t.end(p, 7)
    expect("forced", "forced=false" in t.text(t.log), True)


@scene()
def shell(t):
    """A shell's child is told; the deadline passes; survivors are named."""
    p = t.start(["--grace", "2s", "--termination-log", f"{t.folder}/why",
                 "--", t.path("sh"), "-k", t.path("sigprint")], wait=True)
    p.send_signal(signal.SIGTERM)
    t.end(p, 143)
    if not t.trace:  # looking around takes too long under strace
        expect("told", "TERM 15" in t.text(t.out), True)
        expect("survivor", "event=survivor" in t.text(t.log), True)
    expect("written", "stop forced" in t.text(f"{t.folder}/why"), True)


@scene()
def strays(t):
    """A daemon that is left behind is swept."""
    t.run(["--sweep", "200ms", "--", t.path("stray"), t.path("sigprint")], 0)
    if not t.trace:
        expect("swept", "swept=1" in t.text(t.log), True)


@scene()
def refusals(t):
    """What cannot be started, and what is asked wrongly."""
    t.run(["--", f"{t.folder}/none"], 127)
    t.run(["--grace", "x", "--", t.path("sigprint")], 125)
    script = f"{t.folder}/script"
    with open(script, "w", encoding="ascii") as f:
        f.write("exit 3\n")
    os.chmod(script, 0o700)
    env = dict(os.environ, PATH=f"{t.folder}:{t.bin}")
    t.run(["--", "script"], 3, env=env)
    broken = f"{t.folder}/broken"
    with open(broken, "w", encoding="ascii") as f:
        f.write("#!/no/interpreter\n")
    os.chmod(broken, 0o700)
    t.run(["--", broken], 126)


@scene()
def parent_death(t):
    t.run(["-s", "-p", "TERM", "--", t.path("state"), f"{t.folder}/state"], 0)


@scene()
def pages(t):
    for words in (["--help"], ["--version"], ["--plan", "--grace", "4s"]):
        t.run(words, 0)


@scene()
def logs(t):
    """stderr as a pipe, a named pipe, a socket, and one that is not read."""
    command = ["-v", "--", t.path("state"), f"{t.folder}/state", "4"]
    for pair in (os.pipe(), [s.detach() for s in socket.socketpair()]):
        t.run(command, 4, stderr=pair[1])
        expect("said", b"event=exited" in os.read(pair[0], 65536), True)
        for fd in pair:
            os.close(fd)
    os.mkfifo(f"{t.folder}/pipe")
    reader = os.open(f"{t.folder}/pipe", os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(f"{t.folder}/pipe", os.O_WRONLY)
    t.run(command, 4, stderr=writer)
    expect("said", b"event=exited" in os.read(reader, 65536), True)
    os.close(reader)
    t.run(command, 4, stderr=writer)
    os.close(writer)


@scene("ready-file")
def ready_file(t):
    ready = f"{t.folder}/ready"
    p = t.start(["--ready-file", ready, "--", t.path("sigprint"), "-x", "15"],
                wait=True)
    wait_for("the file", lambda: os.path.exists(ready), p)
    p.send_signal(signal.SIGTERM)
    t.end(p, 0)
    expect("removed", os.path.exists(ready), False)


def answer(port):
    """What a health check gets."""
    with contextlib.suppress(OSError), \
            socket.create_connection(("127.0.0.1", port), LIMIT) as s:
        s.sendall(b"GET / HTTP/1.1\r\n\r\n")
        return s.makefile("rb").read()
    return b""


@scene("ready-port")
def ready_port(t):
    """Health checks, with a check that fails, and after its process's end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for check, says in (([], b"200 OK"), (["--ready-check", "/none"],
                                          b"exited with 127")):
        p = t.start(["--ready-port", str(port), *check, "--",
                     t.path("sigprint"), "-x", "15"], wait=True)
        wait_for("an answer", lambda: says in answer(port), p)
        with open(f"/proc/{p.pid}/task/{p.pid}/children",
                  encoding="ascii") as f:
            for pid in f.read().split():
                with open(f"/proc/{pid}/comm", encoding="ascii") as name:
                    if name.read() == "lastcall-ready\n":
                        os.kill(int(pid), signal.SIGKILL)
        wait_for("an answer again", lambda: says in answer(port), p)
        p.send_signal(signal.SIGTERM)
        t.end(p, 0)


@scene("hook")
def hooks(t):
    state = f"{t.path('state')} {t.folder}/state"
    p = t.start(["--pre-stop", state, "--pre-stop", "/none", "--post-stop",
                 state, "--", t.path("sigprint"), "-x", "15"], wait=True)
    p.send_signal(signal.SIGTERM)
    t.end(p, 0)
    expect("hooks", t.text(t.log).count("result=ok"), 2)
    expect("refused", t.text(t.log).count("result=failed"), 1)


@scene("hook")
def logged_hooks(t):
    """What a hook writes is logged line by line."""
    p = t.start(["--log-format", "json", "--pre-stop",
                 f"{t.path('state')} {t.folder}/state 3 said", "--",
                 t.path("sigprint"), "-x", "15"], wait=True)
    p.send_signal(signal.SIGTERM)
    t.end(p, 0)
    expect("failed", '"result":"failed","code":3' in t.text(t.log), True)


@scene("hook")
def hooks_without_dev(t):
    root = f"{t.folder}/root"
    os.mkdir(root)
    copy(t.bin, f"{root}/bin")
    p = t.start(["--pre-stop", "/bin/state /state", "--", "/bin/sigprint",
                 "-x", "15"], root=root, stderr=None, wait=True)
    p.send_signal(signal.SIGTERM)
    t.end(p, 0)
    expect("hooks", t.text(t.log).count("result=ok"), 1)


@scene("http")
def http_hooks(t):
    server = Server(f"{t.folder}/sock")
    server.start()
    p = t.start(["--pre-stop", f"POST http://localhost:{server.port}/",
                 "--pre-stop", f"http://unix:{t.folder}/sock:/",
                 "--", t.path("sigprint"), "-x", "15"], wait=True)
    p.send_signal(signal.SIGTERM)
    t.end(p, 0)
    expect("hooks", t.text(t.log).count("result=ok"), 2)


@scene("drain")
def drain(t):
    server = Server(f"{t.folder}/sock")
    with socket.create_connection(server.tcp.getsockname()):
        p = t.start(["--drain", f"{server.port}/50ms", "--", t.path("sigprint"),
                     "-x", "15"], wait=True)
        p.send_signal(signal.SIGTERM)
        t.end(p, 0)
    expect("drained", "drain-finished why=done" in t.text(t.log), True)
    expect("refused", "sock_diag" in t.text(t.log), False)


@scene("probe", "http")
def probe(t):
    """Asked while it serves, with a check of each kind, and while it stops.

    Its mount namespace is its own, as that of a container where PID 1 is
    another program.
    """
    server = Server(f"{t.folder}/sock")
    server.start()
    p = t.start(["--delay", "30s", "--grace", "40s", "--", t.path("sigprint"),
                 "-x", "15"], beside=True, wait=True)

    def ask(wanted, *words):
        t.run(["--probe", *words], wanted, beside=p.pid)

    with open(f"/proc/{p.pid}/comm", encoding="ascii") as name:
        wait_for("ready", lambda: name.seek(0) or "ready" in name.read(), p)
        ask(0, "ready")
        ask(0, "ready", "--http", f"http://127.0.0.1:{server.port}/")
        ask(1, "ready", "--", t.path("state"), f"{t.folder}/state", "3")
        p.send_signal(signal.SIGTERM)
        wait_for("drain", lambda: name.seek(0) or "drain" in name.read(), p)
    ask(0, "live")
    ask(1, "ready")
    t.says("since SIGTERM")
    for _ in range(2):
        p.send_signal(signal.SIGINT)
        time.sleep(0.1)  # two that come at once are one
    p.wait(LIMIT)


def read_now(fd):
    try:
        return os.read(fd, 4096)
    except OSError:
        return b""


@scene("terminal")
def terminal(t):
    """A child that the terminal stops: a job of a shell's."""
    ours, theirs = pty.openpty()
    p = t.start(["--", t.path("stray"), "-k", t.path("sigprint")],
                terminal=theirs)
    os.set_blocking(ours, False)
    wait_for("READY", lambda: b"READY" in read_now(ours), p)
    with open(f"/proc/{p.pid}/task/{p.pid}/children", encoding="ascii") as f:
        child = int(f.read())
    # Nobody could continue lastcall, so it lets the child go on: unseen.
    for _ in range(10):
        os.kill(child, signal.SIGTSTP)
        time.sleep(0.02)
    p.send_signal(signal.SIGTERM)
    t.end(p, 143)
    os.close(theirs)
    os.close(ours)


@scene("names", "terminal")
def names(t):
    state = [t.path("state"), f"{t.folder}/state", "6"]
    t.run(["-v", "-v", "-v", "-s", "--", *state], 6, name="tini")
    t.run(["-v", *state], 6, name="dumb-init")
    t.run(["--single-child", "-v", *state], 6, name="dumb-init")
    t.run(["--", *state], 6, name="catatonit")
    t.run(["--version"], 0, name="tini")
    t.run(["--", "/none"], 127, name="tini")
    for name in ("dumb-init", "catatonit"):
        ours, theirs = pty.openpty()
        t.end(t.start(["--", *state], name=name, terminal=theirs), 6)
        os.close(theirs)
        os.close(ours)


# ------------------------------------------------------------------ the list

def read_list(path, libc_name):
    """The marks of each call; the calls of the other libc left out."""
    marks = {}
    with open(path, encoding="ascii") as f:
        for line in f:
            if re.match(r"[a-z]", line):
                call, built, needs = line.split()[:3]
                if built in ("any", libc_name):
                    marks.setdefault(call, set()).update(needs.split(","))
    return marks


def whole_lines(path):
    """The lines of strace -f, a call that another process's line has cut in
    two joined again; one that has never ended comes last."""
    lines, begun = [], {}
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f.read().splitlines():
            pid = line.split(maxsplit=1)[0]
            resumed = re.match(r"\d+ +<\.\.\. \w+ resumed>(.*)", line)
            if line.endswith(" <unfinished ...>"):
                begun[pid] = line.removesuffix(" <unfinished ...>")
            elif resumed and pid in begun:
                lines.append(begun.pop(pid) + resumed[1])
            else:
                lines.append(line)
    return lines + list(begun.values())


def read_trace(path, own, other, first):
    """Sorts the calls of strace -f into lastcall's and its programs'."""
    lines = whole_lines(path)
    parent, ours, becomes = {}, {}, {}
    for line in lines:
        m = re.match(r"(\d+) .*\b(?:clone|fork|vfork|clone3)\b.* = (\d+)$",
                     line)
        if m:
            parent[m[2]] = m[1]
    for line in lines:
        m = re.match(r"(\d+) +(?:<\.\.\. )?(\w+)(?: resumed|\()", line)
        if not m:
            continue
        pid, call = m[1], m[2]
        if pid not in ours:
            ours[pid] = ours.get(parent.get(pid), False)
        (own if ours[pid] else other).add(call)
        if ours[pid] and pid not in parent and call in NETWORK:
            first.add(line.split(maxsplit=1)[1])
        begun = re.match(r'\d+ +execve\("([^"]*)"', line)
        if begun:
            becomes[pid] = os.path.basename(begun[1]) in NAMES
        if call == "execve" and line.endswith(" = 0"):
            ours[pid] = becomes[pid]


def play(name, lastcall, fixtures, allowed=None, trace=None):
    """Returns None or what went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        t = Tour(lastcall, fixtures, folder, allowed, trace)
        try:
            SCENES[name][0](t)
            return None
        except (Failed, OSError) as error:
            return f"{error}\n{t.text(t.log)}"
        finally:
            t.close()


def trace_scene(name, lastcall, fixtures):
    with tempfile.TemporaryDirectory() as folder:
        wrong = play(name, lastcall, fixtures, trace=f"{folder}/trace")
        own, other, first = set(), set(), set()
        for file in os.listdir(folder):
            path = f"{folder}/{file}"
            # strace -D writes on after the process that it began with.
            wait_for("the end of strace", lambda: not open_by_strace(path))
            read_trace(path, own, other, first)
    return wrong, sorted(own), sorted(other), sorted(first)


def open_by_strace(path):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
            with open(f"/proc/{pid}/comm", "rb") as f:
                if f.read() == b"strace\n" and path.encode() in words:
                    return True
    return False


def report(wrongs):
    for line in wrongs:
        print(line)
    return 1 if wrongs else 0


def main():
    mode, *rest = sys.argv[1:]
    # strace and a filter that kills take their time; two at once is enough.
    pool = concurrent.futures.ThreadPoolExecutor(2)
    if mode == "trace":
        lastcall, fixtures, file = rest
        names_ = [n for n in SCENES if os.getuid() == 0 or
                  n != "hooks_without_dev"]
        results = dict(zip(names_, pool.map(
            lambda n: trace_scene(n, lastcall, fixtures), names_)))
        with open(file, "w", encoding="ascii") as f:
            json.dump({n: r[1:] for n, r in results.items()}, f)
        return report([f"{n}: {r[0]}" for n, r in results.items() if r[0]])
    if mode == "used":
        marks = read_list(rest[0], rest[2])
        with open(rest[1], encoding="ascii") as f:
            traced = json.load(f)
        used = {call for own, *_ in traced.values() for call in own}
        return report([f"not in the list: {call}" for call in
                       sorted(used - set(marks))] +
                      [f"in the list, and not used: {call}" for call in
                       sorted(set(marks) - used)])
    if mode == "network":
        with open(rest[0], encoding="ascii") as f:
            for name, (_, _, first) in json.load(f).items():
                for line in first:
                    print(f"{name}: {line}")
        return 0
    lastcall, fixtures, list_, file, libc_name = rest
    marks = read_list(list_, libc_name)
    with open(file, encoding="ascii") as f:
        traced = json.load(f)

    def allowed(name, less=None):
        here = {"always", *SCENES[name][1]}
        mine = {call for call in marks if marks[call] & here}
        # An own call that a mark lacks is killed, unless a program makes it.
        # sigprint may have been ended early; in `life` it was not.
        programs = {*traced[name][1], *traced["life"][1]}
        return (mine | programs) - {less}

    if mode == "filtered":
        results = pool.map(lambda n: (n, play(n, lastcall, fixtures,
                                              allowed(n))), traced)
        return report([f"{n}: {wrong}" for n, wrong in results if wrong])

    def try_without(call):
        name = next(n for n in traced if call in traced[n][0])
        if play(name, lastcall, fixtures, allowed(name, call)):
            return None
        return f"{call}: scene {name} goes as well without it"
    return report(list(filter(None, pool.map(try_without, marks))))


if __name__ == "__main__":
    sys.exit(main())
