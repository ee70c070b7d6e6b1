#!/usr/bin/env python3
"""Writes the config.json of an OCI bundle: a container as a careful person
would run it.

    oci_config.py [--root] [--env NAME=VALUE]... ROOTFS -- ARG...

Another user than root, no capabilities, a read-only root, no new privileges,
and the default seccomp profile that podman and Docker apply.  With --root
it is what `docker run` gives without options: root with the fourteen default
capabilities and a writable root file system.
"""

import json
import platform
import sys

PROFILE = "/usr/share/containers/seccomp.json"
DEFAULT_CAPABILITIES = [
    "CAP_" + name
    for name in (
        "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID "
        "SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE"
    ).split()
]
ARCHITECTURES = {
    "x86_64": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    "aarch64": ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
}
GO_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}


def rule_applies(rule, capabilities):
    """The profile's own conditions, which the runtime does not know."""
    machine = GO_NAMES.get(platform.machine(), platform.machine())
    includes = rule.get("includes") or {}
    excludes = rule.get("excludes") or {}
    if includes.get("arches") and machine not in includes["arches"]:
        return False
    if machine in (excludes.get("arches") or []):
        return False
    if any(c not in capabilities for c in includes.get("caps") or []):
        return False
    return not any(c in capabilities for c in excludes.get("caps") or [])


def seccomp(capabilities):
    with open(PROFILE, encoding="utf-8") as file:
        profile = json.load(file)
    rules = []
    for rule in profile["syscalls"]:
        if not rule_applies(rule, capabilities):
            continue
        kept = {"names": rule["names"], "action": rule["action"]}
        if rule.get("args"):
            kept["args"] = rule["args"]
        if rule.get("errnoRet") is not None:
            kept["errnoRet"] = rule["errnoRet"]
        rules.append(kept)
    result = {
        "defaultAction": profile["defaultAction"],
        "architectures": ARCHITECTURES.get(platform.machine(), []),
        "syscalls": rules,
    }
    if profile.get("defaultErrnoRet") is not None:
        result["defaultErrnoRet"] = profile["defaultErrnoRet"]
    return result


def config(rootfs, args, env, is_root):
    capabilities = DEFAULT_CAPABILITIES if is_root else []
    user = 0 if is_root else 1000
    return {
        "ociVersion": "1.0.2",
        "hostname": "lastcall",
        "root": {"path": rootfs, "readonly": not is_root},
        "process": {
            "terminal": False,
            "user": {"uid": user, "gid": user},
            "args": args,
            "env": ["PATH=/bin"] + env,
            "cwd": "/",
            "noNewPrivileges": not is_root,
            "capabilities": {
                kind: capabilities
                for kind in ("bounding", "effective", "permitted")
            },
        },
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {
                "destination": "/dev",
                "type": "tmpfs",
                "source": "tmpfs",
                "options": ["nosuid", "mode=755", "size=65536k"],
            },
        ],
        "linux": {
            "namespaces": [
                {"type": kind}
                for kind in ("pid", "network", "ipc", "uts", "mount")
            ],
            "seccomp": seccomp(capabilities),
            "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list"],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"],
        },
    }


def main():
    words = sys.argv[1:]
    env = []
    is_root = False
    while words and words[0].startswith("--"):
        word = words.pop(0)
        if word == "--root":
            is_root = True
        elif word == "--env":
            env.append(words.pop(0))
        else:
            sys.exit("oci_config.py: unknown option " + word)
    if len(words) < 3 or words[1] != "--":
        sys.exit(__doc__)
    json.dump(config(words[0], words[2:], env, is_root), sys.stdout, indent=1)


main()
