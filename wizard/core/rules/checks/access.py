"""R: the rights of this person in the namespace and on the objects that helm will send."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from wizard.core.kube import conflicts
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.facts import DryRun, Namespace, Right
from wizard.core.target import Target
from wizard.core.text.words import counted

_ASK: Final = (
    "Ask an administrator for these rights in namespace {0}: `llm-cost-ops-wizard handoff` with the same answers writes "
    "the file to apply; `kubectl auth can-i --list -n {0}` shows what you have."
)
_MOST: Final = 8
"""Lines of evidence that are shown; the rest is counted."""


def capped(lines: Iterable[str]) -> tuple[str, ...]:
    """The first lines, and the number of further ones."""
    whole = tuple(lines)
    rest = len(whole) - _MOST
    return whole if rest <= 0 else (*whole[:_MOST], f"and {rest} more")


def _missing(rights: Iterable[Right]) -> list[str]:
    """Lines such as "Deployment: create, patch", one for every noun with a missing verb."""
    by_noun: dict[str, list[str]] = {}
    for right in rights:
        if not right.allowed:
            by_noun.setdefault(right.noun, []).append(right.verb)
    return [f"{noun}: {', '.join(verbs)}" for noun, verbs in by_noun.items()]


def _ask(target: Target) -> str:
    return _ASK.format(target.namespace)


@check("R01", "namespace", needs=("namespace",), severity="B", about=("namespace",))
def namespace(facts: Facts) -> Outcome:
    """The namespace exists or can be created, and is not terminating."""
    fact: Namespace = facts["namespace"]
    if fact.state == "active":
        return Outcome("pass", (f"{fact.name} is there",))
    if fact.state == "terminating":
        waits = fact.blocked_by or ("Kubernetes is removing what is in it",)
        step = f"Wait until it is gone (kubectl get namespace {fact.name} -w), or choose another namespace."
        return Outcome("fail", (f"{fact.name} is being deleted", *capped(waits)), step, "namespace")
    if fact.may_create:
        return Outcome("pass", (f"{fact.name} is not there yet; the run makes it",))
    step = (
        f"Ask an administrator: kubectl create namespace {fact.name}, or the file that `llm-cost-ops-wizard handoff` "
        "writes with the same answers; or choose one that you have."
    )
    return Outcome("fail", (f"{fact.name} is not there and you may not create it",), step, "namespace")


@check("R02", "rights for every object", needs=("rights", "target"), severity="B")
def rights(facts: Facts) -> Outcome:
    """This person has the rights that helm needs on every rendered kind."""
    needed: tuple[Right, ...] = facts["rights"]
    if missing := _missing(needed):
        return Outcome("fail", capped(f"not allowed: {line}" for line in missing), _ask(facts["target"]), "namespace")
    kinds = len({right.noun for right in needed})
    return Outcome("pass", (f"{counted(len(needed), 'right')} on {counted(kinds, 'kind')}, all there",))


@check("R04", "rights for Helm's records", needs=("record_rights", "target"), severity="B")
def record_rights(facts: Facts) -> Outcome:
    """Helm may read and write its records of the release."""
    needed: tuple[Right, ...] = facts["record_rights"]
    if missing := _missing(needed):
        lines = capped(f"not allowed: {line}" for line in missing)
        return Outcome("fail", (*lines, "helm keeps every revision there"), _ask(facts["target"]), "namespace")
    return Outcome("pass", (f"helm may read and write {needed[0].noun}s",) if needed else ())


@check("R05", "rights to watch it start", needs=("sight", "target"))
def watch_rights(facts: Facts) -> Outcome:
    """This person may read what status and diagnosis read."""
    if missing := _missing(facts["sight"]):
        step = f"The run works, but these stay unknown in it. {_ask(facts['target'])}"
        return Outcome("warn", capped(f"will not be seen: {line}" for line in missing), step)
    return Outcome("pass", ("pods, logs, events and claims can be followed",))


@check("R07", "dry run on the server", needs=("dry_run",), severity="B")
def dry_run(facts: Facts) -> Outcome:
    """The API server accepts every rendered object, admission and field validation included."""
    result: DryRun = facts["dry_run"]
    if result.refused:
        lines = [f"{refused.kind}/{refused.name}: {words}" for refused in result.refused for words in refused.words]
        step = _dry_run_step(lines, result)
        # Also where something else is refused too: a conflict hides what the API server would refuse after it.
        return Outcome("fail", capped(lines), step, conflict=any(map(conflicts.owner, lines)))
    if result.unknown:
        return Outcome("unknown", capped(result.unknown), "To settle it: the right to create what could not be tried.")
    accepted = f"{result.count} of {result.count} objects accepted ({result.how})"
    return Outcome("pass", (accepted, *capped(result.taken)))


def _dry_run_step(lines: list[str], result: DryRun) -> str:
    text = " ".join(lines)
    names = ", ".join(f"{refused.kind}/{refused.name}" for refused in result.refused)
    if "immutable" in text or "updates to statefulset spec" in text:
        return f"These fields cannot change in place: put the old values back, or delete {names} first (data is kept)."
    if conflicts.owner(text):
        return _conflict_step(names, result)
    if "exceeded quota" in text:
        return "Ask for a larger quota, or lower replicas, CPU and memory."
    if "violates PodSecurity" in text:
        return "Use a namespace with a lower Pod Security level, or correct the security context that is named."
    return "Correct the answer or value that the message names."


def _conflict_step(names: str, result: DryRun) -> str:
    words = [words.partition(": ") for refused in result.refused for words in refused.words]
    if any(conflicts.is_autoscaled(path, conflicts.owner(message)) for path, _, message in words):
        return (
            f"An autoscaler sets the replicas of {names}: leave replicas out of the values, or turn the autoscaler off. "
            "f in the review, or --force-conflicts, overwrites them until it sets them again."
        )
    return (
        f"Others set these fields of {names}, and helm 4 does not overwrite them: put the old values back there, or take "
        "them over: f in the review, or --force-conflicts."
    )
