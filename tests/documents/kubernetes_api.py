#!/usr/bin/env python3
"""Checks Kubernetes objects against the API that Debian's client knows.

    kubernetes_api.py FILE...

Each object is read into the client's own types, which refuse a missing or
ill-typed field, and written back: what does not come back is a field that
the API does not have.  Of a Knative service, which is Cloud Run's, this is its
template: a pod's, but for a revision's own fields.
"""
import json
import sys

import yaml
from kubernetes import client

KINDS = {"Deployment": "V1Deployment", "Job": "V1Job",
         "Pod": "V1Pod", "Service": "V1Service", "PodDisruptionBudget":
         "V1PodDisruptionBudget"}

# Newer than the client: fields of 1.25 to 1.31.
NEWER = [("initContainers", "restartPolicy"), ("spec", "podFailurePolicy"),
         ("volumes", "image")]


class Answer:
    """What the client's deserializer wants to be given."""

    def __init__(self, value):
        self.data = json.dumps(value)


def without_newer(value, above=""):
    if isinstance(value, dict):
        return {k: without_newer(v, k) for k, v in value.items()
                if (above, k) not in NEWER}
    if isinstance(value, list):
        return [without_newer(v, above) for v in value]
    return value


def pod_of(service):
    template = service["spec"]["template"]
    for name in ("containerConcurrency", "timeoutSeconds"):
        template["spec"].pop(name, None)
    return template


def differences(want, got, at):
    if isinstance(want, dict) and isinstance(got, dict):
        for key, value in want.items():
            if key not in got:
                yield f"{at}.{key}: the API has no such field"
            else:
                yield from differences(value, got[key], f"{at}.{key}")
    elif isinstance(want, list) and isinstance(got, list):
        for i, (a, b) in enumerate(zip(want, got)):
            yield from differences(a, b, f"{at}[{i}]")
    elif type(want) is not type(got) or want != got:
        yield f"{at}: {want!r} is read as {got!r}"


api = client.ApiClient()
bad = []
for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        for document in yaml.safe_load_all(file):
            document = without_newer(document)
            if document["apiVersion"].startswith("serving.knative.dev/"):
                document, kind = pod_of(document), "V1PodTemplateSpec"
            else:
                kind = KINDS[document["kind"]]
            read = api.deserialize(Answer(document), kind)
            back = api.sanitize_for_serialization(read)
            bad += [f"{name}: {what}" for what in
                    differences(document, back, kind)]
print("\n".join(bad))
sys.exit(bool(bad))
