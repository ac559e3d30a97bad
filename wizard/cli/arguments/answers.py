"""What the commands share that start from answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from wizard.cli.arguments.base import ANSWERS, ClusterArguments, once, yes_option
from wizard.cli.arguments.option import Flag, from_flags, option, positional, repeatable, switch
from wizard.core.errors import Problem

if TYPE_CHECKING:
    from wizard.engine.release.listing import Asked
    from wizard.engine.state import Options

GUIDE_CHART: Final = "llm-cost-ops/llm-cost-ops"
"""The chart reference that the guide prints: the built-in chart, unless a version or a proof of it is asked for."""


def _set(name: str, metavar: str, help_text: str) -> Flag:
    return Flag((name,), {"action": "append_named", "metavar": metavar, "help": help_text}, ANSWERS)


@dataclass(frozen=True, init=False, repr=False, eq=False)
class AnswersArguments(ClusterArguments):
    """A command that starts from answers."""

    preset: str = option(
        "--preset", metavar="dev|staging|prod", help="sizes, replicas, ingress and log level to start from",
        group=ANSWERS, completion=("dev", "staging", "prod"),
    )  # fmt: skip
    answer: tuple[str, ...] = repeatable(
        "--answer", metavar="ID=VALUE", help="answer a question; repeatable", group=ANSWERS
    )
    values: tuple[str, ...] = repeatable(
        "-f", "--values", metavar="FILE", help="values file, as in helm: FILE,FILE or - too; repeatable", group=ANSWERS,
        completion="file",
    )  # fmt: skip
    sets: tuple[tuple[str, str], ...] = from_flags(
        _set("--set", "KEY=VALUE", "set a value, as in helm; never a secret"),
        _set("--set-string", "KEY=VALUE", "set a text"),
        _set("--set-json", "KEY=JSON", "set a JSON value, or all of one JSON object"),
        _set("--set-literal", "KEY=TEXT", "set a text in which nothing is special"),
        _set("--set-file", "KEY=PATH", "set a text from a file; never a secret"),
        default=(),
    )
    """Each flag with its value, in the given order."""
    secret_file: tuple[str, ...] = repeatable(
        "--secret-file", metavar="NAME=PATH", help="jwt, postgres, redis, smtp or grafana from a file", group=ANSWERS
    )
    existing_secret: tuple[str, ...] = repeatable(
        "--existing-secret", metavar="NAME=SECRET", help="use an existing Secret", group=ANSWERS
    )
    accept_secret_in_history: bool = switch(
        "--accept-secret-in-history", help="leave secrets where they are in the values; Helm's history then stores them",
        group=ANSWERS,
    )  # fmt: skip
    chart: str = option(
        "--chart", metavar="CHART", help="folder, .tgz, REPO/NAME, https:// or oci://, as in helm; the built-in one without it",
        group=ANSWERS, completion="file",
    )  # fmt: skip
    chart_version: str = option(
        "--chart-version", metavar="VERSION", help="version or constraint, as helm's --version; the newest without it",
        group=ANSWERS,
    )  # fmt: skip
    verify: bool = switch("--verify", help="refuse a chart whose provenance helm cannot verify", group=ANSWERS)
    keyring: str = option(
        "--keyring", metavar="FILE", help="public keys for --verify; helm's default without it", group=ANSWERS,
        completion="file",
    )  # fmt: skip
    write: str = option(
        "--write", metavar="FILE", help="where the values file goes (values: - prints it)", group=ANSWERS,
        completion="file",
    )  # fmt: skip
    yes: bool = yes_option(ANSWERS)

    @override
    def options(self) -> Options:
        return self._options(self.release, self.chart)

    def _options(self, release: str, chart: str) -> Options:
        from wizard.core.helm.chart import ChartOptions, refuse_login
        from wizard.engine.state import Options

        refuse_login(chart)
        asked = ChartOptions(self.chart_version.strip(), self.verify, self.keyring)
        built_in = chart == GUIDE_CHART and asked == ChartOptions() and not Path(chart).exists()
        chart = "" if built_in else chart
        if not chart and asked != ChartOptions():
            raise Problem(
                "--chart-version, --verify and --keyring are about a chart from elsewhere; the built-in one is part of the wizard.",
                "Name the chart with --chart.",
            )
        return Options(self.kubeconfig, self.context, self.namespace, release, chart, asked)


def probe_option(group: str) -> Any:
    """The field of --probe."""
    return switch(
        "--probe", help="have a short-lived pod in the namespace try the external database (D01)", group=group
    )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class ChartArguments(AnswersArguments):
    """A command on RELEASE with CHART; the release may exist or not."""

    words: tuple[str, ...] = positional()

    @override
    def options(self) -> Options:
        release, chart = (*self.words, "", "")[:2]
        return self._options(once("release", self.release, release), once("chart", self.chart, chart))

    def asked(self) -> Asked:
        """The operation that the command asks for."""
        return "either"


def pair(flag: str, text: str, example: str) -> tuple[str, str]:
    """Key and value of KEY=VALUE; raises Problem with the example for any other text."""
    key, sign, value = text.partition("=")
    if not (key and sign and value):
        raise Problem(f'{flag} "{text}" is not of the form {flag} {example}.', "Write it like that.")
    return key, value
