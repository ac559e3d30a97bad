"""What is left after an uninstall, by ownership, and its removal by name, on a real API server with both helms."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Bed
from tests.e2e.changing import Release, chart
from tests.e2e.shell import READY, Shell

pytestmark = pytest.mark.e2e
HELMS = pytest.mark.parametrize("helm", ["helm4", pytest.param("helm3", marks=pytest.mark.full)])
OWNED = "app.kubernetes.io/instance=rel"


@pytest.fixture
def gone(sandbox: Bed, namespace: str, tmp_path: Path, tool: Callable[[str], str]) -> Callable[[str], Shell]:
    """A release that was uninstalled: a kept ConfigMap, two claims and a password of it are left, and others' things."""
    sandbox.kubectl("create", "namespace", namespace)

    def make(helm: str) -> Shell:
        release = Release(sandbox, tool(helm), namespace, chart(tmp_path), tmp_path)
        release.upgrade(**READY)
        for number in (0, 1):
            claim = {
                "apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "metadata": {
                    "name": f"data-rel-postgresql-{number}",
                    "labels": {"app.kubernetes.io/instance": "rel", "app.kubernetes.io/component": "postgresql"},
                },
                "spec": {
                    "accessModes": ["ReadWriteOnce"], "storageClassName": "none", "resources": {"requests": {"storage": "1Gi"}},
                },
            }  # fmt: skip
            _create(sandbox, release, claim)
        sandbox.kubectl(
            "-n",
            namespace,
            "create",
            "secret",
            "generic",
            "rel-postgresql-credentials",
            "--from-literal=password=canary",
        )
        sandbox.kubectl(
            "-n",
            namespace,
            "label",
            "secret",
            "rel-postgresql-credentials",
            OWNED,
            "app.kubernetes.io/managed-by=llm-cost-ops-wizard",
        )
        sandbox.kubectl("-n", namespace, "create", "secret", "generic", "not-ours", "--from-literal=a=b")
        sandbox.kubectl("-n", namespace, "label", "secret", "not-ours", OWNED)
        release.call("uninstall", "rel")
        return Shell(release, tmp_path)

    return make


def _create(sandbox: Bed, release: Release, obj: dict[str, Any]) -> None:
    file = release.folder / "object.json"
    file.write_text(json.dumps(obj))
    sandbox.kubectl("-n", release.namespace, "create", "-f", str(file))


def _left(call: Shell) -> dict[str, dict[str, Any]]:
    (space,) = json.loads(call("uninstall", "--leftovers", "-o", "json"))["leftovers"]
    return {one["object"]: one for one in space["items"]}


@HELMS
@pytest.mark.full  # 8 s; both front ends have tests of their own
def test_what_is_left_is_listed_by_ownership_and_only_what_is_named_goes(
    gone: Callable[[str], Shell], sandbox: Bed, helm: str
) -> None:
    call = gone(helm)

    left = _left(call)
    claims = {f"PersistentVolumeClaim/data-rel-postgresql-{number}" for number in (0, 1)}
    assert left.keys() == {"ConfigMap/kept", "Secret/rel-postgresql-credentials", *claims}
    assert left["ConfigMap/kept"]["proof"] == "helm's annotation names the release"
    assert "opens what is in claim data-rel-postgresql-0" in left["Secret/rel-postgresql-credentials"]["note"]
    text = call("uninstall", "--leftovers")
    assert "the namespace stays: 1 other things are in it" in text

    for named in ("secret/not-ours", "pvc/other", "nonsense"):
        call("uninstall", "--leftovers", "--delete", named, "--yes", "--confirm", "rel", code=2)
    call("uninstall", "--leftovers", "--delete", "pvc/data-rel-postgresql-0", "--yes", code=2)
    assert "--confirm rel" in call.err
    call("uninstall", "--leftovers", "--delete", "pvc/data-rel-postgresql-0", "--yes", "--confirm", "other", code=2)
    would = json.loads(call("uninstall", "--leftovers", "--delete", "cm/kept", "--dry-run", "-o", "json"))
    assert would["would_delete"] == ["ConfigMap/kept"]
    assert _left(call) == left, "until here nothing was deleted"

    key = ("--delete", "secret/rel-postgresql-credentials")
    assert "is the only key to claim" in call("uninstall", "--leftovers", *key, "--dry-run")
    call("uninstall", "--leftovers", "--delete", "cm/kept", "--yes")
    words = ("--delete", "pvc/data-rel-postgresql-0", "--yes", "--confirm", "rel", "-o", "jsonl")
    events = [json.loads(line) for line in call("uninstall", "--leftovers", *words).splitlines()]

    assert [(one["type"], one["data"].get("action", "")) for one in events] == [
        ("object.made", "deleted"), ("run.finished", ""),
    ]  # fmt: skip
    assert _left(call).keys() == left.keys() - {"ConfigMap/kept", "PersistentVolumeClaim/data-rel-postgresql-0"}
    assert sandbox.get("secret", "not-ours", "-n", call.release.namespace)


@pytest.mark.full
def test_the_namespace_goes_only_with_everything_in_it_named_and_nothing_of_others(
    gone: Callable[[str], Shell], sandbox: Bed
) -> None:
    call = gone("helm4")
    space = call.release.namespace
    sandbox.kubectl("-n", space, "delete", "secret", "not-ours")
    names = [one for one in _left(call) if not one.startswith("Namespace/")]
    assert f"Namespace/{space}" in _left(call)
    call("uninstall", "--leftovers", "--delete", f"ns/{space}", "--yes", "--confirm", "rel", code=2)
    assert "would go with it and is not named" in call.err

    flags = [word for one in (*names, f"Namespace/{space}") for word in ("--delete", one)]
    call("uninstall", "--leftovers", *flags, "--yes", "--confirm", "rel")

    phase = sandbox.kubectl("get", "namespace", space, "-o", "jsonpath={.status.phase}", check=False)
    assert phase in ("", "Terminating")


@pytest.mark.full
def test_a_volume_whose_claim_is_gone_is_found_by_its_claims_name_and_one_of_nobody_is_left_alone(
    gone: Callable[[str], Shell], sandbox: Bed
) -> None:
    call = gone("helm4")
    space = call.release.namespace
    for volume, claim in ((f"{space}-a", "data-rel-redis-master-0"), (f"{space}-b", "data-somebody-0")):
        spec = {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "none", "hostPath": {"path": "/nowhere"},
            "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": space, "name": claim, "uid": f"uid-{claim}"},
        }  # fmt: skip
        _create(
            sandbox, call.release,
            {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": volume}, "spec": spec},
        )  # fmt: skip
    try:
        (found,) = json.loads(call("uninstall", "--leftovers", "-o", "json"))["leftovers"]
        assert f"PersistentVolume/{space}-a" in [one["object"] for one in found["items"]]
        assert found["unproven"] == [f"PersistentVolume/{space}-b, which was bound to claim data-somebody-0"]
        call("uninstall", "--leftovers", "--delete", f"pv/{space}-b", "--yes", "--confirm", "rel", code=2)

        call("uninstall", "--leftovers", "--delete", f"pv/{space}-a", "--yes", "--confirm", "rel")

        names = [
            one["metadata"]["name"]
            for one in sandbox.get("pv")["items"]
            if not one["metadata"].get("deletionTimestamp")
        ]
        assert f"{space}-b" in names
        assert f"{space}-a" not in names
    finally:
        sandbox.kubectl("delete", "pv", f"{space}-a", f"{space}-b", "--ignore-not-found", "--wait=false")


@pytest.mark.full
def test_what_an_installed_release_uses_is_not_left_over_and_records_kept_by_keep_history_are(
    gone: Callable[[str], Shell], sandbox: Bed
) -> None:
    call = gone("helm4")
    call.release.upgrade(**READY)
    call("uninstall", "--leftovers", code=2)
    assert "rel is installed" in call.err
    call("uninstall", "--leftovers", "--delete", "pvc/data-rel-postgresql-0", "--yes", "--confirm", "rel", code=2)
    call("uninstall", "--delete", "pvc/data-rel-postgresql-0", "--yes", code=2)
    call.release.call("uninstall", "rel", "--keep-history")

    record = _left(call)["Secret/sh.helm.release.v1.rel.v1"]

    assert (record["group"], record["proof"]) == ("record", "helm's own record")


@pytest.mark.full
def test_a_viewer_sees_claims_is_told_what_is_hidden_and_deletes_nothing(
    gone: Callable[[str], Shell], sandbox: Bed
) -> None:
    call = gone("helm4")
    viewer = sandbox.user("view", namespace=call.release.namespace)
    call.kubeconfig = viewer

    (found,) = json.loads(call("uninstall", "--leftovers", "-o", "json"))["leftovers"]

    assert "PersistentVolumeClaim/data-rel-postgresql-0" in [one["object"] for one in found["items"]]
    assert any("needs list secrets" in text for text in found["unseen"])
    call("uninstall", "--leftovers", "--delete", "pvc/data-rel-postgresql-0", "--yes", "--confirm", "rel", code=3)
    assert "Nothing was deleted" in call.err
