"""Causes that only the output of an application tells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object, name_of
from wizard.core.rules.finding import Evidence, Finding, Heals, finding
from wizard.core.rules.findings.pods import in_field, log_command
from wizard.core.rules.findings.readiness import probe_failures
from wizard.core.rules.snapshot import Snapshot
from wizard.core.text.time import parse_time


@dataclass(frozen=True)
class _Message:
    """A pattern of messages and their meaning. The group `host` of the pattern names a host."""

    id: str
    pattern: re.Pattern[str]
    title: str
    remedy: tuple[str, ...]
    terminal: bool
    heals: Heals
    avoid: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cause:
    """A message of a container that names a cause, with its line and the place of the line."""

    message: _Message
    match: re.Match[str]
    line: str
    place: str


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_HOST: Final = r"[\"'`(]?(?P<host>[A-Za-z0-9][A-Za-z0-9_.-]*[A-Za-z0-9])[\"'`)]?"
_MESSAGES: Final = (
    _Message(
        "LG01", re.compile(r"password authentication failed(?: for user \"[^\"]*\")?|WRONGPASS|NOAUTH Authentication required"),
        "the {store} refuses the password in {secret}",
        (
            "Put the old password back into {secret}, or change it inside the {store}{how}.",
            "Don't delete the volume: the data is on it, with the password it was made with.",
        ),
        True, "no", ("Don't restart pods that still work: they would not come back either.",),
    ),
    _Message(
        "VO06", _words(r"no space left on device|disk quota exceeded|disk is full|MISCONF[^\n]*"
                       r"|short write while writing to the AOF file"),
        "its disk is full: {volume}",
        (
            "Give it more room: raise spec.resources.requests.storage of the claim, where its storage class lets it grow.",
            "Or free some by the store's own means; files that it made itself are not to be deleted by hand.",
        ),
        True, "no", ("Don't delete the claim or what is in it: the data goes with it.",),
    ),
    _Message(
        "LG02", _words(r"\$\([A-Z][A-Z0-9_]+\)|invalid (?:database |redis |connection )?(?:url|uri|dsn|connection string)"
                       r"|invalid port(?: number)?|relative url without a base|failed to parse (?:\w+ )?url"),
        "its address of a database or cache is not an address",
        (
            "A literal $(NAME) means that NAME is defined after the variable that uses it, or not at all.",
            "A password with one of / @ : # ? % has to be percent-encoded in an address.",
        ),
        True, "no",
    ),
    _Message(
        "LG05", _words(r"server does not support (?:TLS|SSL)|SSL is not enabled on the server|SSL off|no encryption"
                       r"|wrong version number|tls handshake (?:failed|eof)"),
        "it wants TLS and the server it calls has none, or the other way round",
        ("Set the sslMode of the connection to what the server does, or switch TLS on there.",), True, "no",
    ),
    _Message(
        "LG03", _words(rf"(?:could not translate host name|failed to (?:look ?up address information|resolve(?: host)?)|lookup"
                       rf"|getaddrinfo (?:ENOTFOUND|EAI_AGAIN)|cannot resolve)(?: for)?:?\s+{_HOST}"
                       r"|failed to lookup address information|name or service not known|temporary failure in name resolution"
                       r"|no such host|name resolution|NXDOMAIN"),
        "the name {host} does not resolve",
        ("Correct the host of the connection, or make the Service of that name.",
         "If other names do not resolve either, it is the cluster's DNS."), False, "unknown",
    ),
    _Message(
        "LG04", _words(rf"(?:connection refused|connect(?:ion)? timed out|ECONNREFUSED|ETIMEDOUT|no route to host"
                       rf"|could not connect to server|connection to server at {_HOST}[^\n]*failed)"),
        "nothing answers at {host}",
        ("See whether what it calls runs and is ready, and whether the port is right.",), False, "unknown",
    ),
)  # fmt: skip
"""The most specific messages first."""
_NEAR: Final = re.compile(
    r"\b(?:at|to|host|addr(?:ess)?)[=: ]+[\"']?(?P<host>[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9])[\"']?"
)
_WITH_PORT: Final = re.compile(
    r"(?<![\w.-])(?P<host>[A-Za-z][A-Za-z0-9.-]*[A-Za-z0-9]|\d+\.\d+\.\d+\.\d+):(?P<port>\d{2,5})\b"
)
_STORES: Final = ((r"WRONGPASS|NOAUTH|redis", "cache"), (r"", "database"))
_NOT_HOSTS: Final = frozenset(
    {"server", "database", "host", "redis", "cache", "address", "the", "for", "information", "on"}
)


@finding("LG01", "LG02", "LG03", "LG04", "LG05", "VO06")
def cause_in_output(snapshot: Snapshot) -> Iterator[Finding]:
    """The probe, termination message or log of a container that is not ready names the cause."""
    for pod in snapshot.starting_pods():
        for container in status.container_statuses(pod):
            if stated := cause(pod, container, snapshot):
                yield _finding(pod, container, stated, snapshot)


def cause(pod: Object, container: Mapping[str, Any], snapshot: Snapshot) -> Cause | None:
    """The cause that the output of an unready container (its status) names; None when there is none or it is ready."""
    ended = status.last_end(container)
    if container.get("ready") or (ended and ended.get("exitCode") == 0):
        return None
    texts = list(_texts(pod, container, ended or {}, snapshot))
    for message in _MESSAGES:
        for place, text in texts:
            if match := message.pattern.search(text):
                return Cause(message, match, text, place)
    return None


def _texts(
    pod: Object, container: Mapping[str, Any], ended: Mapping[str, Any], snapshot: Snapshot
) -> Iterator[tuple[str, str]]:
    """(place, text), newest first. Connection errors of probes are left out: they are not the application's own."""
    for event in probe_failures(pod, container, snapshot)[:1]:
        if not re.search(r"connection refused|timed? ?out|deadline", event.message):
            yield "event Unhealthy", event.message
    if words := str(ended.get("message") or ""):
        yield "termination message", words
    lines = snapshot.logs.get((str(pod["metadata"]["name"]), str(container.get("name"))), ())
    for line in list(lines)[::-1]:
        yield "log", line


def _finding(pod: Object, container: Mapping[str, Any], stated: Cause, snapshot: Snapshot) -> Finding:
    message, name = stated.message, str(container.get("name"))
    secret, host = _secret(pod, name, stated), _host(stated)
    store = next(word for pattern, word in _STORES if re.search(pattern, stated.match[0], re.IGNORECASE))
    how = ": ALTER ROLE ... PASSWORD" if store == "database" else ""
    parts = {
        "store": store,
        "secret": secret,
        "host": host or "the address it calls",
        "how": how,
        "volume": _volume(pod, name),
    }
    text = stated.match[0] if message.id == "LG01" else _short(stated.line)
    proof = [Evidence(text, name_of(pod), in_field(container))]
    proof += _called(host, snapshot) if message.id in ("LG03", "LG04") else []
    proof += _size(pod, name, snapshot) if message.id == "VO06" else []
    proof += _age(pod, secret, snapshot) if message.id == "LG01" else []
    return Finding(
        message.id,
        message.title.format(**parts),
        snapshot.root_name(pod),
        tuple(proof),
        tuple(remedy.format(**parts) for remedy in message.remedy),
        message.terminal,
        message.heals,
        status.unready_since(pod, container) or status.created(pod),
        waits=message.id in ("LG03", "LG04"),
        commands=(log_command(pod, container, snapshot),),
        avoid=message.avoid,
        unseen=_not_seen(message.id, secret, snapshot),
    )


_LONGEST: Final = 240


def _short(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def _host(stated: Cause) -> str:
    """The host that the message names, without a port; "" when it names none."""
    named = [stated.match.groupdict().get("host")]
    named += [match["host"] for pattern in (_WITH_PORT, _NEAR) if (match := pattern.search(stated.line))]
    for host in named:
        if host and host.lower() not in _NOT_HOSTS and not host.isdigit():
            return host
    return ""


def _called(host: str, snapshot: Snapshot) -> list[Evidence]:
    """Evidence of the Service of that name in this namespace."""
    name = host.partition(".")[0]
    if not name or re.fullmatch(r"[\d.]+", host):
        return []
    service = snapshot.named("Service", name)
    if service is None:
        return [Evidence("none of that name is seen in this namespace", f"Service/{name}")]
    selector = (service.get("spec") or {}).get("selector") or {}
    pods = snapshot.selected(selector)
    ready = sum(status.condition(pod, "Ready").get("status") == "True" for pod in pods)
    return [Evidence(f"{ready} of {len(pods)} pods behind it are ready", f"Service/{name}", "endpoints")]


def _age(pod: Object, secret: str, snapshot: Snapshot) -> list[Evidence]:
    """Evidence that the Secret is younger than the data that was created with its password."""
    obj = snapshot.named("Secret", secret.removeprefix("Secret "))
    claims = [claim for claim in snapshot.of_kind("PersistentVolumeClaim") if obj and _is_older(claim, obj)]
    if not obj or not claims:
        return []
    made = f"made {status.created(obj)}, after the data of {name_of(claims[0])} ({status.created(claims[0])})"
    return [Evidence(made, name_of(obj), "metadata.creationTimestamp", status.created(obj))]


def _claims(pod: Object, container: str) -> list[str]:
    """Claims that a container mounts."""
    mounts = {mount.get("name") for mount in status.container_specs(pod).get(container, {}).get("volumeMounts") or ()}
    volumes = [volume for volume in pod.get("spec", {}).get("volumes") or () if volume.get("name") in mounts]
    return [
        str(volume["persistentVolumeClaim"].get("claimName"))
        for volume in volumes
        if volume.get("persistentVolumeClaim")
    ]


def _volume(pod: Object, container: str) -> str:
    claims = _claims(pod, container)
    return f"claim {', '.join(claims)}" if claims else "that of its node, or a volume that lives as long as the pod"


def _size(pod: Object, container: str, snapshot: Snapshot) -> list[Evidence]:
    evidence = []
    for name in _claims(pod, container):
        claim = snapshot.named("PersistentVolumeClaim", name)
        size = ((claim or {}).get("status", {}).get("capacity") or {}).get("storage")
        if claim and size:
            evidence.append(Evidence(str(size), name_of(claim), "status.capacity.storage"))
    return evidence


def _is_older(claim: Object, secret: Object) -> bool:
    before, after = parse_time(status.created(claim)), parse_time(status.created(secret))
    return bool(before and after and (after - before).total_seconds() > 60)


def _not_seen(id_: str, secret: str, snapshot: Snapshot) -> tuple[str, ...]:
    name = secret.removeprefix("Secret ")
    if id_ != "LG01" or secret == _UNNAMED or snapshot.named("Secret", name):
        return ()
    where = f" in namespace {snapshot.namespace}" if snapshot.namespace else ""
    return (f"when {secret} was written: get secrets{where}",)


_UNNAMED: Final = "its Secret"
_DATABASE: Final = re.compile(r"database|postgres|pg_?pass|\bdb\b|^db_", re.IGNORECASE)
_CACHE: Final = re.compile(r"redis|cache|valkey", re.IGNORECASE)


def _secret(pod: Object, container: str, stated: Cause) -> str:
    """The Secret from which a container reads its password, as "Secret name"; "its Secret" when it cannot be told."""
    spec, wanted = pod.get("spec", {}), _DATABASE if stated.match[0].startswith("password") else _CACHE
    named = status.container_specs(pod).get(container, {})
    sources = []
    for variable in named.get("env") or ():
        source = (variable.get("valueFrom") or {}).get("secretKeyRef") or {}
        sources.append((str(source.get("name") or ""), f"{variable.get('name')} {source.get('name')}"))
    mounted = {str(mount.get("name")): str(mount.get("mountPath")) for mount in named.get("volumeMounts") or ()}
    for volume in spec.get("volumes") or ():
        name = str((volume.get("secret") or {}).get("secretName") or "")
        if volume.get("name") in mounted:
            sources.append((name, f"{mounted[volume['name']]} {name}"))
    return next((f"Secret {name}" for name, text in sources if name and wanted.search(text)), _UNNAMED)
