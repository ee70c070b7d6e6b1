#!/usr/bin/env python3
"""Types at an interactive bash that has COMMAND as a job.

COMMAND runs cat, which wants to read: in the background the job must be
stopped as cat alone would be, in the foreground read, stop at ^Z, go on with
fg, and give the terminal back.
"""

import os
import pty
import select
import sys
import time


def wait_for(fd, text, poke=b""):
    """Shows what comes until it holds the text; `poke` is typed meanwhile."""
    seen = ""
    until = time.monotonic() + 15
    while text not in seen:
        if time.monotonic() > until:
            sys.exit(f"\nnever saw {text!r}")
        if not select.select([fd], [], [], 0.3)[0]:
            os.write(fd, poke)
            continue
        shown = os.read(fd, 4096).decode(errors="replace")
        sys.stdout.write(shown)
        seen += shown


def main():
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["PS1"] = "PROMPT> "
        os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
    wait_for(fd, "PROMPT> ")
    job = " ".join(sys.argv[2:]).encode() + b" cat"
    if sys.argv[1] == "background":
        os.write(fd, job + b" &\n")
        wait_for(fd, "Stopped", poke=b"jobs\n")
        os.write(fd, b"fg\n")
    else:
        os.write(fd, job + b"\n")
    # The terminal's own echo, and cat's.
    wait_for(fd, "hey\r\nhey\r\n", poke=b"hey\n")
    os.write(fd, b"\x1a")
    wait_for(fd, "Stopped")
    os.write(fd, b"fg\n")
    wait_for(fd, "ho\r\nho\r\n", poke=b"ho\n")
    os.write(fd, b"\x04")
    wait_for(fd, "code 0", poke=b"echo code $?\n")
    os.write(fd, b"exit\n")
    os.waitpid(pid, 0)


main()
