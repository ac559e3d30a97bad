"""K03: secrets that are where they must not be."""

from __future__ import annotations

from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.checks.access import capped
from wizard.core.rules.facts import LeaksSeen


@check("K03", "secrets stay where they are", needs=("leaks", "target"))
def leaks(facts: Facts) -> Outcome:
    """No value of a Secret that the release reads is in helm's records, in another object of it, or in a file of the run."""
    seen: LeaksSeen = facts["leaks"]
    if seen.leaks:
        target = facts["target"]
        step = (
            "Give it a new value, and take it out of there: values name a Secret (--existing-secret, --secret-file). Old "
            f"revisions keep it until helm drops them: helm upgrade --history-max, or kubectl -n {target.namespace} delete "
            f"secret sh.helm.release.v1.{target.release}.vN."
        )
        return Outcome("warn", capped(f"{leak.title} is in {leak.place}" for leak in seen.leaks), step)
    if seen.hidden:
        return Outcome(
            "unknown",
            (f"not looked at, because they are hidden: {', '.join(seen.hidden)}",),
            "To settle it: get and list them.",
        )
    if not seen.secrets:
        return Outcome("pass", ("its pods read no secret that could be looked for",))
    return Outcome("pass", (f"{seen.secrets} secrets are in none of {seen.records} revisions, nor in its objects",))
