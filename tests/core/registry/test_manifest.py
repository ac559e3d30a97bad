"""What a manifest or an index tells, whatever it holds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wizard.core.registry.answer import Platform
from wizard.core.registry.manifest import Manifest, of_config, read

DIGEST = "sha256:" + "0f" * 32
CONFIG = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": DIGEST, "size": 2}


def platform(os: Any = "linux", architecture: Any = "amd64", **more: Any) -> dict[str, Any]:
    return {"digest": DIGEST, "platform": {"os": os, "architecture": architecture, **more}}


BAD: tuple[Any, ...] = (None, [], {}, {"os": "linux"}, {"os": "li nux", "architecture": "x"})
AMD, ARM = Platform("linux", "amd64"), Platform("linux", "arm64", "v8")


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ({"manifests": [platform(), platform("linux", "arm64", variant="v8"), platform()]}, Manifest((AMD, ARM))),
        ({"manifests": [platform(), platform("unknown", "unknown")]}, Manifest((AMD,))),
        ({"manifests": [platform(), {"digest": DIGEST}]}, Manifest()),
        ({"manifests": [platform(os=None), 3, None]}, Manifest()),
        ({"manifests": []}, Manifest()),
        ({"config": CONFIG}, Manifest((), DIGEST)),
        ({"config": {**CONFIG, "digest": "../../x"}}, Manifest()),
        ({"config": {**CONFIG, "mediaType": "application/vnd.cncf.helm.config.v1+json"}}, Manifest((), "", "application/vnd.cncf.helm.config.v1+json")),
        ({"config": {**CONFIG, "mediaType": "\x1b[2J"}}, Manifest((), DIGEST)),
        ({"schemaVersion": 1, "fsLayers": []}, Manifest()),
    ],
)  # fmt: skip
def test_platforms_are_told_only_where_every_entry_does(data: Any, wanted: Manifest) -> None:
    assert read(json.dumps(data).encode()) == wanted


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"manifests": 1}', b"\xff", b"[" * 5000, b'{"a": 1e999}']
)
def test_what_is_neither_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words of whatever it fails at
        read(body)


def test_a_configuration_tells_its_platform_or_nothing() -> None:
    assert of_config({"os": "linux", "architecture": "amd64", "variant": ["v1"]}) == AMD
    assert [*map(of_config, BAD)] == [None] * len(BAD)


def test_a_node_takes_what_its_runtime_takes() -> None:
    assert AMD.runs_on("linux", "amd64")
    assert Platform("linux", "386").runs_on("linux", "amd64")
    assert Platform("linux", "arm", "v7").runs_on("linux", "arm64")
    assert not ARM.runs_on("linux", "amd64")
    assert not AMD.runs_on("windows", "amd64")
    assert not AMD.runs_on("linux", "386")
