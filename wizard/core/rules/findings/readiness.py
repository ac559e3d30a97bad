"""Containers that run but are not ready."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from wizard.core.kube import patience, status
from wizard.core.kube.objects import Object, ObjectEvent, name_of
from wizard.core.rules.finding import Evidence, Finding, finding
from wizard.core.rules.findings.pods import log_command
from wizard.core.rules.snapshot import Snapshot
from wizard.core.text import sanitize
from wizard.core.text.time import parse_time

_FAILURE: Final = re.compile(r"(Startup|Readiness|Liveness) probe (?:failed|errored)")
_REFUSED: Final = re.compile(r"statuscode: (40[0-6]|410|415)\b")
"""The program answered that it has nothing for such a request: the probe is wrong, not what the program calls."""
NOT_RUN: Final = re.compile(
    r"unable to start container process: (?P<why>(?:exec: )?[^\n]*?)(?:, message: |: unknown|$)", re.DOTALL
)
"""The runtime could not run the command of a probe or a hook."""
_COMMAND_WORDS: Final = 60
"""Characters of a probe's command that are shown; a script does not fit into a sentence."""


@finding("TR01")
def running_not_ready(snapshot: Snapshot) -> Iterator[Finding]:
    """A container runs, and its probe fails for longer, or more often in a row, than the probe itself allows."""
    for pod in snapshot.starting_pods():
        specs = status.container_specs(pod)
        for container_status in pod.get("status", {}).get("containerStatuses") or ():
            container = specs.get(str(container_status.get("name")), {})
            if (
                "running" not in (container_status.get("state") or {})
                or container_status.get("ready")
                or not _probed(container)
            ):
                continue
            starting = status.is_starting(container_status, container)
            failed = probe_failures(pod, container_status, snapshot)
            since = status.unready_since(pod, container_status)
            spent = patience.unready_too_long(pod, container_status, container, snapshot.objects, snapshot.now)
            if spent or (not starting and _too_often(failed, container)):
                yield _not_ready(pod, container_status, container, failed, since, snapshot)


def _probed(container: Mapping[str, Any]) -> bool:
    return bool(container.get("readinessProbe") or container.get("startupProbe"))


def probe_failures(pod: Object, container_status: Mapping[str, Any], snapshot: Snapshot) -> list[ObjectEvent]:
    """The events of failing probes since the container (its status) became unready, newest first."""
    since = parse_time(status.unready_since(pod, container_status))
    failures = []
    for event in snapshot.about(pod, "Unhealthy"):
        when = parse_time(event.time)
        late = since is None or when is None or when >= since
        if late and _FAILURE.match(event.message) and event.container in ("", container_status.get("name")):
            failures.append(event)
    return failures


def probe_name(message: str) -> str:
    """The probe that an event is about, as the container's field: startupProbe, readinessProbe, livenessProbe; or ""."""
    match = _FAILURE.match(message)
    return f"{match[1].lower()}Probe" if match else ""


def _too_often(failed: list[ObjectEvent], container: Mapping[str, Any]) -> bool:
    """Whether a probe other than the startup probe reached its failure threshold."""
    counts: dict[str, int] = {}
    for event in failed:
        name = probe_name(event.message)
        counts[name] = counts.get(name, 0) + event.count
    return any(
        count >= int((container.get(name) or {}).get("failureThreshold") or 3)
        for name, count in counts.items()
        if name != "startupProbe"
    )


def _not_ready(
    pod: Object,
    container_status: Mapping[str, Any],
    container: Mapping[str, Any],
    failed: list[ObjectEvent],
    since: str,
    snapshot: Snapshot,
) -> Finding:
    failing = failed[0].message if failed else ""
    which = probe_name(failing)
    if not which:
        which = "startupProbe" if status.is_starting(container_status, container) else "readinessProbe"
    asked = probe_words(container.get(which) or container.get("readinessProbe") or {})
    words = re.sub(r"^\w+ probe \w+(?: and resulted in unknown state)?:\s*", "", failing)
    title = f"container {container_status.get('name')} runs, but its probe ({asked}) fails"
    refused = _REFUSED.search(words)
    if not_run := NOT_RUN.search(words):
        title, words = (
            f"container {container_status.get('name')} runs, but its probe ({asked}) cannot be run",
            not_run["why"],
        )
    return Finding(
        "TR01",
        f"{title}: {words}" if words else title,
        snapshot.root_name(pod),
        (
            Evidence(
                f"false, running since {since}", name_of(pod), f"container {container_status.get('name')}.ready", since
            ),
            Evidence(asked, "", which),
            *(Evidence(event.message, "", "event Unhealthy", event.time) for event in failed[:1]),
        ),
        (f"Correct the command of the {which}: the image has no such program.",)
        if not_run
        else _steps(which, refused is not None),
        heals="no"
        if not_run
        else "yes"
        if not refused and patience.store_on_its_way(pod, snapshot.objects, snapshot.now)
        else "unknown",
        since=since,
        waits=refused is None and not_run is None,
        commands=(log_command(pod, container_status, snapshot),),
        avoid=("Don't loosen the probe before you have read the log: it may be right.",),
    )


def _steps(which: str, refused: bool) -> tuple[str, ...]:
    if refused:
        return (
            f"Correct the path, the port or the headers of the {which}: the program answers, but not to this request.",
        )
    return (
        "Read the container's log: it says what it waits for.",
        f"If the application answers elsewhere, correct the {which}.",
    )


def probe_words(probe: Mapping[str, Any]) -> str:
    """What a probe asks: "GET /ready on port http", "TCP port 5432", the first words of the command."""
    if http := probe.get("httpGet"):
        return f"GET {http.get('path', '/')} on port {http.get('port')}"
    if tcp := probe.get("tcpSocket"):
        return f"TCP port {tcp.get('port')}"
    if grpc := probe.get("grpc"):
        return f"gRPC port {grpc.get('port')}"
    command = " ".join(" ".join(str(part) for part in (probe.get("exec") or {}).get("command") or ()).split())
    return sanitize.shorten(command, _COMMAND_WORDS) or "none"
