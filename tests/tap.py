"""tap.py - runs the cases of a Python test file and prints TAP.

    import tap

    @tap.case("a request in flight is completed", "root", seconds=30)
    def in_flight():
        assert ...

    tap.main()

A case passes when its function returns.  It runs in a process of its own,
which is ended after its time (120 s if it says nothing else), and fails when
a process that it started is still there at its end.  What it printed follows
its line when it has failed.  The words behind the name are what the machine
must have: see lacks() below, and `requires` in helpers.bash.

    tests/55-drain.py [-f WORD]      only the cases with WORD in their name
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LASTCALL = os.environ.get("LASTCALL_BINARY", os.path.join(TOP, "lastcall"))
# The C programs of tests/under and tests/beside.
FIXTURES = os.path.join(TOP, "build/fixtures")

cases = []
failures = []


def on_failure(function):
    """Calls it, in the case's process, when the case fails: to show a log."""
    failures.append(function)


def built(path):
    """A program that make has built."""
    path = os.path.join(TOP, "build", path)
    if not os.path.exists(path):
        sys.exit(f"{path} is not there; make test builds it")
    return path


def case(name, *words, seconds=120):
    """Makes a function one of the file's cases."""
    def add(function):
        cases.append((name, words, seconds, function))
        return function
    return add


def lacks(word):
    """Why the machine does not have it; None if it does."""
    if word == "root":
        return None if os.getuid() == 0 else "needs root"
    if word == "ipv6":
        try:
            with open("/proc/net/if_inet6", encoding="ascii") as file:
                return None if " lo\n" in file.read() else "no IPv6 here"
        except OSError:
            return "no IPv6 here"
    if word == "terminals":
        try:
            for fd in os.openpty():
                os.close(fd)
        except OSError:
            return "no terminals here"
        return None
    if word == "pidns":
        made = subprocess.run(["unshare", "--pid", "--fork", "--mount-proc",
                               "true"], stderr=subprocess.DEVNULL, check=False)
        return None if made.returncode == 0 else "no PID namespaces here"
    return None if shutil.which(word) else f"{word} is not installed"


def ci_must_have(word):
    return os.environ.get("CI") == "true" and word not in ("ipv6", "terminals")


def marked(mark):
    """The processes that carry the mark in their environment."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if mark in file.read().split(b"\0"):
                    found.append(int(name))
        except OSError:
            pass  # another user's, or gone
    return found


def end_marked(mark):
    while pids := marked(mark):
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.02)


def left_behind(mark):
    """What is still there five seconds after the end."""
    until = time.monotonic() + 5
    while pids := marked(mark):
        if time.monotonic() > until:
            return pids
        time.sleep(0.02)
    return []


def run(function, seconds, output):
    """Runs one case; says what is wrong with it, or None."""
    mark = f"TEST_MARK=mark-{os.getpid()}-{time.monotonic_ns()}"
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        key, value = mark.split("=", 1)
        os.environ[key] = value
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        code = 0
        try:
            function()
        except BaseException:  # SystemExit too
            traceback.print_exc(file=sys.stdout)
            for show in failures:
                show()
            code = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    until = time.monotonic() + seconds
    status = None
    while status is None and time.monotonic() < until:
        done, status_now = os.waitpid(pid, os.WNOHANG)
        if done:
            status = status_now
        else:
            time.sleep(0.005)
    wrong = None
    if status is None:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        wrong = f"not done after {seconds} s"
    elif status != 0:
        wrong = f"ended with {os.waitstatus_to_exitcode(status)}"
    elif left := left_behind(mark.encode()):
        wrong = f"left processes behind: {left}"
    end_marked(mark.encode())
    return wrong


def main():
    wanted = sys.argv[2] if sys.argv[1:2] == ["-f"] else ""
    chosen = [row for row in cases if wanted in row[0]]
    # What lastcall reads must not come from the machine it is tested on.
    for name in list(os.environ):
        if name.startswith("LASTCALL_"):
            del os.environ[name]
    print(f"1..{len(chosen)}")
    failed = 0
    for number, (name, words, seconds, function) in enumerate(chosen, 1):
        lack = next(filter(None, map(lacks, words)), None)
        if lack and not any(map(ci_must_have, words)):
            print(f"ok {number} {name} # skip {lack}", flush=True)
            continue
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            begun = time.monotonic()
            wrong = lack or run(function, seconds, output)
            took = int((time.monotonic() - begun) * 1000)
            print(f"{'not ok' if wrong else 'ok'} {number} {name} in {took}ms",
                  flush=True)
            output.seek(0)
            for line in output if wrong else []:
                print("#", line.rstrip("\n"))
            if wrong:
                print("#", wrong, flush=True)
                failed += 1
    sys.exit(1 if failed else 0)
