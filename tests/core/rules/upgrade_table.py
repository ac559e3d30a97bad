"""Rows of the table of checks: what an upgrade meets that an install does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.core.rules.placement_table import deployment, live, scaler
from wizard.core.helm.release import ReleaseRecord
from wizard.core.kube.api import Resource
from wizard.core.rules.check import Absent, Unknown
from wizard.core.rules.facts import ChartFound, Release, Rendered, Running, Touched

OLD = {"jwt": {"secret": ""}, "replicas": 1, "podLabels": {}}


def ran(version: str = "1.2.0", *objects: dict[str, Any], config: Any = None) -> Running:
    record = ReleaseRecord("rel", "ns", 3, "deployed", "", "", "shop", version, "", config or {}, OLD, "")
    return Running(record, objects)


def chart(old: str, new: str) -> dict[str, Any]:
    return {"running": ran(old), "chart": ChartFound("/c", "shop", new, "")}


def given(config: Mapping[str, Any], **new: Any) -> dict[str, Any]:
    return {"running": ran(config=config), "new_defaults": new, "chart": ChartFound("/c", "shop", "2.0.0", "")}


def served(*objects: tuple[str, str]) -> dict[str, Any]:
    made = tuple({"kind": kind, "apiVersion": version, "metadata": {"name": "x"}} for kind, version in objects)
    return {"running": ran("1.0.0", *made), "served": (Resource("policy/v1", "PodDisruptionBudget", "p", True),)}


def sized(
    replicas: int | None, *, was: int | None, pods: int, scaled: str = "both", name: str = "shop"
) -> dict[str, Any]:
    now, before = deployment(), deployment()
    for one, count in ((now, replicas), (before, was)):
        one["spec"] = {**one["spec"], "replicas": count}
        if count is None:
            del one["spec"]["replicas"]
    old = (before, scaler(1, 9)) if scaled in ("both", "before") else (before,)
    new = (now, scaler(1, 9)) if scaled in ("both", "after") else (now,)
    return {"running": ran("1.0.0", *old), "rendered": Rendered(new), "own_pods": tuple(live(number) for number in range(pods)),
            "chart": ChartFound("/c", name, "1.0.0", "")}  # fmt: skip


def stored(size: int, kept: int = 3) -> dict[str, Any]:
    return {"record_size": size, "release": Release(kept, kept=kept)}


INSTALL = Absent("this is an install")
ROWS: list[tuple[str, Mapping[str, Any], str, str, str]] = [
    # U01 versions of the chart
    ("U01", chart("1.2.0", "1.3.0"), "pass", "chart shop 1.2.0 runs, this is 1.3.0", ""),
    ("U01", chart("1.2.0", "2.0.0"), "pass", "a new major version, read its upgrade notes", ""),
    ("U01", chart("1.2.0", "4.0.1"), "warn", "it skips 2.x, 3.x", ""),
    ("U01", chart("1.2.0", "1.1.9"), "warn", "an older one", ""),
    ("U01", chart("1.2.0", "main"), "pass", "this is main", ""),
    ("U01", {**chart("1", "1"), "running": INSTALL}, "skipped", "install", ""),
    # U02 values that the chart dropped
    ("U02", given({"replicas": 3}, replicas=1), "pass", "has every value that was set", ""),
    ("U02", given({"jwt": {"secret": "x"}}, jwt={"secretName": ""}), "warn", "jwt.secret was set, and chart 2.0.0 has no such value; did it become jwt.secretName?", ""),
    ("U02", given({"typo": 1}, replicas=1), "pass", "has every value", ""),
    ("U02", given({"podLabels": {"a": "b"}}, podLabels={}), "pass", "has every value", ""),
    # U04 kinds that are gone
    ("U04", served(("PodDisruptionBudget", "policy/v1")), "pass", "1 object of revision 3, all", ""),
    ("U04", served(("PodDisruptionBudget", "policy/v1beta1")), "fail", "PodDisruptionBudget/x is of policy/v1beta1, which is not served any more", ""),
    ("U04", {**served(), "running": Unknown("eve may not list secrets", "list secrets")}, "unknown", "may not list", ""),
    # U06 replicas that are reset
    ("U06", sized(2, was=2, pods=8), "warn", "Deployment/api has 8 pods and would go to 2, until the autoscaler acts again", "replicas"),
    ("U06", sized(2, was=None, pods=8, scaled="before"), "warn", "and no autoscaler is there to make more", "replicas"),
    ("U06", sized(None, was=3, pods=3, scaled="after"), "warn", "would go to 1, until the autoscaler", "replicas"),
    ("U06", sized(None, was=3, pods=3, scaled="after", name="llm-cost-ops"), "pass", "no number of pods", ""),
    ("U06", sized(None, was=None, pods=8), "pass", "no number of pods", ""),
    ("U06", sized(8, was=2, pods=8, scaled="before"), "pass", "no number of pods", ""),
    ("U06", sized(2, was=8, pods=8, scaled="none"), "pass", "no number of pods", ""),
    # U08 room for helm's record
    ("U08", stored(20_000), "pass", "19 KiB of 1024, 3 revisions", ""),
    ("U08", stored(1_000_000), "warn", "976 KiB of 1024", ""),
    ("U08", stored(1_055_000), "warn", "may be unable to write it", ""),
    ("U08", stored(1_100_000), "fail", "1074 KiB of 1024, 3 revisions kept: the API server takes no larger one", ""),
    ("U08", stored(20_000, kept=400), "warn", "400 revisions kept: helm reads all", ""),
    ("U08", {**stored(1), "record_size": Absent("was looked at before")}, "skipped", "looked at before", ""),
    # U10 changes by others
    ("U10", {"touched": Touched(4, 3, here=False)}, "warn", "revision 4 was written 3 min ago, by no run of this machine", ""),
    ("U10", {"touched": Touched(4, 3, here=True)}, "pass", "by a run of this machine", ""),
    ("U10", {"touched": Touched(4, 60, here=False)}, "pass", "60 min ago", ""),
    ("U10", {"touched": INSTALL}, "skipped", "install", ""),
]  # fmt: skip
