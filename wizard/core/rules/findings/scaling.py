"""Autoscalers that are at their limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from wizard.core.kube import patience, quantity, status
from wizard.core.kube.objects import Object, name_of
from wizard.core.rules.finding import Evidence, Finding, finding
from wizard.core.rules.snapshot import Snapshot

_PINNED: Final = 900
"""Seconds at the maximum after which it is no peak that passes."""
_SOURCES: Final = ("resource", "containerResource", "pods", "object", "external")
_MEASURES: Final = ("averageUtilization", "averageValue", "value")


@finding("TR12")
def autoscaler_at_maximum(snapshot: Snapshot) -> Iterator[Finding]:
    """An autoscaler has been at its maximum for long, and its metrics ask for more pods."""
    for autoscaler in snapshot.of_kind("HorizontalPodAutoscaler"):
        spec, state = autoscaler.get("spec", {}), autoscaler.get("status", {})
        limited = status.condition(autoscaler, "ScalingLimited")
        most, count = int(spec.get("maxReplicas") or 0), int(state.get("currentReplicas") or 0)
        # The condition is True below the minimum and between two steps too: the time of the last step counts as well.
        since = patience.latest(
            str(time or "") for time in (limited.get("lastTransitionTime"), state.get("lastScaleTime"))
        )
        pinned = limited.get("status") == "True" and limited.get("reason") == "TooManyReplicas" and count >= most
        if not pinned or int(spec.get("minReplicas") or 1) >= most or not snapshot.older(since, _PINNED):
            continue
        readings = list(_readings(autoscaler))
        above = [text for text, is_above in readings if is_above]
        if readings and not above:
            continue
        yield Finding(
            "TR12", f"it is at its maximum of {most} pods, and its metrics ask for more", name_of(autoscaler),
            (
                Evidence(str(limited.get("message") or ""), name_of(autoscaler), "status.conditions[ScalingLimited]", since),
                Evidence(f"{count} of {most}", name_of(autoscaler), "status.currentReplicas"),
                *(Evidence(text, name_of(autoscaler), "status.currentMetrics") for text in above),
            ),
            ("Raise maxReplicas if the nodes and the database have room for more pods, or give each pod more to work with.",),
            since=since, waits=True, urgent=False,
            commands=(snapshot.command("kubectl", "describe", "hpa", str(autoscaler["metadata"]["name"])),),
        )  # fmt: skip


def _readings(autoscaler: Object) -> Iterator[tuple[str, bool]]:
    """(a metric beside its target, whether it is above it) of each metric whose value is known."""
    targets = {_key(metric): _value(metric, "target") for metric in autoscaler.get("spec", {}).get("metrics") or ()}
    for metric in autoscaler.get("status", {}).get("currentMetrics") or ():
        target, current = targets.get(_key(metric), {}), _value(metric, "current")
        for measure in _MEASURES:
            wanted, now = quantity.parse(target.get(measure)), quantity.parse(current.get(measure))
            if wanted is not None and now is not None:
                yield f"{_key(metric)[1]}: {measure} {current[measure]}, target {target[measure]}", now > wanted


def _source(metric: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next((metric[key] for key in _SOURCES if metric.get(key)), {})
    return found


def _key(metric: Mapping[str, Any]) -> tuple[str, str, str]:
    source = _source(metric)
    name = source.get("name") or (source.get("metric") or {}).get("name")
    return str(metric.get("type")), str(name), str(source.get("container") or "")


def _value(metric: Mapping[str, Any], which: str) -> Mapping[str, Any]:
    value: Mapping[str, Any] = _source(metric).get(which) or {}
    return value
