"""The host that a container calls: as its log line names it, as its environment gives it, and what is behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object
from wizard.core.rules.finding import Evidence
from wizard.core.rules.snapshot import Snapshot
from wizard.core.text import log_line

DATABASE: Final = re.compile(r"database|postgres|pg_?pass|\bdb\b|^db_|sqlx", re.IGNORECASE)
CACHE: Final = re.compile(r"redis|cache|valkey", re.IGNORECASE)

_NAME: Final = r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?"
_TOKEN: Final = re.compile(rf"(?<![\w./@-]){_NAME}|(?<=@){_NAME}")
_STATED: Final = re.compile(
    rf"(?:host name|host|server at|lookup|ENOTFOUND|EAI_AGAIN|resolve|bad address|address|addr)[=: ]+[\"'`(]*(?P<host>{_NAME})",
    re.IGNORECASE,
)
_UNRESOLVED: Final = re.compile(
    rf"\blookup (?P<go>{_NAME})(?: on \S+)?: |\b(?:ENOTFOUND|EAI_AGAIN) (?P<node>{_NAME})|host name \"(?P<libpq>{_NAME})\"|bad address '(?P<sh>{_NAME})|UnknownHostException: (?P<java>{_NAME})"
)
"""A name in the words of a resolver: there it may be a single word, such as that of a Service."""
_WITH_PORT: Final = re.compile(rf"(?<![\w./-])(?P<host>{_NAME}):\d{{2,5}}\b")
_TOWARDS: Final = re.compile(rf"\b(?:at|to) [\"'`]?(?P<host>{_NAME})")
_IN_URL: Final = re.compile(rf"://(?:[^/\s]*@)?(?P<host>{_NAME})")
_READING: Final = re.compile(
    r"\b(?:see|visit|read|refer to|background on this error at|documentation|docs|(?:more|further) (?:information|details|help)[^\n:]{0,20})[: (]+"
    r"https?://\S+",
    re.IGNORECASE,
)
"""A link to what explains a message: nobody calls it."""
_OWN_END: Final = re.compile(r"[\d.]+:\d+->")
"""The end of a connection that is the caller's own, as Go names both."""
_SCHEME: Final = re.compile(r"(\w+)://")
_ALONE: Final = re.compile(rf"(?P<host>{_NAME})(?::\d+)?")
_SOURCE: Final = re.compile(r"\.(?:rs|go|py|js|ts|mjs|rb|java|c|cc|cpp|kt|php|yaml|yml|json|toml|sql)$", re.IGNORECASE)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_ADDRESS: Final = re.compile(r"\d+\.\d+\.\d+\.\d+")
_HERE: Final = ("localhost",)


@dataclass(frozen=True)
class Called:
    """A host that a container calls, "" when it is not known; `service` is the name of the Service that it means here."""

    host: str = ""
    service: str = ""


def called(pod: Object, container: str, line: str, snapshot: Snapshot) -> Called:
    """The host that a log line is about; where it names none, the one of the store that it names."""
    given = dict(_given(pod, container))
    services = {str(service["metadata"]["name"]) for service in snapshot.known("Service")}
    host = _in_line(log_line.read(line).message, {*given, *services, *_HERE}, snapshot) or _by_kind(
        line[: log_line.READ], given
    )
    host = _of_address(host, snapshot) or host
    return Called(host, service_name(host, snapshot))


def _of_address(host: str, snapshot: Snapshot) -> str:
    """The Service of this namespace that has the address; "" for any other host."""
    specs = {str(one["metadata"]["name"]): one.get("spec") or {} for one in snapshot.of_kind("Service")}
    return next((name for name, spec in specs.items() if host and host == spec.get("clusterIP")), "")


def is_store(pod: Object, container: str, host: str) -> bool:
    """Whether a host is that of a database or cache, by the container's environment or by its name."""
    given = dict(_given(pod, container)).get(host, "")
    return bool(host) and bool(given or _kind(host))


def without_service(pod: Object, container: str, snapshot: Snapshot) -> Called:
    """The first host of the container's environment that means a Service here which is not there."""
    for host, _ in _given(pod, container):
        if _is_missing(name := service_name(host, snapshot), snapshot):
            return Called(host, name)
    return Called()


def _is_missing(service: str, snapshot: Snapshot) -> bool:
    """Whether a host means a Service here that is known not to be there; "" means none."""
    return bool(service) and "Service" not in snapshot.hidden and not snapshot.named("Service", service)


def unresolved(it: Called, line: str, snapshot: Snapshot) -> tuple[str, tuple[str, ...]] | None:
    """The title and the remedy for a name that does not resolve, by what is there; None when that says nothing more."""
    if it.service and snapshot.named("Service", it.service):
        return (
            f"the cluster's DNS does not resolve {it.host}, and its Service is there",
            (
                "Have the cluster's DNS looked at (CoreDNS in kube-system), and whether a NetworkPolicy keeps the pods from it.",
            ),
        )
    if _is_missing(it.service, snapshot):
        return (
            f"it calls {it.host}, and there is no Service of that name",
            ("An upgrade or a rollback makes a Service of the chart again; correct the host if it is misspelt.",),
        )
    if re.search(r"temporary failure|EAI_AGAIN|server misbehaving", line, re.IGNORECASE):
        return (
            f"the cluster's DNS gives no answer for {it.host}" if it.host else "the cluster's DNS gives no answer",
            ("Have the cluster's DNS looked at (CoreDNS in kube-system); a name that is wrong is answered with no.",),
        )
    return None


_RESOLVED: Final = re.compile(r"refused|reset|timed? ?out|\d+\.\d+\.\d+\.\d+", re.IGNORECASE)
"""Words of a connection that was tried, for which the name was resolved before."""


def never_resolved(it: Called, line: str, snapshot: Snapshot) -> bool:
    """Whether a line that says no more than that a server is not reached is about a Service that is not there."""
    return _is_missing(it.service, snapshot) and it.host in line and not _RESOLVED.search(line)


def evidence(it: Called, snapshot: Snapshot) -> list[Evidence]:
    """What is behind the host in this namespace."""
    if not it.service:
        return []
    service = snapshot.named("Service", it.service)
    if service is None:
        return [Evidence("none of that name is seen in this namespace", f"Service/{it.service}")]
    pods = snapshot.selected((service.get("spec") or {}).get("selector") or {})
    ready = sum(status.is_ready(pod) for pod in pods)
    return [Evidence(f"{ready} of {len(pods)} pods behind it are ready", f"Service/{it.service}", "endpoints")]


_PORT: Final = re.compile(r"(?:\bport[ =]|:)(\d{2,5})\b")


def other_port(it: Called, line: str, snapshot: Snapshot) -> tuple[str, tuple[str, ...]] | None:
    """The title and the remedy for a call to a port that the Service does not have; None where that is not told."""
    service = snapshot.named("Service", it.service) if it.service else None
    ports = [port for port in ((service or {}).get("spec") or {}).get("ports") or () if isinstance(port, dict)]
    _, _, behind = log_line.read(line).message.partition(it.host) if ports else ("", "", "")
    asked = _PORT.search(behind)
    has = [str(port.get("port")) for port in ports]
    if not asked or not has or asked[1] in has:
        return None
    return (
        f"it calls port {asked[1]} of {it.host}, and its Service has port {' and '.join(has)}",
        ("Correct the port of the connection.",),
    )


def store(pod: Object, container: str, kind: str, snapshot: Snapshot) -> str:
    """The workload, as "Kind/name", behind the host of the database or cache in a container's environment; "" outside."""
    for host, of_kind in _given(pod, container):
        service = snapshot.named("Service", service_name(host, snapshot)) if of_kind == kind else None
        for behind in snapshot.selected(((service or {}).get("spec") or {}).get("selector") or {}):
            return snapshot.root_name(behind)
    return ""


def _given(pod: Object, container: str) -> Iterator[tuple[str, str]]:
    """(host, kind of store) of the variables of a container that hold an address."""
    for variable in status.container_specs(pod).get(container, {}).get("env") or ():
        name, value = str(variable.get("name")), str(variable.get("value") or "")
        if match := _address(name, value):
            scheme = _SCHEME.search(value)
            yield match["host"], _kind(scheme[1] if scheme else "", name, match["host"])


def _kind(*texts: str) -> str:
    """Which store they name, the surest text first; "" for none: a database may belong to a release called redis-x."""
    return next((kind for text in texts for kind, words in _KINDS if words.search(text)), "")


_KINDS: Final = (("cache", CACHE), ("database", DATABASE))


def _address(name: str, value: str) -> re.Match[str] | None:
    alone = _ALONE.fullmatch(value) if re.search(r"HOST|ADDR|SERVER|ENDPOINT", name) else None
    return _IN_URL.search(value) or alone


def named(name: str, value: str) -> Iterator[str]:
    """The host in the value of a variable that holds an address."""
    if match := _address(name, value):
        yield match["host"]


_NO_ANSWER: Final = re.compile(
    r"temporary failure|EAI_AGAIN|server misbehaving|timed? ?out|bad address|no answer|try again|(?:read|dial) udp",
    re.IGNORECASE,
)
"""Words of a resolver that got no answer; one that was answered says that there is no such name."""


def unanswered(line: str) -> bool:
    """Whether a line about a name says that DNS gave no answer."""
    return _NO_ANSWER.search(line) is not None


def address_in(name: str, value: str) -> str:
    """As much of a variable's value as these rules read: a host alone as it is, of a URL scheme://host:; "" without one."""
    match, scheme = _address(name, value), _SCHEME.search(value)
    if not match or match[0] == value:
        return value if match else ""
    return f"{scheme[1] if scheme else ''}://{match['host']}:"


def _in_line(line: str, known: set[str], snapshot: Snapshot) -> str:
    """The host that a line names: one that does not resolve, one that is known here, or what stands where a message names one."""
    line = _OWN_END.sub("", _READING.sub("", line))
    if match := _UNRESOLVED.search(line):
        return match[match.lastgroup or 0]
    for match in _TOKEN.finditer(line):
        if match[0] in known or service_name(match[0], snapshot) in known - {""}:
            return match[0]
    for pattern in (_IN_URL, _STATED, _WITH_PORT, _TOWARDS):
        for match in pattern.finditer(line):
            if match["host"] in _HERE or _looks_like_a_host(match["host"]):
                return match["host"]
    return ""


def _looks_like_a_host(word: str) -> bool:
    """Whether a word is no plain word: it has a dot or a hyphen within, and is not the name of a source file."""
    return (
        bool(re.search(r"[A-Za-z0-9][.-][A-Za-z0-9]", word))
        and not _DATE.match(word)
        and not _SOURCE.search(word)
        and not re.fullmatch(r"[\d-]+", word)
    )


def _by_kind(line: str, given: dict[str, str]) -> str:
    """The host of the database or cache, when the line names only which of them it is."""
    kind = _kind(line)
    return next((host for host, of_kind in given.items() if kind and of_kind == kind), "")


def service_name(host: str, snapshot: Snapshot) -> str:
    """The Service that a host means in the release's namespace, as of `service_in`."""
    return service_in(snapshot.namespace, host)


def service_in(namespace: str, host: str) -> str:
    """The Service that a host means in a namespace: x, x.NAMESPACE, x.NAMESPACE.svc...; "" for any other host."""
    name, _, rest = host.partition(".")
    if not name or _ADDRESS.fullmatch(host) or host in _HERE:
        return ""
    within = (namespace, f"{namespace}.svc")
    return name if not rest or rest in within or rest.startswith(f"{namespace}.svc.") else ""
