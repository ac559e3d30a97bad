"""Containers that run and do not answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from wizard.core import status
from wizard.core.rules.findings_registry import Finding, Object, Snapshot, finding, name_of

_PATIENCE: Final = timedelta(seconds=3)
"""A probe that fails in a container's first seconds is how every start looks."""


@finding("TR01")
def running_not_ready(snapshot: Snapshot) -> Iterator[Finding]:
    """A container has run for a while, and its readiness or startup probe fails."""
    for pod in snapshot.starting_pods():
        specs = status.container_specs(pod)
        for one in pod.get("status", {}).get("containerStatuses") or ():
            running = (one.get("state") or {}).get("running")
            container = specs.get(str(one.get("name")), {})
            if not running or one.get("ready") or not _probed(container):
                continue
            since = str(running.get("startedAt") or "")
            begun = status.parse_time(since)
            ran = snapshot.now - begun if begun else timedelta()
            failing = _failing(pod, str(one.get("name")), snapshot)
            if ran < _PATIENCE or (not failing and ran < status.probe_budget(container)):
                continue
            yield _not_ready(pod, one, container, failing, since, snapshot)


def _probed(container: Mapping[str, Any]) -> bool:
    return bool(container.get("readinessProbe") or container.get("startupProbe"))


def _failing(pod: Object, container: str, snapshot: Snapshot) -> str:
    for event in snapshot.about(pod, "Unhealthy"):
        if event.message.startswith(("Readiness", "Startup")) and event.container in ("", container):
            return event.message
    return ""


def _not_ready(
    pod: Object, one: Mapping[str, Any], container: Mapping[str, Any], failing: str, since: str, snapshot: Snapshot
) -> Finding:
    which = "startupProbe" if one.get("started") is False and container.get("startupProbe") else "readinessProbe"
    asked = probe_words(container.get(which) or container.get("readinessProbe") or {})
    words = re.sub(r"^\w+ probe failed: ", "", failing)
    title = f"container {one.get('name')} runs, but its probe ({asked}) fails"
    return Finding(
        "TR01",
        f"{title}: {words}" if words else title,
        snapshot.root_name(pod),
        tuple(
            text
            for text in (
                f"{name_of(pod)} container {one.get('name')}.ready: false, running since {since}",
                f"{which}: {asked}",
                f"event Unhealthy: {failing}" if failing else "",
            )
            if text
        ),
        (
            "Read the container's log: it says what it waits for.",
            f"If the application answers elsewhere, correct the {which}.",
        ),
        heals="unknown",
        since=since,
        waits=True,
    )


def probe_words(probe: Mapping[str, Any]) -> str:
    """What a probe asks: "GET /ready on port http", "TCP port 5432", the command."""
    if http := probe.get("httpGet"):
        return f"GET {http.get('path', '/')} on port {http.get('port')}"
    if tcp := probe.get("tcpSocket"):
        return f"TCP port {tcp.get('port')}"
    if grpc := probe.get("grpc"):
        return f"gRPC port {grpc.get('port')}"
    command = (probe.get("exec") or {}).get("command") or ()
    return " ".join(str(part) for part in command) or "none"
