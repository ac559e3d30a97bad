"""The options of every command, as argparse reads them; only imported when there is something to parse."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from wizard import streams
from wizard.cli.help import COMMANDS, EXAMPLES, EXIT_CODES, WORDS, program
from wizard.core.errors import Problem


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, as a Problem."""

    def error(self, message: str) -> NoReturn:
        """Raise it; argparse would print and exit."""
        text = message[:1].upper() + message[1:].rstrip(".")
        raise Problem(f"{text}.", f"See {self.prog} --help.")

    def _print_message(self, message: str, file: Any = None) -> None:
        streams.data(message)


class _Set(argparse.Action):
    """Keeps --set, --set-string and --set-file in the order they were given."""

    def __call__(self, parser: object, namespace: argparse.Namespace, values: Any, option: str | None = None) -> None:
        namespace.sets = (*getattr(namespace, "sets", ()), (option, values))


def parser(command: str) -> Parser:
    """The options of a command; "" means no command."""
    examples = "\n".join(f"  {program()} {one.format(program=program())}" for one in EXAMPLES.get(command, ()))
    made = Parser(
        prog=f"{program()} {command}".strip(),
        usage=f"{program()} {command} {WORDS.get(command, '')} [OPTIONS]".replace("  ", " "),
        description=f"{COMMANDS[command][:1].upper()}{COMMANDS[command][1:]}." if command else None,
        epilog=f"example:\n{examples}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    if command in WORDS:
        made.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    if command != "runs":
        _where(made)
    if command in ("install", "upgrade", "values", "check", "plan"):
        _answers(made)
    if command in ("install", "upgrade"):
        _operation(made, command)
    if command == "plan":
        _plan(made)
    if command == "history":
        _history(made)
    if command in ("rollback", "uninstall", "recover"):
        _on_release(made, command)
    if command == "check":
        made.add_argument("--helm", metavar="PATH", help="the helm to use")
    if command in ("status", "logs"):
        made.add_argument("--follow", action="store_true", help="go on until interrupted")
    if command == "logs":
        made.add_argument("-c", "--container", metavar="NAME", help="only this container")
        made.add_argument("--tail", type=int, metavar="N", help="only the last N lines of each container")
    _output(made)
    return made


def _where(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("where")
    group.add_argument("--context", metavar="NAME", help="kubeconfig context; the current one without it")
    group.add_argument("--kubeconfig", metavar="FILE", help="instead of $KUBECONFIG and ~/.kube/config")
    group.add_argument("-n", "--namespace", metavar="NAME", help="namespace")
    group.add_argument("--release", metavar="NAME", help="release name")


def _answers(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("answers")
    group.add_argument(
        "--preset", metavar="dev|staging|prod", help="sizes, replicas, ingress and log level to start from"
    )
    group.add_argument("--answer", action="append", metavar="ID=VALUE", help="answer a question; repeatable")
    group.add_argument("-f", "--values", action="append", metavar="FILE", help="values file, as in helm; repeatable")
    group.add_argument("--set", action=_Set, metavar="KEY=VALUE", help="set a value, as in helm; never a secret")
    group.add_argument("--set-string", action=_Set, metavar="KEY=VALUE", help="set a text")
    group.add_argument("--set-file", action=_Set, metavar="KEY=PATH", help="set a text from a file; never a secret")
    group.add_argument(
        "--secret-file", action="append", metavar="NAME=PATH", help="jwt, postgres, redis, smtp or grafana from a file"
    )
    group.add_argument("--existing-secret", action="append", metavar="NAME=SECRET", help="use a Secret that is there")
    group.add_argument("--chart", metavar="PATH", help="chart folder; the built-in one without it")
    group.add_argument("--write", metavar="FILE", help="where the values file goes (values: - prints it)")
    group.add_argument("--yes", action="store_true", help="ask nothing")


def _operation(parser: argparse.ArgumentParser, command: str) -> None:
    group = parser.add_argument_group("how")
    group.add_argument("--confirm", metavar="RELEASE", help="needed for prod, also with --yes")
    group.add_argument("--strict", action="store_true", help="stop when something that decides cannot be known")
    group.add_argument(
        "--accept", action="append", metavar="ID=REASON", help="go on in spite of that failed check; repeatable"
    )
    group.add_argument("--dry-run", action="store_true", help="stop after the checks; nothing is changed or written")
    group.add_argument("--timeout", metavar="TIME", help="how long helm waits (10m)")
    group.add_argument("--helm", metavar="PATH", help="the helm to use")
    group.add_argument("--wait", action="store_true", help="as in helm; always on")
    group.add_argument("--create-namespace", action="store_true", help="as in helm; always on")
    group.add_argument(
        "--rollback-on-failure", "--atomic", action="store_true", dest="undo",
        help="after a failure keep the evidence, then go back to what was there before",
    )  # fmt: skip
    group.add_argument(
        "--wait-anyway", action="store_true",
        help="without a person to ask: wait for the time limit even for a cause that cannot heal",
    )  # fmt: skip
    if command == "upgrade":
        group.add_argument("-i", "--install", action="store_true", help="install when there is no such release")


def _plan(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how")
    group.add_argument("--detailed-exitcode", action="store_true", help="exit 4 when there are changes")
    group.add_argument("--manifests", metavar="FILE", help="write the rendered objects, Secrets masked")
    group.add_argument("--helm", metavar="PATH", help="the helm to use")


def _on_release(parser: argparse.ArgumentParser, command: str) -> None:
    group = parser.add_argument_group("how")
    group.add_argument("--yes", action="store_true", help="ask nothing")
    group.add_argument("--confirm", metavar="RELEASE", help="needed for production, also with --yes")
    group.add_argument("--dry-run", action="store_true", help="only show it; nothing is changed")
    group.add_argument("--timeout", metavar="TIME", help="how long helm waits (10m)")
    group.add_argument("--helm", metavar="PATH", help="the helm to use")
    group.add_argument("--wait", action="store_true", help="as in helm; always on")
    if command == "rollback":
        group.add_argument("--revision", type=int, metavar="N", help="where to; without it the last good one before")
    elif command == "recover":
        group.add_argument(
            "--reason", metavar="TEXT", help="why nobody is at work on it, when that cannot be seen from here"
        )
        group.add_argument(
            "--undo", action="store_true", dest="undo_recover", help="put the record back as it was before recover"
        )
        group.add_argument(
            "--to", metavar="rollback|failed", help="roll back to the last good revision, or only mark as failed"
        )
    else:
        group.add_argument("--keep-history", action="store_true", help="as in helm: the revisions stay")
        group.add_argument(
            "--delete-namespace", action="store_true", help="the namespace too, if nothing of others is in it"
        )
        group.add_argument(
            "--leftovers", action="store_true", help="instead: what releases that are gone have left behind"
        )
        group.add_argument(
            "--delete", action="append", metavar="KIND/NAME", help="with --leftovers: delete this one; repeatable"
        )


def _history(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what to show of one revision, secrets masked")
    shown = {"values": "the values given to it", "all": "all its values", "manifest": "its objects"}
    for name, text in shown.items():
        group.add_argument(f"--{name}", action="append_const", dest="show", const=name, help=text)


def _output(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument(
        "-o", "--output", choices=("text", "json", "jsonl"), help="lines; one object at the end; one event a line"
    )
    group.add_argument("--plain", action="store_true", help="lines, never the full screen")
    group.add_argument("--no-color", action="store_true", help="no colour; NO_COLOR does the same")
    group.add_argument("--debug", action="store_true", help="show the trace of an unexpected error")
