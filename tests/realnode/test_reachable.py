"""Whether people reach a release, asked of real pods: by a port-forward through a real kubelet, and from this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.realnode.conftest import RELEASE, Release
from tests.realnode.person import Person

pytestmark = [pytest.mark.real, pytest.mark.parametrize("release", ["helm4"], indirect=True)]


def test_pods_answer_by_a_port_forward_and_at_a_node_port(release: Release, tmp_path: Path) -> None:
    release.install()

    inside = reach(release, tmp_path)
    assert (inside["state"], inside["ways"]) == ("pass", [])
    assert inside["text"] == "by a port-forward only, HTTP 200: no Ingress, route or load balancer leads to it"
    assert inside["next_step"].startswith(f"kubectl port-forward service/{RELEASE} 8080:")

    release.patch("service", RELEASE, {"spec": {"type": "LoadBalancer"}})
    waiting = reach(release, tmp_path)
    assert waiting["state"] == "waiting"
    assert waiting["text"].startswith(
        f"Service/{RELEASE} has no address yet; it answers inside the cluster, by a port-forward: HTTP 200"
    )

    release.patch("service", RELEASE, {"spec": {"type": "NodePort"}})
    outside = reach(release, tmp_path)
    assert outside["state"] == "pass", outside
    (way,) = outside["ways"]
    assert way["object"] == f"Service/{RELEASE}"
    assert way["http"].startswith("HTTP 200 at /")


def reach(release: Release, folder: Path) -> dict[str, Any]:
    """What `status` says of it."""
    said = json.loads(Person(release, folder).call("status", "--reach", "10", "-o", "json", codes=(0, 1)))
    found: dict[str, Any] = said["reach"]
    return found
