"""Prompts for missing answers. They go to stderr, so that stdout has data only."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from typing_extensions import override

from wizard import streams
from wizard.cli.output import shown
from wizard.core.answers.questions.question import Choice, Question
from wizard.core.answers.resolve import Resolved

if TYPE_CHECKING:
    import questionary

_OTHER = "\0other"


class Prompter(Protocol):
    """Asks a person. Every method raises KeyboardInterrupt when the person presses Ctrl-C."""

    async def choose(self, title: str, choices: Sequence[Choice], default: str = "") -> str:
        """Ask for one of the choices; returns its value."""
        ...

    async def text(self, title: str, default: str = "", check: Callable[[str], str] = lambda _: "") -> str:
        """Ask for a line of text; `check` returns what is wrong with it, "" when it is valid."""
        ...


def prompter(*, color: bool = True) -> Prompter:
    """The prompter for this terminal."""
    return DumbPrompter() if os.environ.get("TERM", "dumb") == "dumb" else QuestionaryPrompter(color=color)


async def ask(question: Question, resolved: Resolved, prompt: Prompter, check: Callable[[str], str]) -> str:
    """Ask a question; returns the answer. `check` returns what is wrong with a typed answer, "" when it is valid."""
    effective, choices = resolved[question.id], list(question.choices(resolved))
    streams.message(f"{question.help}\n")
    if question.kind == "choice" and choices:
        if question.open:
            choices.append(Choice(_OTHER, "another ..."))
        answer = await prompt.choose(question.title, choices, effective)
        if answer != _OTHER:
            return answer
    return await prompt.text(question.title, effective, check)


class QuestionaryPrompter(Prompter):
    """Prompts with arrow keys and Enter."""

    def __init__(self, *, color: bool = True) -> None:
        from prompt_toolkit.output import ColorDepth, create_output

        stream = sys.stderr if sys.stderr.isatty() else sys.stdout
        self._how: dict[str, Any] = {"output": create_output(stdout=stream)}
        if not color:
            self._how["color_depth"] = ColorDepth.DEPTH_1_BIT

    @override
    async def choose(self, title: str, choices: Sequence[Choice], default: str = "") -> str:
        import questionary

        options = [
            questionary.Choice(
                shown(f"{choice.label}  {choice.note}" if choice.note else choice.label), value=choice.value
            )
            for choice in choices
        ]
        first = next((option for option in options if option.value == default), None)
        return await _answer(questionary.select(shown(title), options, default=first, instruction=" ", **self._how))

    @override
    async def text(self, title: str, default: str = "", check: Callable[[str], str] = lambda _: "") -> str:
        import questionary

        asked = questionary.text(
            shown(title), default=default, validate=lambda text: check(text.strip()) or True, **self._how
        )
        return (await _answer(asked)).strip()


async def _answer(asked: questionary.Question) -> str:
    """The person's answer. While the prompt is open Ctrl-C is a key; before and after it is a signal.

    questionary lets prompt_toolkit handle the signal, which loses one that arrives after the prompt has ended.
    """
    return str(await asked.application.run_async(handle_sigint=False))


class DumbPrompter(Prompter):
    """Prompts with numbered lines for a terminal that cannot move its cursor, and for screen readers."""

    @override
    async def choose(self, title: str, choices: Sequence[Choice], default: str = "") -> str:
        for number, choice in enumerate(choices, 1):
            streams.message(f"  {number}  {shown(f'{choice.label}  {choice.note}'.rstrip())}\n")
        by_text = {str(number): choice.value for number, choice in enumerate(choices, 1)} | {
            choice.value: choice.value for choice in choices
        }
        wrong = f"Answer with a number from 1 to {len(choices)}."
        answer = await self.text(title, default, lambda text: "" if text in by_text else wrong)
        return by_text[answer]

    @override
    async def text(self, title: str, default: str = "", check: Callable[[str], str] = lambda _: "") -> str:
        while True:
            streams.message(shown(f"{title} [{default}]: " if default else f"{title}: "))
            raw = await asyncio.to_thread(sys.stdin.readline)
            if not raw:
                raise KeyboardInterrupt
            answer = raw.strip() or default
            if not (wrong := check(answer)):
                return answer
            streams.message(f"{shown(wrong)}\n")
