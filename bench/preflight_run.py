"""`python -m bench.preflight_run KUBECONFIG NAMESPACE HOW ANSWERS ...`: every check of a draft, in this new process; prints JSON.

Each ANSWERS is a JSON object. HOW: "once"; "serial": the requests are sent once more afterwards, one after another; "asking": what
stands beside the questions, for each of the ANSWERS in turn.
"""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, cast

from wizard import SELDOM, compose
from wizard.adapters.kube.connection import Connection
from wizard.core.rules.facts import Rendered
from wizard.engine.preflight import collectors
from wizard.engine.preflight.world import Collector, Fetch
from wizard.engine.state import Options
from wizard.ports.network import Network
from wizard.sandbox import toolchain


class NoNames:
    """DNS that knows no name: no measurement asks a server outside of this machine."""

    async def addresses(self, host: str, seconds: float) -> tuple[str, ...] | None:
        return ()


class Recorder:
    """How long each collector took, how many objects were rendered, and what was sent to the API server."""

    def __init__(self) -> None:
        self.collected: dict[str, float] = {}
        self.objects = 0
        self.sent: list[Callable[[], Any]] = []

    def install(self) -> None:
        """Look on from now on."""
        table = cast("dict[str, Collector]", collectors.COLLECTORS)
        for name, collector in table.items():
            table[name] = replace(collector, fetch=partial(self._fetch, name, collector.fetch))
        send = Connection.send

        def noted(connection: Connection, method: str, path: str, **named: Any) -> Any:
            self.sent.append(partial(send, connection, method, path, **named))
            return send(connection, method, path, **named)

        Connection.send = noted  # type: ignore[assignment,method-assign]  # every request goes through it

    async def _fetch(self, name: str, fetch: Fetch, world: Any, inputs: Mapping[str, Any]) -> Any:
        began = time.perf_counter()
        try:
            fact = await fetch(world, inputs)
        finally:
            self.collected[name] = time.perf_counter() - began
        if isinstance(fact, Rendered):
            self.objects = len(fact.objects)
        return fact


def main(kubeconfig: str, namespace: str, how: str, *answers: str) -> None:
    """Measure, as a program that just started."""
    gc.set_threshold(*SELDOM)
    recorder = Recorder()
    recorder.install()
    print(
        json.dumps(asyncio.run(_measured(recorder, kubeconfig, namespace, how, [json.loads(one) for one in answers])))
    )


async def _measured(
    recorder: Recorder, kubeconfig: str, namespace: str, how: str, answers: list[Mapping[str, str | None]]
) -> dict[str, Any]:
    helm = str(toolchain.tool_path("helm4"))
    session = compose.session(Options(kubeconfig=kubeconfig, namespace=namespace), helm_path=helm)
    session._state.ports = session._state.ports._replace(network=cast("Network", NoNames()))
    session.kubeconfig()
    look = session.installer.while_asking if how == "asking" else session.installer.checks
    looks = []
    for given in answers:
        before, began = len(recorder.sent), time.perf_counter()
        states = {result.id: result.state async for result in look(session.answers.new().with_answers(given))}
        looks.append({
            "seconds": time.perf_counter() - began, "requests": len(recorder.sent) - before, "states": states,
        })  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    serial = await asyncio.to_thread(_one_after_another, recorder) if how == "serial" else 0.0
    await session.close()
    return {
        "looks": looks,
        "peak": peak,
        "collectors": recorder.collected,
        "objects": recorder.objects,
        "serial": serial,
    }


def _one_after_another(recorder: Recorder) -> float:
    """Seconds that the same requests take, each after the answer to the one before."""
    sent = list(recorder.sent)
    began = time.perf_counter()
    for send in sent:
        send().read()
    return time.perf_counter() - began


if __name__ == "__main__":
    main(*sys.argv[1:])
