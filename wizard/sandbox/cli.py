"""`sandbox up|down|status|env|scenario|user`: the local control plane from the command line."""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from wizard import streams
from wizard.core.errors import Exit, Problem
from wizard.core.text import sanitize
from wizard.sandbox.catalog import APP_IMAGE, APP_NAMESPACE, DEFAULT_NAME, EXTRAS, SCENARIOS, USERS

if TYPE_CHECKING:
    from wizard.sandbox.cluster import SandboxInfo, SandboxStatus
    from wizard.sandbox.objects import NodeShape

# The commands import cluster and toolchain themselves: building this parser must stay cheap, and cluster imports
# the cryptography package.

DESCRIPTION = "A real Kubernetes control plane on this machine: no containers, no root, 127.0.0.1 only."


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `sandbox` and its commands to a command line."""
    parser = subparsers.add_parser(
        "sandbox",
        help="a local control plane to try things in",
        description=DESCRIPTION,
        epilog=_examples(
            "sandbox up", 'eval "$(llm-cost-ops-wizard sandbox env)" && kubectl get nodes',
            "sandbox scenario image-pull", "sandbox scenario none", "sandbox down",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add_commands(parser.add_subparsers(dest="sandbox_command", required=True, metavar="COMMAND"))


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands of the sandbox."""
    up = _command(
        commands,
        "up",
        "start it and wait until its nodes are ready",
        "sandbox up",
        "sandbox up --name big --nodes 50 --cpu 8 --memory 32Gi",
        "sandbox up --with cert-manager",
    )
    up.add_argument("--nodes", type=int, metavar="N", help="number of nodes (3)")
    up.add_argument("--cpu", metavar="QUANTITY", help="CPUs of each node (4)")
    up.add_argument("--memory", metavar="QUANTITY", help="memory of each node (8Gi)")
    up.add_argument("--zones", type=int, metavar="N", help="zones over which the nodes are spread (3)")
    up.add_argument("--audit", action="store_true", help="log every request to audit.log in the sandbox's folder")
    up.add_argument(
        "--with", dest="extras", action="append", default=[], choices=tuple(EXTRAS), metavar="NAME", help=_table(EXTRAS)
    )
    down = _command(commands, "down", "stop it and remove all of its state", "sandbox down", "sandbox down --all")
    down.add_argument("--all", action="store_true", help="every sandbox, including crashed ones")
    _command(commands, "status", "say whether it runs", "sandbox status", "sandbox status --output json")
    _command(
        commands,
        "env",
        "print shell lines that point kubectl and helm at it",
        'eval "$(llm-cost-ops-wizard sandbox env)"',
    )
    scenario = _command(
        commands, "scenario", "switch a fault on or off", "sandbox scenario image-pull", "sandbox scenario none"
    )
    scenario.add_argument("scenario", choices=tuple(SCENARIOS), metavar="SCENARIO", help=_table(SCENARIOS))
    scenario.add_argument(
        "--image",
        default=APP_IMAGE,
        metavar="NAME",
        help="last part of the image name that it affects (llm-cost-ops)",
    )
    scenario.add_argument("--namespace", metavar="NAME", help="only pods of this namespace")
    user = _command(
        commands,
        "user",
        "print the path of a kubeconfig with fewer rights",
        "sandbox user namespace-only --namespace team-a",
    )
    user.add_argument("user", choices=tuple(USERS), metavar="USER", help=_table(USERS))
    user.add_argument(
        "--namespace",
        default=APP_NAMESPACE,
        metavar="NAME",
        help="namespace of its rights and its context (llm-cost-ops)",
    )


def _table(names: Mapping[str, str]) -> str:
    return "; ".join(f"{name} ({text})" for name, text in names.items())


def _examples(*commands: str) -> str:
    lines = (text if text.startswith("eval") else f"llm-cost-ops-wizard {text}" for text in commands)
    return "\n".join(["examples:", *(f"  {line}" for line in lines)])


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, help_text: str, *examples: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name, help=help_text, description=help_text[0].upper() + help_text[1:] + ".", epilog=_examples(*examples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--name", default=DEFAULT_NAME, help="which sandbox, when there are several (default)")
    parser.add_argument("--output", choices=("text", "json"), default="text", help="output format (text)")
    return parser


def run(args: argparse.Namespace) -> int:
    """Run the parsed command; returns the exit code."""
    command: Callable[[argparse.Namespace], int] = _COMMANDS[args.sandbox_command]
    try:
        return command(args)
    except Problem as problem:
        return _refuse(args, problem)
    except OSError as error:
        what = f"{error.filename or 'A file of the sandbox'}: {error.strerror or error}."
        return _refuse(
            args,
            Problem(
                what, "The sandbox needs a state folder that it can write to: see XDG_STATE_HOME and HOME.", Exit.FAILED
            ),
        )
    except KeyboardInterrupt:
        streams.message("Interrupted.\n")
        return int(Exit.INTERRUPTED)


def _refuse(args: argparse.Namespace, problem: Problem) -> int:
    if args.output == "json":
        _print(json.dumps({"error": problem.what, "next_step": problem.next_step}))
    streams.message(f"{sanitize.text(str(problem))}\n")
    return int(problem.code)


def _message(text: str) -> None:
    streams.message(f"{text}\n")


def _print(text: object) -> None:
    streams.data(f"{text}\n")


def _up(args: argparse.Namespace) -> int:
    from wizard.sandbox import cluster

    info = cluster.up(args.name, _shape(args), audit=args.audit, extras=args.extras, progress=_message)
    if args.output == "json":
        _print(json.dumps(_info(info)))
    else:
        _print(f"Sandbox {info.name!r} runs: {info.nodes.count} nodes, context {info.context}, image {info.image}")
        _print(f"KUBECONFIG={info.kubeconfig}")
    return Exit.DONE


def _shape(args: argparse.Namespace) -> NodeShape | None:
    from wizard.sandbox.objects import NodeShape

    given = {"count": args.nodes, "cpu": args.cpu, "memory": args.memory, "zones": args.zones}
    given = {key: value for key, value in given.items() if value is not None}
    if not given:
        return None
    return NodeShape.checked(**given)


def _info(info: SandboxInfo) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(asdict(info), default=str))
    return plain


def _down(args: argparse.Namespace) -> int:
    from wizard.sandbox import cluster

    stopped = [name for name in (cluster.names() if args.all else [args.name]) if cluster.down(name)]
    if args.output == "json":
        _print(json.dumps({"stopped": stopped}))
    else:
        _print(f"Stopped: {', '.join(stopped)}." if stopped else "There was nothing to stop.")
    return Exit.DONE


def _status(args: argparse.Namespace) -> int:
    from wizard.sandbox import cluster

    state = cluster.status(args.name)
    if args.output == "json":
        _print(json.dumps(_status_json(state)))
    else:
        _print(_status_text(state))
    return Exit.FAILED if state.state == "broken" else Exit.DONE


def _status_json(status: SandboxStatus) -> dict[str, Any]:
    return {
        "name": status.name, "state": status.state, "scenario": status.scenario, "missing": list(status.missing),
        "info": _info(status.info) if status.info else None,
    }  # fmt: skip


def _status_text(status: SandboxStatus) -> str:
    if status.state == "down":
        return f"Sandbox {status.name!r} does not run."
    if status.state == "broken" or status.info is None:
        lost = f": {', '.join(status.missing)} ended" if status.missing else ""
        return f"Sandbox {status.name!r} is broken{lost}. `sandbox up` starts it anew, `sandbox down` removes it."
    info = status.info
    return "\n".join(
        (
            f"Sandbox {status.name!r} runs at {info.server}, scenario: {status.scenario}",
            f"  {info.nodes.count} nodes of {info.nodes.cpu} CPU and {info.nodes.memory}",
            f"  kubeconfig {info.kubeconfig}, context {info.context}",
        )
    )


def _env(args: argparse.Namespace) -> int:
    from wizard.sandbox import cluster

    variables = cluster.environment(args.name)
    if args.output == "json":
        _print(json.dumps(variables))
    else:
        for key, value in variables.items():
            _print(f"export {key}={shlex.quote(value)}")
    return Exit.DONE


def _scenario(args: argparse.Namespace) -> int:
    from wizard.sandbox import cluster

    cluster.scenario(args.name, args.scenario, image=args.image, namespace=args.namespace)
    if args.output == "json":
        _print(json.dumps({"name": args.name, "scenario": args.scenario}))
    else:
        _print(f"Scenario of sandbox {args.name!r}: {args.scenario}")
    return Exit.DONE


def _user(args: argparse.Namespace) -> int:
    from wizard.sandbox import users

    path = users.user_kubeconfig(args.name, args.user, namespace=args.namespace)
    _print(json.dumps({"kubeconfig": str(path)}) if args.output == "json" else path)
    return Exit.DONE


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "up": _up,
    "down": _down,
    "status": _status,
    "env": _env,
    "scenario": _scenario,
    "user": _user,
}
