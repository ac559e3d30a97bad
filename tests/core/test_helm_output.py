from __future__ import annotations

import pytest

from wizard.core.helm_output import failure_of, notes_of

WORDS = [
    (["Error: INSTALLATION FAILED: no", "more"], 1, "", "helm says: INSTALLATION FAILED: no more"),
    (["warning", "last line"], 1, "", "helm says: last line"),
    ([], None, "SIGKILL", "helm was ended by SIGKILL."),
    ([], None, "", "helm ended and nobody saw how."),
    ([], 3, "", "helm ended with code 3."),
]


@pytest.mark.parametrize(("lines", "code", "signal", "words"), WORDS)
def test_why_helm_failed_in_its_own_words(lines: list[str], code: int | None, signal: str, words: str) -> None:
    assert failure_of(lines, code, signal) == words


def test_notes_are_what_follows_the_heading() -> None:
    assert notes_of(["NAME: x", "NOTES:", "a", "", "b", ""]) == "a\n\nb"
    assert notes_of(["NAME: x"]) == ""
