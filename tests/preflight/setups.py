"""What a set-up is made of: objects of the cluster, answers, values, a user; and the check that has to name what is wrong with it."""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from tests.adapters.tls_pairs import DAY, Issued, issue

IMAGE: Final = "registry.example.com/llm-cost-ops:1.0.0"
CLASS: Final = "served"
"""An ingress class of which an Ingress has an address."""
Object = dict[str, Any]


@dataclass(frozen=True)
class Setup:
    """Something to install, and what is there. `__NS__` in objects, answers and values is the namespace of the set-up."""

    objects: tuple[Object, ...] = ()
    answers: Mapping[str, str | None] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    """Value path -> value."""
    user: str = ""
    """A kind of sandbox user; "" is the administrator."""
    installed: Mapping[str, Any] | None = None
    """For an upgrade: values of the release that was installed before, over those of the answers."""
    chart: Mapping[str, str] = field(default_factory=dict)
    """Files of another chart that is installed instead."""
    names: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    """What DNS answers."""
    namespace: bool = True
    """Whether the namespace is there."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of the namespace."""
    deleted: bool = False
    """Whether the namespace is deleted, and held by what is in it."""
    scenario: str = ""
    """A scenario of the sandbox."""
    wait: float = 0.0
    """Seconds until the API server has taken in what was made."""
    file: str = ""
    """Text of a person's own values file."""
    since: tuple[tuple[str, ...], ...] = ()
    """For an upgrade: what kubectl was told to do in the namespace after the install."""


Make = Callable[[Random], Setup]


@dataclass(frozen=True)
class Kind:
    """A way to be broken: its name, the check that says so, words that it has to say, and set-ups of it, each with other numbers."""

    name: str
    check: str
    says: str
    make: Make
    fails: str = ""
    """What helm or the cluster says when an install goes on all the same; "" where no install fails by it without a kubelet."""


KINDS: list[Kind] = []


def broken(check: str, says: str, fails: str = "") -> Callable[[Make], Make]:
    """Register a way to be broken."""

    def register(make: Make) -> Make:
        KINDS.append(Kind(make.__name__.replace("_", " "), check, says, make, fails))
        return make

    return register


def obj(kind: str, name: str, version: str = "v1", **more: Any) -> Object:
    """An object; in the namespace of the set-up unless its metadata says otherwise."""
    metadata = {"name": name, **more.pop("metadata", {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def name(random: Random) -> str:
    """A name as people give them."""
    first = random.choice(("team", "blue", "core", "pay", "edge", "data", "infra", "web"))
    return f"{first}-{random.choice(('a', 'east', 'prod', 'main', 'x', 'shared'))}-{random.randint(1, 99)}"


def number(random: Random, low: int, high: int) -> int:
    """Any number of a range."""
    return random.randint(low, high)


def tls_pair(*hosts: str, begins: int = -100, ends: int = 200) -> Issued:
    """A certificate for hosts, valid from and to so many days from now."""
    now = datetime.datetime.now(datetime.UTC)
    return issue(
        hosts[0], ec.generate_private_key(ec.SECP256R1()), names=hosts, begins=now + begins * DAY, ends=now + ends * DAY
    )


def tls_secret(issued: Issued, *, key: Issued | None = None, named: str = "web-tls") -> Object:
    """A TLS Secret of a certificate, with its key or that of another."""
    texts = {"tls.crt": issued.pem, "tls.key": (key or issued).key_bytes()}
    data = {field_name: base64.b64encode(text).decode() for field_name, text in texts.items()}
    return obj("Secret", named, type="kubernetes.io/tls", data=data)


def secret(named: str, **texts: str) -> Object:
    """An opaque Secret; "_" in keys stands for "-"."""
    return obj("Secret", named, stringData={key.replace("_", "-"): text for key, text in texts.items()})


def quota(named: str, **hard: str) -> Object:
    """A quota; "__" in names stands for "."."""
    return obj("ResourceQuota", named, spec={"hard": {key.replace("__", "."): text for key, text in hard.items()}})


def limits(named: str, **rules: Any) -> Object:
    """A LimitRange for containers."""
    return obj("LimitRange", named, spec={"limits": [{"type": "Container", **rules}]})


def ingress(named: str, host: str, path: str = "/", cls: str = CLASS, namespace: str = "__NS__-other") -> Object:
    """An Ingress of somebody else."""
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rule = {"host": host, "http": {"paths": [{"path": path, "pathType": "Prefix", "backend": backend}]}}
    return obj(
        "Ingress", named, "networking.k8s.io/v1", metadata={"namespace": namespace},
        spec={"ingressClassName": cls, "rules": [rule]},
    )  # fmt: skip


def login(*registries: str, named: str = "pull") -> Object:
    """A pull Secret with logins for registries."""
    auths = {registry: {"auth": base64.b64encode(b"robot:a-long-token").decode()} for registry in registries}
    text = base64.b64encode(json.dumps({"auths": auths}).encode()).decode()
    return obj("Secret", named, type="kubernetes.io/dockerconfigjson", data={".dockerconfigjson": text})


def deployment_chart(container: str, more: str = "") -> dict[str, str]:
    """The files of a small chart of somebody else, with one container."""
    head = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n"
    )
    pod = "  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n        - name: web\n"
    indented = "".join(f"          {line}\n" for line in container.splitlines())
    return {
        "Chart.yaml": "apiVersion: v2\nname: theirs\nversion: 0.1.0\n",
        "values.yaml": "{}\n",
        "templates/all.yaml": f"{head}{pod}{indented}{more}",
    }


def pod(*containers: Object, **spec: Any) -> Object:
    """A pod's template with the label app: web; without containers, with one."""
    return {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [*containers] or [container()], **spec}}


def container(**more: Any) -> Object:
    """A container with an image and small requests."""
    resources = {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"cpu": "100m", "memory": "128Mi"}}
    return {"name": "web", "image": IMAGE, "resources": resources, **more}


def deployment(template: Object, named: str = "web", **spec: Any) -> Object:
    """A Deployment of pods with the label app: web."""
    return obj(
        "Deployment", named, "apps/v1", spec={"selector": {"matchLabels": {"app": "web"}}, "template": template, **spec}
    )


def chart(*manifests: Object | str, values: str = "{}\n", head: str = "", **files: Object | str) -> dict[str, str]:
    """The files of a chart of somebody else; a manifest is an object or text with template actions. The last "__" in names of files is ".", others are "/"."""
    templates = {f"templates/t{number}.yaml": _text(one) for number, one in enumerate(manifests)}
    more = {_path(path): _text(one) for path, one in files.items()}
    return {
        "Chart.yaml": f"apiVersion: v2\nname: theirs\nversion: 0.1.0\n{head}",
        "values.yaml": values,
        **templates,
        **more,
    }


def _text(one: Object | str) -> str:
    return one if isinstance(one, str) else json.dumps(one, indent=1)


def _path(named: str) -> str:
    head, _, suffix = named.rpartition("__")
    return f"{head.replace('__', '/')}.{suffix}"
