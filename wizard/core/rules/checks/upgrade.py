"""U01, U02, U04, U06, U08, U10: what an upgrade of this release meets that an install does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from wizard.core.helm import unused_values, upgrade_values, version
from wizard.core.helm.chart import OURS
from wizard.core.kube.api import Resource
from wizard.core.kube.objects import Object, labels_of
from wizard.core.limits import map_of
from wizard.core.rules import manifests
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.checks.access import capped
from wizard.core.rules.facts import ChartFound, Release, Rendered, Running, Touched
from wizard.core.scheduling.selectors import labels_match
from wizard.core.text.words import counted

_LARGEST: Final = 1024 * 1024
"""Bytes of a Secret's or ConfigMap's values (k8s.io/api/core/v1, MaxSecretSize)."""
_NEARLY: Final = 0.9
_FULL: Final = 1.01
"""Helm's Go packs no better than that; up to a twentieth less well, and the notes come on top."""
_SMALLER: Final = "Take files that are not templates out of the chart (.helmignore), or split it."
_MANY: Final = 50
"""Helm keeps ten revisions unless it is told otherwise."""
_SOON: Final = 10


@check("U01", "versions of the chart", needs=("running", "chart"))
def versions(facts: Facts) -> Outcome:
    """The chart is not older than the one that runs, and skips no major version."""
    running: Running = facts["running"]
    chart: ChartFound = facts["chart"]
    old, new = running.record.chart_version, chart.version
    before, after = version.parse(old), version.parse(new)
    line = f"chart {running.record.chart} {old} runs, this is {new}"
    if before is None or after is None:
        return Outcome("pass", (line,))
    if upgrade_values.is_downgrade(old, new):
        return Outcome(
            "warn",
            (f"{line}: an older one; data does not go back with it",),
            "Take a backup first, or roll back instead: rollback",
        )
    if after.major - before.major > 1:
        skipped = ", ".join(f"{number}.x" for number in range(before.major + 1, min(after.major, before.major + 6)))
        return Outcome(
            "warn",
            (f"{line}: it skips {skipped}",),
            "Read the upgrade notes of each major version; many charts want them one by one.",
        )
    if after.major > before.major:
        return Outcome("pass", (f"{line}: a new major version, read its upgrade notes",))
    return Outcome("pass", (line,))


@check("U02", "values that the chart dropped", needs=("running", "new_defaults", "chart"))
def dropped(facts: Facts) -> Outcome:
    """Every value that the running release was given, and that its chart had, is one of the new chart too."""
    running: Running = facts["running"]
    record = running.record
    new: Mapping[str, Any] = facts["new_defaults"]
    unread = unused_values.unread(record.config, new, record.subcharts)
    known = set(unused_values.unread(record.config, record.defaults, record.subcharts))
    lines = []
    for path in unread:
        if path not in known:
            near = unused_values.nearest(path, new)
            lines.append(
                f"{path} was set, and chart {facts['chart'].version} has no such value"
                + (f"; did it become {near}?" if near else "")
            )
    if lines:
        return Outcome("warn", capped(lines), "Set what took its place; the upgrade drops it without a word.")
    return Outcome("pass", ("the new chart has every value that was set",))


@check("U04", "kinds that are gone", needs=("running", "served"), severity="B")
def gone(facts: Facts) -> Outcome:
    """The API server serves every kind of the running revision's manifest: helm must read it before it can change anything."""
    running: Running = facts["running"]
    served: Sequence[Resource] = facts["served"]
    there = {(one.kind, one.api_version) for one in served}
    missing = [one for one in running.objects if (str(one.get("kind")), str(one.get("apiVersion"))) not in there]
    lines = dict.fromkeys(
        f"{manifests.label(one)} is of {one.get('apiVersion')}, which is not served any more: helm would stop at it"
        for one in missing
    )
    if lines:
        step = "Write the version that is served into helm's record, with its plugin mapkubeapis, or have the kind served again."
        return Outcome("fail", capped(lines), step)
    return Outcome(
        "pass",
        (
            f"{counted(len(running.objects), 'object')} of revision {running.record.revision}, all of kinds that are served",
        ),
    )


@check("U06", "replicas that are reset", needs=("running", "rendered", "own_pods", "chart"))
def reset(facts: Facts) -> Outcome:
    """The upgrade does not take back the number of pods that an autoscaler has made."""
    running: Running = facts["running"]
    rendered: Rendered = facts["rendered"]
    before, after = _scaled(running.objects), _scaled(rendered.objects)
    old = {
        manifests.label(one): map_of(one, "spec")
        for one in running.objects
        if one.get("kind") in ("Deployment", "StatefulSet")
    }
    lines = []
    for workload in (*rendered.of("Deployment"), *rendered.of("StatefulSet")):
        label, spec = manifests.label(workload), map_of(workload, "spec")
        if label not in before | after or label not in old:
            continue
        given = spec.get("replicas")
        if given is None and (facts["chart"].name == OURS or old[label].get("replicas") is None):
            continue  # our chart asks for the live number again, which is not seen here
        live = sum(labels_match(spec.get("selector"), labels_of(pod)) for pod in facts["own_pods"])
        wanted = given if isinstance(given, int) else 1
        if 0 < wanted < live:
            ends = "until the autoscaler acts again" if label in after else "and no autoscaler is there to make more"
            lines.append(f"{label} has {live} pods and would go to {wanted}, {ends}")
    if lines:
        return Outcome(
            "warn", capped(lines), "Ask for as many replicas as there are now, at least for this upgrade.", "replicas"
        )
    return Outcome("pass", ("no number of pods that an autoscaler made is taken back",))


def _scaled(objects: Sequence[Object]) -> set[str]:
    """What autoscalers scale, "Kind/name"."""
    targets = (
        map_of(map_of(one, "spec"), "scaleTargetRef") for one in objects if one.get("kind") == "HorizontalPodAutoscaler"
    )
    return {f"{target.get('kind')}/{target.get('name')}" for target in targets}


@check("U08", "room for helm's record", needs=("record_size", "release"), severity="B")
def room(facts: Facts) -> Outcome:
    """Helm's record of the next revision is well below what a Secret can hold, and not too many are kept."""
    size: int = facts["record_size"]
    release: Release = facts["release"]
    line = f"helm's record will have about {size // 1024} KiB of 1024, {counted(release.kept, 'revision')} kept"
    if size > _LARGEST * _FULL:
        return Outcome("fail", (f"{line}: the API server takes no larger one",), _SMALLER)
    if size > _LARGEST * _NEARLY:
        return Outcome("warn", (f"{line}: helm may be unable to write it",), _SMALLER)
    if release.kept > _MANY:
        return Outcome(
            "warn", (f"{line}: helm reads all of them each time",), "Have helm keep fewer: --history-max 10."
        )
    return Outcome("pass", (line,))


@check("U10", "changes by others", needs=("touched",))
def others(facts: Facts) -> Outcome:
    """Nobody else has changed the release in the last ten minutes."""
    last: Touched = facts["touched"]
    line = f"revision {last.revision} was written {last.minutes} min ago"
    if last.here or last.minutes >= _SOON:
        return Outcome("pass", (line + (", by a run of this machine" if last.here else ""),))
    return Outcome(
        "warn", (f"{line}, by no run of this machine",), "See that nobody else is at work on it, unless it was you."
    )
