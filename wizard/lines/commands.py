"""Which function answers which command."""

from __future__ import annotations

from wizard.core.errors import Problem
from wizard.engine.session import Session
from wizard.lines.arguments import Arguments
from wizard.lines.out import Out


async def run(arguments: Arguments, session: Session, out: Out, called: str) -> int:
    """Answer one command; `called` is this program as a person types it. Raises Problem."""
    match arguments.command:
        case "install" | "upgrade":
            from wizard.lines import operate

            return await operate.operate(arguments, session, out, called)
        case "values":
            from wizard.lines import operate

            return await operate.values(arguments, session, out)
        case "check":
            from wizard.lines import operate

            return await operate.check(arguments, session, out)
        case "plan":
            from wizard.lines import plan

            return await plan.plan(arguments, session, out)
        case "status":
            from wizard.lines import status

            return await status.status(arguments, session, out)
        case "logs":
            from wizard.lines import status

            return await status.logs(arguments, session, out)
        case "diagnose":
            from wizard.lines import diagnose

            return await diagnose.diagnose(arguments, session, out)
        case "rollback":
            from wizard.lines import back

            return await back.rollback(arguments, session, out, called)
        case "uninstall":
            from wizard.lines import back

            if arguments.leftovers:
                from wizard.lines import leftovers

                return await leftovers.leftovers(arguments, session, out)
            return await back.uninstall(arguments, session, out, called)
        case "recover":
            from wizard.lines import recover

            return await recover.recover(arguments, session, out, called)
        case "history":
            from wizard.lines import history

            return await history.history(arguments, session, out)
        case "runs":
            from wizard.lines import runs

            return await runs.runs(arguments, session, out, called)
    raise Problem(f'"{arguments.command}" has no line form.', "See --help.")
