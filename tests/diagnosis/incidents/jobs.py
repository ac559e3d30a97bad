"""Jobs that failed, of hooks and of CronJobs; a run that went well since mends the older ones."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.breaking import APP, Bed, Break
from tests.diagnosis.cases import Case

_BACKUPS = {"kind": "CronJob", "name": "llm-cost-ops-backup", "uid": "uid-backup", "controller": True}
_LIMIT = "Job has reached the specified backoff limit"
_NO_RIGHT = "Error: error returned from database: permission denied for schema public"


def _job(
    bed: Bed, name: str, minutes: float, *log: str, owner: dict[str, Any] | None = None, failed: bool = True
) -> None:
    """A Job that ended so many minutes ago, and its pod when it failed."""
    app = bed.pods(APP)[0]
    meta = {
        "name": name, "uid": f"uid-{name}", "namespace": app["metadata"]["namespace"], "creationTimestamp": bed.ago(minutes + 2),
        "labels": app["metadata"]["labels"], "ownerReferences": [owner] if owner else [],
    }  # fmt: skip
    ended = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": _LIMIT}
    ended = ended if failed else {"type": "Complete", "status": "True", "reason": "CompletionsReached", "message": ""}
    state = {"conditions": [{**ended, "lastTransitionTime": bed.ago(minutes)}], "failed" if failed else "succeeded": 1}
    bed.world.objects.append({"kind": "Job", "apiVersion": "batch/v1", "metadata": meta, "spec": {}, "status": state})
    if failed:
        end = {"exitCode": 1, "reason": "Error", "startedAt": bed.ago(minutes + 1), "finishedAt": bed.ago(minutes)}
        container = {
            "name": "run",
            "state": {"terminated": end},
            "ready": False,
            "restartCount": 0,
            "containerID": "containerd://9",
        }
        of_job = {"kind": "Job", "name": name, "uid": f"uid-{name}", "controller": True}
        pod = {**meta, "name": f"{name}-x", "uid": f"uid-{name}-x", "ownerReferences": [of_job]}
        bed.world.objects.append({
            "kind": "Pod", "apiVersion": "v1", "metadata": pod, "spec": {"containers": [{"name": "run"}], "nodeName": "node-1"},
            "status": {"phase": "Failed", "containerStatuses": [container]},
        })  # fmt: skip
        bed.world.logs[f"{name}-x", "run"] = list(log)


def _migration(minutes: float, *log: str, record: tuple[str, ...] = ("deployed", "failed"), age: float = 30) -> Break:
    def act(bed: Bed) -> None:
        bed.record(
            *record, age=age, description="pre-upgrade hooks failed: 1 error occurred: job failed: BackoffLimitExceeded"
        )
        _job(bed, "llm-cost-ops-migrate-2", minutes, *log)

    return act


def _backups(
    *runs: tuple[float, bool],
    log: str = 'pg_dump: error: connection to server failed: FATAL: role "backup" does not exist',
) -> Break:
    def act(bed: Bed) -> None:
        for minutes, failed in runs:
            _job(bed, f"llm-cost-ops-backup-{int(minutes)}", minutes, log, owner=_BACKUPS, failed=failed)

    return act


CASES: tuple[Case, ...] = (
    Case("migration may not create in the schema (N16)", "X13", "Job/llm-cost-ops-migrate-2", _migration(20, "applying 0007", _NO_RIGHT)),
    Case("migration failed, its log says why in a line of its own", "X13", "Job/llm-cost-ops-migrate-2", _migration(20, "Error: checksum of 0007 differs")),
    Case("migration failed and its pods are gone", "X13", "Job/llm-cost-ops-migrate-2", lambda bed: (_migration(20)(bed), bed.world.objects.pop())[0]),
    Case("backups fail since three weeks (D10)", "X13", "CronJob/llm-cost-ops-backup", _backups((21 * 1440, True), (1440, True), (30, True))),
    Case("the last backup failed", "X13", "CronJob/llm-cost-ops-backup", _backups((1440, False), (30, True))),
)  # fmt: skip

HEALTHY: dict[str, Break] = {
    "one backup failed 20 days ago, newer ones are fine (D09)": _backups((20 * 1440, True), (1440, False), (30, False)),
}  # fmt: skip
