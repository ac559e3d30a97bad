"""The node's own disk runs full: the kubelet takes the pod off it that wrote most, and the wizard tells why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.realnode import node, worker
from tests.realnode.conftest import Release, until
from tests.realnode.person import Person
from tests.realnode.test_diagnose import proof
from tests.realnode.worker import WORKER, mounting, pod

pytestmark = [
    pytest.mark.real,
    pytest.mark.alone,
    pytest.mark.parametrize("release", ["helm4"], indirect=True),
]

_ROOM = 64 * 1024 * 1024
_WRITES = "head -c 100m /dev/zero > /tmp/x; exec sleep 100000"


def _names_node_and_pod(found: dict[str, Any]) -> bool:
    ids = [one["id"] for one in found["findings"]]
    return ids[:1] == ["CL01"] and "SC07" in ids


def test_a_node_whose_disk_is_full_is_told_with_the_pod_that_it_took(release: Release, tmp_path: Path) -> None:
    values, person = tmp_path / "values.json", Person(release, tmp_path)
    values.write_text(worker.values())
    release.install("-f", str(values))
    with node.disk_left(_ROOM):
        worker.run(release, mounting({"emptyDir": {}}, "/tmp", _WRITES))
        found = person.diagnose_until(_names_node_and_pod, "CL01 of the node, and SC07")
        first, *others = found["findings"]
        assert "DiskPressure" in f"{first['title']}{proof(first)}"
        (taken,) = (one for one in others if one["id"] == "SC07")
        assert taken["object"] == WORKER
        assert "The node was low on resource: ephemeral-storage" in proof(taken)
    worker.run(release, pod())
    release.kubectl("delete", "pods", "--field-selector=status.phase=Failed", "--wait=false")
    pressed = "jsonpath={.items[0].status.conditions[?(@.type=='DiskPressure')].status}"
    until(lambda: release.kubectl("get", "nodes", "-o", pressed).out == "False", "the node has room again")
    person.finds_nothing()
