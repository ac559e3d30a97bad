"""The draft that a command line makes: answers, files, --set, secrets by name."""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from wizard.cli.arguments.answers import AnswersArguments, pair
from wizard.cli.arguments.operation import OperationArguments
from wizard.core.answers import validate
from wizard.core.answers.draft import Draft
from wizard.core.answers.questions import questions_of
from wizard.core.answers.questions.question import Question
from wizard.core.answers.resolve import PRESETS
from wizard.core.answers.secrets import PARTS
from wizard.core.errors import Problem
from wizard.core.helm import strvals, values
from wizard.core.helm.chart import OURS, Chart
from wizard.core.helm.command_line import HelmOptions
from wizard.core.helm.strvals import SetFlag
from wizard.engine.session import Session

SECRET_NAMES: Final = tuple(name for name in PARTS if name != "tls")
"""NAME of --secret-file and --existing-secret."""
_CSV_FIELD: Final = r'(?:"(?:[^"]|"")*"|[^",\n]*)'


def draft_of(arguments: AnswersArguments, session: Session, start: Draft | None = None) -> Draft:
    """The draft of a command line, based on `start` (a saved draft) or an empty one.

    Raises:
        Problem: an option is not understood, names an unknown question, or carries a secret.
    """
    draft = session.answers.new()
    if start is not None:
        draft = replace(
            start.with_answers(dict(draft.answers)), kubeconfig=draft.kubeconfig, chart=draft.chart,
            chart_options=draft.chart_options,
        )  # fmt: skip
    if isinstance(arguments, OperationArguments):
        if problem := validate.duration(arguments.timeout):
            raise Problem(f"--timeout: {problem}", "Helm waits that long for everything to be ready.")
        draft = replace(draft, rollback_on_failure=arguments.undo or draft.rollback_on_failure)
    helm = HelmOptions.of_data({**draft.helm.to_data(), **vars(arguments)})
    draft = replace(
        draft,
        helm=replace(helm, force_conflicts=helm.force_conflicts or draft.helm.force_conflicts),
        files=tuple(path for text in arguments.values for path in files_of(text)) or draft.files,
        write="" if arguments.write == "-" and arguments.command != "values" else arguments.write or draft.write,
    )
    _refuse_unknown_preset(arguments)
    chart = session.answers.chart(draft)
    if chart.foreign:
        _refuse_ours(arguments, chart)
    preset = {"preset": arguments.preset} if arguments.preset else {}
    draft = draft.with_answers({**dict(_answers(arguments, questions_of(chart.name))), **preset})
    return replace(draft, sets=_sets(arguments, session, draft)) if arguments.sets else draft


def _refuse_unknown_preset(arguments: AnswersArguments) -> None:
    if arguments.preset and arguments.preset not in PRESETS:
        raise Problem(
            f'"{arguments.preset}" is not a preset.', f"Choose one of {', '.join(PRESETS)}.", question="preset"
        )


def _refuse_ours(arguments: AnswersArguments, chart: Chart) -> None:
    """Refuse what only our chart has."""
    ours = {
        "--preset": arguments.preset, "--secret-file": arguments.secret_file, "--existing-secret": arguments.existing_secret,
    }  # fmt: skip
    if flag := next((flag for flag, given in ours.items() if given), ""):
        raise Problem(
            f"{flag} is for the chart {OURS}, not for {chart.name}.", "Give the chart's own values with -f or --set."
        )


def _answers(arguments: AnswersArguments, table: Iterable[Question]) -> Iterable[tuple[str, str]]:
    questions = {question.id: question for question in table}
    for text in arguments.answer:
        key, value = pair("--answer", text if not text.endswith("=") else text + " ", "host=api.example.com")
        if key not in questions:
            near = difflib.get_close_matches(key, questions, 1)
            hint = f"Did you mean {near[0]}?" if near else f"Questions are {', '.join(questions)}."
            raise Problem(f'There is no question "{key}".', hint)
        yield key, value.strip()
    if arguments.accept_secret_in_history and "values.secrets" in questions:
        yield "values.secrets", "keep"
    for text in arguments.secret_file:
        name, path = _secret("--secret-file", text, "jwt=./jwt-secret.txt")
        yield f"secret.{name}", "file"
        yield f"secret.{name}.file", path
    for text in arguments.existing_secret:
        name, secret = _secret("--existing-secret", text, "jwt=my-jwt-secret")
        yield f"secret.{name}", "existing"
        yield f"secret.{name}.name", secret


def _secret(flag: str, text: str, example: str) -> tuple[str, str]:
    name, value = pair(flag, text, example)
    if name not in SECRET_NAMES:
        raise Problem(f'{flag}: there is no secret "{name}".', f"Name one of {', '.join(SECRET_NAMES)}.")
    return name, value


def files_of(text: str) -> tuple[str, ...]:
    """The paths of one -f, which helm reads as a line of CSV.

    Raises:
        Problem: it is none.
    """
    if not text:
        return ()
    if not re.fullmatch(f"{_CSV_FIELD}(?:,{_CSV_FIELD})*", text):
        raise Problem(f"-f {text} is not a list of files.", """Write it as in -f a.yaml,b.yaml or -f '"a,b.yaml"'.""")
    import csv

    return tuple(next(csv.reader([text])))


def _sets(arguments: AnswersArguments, session: Session, draft: Draft) -> tuple[SetFlag, ...]:
    """The flags of the draft and of the command line, with what their files hold."""
    resolved = session.answers.resolve(draft)
    tree = copy.deepcopy(dict(resolved.over_defaults))  # the answers need not be right yet
    read = []
    for given in strvals.in_order((*draft.sets, *(SetFlag(*item) for item in arguments.sets))):
        before = copy.deepcopy(tree)
        paths = _apply(tree, given)
        if not resolved.layers.foreign:
            _refuse_secret(given.flag, values.minus(tree, before))
        texts = given.contents or tuple(session.files.read(path, f"file of {given.flag}", empty=True) for path in paths)
        read.append(given._replace(contents=texts))
    return tuple(read)


def _apply(tree: dict[str, Any], given: SetFlag) -> list[str]:
    """Apply a flag, of --set-file with paths in place of contents; the paths, before any is read."""
    paths: list[str] = []

    def path_itself(path: str) -> str:
        paths.append(path)
        return path

    strvals.apply(tree, given, path_itself)
    return paths


def _refuse_secret(flag: str, tree: values.Tree) -> None:
    for path in values.secrets_in(tree):
        name = values.SECRET_PATHS[path]
        raise Problem(
            f"{flag} {path} would store a secret in the values file and in Helm's history.",
            f"Give it as --secret-file {name}=PATH or --existing-secret {name}=SECRET.",
        )


def unused(draft: Draft, session: Session) -> tuple[tuple[Question, str], ...]:
    """Given answers whose questions are not asked now, each question with its answer."""
    resolved = session.answers.resolve(draft)
    asked = {question.id for question in resolved.visible()}
    return tuple(
        (question, resolved[question.id])
        for question in resolved.table
        if resolved.given(question.id) and question.id not in asked
    )
