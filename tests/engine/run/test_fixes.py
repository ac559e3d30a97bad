"""A fix that makes a claim anew beside the controller that does so too."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from tests.engine.fake_cluster import FakeCluster
from tests.engine.run.test_run import Recording
from wizard.core.kube.objects import Object
from wizard.core.rules.fix import Step
from wizard.core.target import Target
from wizard.engine.run.fixes import RunFixes


def claim(uid: str, storage_class: str) -> Object:
    """A claim without a volume."""
    metadata = {"name": "data-db-0", "uid": uid, "resourceVersion": "1"}
    return {"kind": "PersistentVolumeClaim", "metadata": metadata, "spec": {"storageClassName": storage_class}}


class Controlled(FakeCluster):
    """A cluster whose StatefulSet controller is quicker, once: it makes the claim with the old class."""

    async def delete(self, kind: str, name: str, *args: Any, **more: Any) -> None:
        await super().delete(kind, name, *args, **more)
        if more["uid"] == "a-persons":
            self.put(claim("a-controllers", "gone"))


async def test_what_each_claim_was_is_kept_though_its_controller_makes_another_one_first() -> None:
    cluster, record = Controlled(), Recording()
    cluster.put(claim("a-persons", "gone"))
    watch = SimpleNamespace(object_events=tuple)
    healing = RunFixes(cluster, Target("c", "ns"), cast("Any", watch), record, cast("Any", None), lambda: True)
    await healing._recreate(Step("recreate", claim("", "fast"), uid="a-persons"))

    kept = {name: data["object"]["metadata"]["uid"] for name, data in record.kept.items()}
    assert kept == {"before-data-db-0": "a-persons", "before-data-db-0-2": "a-controllers"}
    (made,) = cluster.stored["PersistentVolumeClaim"].values()
    assert made["spec"]["storageClassName"] == "fast"
