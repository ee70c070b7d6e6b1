#!/usr/bin/env python3
"""Runs a command under a seccomp filter that allows a list of system calls.

    confine.py LIST [--also NAME,...] -- COMMAND [ARG]...

LIST is a file with a name at the start of each line that matters (as in
docs/system-calls.txt).  Any other call kills the process (seccomp(2)); the
execve that starts COMMAND is under the filter, too.
"""
import ctypes
import os
import re
import struct
import sys

HEADER = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"
AUDIT_ARCH_X86_64 = 0xC000003E
LD_ABS_W, JEQ_K, RET_K = 0x20, 0x15, 0x06
ALLOW, KILL_PROCESS = 0x7FFF0000, 0x80000000
NR_OFFSET, ARCH_OFFSET = 0, 4
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


def numbers():
    with open(HEADER) as f:
        return {m.group(1): int(m.group(2)) for m in
                re.finditer(r"#define __NR_(\w+) (\d+)", f.read())}


def names(path):
    with open(path) as f:
        return [m.group(1) for m in
                re.finditer(r"^([a-z]\w*)(?:\s|$)", f.read(), re.M)]


def statement(code, k, jump_true=0, jump_false=0):
    return struct.pack("HBBI", code, jump_true, jump_false, k)


def program(allowed):
    known = numbers()
    code = [statement(LD_ABS_W, ARCH_OFFSET),
            statement(JEQ_K, AUDIT_ARCH_X86_64, 1, 0),
            statement(RET_K, KILL_PROCESS),
            statement(LD_ABS_W, NR_OFFSET)]
    for name in sorted(set(allowed) & set(known)):
        code += [statement(JEQ_K, known[name], 0, 1), statement(RET_K, ALLOW)]
    return b"".join(code + [statement(RET_K, KILL_PROCESS)])


def install(code):
    """This process and what it starts are under the filter from here on."""
    bytes_ = ctypes.create_string_buffer(code)
    fprog = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(bytes_))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or \
            libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER,
                       ctypes.create_string_buffer(fprog), 0, 0):
        raise OSError(ctypes.get_errno(), "cannot install the filter")


def main():
    args = sys.argv[1:]
    split = args.index("--")
    command = args[split + 1:]
    allowed = names(args[0])
    if "--also" in args[:split]:
        allowed += args[args.index("--also") + 1].split(",")
    install(program(allowed))
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
