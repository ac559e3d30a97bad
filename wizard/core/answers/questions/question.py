"""One question, and what most of them are made of. Answers are texts; a choice is answered by its value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from wizard.core.answers.resolve import Resolved
from wizard.core.helm.values import DELETE, ValueEdit, path_of

Kind = Literal["choice", "text", "path"]


class Choice(NamedTuple):
    """One choice of a question; `note` says what it means on this cluster."""

    value: str
    label: str
    note: str = ""


def _no_choices(_: Resolved) -> tuple[Choice, ...]:
    return ()


def always(_: Resolved) -> bool:
    """For a question that is asked in any case."""
    return True


def _empty(_: Resolved) -> str:
    return ""


def _no_value_edits(_: Resolved, __: str) -> Sequence[ValueEdit]:
    return ()


def _fine(_: Resolved, __: str) -> str:
    return ""


class Question(NamedTuple):
    """One question. `optional` ones may be empty; `open` choices accept a value that is not in the list."""

    id: str
    step: str
    title: str
    help: str
    kind: Kind = "text"
    choices: Callable[[Resolved], Sequence[Choice]] = _no_choices
    default: Callable[[Resolved], str] = _empty
    visible: Callable[[Resolved], bool] = always
    validate: Callable[[Resolved, str], str] = _fine
    value_edits: Callable[[Resolved, str], Sequence[ValueEdit]] = _no_value_edits
    optional: bool = False
    open: bool = False
    creates: bool = False
    """Whether the run creates what it names: then its default is written where everything else stays as it is."""

    def problem(self, resolved: Resolved, answer: str) -> str:
        """One sentence that says what is wrong with the answer, or ""."""
        if not answer and self.optional:
            return ""
        if self.is_closed and (answer or not self.validate(resolved, answer)):
            allowed = [choice.value for choice in self.choices(resolved)]
            if answer not in allowed:
                return f'"{answer}" is not a choice for {self.title}; choose one of {", ".join(allowed)}.'
        return self.validate(resolved, answer)

    @property
    def is_closed(self) -> bool:
        """Whether it takes its choices and nothing else."""
        return self.kind == "choice" and not self.open


def sets(path: str, convert: Callable[[str], Any] = str) -> Callable[[Resolved, str], Sequence[ValueEdit]]:
    """Writes an answer to a value path; an empty answer writes nothing."""

    def lines(_: Resolved, answer: str) -> Sequence[ValueEdit]:
        return (ValueEdit(path_of(path), convert(answer)),) if answer else ()

    return lines


def sets_text(path: str) -> Callable[[Resolved, str], Sequence[ValueEdit]]:
    """Writes an answer to a value path, also an empty one."""
    return lambda _, answer: (ValueEdit(path_of(path), answer),)


def sets_or_removes(path: str) -> Callable[[Resolved, str], Sequence[ValueEdit]]:
    """Writes an answer to a value path; an empty answer removes what is there, the chart's default too."""
    return lambda _, answer: (ValueEdit(path_of(path), answer or DELETE),)


def base(path: str) -> Callable[[Resolved], str]:
    """The default that the base values give."""
    return lambda resolved: str(resolved.at(path))


def known(names: tuple[str, ...] | None) -> tuple[Choice, ...]:
    """Names of the cluster as choices; none where they are not known."""
    return tuple(Choice(name, name) for name in names or ())
