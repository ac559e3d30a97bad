"""The verdict of a release from its objects and findings, the same for a run, status, home and diagnose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from wizard.core.errors import Exit
from wizard.core.kube import status
from wizard.core.kube.status import Judged, Verdict
from wizard.core.rules.finding import Finding

REACHABILITY: Final = frozenset(
    {"Ingress", "HTTPRoute", "HorizontalPodAutoscaler", "PodDisruptionBudget", "Certificate"}
)
"""Kinds whose problems never make a release unready (design: contracts, facts)."""


def release_verdict(judged: Iterable[Judged], findings: Sequence[Finding], hidden: Iterable[str] = ()) -> Verdict:
    """The verdict of a release.

    By their objects alone, releases with some problems look progressing: a claim without a class, a pod that no
    controller may create. Others look ready although no request reaches them. So an urgent finding that does not heal
    by itself makes the release stuck; a finding that may heal gives the reason, and the objects decide the state.

    Args:
        judged: every object of the release.
        findings: the first cause first.
        hidden: kinds that could not be seen.
    """
    verdict = status.release(list(judged), sorted(hidden))
    urgent = [
        finding for finding in findings if finding.urgent and finding.object.partition("/")[0] not in REACHABILITY
    ]
    if not urgent or verdict.state == "failed":
        return verdict
    why = f"{urgent[0].object}: {urgent[0].title}"
    if any(finding.heals == "no" for finding in urgent):
        return Verdict("stuck", why)
    if verdict.state not in ("stuck", "progressing"):
        return verdict
    return Verdict("progressing" if all(finding.heals == "yes" for finding in urgent) else verdict.state, why)


def exit_code(state: str, findings: Sequence[Finding]) -> Exit:
    """0 healthy or on its way, 1 a problem was found, 3 it cannot be known (design: contracts, exit codes)."""
    if any(finding.heals != "yes" for finding in findings) or state in ("stuck", "failed"):
        return Exit.FAILED
    return Exit.DONE if state in ("ready", "progressing") else Exit.UNKNOWN
