"""Paths of fields are written for people and read again, keys with dots included."""

from __future__ import annotations

import pytest

from wizard.core.kube import field_path
from wizard.core.text.masking import masked_field
from wizard.core.text.secrets import MASK, Redactor


@pytest.mark.parametrize(
    ("parts", "text", "names"),
    [
        ((), "", ()),
        (("spec", "replicas"), "spec.replicas", ("spec", "replicas")),
        (
            ("spec", "containers", "[api]", "image"),
            "spec.containers[api].image",
            ("spec", "containers", "api", "image"),
        ),
        (("metadata", "labels", "a.io/b"), "metadata.labels[a.io/b]", ("metadata", "labels", "a.io/b")),
        (("data", "app.conf"), "data[app.conf]", ("data", "app.conf")),
        (("args", "[0]", "[1]"), "args[0][1]", ("args", "0", "1")),
    ],
)
def test_a_path_is_read_as_it_was_written(parts: tuple[str, ...], text: str, names: tuple[str, ...]) -> None:
    assert field_path.text(parts) == text
    assert field_path.names(text) == names


@pytest.mark.parametrize(
    "path", ["metadata.annotations[acme.io/password]", "data[app.password]", "env[DB_PASSWORD].value"]
)
def test_the_whole_name_of_a_field_tells_a_secret(path: str) -> None:
    assert masked_field(path, "swordfish", Redactor()) == MASK
