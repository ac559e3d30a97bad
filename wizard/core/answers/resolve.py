"""Draft + live facts + value layers -> the effective answer to every question, the open problems, and the edits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from wizard.core.answers.draft import Draft
from wizard.core.answers.suggestions import ClusterSuggestions
from wizard.core.helm import values
from wizard.core.helm.values import DELETE, Tree, ValueEdit
from wizard.core.target import Target

if TYPE_CHECKING:
    from wizard.core.answers.questions.question import Question

PRESETS: Final = ("dev", "staging", "prod")


@dataclass(frozen=True)
class Layers:
    """The value layers below a person's answers: chart defaults, presets by name, the -f files with their paths."""

    defaults: Tree = field(default_factory=dict)
    presets: Mapping[str, Tree] = field(default_factory=dict)
    files: tuple[tuple[str, Tree], ...] = ()
    chart_version: str = ""
    app_version: str = ""


class Resolved:
    """Every question's effective answer. Built again for each change, which is cheap; never edited."""

    def __init__(
        self, draft: Draft, suggestions: ClusterSuggestions, layers: Layers, table: Iterable[Question]
    ) -> None:
        self.draft = draft
        self.suggestions = suggestions
        self.layers = layers
        self.table = tuple(table)
        self._by_id = {question.id: question for question in self.table}
        self._effective: dict[str, str] = {}

    def __getitem__(self, question_id: str) -> str:
        """The person's answer, or the default; "" for a question without either."""
        if question_id not in self._effective:
            given = self.draft.answers.get(question_id)
            self._effective[question_id] = self._by_id[question_id].default(self) if given is None else given
        return self._effective[question_id]

    def given(self, question_id: str) -> bool:
        """Whether a person answered it."""
        return question_id in self.draft.answers

    def question(self, question_id: str) -> Question:
        """The question of that id.

        Raises:
            KeyError: there is none.
        """
        return self._by_id[question_id]

    @cached_property
    def base(self) -> dict[str, Any]:
        """Chart defaults < running release < preset < -f files: the values that answers start from.

        With a running release, the preset applies only when it changes; the rest keeps the running values.
        """
        tree = values.merge(self.layers.defaults, self.draft.running)
        if not self.draft.running or self["preset"] != self._by_id["preset"].default(self):
            tree = values.merge(tree, self.layers.presets.get(self["preset"], {}))
        for _, over in self.layers.files:
            tree = values.merge(tree, over)
        return tree

    def at(self, path: str, default: Any = "") -> Any:
        """The base value at a dotted path."""
        value = values.get(self.base, values.path_of(path))
        return default if value is None else value

    def visible(self, step: str = "") -> tuple[Question, ...]:
        """The questions to ask now, of one step or of all."""
        return tuple(
            question for question in self.table if (not step or question.step == step) and question.visible(self)
        )

    def problems(self, step: str = "") -> dict[str, str]:
        """Question id -> one sentence that says what is wrong with its effective answer; visible questions only."""
        sentences = ((question.id, question.problem(self, self[question.id])) for question in self.visible(step))
        return {question_id: text for question_id, text in sentences if text}

    def value_edits(self) -> tuple[ValueEdit, ...]:
        """The ordered edits of all visible answers, then those of the command line's --set."""
        asked = tuple(edit for question in self.visible() for edit in question.value_edits(self, self[question.id]))
        given = tuple(
            ValueEdit(values.path_of(path), DELETE if value is None else value, "from the command line")
            for path, value in self.draft.sets
        )
        return asked + given

    @property
    def target(self) -> Target:
        """The target that the answers name."""
        kubeconfig = self.draft.kubeconfig or self.suggestions.kubeconfig
        return Target(self["context"], self["namespace"], self["release"], kubeconfig)
