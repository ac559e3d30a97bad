"""N: the release's name, its state, and objects of other owners."""

from __future__ import annotations

from wizard.core.answers import validate
from wizard.core.helm import revision
from wizard.core.kube.lease import name as lease_name
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.checks.access import capped
from wizard.core.rules.facts import LeaseSeen, Owned, Release
from wizard.core.target import Target


@check("N01", "release name", needs=("release", "target"), severity="B", about=("release",))
def name(facts: Facts) -> Outcome:
    """Helm accepts the release name; the evidence names the other releases in the namespace."""
    release: Release = facts["release"]
    target: Target = facts["target"]
    if problem := validate.release(target.release):
        return Outcome("fail", (problem,), "Choose another release name.", "release")
    line = (
        f"{target.release} is free"
        if not release.revision
        else f"{target.release} is there, revision {release.revision}"
    )
    beside = (f"also in {target.namespace}: {', '.join(release.others[:8])}",) if release.others else ()
    return Outcome("pass", (line, *beside))


@check("N02", "release state", needs=("release", "target"), severity="B", about=("release",))
def state(facts: Facts) -> Outcome:
    """No other helm is working on the release, and helm would accept an install or upgrade."""
    release: Release = facts["release"]
    if release.refused:
        what, next_step = release.refused
        if release.running:
            next_step = f"Your run {release.running} works on it: llm-cost-ops-wizard runs {release.running}"
        return Outcome("fail", (what,), next_step, "release")
    if not release.revision:
        return Outcome("pass", ("no such release yet: this is an install",))
    since = f" since {release.since}" if release.since else ""
    if not revision.installed(release.revision, release.status):
        kept = f"it was uninstalled with its history kept (revision {release.revision}{since}): this installs it again"
        return Outcome("pass", (kept,))
    line = f"revision {release.revision} is {release.status or 'in an unknown state'}{since}: this is an upgrade"
    return Outcome("pass", (line, "an upgrade repairs a failed release") if release.status == "failed" else (line,))


@check("N03", "objects of others", needs=("owners", "target"), severity="B")
def owners(facts: Facts) -> Outcome:
    """No object of the same name belongs to another release or to none."""
    owned: tuple[Owned, ...] = facts["owners"]
    if not owned:
        return Outcome("pass", ("no object of the same name belongs to somebody else",))
    lines = capped(f"{obj.kind}/{obj.name} is there and belongs to {obj.owner}" for obj in owned)
    return Outcome("fail", lines, "Choose another release name or namespace, or remove them first.", "release")


@check("N09", "other wizards", needs=("lease", "target"), severity="B")
def other_wizards(facts: Facts) -> Outcome:
    """No wizard on another machine is working on the release."""
    lease: LeaseSeen = facts["lease"]
    if lease.holder:
        step = f'Wait until it has ended; --accept N09="..." continues anyway. It is Lease {lease_name(facts["target"].release)}.'
        return Outcome("fail", (f"{lease.holder} is at work on it right now",), step, "release")
    if lease.missing:
        line = (
            f"you may not {', '.join(lease.missing)} leases here: wizards on other machines are not warned of your run"
        )
        return Outcome("warn", (line,), "The run works without it; then only helm stops two people at once.")
    return Outcome("pass", ("no wizard on another machine is at work on it",))
