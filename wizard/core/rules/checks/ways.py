"""I05, I06: the ways in that other releases have already, and the names of our own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from wizard.core.kube import ingress, membership, status
from wizard.core.kube.ingress import Classes, routes
from wizard.core.kube.objects import Object, name_of
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.checks.access import capped
from wizard.core.rules.facts import Rendered, WaysSeen
from wizard.core.target import Target


class _Taken(NamedTuple):
    what: str
    other: Object
    wins: bool
    """Whether it is known that the other one gets the requests."""


@check("I05", "host and path", needs=("rendered", "ways", "target"), severity="B", about=("host", "path"))
def taken(facts: Facts) -> Outcome:
    """No other Ingress or HTTPRoute of the cluster has the same host and path.

    An Ingress that came first keeps its requests with ingress-nginx, every HTTPRoute does (Gateway API, HTTPRouteRule:
    the oldest route by creation time). With other controllers it is not certain who gets them.
    """
    rendered: Rendered = facts["rendered"]
    ways: WaysSeen = facts["ways"]
    target: Target = facts["target"]
    found: list[_Taken] = []
    hosts: dict[str, None] = {}
    others = _of_others(ways, target)
    for obj in (*rendered.of("Ingress"), *rendered.of("HTTPRoute")):
        mine = {**obj, "metadata": {**obj["metadata"], "namespace": ingress.namespace(obj) or target.namespace}}
        live = next((one for one in ways.objects if _is(one, mine)), None)
        shared = _ingress if mine["kind"] == "Ingress" else _http_route
        for other in others:
            if other["kind"] == mine["kind"] and not _is(other, mine):
                older = live is None or status.created(other) < status.created(live)
                found += shared(mine, other, older, ways.classes)
        asked = routes(mine) if mine["kind"] == "Ingress" else ()
        hosts |= dict.fromkeys([*(route.host for route in asked), *(mine.get("spec") or {}).get("hostnames", ())])
    if not found:
        return Outcome("pass", (f"nobody else has {', '.join(filter(None, hosts)) or 'its paths'}",))
    found.sort(key=lambda one: not one.wins)
    lines = capped(
        f"{name_of(one.other)} in namespace {ingress.namespace(one.other)} has {one.what} too"
        + (": it came first and gets the requests" if one.wins else ": it is not certain which of the two gets the requests")
        for one in found
    )  # fmt: skip
    step = "Choose another host, or have the other one removed by those whose it is."
    return Outcome("fail" if found[0].wins else "warn", lines, step, "host")


def _of_others(ways: WaysSeen, target: Target) -> list[Object]:
    """What stays there, without the objects of this release: what it does not render any more is deleted by helm."""
    here = {str(one["metadata"].get("uid")): one for one in ways.objects if ingress.namespace(one) == target.namespace}
    ours = membership.of(here, target.release, target.namespace)
    return [
        one for one in ways.objects
        if str(one["metadata"].get("uid")) not in ours and not one["metadata"].get("deletionTimestamp")
    ]  # fmt: skip


def _is(one: Object, other: Object) -> bool:
    return (one["kind"], ingress.namespace(one), one["metadata"]["name"]) == (
        other["kind"], ingress.namespace(other), other["metadata"]["name"],
    )  # fmt: skip


def _ingress(mine: Object, other: Object, older: bool, classes: Classes) -> Iterator[_Taken]:
    told = any(ingress.is_canary(one) or ingress.is_told(one) for one in (mine, other))
    first = classes.oldest_wins(mine) and classes.name(mine) == classes.name(other)
    if told or (first and not older):
        return
    for route in routes(mine):
        if any(route.shares_path(rival) and not route.same_backend(rival) for rival in routes(other)):
            yield _Taken(f"{route.host or 'every host'}{route.path}", other, first)


def _http_route(mine: Object, other: Object, older: bool, _: Classes) -> Iterator[_Taken]:
    if older:
        for host, gateway, match in sorted({*_asked(mine)} & {*_asked(other)}):
            path = json.loads(match)["path"]["value"]
            yield _Taken(f"{host or 'every host'}{path} at Gateway {gateway}", other, wins=True)


def _asked(route: Object) -> Iterator[tuple[str, str, str]]:
    """(host, Gateway, match) of all requests that an HTTPRoute takes."""
    spec: Mapping[str, Any] = route.get("spec") or {}
    everything: Mapping[str, Any] = {}
    for parent in spec.get("parentRefs") or ():
        gateway = f"{parent.get('namespace') or ingress.namespace(route)}/{parent.get('name')}"
        for host in spec.get("hostnames") or ("",):
            for rule in spec.get("rules") or ():
                for match in rule.get("matches") or (everything,):
                    path = {"type": "PathPrefix", "value": "/", **(match.get("path") or {})}
                    others = {key: value for key, value in match.items() if value}
                    yield str(host), gateway, json.dumps({**others, "path": path}, sort_keys=True)


@check("I06", "DNS", needs=("rendered", "names", "ways"), about=("host",))
def names(facts: Facts) -> Outcome:
    """A host that resolves leads to where the Ingresses of its class are; one that does not resolve gets its record afterwards."""
    rendered: Rendered = facts["rendered"]
    found: Mapping[str, tuple[str, ...] | None] = facts["names"]
    ways: WaysSeen = facts["ways"]
    lines, wrong = [], []
    for host, addresses in found.items():
        there = _addresses(host, rendered, ways)
        record = f"{host} -> {there[0]}" if there else f"{host} -> the address that it gets"
        if addresses is None:
            lines.append(f"{host}: DNS does not answer from here")
        elif not addresses:
            lines.append(f"{host} does not resolve yet; the record to make: {record}")
        elif there and not set(there) & set(addresses):
            wrong.append(
                f"{host} is {', '.join(addresses[:3])}, where no Ingress of its class is; they are at {', '.join(there[:3])}"
            )
        else:
            lines.append(f"{host} is {', '.join(addresses[:3])}" + (", where its class is" if there else ""))
    if wrong:
        return Outcome(
            "warn", capped([*wrong, *lines]), "Change the DNS record, unless a proxy or CDN is before it.", "host"
        )
    return Outcome("pass", capped(lines))


def _addresses(host: str, rendered: Rendered, ways: WaysSeen) -> list[str]:
    """Where live Ingresses of the classes are that serve the host."""
    mine = [one for one in rendered.of("Ingress") if any(route.host == host for route in routes(one))]
    classes = {ways.classes.name(one) for one in mine}
    others = [one for one in ways.objects if one["kind"] == "Ingress" and ways.classes.name(one) in classes]
    return list(dict.fromkeys(address for one in others for address in status.addresses(one)))
