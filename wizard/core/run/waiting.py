"""The first line of a run: what helm waits for, since when, why, and whether it will heal by itself."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.core.kube import patience, status
from wizard.core.kube.status import Judged
from wizard.core.rules.finding import Finding
from wizard.core.run.view import Waiting

NOTHING = Waiting("", "", "", "")
_ORDER = ("failed", "stuck", "unknown", "progressing")


def line(members: Sequence[Judged], findings: Sequence[Finding]) -> Waiting:
    """The line from the objects of a release and its ranked findings; NOTHING when all required objects are ready."""
    by_uid = {member.uid: member for member in members}
    pending = [root for root in status.holding(members) if root.status.state != "ready"]
    if not pending:
        return NOTHING
    if findings:
        first = findings[0]
        return Waiting(first.object, first.since, first.title, first.heals)
    worst = min(pending, key=lambda root: (_ORDER.index(root.status.state), root.status.since, root.name))
    below = [
        member
        for member in members
        if member.uid != worst.uid and status.root_uid(member, by_uid) == worst.uid and member.status.state != "ready"
    ]
    # A pod says why; a ReplicaSet only repeats the count.
    why = next((member for member in below if member.kind == "Pod"), worst)
    heals = {"progressing": "yes", "failed": "no"}.get(why.status.state, "unknown")
    heals = "unknown" if patience.AS_BEFORE in (why.status.reason, worst.status.reason) else heals
    return Waiting(f"{worst.kind}/{worst.name}", worst.status.since, why.status.reason or why.status.summary, heals)
