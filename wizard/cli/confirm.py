"""The consent to an operation: the release's name where the engine asks for it, from --confirm or typed."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.cli.answers import asks
from wizard.cli.arguments.answers import OperationArguments
from wizard.cli.arguments.release import ChangeArguments
from wizard.cli.prompts import Prompter, prompter
from wizard.core.answers.questions.question import Choice
from wizard.core.errors import Problem
from wizard.engine.approval import Approval


def prompt_or_yes(arguments: OperationArguments | ChangeArguments, *, name_is_enough: bool = False) -> Prompter | None:
    """Who can be asked, if anybody; raises Problem when somebody has to be asked and nobody can be.

    `name_is_enough`: --confirm stands for --yes, where what is done was named one by one.
    """
    agreed = arguments.yes or (name_is_enough and arguments.confirm)
    if not (arguments.dry_run or agreed or asks(yes=arguments.yes)):
        raise Problem(
            "Nothing was changed: without a terminal to ask on, --yes is needed.",
            "Add --yes, or --dry-run to only look.",
        )
    return prompter(color=not arguments.no_color) if asks(yes=arguments.yes) and not arguments.dry_run else None


async def confirmed(
    arguments: OperationArguments | ChangeArguments,
    approval: Approval,
    prompt: Prompter | None,
    choices: Sequence[Choice] = (),
) -> str:
    """The release's name where it is needed, "" where it is not, after one of the choices; the first of them stops.

    Raises:
        Problem: it must not start, --confirm names another release, or the name is needed and nobody can be asked.
        KeyboardInterrupt: the person stops.
    """
    approval.refuse_blocked()
    approval.refuse_wrong_name(arguments.confirm)
    if prompt and choices and await prompt.choose("What now?", choices, choices[0].value) == choices[0].value:
        raise KeyboardInterrupt
    if prompt and approval.type_the_name_because and not arguments.confirm:
        title = f"{approval.type_the_name_because}. Type the release name ({approval.release}) to go on"
        return await prompt.text(title, "", approval.wrong_name)
    approval.require(arguments.confirm)
    return arguments.confirm
