#!/usr/bin/env python3
"""Runs COMMAND PROGRAM on a terminal of its own and types a line.

PROGRAM gives its terminal to a process group that is gone then, and reads.
Prints what the terminal shows until PROGRAM has read the line or 10 s are
over; the exit code is COMMAND's, or 124.
"""

import os
import pty
import select
import signal
import sys
import time

PROGRAM = """
import os, signal
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
pid = os.fork()
if pid == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    os._exit(0)
os.waitpid(pid, 0)
signal.signal(signal.SIGTTOU, signal.SIG_DFL)
print("read", os.read(0, 10), flush=True)
"""


def show(fd, until):
    """Prints what comes; returns whether it ended in time."""
    while time.monotonic() < until:
        if not select.select([fd], [], [], 0.1)[0]:
            continue
        try:
            shown = os.read(fd, 4096)
        except OSError:
            shown = b""
        if not shown:
            return True
        sys.stdout.write(shown.decode(errors="replace"))
        sys.stdout.flush()
    return False


def main():
    pid, fd = pty.fork()
    if pid == 0:
        command = sys.argv[1:] + [sys.executable, "-c", PROGRAM]
        os.execvp(command[0], command)
    os.write(fd, b"hello\n")
    if not show(fd, time.monotonic() + 10):
        os.kill(pid, signal.SIGKILL)
        os.close(fd)
        os.waitpid(pid, 0)
        return 124
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


sys.exit(main())
