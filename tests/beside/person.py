#!/usr/bin/env python3
"""person.py - a person at a terminal.

    person.py STEP... -- COMMAND ARG...

Starts COMMAND as the leader of a new session on a new pseudo-terminal, and
does what the steps say, one after the other:

    expect:TEXT    waits until the terminal has shown TEXT, after what the
                   last expect found
    absent:TEXT    for two seconds the terminal does not show TEXT
    type:TEXT      types it; \\x03 is Ctrl-C, \\x1a Ctrl-Z, \\n Enter
    size:ROWSxCOLS changes the window's size
    exit:CODE      waits for COMMAND's end with this exit code

What is still there at the end is killed.  Prints what the terminal has shown;
exits 1, and says which step it was, when one is not fulfilled in time.
"""
import fcntl
import os
import select
import signal
import struct
import sys
import termios
import time

LIMIT = float(os.environ.get("PTY_LIMIT", "25"))


class Terminal:
    def __init__(self, command):
        self.shown = b""
        self.seen = 0
        self.pid, self.fd = os.forkpty()
        if self.pid == 0:
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE):
                signal.signal(number, signal.SIG_DFL)
            os.execvp(command[0], command)

    def read(self, seconds):
        if not select.select([self.fd], [], [], max(seconds, 0))[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # EIO: nobody has it open any more
            return False
        self.shown += data
        return bool(data)

    def absent(self, text):
        return not self.expect(text, 2)

    def expect(self, text, seconds=LIMIT):
        wanted = text.encode()
        until = time.monotonic() + seconds
        while True:
            at = self.shown.find(wanted, self.seen)
            if at >= 0:
                self.seen = at + len(wanted)
                return True
            if time.monotonic() > until:
                return False
            if not self.read(0.2):
                time.sleep(0.02)

    def type(self, text):
        os.write(self.fd, text.encode().decode("unicode_escape").encode())
        return True

    def size(self, text):
        rows, columns = map(int, text.split("x"))
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))
        return True

    def exit(self, text):
        until = time.monotonic() + LIMIT
        while time.monotonic() < until:
            self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                while self.read(0):
                    pass
                code = os.waitstatus_to_exitcode(status)
                if code != int(text):
                    print(f"person.py: exit code {code}", file=sys.stderr)
                return code == int(text)
        return False

    def close(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


def main():
    split = sys.argv.index("--")
    steps, command = sys.argv[1:split], sys.argv[split + 1:]
    terminal = Terminal(command)
    failed = None
    for step in steps:
        verb, _, text = step.partition(":")
        if not getattr(terminal, verb)(text):
            failed = step
            break
    terminal.close()
    sys.stdout.buffer.write(terminal.shown.replace(b"\r", b""))
    sys.stdout.flush()
    if failed:
        print(f"\nperson.py: not fulfilled: {failed}", file=sys.stderr)
    return 1 if failed else 0


sys.exit(main())
