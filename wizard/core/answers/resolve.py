"""Draft + live facts + value layers -> the effective answer to every question, the open problems, and the edits."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from wizard.core.answers.draft import Draft
from wizard.core.answers.suggestions import ClusterSuggestions
from wizard.core.helm import strvals, values
from wizard.core.helm.values import Tree, ValueEdit
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
        return values.merge(self.layers.defaults, self.over_defaults)

    @cached_property
    def over_defaults(self) -> Tree:
        """The layers of the base above the chart's defaults, in which null stays."""
        tree = self.draft.running
        if not self.draft.running or self["preset"] != self._by_id["preset"].default(self):
            tree = values.overlay(tree, self.layers.presets.get(self["preset"], {}))
        for _, over in self.layers.files:
            tree = values.overlay(tree, over)
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
        """The ordered edits of all visible answers."""
        return tuple(edit for question in self.visible() for edit in question.value_edits(self, self[question.id]))

    @cached_property
    def answered(self) -> dict[str, Any]:
        """The base with the answers."""
        return values.apply_edits(self.base, self.value_edits())

    @cached_property
    def whole(self) -> dict[str, Any]:
        """All values that are meant: `answered` with the --set flags of the command line.

        As in helm these find what files and answers give, not what only the chart gives: of its lists nothing stays.

        Raises:
            Problem: a flag does not fit what is there.
        """
        if not self.draft.sets:
            return self.answered
        tree = copy.deepcopy(values.minus(self.answered, self.layers.defaults, self.over_defaults))
        for given in strvals.in_order(self.draft.sets):
            strvals.apply(tree, given)
        return values.merge(self.layers.defaults, tree)

    @property
    def target(self) -> Target:
        """The target that the answers name."""
        kubeconfig = self.draft.kubeconfig or self.suggestions.kubeconfig
        return Target(self["context"], self["namespace"], self["release"], kubeconfig)
