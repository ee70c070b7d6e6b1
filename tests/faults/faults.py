#!/usr/bin/env python3
"""Fault injection: every system call of lastcall fails with every error.

    faults.py LASTCALL [--table FILE] [--jobs N] [--only SCENE] [--call CALL]

Each run is a whole scene with one fault, which strace(1) injects:

    life       hooks before and after, drained ports, a ready file, a shell
               with a worker, a stop request; only lastcall itself is hit
    children   the program and the hooks, HTTP hooks over IPv4, IPv6 and a
               Unix socket among them, before they are another program
    terminal   a job of a shell's: stopped with ^Z, continued, stopped for good
    log-fifo, log-socket
               a log that may not be waited for, and a signal with a value
    tini, dumb-init, catatonit
               under these names, with a stop request
    probe, probe-check, probe-drain
               --probe ready with --http, with a CHECK, and of a lastcall that
               drains, of which it must never say that it is ready
    plan       --plan

lastcall must either refuse to start, in a line and with 125, or go on, end by
its deadline with the program's exit code, and leave nobody behind.  Writes a
table of scene, call, error and outcome, and ends with TAP's counts.
"""
import argparse
import collections
import concurrent.futures
import ctypes
import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time

GRACE = 2.0   # seconds
SLACK = 15.0  # what a noisy machine, strace and 1 s for the dead may add
LATE = 3.0    # and alone, when it is tried again
MUTE = 1.0    # to wait for a program that perhaps cannot say READY
ENDED = threading.Event()

PATHS = "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR"
FILES = f"{PATHS} EBADF EBUSY EDQUOT EEXIST EFBIG EINTR EINVAL EISDIR EMFILE " \
        "ENFILE ENODEV ENOSPC ENXIO EOPNOTSUPP EOVERFLOW EPERM " \
        "EROFS ETXTBSY"
# The errors that each call's man page gives, or the page of the call it is a
# kind of; what seccomp may answer, too.  A call that lastcall makes and that is
# not here fails the test: add it.
ERRORS = {
    "access": f"{PATHS} EBADF EINVAL EIO EPERM EROFS ETXTBSY",
    "bind": f"{PATHS} EADDRINUSE EADDRNOTAVAIL EBADF EINVAL ENOTSOCK EROFS",
    "chdir": f"{PATHS} EBADF EIO",
    "clock_gettime": "EACCES EFAULT EINVAL ENODEV EOPNOTSUPP EPERM",
    "clone": "EACCES EAGAIN EBUSY EEXIST EINVAL ENOMEM ENOSPC EOPNOTSUPP "
             "EPERM EUSERS",
    "close": "EBADF EDQUOT EINTR EIO ENOSPC",
    "close_range": "EBADF EINVAL EMFILE ENOMEM ENOSYS",
    "connect": "EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN "
               "EALREADY EBADF ECONNREFUSED EFAULT EINPROGRESS EINTR "
               "EISCONN ENETUNREACH ENOENT ENOTSOCK EPERM EPROTOTYPE "
               "ETIMEDOUT",
    "dup2": "EBADF EBUSY EINTR EINVAL EMFILE",
    "dup3": "EBADF EBUSY EINTR EINVAL EMFILE",
    "execve": f"{PATHS} E2BIG EAGAIN EINVAL EIO EISDIR ELIBBAD EMFILE ENFILE "
              "ENOEXEC EPERM ETXTBSY",
    "faccessat": f"{PATHS} EBADF EINVAL EIO EPERM EROFS ETXTBSY",
    "fcntl": "EACCES EAGAIN EBADF EBUSY EDEADLK EFAULT EINTR EINVAL EMFILE "
             "ENOLCK ENOTDIR EPERM",
    "fork": "EAGAIN ENOMEM ENOSYS",
    "fstat": f"{PATHS} EBADF EINVAL EOVERFLOW",
    "fstatfs": "EACCES EBADF EFAULT EINTR EIO ENOMEM ENOSYS EOVERFLOW",
    "getdents64": "EBADF EFAULT EINVAL ENOENT ENOTDIR",
    "getpgid": "EACCES EINVAL EPERM ESRCH",
    "getpid": "",
    "getppid": "",
    "getsid": "EPERM ESRCH",
    "ioctl": "EBADF EFAULT EINVAL EIO ENOTTY EPERM",
    "kill": "EINVAL EPERM ESRCH",
    "lseek": "EBADF EINVAL ENXIO EOVERFLOW ESPIPE",
    "madvise": "EACCES EAGAIN EBADF EBUSY EFAULT EHWPOISON EINVAL EIO "
               "ENOMEM EPERM",
    "memfd_create": "EFAULT EINVAL EMFILE ENFILE ENOMEM ENOSYS EPERM",
    "mincore": "EAGAIN EFAULT EINVAL ENOMEM ENOSYS EPERM",
    "mlock": "EAGAIN EINVAL ENOMEM ENOSYS EPERM",
    "mmap": "EACCES EAGAIN EBADF EEXIST EINVAL ENFILE ENODEV ENOMEM "
            "EOVERFLOW EPERM ETXTBSY",
    "munmap": "EACCES EAGAIN EBADF EEXIST EINVAL ENFILE ENODEV ENOMEM "
              "EOVERFLOW EPERM ETXTBSY",
    "newfstatat": f"{PATHS} EBADF EINVAL EOVERFLOW",
    "open": FILES,
    "openat": FILES,
    "pipe": "EFAULT EINVAL EMFILE ENFILE",
    "pipe2": "EFAULT EINVAL EMFILE ENFILE ENOSYS",
    "poll": "EFAULT EINTR EINVAL ENOMEM EPERM",
    "prctl": "EACCES EBADF EBUSY EFAULT EINVAL ENODEV ENXIO EOPNOTSUPP "
             "EPERM ERANGE",
    "read": "EAGAIN EBADF EFAULT EINTR EINVAL EIO EISDIR",
    "readlink": f"{PATHS} EBADF EINVAL EIO",
    "readlinkat": f"{PATHS} EBADF EINVAL EIO",
    "recvfrom": "EAGAIN EBADF ECONNREFUSED ECONNRESET EFAULT EINTR EINVAL "
                "ENOBUFS ENOMEM ENOTCONN ENOTSOCK",
    "recvmsg": "EAGAIN EBADF ECONNREFUSED EFAULT EINTR EINVAL ENOBUFS "
               "ENOMEM ENOTCONN ENOTSOCK",
    "rt_sigaction": "EFAULT EINVAL",
    "rt_sigpending": "EFAULT",
    "rt_sigprocmask": "EFAULT EINVAL",
    "rt_sigqueueinfo": "EAGAIN EINVAL EPERM ESRCH",
    "rt_sigtimedwait": "EAGAIN EINTR EINVAL ENOSYS",
    "sendto": "EACCES EAGAIN EALREADY EBADF ECONNREFUSED ECONNRESET "
              "EDESTADDRREQ EFAULT EINTR EINVAL EISCONN EMSGSIZE ENOBUFS "
              "ENOMEM ENOTCONN ENOTSOCK EOPNOTSUPP EPERM EPIPE",
    "setpgid": "EACCES EINVAL EPERM ESRCH",
    "setsid": "EPERM",
    "setsockopt": "EBADF EFAULT EINVAL ENOPROTOOPT ENOTSOCK",
    "shutdown": "EBADF EINVAL ENOTCONN ENOTSOCK",
    "socket": "EACCES EAFNOSUPPORT EINVAL EMFILE ENFILE ENOBUFS ENOMEM "
              "EPERM EPROTONOSUPPORT",
    "socketpair": "EACCES EAFNOSUPPORT EFAULT EMFILE ENFILE ENOBUFS ENOMEM "
                  "EOPNOTSUPP EPERM EPROTONOSUPPORT",
    "statx": f"{PATHS} EBADF EINVAL ENOSYS",
    "unlink": f"{PATHS} EBADF EBUSY EINVAL EIO EISDIR EPERM EROFS",
    "wait4": "EAGAIN ECHILD EINTR EINVAL ESRCH",
    "write": "EAGAIN EBADF EDESTADDRREQ EDQUOT EFAULT EFBIG EINTR EINVAL "
             "EIO ENOSPC EPERM EPIPE",
    "writev": "EAGAIN EBADF EDQUOT EFBIG EINTR EINVAL EIO ENOSPC EOPNOTSUPP "
              "EPIPE",
}
# Before lastcall's first line, or after its last.
NOT_OURS = {"arch_prctl", "set_tid_address", "exit_group", "exit",
            "set_robust_list", "rseq", "prlimit64", "brk", "mprotect",
            "getrandom", "set_thread_area", "rt_sigreturn",
            "restart_syscall"}
# An error that comes every time (1+) as well as once: not where it would only
# say that the kernel does not work.
ONCE = {"rt_sigtimedwait"}
# Where these fail all the time, or the subreaper call once, a process that has
# left the main one's group cannot be found or ended: the log or the manual
# says so, and the row is right when only that is wrong.
BLIND = {"fstatfs", "getdents64", "kill", "lseek", "madvise", "mmap", "open",
         "openat", "read", "readlink", "readlinkat", "wait4"}
# What a terminal adds; the rest of that scene is life's.
OF_TERMINALS = {"getpgid", "ioctl", "kill", "rt_sigpending", "rt_sigprocmask",
                "rt_sigtimedwait", "setpgid", "wait4"}
# What these logs add.
OF_LOGS = {"close", "close_range", "dup2", "fcntl", "poll", "recvfrom",
           "rt_sigqueueinfo", "sendto", "shutdown", "socketpair", "write"}
LOGS = ("log-fifo", "log-socket")
PEERS = ("tini", "dumb-init", "catatonit")

SHELL = ('trap "exit 7" TERM; setsid sleep 70 & sleep 71 & '
         'echo READY; while :; do wait; done')
# Ends by itself, too: a drop-in name promises no deadline.
BRIEF = 'sleep 3 & trap "kill $!; exit 7" TERM; echo READY; wait'
# Stops itself as ^Z would, and goes on.
STOPS = ('trap "exit 7" TERM; kill -TSTP 0; echo READY; sleep 71 & '
         'while :; do wait; done')


# Is sent a value with a signal.
TAKES = ('trap "exit 7" TERM; trap : USR1; sleep 71 & echo READY; '
         'while :; do wait; done')


class Terminal:
    """A shell with one job on a terminal of its own."""

    @staticmethod
    def main():
        """In the process: argv[2] are the job's words."""
        words = sys.argv[2:]
        _, slave = os.openpty()
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        os.dup2(slave, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            os.tcsetpgrp(0, os.getpid())
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
            os.execvp(words[0], words)
        stops = 0
        while True:
            _, status = os.waitpid(pid, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                break
            stops += 1
            os.tcsetpgrp(0, os.getpid())
            if stops < 20:
                os.tcsetpgrp(0, pid)
            os.killpg(pid, signal.SIGCONT)
        code = os.waitstatus_to_exitcode(status)
        sys.exit(code if code >= 0 else 128 - code)


class Server:
    """Says 200 to everybody, over IPv4, IPv6 and a Unix socket."""

    def __init__(self, folder):
        self.urls = []
        for family, to in ((socket.AF_INET, ("127.0.0.1", 0)),
                           (socket.AF_INET6, ("::1", 0)),
                           (socket.AF_UNIX, f"{folder}/s")):
            s = socket.socket(family)
            try:
                s.bind(to)
            except OSError:  # no IPv6 here
                continue
            s.listen(100)
            name = s.getsockname()
            if family == socket.AF_UNIX:
                self.urls.append(f"http://unix:{name}:/")
            elif family == socket.AF_INET6:
                self.urls.append(f"http://[{name[0]}]:{name[1]}/")
            else:
                self.urls.append(f"http://{name[0]}:{name[1]}/")
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    @staticmethod
    def serve(listener):
        while True:
            s, _ = listener.accept()
            s.settimeout(2)
            try:
                s.recv(4096)
                s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            except OSError:
                pass
            s.close()


class Container:
    """A lastcall as PID 1 of a namespace, for the probes."""

    def __init__(self, lastcall, drains):
        # unshare ignores SIGTERM; it ends when this script does, however.
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--fork",
             "--mount-proc", "--kill-child", "--", lastcall, "--quiet", "--grace", "1h", "--delay",
             "1000s", "--", "sleep", "3600"])
        self.pid = None
        self.wait("lastcall:ready")
        if drains:
            os.kill(self.pid, signal.SIGTERM)
            self.wait("lastcall:drain")

    def wait(self, name):
        until = time.monotonic() + SLACK
        while time.monotonic() < until:
            try:
                pid = self.process.pid
                with open(f"/proc/{pid}/task/{pid}/children") as f:
                    self.pid = int(f.read().split()[0])
                with open(f"/proc/{self.pid}/comm") as f:
                    if f.read().strip() == name:
                        return
            except (OSError, IndexError):
                pass
            time.sleep(0.01)
        sys.exit(f"no {name}")

    def end(self):
        self.process.kill()
        self.process.wait()


class World:
    """What the scenes need beside lastcall."""

    def __init__(self, lastcall, folder):
        self.lastcall = lastcall
        self.folder = folder
        self.server = Server(folder)
        for peer in PEERS:
            os.symlink(lastcall, f"{folder}/{peer}")
        self.ready = self.draining = None
        if os.geteuid() == 0:
            self.ready = Container(lastcall, False)
            self.draining = Container(lastcall, True)

    def end(self):
        for container in (self.ready, self.draining):
            if container:
                container.end()

    def scenes(self):
        names = ["life", "children", "terminal", *LOGS, "plan", *PEERS]
        if self.ready:
            names += ["probe", "probe-check", "probe-drain"]
        return names

    def command(self, scene, strace, folder):
        """The words that run it, with strace and its options put in."""
        lastcall = [self.lastcall, "--grace", f"{GRACE}s", "-v"]
        if scene == "life":
            return strace + lastcall + [
                "--drain", "1/50ms", "--pre-stop", "true", "--post-stop",
                "true", "--ready-file", f"{folder}/ready", "--termination-log",
                f"{folder}/termination", "--sweep", "300ms", "-w", "-p",
                "WINCH", "--", "sh", "-c", SHELL]
        if scene in LOGS:
            return strace + lastcall + ["--", "sh", "-c", TAKES]
        if scene == "plan":
            return strace + lastcall + ["--plan", "--", "sh"]
        strace = strace + ["-f"]
        if scene == "children":
            hooks = [word for url in self.server.urls + ["true"]
                     for word in ("--pre-stop", url)]
            return strace + lastcall + hooks + [
                "--sweep", "300ms", "--", "sh", "-c", SHELL]
        if scene == "terminal":
            # -DD: lastcall is the shell's own child.
            return [sys.executable, __file__, "--terminal", strace[0], "-DD",
                    *strace[1:], *lastcall, "--", "sh", "-c", STOPS]
        if scene in PEERS:
            return strace + [f"{self.folder}/{scene}", "--", "sh", "-c", BRIEF]
        drains = scene == "probe-drain"
        container = self.draining if drains else self.ready
        probe = ["--probe", "ready", "--timeout", "2s"]
        if scene == "probe":
            probe += ["--http", self.server.urls[0]]
        elif scene == "probe-check":
            probe += ["--", "true"]
        return ["nsenter", "-t", str(container.pid), "-p", "-m", "-r", "-w"] + strace + \
            [self.lastcall] + probe


Life = collections.namedtuple("Life", "code took left log trace")


def marked(mark):
    """Who has it in its environment; zombies have none."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                if mark.encode() in f.read():
                    found.append(int(pid))
        except OSError:
            pass
    return found


def kill(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def lastcall_of(process):
    """lastcall, the only child of strace or of the terminal; None: gone."""
    pid = process.pid
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return int(f.read().split()[0])
    except (OSError, IndexError):
        return None


def is_there(pid):
    """And not dead: strace may wait for others before it tells."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def is_strace(pid):
    try:
        with open(f"/proc/{pid}/comm") as f:
            return f.read() == "strace\n"
    except OSError:
        return False


def stop(pid, scene):
    """A stop request to lastcall."""
    try:
        if scene in LOGS:
            ctypes.CDLL(None).sigqueue(pid, signal.SIGUSR1, ctypes.c_void_p(5))
        os.kill(pid, signal.SIGTERM)
    except OSError:
        pass


def open_log(scene, folder):
    """lastcall's stderr, and what reads from it afterwards."""
    if scene == "log-fifo":
        os.mkfifo(f"{folder}/log")
        fd = os.open(f"{folder}/log", os.O_RDWR | os.O_NONBLOCK)
        return open(f"{folder}/log", "wb", buffering=0), open(fd, "rb")
    if scene == "log-socket":
        log, reader = socket.socketpair()
        reader.setblocking(False)
        return log, reader.makefile("rb")
    return open(f"{folder}/log", "wb"), open(f"{folder}/log", "rb")


def live(world, scene, inject, serial):
    """One run."""
    mark = f"FAULT={os.getpid()}-{serial}."
    with tempfile.TemporaryDirectory(dir=world.folder) as folder:
        strace = ["strace", "-qq", "-o", f"{folder}/trace"]
        if inject:
            strace += ["-e", f"inject={inject}"]
        # The program is found at the second try, so that the first execve of
        # a process is lastcall's, and that of strace's child none of it.
        env = dict(os.environ, FAULT=mark.split("=")[1],
                   PATH="/nowhere:/usr/bin:/bin:/usr/sbin:/sbin")
        log, reader = open_log(scene, folder)
        if ENDED.is_set():
            raise InterruptedError
        with open(f"{folder}/out", "wb") as out, log:
            p = subprocess.Popen(world.command(scene, strace, folder),
                                 env=env, stdin=subprocess.DEVNULL,
                                 stdout=out, stderr=log)
        # The fault may hit the program's own words.
        mute = scene == "children" and inject.startswith("write:")
        hopeless = is_blind(inject) or inject.startswith("prctl:")
        until = time.monotonic() + (MUTE if mute else SLACK)
        asks = scene.startswith("probe") or scene == "plan"
        while p.poll() is None and not asks and time.monotonic() < until:
            with open(f"{folder}/out", "rb") as out:
                if b"READY" in out.read():
                    break
            time.sleep(0.01)
        asked = time.monotonic()
        pid = None if asks else lastcall_of(p)
        if pid:
            stop(pid, scene)
        until = asked + GRACE + SLACK
        while p.poll() is None and (not pid or is_there(pid)) and \
                time.monotonic() < until:
            time.sleep(0.01)
        stuck = p.poll() is None and (not pid or is_there(pid))
        took = time.monotonic() - asked
        # Whoever was sent SIGKILL goes; on a busy machine not at once.
        until = time.monotonic() + (0.5 if hopeless else 5)
        while (left := [one for one in marked(mark)
                        if stuck or not is_strace(one)]) and \
                not stuck and time.monotonic() < until:
            time.sleep(0.05)
        # strace -f waits for all, and has lastcall's exit code.
        kill(left)
        try:
            code = p.wait(SLACK)
        except subprocess.TimeoutExpired:
            stuck = True
            kill(marked(mark) + [p.pid])
            p.wait()
        if stuck:
            code = None
        with reader:
            log_text = (reader.read() or b"").decode(errors="replace")
        try:
            with open(f"{folder}/trace", errors="replace") as f:
                trace = f.read()
        except OSError:
            trace = ""
    return Life(code, took, left, log_text, trace)


def is_blind(inject):
    call, when = inject.split(":")[0], inject.split("=")[-1]
    return call in BLIND and when == "1+"


def may_leave(inject, log):
    return is_blind(inject) or "cannot become a subreaper" in log


def end_of_child(log):
    """The program's exit code, as lastcall says it ended."""
    said = re.search(r"event=child-exited pid=\d+ program=\S+ "
                     r"(code|signal)=(\S+)", log) or \
        re.search(r"event=exited (?:code=\d+ (?=signal))?(code|signal)=(\S+).*"
                  r" program=", log)
    if not said:
        return None
    if said[1] == "code":
        return int(said[2])
    return 128 + getattr(signal, f"SIG{said[2]}", 0)


def judge_probe(scene, life, last):
    if life.code == 0 and scene != "probe-drain":
        return "yes", None
    if life.code in (1, 125) and last.startswith("lastcall: "):
        return last, None
    return f"exit code {life.code}", life.log


def judge_peer(life, inject, last):
    """What it says beside the program's own words is the peer's."""
    if life.code in (0, 7, 143):
        return f"goes on, exit code {life.code}", None
    if life.code in (1, 2, 125, 126, 127) and last:
        return f"exit code {life.code}: {last}", None
    return f"exit code {life.code}", life.log


def judge(scene, inject, life):
    """(outcome, what is wrong or None)."""
    # Without close_range(2) strace stops at each of 65,536 close(2).
    late = SLACK if inject and inject.startswith("close_range") else LATE
    lines = [line for line in life.log.splitlines() if line]
    last = lines[-1] if lines else ""
    if life.code is None:
        return "stuck", f"still there after {life.took:.1f} s\n{life.log}"
    if scene.startswith("probe"):
        outcome, wrong = judge_probe(scene, life, last)
    elif scene == "plan":
        # A stdout that fails leaves nothing to say it with.
        outcome = f"exit code {life.code}"
        return outcome, None if life.code in (0, 125) else life.log
    elif scene in PEERS:
        return judge_peer(life, inject, last)
    elif life.code == 125:
        return "refuses: " + last, None if last else "without a word"
    else:
        by = "killed" if "event=killed" in life.log else "ended"
        outcome, wrong = f"goes on, {by}, exit code {life.code}", None
        said = [line for line in lines if "cannot run 'sh'" in line]
        if said and life.code in (126, 127):
            outcome = f"exit code {life.code}: {said[0]}"
        elif life.code not in (7, 137, 143) and \
                (scene == "life" or life.code != end_of_child(life.log)):
            # The fault may have hit the program, too.
            wrong = f"exit code {life.code}\n{life.log}"
    if not wrong and not scene.startswith("probe") and \
            life.took > GRACE + late:
        wrong = f"ends after {life.took:.1f} s, not {GRACE}\n{life.log}"
    if life.left and not wrong:
        if may_leave(inject, life.log):
            outcome += ", a stray is left"
        else:
            wrong = f"left behind: {life.left}\n{life.log}"
    return outcome, wrong


def calls_of(scene, trace):
    """How often lastcall, or a child that is not yet another program, makes
    each call."""
    counts = collections.defaultdict(collections.Counter)
    lastcall, execs = None, set()
    ours = set()
    for line in trace.splitlines():
        m = re.match(r"(\d+)? *(?:(\w+)\(|<\.\.\. (\w+) resumed)", line)
        if not m:
            continue
        pid = m[1] or ""
        if lastcall is None:
            lastcall = pid
            ours.add(pid)
        call = m[2] or m[3]
        if call == "clone" and pid == lastcall and \
                (child := re.search(r"= (\d+)$", line)):
            ours.add(child[1])
        # The child may be seen before clone returns.
        if not m[2] or pid in execs:
            continue
        if call not in NOT_OURS:
            counts[pid][call] += 1
        if call == "execve" and pid != lastcall and "= -1" not in line:
            execs.add(pid)
    del counts[lastcall]["execve"]  # strace's own
    most = collections.Counter()
    for pid in ours:
        # In the scene of the children, lastcall itself was hit elsewhere.
        if scene != "children" or pid != lastcall:
            most |= counts[pid]
    return most


def wanted(scene, outcome):
    """What a scene without a fault comes to."""
    if scene in ("probe", "probe-check"):
        return "yes"
    if scene in PEERS:
        return "goes on, exit code 7"
    if scene == "plan":
        return "exit code 0"
    if scene == "probe-drain":
        return outcome if "since SIGTERM" in outcome else "phase drain"
    return "goes on, ended, exit code 7"


def plans_of(world, scene, failed):
    # What only a busy machine has done does not happen again and again.
    for number in range(3):
        life = live(world, scene, "", f"{scene}-base-{number}")
        outcome, wrong = judge(scene, ":", life)
        if not wrong and outcome == wanted(scene, outcome):
            break
    else:
        sys.exit(f"{scene} without faults: {outcome}: {wrong}\n{life.log}")
    plans = []
    for call, count in sorted(calls_of(scene, life.trace).items()):
        if call not in ERRORS:
            failed.append((scene, call, "", "", "not in the list of errors"))
            continue
        if scene == "terminal" and call not in OF_TERMINALS or \
                scene in LOGS and call not in OF_LOGS:
            continue
        # A drop-in name waits for one SIGCHLD, and has no later wake-up.
        if scene in PEERS and call == "wait4":
            continue
        # Once at each of the first calls, and then always.
        whens = [str(n) for n in range(1, min(count, 4) + 1)]
        if scene != "life":
            whens = whens[:2]
        if call == "execve":
            whens = ["2"]
        elif call not in ONCE and (count > 1 or scene == "life") and \
                not (scene in PEERS and call == "kill"):
            whens.append("1+")
        for error in ERRORS[call].split():
            plans += [(scene, call, error, when) for when in whens]
    return plans


def one(world, plan, number):
    scene, call, error, when = plan
    inject = f"{call}:error={error}:when={when}"
    return judge(scene, inject, live(world, scene, inject, number))


def end_at_once(folder):
    """Ended from outside: nothing is left that it has started."""
    ENDED.set()
    while pids := marked(f"FAULT={os.getpid()}-"):
        kill(pids)
        time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def main():
    if sys.argv[1:2] == ["--terminal"]:
        return Terminal.main()
    p = argparse.ArgumentParser()
    p.add_argument("lastcall")
    p.add_argument("--table", default="/dev/stdout")
    p.add_argument("--jobs", type=int, default=3 * (os.cpu_count() or 2))
    p.add_argument("--only")
    p.add_argument("--call")
    o = p.parse_args()
    rows, failed = [], []
    folder = tempfile.TemporaryDirectory()
    signal.signal(signal.SIGTERM, lambda *_: end_at_once(folder.name))
    world = World(os.path.abspath(o.lastcall), folder.name)
    try:
        plans = [plan for scene in world.scenes()
                 if o.only in (None, scene)
                 for plan in plans_of(world, scene, failed)
                 if o.call in (None, plan[1])]
        with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
            futures = [pool.submit(one, world, plan, n)
                       for n, plan in enumerate(plans)]
            results = [future.result() for future in futures]
        for plan, (outcome, wrong) in zip(plans, results):
            # What only a busy machine has done does not happen again, alone.
            if wrong:
                outcome, wrong = one(world, plan, f"{len(rows)}-again")
            rows.append((*plan, outcome))
            if wrong:
                failed.append((*plan, wrong))
    finally:
        world.end()
    with open(o.table, "w") as f:
        f.write(f"{'scene':12} {'call':16} {'error':15} {'when':5} outcome\n")
        for row in rows:
            f.write(f"{row[0]:12} {row[1]:16} {row[2]:15} {row[3]:5} "
                    f"{row[4]}\n")
    for *plan, wrong in failed:
        print("not ok " + " ".join(plan))
        for line in str(wrong).splitlines():
            print(f"#   {line}")
    print(f"{len(rows) - len([f for f in failed if f[2]])} passed, "
          f"{len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
