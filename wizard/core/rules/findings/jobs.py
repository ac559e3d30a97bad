"""Jobs that failed: hooks and migrations, and backups that fail again and again."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object, name_of
from wizard.core.rules.finding import Evidence, Finding, finding
from wizard.core.rules.findings import logs
from wizard.core.rules.findings.pods import in_field, log_command
from wizard.core.rules.snapshot import Snapshot
from wizard.core.text import sanitize


@finding("X13")
def job_failed(snapshot: Snapshot) -> Iterator[Finding]:
    """A Job failed, and no newer run of its CronJob has overtaken it."""
    for job, since, failures in failed_jobs(snapshot):
        yield _finding(job, since, failures, snapshot)


def failed_jobs(snapshot: Snapshot) -> Iterator[tuple[Object, str, int]]:
    """The newest Job of each series that ended by failing, since when, and how many failed in a row."""
    for jobs in _by_series(snapshot):
        ended = sorted(
            ((since, job) for job in jobs if (since := _ended(job))), key=lambda entry: entry[0], reverse=True
        )
        failures = list(itertools.takewhile(lambda entry: _failed(entry[1]), ended))
        if failures:
            yield failures[0][1], failures[0][0], len(failures)


def _finding(job: Object, since: str, failures: int, snapshot: Snapshot) -> Finding:
    maker, condition = status.controller(job), _failed(job)
    periodic = maker.get("kind") == "CronJob"
    about = f"{maker['kind']}/{maker['name']}" if periodic else name_of(job)
    title = f"{about} failed"
    if periodic:
        title = f"{about}: its last {failures} runs failed" if failures > 1 else f"{about}: its last run failed"
    words = ": ".join(str(part) for part in (condition.get("reason"), condition.get("message")) if part)
    proof = [Evidence(words, name_of(job), "status.conditions[Failed]", since)]
    remedy: tuple[str, ...] = ("Read its log; then have it run again.",)
    avoid: tuple[str, ...] = ()
    commands = (snapshot.command("kubectl", "describe", "job", str(job["metadata"]["name"])),)
    said: list[str] = []
    if ended := ended_badly(job, snapshot):
        pod, container = ended
        commands = (log_command(pod, container, snapshot),)
        said = logs.telling(pod, container, snapshot)
        proof += [Evidence(line, name_of(pod), f"{in_field(container)} log") for line in said]
        if stated := logs.cause(pod, container, snapshot):
            cause = logs.finding_of(pod, container, stated, snapshot)
            title, remedy, avoid = f"{title}: {cause.title}", cause.remedy, cause.avoid
        elif said:
            title = f"{title}: {sanitize.shorten(said[-1], _WORDS)}"
    return Finding(
        "X13", title, about, tuple(proof), remedy, terminal=not periodic, heals="no", since=since, urgent=not periodic,
        commands=commands, avoid=avoid, unseen=() if said else ("what its pods logged: they are gone, or get pods/log is missing",),
    )  # fmt: skip


_WORDS: Final = 100
"""Characters of a log line in a title."""


def ended_badly(job: Object, snapshot: Snapshot) -> tuple[Object, Mapping[str, Any]] | None:
    """The container that failed in the newest failed pod of a Job, with its pod."""
    uid = job["metadata"].get("uid")
    pods = [pod for pod in snapshot.of_kind("Pod") if status.controller(pod).get("uid") == uid]
    failed = [pod for pod in pods if pod.get("status", {}).get("phase") == "Failed"]
    newest = max(failed, key=status.created, default={})
    ended = (one for one in status.container_statuses(newest) if (status.last_end(one) or {}).get("exitCode"))
    return next(((newest, container) for container in ended), None)


def _by_series(snapshot: Snapshot) -> Sequence[list[Object]]:
    """The Jobs of each CronJob together, any other Job by itself."""
    series: dict[str, list[Object]] = defaultdict(list)
    for job in snapshot.of_kind("Job"):
        maker = status.controller(job)
        series[str(maker.get("uid") if maker.get("kind") == "CronJob" else job["metadata"].get("uid"))].append(job)
    return list(series.values())


def _failed(job: Object) -> Mapping[str, Any]:
    failed = status.condition(job, "Failed")
    return failed if failed.get("status") == "True" else {}


def _ended(job: Object) -> str:
    for kind in ("Failed", "Complete"):
        ended = status.condition(job, kind)
        if ended.get("status") == "True":
            return str(ended.get("lastTransitionTime") or status.created(job))
    return ""
