"""Values that a person changes one by one, as what a draft keeps of them.

That is the answer of a question where one means exactly that value, else a --set flag: guided steps and values can so
never say different things.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from wizard.core.answers.draft import Draft
from wizard.core.errors import Problem
from wizard.core.helm import set_flags, values
from wizard.core.helm.value_tree import Layer, Origin
from wizard.core.helm.values import DELETE, Path, Tree, ValueEdit

if TYPE_CHECKING:
    from wizard.core.answers.questions.question import Question
    from wizard.core.answers.resolve import Resolved

_TRIED: Final = 20
"""Answers that are tried for one question and value."""


def layers(resolved: Resolved) -> tuple[Layer, ...]:
    """What gives values over the chart's own, the layer that counts most first."""
    told = [
        edit for question, edit in resolved.edits if edit.value is not DELETE and _changes(resolved, question, edit)
    ]
    files = [Layer(Origin("file", name), tree) for name, tree in reversed(resolved.layers.files)]
    preset = Layer(Origin("preset", resolved.applied_preset), resolved.layers.presets.get(resolved.applied_preset, {}))
    there = resolved.layers.destination
    if there and there.is_start:  # a preset that is chosen for a file that is edited goes over it
        own = [preset, *(files or [Layer(Origin("file", there.path), there.tree)])]
    else:
        own = [*files, preset]
    return (
        Layer(Origin("--set"), set_flags.touched(resolved.draft.sets)),
        Layer(Origin("answer"), values.apply_edits({}, told)),
        *own,
        Layer(Origin("release"), resolved.draft.running),
    )


def _changes(resolved: Resolved, question: Question, edit: ValueEdit) -> bool:
    return resolved.given(question.id) or not same(values.get(resolved.base, edit.path), edit.value)


def asked(resolved: Resolved) -> dict[Path, Question]:
    """The question whose answer stands for a value, by its path."""
    return {edit.path: question for question, edit in resolved.possible_edits}


def changed(resolved: Resolved, path: Path, value: Any) -> Draft:
    """The draft in which a path has a value; DELETE removes it.

    Raises:
        Problem: helm cannot set that.
    """
    wanted = values.apply_edits(resolved.whole, [ValueEdit(path, value)])
    return _with_answers(resolved, wanted).draft


def became(resolved: Resolved, wanted: Tree) -> Draft:
    """The draft whose values are exactly the wanted ones; raises as `changed`."""
    resolved = _with_answers(resolved, wanted)
    for path, value in differences(resolved.whole, wanted):  # what answers brought along
        resolved = resolved.of(_set(resolved, path, value))
    return resolved.draft


def _with_answers(resolved: Resolved, wanted: Tree) -> Resolved:
    for path, value in differences(resolved.whole, wanted):
        if not same(values.get(resolved.whole, path), None if value is DELETE else value):
            resolved = resolved.of(_answered(resolved, path, value) or _set(resolved, path, value))
    return resolved


def reset(resolved: Resolved, path: Path, default: Any) -> Draft:
    """The draft without the newest thing that gives the value: flags, else answers; else with the chart's default.

    `default` is DELETE where the chart has none. Raises as `changed`.
    """
    draft = resolved.draft
    if set_flags.touches(draft.sets, path):
        return replace(draft, sets=set_flags.without(draft.sets, path, resolved.whole))
    told = {question.id for question, edit in resolved.edits if values.starts(edit.path, path)}
    if given := [question_id for question_id in told if resolved.given(question_id)]:
        return draft.with_answers(dict.fromkeys(given))
    return changed(resolved, path, default)


def differences(before: Tree, after: Tree, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The leaves that make one tree of another; a value that is gone is DELETE. Null and nothing are the same."""
    for key in {**before, **after}:
        old, new, path = before.get(key), after.get(key), (*at, key)
        if new is None:
            if old is not None:
                yield path, DELETE
        elif isinstance(new, Mapping) and (isinstance(old, Mapping) or (new and old is None)):
            yield from differences(old or {}, new, path)
        elif not same(old, new):
            yield path, new


def same(left: Any, right: Any) -> bool:
    """Whether two values are the same for helm: of maps, null and nothing are."""
    return next(values.differences(left, right), None) is None


def _set(resolved: Resolved, path: Path, value: Any) -> Draft:
    """The draft with a flag for the value, or without one where that is enough."""
    draft, whole = resolved.draft, resolved.whole
    rest = set_flags.without(draft.sets, path, whole)
    given = set_flags.write(path, None if value is DELETE else value)
    wanted = values.apply_edits(whole, [ValueEdit(path, value)])
    for sets in (rest, (*rest, given)):
        if _gives(resolved, candidate := replace(draft, sets=sets), wanted):
            return candidate
    # Flags that count more stand in the way: all are written anew.
    answered = resolved.of(replace(draft, sets=())).whole
    flags = tuple(
        set_flags.write(place, None if what is DELETE else what) for place, what in differences(answered, wanted)
    )
    if _gives(resolved, candidate := replace(draft, sets=flags), wanted):
        return candidate
    raise Problem(
        f"helm has no --set that makes {values.dotted(path)} that.",
        "Write it into a values file, and give that with -f.",
    )


def _gives(resolved: Resolved, draft: Draft, wanted: Tree) -> bool:
    try:
        return same(resolved.of(draft).whole, wanted)
    except Problem:
        return False


def _answered(resolved: Resolved, path: Path, value: Any) -> Draft | None:
    """The draft with the only answer that gives the value and changes no other answer's values; None without one."""
    if value is DELETE:
        return None
    flags = set_flags.without(resolved.draft.sets, path, resolved.whole)
    below = resolved.of(replace(resolved.draft, sets=flags))
    told = {question.id for question, edit in below.possible_edits if edit.path == path}
    steps = {below.question(question_id).step for question_id in told}
    writing = {question.id for question, _ in below.possible_edits}
    found = []
    for question in below.visible():
        if question.id not in told and question.id in writing:
            continue
        for answer in _candidates(below, question, values.get(below.answered, path), value):
            after = below.of(_with_answer(below, question, answer))
            if question.problem(after, after[question.id]):
                continue
            # The answer of a question that writes nothing itself may be written by one of its step.
            writes = question.value_edits(after, after[question.id])
            if question.step in steps or any(edit.path == path for edit in writes):
                found += [after.draft] if _only_gives(below, after, path, value) else []
    return found[0] if len(found) == 1 else None


def _with_answer(resolved: Resolved, question: Question, answer: str) -> Draft:
    """The draft with an answer; one that is the default is not kept."""
    unanswered = resolved.draft.with_answers({question.id: None})
    default = resolved.of(unanswered)[question.id]
    return unanswered if answer == default else unanswered.with_answers({question.id: answer})


def _only_gives(resolved: Resolved, after: Resolved, path: Path, value: Any) -> bool:
    """Whether the questions that were asked before write the value, and else what is there already."""
    asked_before = {question.id for question in resolved.visible()}
    written = {edit.path: edit.value for asking, edit in after.edits if asking.id in asked_before}
    if path not in written or not same(written.pop(path), value) or not same(values.get(after.whole, path), value):
        return False
    there = resolved.answered
    return all(same(values.get(there, place), None if what is DELETE else what) for place, what in written.items())


def _candidates(resolved: Resolved, question: Question, old: Any, new: Any) -> Sequence[str]:
    """Answers that may give the new value."""
    if question.kind == "choice" and not question.open:
        return [choice.value for choice in question.choices(resolved)]
    if question.kind == "path":
        return ()
    answer = resolved[question.id]
    texts = [_text(leaf) for leaf in islice(_scalars(new), _TRIED)]
    if not isinstance(new, Mapping | list) and old not in (None, "") and answer.count(_text(old)) == 1:
        texts.append(answer.replace(_text(old), texts[0]))
    return tuple(dict.fromkeys(texts))


def _scalars(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _scalars(item)
    else:
        yield value


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
