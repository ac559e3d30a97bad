"""The questions of the guided install as one table, from which both front ends and the flags are built.

A new question is one entry in the table of its step.
"""

from __future__ import annotations

from typing import Final

from wizard.core.answers.questions import address, environment, foreign, resources, secrets, tls, where
from wizard.core.answers.questions.question import Question
from wizard.core.helm.chart import OURS

STEPS: Final[tuple[tuple[str, str, str], ...]] = (
    ("environment", "Environment", "Which environment is this, and what is included?"),
    ("where", "Where", "Where does it go?"),
    ("address", "Address", "How will people reach the API?"),
    ("tls", "TLS", "Who provides the certificate?"),
    ("resources", "Resources", "How much does it get?"),
    ("secrets", "Secrets", "Where do the passwords come from?"),
)
"""Step id, its name in the list of steps, its question. Review follows as the last step and asks nothing.

Of a foreign chart only Where is asked; Values follows it, which shows the values and asks nothing.
"""

QUESTIONS: Final[tuple[Question, ...]] = (
    *environment.QUESTIONS, *where.QUESTIONS, *address.QUESTIONS, *tls.QUESTIONS, *resources.QUESTIONS, *secrets.QUESTIONS,
)  # fmt: skip


def questions_of(chart_name: str) -> tuple[Question, ...]:
    """The questions for a chart: all of them for ours, for any other only where it goes."""
    return QUESTIONS if chart_name == OURS else foreign.QUESTIONS
