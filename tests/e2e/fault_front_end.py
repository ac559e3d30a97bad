"""A front end for the fault matrix: starts a run and follows it in lines, as `install --yes` does once its checks are made.

`python -m tests.e2e.fault_front_end SPECIFICATION SECRETS`: two JSON files, the second `{Secret: {key: value}}`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from wizard import compose
from wizard.cli.follow import follow
from wizard.cli.output import Out
from wizard.core.run.spec import RunSpec
from wizard.core.text.secrets import Secret
from wizard.engine.state import Options


def main(specification: str, secrets: str) -> int:
    """The exit code of the run, or 130 when the person left it."""
    data = json.loads(Path(specification).read_text())
    spec = RunSpec.of_data(data, "")
    material = json.loads(Path(secrets).read_text())
    session = compose.session(Options(kubeconfig=spec.target.kubeconfig))
    told = {name: {key: Secret(value) for key, value in keys.items()} for name, keys in material.items()}
    run_id = session._state.ports.runs.start(spec, data["values"], told)
    _, code = asyncio.run(follow(session, run_id, Out(), None, called="llm-cost-ops-wizard"))
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
