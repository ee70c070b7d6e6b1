#!/usr/bin/env python3
"""Nothing can hold it: lastcall waits for nobody but in its one wait.

Two ways to see that.  Every call that the main process makes once the program
runs must be on the list below, which has the reason why it cannot wait for
anybody else.  And the calls of its helpers, which may, are made to hang: the
deadline is kept all the same."""

import os
import re
import signal
import subprocess
import tempfile
import time

import tap

GRACE = 1.0
SLACK = 10.0  # what strace and a busy machine may add

# What the main process may call, and why that waits for nobody: a word for the
# arguments that it must have, OWN for a descriptor that lastcall has opened
# itself since the program was started.
OWN = "a descriptor of its own"
KERNEL = r'"/proc[/"]|"/sys/fs/cgroup|"[0-9]+/|^AT_FDCWD, "self|"(stat|status)"'
LIST = {
    "rt_sigtimedwait": "",  # the one wait
    # About itself or another process, in the kernel alone.
    "clock_gettime": "", "clone": "flags=(SIGCHLD|SIGRT\\w+|0)(,|$)", "exit_group": "",
    "getpgid": "", "getpgrp": "", "getpid": "", "getppid": "", "getsid": "",
    "kill": "", "pidfd_open": "", "pidfd_send_signal": "", "setpgid": "",
    "prctl": "PR_SET_NAME", "rt_sigaction": "", "rt_sigpending": "",
    "rt_sigprocmask": "", "rt_sigqueueinfo": "",
    "wait4": "WNOHANG",
    # Memory.
    "brk": "", "madvise": "", "mincore": "", "mlock": "", "mmap": "ANONYMOUS",
    "mremap": "", "munmap": "", "memfd_create": "",
    # What the kernel shows: /proc and cgroupfs have nobody behind them.
    "openat": KERNEL, "open": KERNEL, "readlink": KERNEL,
    "readlinkat": KERNEL, "newfstatat": KERNEL,
    "close": OWN, "fstat": OWN, "fstatfs": OWN, "getdents64": OWN,
    "lseek": OWN, "read": OWN,
    "fcntl": "F_DUPFD_CLOEXEC|F_[GS]ETFD",
    # Sockets: the log writer's, and the kernel's sock_diag.
    "socketpair": "SOCK_SEQPACKET", "socket": "AF_NETLINK",
    "sendto": "MSG_DONTWAIT|AF_NETLINK", "recvfrom": "MSG_DONTWAIT|AF_NETLINK",
    "shutdown": OWN, "setsockopt": OWN, "bind": "AF_NETLINK",
    # The terminal's foreground group is a number of the kernel's.
    "ioctl": "TIOCGPGRP|TIOCSPGRP",
}
# Between the program's start and the first wait lastcall lets go of what it was
# given for the program.
LETS_GO = {"openat": '"/dev/null"', "open": '"/dev/null"',
           "dup2": "", "dup3": "", "close": "",
           "close_range": "", "faccessat": "", "access": "",
           # dumb-init: its child says that it has its session.
           "read": "", "chdir": "\"/\""}
MAKERS = {"openat", "open", "socket", "memfd_create", "pidfd_open"}

FORCED = ('trap "" TERM; setsid sleep 70 & echo READY; '
          'while :; do sleep 1; done')


def read_trace(path):
    """Yields name, arguments, result of each call."""
    with open(path, encoding="utf-8", errors="replace") as trace:
        for line in trace:
            match = re.match(r"(\w+)\((.*?)\)?\s+= (-?\w+)", line)
            if match:
                yield match[1], match[2], match[3]


def not_listed(path):
    """The calls of the trace that the list does not have."""
    own = set()
    started = waited = False
    wrong = []
    for name, args, result in read_trace(path):
        if name == "clone" and "SIGCHLD" in args and not started:
            started = True
            continue
        if not started:
            # What it opens at the start to read there later.
            if name in ("openat", "open") and re.search(KERNEL, args):
                own.add(int(result))
            continue
        if name == "rt_sigtimedwait":
            waited = True
        want = LIST.get(name)
        first = re.match(r"-?\d+", args)
        if want == OWN:
            fine = first is not None and int(first[0]) in own
        else:
            fine = want is not None and re.search(want, args) is not None
            # Below a folder of /proc that is open.
            fine = fine or (want == KERNEL and first is not None and
                            int(first[0]) in own)
        if not fine and not waited and name in LETS_GO:
            fine = re.search(LETS_GO[name], args) is not None
        if not fine:
            wrong.append(f"{name}({args}) = {result}")
        if name in MAKERS or "F_DUPFD" in args:
            own.add(int(result) if result.isdigit() else -1)
        if name == "socketpair":
            own.update(int(n) for n in re.findall(r"\[(\d+), (\d+)\]",
                                                  args)[0])
        if name == "close" and first:
            own.discard(int(first[0]))
    assert waited, "no trace of a life"
    return wrong


def child_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return int(file.read().split()[0])


def live(strace, command, folder):
    """A life with a stop request; its exit code and the seconds to its end."""
    with open(f"{folder}/log", "wb") as log:
        process = subprocess.Popen(strace + command, stdout=subprocess.PIPE,
                                   stderr=log)
    # tini's own words go there, too.
    while (line := process.stdout.readline()) != b"READY\n":
        assert line, "it has ended"
    # Of strace, which lastcall has as its parent.
    pid = child_of(process.pid)
    time.sleep(0.1)
    os.kill(pid, signal.SIGWINCH)
    begun = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    until = begun + GRACE + SLACK
    while time.monotonic() < until:
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                if file.read().rpartition(")")[2].split()[0] in "ZX":
                    break
        except OSError:
            break
        time.sleep(0.01)
    else:
        os.kill(pid, signal.SIGKILL)
        process.kill()
        with open(f"{folder}/log", encoding="utf-8") as log:
            raise AssertionError("it is still there: " + log.read())
    took = time.monotonic() - begun
    try:
        code = process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        code = None
    return code, took


def forced_life(folder):
    return [tap.LASTCALL, "-v", "-w", "--grace", f"{int(GRACE * 1000)}ms",
            "--drain", "1/50ms", "--pre-stop", "true", "--post-stop", "true",
            "--post-stop-limit", "100ms", "--ready-file", f"{folder}/ready",
            "--termination-log", f"{folder}/why", "--", "sh", "-c", FORCED]


def strace_to(trace, *options):
    return ["strace", "-qq", "-s", "200", "-o", trace, *options]


@tap.case("once the program runs lastcall makes no call that waits for others",
          "strace")
def listed():
    with tempfile.TemporaryDirectory() as folder:
        code, _ = live(strace_to(f"{folder}/trace"), forced_life(folder),
                       folder)
        assert code == 137, code
        wrong = not_listed(f"{folder}/trace")
        assert not wrong, "\n".join(wrong)


@tap.case("under the drop-in names neither", "strace")
def names_listed():
    for name, words in (("tini", ["-vvv", "-s"]), ("dumb-init", ["-v"]),
                        ("catatonit", [])):
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(tap.LASTCALL, f"{folder}/{name}")
            code, _ = live(strace_to(f"{folder}/trace"),
                           [f"{folder}/{name}", *words, "--", "sh", "-c",
                            'trap "exit 3" TERM; echo READY; '
                            'while :; do sleep 0.1; done'], folder)
            assert code == 3, code
            wrong = not_listed(f"{folder}/trace")
            assert not wrong, name + "\n" + "\n".join(wrong)


@tap.case("a helper that hangs in one of its calls delays nothing", seconds=240)
def helpers_hang():
    # make faults has every call.
    for number in (1, 4, 9, 14, 19, 30):
        subprocess.run(
            [f"{tap.TOP}/tests/faults/hangs.py", tap.LASTCALL,
             f"{tap.FIXTURES}/hang", "--only", str(number)], check=True)


tap.main()
