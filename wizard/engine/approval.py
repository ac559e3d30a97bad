"""The safety rules of every front end: what must hold before the cluster is changed. They are decided only here.

A front end shows what `blocked` says, asks for the release's name where `type_the_name_because` is not empty, and hands the
answer to the session, which builds the same approval once more before anything is changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from wizard.core.errors import Exit, Problem
from wizard.core.target import PRODUCTION

if TYPE_CHECKING:
    from wizard.core.helm.plan import Plan
    from wizard.core.rules.check import CheckResult
    from wizard.core.target import Target
    from wizard.engine.release.leftovers import Leftover, Leftovers
    from wizard.engine.release.recover import Recovery
    from wizard.engine.release.uninstall import Uninstall

THIS_IS_PRODUCTION: Final = "This is production"
REWRITES_THE_RECORD: Final = "This rewrites Helm's record"


@dataclass(frozen=True)
class Approval:
    """What a person has to agree to before an operation on a release starts."""

    release: str
    blocked: Problem | None = None
    """Why it must not start, whatever a person says."""
    type_the_name_because: str = ""
    """Why the release's name must be typed, the beginning of a sentence; "" where Enter or --yes is enough."""

    def refuse_blocked(self) -> None:
        """Raise Problem when it must not start."""
        if self.blocked:
            raise self.blocked

    def wrong_name(self, name: str) -> str:
        """What is wrong with the name as a person typed it; "" when it is the release's."""
        return "" if name == self.release else f"That is not {self.release}."

    def refuse_wrong_name(self, name: str) -> None:
        """Raise Problem when --confirm names another release; "" names none."""
        if name and self.wrong_name(name):
            raise Problem(f'--confirm "{name}" is not the release "{self.release}".', "Nothing was changed.")

    def require(self, name: str) -> None:
        """Raise Problem when it must not start, or the release's name is needed and `name` is not it."""
        self.refuse_blocked()
        self.refuse_wrong_name(name)
        if self.type_the_name_because and not name:
            raise Problem(
                f"Nothing was changed: --yes alone is not enough here. {self.type_the_name_because}.",
                f"Add --confirm {self.release}.",
            )


class PlanChanged(Problem):
    """The plan differs from the one that was shown; `plan` is the new one."""

    def __init__(self, changed: Sequence[str], plan: Plan) -> None:
        super().__init__(
            f"Nothing was changed: the plan is not the one that was shown: {'; '.join(changed)}.", "Look at it again."
        )
        self.plan = plan
        self.changed = tuple(changed)


def refuse_changed(shown: Plan, now: Plan) -> None:
    """Raise PlanChanged when the plan of now differs from the one that a person has seen."""
    from wizard.core.helm.plan import difference

    if changed := difference(shown, now):
        raise PlanChanged(changed, now)


def refuse_stale(checks: Sequence[CheckResult], mark: str) -> None:
    """Raise Problem when a check judged something else than what has this mark."""
    if any(result.made_for not in ("", mark) for result in checks):
        raise Problem("Nothing was changed: the checks were made for other answers.", "Check again.")


def of_run(
    release: str, preset: str, plan: Plan | None, checks: Sequence[CheckResult] = (), *, force_conflicts: bool = False
) -> Approval:
    """Of an install or upgrade, by its checks and its plan; without a plan nothing is known to run.

    `force_conflicts`: fields of other managers are to be taken over, which needs a plan that names them.
    """
    failed = ", ".join(result.id for result in checks if result.blocking)
    unchecked = Problem(f"Nothing was changed: {failed} failed.", "See the checks.") if failed else None
    if plan is None:
        blocked = unchecked or (_unlisted() if force_conflicts else None)
        return Approval(release, blocked, THIS_IS_PRODUCTION if preset == PRODUCTION else "")
    because = _because(plan, production=preset == PRODUCTION)
    return Approval(release, _owned(plan) or unchecked or _refused(plan), because)


def of_rollback(release: str, plan: Plan, *, production: bool) -> Approval:
    """Of a rollback, by its plan."""
    return Approval(release, _owned(plan) or _refused(plan), _because(plan, production=production))


def offers_force(plan: Plan | None, checks: Sequence[CheckResult] = ()) -> bool:
    """Whether something is refused only because others set fields of it, which --force-conflicts takes over."""
    return bool(plan and plan.conflicts) or any(result.conflict for result in checks)


def may_force(plan: Plan, *, asked: bool) -> bool:
    """Whether helm gets --force-conflicts: where it was asked for and helm writes by server-side apply.

    helm 3 has no such flag, and helm 4 refuses it for a release that it writes by a three-way merge.
    """
    return asked and plan.method == "apply"


def of_uninstall(lists: Uninstall, *, delete_namespace: bool = False) -> Approval:
    """Of an uninstall, by what goes with it."""
    blocked = None
    if delete_namespace and lists.foreign:
        blocked = Problem(
            f"Namespace {lists.namespace} is not deleted, there is more in it: {', '.join(lists.foreign[:8])}. "
            "Nothing was changed.",
            "Leave --delete-namespace out, or move those things first.",
        )
    because = "Data is lost for ever" if lists.lost else THIS_IS_PRODUCTION if lists.production else ""
    return Approval(lists.release, blocked, because or ("The namespace goes too" if delete_namespace else ""))


def of_recovery(target: Target, recovery: Recovery, reason: str = "") -> Approval:
    """Of a recover: it rewrites Helm's record, and no helm may be at work on the release meanwhile."""
    return Approval(target.release, _unproved(target, recovery, reason), REWRITES_THE_RECORD)


def refuse_after_recovery(approval: Approval, plan: Plan) -> None:
    """Raise Problem when the rollback that follows a recover must not start: then the record is not marked either."""
    if not approval.blocked:
        return
    force = " and can take over what others set, as recover --force-conflicts does" if plan.conflicts else ""
    step = f"Mark it only as failed (f, or --to failed); a rollback then shows its plan{force}."
    raise Problem(approval.blocked.what, step, approval.blocked.code)


def of_undo_recover(target: Target) -> Approval:
    """Of the undo of a recover: it rewrites Helm's record."""
    return Approval(target.release, None, REWRITES_THE_RECORD)


def of_leftovers(leftovers: Leftovers, picked: Sequence[Leftover]) -> Approval:
    """Of the removal of the leftovers of a release that is gone."""
    from wizard.engine.release.leftovers import warnings

    releases = sorted({leftover.release for leftover in picked})
    if len(releases) > 1:
        blocked = Problem(
            f"These are of several releases: {', '.join(releases)}. Nothing was deleted.", "Delete those of one first."
        )
        return Approval("", blocked)
    lost = [leftover.label for leftover in picked if leftover.matters]
    texts = warnings(leftovers, picked)
    because = (texts[0] if texts else f"{len(lost)} of these cannot be had back") if lost else ""
    return Approval("".join(releases), None, because)


def _because(plan: Plan, *, production: bool) -> str:
    """Why the release's name must be typed, as one sentence; what is taken over from others is always named."""
    first = THIS_IS_PRODUCTION if production else plan.downgrade[:1].upper() + plan.downgrade[1:]
    if not plan.takes:
        return first
    return f"{first}, and it takes over {plan.takes}" if first else f"This takes over {plan.takes}"


def _unlisted() -> Problem:
    """Why nothing is taken over without a plan."""
    return Problem(
        "Nothing was changed: --force-conflicts needs a plan, which names what is taken over, and there is none.",
        "See why there is no plan, or leave --force-conflicts out.",
    )


def _owned(plan: Plan) -> Problem | None:
    """Why a release that a GitOps controller owns is not changed; None for others."""
    if not plan.owner:
        return None
    return Problem(
        f"{plan.release} is owned by {plan.owner}. Nothing was changed: it would undo the change.",
        "Write the values with the command values, see what they change with plan, and commit them at its source.",
    )


def _refused(plan: Plan) -> Problem | None:
    """Why a plan with objects that the API server would refuse is not carried out; None for others."""
    if not plan.refused:
        return None
    force = ", or take it over: f, or --force-conflicts" if plan.conflicts else ""
    return Problem(
        f"Nothing was changed: {', '.join(obj.label for obj in plan.refused)} would be refused.",
        f"See the plan; fix what it names{force}.",
    )


def _unproved(target: Target, recovery: Recovery, reason: str) -> Problem | None:
    """Why the record stays as it is while a helm on another machine may be at work and no reason says that none is."""
    if not recovery.unproved or reason.strip():
        return None
    from wizard.engine.release import activity

    minutes = int(activity.OLD.total_seconds() // 60)
    return Problem(
        f"Helm began revision {recovery.revision} of {target.release} ({recovery.status}), or wrote its record, less than "
        f"{minutes} minutes ago, and a helm on another machine may be at work on it: that cannot be seen from here. "
        "Nothing was changed.",
        f'Look again {minutes} minutes after {recovery.written or recovery.since}, or say why none is: --reason "I killed it myself".',
        Exit.UNKNOWN,
    )
