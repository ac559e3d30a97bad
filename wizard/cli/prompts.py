"""Prompts for what is missing. They go to stderr, so that stdout stays data."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from wizard import streams
from wizard.cli.output import shown
from wizard.core.answers.questions.question import Choice, Question
from wizard.core.answers.resolve import Resolved

if TYPE_CHECKING:
    import questionary

_OTHER = "\0other"


class Prompter(Protocol):
    """Asks a person. Every method raises KeyboardInterrupt when the person wants to leave."""

    async def choose(self, title: str, choices: Sequence[Choice], default: str = "") -> str:
        """The value of one of the choices."""
        ...

    async def text(self, title: str, default: str = "", check: Callable[[str], str] = lambda _: "") -> str:
        """A line of text; `check` says what is wrong with it, "" when it is right."""
        ...


def prompter(*, color: bool = True) -> Prompter:
    """The prompter for this terminal; on one without cursor movement, numbered lines."""
    return DumbPrompter() if os.environ.get("TERM", "dumb") == "dumb" else QuestionaryPrompter(color=color)


async def ask(question: Question, resolved: Resolved, prompt: Prompter, check: Callable[[str], str]) -> str:
    """The person's answer to a question; `check` judges it with everything else that is known."""
    effective, choices = resolved[question.id], list(question.choices(resolved))
    streams.message(f"{question.help}\n")
    if question.kind == "choice" and choices:
        if question.open:
            choices.append(Choice(_OTHER, "another ..."))
        answer = await prompt.choose(question.title, choices, effective)
        if answer != _OTHER:
            return answer
    return await prompt.text(question.title, effective, check)


class QuestionaryPrompter:
    """Arrow keys and Enter."""

    def __init__(self, *, color: bool = True) -> None:
        from prompt_toolkit.output import ColorDepth, create_output

        stream = sys.stderr if sys.stderr.isatty() else sys.stdout
        self._how: dict[str, Any] = {"output": create_output(stdout=stream)}
        if not color:
            self._how["color_depth"] = ColorDepth.DEPTH_1_BIT

    async def choose(self, title: str, choices: Sequence[Choice], default: str = "") -> str:
        """One of the choices."""
        import questionary

        options = [
            questionary.Choice(shown(f"{one.label}  {one.note}" if one.note else one.label), value=one.value)
            for one in choices
        ]
        first = next((one for one in options if one.value == default), None)
        return await _answer(questionary.select(title, options, default=first, instruction=" ", **self._how))

    async def text(self, title: str, default: str = "", check: Callable[[str], str] = lambda _: "") -> str:
        """A line of text."""
        import questionary

        asked = questionary.text(title, default=default, validate=lambda text: check(text.strip()) or True, **self._how)
        return (await _answer(asked)).strip()


async def _answer(asked: questionary.Question) -> str:
    """What the person says. Ctrl-C is a key while it is asked; as a signal, in the moments around, it stays its owner's.

    questionary's own way lets prompt_toolkit take the signal, which drops one that comes once the question is over.
    """
    return str(await asked.application.run_async(handle_sigint=False))


class DumbPrompter:
    """Numbered lines for a terminal that cannot move its cursor, and for screen readers."""

    async def choose(self, title: str, choices: Sequence[Choice], default: str = "") -> str:
        """One of the choices, by number or value."""
        for number, one in enumerate(choices, 1):
            streams.message(f"  {number}  {shown(f'{one.label}  {one.note}'.rstrip())}\n")
        by_text = {str(number): one.value for number, one in enumerate(choices, 1)} | {
            one.value: one.value for one in choices
        }
        wrong = f"Answer with a number from 1 to {len(choices)}."
        answer = await self.text(title, default, lambda text: "" if text in by_text else wrong)
        return by_text[answer]

    async def text(self, title: str, default: str = "", check: Callable[[str], str] = lambda _: "") -> str:
        """A line of text; an empty one takes the default."""
        while True:
            streams.message(shown(f"{title} [{default}]: " if default else f"{title}: "))
            raw = await asyncio.to_thread(sys.stdin.readline)
            if not raw:
                raise KeyboardInterrupt
            answer = raw.strip() or default
            if not (wrong := check(answer)):
                return answer
            streams.message(f"{shown(wrong)}\n")
