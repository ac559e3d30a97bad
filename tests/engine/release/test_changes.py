"""What a run, or the newest revision, changed: masked, and honest about what is not known."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from tests.engine.fakes import FakeCluster, FakeRuns
from tests.engine.release.stored import MAP, TARGET, cluster_with
from wizard.adapters.helm.documents import YamlDocuments
from wizard.core.kube.errors import ClusterError
from wizard.core.report.changes import Changes, ObjectChange, listed
from wizard.core.run.events import Event
from wizard.core.run.summary import RunSummary
from wizard.engine.release import changes

CANARY = "c4n4ry-s3cr3t-with-odd-signs"
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: %s}]}\n---\n"
UPGRADE = RunSummary("ab12", "upgrade", TARGET, "finished", "2026-01-02T03:01:30Z", "failed", 1, "jane")
NOTHING = RunSummary("cd34", "upgrade", TARGET, "finished", "2026-01-02T03:30:00Z", "failed", 1, "jane")


class Runs(FakeRuns):
    """Runs with a record."""

    async def follow(self, run_id: str, *, after: int = 0) -> AsyncIterator[Sequence[Event]]:
        yield (
            Event("object.made", {"kind": "Secret", "name": "app", "action": "created", "keys": ["jwt-secret"]}),
            Event("run.finished", {"code": 1, "verdict": "failed", "reason": "not ready in time", "files": [], "commands": []}),
        )  # fmt: skip


async def of(cluster: FakeCluster, run: RunSummary | None, *known: RunSummary) -> Changes:
    return await changes.of(cluster, YamlDocuments(), TARGET, Runs(*known), run)  # type: ignore[arg-type]  # two ports in part


def two() -> FakeCluster:
    return cluster_with(
        (1, "superseded"), (2, "deployed"),
        configs={1: {"tag": "1"}, 2: {"tag": "2", "secrets": {"jwtSecret": CANARY}}},
        manifests={1: SERVICE % 80 + MAP, 2: SERVICE % 81 + MAP.replace("a: b", f"a: {CANARY}")},
    )  # fmt: skip


async def test_a_run_changed_what_its_revision_has_of_others_than_the_one_before() -> None:
    found = await of(two(), UPGRADE, UPGRADE)
    assert (found.old, found.new, found.note) == (1, 2, "")
    assert found.by == "upgrade by jane, run ab12, ended with 1: not ready in time"
    assert found.made == ("Secret/app created (keys jwt-secret)",)
    assert [(one.object, one.change, bool(one.lines)) for one in found.objects] == [
        ("ConfigMap/conf", "changed", False), ("Service/web", "changed", True),
    ]  # fmt: skip
    assert {'-tag: "1"', '+tag: "2"'} <= set(found.values)
    assert CANARY not in repr(found)


async def test_without_a_run_the_newest_revision_and_who_made_it() -> None:
    assert (await of(two(), None, UPGRADE)).by.startswith("upgrade by jane, run ab12")
    first = await of(cluster_with((1, "deployed"), configs={1: {"tag": "1"}}), None)
    assert (first.old, first.new, first.by) == (0, 1, "")
    assert [(one.object, one.change) for one in first.objects] == [("ConfigMap/conf", "added")]
    assert '+tag: "1"' in first.values


async def test_what_is_not_known_is_said() -> None:
    nothing = await of(two(), NOTHING, NOTHING)
    assert (nothing.new, nothing.note) == (0, "The run made no revision of the release that is still there.")
    assert nothing.made
    hidden = two()
    hidden.refuse["list Secret"] = ClusterError("forbidden", "secrets is forbidden", 403)
    assert "Helm's records are not read" in (await of(hidden, None)).note


def test_a_page_lists_a_few_hundred_objects_and_lines() -> None:
    objects, more = listed([(f"Service/{number}", "added", ["+x"] * 500) for number in range(400)])
    assert (len(objects), more) == (300, 100)
    assert objects[0] == ObjectChange("Service/0", "added", (*["+x"] * 400, "... 100 more lines"))
