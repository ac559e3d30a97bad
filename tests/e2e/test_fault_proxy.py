"""The proxy that stands for a misbehaving API server does what the tests that use it believe."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import faultproxy
from tests.conftest import Bed
from tests.faultproxy import FaultProxy, Rule

pytestmark = pytest.mark.e2e


@pytest.fixture
def proxy(sandbox: Bed, tmp_path: Path) -> Iterator[FaultProxy]:
    with faultproxy.before(sandbox.info.folder, sandbox.kubeconfig, tmp_path) as made:
        yield made


def test_it_passes_on_answers_by_itself_cuts_and_holds_back(
    proxy: FaultProxy, tool: Callable[[str], str], tmp_path: Path
) -> None:
    def kubectl(*words: str) -> subprocess.Popen[str]:
        argv = [tool("kubectl"), "--kubeconfig", proxy.kubeconfig, *words]
        env = {"HOME": str(tmp_path)}
        return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)

    def said(*words: str) -> tuple[int, str]:
        process = kubectl(*words)
        out, err = process.communicate(timeout=60)
        return process.returncode, out + err

    assert said("create", "configmap", "x", "--from-literal=a=b", "--dry-run=server")[0] == 0
    code, text = said("get", "--raw", "/api/v1/nodes")
    assert (code, '"kind":"NodeList"' in text) == (0, True)

    proxy.add(Rule(path="/nodes", status=403, times=1))
    code, text = said("get", "--raw", "/api/v1/nodes")
    assert (code, "the test's proxy answers 403" in text) == (1, True)
    assert said("get", "--raw", "/api/v1/nodes")[0] == 0, "one time only"

    cut = proxy.add(Rule(path="/nodes", method="GET", cut=20))
    code, text = said("get", "--raw", "/api/v1/nodes")
    assert (code, "NodeList" in text) == (1, False)
    proxy.remove(cut)

    proxy.add(Rule(path="/nodes", stall=20))
    waiting = kubectl("get", "--raw", "/api/v1/nodes")
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.communicate(timeout=1)
    assert proxy.opened("/nodes") == 1
    proxy.remove()
    assert '"kind":"NodeList"' in waiting.communicate(timeout=30)[0]
    assert proxy.count("GET", "/api/v1/nodes") == 5

    watching = kubectl("get", "--raw", "/api/v1/nodes?watch=true")
    assert watching.stdout is not None
    assert '"ADDED"' in watching.stdout.readline()
    assert proxy.drop("watch=true") == 1
    watching.communicate(timeout=30)
