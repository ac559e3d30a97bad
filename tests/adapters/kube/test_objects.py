"""The values of Secrets, for a rule to judge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.adapters import loopback
from tests.adapters.loopback import Answer
from wizard.adapters.kube import objects
from wizard.adapters.kube.client import KubeCluster
from wizard.core.kube.errors import ClusterError
from wizard.core.target import Target


def test_values_of_a_secret_are_masked_wherever_they_are_printed_and_exact_for_who_judges_them() -> None:
    secret = {"kind": "Secret", "metadata": {}}
    values = objects.secret_values({**secret, "data": {"a": "czNjcmV0", "b": "/w==", "empty": "", "null": None}})
    assert "s3cret" not in repr(values)
    texts = {key: value.reveal() for key, value in values.items()}
    assert texts == {"a": "s3cret", "b": "\udcff", "empty": "", "null": ""}
    assert objects.secret_values(secret) == {}


@pytest.mark.parametrize("data", [{"a": "no base64!"}, {"a": 1}, [], "x"])
def test_what_is_no_secret_is_an_unexpected_answer(data: Any) -> None:
    for kind in ("Secret", "ConfigMap"):
        with pytest.raises(TypeError):
            objects.secret_values({"kind": kind, "metadata": {}, "data": data})


async def of_server(answer: Answer, folder: Path) -> tuple[list[str], str, str]:
    """The values that a server gives, the kind of its error, and the missing right."""
    with loopback.serving(lambda _: answer) as server:
        cluster = KubeCluster(Target("here", "ns", kubeconfig=loopback.kubeconfig(folder, server.url)))
        try:
            values = await cluster.secret("mine", "ns")
        except ClusterError as error:
            return [], error.kind, error.permission
        finally:
            await cluster.close()
    assert [asked.path for asked in server.asked] == ["/api/v1/namespaces/ns/secrets/mine"]
    return [value.reveal() for value in values.values()], "", ""


async def test_a_secret_is_read_with_one_request_and_a_missing_right_is_named(tmp_path: Path) -> None:
    secret = {"kind": "Secret", "metadata": {}, "data": {"a": "eA=="}}
    assert await of_server(Answer(200, json.dumps(secret)), tmp_path) == (["x"], "", "")
    assert (await of_server(Answer(200, '{"hello": "world"}'), tmp_path))[1] == "not-kubernetes"
    no = {"kind": "Status", "reason": "Forbidden", "message": 'secrets "mine" is forbidden: User "eve" cannot get'}
    _, kind, right = await of_server(Answer(403, json.dumps(no)), tmp_path)
    assert kind == "forbidden"
    assert right.startswith("get secrets")
