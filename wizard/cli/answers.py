"""Completes the draft of a command line: offers saved drafts, asks for missing answers, reports unused ones."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence

from wizard.cli.arguments.answers import AnswersArguments
from wizard.cli.arguments.base import ClusterArguments
from wizard.cli.draft import draft_of, unused
from wizard.cli.output import Out, columns, time_of
from wizard.cli.prompts import Prompter, ask, prompter
from wizard.core.answers.draft import Draft
from wizard.core.answers.questions import STEPS
from wizard.core.answers.questions.question import Choice, Question
from wizard.core.answers.resolve import Resolved
from wizard.core.errors import Problem
from wizard.core.kube.kubeconfig import Kubeconfig
from wizard.core.text.words import counted
from wizard.engine.session import Session


def asks(*, yes: bool = False) -> bool:
    """Whether a person can be asked; `yes`: they passed --yes."""
    return sys.stdin.isatty() and not yes


def require_context(arguments: ClusterArguments, config: Kubeconfig) -> None:
    """Raise Problem unless the kubeconfig can be used for the wanted context."""
    if refused := config.refusal(arguments.context):
        raise refused


Prepare = Callable[[Draft], Awaitable[Draft]]
"""Completes a draft from the cluster before any question but the environment is asked."""
Refuse = Callable[[Draft], Awaitable[None]]
"""Raises Problem when the cluster rules the command line out, before any question is asked."""


async def gather(
    arguments: AnswersArguments,
    session: Session,
    out: Out,
    *,
    cluster: bool,
    prepare: Prepare | None = None,
    refuse: Refuse | None = None,
) -> tuple[Draft, Prompter | None]:
    """The draft of a command, complete and valid, and the prompter if there is a person to ask.

    Args:
        arguments: the command line.
        session: the session.
        out: receives the messages.
        cluster: whether the command needs one; without it no kubeconfig is needed and nothing is contacted.
        prepare: completes the draft from the cluster; without it only the suggestions are refreshed.
        refuse: checks the command line alone, before a saved draft is offered.

    Raises:
        Problem: an answer is wrong, or missing and nobody can be asked.
    """
    config = session.kubeconfig()
    if cluster:
        require_context(arguments, config)
    prompt = prompter(color=not arguments.no_color) if asks(yes=arguments.yes) else None
    if session.answers.needs_helm(session.answers.new()):
        out.message(f"helm fetches and checks {session.options.chart}.")
    await session.answers.read(session.answers.new())
    draft = draft_of(arguments, session)
    if prompt and refuse:
        await refuse(draft)
    if prompt and (saved := await _saved_draft(arguments, session, prompt)):
        draft = draft_of(arguments, session, saved)
    foreign = session.answers.layers(draft).foreign
    if prompt and "preset" not in draft.answers and arguments.command != "upgrade" and not foreign:
        draft = await _ask_one(session, draft, prompt, session.answers.resolve(draft).question("preset"))
    if prepare:
        draft = await prepare(draft)
    elif cluster:
        await session.refresh_suggestions(draft)
    if cluster and session.suggestions.moved:
        out.message(session.suggestions.moved, "warn")
    there = session.answers.resolve(draft).layers.destination
    if there and there.is_start and there.path not in draft.files:
        out.message(f"{there.path} is there: the answers start from it.")
    for problem in _open(session, draft, cluster=cluster):
        if prompt is None or problem.question in draft.answers:
            raise problem
    if prompt:
        draft = await _ask_missing(session, draft, prompt, cluster=cluster)
    for question, _ in unused(draft, session):
        out.message(f"not used: {question.id}; {question.title} is only asked with other answers", "warn")
    for note in secret_notes(session, draft):
        out.message(note)
    return draft, prompt


def _open(session: Session, draft: Draft, *, cluster: bool) -> Sequence[Problem]:
    """The problems of the effective answers: first those of given answers, then one that names all missing answers."""
    resolved = session.answers.resolve(draft)
    problems = {key: text for key, text in resolved.problems().items() if cluster or key != "context"}
    given = [
        Problem(text, f"Answer {key} anew: {_flag(resolved, key)}.", question=key)
        for key, text in problems.items()
        if key in draft.answers
    ]
    missing = {key: text for key, text in problems.items() if key not in draft.answers}
    if not missing:
        return given
    flags = " ".join(_flag(resolved, key) for key in missing)
    more = f" Missing answers: {', '.join(missing)}." if len(missing) > 1 else ""
    first, text = next(iter(missing.items()))
    return [*given, Problem(f"{text}{more}", f"Give {flags}.", question=first)]


def _flag(resolved: Resolved, question_id: str) -> str:
    """The flag that answers a question, with the choices of one that takes no others."""
    question = resolved.question(question_id)
    choices = [choice.value for choice in question.choices(resolved)] if question.is_closed else []
    return f"--answer {question_id}={'|'.join(choices) or 'VALUE'}"


async def _saved_draft(arguments: AnswersArguments, session: Session, prompt: Prompter) -> Draft | None:
    """The draft of an earlier session for this target, if there is one and the person wants it."""
    wanted = {"context": arguments.context, "namespace": arguments.namespace, "release": arguments.options().release}
    for saved, draft in session.answers.kept():
        if draft.chart != session.options.chart or any(
            value and draft.answers.get(key, value) != value for key, value in wanted.items()
        ):
            continue
        title = f"A draft from {saved[:10]} {time_of(saved)} is kept ({counted(len(draft.answers), 'answer')}, no secrets). Go on with it?"
        choices = (
            Choice("resume", "go on with it"),
            Choice("new", "start anew"),
            Choice("forget", "start anew and forget it"),
        )
        answer = await prompt.choose(title, choices, "resume")
        if answer == "forget":
            session.answers.forget(draft)
        return draft if answer == "resume" else None
    return None


async def _ask_missing(session: Session, draft: Draft, prompt: Prompter, *, cluster: bool) -> Draft:
    while problems := [problem for problem in _open(session, draft, cluster=cluster) if problem.question]:
        draft = await _ask_one(session, draft, prompt, session.answers.resolve(draft).question(problems[0].question))
    return draft


async def _ask_one(session: Session, draft: Draft, prompt: Prompter, question: Question) -> Draft:
    answer = await ask(question, session.answers.resolve(draft), prompt, _judge(session, draft, question))
    draft = draft.with_answers({question.id: answer})
    session.answers.keep(draft)
    return draft


def _judge(session: Session, draft: Draft, question: Question) -> Callable[[str], str]:
    def judge(text: str) -> str:
        resolved = session.answers.resolve(draft.with_answers({question.id: text}))
        problem = question.problem(resolved, text)
        if problem or question.kind != "path":
            return problem
        try:
            session.files.note(resolved, question.id)
        except Problem as wrong:
            return str(wrong)
        return ""

    return judge


async def change(session: Session, draft: Draft, prompt: Prompter, *, cluster: bool, first: str = "") -> Draft:
    """Let the person change one answer, and ask for the answers that this makes missing."""
    resolved = session.answers.resolve(draft)
    asked = [question for question in resolved.visible() if cluster or question.id != "context"]
    choices = [Choice(question.id, question.title, resolved[question.id]) for question in asked]
    chosen = await prompt.choose("Which answer?", choices, first)
    draft = await _ask_one(session, draft, prompt, resolved.question(chosen))
    return await _ask_missing(session, draft, prompt, cluster=cluster)


def summary(resolved: Resolved, out: Out) -> None:
    """Print all answers, step by step, as messages."""
    for step, title, _ in STEPS:
        asked = resolved.visible(step)
        rows = [
            (f"  {question.title}", _shown(question, resolved), "" if resolved.given(question.id) else "(default)")
            for question in asked
        ]
        if rows:
            out.message(title)
        for line in columns(rows):
            out.message(line)


def _shown(question: Question, resolved: Resolved) -> str:
    answer = resolved[question.id]
    return next((choice.label for choice in question.choices(resolved) if choice.value == answer), answer) or "-"


def secret_notes(session: Session, draft: Draft) -> Sequence[str]:
    """The notes about the files of secrets and certificates, one line each; raises Problem for one that cannot be used."""
    resolved = session.answers.resolve(draft)
    paths = {question.id: resolved[question.id] for question in resolved.visible() if question.kind == "path"}
    notes = [(path, session.files.note(resolved, question)) for question, path in paths.items()]
    return [f"{path}: {note}" for path, note in dict.fromkeys(notes) if note]
