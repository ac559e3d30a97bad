"""The commands that start from answers and change nothing in the cluster: plan, check, handoff, images and values."""

from __future__ import annotations

from dataclasses import dataclass

from wizard.cli.arguments.answers import AnswersArguments, ChartArguments, probe_option
from wizard.cli.arguments.base import HOW, force_conflicts_option, helm_option
from wizard.cli.arguments.option import option, repeatable, switch


@dataclass(frozen=True)
class ValuesArguments(AnswersArguments):
    """`values`."""

    def __post_init__(self) -> None:
        if self.write == "/dev/stdout":
            object.__setattr__(self, "write", "-")  # so that only the values are printed to stdout


@dataclass(frozen=True)
class ImagesArguments(AnswersArguments):
    """`images`."""

    digests: bool = switch("--digests", help="ask the registries, without a login, for the digest of each")
    helm: str = helm_option(group="")


@dataclass(frozen=True)
class CheckArguments(AnswersArguments):
    """`check`."""

    helm: str = helm_option(group="")
    only: tuple[str, ...] = repeatable("--only", group="", metavar="ID", help="this check alone; repeatable")
    strict: bool = switch("--strict", help="end with exit 2 for a warning too")
    probe: bool = probe_option("")
    force_conflicts: bool = force_conflicts_option("")


@dataclass(frozen=True)
class HandoffArguments(AnswersArguments):
    """`handoff`."""

    whom: str = option(
        "--for", metavar="WHO", help="user, group:NAME or system:serviceaccount:NAMESPACE:NAME; this login without it", group=HOW,
    )  # fmt: skip
    file: str = option("--file", metavar="FILE", help="a new file; printed without it", group=HOW, completion="file")
    helm: str = helm_option()


@dataclass(frozen=True)
class PlanArguments(ChartArguments):
    """`plan`."""

    detailed_exitcode: bool = switch("--detailed-exitcode", help="exit 4 when there are changes", group=HOW)
    manifests: str = option(
        "--manifests", metavar="FILE", help="write the rendered objects, Secrets masked", group=HOW, completion="file"
    )
    force_conflicts: bool = force_conflicts_option()
    helm: str = helm_option()
