#!/usr/bin/env python3
"""Random life: real processes under lastcall, random signals, then checks.

    soak.py LASTCALL LIFE [--seconds N] [--seed N] [--run N]

Each run has a number; run N of seed S is always the same plan: options, the
program's own random life, and which signals lastcall gets when.  In some the
program holds the lock of stderr's pipe (tests/under/holdpipe.c), has 5,000
children, or the files that lastcall writes are on a file system that hangs
(tests/beside/hungfs.c; they lie beside LIFE).  A run that
fails prints the command line and how to live it again (--seed S --run N).
Ends with TAP's counts and exit code 1 if a run failed.
"""
import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

# How late a noisy machine may be, in seconds, on top of lastcall's own 1 s; a
# run that is right but for being later than LATE is lived once more.
SLACK = 10.0
LATE = 2.0
STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
OTHERS = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH,
          signal.SIGCONT, signal.SIGRTMIN + 3, signal.SIGRTMAX,
          signal.SIGPIPE, signal.SIGALRM, signal.SIGCHLD, signal.SIGTTOU)


class Plan:
    """What one run does, from its number alone."""

    def __init__(self, seed, number, lastcall, life):
        r = random.Random(f"{seed}/{number}")
        self.mark = f"soak-{os.getpid()}-{seed}-{number}"
        self.pid1 = r.random() < 0.5 and os.geteuid() == 0
        self.grace = r.choice((0.3, 0.6, 1.0, 2.0))
        args = [lastcall, "--log-format", "json", "-v",
                "--grace", f"{int(self.grace * 1000)}ms",
                "--scope", r.choice(("auto", "child", "group", "all")),
                "--sweep", r.choice(("0", "50ms", "300ms", "5s"))]
        if r.random() < 0.3:
            args += ["--delay", "80ms"]
        if r.random() < 0.3:
            args += ["--stop", r.choice(
                ("TERM/50ms/QUIT", "INT/30ms/TERM/60ms/KILL", "HUP/100ms",
                 "USR1/20ms/TERM"))]
        self.pre_hooks = r.choice((0, 0, 0, 1, 2))
        for _ in range(self.pre_hooks):
            args += ["--pre-stop", r.choice(
                ("true", "false", "sleep 0.05", "sleep 100", "nowhere"))]
        if r.random() < 0.3:
            args += ["--post-stop", r.choice(("true", "sleep 100")),
                     "--post-stop-limit", "100ms"]
        self.success = r.random() < 0.1
        if self.success:
            args += ["--stop-code", "0"]
        shell = r.random() < 0.4
        program = [life, str(r.getrandbits(60)), str(r.randrange(4))]
        if shell:
            workers = " & ".join(" ".join([life, str(r.getrandbits(60)), "2"])
                                 for _ in range(r.randrange(1, 4)))
            program = ["sh", "-c", f"{workers} & wait"]
        # Drawn apart, so that what a run did before is what it does now.
        w = random.Random(f"{seed}/{number}/world")
        folder = os.path.dirname(life)
        self.pipe = w.random() < 0.5
        if not shell and w.random() < 0.02:
            program.append("5000")
        if self.pipe and w.random() < 0.3:
            program = [f"{folder}/holdpipe"] + program
        self.hungfs = f"{folder}/hungfs" \
            if w.random() < 0.1 and can_mount() else None
        self.hang_at = w.random()
        if self.hungfs:
            self.mount = tempfile.mkdtemp(prefix="soak-")
            args += ["--ready-file", f"{self.mount}/ready",
                     "--termination-log", f"{self.mount}/why"]
        self.argv = args + ["--"] + program
        if self.pid1:
            self.argv = ["unshare", "--pid", "--fork", "--mount-proc",
                         "--kill-child", "--"] + self.argv
        self.deeds = []
        at = 0.0
        for _ in range(r.randrange(6)):
            at += r.random() * 0.3
            what = r.random()
            if what < 0.5:
                self.deeds.append((at, r.choice(OTHERS)))
            elif what < 0.75:
                self.deeds.append((at, r.choice(STOPS)))
            else:
                self.deeds.append((at, signal.SIGSTOP))
                at += r.random() * 0.3
                self.deeds.append((at, signal.SIGCONT))
        self.deeds.append((at + r.random(), r.choice(STOPS)))


def can_mount():
    return os.geteuid() == 0 and os.path.exists("/dev/fuse")


class HungFiles:
    """The mount of a plan that has one: hangs a while after the start."""

    def __init__(self, plan):
        self.plan, self.process = plan, None

    def __enter__(self):
        if self.plan.hungfs:
            self.process = subprocess.Popen(
                [self.plan.hungfs, self.plan.mount], stdout=subprocess.PIPE)
            self.process.stdout.readline()
        return self

    def started(self):
        if self.process:
            threading.Timer(self.plan.hang_at, self.process.send_signal,
                            [signal.SIGUSR1]).start()

    def __exit__(self, *_):
        if self.process:
            self.process.terminate()
            self.process.wait()
            os.rmdir(self.plan.mount)


def read_to_end(fd, parts):
    while part := os.read(fd, 65536):
        parts.append(part)
    os.close(fd)


class Log:
    """lastcall's stderr: a file or a pipe that is always read."""

    def __init__(self, plan):
        self.file = self.thread = None
        if plan.pipe:
            self.parts = []
            end, self.fd = os.pipe()
            self.thread = threading.Thread(
                target=read_to_end, args=(end, self.parts), daemon=True)
            self.thread.start()
        else:
            self.file = tempfile.TemporaryFile()
            self.fd = self.file.fileno()

    def started(self):
        if self.thread:
            os.close(self.fd)

    def text(self):
        """All of it, when nobody holds the pipe any more, or nearly."""
        if self.thread:
            self.thread.join(2)
            return b"".join(self.parts).decode()
        self.file.seek(0)
        text = self.file.read().decode()
        self.file.close()
        return text


def marked(mark):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                if f"SOAK={mark}".encode() in f.read():
                    found.append(int(pid))
        except OSError:
            pass
    return found


def lastcall_pid(process, plan, until):
    """lastcall's own pid: below unshare, once it shows its phase."""
    while time.monotonic() < until and process.poll() is None:
        pid = process.pid
        try:
            if plan.pid1:
                with open(f"/proc/{pid}/task/{pid}/children") as f:
                    pid = int(f.read().split()[0])
            with open(f"/proc/{pid}/comm") as f:
                if f.read().startswith("lastcall:"):
                    return pid
        except (OSError, IndexError):
            pass
        time.sleep(0.001)
    return None


def send(pid, number):
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def dead_children(pid):
    """Who has ended and is not reaped."""
    dead = set()
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            children = f.read().split()
    except OSError:
        return dead
    for child in children:
        try:
            with open(f"/proc/{child}/stat") as f:
                if f.read().rpartition(")")[2].split()[0] == "Z":
                    dead.add(child)
        except OSError:
            pass
    return dead


def zombies(pid):
    """Those who are still there when lastcall has had its time."""
    dead = dead_children(pid)
    until = time.monotonic() + SLACK
    while dead and time.monotonic() < until:
        time.sleep(0.01)
        dead &= dead_children(pid)
    return dead


def live(plan):
    """Runs the plan; returns (exit code, seconds from stop to exit, zombies,
    log)."""
    env = dict(os.environ, SOAK=plan.mark)
    with HungFiles(plan) as files:
        log = Log(plan)
        process = subprocess.Popen(plan.argv, env=env, stderr=log.fd,
                                   stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL)
        log.started()
        files.started()
        start = time.monotonic()
        pid = lastcall_pid(process, plan, start + SLACK)
        asked = None
        unreaped = set()
        stopped = 0.0
        start = time.monotonic()
        for at, number in plan.deeds:
            if pid is None or process.poll() is not None:
                break
            time.sleep(max(0.0, start + at - time.monotonic()))
            if (at, number) == plan.deeds[-1]:
                unreaped = zombies(pid)
            if not send(pid, number):
                break
            if number in STOPS and asked is None:
                asked = time.monotonic()
            if number == signal.SIGSTOP:
                stopped = time.monotonic()
        if pid is not None:
            send(pid, signal.SIGCONT)
        asked = max(asked or time.monotonic(), stopped)
        try:
            code = process.wait(plan.grace + 1 + SLACK)
        except subprocess.TimeoutExpired:
            code = None
        took = time.monotonic() - asked
        return code, took, unreaped, log.text()


def check(plan, code, took, unreaped, log):
    """Yields what is wrong."""
    if unreaped:
        yield f"zombies: {unreaped}"
    if code is None:
        yield f"still there {took:.1f} s after the stop request"
        return
    events = []
    for line in log.splitlines():
        if not line.startswith('{"ts"'):
            continue
        try:
            events.append(json.loads(line))
        except ValueError:
            yield f"not JSON: {line}"
    by_name = {}
    for event in events:
        by_name.setdefault(event["event"], []).append(event)
    for name in ("started", "drain-started", "drain-finished", "child-exited",
                 "exited", "killed", "sweep-finished"):
        if len(by_name.get(name, ())) > 1:
            yield f"{name} is said {len(by_name[name])} times"
    if not events or events[-1]["event"] != "exited":
        yield "the log does not end in exited"
        return
    end = events[-1]
    if end["code"] != code:
        yield f"exited says {end['code']}, the exit code is {code}"
    # The one line of a program that has ended by itself.
    child = by_name.get("child-exited", [e for e in events if "program" in e
                                         and e["event"] == "exited"])
    if child and not plan.success:
        one = child[0]
        told = 128 + number_of(one["signal"]) if "signal" in one \
            else one["code"]
        if told != code:
            yield f"child-exited says {told}, the exit code is {code}"
    if not child and code != 137 and not plan.success:
        yield f"the child was not reaped, the exit code is {code}"
    if end["forced"] is not ("killed" in by_name):
        yield "forced and killed disagree"
    parts = sum(end.get(f"{p}_ms", 0) for p in ("drain", "stop", "sweep",
                                                "kill", "post"))
    if not end["total_ms"] - 6 <= parts <= end["total_ms"] + 6:
        yield f"phases are {parts} ms of {end['total_ms']} ms"
    signals = [e["signal"] for e in by_name.get("stop-signal", ())]
    if len(signals) != len(set(signals)):
        yield f"a stop signal is sent twice: {signals}"
    hooks = [e for e in by_name.get("hook-finished", ())
             if e["phase"] != "post"]
    if "drain-started" in by_name and len(hooks) != plan.pre_hooks:
        yield f"{plan.pre_hooks} hooks, {len(hooks)} hook-finished"
    # Whoever was sent SIGKILL goes; on a busy machine not at once.
    until = time.monotonic() + 5
    while (left := marked(plan.mark)) and time.monotonic() < until:
        time.sleep(0.1)
    if left:
        yield f"left behind: {left}"


def number_of(name):
    """A signal's number from lastcall's name for it: RTMIN is 34."""
    if name.startswith("RTMIN"):
        return 34 + int(name[5:] or 0)
    if name.startswith("RTMAX"):
        return 64 + int(name[5:] or 0)
    return int(signal.Signals[f"SIG{name}"])


def clean_up(mark):
    for pid in marked(mark):
        send(pid, signal.SIGKILL)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("lastcall")
    p.add_argument("life")
    p.add_argument("--seconds", type=float, default=60)
    p.add_argument("--seed", type=int, default=int(time.time()))
    p.add_argument("--run", type=int)
    o = p.parse_args()
    until = time.monotonic() + o.seconds
    failed = number = 0
    print(f"# seed {o.seed}")
    while o.run is not None or time.monotonic() < until:
        this = number if o.run is None else o.run
        plan = Plan(o.seed, this, os.path.abspath(o.lastcall),
                    os.path.abspath(o.life))
        for _ in range(2):
            code, took, unreaped, log = live(plan)
            wrong = list(check(plan, code, took, unreaped, log))
            late = took - plan.grace - 1
            if wrong or late <= LATE:
                break
            clean_up(plan.mark)
        else:
            wrong.append(f"late by {late:.1f} s")
        number += 1
        if wrong:
            failed += 1
            print(f"not ok {this} - live it again: --seed {o.seed} "
                  f"--run {this}")
            for line in wrong + [" ".join(plan.argv), str(plan.deeds)]:
                print(f"#   {line}")
            for line in log.splitlines():
                print(f"#     {line}")
        elif o.run is not None:
            print(log, end="")
        clean_up(plan.mark)
        sys.stdout.flush()
        if o.run is not None:
            break
    print(f"# {number} runs")
    print(f"{number - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
