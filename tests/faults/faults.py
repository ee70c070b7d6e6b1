#!/usr/bin/env python3
"""Fault injection: every system call of lastcall fails once with every error.

    faults.py LASTCALL [--table FILE] [--jobs N] [--only CALL]

strace(1) makes the call fail in lastcall itself, not in the program.  Each
run is a whole life: hooks before and after, drained ports, a ready file, a
shell with a worker, a stop request.  lastcall must either refuse to start, in
a line and with 125, or go on and end by its deadline, leaving nobody behind.
Writes a table of call, error and outcome, and ends with TAP's counts.
"""
import argparse
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

GRACE = 3.0   # seconds
SLACK = 15.0  # what a noisy machine, strace and 1 s for the dead may add

# The errors that each call's man page gives.  A call that lastcall makes and
# that is not here fails the test: add it.
ERRORS = {
    "access": "EACCES ELOOP ENAMETOOLONG ENOENT ENOTDIR EIO ENOMEM EROFS",
    "bind": "EACCES EADDRINUSE EINVAL ENOMEM",
    "clock_gettime": "EINVAL EFAULT",
    "clone": "EAGAIN ENOMEM ENOSPC EPERM",
    "close": "EBADF EINTR EIO",
    "connect": "EACCES ECONNREFUSED ENETUNREACH",
    "dup3": "EBADF EBUSY EMFILE",
    "fcntl": "EACCES EBADF EINVAL EMFILE",
    "fork": "EAGAIN ENOMEM ENOSYS",
    "fstat": "EBADF ENOMEM EOVERFLOW",
    "getdents64": "EBADF EINVAL ENOENT ENOTDIR",
    "getpgid": "ESRCH",
    "getpid": "",
    "getppid": "",
    "ioctl": "EBADF EINVAL ENOTTY EPERM EIO",
    "kill": "EINVAL EPERM ESRCH",
    "lseek": "EBADF EINVAL ENXIO EOVERFLOW ESPIPE",
    "madvise": "EACCES EAGAIN EBADF EINVAL EIO ENOMEM",
    "memfd_create": "EFAULT EINVAL EMFILE ENFILE ENOMEM EPERM ENOSYS",
    "mmap": "EACCES EAGAIN EINVAL ENFILE ENOMEM EPERM",
    "munmap": "EINVAL ENOMEM",
    "newfstatat": "EACCES EBADF ENOENT ENOMEM",
    "open": "EACCES EDQUOT EINTR EINVAL EISDIR ELOOP EMFILE ENAMETOOLONG "
            "ENFILE ENOENT ENOMEM ENOSPC ENOTDIR ENXIO EPERM EROFS",
    "openat": "EACCES EDQUOT EINTR EINVAL EISDIR ELOOP EMFILE ENAMETOOLONG "
              "ENFILE ENOENT ENOMEM ENOSPC ENOTDIR ENXIO EPERM EROFS",
    "prctl": "EFAULT EINVAL EPERM EACCES",
    "pwritev2": "EAGAIN EBADF EINVAL EIO ENOSPC EOPNOTSUPP EPIPE ENOSYS EINTR",
    "read": "EAGAIN EBADF EINTR EINVAL EIO EISDIR",
    "readlink": "EACCES EINVAL EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR",
    "readlinkat": "EACCES EINVAL EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR",
    "recvfrom": "EAGAIN EBADF EINTR EINVAL ENOMEM ENOBUFS",
    "recvmsg": "EAGAIN EBADF EINTR EINVAL ENOMEM ENOBUFS",
    "rt_sigaction": "EFAULT EINVAL",
    "rt_sigpending": "EFAULT",
    "rt_sigprocmask": "EFAULT EINVAL",
    "rt_sigqueueinfo": "EAGAIN EPERM ESRCH EINVAL",
    "rt_sigtimedwait": "EAGAIN EINTR EINVAL ENOSYS",
    "sendto": "EACCES EAGAIN EBADF ECONNREFUSED EINTR EINVAL ENOBUFS ENOMEM "
              "EPERM EPIPE",
    "setpgid": "EACCES EINVAL EPERM ESRCH",
    "setsockopt": "EBADF EINVAL ENOPROTOOPT",
    "socket": "EACCES EAFNOSUPPORT EINVAL EMFILE ENFILE ENOBUFS ENOMEM "
              "EPROTONOSUPPORT EPERM",
    "statx": "EACCES EBADF EINVAL ENOENT ENOMEM ENOSYS",
    "unlink": "EACCES EBUSY EIO EISDIR ELOOP ENAMETOOLONG ENOENT ENOMEM "
              "ENOTDIR EPERM EROFS",
    "wait4": "ECHILD EINTR EINVAL",
    "write": "EAGAIN EBADF EFBIG EINTR EIO ENOSPC EPIPE",
    "writev": "EAGAIN EBADF EIO EPIPE",
}
# Before lastcall's first line, or after its last.
NOT_OURS = {"execve", "arch_prctl", "set_tid_address", "exit_group", "exit",
            "set_robust_list", "rseq", "prlimit64", "brk", "mprotect",
            "getrandom", "set_thread_area", "rt_sigreturn",
            "restart_syscall"}
# An error that comes every time (1+) as well as once: not where it would only
# say that the kernel does not work.
ONCE = {"rt_sigtimedwait"}
# Where these fail all the time, or the subreaper call once, a process that has
# left the main one's group cannot be found or ended: the log or the manual
# says so, and the row is right when only that is wrong.
BLIND = {"getdents64", "kill", "open", "openat", "read", "readlink",
         "readlinkat", "wait4"}


def argv(lastcall, folder):
    return [lastcall, "--grace", f"{GRACE}s", "--drain", "1/50ms",
            "--pre-stop", "true", "--post-stop", "true", "--ready-file",
            f"{folder}/ready", "--termination-log", f"{folder}/termination",
            "--sweep", "300ms", "-v", "-w", "-p", "WINCH", "--",
            "sh", "-c",
            'trap "exit 7" TERM; setsid sleep 70 & sleep 71 & '
            'echo READY; while :; do wait; done']


def marked(mark):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                if mark.encode() + b"\0" in f.read():
                    found.append(int(pid))
        except OSError:
            pass
    return found


def may_leave(inject, log_text):
    call, when = inject.split(":")[0], inject.split("=")[-1]
    return (call in BLIND and when == "1+") or \
        "cannot become a subreaper" in log_text


def run(lastcall, inject, serial):
    """One life; returns (outcome, what is wrong or None, trace)."""
    mark = f"FAULT={os.getpid()}-{serial}"
    with tempfile.TemporaryDirectory() as folder:
        trace = f"{folder}/trace"
        command = ["strace", "-qq", "-o", trace]
        if inject:
            command += ["-e", f"inject={inject}"]
        env = dict(os.environ, FAULT=mark.split("=")[1])
        with open(f"{folder}/out", "wb") as out, \
                open(f"{folder}/log", "wb") as log:
            p = subprocess.Popen(command + argv(lastcall, folder), env=env,
                                 stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=log)
        ready_until = time.monotonic() + SLACK
        while p.poll() is None and time.monotonic() < ready_until:
            with open(f"{folder}/out", "rb") as out:
                if b"READY" in out.read():
                    break
            time.sleep(0.01)
        asked = time.monotonic()
        if p.poll() is None:
            with open(f"/proc/{p.pid}/task/{p.pid}/children") as f:
                child = f.read().split()
            if child:
                os.kill(int(child[0]), signal.SIGTERM)
        try:
            code = p.wait(GRACE + SLACK)
        except subprocess.TimeoutExpired:
            code = None
        took = time.monotonic() - asked
        # Whoever was sent SIGKILL goes; on a busy machine not at once.
        until = time.monotonic() + 5
        while (left := marked(mark)) and time.monotonic() < until:
            time.sleep(0.1)
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        p.wait()
        with open(f"{folder}/log", errors="replace") as f:
            log_text = f.read()
        with open(trace) as f:
            trace_text = f.read()
    if code is None:
        return "stuck", f"still there after {took:.1f} s\n{log_text}", ""
    if code == 125:
        lines = [line for line in log_text.splitlines() if line]
        if not lines:
            return "refused", "exit code 125 without a word", trace_text
        return "refuses: " + lines[-1], None, trace_text
    wrong = None
    if code not in (7, 137, 143):
        wrong = f"exit code {code}\n{log_text}"
    elif left:
        wrong = f"left behind: {left}\n{log_text}"
    by = "killed" if "event=killed" in log_text else "ended"
    outcome = f"goes on, {by}, exit code {code}"
    if left and may_leave(inject, log_text):
        return outcome + ", a stray is left", None, trace_text
    return outcome, wrong, trace_text


def calls_of(lastcall):
    outcome, wrong, trace = run(lastcall, None, "base")
    if wrong or outcome != "goes on, ended, exit code 7":
        sys.exit(f"the run without faults: {outcome}: {wrong}")
    calls = {}
    for line in trace.splitlines():
        m = re.match(r"(\w+)\(", line)
        if m and m.group(1) not in NOT_OURS:
            calls[m.group(1)] = calls.get(m.group(1), 0) + 1
    return calls


def main():
    p = argparse.ArgumentParser()
    p.add_argument("lastcall")
    p.add_argument("--table", default="/dev/stdout")
    p.add_argument("--jobs", type=int, default=6)
    p.add_argument("--only")
    o = p.parse_args()
    calls = calls_of(o.lastcall)
    plans, failed = [], []
    for call in sorted(calls):
        if o.only and call != o.only:
            continue
        if call not in ERRORS:
            failed.append((call, "", "", "not in the list of errors"))
            continue
        for error in ERRORS[call].split():
            # Once at each of the first calls, and then always.
            whens = [str(n) for n in range(1, min(calls[call], 4) + 1)]
            if call not in ONCE:
                whens.append("1+")
            plans += [(call, error, when) for when in whens]
    rows = []
    with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        futures = [pool.submit(run, o.lastcall,
                               f"{call}:error={error}:when={when}", n)
                   for n, (call, error, when) in enumerate(plans)]
        for (call, error, when), future in zip(plans, futures):
            outcome, wrong, _ = future.result()
            rows.append((call, error, when, outcome))
            if wrong:
                failed.append((call, error, when, wrong))
    with open(o.table, "w") as f:
        f.write(f"{'call':16} {'error':15} {'when':5} outcome\n")
        for row in rows:
            f.write(f"{row[0]:16} {row[1]:15} {row[2]:5} {row[3]}\n")
    for call, error, when, wrong in failed:
        print(f"not ok {call} {error} {when}")
        for line in str(wrong).splitlines():
            print(f"#   {line}")
    print(f"{len(rows) - len([f for f in failed if f[1]])} passed, "
          f"{len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
