"""Ways in by which a request from this machine met no answer: its name leads elsewhere, nothing listens, or an error comes."""

from __future__ import annotations

from collections.abc import Iterator

from wizard.core.reach.result import ELSEWHERE, WayIn
from wizard.core.rules.finding import Evidence, Finding, finding
from wizard.core.rules.findings.certificates import REFUSED
from wizard.core.rules.findings.pods import asked
from wizard.core.rules.snapshot import Snapshot


@finding("TR09")
def name_leads_elsewhere(snapshot: Snapshot) -> Iterator[Finding]:
    """A host's DNS record names another address than its Ingress has, where it would answer. One that is missing is no fault."""
    for way in _failing(snapshot):
        if way.why == ELSEWHERE:
            yield _finding("TR09", f"its name leads elsewhere: {way.text}", way, snapshot)


@finding("TR16")
def request_comes_to_nothing(snapshot: Snapshot) -> Iterator[Finding]:
    """A request does not connect, or is answered by an error; what is broken behind it explains it. Certificates are TR08."""
    for way in _failing(snapshot):
        if way.why not in (ELSEWHERE, *REFUSED):
            yield _finding("TR16", f"a request to it fails: {way.text}", way, snapshot, waits=True)


def _failing(snapshot: Snapshot) -> Iterator[WayIn]:
    return (way for way in (snapshot.reach.ways if snapshot.reach else ()) if way.state == "fail")


def _finding(finding_id: str, title: str, way: WayIn, snapshot: Snapshot, *, waits: bool = False) -> Finding:
    obj = snapshot.named(*way.object.split("/", 1))
    return Finding(
        finding_id, title, way.object, (Evidence(way.facts, way.object),), (way.next_step,), waits=waits,
        question=asked(obj, "host") if obj and finding_id == "TR09" else "",
        commands=(snapshot.command("kubectl", "describe", *way.object.lower().split("/", 1)),),
    )  # fmt: skip
