"""Creates a missing Secret, a missing key, or a login for the registry, that a pod names."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from wizard.core.answers.secrets import ENCODED_KEY, PARTS
from wizard.core.kube.objects import Object, containers
from wizard.core.rules.finding import Finding
from wizard.core.rules.findings.containers import missing_part
from wizard.core.rules.fix import FILE, GENERATE, Answers, Fix, Need, Step, fix, labels
from wizard.core.rules.snapshot import Snapshot
from wizard.core.text.secrets import Secret

_KEEP: Final = "If a database with data used one before, give that same value: it keeps its old password."
_NOT_MADE_UP: Final = ("smtp", "tls")
"""Secrets that another system knows too: a generated one would be wrong."""


@fix("CO06", reads=("Secret",))
def missing_secret(finding: Finding, snapshot: Snapshot) -> Iterator[Fix]:
    """Create the Secret, or add its missing keys; existing keys are not changed."""
    said = finding.evidence[0]
    kind, name, key = missing_part(said.text, snapshot.named("Pod", said.object.removeprefix("Pod/")))
    if kind != "Secret" or not name:
        return
    existing = snapshot.named("Secret", name)
    has = frozenset((existing or {}).get("data") or ())
    if existing is not None and not key:
        return  # it exists by now
    wanted = sorted({*_wanted(name, snapshot), *([key] if key else [])} - has)
    values = _values(wanted, has)
    if not wanted:
        values = [_Value("value", "The value", (), (GENERATE, FILE))]
    needs = [Need(value.id, value.title, "secret", value.how, value.how[0]) for value in values if value.how]
    if not wanted:
        needs.insert(0, Need("key", f"The key of Secret {name} that the application reads", "text"))
    what = f"add {', '.join(wanted)} to Secret {name}" if key else f"create Secret {name}"
    keys = ", ".join(wanted) or "the key that you name"
    rule = "what is there is kept" if key else "only if it is not there, labelled as made by the wizard"
    yield Fix(
        "make-secret",
        what,
        (f"{what} in namespace {snapshot.namespace}: {rule}", f"keys: {keys}; values are never shown", _KEEP),
        _by_hand(name, wanted, snapshot, add=bool(key)),
        lambda answers: (_step(name, values, answers, snapshot, add=bool(key), uid=_uid(existing)),),
        tuple(needs),
        (("get", "Secret"), ("patch", "Secret")) if key else (("create", "Secret"),),
    )


@dataclass(frozen=True)
class _Value:
    """One secret and the keys that hold it; `how` are its possible sources, () for a constant."""

    id: str
    title: str
    keys: tuple[str, ...]
    how: tuple[str, ...]
    constant: str = ""


def _values(wanted: list[str], has: frozenset[str]) -> list[_Value]:
    """Keys that belong together get one value; if one of them exists, the others must get its value."""
    left, values = list(wanted), []
    for name, part in PARTS.items():
        family = {*part.keys, *([ENCODED_KEY] if part.encoded_path else [])}
        if not family & set(left) or (family & set(left) == {ENCODED_KEY} and not set(part.keys) & has):
            continue
        keys = tuple(key for key in left if key in family)
        beside = sorted(set(part.keys) & has)
        how = (FILE,) if beside or name in _NOT_MADE_UP else (GENERATE, FILE)
        same = f", the same as {beside[0]}" if beside else ""
        values.append(_Value(keys[0], f"The value of {' and '.join(keys)}{same}", keys, how))
        left = [key for key in left if key not in keys]
        for key, text in part.constants:
            if key in left:
                values.append(_Value(key, "", (key,), (), text))
                left.remove(key)
    return [*values, *(_Value(key, f"The value of {key}", (key,), (GENERATE, FILE)) for key in left)]


def _step(name: str, values: list[_Value], answers: Answers, snapshot: Snapshot, *, add: bool, uid: str) -> Step:
    material: dict[str, Secret] = {}
    for entry in values:
        value = Secret(entry.constant) if entry.constant else _secret(answers[entry.id])
        for key in entry.keys or (str(answers["key"]),):
            material[key] = Secret(quote(value.reveal(), safe="")) if key == ENCODED_KEY else value
    if add:
        return Step("patch", _named("Secret", name), {}, material, uid)
    manifest = {**_named("Secret", name, labels(snapshot)), "type": "Opaque"}
    return Step("create", manifest, secrets=material)


def _secret(answer: str | Secret) -> Secret:
    return answer if isinstance(answer, Secret) else Secret(answer)


def _named(kind: str, name: str, marks: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, **({"labels": dict(marks)} if marks else {})}}


def _uid(obj: Object | None) -> str:
    return str(obj["metadata"].get("uid", "")) if obj else ""


def _by_hand(name: str, keys: list[str], snapshot: Snapshot, *, add: bool) -> str:
    if add:
        return snapshot.command("kubectl", "patch", "secret", name, "--type=merge", "--patch-file=FILE")
    files = [f"--from-file={key}=FILE" for key in keys or ["KEY"]]
    return snapshot.command("kubectl", "create", "secret", "generic", name, *files)


def _wanted(name: str, snapshot: Snapshot) -> Iterator[str]:
    """The keys of a Secret that the release's pods name."""
    for pod in snapshot.starting_pods():
        spec = pod.get("spec") or {}
        for container in containers(spec):
            for env in container.get("env") or ():
                yield from _key((env.get("valueFrom") or {}).get("secretKeyRef") or {}, name)
        for volume in spec.get("volumes") or ():
            sources = [
                volume.get("secret"),
                *(source.get("secret") for source in (volume.get("projected") or {}).get("sources") or ()),
            ]
            for source in filter(None, sources):
                if name in (source.get("secretName"), source.get("name")):
                    yield from (str(item["key"]) for item in source.get("items") or ())


def _key(ref: Mapping[str, Any], name: str) -> Iterator[str]:
    if ref.get("name") == name and not ref.get("optional"):
        yield str(ref["key"])


# A login for the registry

_LOGIN: Final = "kubernetes.io/dockerconfigjson"
_HUB: Final = "https://index.docker.io/v1/"


@fix("CO02", reads=("Secret",))
def pull_secret(finding: Finding, snapshot: Snapshot) -> Iterator[Fix]:
    """Create a missing pull secret that the pod names; the node uses it at its next try."""
    pods = [pod for pod in snapshot.starting_pods() if snapshot.root_name(pod) == finding.object]
    for name in dict.fromkeys(name for pod in pods for name in _logins(pod)):
        if not _absent(name, pods, snapshot):
            continue
        needs = (
            Need("registry", "The registry", "text", (), _registry(finding)),
            Need("username", "The user name", "text"),
            Need("password", "The password or token", "secret", (FILE,), FILE),
        )
        what = f"create pull secret {name}"
        yield Fix(
            "pull-secret",
            what,
            (
                f"{what} in namespace {snapshot.namespace}: only if it is not there, labelled as made by the wizard",
                "the node uses it when it next tries to pull; the password is never shown",
            ),
            snapshot.command(
                "kubectl", "create", "secret", "generic", name, f"--type={_LOGIN}", "--from-file=.dockerconfigjson=FILE"
            ),
            lambda answers, name=name: (_login_step(name, answers, snapshot),),  # type: ignore[misc] # binds the name of this iteration
            needs,
            (("create", "Secret"),),
        )
        return


def _logins(pod: Object) -> list[str]:
    return [str(reference.get("name")) for reference in pod.get("spec", {}).get("imagePullSecrets") or ()]


def _absent(name: str, pods: list[Object], snapshot: Snapshot) -> bool:
    if "Secret" in snapshot.seen:
        return snapshot.named("Secret", name) is None
    messages = [event.message for pod in pods for event in snapshot.about(pod, "FailedToRetrieveImagePullSecret")]
    return any(re.search(rf"[(, ]{re.escape(name)}[), ]", text) for text in messages)


def _registry(finding: Finding) -> str:
    """The registry in the image's name, as it is written in a login."""
    match = re.search(r"image (\S+) cannot", finding.title)
    first, slash, _ = (match[1] if match else "").partition("/")
    named = slash and (first == "localhost" or "." in first or ":" in first)
    return first if named and first not in ("docker.io", "index.docker.io") else _HUB


def _login_step(name: str, answers: Answers, snapshot: Snapshot) -> Step:
    user, password = str(answers["username"]), _secret(answers["password"]).reveal()
    auth = base64.b64encode(f"{user}:{password}".encode()).decode()
    login = {"auths": {str(answers["registry"]): {"username": user, "password": password, "auth": auth}}}
    manifest = {**_named("Secret", name, labels(snapshot)), "type": _LOGIN}
    return Step("create", manifest, secrets={".dockerconfigjson": Secret(json.dumps(login))})
