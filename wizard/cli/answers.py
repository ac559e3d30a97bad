"""From a command line to a whole draft: kept drafts offered, what is missing asked, the rest said."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence

from wizard.cli.arguments.answers import AnswersArguments
from wizard.cli.arguments.base import ClusterArguments
from wizard.cli.draft import draft_of, unused
from wizard.cli.output import Out, columns, time_of
from wizard.cli.prompts import Prompter, ask, prompter
from wizard.core.answers import secrets
from wizard.core.answers.draft import Draft
from wizard.core.answers.questions import STEPS
from wizard.core.answers.questions.question import Choice, Question
from wizard.core.answers.resolve import Resolved
from wizard.core.errors import Exit, Problem
from wizard.core.kube.kubeconfig import Kubeconfig
from wizard.engine.session import Session


def asks(*, yes: bool = False) -> bool:
    """Whether a person can be asked; `yes`: they said beforehand that they need not be."""
    return sys.stdin.isatty() and not yes


def require_context(arguments: ClusterArguments, config: Kubeconfig) -> None:
    """Raise Problem unless the kubeconfig can be used for the context that is meant."""
    if config.problem and not (arguments.context and config.problem.question == "context"):
        raise config.problem
    if arguments.context and config.context(arguments.context) is None:
        names = ", ".join(one.name for one in config.contexts)
        what = f'There is no context "{arguments.context}" in the kubeconfig.'
        raise Problem(what, f"Choose one with --context: {names}.", question="context")


Prepare = Callable[[Draft], Awaitable[Draft]]
"""What the cluster adds to a draft before anything but the environment is asked."""
Refuse = Callable[[Draft], Awaitable[None]]
"""What stops a command line by what the cluster has, before anything at all is asked."""


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
        out: where talk goes.
        cluster: whether the command needs one; without it no kubeconfig is needed and nothing is contacted.
        prepare: asks the cluster; without it only what it offers to the questions is asked for.
        refuse: looks at the command line alone, before a kept draft is offered.

    Raises:
        Problem: an answer is wrong, or missing and nobody can be asked.
    """
    config = session.kubeconfig()
    if cluster:
        require_context(arguments, config)
    prompt = prompter(color=not arguments.no_color) if asks(yes=arguments.yes) else None
    draft = draft_of(arguments, session)
    if prompt and refuse:
        await refuse(draft)
    if prompt and (kept := await _kept(arguments, session, prompt)):
        draft = draft_of(arguments, session, kept)
    session.answers.layers(draft)
    if prompt and "preset" not in draft.answers and arguments.command != "upgrade":
        draft = await _ask_one(session, draft, prompt, session.answers.resolve(draft).question("preset"))
    if prepare:
        draft = await prepare(draft)
    elif cluster:
        await session.refresh_suggestions(draft)
    if cluster and session.suggestions.moved:
        out.message(session.suggestions.moved, "warn")
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
    """What is wrong with the effective answers; those given come first, those missing are named together."""
    resolved = session.answers.resolve(draft)
    found = {key: text for key, text in resolved.problems().items() if cluster or key != "context"}
    given = [
        Problem(text, f"Answer {key} anew: --answer {key}=VALUE.", question=key)
        for key, text in found.items()
        if key in draft.answers
    ]
    missing = {key: text for key, text in found.items() if key not in draft.answers}
    if not missing:
        return given
    flags = " ".join(f"--answer {key}=VALUE" for key in missing)
    more = f" Missing answers: {', '.join(missing)}." if len(missing) > 1 else ""
    first, text = next(iter(missing.items()))
    return [*given, Problem(f"{text}{more}", f"Give {flags}.", question=first)]


async def _kept(arguments: AnswersArguments, session: Session, prompt: Prompter) -> Draft | None:
    """A draft of an earlier session, if there is one for this target and the person wants it."""
    wanted = {"context": arguments.context, "namespace": arguments.namespace, "release": arguments.options().release}
    for saved, draft in session.answers.kept():
        if any(value and draft.answers.get(key, value) != value for key, value in wanted.items()):
            continue
        title = f"A draft from {saved[:10]} {time_of(saved)} is kept ({len(draft.answers)} answers, no secrets). Go on with it?"
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
    while problems := [one for one in _open(session, draft, cluster=cluster) if one.question]:
        draft = await _ask_one(session, draft, prompt, session.answers.resolve(draft).question(problems[0].question))
    return draft


async def _ask_one(session: Session, draft: Draft, prompt: Prompter, question: Question) -> Draft:
    answer = await ask(question, session.answers.resolve(draft), prompt, _judge(session, draft, question))
    draft = draft.with_answers({question.id: answer})
    session.answers.keep(draft)
    return draft


def _judge(session: Session, draft: Draft, question: Question) -> Callable[[str], str]:
    return lambda text: question.problem(session.answers.resolve(draft.with_answers({question.id: text})), text)


async def change(session: Session, draft: Draft, prompt: Prompter, *, cluster: bool, first: str = "") -> Draft:
    """Let the person change one answer, and whatever becomes missing by it."""
    resolved = session.answers.resolve(draft)
    asked = [one for one in resolved.visible() if cluster or one.id != "context"]
    choices = [Choice(one.id, one.title, resolved[one.id]) for one in asked]
    chosen = await prompt.choose("Which answer?", choices, first)
    draft = await _ask_one(session, draft, prompt, resolved.question(chosen))
    return await _ask_missing(session, draft, prompt, cluster=cluster)


def summary(resolved: Resolved, out: Out) -> None:
    """All answers, step by step, as talk."""
    for step, title, _ in STEPS:
        asked = resolved.visible(step)
        rows = [
            (f"  {one.title}", _shown(one, resolved), "" if resolved.given(one.id) else "(default)") for one in asked
        ]
        if rows:
            out.message(title)
        for line in columns(rows):
            out.message(line)


def _shown(question: Question, resolved: Resolved) -> str:
    answer = resolved[question.id]
    return next((one.label for one in question.choices(resolved) if one.value == answer), answer) or "-"


def secret_notes(session: Session, draft: Draft) -> Sequence[str]:
    """What reading the secret files says, one line each.

    Raises:
        Problem: one is missing or empty.
    """
    notes = []
    for one in secrets.plan(session.answers.resolve(draft)):
        for source in {source.detail: source for source in one.sources if source.how == "file"}.values():
            try:
                note = session.files.secret_note(source.detail, f"file for {source.shared or source.key}")
            except Problem as problem:
                question = f"secret.{source.shared}.file" if source.shared else ""
                raise Problem(problem.what, problem.next_step, Exit.REFUSED, question) from problem
            notes += [f"{source.detail}: {note}"] if note else []
    return notes
