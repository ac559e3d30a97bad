"""The logins in a pull Secret, and which of them are for an image."""

from __future__ import annotations

import base64
import json

import pytest

from wizard.core.registry.answer import Login
from wizard.core.registry.logins import KEYS, matching, read
from wizard.core.text.secrets import Secret

AUTH = base64.b64encode(b"me:canary:more").decode()


def test_a_pull_secret_of_either_type_gives_its_logins_and_none_can_be_printed() -> None:
    entries = {
        "ghcr.io": {"auth": AUTH},
        "quay.io": {"username": "you", "password": "canary"},
        "empty.io": {},
        "bad.io": {"auth": "%%%"},
        "null.io": None,
        "helper.io": {"username": "x", "password": None},
    }
    for key, text in ((KEYS[0], json.dumps({"auths": entries})), (KEYS[1], json.dumps(entries))):
        registries, logins = read(text, key)
        assert registries == tuple(entries)
        assert {one.registry: one.pair.reveal() for one in logins} == {
            "ghcr.io": "me:canary:more",
            "quay.io": "you:canary",
        }
        assert "canary" not in repr(logins)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"auths": 1}', '{"auths": []}', "[" * 100_000])
def test_what_is_no_list_of_logins_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own words or ours
        read(text, KEYS[0])


def test_the_most_exact_login_comes_first_and_those_of_other_registries_never() -> None:
    logins = [
        Login(name, Secret(f"{number}:x")) for number, name in enumerate(("ghcr.io", "ghcr.io/acme", "quay.io", "*.io"))
    ]
    found = matching(logins, "ghcr.io/acme/api:1")
    assert [one.registry for one in found] == ["ghcr.io/acme", "ghcr.io", "*.io"]
    assert matching(logins, "acme/api") == (logins[3],)
    assert matching(logins, "ghcr.io.evil.example/acme/api") == ()
