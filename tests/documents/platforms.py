#!/usr/bin/env python3
"""Checks that a platform's file and lastcall's deadline agree.

    platforms.py LASTCALL FILE...

Finds, in a Kubernetes, Knative, Compose, ECS, Fly.io, Nomad, systemd or
Quadlet file, a Dockerfile or a Procfile, each command that starts lastcall,
the variables it gets (those of its image's ENV included, where the image is
one that a Dockerfile of the tree builds), and the time that the platform gives before its
SIGKILL (or the platform's default where the file says nothing).  Then
`lastcall --plan` with these must take that very time for the platform's, end
before it, and warn of nothing.  Prints, for each file, what the platform gives
and what lastcall takes, as cells of a table.
"""
import configparser
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib

import yaml


def seconds(value):
    """90, "90", "90s", "1m30s", "2m" to seconds."""
    text = str(value)
    if re.fullmatch(r"[0-9.]+", text):
        return float(text)
    parts = re.findall(r"([0-9.]+)(ms|s|sec|min|m|h)", text)
    if not parts or "".join(a + b for a, b in parts) != text:
        raise ValueError(f"not a duration: {value}")
    unit = {"ms": 0.001, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600}
    return sum(float(n) * unit[u] for n, u in parts)


def words(value):
    return shlex.split(value) if isinstance(value, str) else list(value or [])


def variables(value):
    """A map, a list of NAME=VALUE or a list of {name, value}."""
    if isinstance(value, dict):
        return {k: str(v) for k, v in value.items()}
    found = {}
    for item in value or []:
        if isinstance(item, str):
            name, _, text = item.partition("=")
            found[name] = text
        elif "value" in item:
            found[item["name"]] = str(item["value"])
    return found


TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
# The examples' images, and what builds them.
IMAGES = {"hello:1": "Dockerfile.example",
          "hello:1-distroless": "examples/docker/Dockerfile.distroless"}


def image_env(image):
    """What the last stage of the image's Dockerfile sets."""
    name = IMAGES.get((image or "").rpartition("/")[2])
    if name is None:
        return {}
    with open(os.path.join(os.environ.get("IMAGES_FROM", TOP), name),
              encoding="utf-8") as source:
        return [env for _, env, _, _ in from_dockerfile(source.read())][0]


def pods(document):
    """The pod specs anywhere in a Kubernetes object."""
    if isinstance(document, dict):
        if "containers" in document:
            yield document
        for value in document.values():
            yield from pods(value)
    elif isinstance(document, list):
        for value in document:
            yield from pods(value)


def from_yaml(text):
    for document in yaml.safe_load_all(text):
        if "services" in document and "kind" not in document:
            for service in document["services"].values():
                argv = words(service.get("entrypoint")) + \
                    words(service.get("command"))
                env = {**image_env(service.get("image")),
                       **variables(service.get("environment"))}
                yield ({}, env, argv,
                       seconds(service.get("stop_grace_period", "10s")))
            continue
        knative = "serving.knative.dev" in document.get("apiVersion", "")
        for pod in pods(document):
            # Cloud Run gives 10 s, and there is no setting.
            period = 10 if knative else \
                pod.get("terminationGracePeriodSeconds", 30)
            shows = {"K_SERVICE": "app"} if knative else \
                {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
            for container in pod.get("initContainers", []) + \
                    pod["containers"]:
                argv = words(container.get("command")) + \
                    words(container.get("args"))
                env = {**image_env(container.get("image")),
                       **variables(container.get("env"))}
                yield shows, env, argv, period


def from_json(text):
    task = json.loads(text)
    for container in task["containerDefinitions"]:
        argv = words(container.get("entryPoint")) + \
            words(container.get("command"))
        period = container.get("stopTimeout", 30)
        assert period <= 120, "more than Fargate takes"
        yield ({"ECS_CONTAINER_METADATA_URI_V4": "http://169.254.170.2/v4"},
               {**image_env(container["image"]),
                **variables(container.get("environment"))}, argv, period)


def from_toml(text):
    fly = tomllib.loads(text)
    argv = words(fly.get("experimental", {}).get("entrypoint"))
    period = seconds(fly.get("kill_timeout", 5))
    assert period <= 300, "more than Fly.io takes"
    for process in fly.get("processes", {"app": ""}).values():
        yield ({"FLY_APP_NAME": "app"},
               {**image_env(fly.get("build", {}).get("image")),
                **variables(fly.get("env"))},
               argv + words(process), period)


def from_ini(text):
    # A key that stands twice adds to the first.
    env_words = re.findall(r"^Environment=(.*)$", text, re.M)
    text = re.sub(r"\\\n", " ", text)
    ini = configparser.ConfigParser(strict=False, interpolation=None,
                                    delimiters=["="])
    ini.optionxform = str
    ini.read_string(text)
    service = ini["Service"] if "Service" in ini else {}
    if "Container" in ini:
        container = ini["Container"]
        found = re.search(r"--stop-timeout[= ](\w+)",
                          container.get("PodmanArgs", ""))
        period = seconds(found.group(1)) if found else 10
        # systemd must be more patient than podman is.
        assert seconds(service["TimeoutStopSec"]) > period
        argv = words(container.get("Exec"))
        env = {**image_env(container.get("Image")),
               **variables(words(" ".join(env_words)))}
        yield {"container": "podman"}, env, argv, period
        return
    yield ({}, variables(words(" ".join(env_words))),
           words(service["ExecStart"]),
           seconds(service.get("TimeoutStopSec", 90)))


def from_hcl(text):
    """Nomad: as much of HCL as a task's command and kill_timeout need."""
    def string(name, default=None):
        found = re.search(rf'^\s*{name}\s*=\s*"([^"]*)"', text, re.M)
        return found.group(1) if found else default
    args = re.search(r"^\s*args\s*=\s*(\[[^]]*\])", text, re.M)
    argv = [string("command")] + \
        json.loads(re.sub(r",\s*\]", "]", args.group(1)))
    period = seconds(string("kill_timeout", "5s"))
    assert period <= 30, "more than Nomad's clients take by default"
    # Its default signal is INT; either is a stop request.
    yield {"NOMAD_ALLOC_ID": "1"}, image_env(string("image")), argv, period


def from_dockerfile(text):
    lines = re.sub(r"\\\n", "", text).splitlines()
    # What the file says that it is run with.
    found = re.search(r"--stop-timeout[= ](\w+)", text)
    period = seconds(found.group(1)) if found else 10
    told = {"ENTRYPOINT": [], "CMD": [], "ENV": []}
    for line in lines:
        name, _, rest = line.partition(" ")
        if name.upper() == "FROM":
            told = {"ENTRYPOINT": [], "CMD": [], "ENV": []}
        elif name == "ENV":
            told[name] += shlex.split(rest)
        elif name in told:
            told[name] = json.loads(rest) if rest.startswith("[") else \
                ["sh", "-c", rest]
    yield ({"container": "podman"}, variables(told["ENV"]),
           told["ENTRYPOINT"] + told["CMD"], period)


def from_procfile(text):
    for line in text.splitlines():
        if line and not line.startswith("#"):
            yield ({"DYNO": "web.1"}, {},
                   shlex.split(line.partition(":")[2]), 30)


READERS = {
    "yaml": from_yaml, "yml": from_yaml, "json": from_json,
    "toml": from_toml, "service": from_ini, "container": from_ini,
    "ini": from_ini, "hcl": from_hcl, "nomad": from_hcl,
    "dockerfile": from_dockerfile, "Dockerfile": from_dockerfile,
    "Procfile": from_procfile,
}

_, lastcall, *files = sys.argv
checked = 0
for name in files:
    kind = os.path.basename(name)
    # Dockerfile.distroless, and 01.yaml
    kind = "Dockerfile" if kind.startswith("Dockerfile") else \
        kind.rpartition(".")[2]
    with open(name, encoding="utf-8") as file:
        text = file.read()
    gives, takes = [], []
    for shows, env, argv, period in READERS[kind](text):
        env = {k: v for k, v in env.items() if k.startswith("LASTCALL_")}
        if not argv and not env:
            continue
        if argv and os.path.basename(argv[0]) == "lastcall":
            argv = argv[1:]
        elif not env:
            continue    # another container's business
        done = subprocess.run([lastcall, "--plan", *argv], text=True,
                              capture_output=True, env={**shows, **env},
                              check=False)
        said = f"{name}: {shlex.join(argv)}\n{done.stdout}{done.stderr}"
        if done.returncode != 0 or "Warning" in done.stdout:
            sys.exit(f"the plan is not good\n{said}")
        first = " ".join(done.stdout.split("\n\n")[0].split())
        found = re.search(r"at most (\S+) of the platform's (\S+):", first)
        if seconds(found.group(2)) != period:
            sys.exit(f"the platform gives {period:g} s\n{said}")
        if seconds(found.group(1)) >= period:
            sys.exit(f"longer than the platform gives\n{said}")
        gives.append(found.group(2))
        takes.append(found.group(1))
        checked += 1
    print("|", ", ".join(dict.fromkeys(gives)),
          "|", ", ".join(dict.fromkeys(takes)), "|")
if checked == 0 and not os.environ.get("NONE_IS_FINE"):
    sys.exit(f"no lastcall in {files}")
