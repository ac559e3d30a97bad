"""The registry of fixes for findings, applied while helm still waits. Pure; the engine carries out the steps.

A new fix is one decorated function in `fixes/` and one table in its test. Nothing else lists it. A fix may only create
a missing object, add missing parts to an existing one, or recreate a claim that never had a volume.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, Protocol

from wizard.core.kube.objects import MANAGED_BY, WIZARD, Object
from wizard.core.rules import registry
from wizard.core.rules.finding import Finding
from wizard.core.rules.snapshot import Snapshot
from wizard.core.text.secrets import Secret

Answers = Mapping[str, "str | Secret"]
GENERATE: Final = "generate"
FILE: Final = "file"


@dataclass(frozen=True)
class Need:
    """An input that a fix needs. A secret is generated or read from a file; it is never typed visibly."""

    id: str
    title: str
    kind: Literal["text", "choice", "secret"]
    choices: tuple[str, ...] = ()
    """Of a choice: its values. Of a secret: `generate`, `file`, or both."""
    default: str = ""

    def problem(self, answer: str | Secret) -> str:
        """What is wrong with an answer; "" when it is valid."""
        if isinstance(answer, Secret):
            return "" if self.kind == "secret" and answer.reveal() else f"{self.title} is empty."
        if self.kind == "choice" and answer not in self.choices:
            return f"{self.title} is one of {', '.join(self.choices)}."
        return "" if answer.strip() else f"{self.title} is empty."


class Asker(Protocol):
    """Asks a person, in either front end; the answer is None when the person cancels."""

    async def choose(self, title: str, options: Sequence[tuple[str, str]], default: str) -> str | None:
        """The value of the chosen option; options are (value, label)."""
        ...

    async def text(self, title: str, default: str, problem: Callable[[str], str], *, file: bool = False) -> str | None:
        """A text, or the path of a file, for which `problem` returns ""."""
        ...


_HOW: Final = {GENERATE: "generate one", FILE: "read it from a file"}


async def answered(need: Mapping[str, Any], ask: Asker) -> str | None:
    """The answer to a need of a `fix.offered` event: a text, a choice, `generate` or a path; None when cancelled."""
    title, choices, default = need["title"], need["choices"], need["default"]
    if need["kind"] == "choice":
        return await ask.choose(title, [(choice, choice) for choice in choices], default)
    if need["kind"] == "text":
        return await ask.text(title, default, _needed)
    how: str | None = choices[0]
    if len(choices) > 1:
        how = await ask.choose(title, [(choice, _HOW[choice]) for choice in choices], default)
    return await ask.text(f"{title}: the file that holds it", "", _needed, file=True) if how == FILE else how


def _needed(text: str) -> str:
    return "" if text.strip() else "It is needed."


@dataclass(frozen=True)
class Step:
    """One change. `manifest` names the object; create and recreate send it whole, patch sends `body` as a merge patch."""

    do: Literal["create", "patch", "recreate"]
    manifest: Object
    body: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    """stringData of a Secret; a key that exists already stops the step."""
    uid: str = ""
    """The uid of the object that was read; another object of that name stops the step."""
    until: tuple[tuple[str, ...], Mapping[str, str]] | None = None
    """Path in the object, and the entries that it must hold before the next step."""

    @property
    def label(self) -> str:
        """Kind/name."""
        return f"{self.manifest['kind']}/{self.manifest['metadata']['name']}"


@dataclass(frozen=True)
class Fix:
    """A fix of a finding. `command` is the command line to do it manually."""

    id: str
    title: str
    preview: tuple[str, ...]
    command: str
    steps: Callable[[Answers], tuple[Step, ...]] = field(compare=False, repr=False)
    needs: tuple[Need, ...] = ()
    rights: tuple[tuple[str, str], ...] = ()
    """The (verb, kind) rights that it needs in the namespace."""
    finding: str = ""
    object: str = ""
    refused: str = ""
    """Why this person may not do it; "" when they may."""

    def problem(self, answers: Answers) -> str:
        """What is wrong with the answers; "" when they are valid."""
        for need in self.needs:
            if need.id not in answers:
                return f"{need.title} is missing."
            if wrong := need.problem(answers[need.id]):
                return wrong
        return self.refused

    def to_data(self) -> dict[str, Any]:
        """The data of a fix in a `fix.offered` event, without secrets."""
        return {
            "id": self.id,
            "title": self.title,
            "needs": [{**vars(need), "choices": list(need.choices)} for need in self.needs],
            "preview": list(self.preview),
            "command": self.command,
            "refused": self.refused,
        }


Body = Callable[[Finding, Snapshot], Iterator[Fix]]


@dataclass(frozen=True)
class _Registered:
    body: Body
    reads: tuple[str, ...]


_fixes: dict[str, list[_Registered]] = {}


def fix(finding: str, *, reads: tuple[str, ...] = ()) -> Callable[[Body], Body]:
    """Register a fix of a finding; `reads` are the kinds around the release that it reads."""

    def register(body: Body) -> Body:
        _fixes.setdefault(finding, []).append(_Registered(body, reads))
        return body

    return register


def _registered(finding: str) -> list[_Registered]:
    registry.load("wizard.core.rules.fixes")
    return _fixes.get(finding, [])


def reads(finding: Finding) -> frozenset[str]:
    """The kinds around the release that the fixes of a finding read."""
    return frozenset(kind for registered in _registered(finding.id) for kind in registered.reads)


def offers(finding: Finding, snapshot: Snapshot) -> tuple[Fix, ...]:
    """The fixes of a finding; empty when there is none."""
    every = (offer for registered in _registered(finding.id) for offer in registered.body(finding, snapshot))
    return tuple(replace(offer, finding=finding.id, object=finding.object) for offer in every)


def fixable(finding: Finding) -> bool:
    """Whether a fix is registered for the finding."""
    return bool(_registered(finding.id))


def labels(snapshot: Snapshot) -> dict[str, str]:
    """The labels of objects that a fix creates."""
    return {MANAGED_BY: WIZARD, "app.kubernetes.io/instance": snapshot.release}
