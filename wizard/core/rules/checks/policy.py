"""Q03 to Q08: what the namespace and the cluster's policies make of the release: limits, webhooks, sidecars, users."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from wizard.core.kube import quantity
from wizard.core.kube.objects import Object, containers
from wizard.core.limits import map_of, maps_of
from wizard.core.rules import claims, manifests
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.checks.access import capped
from wizard.core.rules.facts import Namespace, Rendered, WebhookSeen
from wizard.core.rules.manifests import Template
from wizard.core.text.words import counted

Amounts = Mapping[str, Any]

# Q03: LimitRanges


@check("Q03", "limits of the namespace", needs=("rendered", "limit_ranges", "tried"), severity="B")
def limit_range(facts: Facts) -> Outcome:
    """Claims, and pods where R08 cannot try them, are within the LimitRanges of the namespace."""
    rendered: Rendered = facts["rendered"]
    ranges: Sequence[Object] = facts["limit_ranges"]
    if not ranges:
        return Outcome("pass", ("the namespace has no LimitRange",))
    tried: bool = facts["tried"]
    lines: dict[str, None] = {}
    for limit, name in _limits(ranges):
        if limit.get("type") == "PersistentVolumeClaim":
            for one in claims.wanted(rendered.objects):
                asked = map_of(map_of(one.spec, "resources"), "requests")
                lines |= dict.fromkeys(
                    f"{one.owner}: its claim {said} ({name})" for said in _outside(limit, asked, asked)
                )
        elif limit.get("type") == "Container" and not tried:
            for owner, spec in manifests.pods(rendered.objects):
                for container in containers(spec):
                    asked, most = with_defaults(container, ranges)
                    lines |= dict.fromkeys(
                        f"{owner} {container.get('name')}: it {said} ({name})" for said in _outside(limit, asked, most)
                    )
    if lines:
        return Outcome(
            "fail",
            capped(lines),
            "Ask for what the LimitRange allows, or have it changed.",
            "database.size" if "its claim" in next(iter(lines)) else "",
        )
    given = [
        f"LimitRange {name} gives {names} to containers that name none"
        for limit, name in _limits(ranges)
        if (names := _given(limit))
    ]
    return Outcome("pass", capped(given) or ("everything is within the LimitRanges",))


def _limits(ranges: Sequence[Object]) -> Iterator[tuple[Mapping[str, Any], str]]:
    for one in ranges:
        for limit in maps_of(map_of(one, "spec"), "limits"):
            yield limit, str(one["metadata"].get("name"))


def _given(limit: Mapping[str, Any]) -> str:
    asked, most = map_of(limit, "defaultRequest"), map_of(limit, "default")
    parts = [f"requests of {', '.join(f'{key} {value}' for key, value in asked.items())}" if asked else ""]
    parts += [f"limits of {', '.join(f'{key} {value}' for key, value in most.items())}" if most else ""]
    return " and ".join(filter(None, parts)) if limit.get("type") == "Container" else ""


def with_defaults(container: Mapping[str, Any], ranges: Sequence[Object]) -> tuple[Amounts, Amounts]:
    """(requests, limits) of a container with what the API server and LimitRanges add; a limit is a request too."""
    resources = map_of(container, "resources")
    most = dict(map_of(resources, "limits"))
    asked = {**most, **map_of(resources, "requests")}
    for limit, _ in _limits(ranges):
        if limit.get("type") == "Container":
            asked = {**map_of(limit, "defaultRequest"), **asked}
            most = {**map_of(limit, "default"), **most}
    return asked, most


def _outside(limit: Mapping[str, Any], asked: Amounts, most: Amounts) -> Iterator[str]:
    """What is against a limit (kubernetes, plugin/pkg/admission/limitranger)."""
    for name, least in map_of(limit, "min").items():
        if (has := quantity.parse(asked.get(name))) is None or has < (quantity.parse(least) or 0):
            yield f"asks for {asked.get(name, 'no')} {name}, the least is {least}"
    for name, top in map_of(limit, "max").items():
        bound = quantity.parse(top)
        for has in (asked.get(name), most.get(name)):
            amount = quantity.parse(has)
            if has is not None and amount is not None and bound is not None and amount > bound:
                yield f"may use {has} {name}, the most is {top}"
                break
        else:
            if name not in most:
                yield f"has no limit of {name}, the most is {top}"
    for name, ratio in map_of(limit, "maxLimitRequestRatio").items():
        less, more = quantity.parse(asked.get(name)) or Fraction(0), quantity.parse(most.get(name)) or Fraction(0)
        if less and more / less > (quantity.parse(ratio) or 0):
            yield f"has {name} {asked[name]} to {most[name]}, the limit may be {ratio} times the request"


# Q04: autoscalers


@check("Q04", "requests for the autoscaler", needs=("rendered", "admitted", "limit_ranges"))
def scaled_by_request(facts: Facts) -> Outcome:
    """Every container of a workload that is scaled by its use of a resource asks for this resource."""
    rendered: Rendered = facts["rendered"]
    scalers = rendered.of("HorizontalPodAutoscaler")
    if not scalers:
        return Outcome("skipped", ("nothing is scaled by load",))
    templates = {one.owner: one for one in manifests.templates(rendered.objects)}
    lines = []
    for scaler in scalers:
        target = map_of(map_of(scaler, "spec"), "scaleTargetRef")
        template = templates.get(f"{target.get('kind')}/{target.get('name')}")
        if template:
            spec = facts["admitted"].get(template.owner, template.spec)
            for resource, only in _measured(scaler):
                missing = _without(resource, only, spec, facts["limit_ranges"])
                if missing:
                    lines.append(
                        f"{manifests.label(scaler)} scales {template.owner} by {resource}, and {', '.join(missing)} asks for none: it would not scale"
                    )
    if lines:
        return Outcome("warn", capped(lines), "Give every container a request of it.", "cpu")
    return Outcome("pass", ("every container asks for what its autoscaler measures",))


def _measured(scaler: Object) -> Iterator[tuple[str, str]]:
    """(resource, container or "" for all) of each metric that is a share of the request."""
    spec = map_of(scaler, "spec")
    if not spec.get("metrics"):
        yield "cpu", ""  # autoscaling/v1, and the default of v2
    for metric in maps_of(spec, "metrics"):
        for kind, key in (("Resource", "resource"), ("ContainerResource", "containerResource")):
            of = map_of(metric, key)
            if metric.get("type") == kind and map_of(of, "target").get("type", "Utilization") == "Utilization":
                yield str(of.get("name")), str(of.get("container") or "")


def _without(resource: str, only: str, spec: Mapping[str, Any], ranges: Sequence[Object]) -> list[str]:
    """The containers without a request of the resource; none when the pod has one as a whole."""
    if resource in map_of(map_of(spec, "resources"), "requests"):
        return []
    running = [
        *maps_of(spec, "containers"),
        *(one for one in maps_of(spec, "initContainers") if one.get("restartPolicy") == "Always"),
    ]
    return [
        f"container {one.get('name')}"
        for one in running
        if only in ("", one.get("name")) and resource not in with_defaults(one, ranges)[0]
    ]


# Q05: admission webhooks


@check("Q05", "admission webhooks", needs=("webhooks",), severity="B", decides=False)
def webhooks(facts: Facts) -> Outcome:
    """Every webhook that is asked about an object of the release, and refuses while it is away, has somebody who answers."""
    found: tuple[WebhookSeen, ...] = facts["webhooks"]
    away = [one for one in found if one.state in ("missing", "no endpoints")]
    if away:
        lines = capped(
            f"webhook {one.name} would refuse {_some(one.objects)}: its Service {one.service} "
            + ("is not there" if one.state == "missing" else "has no ready pod")
            for one in away
        )
        one = away[0]
        step = f"Have what serves it repaired, or {one.configuration} removed by those whose it is."
        certain = any(not one.conditional for one in away)
        return Outcome("fail" if certain else "warn", lines, step)
    hidden = [one for one in found if one.state == "hidden"]
    if hidden:
        spaces = ", ".join(sorted({one.service.partition("/")[0] for one in hidden}))
        lines = capped(f"webhook {one.name}: whether {one.service} answers is hidden" for one in hidden)
        return Outcome("unknown", lines, f"To settle it: list endpointslices.discovery.k8s.io in {spaces}.")
    count = len(found)
    return Outcome(
        "pass",
        (
            f"{counted(count, 'webhook')} asked, every Service of them has ready pods"
            if count
            else "no webhook that refuses is asked",
        ),
    )


def _some(objects: Sequence[str]) -> str:
    more = f" and {len(objects) - 2} more" if len(objects) > 2 else ""
    return ", ".join(objects[:2]) + more


# Q06: sidecars


@check("Q06", "containers that are added", needs=("rendered", "admitted"))
def sidecars(facts: Facts) -> Outcome:
    """No container that the cluster adds to the pods of a Job keeps the Job from ending."""
    admitted: Mapping[str, Mapping[str, Any]] = facts["admitted"]
    tried = [one for one in manifests.templates(facts["rendered"].objects) if one.owner in admitted]
    if not tried:
        return Outcome("skipped", ("waits for R08",))
    added = {one.owner: _added(one, admitted[one.owner]) for one in tried}
    lines = [
        f"{one.owner}: the cluster adds container {', '.join(added[one.owner])}, and a Job ends when all its containers have"
        for one in tried
        if not one.stays and one.of["kind"] in ("Job", "CronJob") and added[one.owner]
    ]
    if lines:
        step = "Leave these pods out of the injection by its label or annotation, or have native sidecars switched on."
        return Outcome("warn", capped(lines), step)
    said = [f"{owner}: the cluster adds container {', '.join(names)}" for owner, names in added.items() if names]
    return Outcome("pass", capped(said) or ("the cluster adds no container",))


def _added(template: Template, spec: Mapping[str, Any]) -> list[str]:
    own = {str(one.get("name")) for one in maps_of(template.spec, "containers")}
    return [name for one in maps_of(spec, "containers") if (name := str(one.get("name"))) not in own]


# Q08: users on OpenShift

_UIDS: Final = "openshift.io/sa.scc.uid-range"
_GROUPS: Final = "openshift.io/sa.scc.supplemental-groups"
_RANGE: Final = re.compile(r"(\d{1,12})([/-])(\d{1,12})")


@check("Q08", "users of OpenShift", needs=("rendered", "namespace"))
def users(facts: Facts) -> Outcome:
    """Where OpenShift gives the namespace a range of users and groups, pods name none outside of it."""
    namespace: Namespace = facts["namespace"]
    uids, groups = (_ranges(namespace.annotations.get(key, "")) for key in (_UIDS, _GROUPS))
    if not uids:
        return Outcome("pass", ("the namespace has no range of users",))
    lines = []
    for owner, spec in manifests.pods(facts["rendered"].objects):
        for where, context in _contexts(spec):
            for key, allowed in (("runAsUser", uids), ("fsGroup", groups or uids)):
                given = context.get(key)
                if isinstance(given, int) and not any(first <= given <= last for first, last in allowed):
                    lines.append(f"{owner}{where}: {key} {given} is outside of {namespace.annotations.get(_UIDS)}")
    if lines:
        step = "Leave runAsUser and fsGroup to OpenShift (null), or have the service account use an SCC that allows them, such as nonroot-v2."
        return Outcome("warn", capped(lines), step)
    return Outcome("pass", ("no pod names a user outside of the namespace's range",))


def _ranges(text: str) -> list[tuple[int, int]]:
    """(first, last) of "1000/10" or "1000-1009", several with commas (openshift/apiserver-library-go, security/uid)."""
    found = [match for part in text.split(",") if (match := _RANGE.fullmatch(part.strip()))]
    return [(int(one[1]), int(one[1]) + int(one[3]) - 1 if one[2] == "/" else int(one[3])) for one in found]


def _contexts(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "", map_of(spec, "securityContext")
    for container in containers(spec):
        yield f" {container.get('name')}", map_of(container, "securityContext")
