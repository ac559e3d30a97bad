"""Step 2: where it goes."""

from __future__ import annotations

from typing import Final

from wizard.core.answers import validate
from wizard.core.answers.questions.question import Question, known
from wizard.core.target import DEFAULT_RELEASE, NAMESPACES

QUESTIONS: Final = (
    Question(
        "context", "where", "Cluster", "The kubeconfig context: which cluster, and as whom.", kind="choice",
        choices=lambda r: known(r.suggestions.contexts), default=lambda r: r.suggestions.current_context,
        visible=lambda r: bool(r.suggestions.contexts),
    ),
    Question(
        "namespace", "where", "Namespace", "Created if it does not exist yet.", kind="choice", open=True,
        choices=lambda r: known(r.suggestions.namespaces),
        default=lambda r: NAMESPACES.get(r["preset"], DEFAULT_RELEASE), validate=lambda _, a: validate.label(a, "Namespace"),
    ),
    Question(
        "release", "where", "Release name", "Helm's name for this installation.", default=lambda _: DEFAULT_RELEASE,
        validate=lambda _, a: validate.release(a),
    ),
)  # fmt: skip
