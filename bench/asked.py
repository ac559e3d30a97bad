"""Numbers of requests to the API server: during a long wait beside helm 3, and by idle screens. Counts, not seconds.

Both need a bed whose API server logs every request.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections import Counter
from datetime import datetime
from typing import Any, Final

from bench import logs, screen
from bench.launch import environment
from bench.log_run import RELEASE
from bench.rounds import Row
from bench.runs import Bed
from tests import audit
from wizard.adapters.kube import kinds as kube_kinds
from wizard.core.kube.objects import KINDS
from wizard.sandbox import cluster, toolchain

_WATCHED: Final = frozenset(kube_kinds.KINDS[kind].plural for kind in (*KINDS, "Event"))
_BOUND_SECONDS: Final = 300
"""From this length of a wait on the share has a bound; the requests of the start weigh more in a shorter wait."""
_START_SECONDS: Final = 10.0
"""How long a start may send requests before it counts as idle."""


def wait(bed: Bed, seconds: int = 300) -> list[Row]:
    """The requests of helm 3, which waits for an application that never becomes ready, and of our run around it."""
    with bed.namespace() as name:
        cluster.scenario(bed.name, "never-ready", namespace=name)
        words = ("--helm", str(toolchain.tool_path("helm3")), "--timeout", f"{seconds}s")
        events = bed.wizard(name, *words, check=False, limit=seconds + 120)
        cluster.scenario(bed.name, "none")
    began, helm, end = (_time(events, kind) for kind in ("run.started", "helm.started", "helm.exited"))
    if end - helm < seconds:
        raise RuntimeError(f"helm waited {end - helm:.0f} s only: {events[-1]}")
    every = audit.asked(bed.audit_log)
    ours, theirs = audit.of_agent(every, audit.OURS, began, end), audit.of_agent(every, audit.HELM, helm, end)
    kinds = Counter(request.resource for request in ours if request.lists and request.resource in _WATCHED)
    streams = Counter(request.name for request in ours if request.opens_log)
    lease = [request for request in ours if request.resource == "leases"]
    watched = [request for request in ours if (request.lists and request.resource in _WATCHED) or request.opens_log]
    others = [request for request in ours if request not in watched and request not in lease]
    start, later = (
        [request for request in others if request.came < helm],
        [request for request in others if request.came >= helm],
    )
    policies = [request for request in later if str(request) == "list networkpolicies"]
    later = [request for request in later if request not in policies]
    most = max(kinds.values())
    note = (f"{sum(kinds.values())} for {len(kinds)} kinds, {sum(streams.values())} for {len(streams)} logs, {len(lease)} for "
            f"the Lease, {len(start)} before helm, {len(policies)} for network policies; later besides: {audit.counted(later)}")  # fmt: skip
    fits = len(kinds) == len(_WATCHED) and most <= 2 and max(streams.values(), default=0) <= 1
    fits = fits and len(policies) <= 1 and not later
    share = len(ours) / len(theirs)
    theirs_note = f"requests: {len(ours)} (start and Lease too) against {len(theirs)}, {share:.1%}; mostly {audit.counted(theirs, 5)}"
    return [
        Row(f"requests for a kind in a wait of {seconds} s", _counts(kinds), bound="<= 2, + 1 per log", fits=fits, note=note),
        Row(f"all requests in a wait of {seconds} s", [len(ours) / 1000], [len(theirs) / 1000], "helm 3", "<= 1/20",
            fits=share <= 0.05 if seconds >= _BOUND_SECONDS else None, note=theirs_note),
    ]  # fmt: skip


def idle(bed: Bed, seconds: int = 300) -> Row:
    """The requests of the screen of a run on a ready release and of home beside it, without any input."""
    with bed.namespace() as name, logs.recorded(bed, name) as run_id:
        bed.wizard(name, "--release", RELEASE)
        home = (sys.executable, "-m", "wizard", "--namespace", name)
        shown = screen.of_run(run_id, bed.kubeconfig, sys.executable, logs.SIZE)
        with contextlib.closing(shown), contextlib.closing(
            screen.Screen(home, environment(bed.kubeconfig) | bed.env, logs.SIZE)
        ) as beside:  # fmt: skip
            shown.until(rb"READY")
            beside.until(rb"shop(?s:.*)\d of \d")
            time.sleep(_START_SECONDS)
            began = time.time()
            time.sleep(seconds)
            ours = audit.of_agent(audit.asked(bed.audit_log), audit.OURS, began)
    again = Counter(request.resource for request in ours if request.verb == "watch" and request.resource in _WATCHED)
    others = [request for request in ours if request.verb != "watch" or request.resource not in _WATCHED]
    counts = [again[kind] / 1000 for kind in sorted(_WATCHED)]
    note = f"requests: {sum(again.values())} watches of {len(_WATCHED)} kinds again; besides: {audit.counted(others)}"
    fits = max(again.values(), default=0) <= 1 and not others
    return Row(f"requests for a kind, {seconds} s idle", counts, bound="<= 1, nothing else", fits=fits, note=note)


def _counts(counts: Counter[str]) -> list[float]:
    """Counts as samples: divided by a thousand, because the table shows seconds in milliseconds."""
    return [count / 1000 for count in counts.values()]


def _time(events: list[dict[str, Any]], kind: str) -> float:
    return next(datetime.fromisoformat(event["time"]).timestamp() for event in events if event["type"] == kind)
