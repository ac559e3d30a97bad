"""W13, W14, W15: whether the parts of a release fit together: variables, and the Services that they name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from wizard.core.kube.objects import containers
from wizard.core.rules import manifests
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.checks.access import capped
from wizard.core.rules.facts import Rendered
from wizard.core.rules.findings.hosts import service_in
from wizard.core.target import Target

_REFERENCE: Final = re.compile(r"(?<!\$)(?:\$\$)*\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")
"""A variable's value in another one; an even number of signs before it says that it is none (docs: dependent variables)."""
_OF_SERVICES: Final = re.compile(
    r"[A-Z0-9_]+_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT(?:_\d+_(?:TCP|UDP)(?:_[A-Z]+)?)?)|KUBERNETES_.*"
)
"""Variables that the kubelet sets for every Service."""
_URL: Final = re.compile(
    r"[a-z][a-z0-9+.-]{0,40}://(?:[^@/\s]{0,400}@)?(?P<host>[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?)(?::(?P<port>\d{1,5}))?(?=[/?#,\s]|$)"
)
_ALONE: Final = re.compile(r"(?P<host>[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?)(?::(?P<port>\d{1,5}))?")
_NAMES_HOST: Final = re.compile(r"(?:^|_)(?:HOST|HOSTNAME|ADDR|ADDRESS|SERVER|ENDPOINT)$")


def _containers(rendered: Rendered) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """("Kind/name container", container) of every container."""
    for owner, spec in manifests.pods(rendered.objects):
        for container in containers(spec):
            yield f"{owner} {container.get('name')}", container


@check("W13", "variables given twice", needs=("rendered",))
def duplicates(facts: Facts) -> Outcome:
    """No container has two variables of one name, of which the last one counts."""
    lines = []
    for where, container in _containers(facts["rendered"]):
        names = Counter(str(variable.get("name")) for variable in container.get("env") or ())
        lines += [
            f"{where}: {name} is given {count} times, the last one counts" for name, count in names.items() if count > 1
        ]
    if lines:
        return Outcome("warn", capped(lines), "Keep the one that is meant.")
    return Outcome("pass", ("every variable is given once",))


@check("W14", "variables in variables", needs=("rendered",), severity="B")
def references(facts: Facts) -> Outcome:
    """Every $(NAME) in a variable is a variable that stands before it, or it stays as it is written."""
    lines = []
    for where, container in _containers(facts["rendered"]):
        known: set[str] = set()
        every = {str(variable.get("name")) for variable in container.get("env") or ()}
        for variable in container.get("env") or ():
            name = str(variable.get("name"))
            for wanted in _REFERENCE.findall(str(variable.get("value") or "")):
                if (
                    wanted in known
                    or _OF_SERVICES.fullmatch(wanted)
                    or (wanted not in every and container.get("envFrom"))
                ):
                    continue
                later = "stands after it" if wanted in every else "is not there"
                lines.append(f"{where}: {name} has $({wanted}), which {later}: it would stay as it is written")
            known.add(name)
    if lines:
        return Outcome("fail", capped(lines), "Put the variable that is named before the one that uses it.")
    return Outcome("pass", ("every variable that another one names stands before it",))


@check("W15", "Services that are named", needs=("rendered", "services", "target"))
def services(facts: Facts) -> Outcome:
    """Every Service of this namespace that a variable names is rendered or there, with that port."""
    rendered: Rendered = facts["rendered"]
    there: Mapping[str, frozenset[int]] = facts["services"]
    target: Target = facts["target"]
    known = {**there, **{str(one["metadata"]["name"]): manifests.service_ports(one) for one in rendered.of("Service")}}
    lines: dict[str, None] = {}
    count = 0
    for where, container in _containers(rendered):
        for variable in container.get("env") or ():
            for host, port in named_hosts(str(variable.get("name")), str(variable.get("value") or "")):
                name = service_in(target.namespace, host)
                if not name:
                    continue
                count += 1
                if name not in known:
                    lines[f"{where}: {variable.get('name')} names {host}, and there is no Service of that name"] = None
                elif port and known[name] and port not in known[name]:
                    has = ", ".join(map(str, sorted(known[name])))
                    lines[f"{where}: {variable.get('name')} names {host}:{port}, and Service {name} has {has}"] = None
    if lines:
        return Outcome(
            "warn",
            capped(lines),
            "Correct the address, unless the name is of another place that this cluster's DNS knows.",
        )
    return Outcome("pass", (f"{count} named Services are there" if count else "no variable names a Service",))


def named_hosts(name: str, value: str) -> Iterator[tuple[str, int]]:
    """(host, port or 0) that a variable names; a bare word only where its name says that it is a host."""
    found = list(_URL.finditer(value))
    if not found and _NAMES_HOST.search(name) and (alone := _ALONE.fullmatch(value)):
        found = [alone]
    for match in found:
        yield match["host"], int(match["port"] or 0)
