"""How much is asked of the API server: in a long wait beside helm 3, and by screens that are idle. Counts, not seconds.

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
"""What a start asks weighs more in a shorter wait: the share has a bound from here on."""
_START_SECONDS: Final = 10.0
"""How long a start may go on asking before it counts as idle."""


def wait(here: Bed, seconds: int = 300) -> list[Row]:
    """Helm 3 waits so long for an application that never becomes ready, our run around it: what each of them asks."""
    with here.namespace() as name:
        cluster.scenario(here.name, "never-ready", namespace=name)
        words = ("--helm", str(toolchain.tool_path("helm3")), "--timeout", f"{seconds}s")
        events = here.wizard(name, *words, check=False, limit=seconds + 120)
        cluster.scenario(here.name, "none")
    began, helm, end = (_time(events, kind) for kind in ("run.started", "helm.started", "helm.exited"))
    if end - helm < seconds:
        raise RuntimeError(f"helm waited {end - helm:.0f} s only: {events[-1]}")
    every = audit.asked(here.audit_log)
    ours, theirs = audit.of_agent(every, audit.OURS, began, end), audit.of_agent(every, audit.HELM, helm, end)
    kinds = Counter(one.resource for one in ours if one.lists and one.resource in _WATCHED)
    streams = Counter(one.name for one in ours if one.opens_log)
    lease = [one for one in ours if one.resource == "leases"]
    watched = [one for one in ours if (one.lists and one.resource in _WATCHED) or one.opens_log]
    others = [one for one in ours if one not in watched and one not in lease]
    start, later = [one for one in others if one.came < helm], [one for one in others if one.came >= helm]
    most = max(kinds.values())
    note = (f"{sum(kinds.values())} for {len(kinds)} kinds, {sum(streams.values())} for {len(streams)} logs, {len(lease)} for "
            f"the Lease, {len(start)} before helm; later besides: {audit.counted(later)}")  # fmt: skip
    fits = len(kinds) == len(_WATCHED) and most <= 2 and max(streams.values(), default=0) <= 1 and not later
    share = len(ours) / len(theirs)
    said = f"requests: {len(ours)} (start and Lease too) against {len(theirs)}, {share:.1%}; mostly {audit.counted(theirs, 5)}"
    return [
        Row(f"requests for a kind in a wait of {seconds} s", _counts(kinds), bound="<= 2, + 1 per log", fits=fits, note=note),
        Row(f"all requests in a wait of {seconds} s", [len(ours) / 1000], [len(theirs) / 1000], "helm 3", "<= 1/20",
            fits=share <= 0.05 if seconds >= _BOUND_SECONDS else None, note=said),
    ]  # fmt: skip


def idle(here: Bed, seconds: int = 300) -> Row:
    """The screen of a run that watches a ready release, and home beside it, with nobody at the keys."""
    with here.namespace() as name, logs.recorded(here, name) as run_id:
        here.wizard(name, "--release", RELEASE)
        home = (sys.executable, "-m", "wizard", "--namespace", name)
        shown = screen.of_run(run_id, here.kubeconfig, sys.executable, logs.SIZE)
        with contextlib.closing(shown), contextlib.closing(
            screen.Screen(home, environment(here.kubeconfig) | here.env, logs.SIZE)
        ) as beside:  # fmt: skip
            shown.until(rb"READY")
            beside.until(rb"shop(?s:.*)\d of \d")
            time.sleep(_START_SECONDS)
            began = time.time()
            time.sleep(seconds)
            ours = audit.of_agent(audit.asked(here.audit_log), audit.OURS, began)
    again = Counter(one.resource for one in ours if one.verb == "watch" and one.resource in _WATCHED)
    others = [one for one in ours if one.verb != "watch" or one.resource not in _WATCHED]
    counts = [again[kind] / 1000 for kind in sorted(_WATCHED)]
    note = f"requests: {sum(again.values())} watches of {len(_WATCHED)} kinds again; besides: {audit.counted(others)}"
    fits = max(again.values(), default=0) <= 1 and not others
    return Row(f"requests for a kind, {seconds} s idle", counts, bound="<= 1, nothing else", fits=fits, note=note)


def _counts(found: Counter[str]) -> list[float]:
    """As samples that the table shows as they are: it multiplies seconds by a thousand."""
    return [count / 1000 for count in found.values()]


def _time(events: list[dict[str, Any]], kind: str) -> float:
    return next(datetime.fromisoformat(one["time"]).timestamp() for one in events if one["type"] == kind)
