"""The arguments that commands share: cluster, release, output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from wizard.cli.arguments.option import option, switch
from wizard.core.errors import Problem

if TYPE_CHECKING:
    from wizard.cli.output import Output
    from wizard.engine.state import Options

WHERE: Final = "where"
ANSWERS: Final = "answers"
HOW: Final = "how"
REVISION: Final = "what to show of one revision, secrets masked"
OUTPUT: Final = "output"
GROUPS: Final = ("", WHERE, ANSWERS, HOW, REVISION, OUTPUT)
"""Titles of the help, in order; "" is argparse's own, "options"."""


# Nobody makes a base itself: without the methods that its subclasses get anyway, each saves a start 1 ms.
@dataclass(frozen=True, repr=False, eq=False)
class Arguments:
    """The arguments of every command. `output` is "" when it was not given; then a terminal gets the full screen."""

    command: str = ""
    output: str = option(
        "-o", "--output", choices=("text", "json", "jsonl"), help="plain text; one object at the end; one event a line",
        group=OUTPUT,
    )  # fmt: skip
    plain: bool = switch("--plain", help="plain text, never the full screen", group=OUTPUT)
    no_color: bool = switch("--no-color", help="no colour; NO_COLOR does the same", group=OUTPUT)
    debug: bool = switch("--debug", help="show the trace of an unexpected error", group=OUTPUT)

    @property
    def mode(self) -> Output:
        """The format of standard output."""
        return "jsonl" if self.output == "jsonl" else "json" if self.output == "json" else "text"

    @property
    def helm_path(self) -> str:
        """The value of --helm; "" without it, and for commands that run no helm."""
        return str(getattr(self, "helm", ""))

    @property
    def is_quiet(self) -> bool:
        """The value of --quiet; False for commands that follow no run."""
        return bool(getattr(self, "quiet", False))

    def has_screen(self) -> bool:
        """Whether the full screen can do what this command line asks for."""
        return False

    def wants_plain(self) -> bool:
        """Whether the command line asks for plain output instead of the full screen."""
        return self.plain or bool(self.output) or self.is_quiet

    def options(self) -> Options:
        """The options of the session.

        Raises:
            Problem: two different releases or charts are named.
        """
        from wizard.engine.state import Options

        return Options()


@dataclass(frozen=True, init=False, repr=False, eq=False)
class ClusterArguments(Arguments):
    """A command that uses a cluster."""

    context: str = option(
        "--context", metavar="NAME", help="kubeconfig context; the current one without it", group=WHERE
    )
    kubeconfig: str = option(
        "--kubeconfig", metavar="FILE", help="instead of $KUBECONFIG and ~/.kube/config", group=WHERE, completion="file"
    )
    namespace: str = option("-n", "--namespace", metavar="NAME", help="namespace", group=WHERE)
    release: str = option("--release", metavar="NAME", help="release name", group=WHERE)

    @override
    def options(self) -> Options:
        from wizard.engine.state import Options

        return Options(self.kubeconfig, self.context, self.namespace, self.release)


def yes_option(group: str) -> Any:
    """The flag --yes."""
    return switch("--yes", help="ask nothing", group=group)


def helm_option(group: str = HOW) -> Any:
    """The flag --helm."""
    return option("--helm", metavar="PATH", help="the helm to use", group=group, completion="file")


def timeout_option() -> Any:
    """The flag --timeout."""
    return option("--timeout", metavar="TIME", help="how long helm waits (10m)", group=HOW, default="10m")


def quiet_option() -> Any:
    """The flag --quiet."""
    return switch("-q", "--quiet", help="only what is wrong, what was decided, and the result", group=OUTPUT)


def wait_option() -> Any:
    """The flag --wait, accepted as in helm; it changes nothing."""
    return switch("--wait", help="as in helm; always on", group=HOW)


def force_conflicts_option(group: str = HOW) -> Any:
    """The flag --force-conflicts."""
    return switch(
        "--force-conflicts", help="as in helm 4: take over the fields that others set; the plan names each", group=group
    )


def once(what: str, flag: str, word: str) -> str:
    """The value of a flag or of a positional argument; raises Problem when both are given and differ."""
    if flag and word and flag != word:
        raise Problem(f'The {what} is named twice: "{word}" and "{flag}".', f"Name the {what} once.")
    return flag or word
