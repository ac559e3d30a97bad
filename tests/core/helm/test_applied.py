from __future__ import annotations

import copy
from typing import Any

import pytest

from wizard.core.helm import applied


def deployment(image: str = "a:1", **container: Any) -> dict[str, Any]:
    one = {"name": "app", "image": image, **container}
    spec = {"replicas": 1, "template": {"spec": {"containers": [one]}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"}, "spec": spec}


def config(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "conf"}, "data": data}


def served(manifest: dict[str, Any]) -> dict[str, Any]:
    """As an API server with a habit of defaults gives it back, and an autoscaler has been at it."""
    live = copy.deepcopy(manifest)
    live["metadata"] |= {"uid": "u", "namespace": "ns"}
    if "template" in live.get("spec", {}):
        live["spec"]["replicas"] = 5
        live["spec"]["template"]["spec"]["restartPolicy"] = "Always"
        live["spec"]["template"]["spec"]["containers"].append({"name": "proxy", "image": "istio:1"})
    return live


CPU: dict[str, Any] = {"resources": {"limits": {"cpu": "0.5", "memory": "1024Mi"}}}
CANONICAL: dict[str, Any] = {"resources": {"limits": {"cpu": "500m", "memory": "1Gi"}}}
ENV: dict[str, Any] = {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
LESS: dict[str, Any] = {"env": [{"name": "B", "value": "2"}]}
JOB = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}, "spec": {"ttlSecondsAfterFinished": 0}}
ROWS: list[tuple[str, dict[str, Any] | None, dict[str, Any] | None, dict[str, Any] | None, str]] = [
    # what, before, wanted, live manifest, where it belongs
    ("nothing is new", deployment(), deployment(), deployment(), "there"),
    ("nothing is new, and somebody changed it", deployment(), deployment(), deployment("x"), "there"),
    ("a new image", deployment(), deployment("a:2"), deployment("a:2"), "changed"),
    ("still the old image", deployment(), deployment("a:2"), deployment(), "before"),
    ("an image that is neither", deployment(), deployment("a:2"), deployment("mirror/a:2"), "unsure"),
    ("a quantity in other words", deployment(), deployment(**CPU), deployment(**CANONICAL), "changed"),
    ("an old quantity in other words", deployment(**CPU), deployment(resources={"limits": {"cpu": "2"}}), deployment(**CANONICAL), "before"),
    ("a variable taken away", deployment(**ENV), deployment(**LESS), deployment(**LESS), "changed"),
    ("a variable not taken away", deployment(**ENV), deployment(**LESS), deployment(**ENV), "before"),
    ("a default in the place of what was taken away", deployment(terminationMessagePath="/x"), deployment(), deployment(terminationMessagePath="/dev/x"), "there"),
    ("made", None, deployment(), deployment(), "changed"),
    ("not made", None, deployment(), None, "before"),
    ("a Job that is over and gone", None, JOB, None, "changed"),
    ("lost", deployment(), deployment("a:2"), None, "before"),
    ("removed", deployment(), None, None, "changed"),
    ("not removed", deployment(), None, deployment(), "before"),
    ("a value that the server leaves out", config(a="1"), config(a="1", b=""), config(a="1"), "there"),
    ("lines of a text", config(a="x\ny"), config(a="x\nz"), config(a="x\nz"), "changed"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "before", "new", "live", "where"), ROWS, ids=[row[0] for row in ROWS])
def test_an_object_carries_what_a_revision_asks_for(
    what: str, before: dict[str, Any] | None, new: dict[str, Any] | None, live: dict[str, Any] | None, where: str
) -> None:
    asked = applied.wanted([new] if new else [], [[before] if before else []], "ns")
    seen = {key: served(live) if live else None for key in asked.differing()}
    found = asked.compare(seen)
    assert {name: len(getattr(found, name)) for name in ("there", "changed", "before", "unsure")} == {
        "there": int(where in ("there", "changed")), "changed": int(where == "changed"), "before": int(where == "before"),
        "unsure": int(where == "unsure"),
    }  # fmt: skip
    assert found.whole == (where in ("there", "changed"))
    assert found.nothing == (where == "before")


def test_what_cannot_be_seen_is_not_said_to_be_there() -> None:
    found = applied.wanted([deployment("a:2")], [[deployment()]], "ns").compare({})
    assert (found.whole, found.nothing, found.unsure) == (False, False, ("Deployment/api",))


def test_secrets_and_hooks_are_no_part_of_it() -> None:
    hook = config(a="1")
    hook["metadata"]["annotations"] = {"helm.sh/hook": "pre-upgrade"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    assert applied.wanted([hook, secret], [[]], "ns").differing() == ()


def test_what_helm_keeps_may_stay() -> None:
    kept = config(a="1")
    kept["metadata"]["annotations"] = {"helm.sh/resource-policy": "keep"}
    assert applied.wanted([], [[kept]], "ns").differing() == ()
