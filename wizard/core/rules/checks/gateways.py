"""I13: whether the Gateways that HTTPRoutes name are there and let them in (Gateway API, "Attaching Routes to Gateways")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wizard.core.kube.ingress import namespace as namespace_of
from wizard.core.kube.objects import Object
from wizard.core.limits import map_of, maps_of, text_of
from wizard.core.rules import manifests
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.checks.access import capped
from wizard.core.rules.facts import Namespace, Rendered
from wizard.core.scheduling.selectors import labels_match
from wizard.core.target import Target
from wizard.core.text.words import counted

_HTTP: Final = ("HTTP", "HTTPS")


@check("I13", "Gateways", needs=("rendered", "gateways", "namespace", "target"), severity="B", about=("host",))
def gateways(facts: Facts) -> Outcome:
    """Every Gateway that an HTTPRoute names is there, with a listener that lets its namespace and its hosts in."""
    rendered: Rendered = facts["rendered"]
    there: Mapping[tuple[str, str], Object | None] = facts["gateways"]
    namespace: Namespace = facts["namespace"]
    target: Target = facts["target"]
    lines: list[str] = []
    unknown: list[str] = []
    count = 0
    for route in rendered.of("HTTPRoute"):
        for parent in manifests.parents(route):
            count += 1
            space = str(parent.get("namespace") or namespace_of(route) or target.namespace)
            where = space, str(parent.get("name"))
            gateway = there.get(where)
            label = f"{manifests.label(route)}: Gateway {space}/{parent.get('name')}"
            if where not in there:
                unknown.append(f"{label} was not looked at: the release names too many")
            elif gateway is None:
                lines.append(f"{label} is not there")
            elif (why := _refusal(route, parent, gateway, space, namespace)) is None:
                unknown.append(f"{label}: whether it lets this namespace in depends on labels that are hidden")
            elif why:
                lines.append(f"{label} {why}")
    if lines:
        return Outcome(
            "fail", capped(lines), "Name another Gateway or listener, or have those whose it is let the route in."
        )
    if unknown:
        return Outcome("unknown", capped(unknown), f"To settle it: get namespaces {namespace.name}.")
    return Outcome(
        "pass",
        (f"{counted(count, 'Gateway')} there, and let the routes in" if count else "no route names a Gateway",),
    )


def _refusal(route: Object, parent: Mapping[str, Any], gateway: Object, space: str, namespace: Namespace) -> str | None:
    """Why no listener takes the route; "" when one does, None when that is hidden."""
    every = maps_of(map_of(gateway, "spec"), "listeners")
    section, port = parent.get("sectionName"), parent.get("port")
    named = [one for one in every if section in (None, "", one.get("name")) and port in (None, one.get("port"))]
    if not named:
        has = ", ".join(str(one.get("name")) for one in every) or "none"
        return f"has no listener {section or port}; its listeners: {has}"
    fitting = [one for one in named if str(one.get("protocol")) in _HTTP]
    if not fitting:
        return f"has no listener for HTTP there: {named[0].get('name')} is {named[0].get('protocol')}"
    own = namespace_of(route) or namespace.name
    allowed = [(one, _lets_in(one, space, own, namespace)) for one in fitting]
    if all(lets is False for _, lets in allowed):
        return f"lets no route of namespace {own} in (allowedRoutes of listener {fitting[0].get('name')})"
    hosts = [str(one) for one in map_of(route, "spec").get("hostnames") or ()]
    open_to = [(one, lets) for one, lets in allowed if lets is not False and _shares(text_of(one, "hostname"), hosts)]
    if not open_to:
        shown = ", ".join(dict.fromkeys(text_of(one, "hostname") for one, _ in allowed))
        return f"is for host {shown}, and the route for {', '.join(hosts[:3])}"
    return "" if any(lets for _, lets in open_to) else None


def _lets_in(listener: Mapping[str, Any], space: str, own: str, namespace: Namespace) -> bool | None:
    """Whether a listener takes routes of a namespace; None when labels decide that are hidden."""
    rule = map_of(map_of(listener, "allowedRoutes"), "namespaces")
    match rule.get("from") or "Same":
        case "All":
            return True
        case "Same":
            return space == own
        case "Selector":
            if own != namespace.name or namespace.pod_security is None:
                return None
            return labels_match(map_of(rule, "selector"), namespace.labels)
        case _:
            return False


def _shares(listener: str, hosts: list[str]) -> bool:
    """Whether a listener's host takes one of the route's (Gateway API, HTTPRoute hostnames)."""
    return not listener or not hosts or any(_meet(listener.lower(), host.lower()) for host in hosts)


def _meet(one: str, other: str) -> bool:
    if one == other:
        return True
    return any(
        wide.startswith("*.") and narrow.removeprefix("*").endswith(wide[1:]) and narrow != wide[2:]
        for wide, narrow in ((one, other), (other, one))
    )
