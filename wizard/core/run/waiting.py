"""The first line of a run: waiting for what, since when, why not yet, and will it heal by itself."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.core.kube import patience, status
from wizard.core.kube.status import Judged
from wizard.core.rules.finding import Finding
from wizard.core.run.view import Waiting

NOTHING = Waiting("", "", "", "")
_ORDER = ("failed", "stuck", "unknown", "progressing")


def line(members: Sequence[Judged], findings: Sequence[Finding]) -> Waiting:
    """The line over the objects of a release and the ranked findings; NOTHING when everything that holds is ready."""
    by_uid = {one.uid: one for one in members}
    roots = [one for one in members if one.kind in status.HOLDING and one.owner_uid not in by_uid]
    pending = [one for one in roots if one.status.state != "ready"]
    if not pending:
        return NOTHING
    if findings:
        first = findings[0]
        return Waiting(first.object, first.since, first.title, first.heals)
    worst = min(pending, key=lambda one: (_ORDER.index(one.status.state), one.status.since, one.name))
    below = [
        one
        for one in members
        if one.uid != worst.uid and status.root_uid(one, by_uid) == worst.uid and one.status.state != "ready"
    ]
    # Its newest pod says why; a ReplicaSet only repeats the count.
    why = next((one for one in below if one.kind == "Pod"), worst)
    heals = {"progressing": "yes", "failed": "no"}.get(why.status.state, "unknown")
    heals = "unknown" if patience.AS_BEFORE in (why.status.reason, worst.status.reason) else heals
    return Waiting(f"{worst.kind}/{worst.name}", worst.status.since, why.status.reason or why.status.summary, heals)
