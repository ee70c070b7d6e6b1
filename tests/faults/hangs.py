#!/usr/bin/env python3
"""Every system call of lastcall's helpers hangs, one a life.

    hangs.py LASTCALL HANG [--jobs N] [--only N]

HANG is tests/beside/hang.c: in life N the N-th call that a helper makes (the
log writer; those that make and remove the ready file, and write the termination
log) never begins, as on a file system that hangs, and SIGKILL alone ends it.
lastcall must end by its deadline all the same, with the exit code of a forced
stop.  What its main process may call is in tests/43-waits.py.  Ends with TAP's
counts.
"""
import argparse
import concurrent.futures
import itertools
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

GRACE = 0.5
SLACK = 10.0  # what a busy machine may add, with 1 s for the dead
PROGRAM = 'trap "" TERM; echo READY; while :; do sleep 0.2; done'


def child_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return int(file.read().split()[0])


def live(o, number):
    """Returns which call hung (None: there are not so many), what is wrong."""
    with tempfile.TemporaryDirectory() as folder, \
            open(f"{folder}/log", "w+", encoding="utf-8") as log:
        process = subprocess.Popen(
            [o.hang, str(number), f"{folder}/hung", o.lastcall, "-v",
             "--grace", f"{int(GRACE * 1000)}ms", "--ready-file",
             f"{folder}/ready", "--termination-log", f"{folder}/why", "--",
             "sh", "-c", PROGRAM], stdout=subprocess.PIPE, stderr=log)
        # Ended if it should never say READY.
        end = threading.Timer(SLACK, process.kill)
        end.start()
        process.stdout.readline()
        end.cancel()
        begun = time.monotonic()
        wrong = None
        try:
            os.kill(child_of(process.pid), signal.SIGTERM)
            code = process.wait(GRACE + SLACK)
            if code != 137:
                wrong = f"exit code {code}"
        except subprocess.TimeoutExpired:
            wrong = f"still there after {time.monotonic() - begun:.1f} s"
            process.kill()
            process.wait()
        except (OSError, IndexError):
            wrong = f"exit code {process.wait()} before the stop request"
        try:
            with open(f"{folder}/hung", encoding="ascii") as file:
                hung = int(file.read())
        except FileNotFoundError:
            hung = None
        if wrong:
            log.seek(0)
            wrong += "\n" + log.read()
        return hung, wrong


def main():
    p = argparse.ArgumentParser()
    p.add_argument("lastcall")
    p.add_argument("hang")
    p.add_argument("--jobs", type=int, default=4)
    p.add_argument("--only", type=int)
    o = p.parse_args()
    failed = lives = 0
    done = False
    numbers = iter([o.only]) if o.only else itertools.count(1)
    with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        while not done:
            batch = list(itertools.islice(numbers, o.jobs))
            done = not batch
            for number, (hung, wrong) in zip(
                    batch, pool.map(lambda n: live(o, n), batch)):
                # How many there are differs a little from life to life.
                done = done or hung is None or bool(o.only)
                lives += 1
                if wrong:
                    failed += 1
                    print(f"not ok {number} - call number {hung} hangs")
                    for line in wrong.splitlines():
                        print(f"#   {line}")
                    sys.stdout.flush()
    print(f"# {lives} calls of helpers that hang")
    print(f"{lives - failed} passed, {failed} failed")
    return 1 if failed or lives < (1 if o.only else 20) else 0


if __name__ == "__main__":
    sys.exit(main())
