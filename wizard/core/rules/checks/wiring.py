"""W13, W14, W15: whether the parts of a release fit together: variables, and the Services that they name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from wizard.core.kube.objects import containers
from wizard.core.rules import manifests, named
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.checks.access import capped
from wizard.core.rules.facts import Rendered, ServiceSeen
from wizard.core.rules.findings.hosts import CACHE
from wizard.core.target import Target

_REFERENCE: Final = re.compile(r"(?<!\$)(?:\$\$)*\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")
"""A variable's value in another one; an even number of signs before it says that it is none (docs: dependent variables)."""
_OF_SERVICES: Final = re.compile(
    r"[A-Z0-9_]+_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT(?:_\d+_(?:TCP|UDP)(?:_[A-Z]+)?)?)|KUBERNETES_.*"
)
"""Variables that the kubelet sets for every Service."""


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


@check("W15", "Services that are named", needs=("rendered", "named_services", "target"), about=("cache.host",))
def services(facts: Facts) -> Outcome:
    """Every Service of the cluster that a variable names is rendered or there, with that port, and pods are behind it."""
    rendered: Rendered = facts["rendered"]
    there: Mapping[str, ServiceSeen | None] = facts["named_services"]
    target: Target = facts["target"]
    own = {str(one["metadata"]["name"]): manifests.service_ports(one) for one in rendered.of("Service")}
    lines: dict[str, str] = {}
    hidden: dict[str, str] = {}
    left: list[str] = []
    count = 0
    for one in named.services(rendered.objects, target.namespace):
        if one.space == target.namespace and one.service in own:
            seen: ServiceSeen | None = ServiceSeen("ready", own[one.service])
        elif one.label in there:
            seen = there[one.label]
        else:
            continue  # it is the external database, which D01 looks at
        count += 1
        if seen is None:
            left.append(one.label)
        elif seen.state == "hidden":
            hidden[one.label] = seen.permission
        elif wrong := _wrong(one, seen, target):
            lines[f"{one.owner} {one.container}: {one.variable} names {wrong}"] = (
                "cache.host" if CACHE.search(one.variable) else ""
            )
    if lines:
        step = "Correct the address, or have it started; a name that this cluster's DNS knows from elsewhere may stay."
        return Outcome("warn", capped(lines), step, next(iter(lines.values())))
    if hidden:
        return Outcome(
            "unknown",
            capped(f"Service {label} is named, and hidden" for label in hidden),
            f"To settle it: {'; '.join(dict.fromkeys(hidden.values()))}.",
        )
    if left:
        step = "Look whether they have addresses: kubectl get endpointslices --all-namespaces"
        return Outcome("unknown", capped(f"Service {label} is named, and was not looked at" for label in left), step)
    return Outcome("pass", (f"{count} named Services are there" if count else "no variable names a Service",))


def _wrong(one: named.Service, seen: ServiceSeen, target: Target) -> str:
    """What is wrong with a Service that a variable names; "" when nothing is."""
    name = one.service if one.space == target.namespace else one.label
    if seen.state == "missing":
        return f"{one.host}, and there is no Service " + ("of that name" if name == one.service else name)
    if one.port and seen.ports and one.port not in seen.ports:
        return f"{one.host}:{one.port}, and Service {name} has {', '.join(map(str, sorted(seen.ports)))}"
    if seen.state == "no endpoints":
        return f"{one.host}, and Service {name} has no ready endpoints: nothing answers there"
    return ""
