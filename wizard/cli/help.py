"""The commands, how they are explained, and how this program was called."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

COMMANDS: Final[Mapping[str, str]] = {
    "install": "ask what is missing, check, install, and show it becoming ready",
    "upgrade": "the same for a release that is there; with --install also for one that is not",
    "rollback": "go back to an earlier revision, previewed",
    "uninstall": "remove a release; lists first what goes, what stays and what is lost for ever",
    "recover": "a release that is stuck in pending-*: who is at work on it, backup, repair",
    "values": "write the values file only; needs no cluster",
    "check": "all checks, read-only",
    "plan": "what install or upgrade would change, object by object; changes nothing",
    "status": "how a release is, live with --follow",
    "diagnose": "what is wrong with a release, the cause first; read-only, asks nothing",
    "logs": "the lines of all its containers, live with --follow",
    "history": "the revisions of a release; one of them, or two compared",
    "runs": "past and running operations; with an ID comes back to one; PATH shows a record that was copied here",
    "sandbox": "a real control plane on this machine to practise on",
}
EXAMPLES: Final[Mapping[str, Sequence[str]]] = {
    "install": ("install --preset dev --dry-run", "install --preset dev --yes"),
    "upgrade": ("upgrade --preset dev --set replicaCount=2 --yes",),
    "values": (
        "values --preset prod --answer image=ghcr.io/acme/llm-cost-ops:v1.0.0 --answer host=api.acme.com --write -",
    ),
    "rollback": ("rollback --dry-run", "rollback 3 --yes"),
    "uninstall": ("uninstall --dry-run", "uninstall --yes", "uninstall --leftovers"),
    "recover": ("recover --dry-run", "recover --confirm llm-cost-ops"),
    "check": ("check --preset dev",),
    "plan": ("plan --set replicaCount=3", "plan -f values.yaml --detailed-exitcode"),
    "status": ("status", "status --output json"),
    "diagnose": ("diagnose", "diagnose --output json"),
    "logs": ("logs --tail 20",),
    "history": ("history", "history 1 --values"),
    "runs": ("runs", "runs 7f3a", "runs ./record.jsonl"),
    "sandbox": ("sandbox up", 'eval "$({program} sandbox env)"'),
}
WORDS: Final[Mapping[str, str]] = {
    "install": "[RELEASE [CHART]]", "upgrade": "[RELEASE [CHART]]", "status": "[RELEASE]", "diagnose": "[RELEASE]", "logs": "[RELEASE]",
    "rollback": "[RELEASE] [REVISION]", "uninstall": "[RELEASE]", "recover": "[RELEASE]", "runs": "[ID|PATH]", "plan": "[RELEASE [CHART]]", "history": "[RELEASE] [REVISION [REVISION]]",
}  # fmt: skip
"""Positional arguments, where there are any."""
EXIT_CODES: Final = """exit codes:
  0    done; for status and diagnose: healthy, or on its way
  1    the operation failed; for status and diagnose: a problem was found
  2    blocked by a failed check, a refused plan, or bad input
  3    something that decides could not be known; for status and diagnose: nothing found
  4    plan --detailed-exitcode: there are changes
  130  interrupted"""


def program() -> str:
    """How this program was called, so that printed commands work when pasted."""
    called = sys.argv[0]
    if Path(called).name == "__main__.py":
        return f"{_as_typed(sys.executable)} -m wizard"
    return _as_typed(called)


def _as_typed(path: str) -> str:
    """The shortest text that a shell here understands as this program."""
    name = Path(path).name
    found = shutil.which(name)
    if found and Path(found).absolute() == Path(path).absolute():
        return name
    near = os.path.relpath(path)
    return path if near.startswith("..") else near


def top_help() -> str:
    """The help of the program without a command."""
    name = program()
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {command.ljust(width)}  {text}" for command, text in COMMANDS.items())
    return f"""usage: {name} [COMMAND] [OPTIONS]

Installs LLM Cost Ops on Kubernetes and shows it becoming ready. Without a command, on a terminal: the full screen.

commands:
{commands}

  {name} COMMAND --help    the options of a command, with an example
  {name} --version

example:
  {name} sandbox up
  eval "$({name} sandbox env)"
  {name} install --preset dev --yes

{EXIT_CODES}
"""
