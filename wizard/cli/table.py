"""The table of commands, from which parser, help, completion and dispatch are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from wizard.cli.arguments.base import Arguments


class Command(NamedTuple):
    """One command. Dataclass and function are given by name: only those of the called command are imported."""

    name: str
    text: str
    """What the command does, in one line."""
    arguments: str
    """Its dataclass, MODULE:NAME in wizard.cli.arguments."""
    answer: str
    """The function that runs it, MODULE:NAME in wizard.cli.commands."""
    examples: tuple[str, ...]
    """Command lines without the program, or with {program} where the program does not come first."""
    words: str = ""
    """Positional arguments as the usage line shows them; the field `words` of the dataclass holds them."""
    called: bool = False
    """Whether the function also gets the name that this program was called by."""
    session: bool = True
    """Whether the function needs a session; without one it gets the arguments alone."""
    register: str = ""
    """The function that adds its parser, MODULE:NAME in wizard.cli.commands, where the dataclass does not describe it."""

    def arguments_type(self) -> type[Arguments]:
        """The dataclass."""
        kind: type[Arguments] = _load(f"wizard.cli.arguments.{self.arguments}")
        return kind

    def function(self) -> Callable[..., Any]:
        """The function; a coroutine function where it needs a session."""
        function: Callable[..., Any] = _load(f"wizard.cli.commands.{self.answer}")
        return function

    def registration(self) -> Callable[..., None]:
        """The function of `register`; it takes argparse's sub-parsers."""
        function: Callable[..., None] = _load(f"wizard.cli.commands.{self.register}")
        return function

    def example_lines(self, program: str) -> list[str]:
        """The examples as a person types them."""
        return [
            line.replace("{program}", program) if "{program}" in line else f"{program} {line}" for line in self.examples
        ]


def _load(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


_ALL: Final = (
    Command(
        "install", "ask what is missing, check, install, and show it becoming ready",
        "install:InstallArguments", "install:operate", ("install --preset dev --dry-run", "install --preset dev --yes"),
        words="[RELEASE [CHART]]", called=True,
    ),
    Command(
        "upgrade", "the same for an existing release; with --install also for a new one",
        "upgrade:UpgradeArguments", "install:operate", ("upgrade --preset dev --set replicaCount=2 --yes",),
        words="[RELEASE [CHART]]", called=True,
    ),
    Command(
        "rollback", "go back to an earlier revision, previewed",
        "release:RollbackArguments", "rollback:rollback", ("rollback --dry-run", "rollback 3 --yes"),
        words="[RELEASE] [REVISION]", called=True,
    ),
    Command(
        "uninstall", "remove a release; first lists what is deleted, kept and lost for ever",
        "release:UninstallArguments", "rollback:uninstall", ("uninstall --dry-run", "uninstall --yes", "uninstall --leftovers"),
        words="[RELEASE]", called=True,
    ),
    Command(
        "recover", "a release that is stuck in pending-*: who is at work on it, backup, repair",
        "release:RecoverArguments", "recover:recover", ("recover --dry-run", "recover --confirm llm-cost-ops"),
        words="[RELEASE]", called=True,
    ),
    Command(
        "values", "write the values file only; needs no cluster",
        "preview:ValuesArguments", "install:values",
        ("values --preset prod --answer image=ghcr.io/acme/llm-cost-ops:v1.0.0 --answer host=api.acme.com --write -",),
    ),
    Command(
        "images", "list every image that would be pulled, for a mirror; needs no cluster",
        "preview:ImagesArguments", "images:images",
        ("images --preset prod --answer image=ghcr.io/acme/llm-cost-ops:v1.0.0 --answer host=api.acme.com --digests",),
    ),
    Command(
        "check", "all checks, read-only",
        "preview:CheckArguments", "install:check", ("check --preset dev",),
    ),
    Command(
        "handoff", "the YAML with which an administrator grants what a run needs, and no more",
        "preview:HandoffArguments", "handoff:handoff",
        ("handoff --preset dev", "handoff --preset dev --for group:costs --file handoff.yaml"),
    ),
    Command(
        "plan", "what install or upgrade would change, object by object; changes nothing",
        "preview:PlanArguments", "plan:plan", ("plan --set replicaCount=3", "plan -f values.yaml --detailed-exitcode"),
        words="[RELEASE [CHART]]",
    ),
    Command(
        "status", "the status of a release, live with --follow",
        "release:StatusArguments", "status:status", ("status", "status --output json"),
        words="[RELEASE]",
    ),
    Command(
        "diagnose", "what is wrong with a release, the cause first; read-only, asks nothing",
        "release:DiagnoseArguments", "diagnose:diagnose", ("diagnose", "diagnose --output json", "diagnose --bundle incident.tar.gz"),
        words="[RELEASE]",
    ),
    Command(
        "bundle", "save what diagnose reads in a file to give away, without secrets; lists it first",
        "release:BundleArguments", "bundle:bundle", ("bundle", "bundle --yes --file incident.tar.gz"),
        words="[RELEASE]", called=True,
    ),
    Command(
        "report", "one HTML page of an incident to give away or to print, without secrets",
        "release:ReportArguments", "report:report", ("report", "report --run 3f9a", "report --bundle incident.tar.gz --file incident.html"),
        words="[RELEASE]",
    ),
    Command(
        "logs", "the logs of all its containers, live with --follow",
        "release:LogsArguments", "status:logs", ("logs --tail 20",),
        words="[RELEASE]",
    ),
    Command(
        "history", "the revisions of a release; one of them, or two compared",
        "release:HistoryArguments", "history:history", ("history", "history 1 --values"),
        words="[RELEASE] [REVISION [REVISION]]",
    ),
    Command(
        "runs", "past and running operations; an ID attaches to one; PATH shows a copied record",
        "local:RunsArguments", "runs:runs", ("runs", "runs 7f3a", "runs ./record.jsonl"),
        words="[ID|PATH]", called=True,
    ),
    Command(
        "sandbox", "a real control plane on this machine to practise on",
        "local:SandboxArguments", "sandbox:sandbox", ("sandbox up", 'eval "$({program} sandbox env)"'),
        session=False, register="sandbox:register",
    ),
    Command(
        "completion", "print the script that completes commands and options in bash, zsh or fish",
        "local:CompletionArguments", "completion:completion",
        (
            'eval "$({program} completion bash)"     # the line for ~/.bashrc',
            'eval "$({program} completion zsh)"      # the line for ~/.zshrc, after compinit',
            "{program} completion fish | source      # the line for ~/.config/fish/config.fish",
        ),
        words="bash|zsh|fish", session=False,
    ),
)  # fmt: skip
COMMANDS: Final[Mapping[str, Command]] = {command.name: command for command in _ALL}
