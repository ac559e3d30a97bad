"""What of an observation goes into a bundle, and what is withheld: an allow-list, then the redaction of every text.

The rules are run again on what went in, so a withheld value leaves behind what they ask of it: whether it equals another
one of its name, the host that it names, and the Services and their ports that it mentions.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from wizard.core.errors import Problem
from wizard.core.kube.objects import KINDS, Object, name_of
from wizard.core.rules import diagnosis
from wizard.core.rules.diagnosis import Diagnosis, Observation
from wizard.core.rules.findings.hosts import address_in
from wizard.core.rules.findings.pods import names_service
from wizard.core.rules.findings.routing import target_port
from wizard.core.rules.snapshot import Snapshot
from wizard.core.target import Target
from wizard.core.text import masking
from wizard.core.text.redaction import hide, looks_secret, telling
from wizard.core.text.secrets import MASK, Redactor, Secret
from wizard.core.text.words import counted

_KINDS: Final = frozenset({
    *KINDS, "Node", "PersistentVolume", "StorageClass", "IngressClass", "ResourceQuota", "EndpointSlice", "Certificate",
    "CertificateRequest", "NetworkPolicy", "Secret", "ConfigMap",
})  # fmt: skip
_FIELDS: Final = frozenset({
    "apiVersion", "kind", "metadata", "spec", "status", "type", "provisioner", "reclaimPolicy", "volumeBindingMode",
    "allowVolumeExpansion", "allowedTopologies", "mountOptions", "addressType", "endpoints", "ports",
})  # fmt: skip
_OF_VALUES: Final = {"Secret": frozenset({"apiVersion", "kind", "metadata", "type"}), "ConfigMap": frozenset({"apiVersion", "kind", "metadata"})}  # fmt: skip
"""Fields of the kinds that hold values; of their data, the names of the keys."""
_METADATA: Final = frozenset({
    "name", "generateName", "namespace", "uid", "generation", "creationTimestamp", "deletionTimestamp",
    "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers", "managedFields",
})  # fmt: skip
_MANAGER: Final = ("manager", "operation", "time")
_NOTES: Final = re.compile(
    r"meta\.helm\.sh/release-.*|deployment\.kubernetes\.io/.*|kubectl\.kubernetes\.io/restartedAt|argocd\.argoproj\.io/(?:tracking-id|instance)"
    r"|cert-manager\.io/(?:cluster-)?issuer|kubernetes\.io/(?:tls-acme|ingress\.class)|nginx\.ingress\.kubernetes\.io/canary"
    r"|(?:storageclass|ingressclass)\.kubernetes\.io/is-default-class|endpoints\.kubernetes\.io/last-change-trigger-time"
    r"|(?:pv|volume|volume\.beta)\.kubernetes\.io/.*"
)
"""Annotations whose values go in: Kubernetes', helm's and those that rules read. Of others the key does."""
_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_FREE: Final = frozenset({
    "volumeAttributes", "flexVolume", "httpHeaders", "lifecycle", "images", "request", "certificate", "ca", "caBundle",
})  # fmt: skip
"""Fields of spec and status that hold anything at all, at any depth."""
_CONTAINERS: Final = frozenset({"containers", "initContainers", "ephemeralContainers"})
_FLAG: Final = re.compile(r"(--[A-Za-z][\w.-]*=?|-[A-Za-z]\b=?)(.*)", re.DOTALL)
_UNLISTED: Final = "not on the list of what goes in"
_MASKED: Final = "parts that look secret are masked"
_HOST: Final = re.compile(r"[a-z0-9.-]+(?::\d+)?")
_NAMES_HOST: Final = re.compile(r"(?:HOST|HOSTNAME|ADDR|ADDRESS|SERVER|ENDPOINT)S?(?:_?\d+)?$")
"""End of the name of a variable that holds a host; SERVER_PEPPER does not."""
_SHORTEST: Final = 8
"""Characters from which a withheld value that looks secret is searched for in other texts."""


@dataclass(frozen=True)
class Withheld:
    """Something that is not in the bundle: of which object ("Kind/name"), which field, why, and how many of it."""

    object: str
    field: str
    why: str
    count: int = 1

    def __str__(self) -> str:
        return f"{self.object} {self.field}: {self.why}{f' ({self.count})' if self.count > 1 else ''}"


@dataclass(frozen=True)
class Bundle:
    """An observation as it may leave the cluster, what was withheld, and the version of the wizard that made it."""

    target: Target
    observation: Observation
    withheld: tuple[Withheld, ...]
    tool: str
    logs: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    """By pod and container, more of their last lines, to read: no rule sees them, and a bundle that is opened has none."""

    @property
    def all_logs(self) -> Mapping[tuple[str, str], Sequence[str]]:
        """By pod and container, the lines that are known."""
        return {**self.observation.snapshot.logs, **self.logs}

    def diagnosis(self) -> Diagnosis:
        """The diagnosis of what is in the bundle, at its time.

        Raises:
            Problem: its objects are not shaped as those of a cluster are.
        """
        try:
            return diagnosis.of(self.observation, self.target)
        except Exception as error:  # noqa: BLE001 - an API server vouches for its objects, nobody for those of a file
            raise Problem(
                f"The objects in the bundle make no sense ({type(error).__name__}).", "Ask for a new bundle."
            ) from None

    def withheld_by_kind(self) -> list[Withheld]:
        """What was withheld, of all objects of a kind together."""
        kinds: Counter[Withheld] = Counter()
        for line in self.withheld:
            kinds[replace(line, object=line.object.partition("/")[0], count=1)] += line.count
        return [replace(line, count=count) for line, count in kinds.items()]

    def contents(self) -> list[tuple[str, list[str]]]:
        """What is in it, as titles with names."""
        snapshot = self.observation.snapshot
        kinds: dict[str, list[str]] = {}
        for obj in (*snapshot.objects.values(), *snapshot.around.values()):
            kinds.setdefault(str(obj["kind"]), []).append(str(obj["metadata"]["name"]))
        logs = [
            f"{pod}/{container} ({counted(len(lines), 'line')})" for (pod, container), lines in self.all_logs.items()
        ]
        events = [f"{count} about {kind}" for kind, count in Counter(event.kind for event in snapshot.events).items()]
        revisions = [f"{revision.number} {revision.status}" for revision in snapshot.revisions]
        errors = [error.source for error in snapshot.helm_errors]
        parts = [("events", events), ("logs", logs), ("helm's revisions", revisions), ("helm's errors", errors)]
        return [*kinds.items(), *((title, names) for title, names in parts if names)]


def of(
    observation: Observation, target: Target, tool: str, logs: Mapping[tuple[str, str], Sequence[str]] | None = None
) -> Bundle:
    """The bundle of an observation and of more logs, made by that version of the wizard."""
    snapshot, work = observation.snapshot, _Withholding(observation.snapshot)
    given = replace(target, kubeconfig="")  # its path is of this machine alone
    objects, around = work.objects(snapshot.objects), work.objects(snapshot.around)
    redact = work.redactor([*snapshot.objects.values(), *snapshot.around.values()])
    kept = replace(
        snapshot,
        objects=work.redacted(objects, redact),
        around=work.redacted(around, redact),
        events=[
            replace(event, message=work.text(event.message, f"{event.kind}/{event.name}", "event", redact))
            for event in snapshot.events
        ],
        logs={(pod, name): work.log(lines, pod, name, redact) for (pod, name), lines in snapshot.logs.items()},
        revisions=[
            replace(one, description=work.text(one.description, f"revision {one.number}", "description", redact))
            for one in snapshot.revisions
        ],
        helm_errors=[replace(one, text=work.text(one.text, one.source, "error", redact)) for one in snapshot.helm_errors],
        runs=[replace(run, target=given, who="", log="", cluster_uid="") for run in snapshot.runs],
        changed={}, outdated={}, gone=(), _by_uid={},
    )  # fmt: skip
    unseen = tuple(replace(one, reason=work.text(one.reason, one.what, "reason", redact)) for one in observation.unseen)
    more = {(pod, name): work.log(lines, pod, name, redact) for (pod, name), lines in (logs or {}).items()}
    result = Bundle(target, replace(observation, snapshot=kept, unseen=unseen), (), tool, more)
    if _causes(result.diagnosis()) != _causes(diagnosis.of(observation, target)):
        work.lines[Withheld(f"Release/{target.release}", "diagnosis", "another one without what is withheld")] += 1
    withheld = tuple(
        replace(line, count=count) for line, count in sorted(work.lines.items(), key=lambda item: str(item[0]))
    )
    return replace(result, target=given, withheld=withheld)


def _causes(found: Diagnosis) -> list[tuple[str, str, str]]:
    return [(finding.id, finding.object, finding.title) for finding in found.findings]


class _Withholding:
    """What was withheld so far. A withheld value is a number: the same for equal values of one name."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.lines: Counter[Withheld] = Counter()
        self._numbers: dict[tuple[str, str], int] = {}
        self._given: dict[str, None] = {}
        services = snapshot.known("Service")
        ports = {target_port(port) for service in services for port in service.get("spec", {}).get("ports") or ()}
        self._ports = sorted(port for port in ports if port.isdigit())
        self._services = sorted({str(service["metadata"]["name"]) for service in services})
        self._images: dict[str, None] = {}
        self._name = ""
        """Of the object that is being read."""

    def objects(self, objects: Mapping[str, Object]) -> dict[str, dict[str, Any]]:
        """By uid, what the allow-list has of each object."""
        for obj in objects.values():
            self._say(name_of(obj), "(all of it)", _UNLISTED, obj.get("kind") not in _KINDS)
        return {uid: self._object(obj) for uid, obj in objects.items() if obj.get("kind") in _KINDS}

    def redactor(self, objects: Sequence[Object]) -> Redactor:
        """A redactor of the variables and arguments that look secret; names of objects and images are no secrets."""
        known = masking.known_secrets(objects=(obj for obj in objects if obj.get("kind") != "Secret"))
        names = [*(str(obj["metadata"]["name"]) for obj in objects), *self._images]
        told = (text for text in self._given if len(text) >= _SHORTEST and looks_secret(text))
        texts = dict.fromkeys([*(secret.reveal() for secret in known.secrets), *told])
        return Redactor(tuple(Secret(text) for text in texts if not any(text in name for name in names)))

    def redacted(self, objects: Mapping[str, dict[str, Any]], redact: Redactor) -> dict[str, Object]:
        """The objects with what looks secret in their texts masked; what identifies them stays."""
        result: dict[str, Object] = {}
        known: dict[str, str] = {}
        for uid, obj in objects.items():
            parts = {
                key: part if key == "metadata" else masking.masked_values(part, redact, known)
                for key, part in obj.items()
            }
            told = {key: obj["metadata"][key] for key in ("labels", "annotations") if key in obj["metadata"]}
            parts["metadata"] = {**obj["metadata"], **masking.masked_values(told, redact, known)}
            if parts != obj:
                self._say(name_of(obj), "texts", _MASKED)
            result[uid] = parts
        return result

    def text(self, text: str, where: str, field: str, redact: Redactor) -> str:
        """One text, redacted."""
        return self._compared([text], [hide(redact(text))], where, field)[0]

    def log(self, lines: Sequence[str], pod: str, container: str, redact: Redactor) -> list[str]:
        """The lines of a log, redacted together: a key may span some of them."""
        after = hide(redact("\n".join(lines))).split("\n")
        if len(after) != len(lines):
            after = [hide(redact(line)) for line in lines]
        return self._compared(lines, after, f"Pod/{pod}", f"log of container {container}")

    def _compared(self, before: Sequence[str], after: list[str], where: str, field: str) -> list[str]:
        self._say(where, field, _MASKED, sum(map(str.__ne__, before, after)))
        return after

    def _say(self, where: str, field: str, why: str, count: int = 1) -> None:
        if count:
            self.lines[Withheld(where, field, why)] += count

    def _object(self, obj: Object) -> dict[str, Any]:
        self._name = name_of(obj)
        kind = str(obj["kind"])
        allowed = _OF_VALUES.get(kind, _FIELDS)
        kept = {key: self._node(part) for key, part in obj.items() if key in allowed and key != "metadata"}
        for key in obj.keys() - allowed:
            keys_only = key == "data" and kind in _OF_VALUES
            self._say(self._name, key, "only the names of its keys" if keys_only else _UNLISTED)
        if kind in _OF_VALUES and obj.get("data"):
            kept["data"] = dict.fromkeys(obj["data"], MASK)
        return {**kept, "metadata": self._metadata(obj["metadata"])}

    def _metadata(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        kept = {key: value for key, value in metadata.items() if key in _METADATA}
        for key in metadata.keys() - _METADATA:
            self._say(self._name, f"metadata.{key}", _UNLISTED)
        if managers := kept.get("managedFields"):
            kept["managedFields"] = [{key: manager[key] for key in _MANAGER if key in manager} for manager in managers]
        if notes := kept.get("annotations"):
            kept["annotations"] = self._notes(notes)
        return kept

    def _notes(self, notes: Mapping[str, Any]) -> dict[str, Any]:
        if _APPLIED in notes:
            self._say(self._name, f"annotation {_APPLIED}", "it repeats the whole object")
        return {
            key: value if _NOTES.fullmatch(key) else self._value(f"annotation {key}", value)
            for key, value in notes.items()
            if key != _APPLIED
        }

    def _node(self, node: Any) -> Any:
        if isinstance(node, Mapping):
            return {key: self._field(str(key), value) for key, value in node.items()}
        return [self._node(item) for item in node] if isinstance(node, list | tuple) else node

    def _field(self, key: str, value: Any) -> Any:
        if key in _FREE and value:
            return self._value(key, value)
        if key == "annotations" and isinstance(value, Mapping):
            return self._notes(value)
        if key in _CONTAINERS and isinstance(value, list | tuple):
            return [self._container(container) if isinstance(container, Mapping) else container for container in value]
        return self._node(value)

    def _container(self, container: Mapping[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = self._node(
            {key: value for key, value in container.items() if key not in ("env", "command", "args")}
        )
        of = f"of container {container.get('name')}"
        self._images[str(container.get("image"))] = None
        if env := container.get("env"):
            kept["env"] = [self._variable(entry, of) for entry in env]
        if command := container.get("command"):
            kept["command"] = [command[0], *self._words(command[1:], f"command {of}")]
        if args := container.get("args"):
            kept["args"] = self._words(args, f"args {of}")
        return kept

    def _variable(self, entry: Mapping[str, Any], of: str) -> dict[str, Any]:
        name, value = str(entry.get("name")), str(entry.get("value") or "")
        if not value:
            return dict(entry)
        address = address_in(name, hide(value))
        if address == value:  # a host alone, or a word that only a host could be told from by its form
            if _HOST.fullmatch(value) and _NAMES_HOST.search(name) and not telling(name):
                return dict(entry)
            address = ""
        self._given[value] = None
        return {**entry, "value": self._value(f"env {of}", value, name, address)}

    def _words(self, words: Sequence[Any], field: str) -> list[str]:
        """Arguments with the names of their flags, and no more of them."""
        result = []
        for word in map(str, words):
            match = _FLAG.fullmatch(word)
            flag, value = match.groups() if match else ("", word)
            self._given[value] = None
            result.append(flag + (self._value(field, value) if value else ""))
        return result

    def _value(self, field: str, value: Any, name: str = "", address: str = "") -> str:
        """What stands for a withheld value; `<` begins a placeholder for the redaction, which leaves it alone."""
        text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        self._say(self._name, field, "values are withheld")
        number = self._numbers.setdefault((name or field, text), len(self._numbers) + 1)
        asked = [address] if address else []
        asked += [
            f"/{service}:"
            for service in self._services
            if names_service({"spec": text}, service) and f"/{service}" not in address
        ]
        asked += [port for port in self._ports if re.search(rf"(?<![\w.]){port}(?![\w.])", text)]
        return f"<{' '.join(('withheld', f'v{number}', *asked))}>"
