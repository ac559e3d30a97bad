"""Connections that are opened before there is a request for them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import urllib3

from tests.conftest import Bed
from wizard.adapters.kube.client import KubeCluster
from wizard.core.target import Target

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("sandbox")]


async def test_what_was_opened_ahead_carries_the_requests_and_no_more_is_opened_than_are_wanted(
    sandbox: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []
    connect = urllib3.connection.HTTPSConnection.connect

    def noted(connection: Any) -> None:
        opened.append(connection)
        connect(connection)

    monkeypatch.setattr(urllib3.connection.HTTPSConnection, "connect", noted)
    cluster = KubeCluster(Target(sandbox.info.context, "default", "r", sandbox.kubeconfig))
    try:
        await cluster.connect(4)
        await asyncio.sleep(0.2)  # the tickets of TLS 1.3 come after the handshake
        await cluster.connect(4)
        await asyncio.gather(*(cluster.version() for _ in range(4)))
        assert 4 <= len(opened) <= 8
        before = len(opened)
        await asyncio.gather(*(cluster.version() for _ in range(4)))
        assert len(opened) == before
    finally:
        await cluster.close()


async def test_nothing_is_raised_where_nobody_listens(sandbox: Bed) -> None:
    target = Target("nobody", "default", "r", sandbox.kubeconfig)
    cluster = KubeCluster(target)
    await cluster.connect(2)
    assert cluster._made is None
    await cluster.close()
