"""How `make test` shares the tests out: one worker takes those on a cluster, the other those that need none, until they meet.

A cluster needs a core of its own for most of the time in which its test waits, and a sandbox for each worker costs its start and its
idling. So the first worker goes from the front of the queue, where the tests on a cluster are (see conftest.py), and the others come
from its end.
"""

from __future__ import annotations

from typing import Final

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling
from xdist.workermanage import WorkerController

_FIRST: Final = "gw0"
_LONG: Final = ("tests/e2e/", "tests/realnode/", "_e2e.py::")
"""Where a test takes seconds: each is handed out by itself."""


class FromBothEnds(LoadGroupScheduling):  # type: ignore[misc]  # xdist ships no types
    """Groups as they are marked, long tests one by one, the others file by file.

    A message for each of nine thousand short tests, and a search in all that were handed out, took longer than the tests did; and
    what a file renders or builds once would be built on every worker.
    """

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        if scope != nodeid or any(part in nodeid for part in _LONG):
            return scope
        return nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        if node.gateway.id != _FIRST:
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadGroupScheduling | None:
    """The scheduler of `--dist loadgroup`."""
    if config.getoption("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False  # the order of conftest.py
    return FromBothEnds(config, log)
