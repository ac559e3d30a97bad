"""Which function answers which command."""

from __future__ import annotations

from wizard.cli.arguments import Arguments
from wizard.cli.output import Out
from wizard.core.errors import Problem
from wizard.engine.session import Session


async def run(arguments: Arguments, session: Session, out: Out, called: str) -> int:
    """Answer one command; `called` is this program as a person types it. Raises Problem."""
    match arguments.command:
        case "install" | "upgrade":
            from wizard.cli.commands import install

            return await install.operate(arguments, session, out, called)
        case "values":
            from wizard.cli.commands import install

            return await install.values(arguments, session, out)
        case "check":
            from wizard.cli.commands import install

            return await install.check(arguments, session, out)
        case "plan":
            from wizard.cli.commands import plan

            return await plan.plan(arguments, session, out)
        case "status":
            from wizard.cli.commands import status

            return await status.status(arguments, session, out)
        case "logs":
            from wizard.cli.commands import status

            return await status.logs(arguments, session, out)
        case "diagnose":
            from wizard.cli.commands import diagnose

            return await diagnose.diagnose(arguments, session, out)
        case "rollback":
            from wizard.cli.commands import rollback

            return await rollback.rollback(arguments, session, out, called)
        case "uninstall":
            from wizard.cli.commands import rollback

            if arguments.leftovers:
                from wizard.cli.commands import leftovers

                return await leftovers.leftovers(arguments, session, out)
            return await rollback.uninstall(arguments, session, out, called)
        case "recover":
            from wizard.cli.commands import recover

            return await recover.recover(arguments, session, out, called)
        case "history":
            from wizard.cli.commands import history

            return await history.history(arguments, session, out)
        case "runs":
            from wizard.cli.commands import runs

            return await runs.runs(arguments, session, out, called)
    raise Problem(f'"{arguments.command}" has no line form.', "See --help.")
