"""The questions for a chart that is not ours: where it goes, with helm's own defaults."""

from __future__ import annotations

from typing import Final

from wizard.core.answers.questions import where
from wizard.core.answers.questions.question import Question
from wizard.core.answers.resolve import Resolved


def _namespace(r: Resolved) -> str:
    """The namespace that helm takes without -n: the context's, else default."""
    return r.suggestions.context_namespaces.get(r["context"], "default")


_DEFAULTS: Final = {"namespace": _namespace, "release": lambda r: r.layers.chart_name}

QUESTIONS: Final[tuple[Question, ...]] = tuple(
    question._replace(default=_DEFAULTS.get(question.id, question.default)) for question in where.QUESTIONS
)
