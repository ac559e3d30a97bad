"""Draft + live facts + value layers -> the effective answer to every question, the open problems, and the edits."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from wizard.core.answers.draft import Draft
from wizard.core.answers.suggestions import ClusterSuggestions
from wizard.core.errors import Problem
from wizard.core.helm import strvals, values
from wizard.core.helm.chart import OURS
from wizard.core.helm.values import Path, Tree, ValueEdit
from wizard.core.target import Target

if TYPE_CHECKING:
    from wizard.core.answers.questions.question import Question
    from wizard.core.answers.secret_values import FoundSecret

PRESETS: Final = ("dev", "staging", "prod")


@dataclass(frozen=True)
class Destination:
    """The path that the values file is written to, and the text and values of the file that is there; None without one."""

    path: str
    text: str | None = None
    tree: Tree = field(default_factory=dict)
    is_start: bool = False
    """Whether answers start from its values, as from those of a release that runs."""
    problem: Problem | None = None
    """Why what is there cannot be edited."""


@dataclass(frozen=True)
class Layers:
    """The value layers below a person's answers: chart defaults, presets by name, the -f files with their paths."""

    defaults: Tree = field(default_factory=dict)
    presets: Mapping[str, Tree] = field(default_factory=dict)
    files: tuple[tuple[str, Tree], ...] = ()
    chart_version: str = ""
    app_version: str = ""
    chart_name: str = OURS
    destination: Destination | None = None
    """None as long as only the answers that name it are resolved."""
    secrets: Mapping[Path, Any] = field(default_factory=dict, repr=False)
    """What looks like a secret in the person's own layers, by path."""

    merged: dict[Any, tuple[Any, ...]] = field(default_factory=dict, repr=False, compare=False)
    """The layers merged, by what counts of them; kept, for they may be large and stay as they are while answers change."""

    @property
    def foreign(self) -> bool:
        """Whether the chart is another than ours: there are no questions about its values, and no presets."""
        return self.chart_name != OURS


class Resolved:
    """Every question's effective answer. Built again for each change, which is cheap; never edited."""

    def __init__(
        self, draft: Draft, suggestions: ClusterSuggestions, layers: Layers, table: Iterable[Question], *,
        sound_only: bool = False,
    ) -> None:  # fmt: skip
        """`sound_only`: answers that are wrong write no values; without it the values need right answers."""
        self.draft = draft
        self.suggestions = suggestions
        self.layers = layers
        self.table = tuple(table)
        self._sound_only = sound_only
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

    @property
    def preset(self) -> str:
        """The preset; "" for a foreign chart, which has none."""
        return "" if self.layers.foreign else self["preset"]

    @cached_property
    def base(self) -> dict[str, Any]:
        """Chart defaults < preset < -f files: the values that answers start from.

        With a running release, or a values file that is edited, the preset applies only when it changes, and then over them.
        """
        return self._kept(("base", self.applied_preset), lambda: values.merge(self.layers.defaults, self.over_defaults))

    @cached_property
    def start(self) -> Tree:
        """What is there already: the values of the release that runs, and those of a file that is edited."""
        there = self.layers.destination
        if not (there and there.is_start):
            return self.draft.running
        return self._kept(("start",), lambda: self._overlaid([tree for _, tree in self.layers.files] or [there.tree]))

    def _overlaid(self, trees: Iterable[Tree]) -> dict[str, Any]:
        merged: dict[str, Any] = dict(self.draft.running)
        for tree in trees:
            merged = values.overlay(merged, tree)
        return merged

    def _kept(self, what: tuple[str, ...], make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """A merged tree, made once for the same running values and edited file."""
        there = self.layers.destination
        parts = (self.draft.running, there.tree if there and there.is_start else None)
        known = self.layers.merged.get(what)
        if known is None or any(part is not before for part, before in zip(parts, known[1:], strict=True)):
            known = self.layers.merged[what] = (make(), *parts)
        made: dict[str, Any] = known[0]
        return made

    @cached_property
    def applied_preset(self) -> str:
        """The preset whose values count; "" for none."""
        return "" if self.keeps_start else self.preset

    @cached_property
    def over_defaults(self) -> Tree:
        """The layers of the base above the chart's defaults, in which null stays."""
        return self._kept(("over", self.applied_preset), self._over_defaults)

    def _over_defaults(self) -> dict[str, Any]:
        there = self.layers.destination
        tree = values.overlay(self.start, self.layers.presets.get(self.applied_preset, {}))
        if not (there and there.is_start):
            for _, over in self.layers.files:
                tree = values.overlay(tree, over)
        return tree

    @property
    def keeps_start(self) -> bool:
        """Whether everything stays as it is there already, but for answers."""
        return bool(self.start) and not self._has_new_preset

    @property
    def _has_new_preset(self) -> bool:
        """Whether another preset is chosen than that of what is there already."""
        return not self.layers.foreign and self.preset != self._by_id["preset"].default(self)

    def owns(self, path: Path) -> bool:
        """Whether the person's own layers decide the value at a path: their files, or what is there already."""
        value = values.get(self.base, path)
        own = (self.start, *(tree for _, tree in self.layers.files))
        return value is not None and any(values.identical(values.get(tree, path), value) for tree in own)

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

    def of(self, draft: Draft) -> Resolved:
        """Another draft on the same files, chart and cluster, in which wrong answers write no values."""
        return Resolved(draft, self.suggestions, self.layers, self.table, sound_only=True)

    @cached_property
    def possible_edits(self) -> tuple[tuple[Question, ValueEdit], ...]:
        """What all visible answers, also those that are only defaults, stand for: ordered edits, each with its question."""
        return tuple(
            (question, edit)
            for question in self.visible()
            if not (self._sound_only and question.problem(self, self[question.id]))
            for edit in question.value_edits(self, self[question.id])
        )

    @cached_property
    def edits(self) -> tuple[tuple[Question, ValueEdit], ...]:
        """The `value_edits`, each with its question."""
        return tuple(
            (question, edit)
            for question, edit in self.possible_edits
            if self.given(question.id) or ((question.creates or not self.keeps_start) and not self.owns(edit.path))
        )

    def value_edits(self) -> tuple[ValueEdit, ...]:
        """The ordered edits of all visible answers. What is only a default never changes a value of the person's own."""
        return tuple(edit for _, edit in self.edits)

    def reasons(self) -> dict[Path, str]:
        """Why a value is what it is, by path, for values that answers give, defaults or not."""
        return {
            edit.path: edit.why
            for _, edit in self.possible_edits
            if edit.why and values.identical(values.get(self.answered, edit.path), edit.value)
        }

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

    @cached_property
    def with_flags(self) -> Tree:
        """`over_defaults` with the --set flags, before any answer; raises Problem as `whole`."""
        if not self.draft.sets:
            return self.over_defaults
        tree = copy.deepcopy(dict(self.over_defaults))
        for given in strvals.in_order(self.draft.sets):
            strvals.apply(tree, given)
        return tree

    @cached_property
    def found_secrets(self) -> tuple[FoundSecret, ...]:
        """What looks like a secret in the values that are the person's own, the --set flags too."""
        if not (self.layers.secrets or self.draft.sets):
            return ()
        from wizard.core.answers import secret_values

        return secret_values.found(self)

    @property
    def target(self) -> Target:
        """The target that the answers name."""
        kubeconfig = self.draft.kubeconfig or self.suggestions.kubeconfig
        return Target(self["context"], self["namespace"], self["release"], kubeconfig)
