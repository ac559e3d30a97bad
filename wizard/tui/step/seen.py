"""What the checks say beside the questions that they are about, as notes below the questions and lines of the rail. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from wizard.tui.text import Row, cut, mark
from wizard.tui.widgets.form import Note

if TYPE_CHECKING:
    from wizard.core.answers.draft import Draft
    from wizard.core.answers.resolve import Resolved
    from wizard.core.rules.check import CheckResult

_SHOWN: Final = ("fail", "warn", "unknown", "pass")
"""States by weight; what is skipped says nothing of an answer."""
_MOST: Final = 3
"""Notes below one question."""


@dataclass(frozen=True)
class Seen:
    """Results by check, each with the draft that it was made for."""

    results: Mapping[str, tuple[Draft, CheckResult]] = field(default_factory=dict)

    def with_results(self, draft: Draft, results: Iterable[CheckResult]) -> Seen:
        """These and newer ones; what cannot be told while another answer is wrong stays as it was."""
        newer = {result.id: (draft, result) for result in results if not _waits(result)}
        return Seen({**self.results, **newer})

    def notes(self, draft: Draft, question: str) -> tuple[Note, ...]:
        """What is to be said below a question, the weightiest first; dim what was found for other answers."""
        found = [
            (made_for, result)
            for made_for, result in self.results.values()
            if (question in result.about or question == result.question) and result.state in _SHOWN
        ]
        found.sort(key=lambda one: _SHOWN.index(one[1].state))
        return tuple(_note(result, old=made_for != draft) for made_for, result in found[:_MOST] if result.evidence)

    def bad(self) -> list[CheckResult]:
        """The results that fail or warn, failed ones first."""
        bad = [result for _, result in self.results.values() if result.state in ("fail", "warn")]
        return sorted(bad, key=lambda result: _SHOWN.index(result.state))

    def marks(self, resolved: Resolved) -> dict[str, str]:
        """Step -> the symbol of the weightiest result about one of its questions that is bad."""
        marks: dict[str, str] = {}
        for result in self.bad():
            for question in resolved.visible():
                if question.id in result.about or question.id == result.question:
                    marks.setdefault(question.step, mark(result.state)[0])
        return marks

    def rows(self, width: int) -> list[Row]:
        """One row each for what fails and what warns; none where nothing does."""
        rows: list[Row] = []
        for state, few in (("fail", "to mend"), ("warn", "to look at")):
            bad = [result for result in self.bad() if result.state == state]
            if bad:
                symbol, tone = mark(state)
                what = bad[0].title if len(bad) == 1 else few
                rows.append(((f" {len(bad)} {symbol}  ", tone), (cut(what, width - 7), "")))
        return rows


NOTHING: Final = Seen()


def _waits(result: CheckResult) -> bool:
    return result.state == "skipped" and result.evidence[:1] != () and result.evidence[0].startswith("waits for")


def _note(result: CheckResult, *, old: bool) -> Note:
    symbol, tone = mark(result.state)
    bad = result.state in ("fail", "warn")
    texts: Sequence[str] = (result.evidence[0], result.next_step if bad else "")
    return Note(symbol, "dim" if old else tone, texts, always=bad)
