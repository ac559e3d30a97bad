"""W02, W07, K01: helm's version beside the cluster's, the clock of this machine, the files of secrets on it."""

from __future__ import annotations

from typing import Final

from wizard.core.helm import version
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.checks.access import capped
from wizard.core.rules.facts import HelmFound, SecretFile, Server

_BUILT: Final = {3: 15, 4: 34}
"""Helm's major version -> what to add to its minor for the minor of the Kubernetes that it is built with (helm.sh, version skew)."""
_OLDER: Final = 3
"""Minors that a cluster may be older than that, by helm's policy."""
_NEWER: Final = 2
"""Minors by which it may be newer before something is likely to be missing; helm's policy promises none."""
_CLOCKS: Final = 60
"""Seconds; tokens and new certificates allow for about as much."""


@check("W02", "helm and the cluster", needs=("helm", "kubernetes"))
def skew(facts: Facts) -> Outcome:
    """The Kubernetes that helm is built with is not much older or newer than the cluster."""
    helm: HelmFound = facts["helm"]
    server: Server | None = facts["kubernetes"]
    mine, theirs = version.parse(helm.version), server.number if server else None
    if server is None or mine is None or theirs is None or theirs.major != 1 or mine.major not in _BUILT:
        return Outcome("skipped", ("one of the two versions is not known",))
    built = mine.minor + _BUILT[mine.major]
    line = f"helm {helm.version} is built for Kubernetes 1.{built}, this is {server.version}"
    if theirs.minor > built + _NEWER:
        return Outcome("warn", (f"{line}: it may not know kinds and fields of it",), "Install a newer helm.")
    if theirs.minor < built - _OLDER:
        return Outcome(
            "warn",
            (f"{line}: helm supports down to 1.{built - _OLDER}",),
            "Use an older helm for this cluster, or upgrade it.",
        )
    return Outcome("pass", (line,))


@check("W07", "clocks", needs=("clock",))
def clocks(facts: Facts) -> Outcome:
    """The clock of this machine and the one of the API server agree, or tokens, certificates and times of events mislead."""
    ahead: int = facts["clock"]
    if abs(ahead) <= _CLOCKS:
        return Outcome("pass", ("both clocks agree",))
    span = f"{abs(ahead) // 60} min" if abs(ahead) >= 120 else f"{abs(ahead)} s"
    line = f"the clock of this machine is {span} {'behind' if ahead > 0 else 'ahead of'} the one of the API server"
    return Outcome("warn", (line,), "Have this machine's clock set (timedatectl set-ntp true).")


@check("K01", "files of secrets", needs=("secret_files",), severity="B")
def files(facts: Facts) -> Outcome:
    """Every file of a secret holds one that its program takes, and nobody else can read it."""
    found: tuple[SecretFile, ...] = facts["secret_files"]
    bad = [(one, one.problem) for one in found if one.problem]
    if bad:
        first, problem = bad[0]
        return Outcome("fail", capped(reason.what for _, reason in bad), problem.next_step, first.question)
    seen = [(one, words) for one in found for words in one.exposed]
    if seen:
        lines = capped(f"{one.path} {words}" for one, words in seen)
        return Outcome(
            "warn", lines, "Keep it for yourself, and have a new secret made if others had it.", seen[0][0].question
        )
    notes = tuple(f"{one.path}: {one.note or 'one line'}" for one in found)
    return Outcome("pass", capped(notes) or ("no secret is given by a file",))
