"""Asks a person to confirm an operation; the release's name comes from --confirm or is typed."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.cli.answers import asks
from wizard.cli.arguments.operation import OperationArguments
from wizard.cli.arguments.release import ChangeArguments
from wizard.cli.prompts import Prompter, prompter
from wizard.core.answers.questions.question import Choice
from wizard.core.errors import Problem
from wizard.engine.approval import Approval


def prompt_or_yes(arguments: OperationArguments | ChangeArguments, *, name_is_enough: bool = False) -> Prompter | None:
    """The prompter, None when nothing has to be asked; raises Problem when something has to be asked and nobody can be.

    `name_is_enough`: --confirm implies --yes, because each object was named.
    """
    agreed = arguments.yes or (name_is_enough and arguments.confirm)
    if not (arguments.dry_run or agreed or asks(yes=arguments.yes)):
        raise Problem(
            "Nothing was changed: without a terminal to ask on, --yes is needed.",
            "Add --yes, or --dry-run for a preview.",
        )
    return prompter(color=not arguments.no_color) if asks(yes=arguments.yes) and not arguments.dry_run else None


async def confirmed(
    arguments: OperationArguments | ChangeArguments,
    approval: Approval,
    prompt: Prompter | None,
    choices: Sequence[Choice] = (),
) -> str:
    """Ask for one of the choices (the first one stops), then return the release's name, "" where it is not needed.

    Raises:
        Problem: the operation is blocked, --confirm names another release, or the name is needed and no one can be asked.
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
