"""A secret never shows itself."""

from __future__ import annotations

import pickle

import pytest

from wizard.core.text.secrets import MASK, Redactor, Secret, generate, hide


def test_every_way_of_showing_a_secret_shows_a_mask() -> None:
    secret = Secret("canary-1234")
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>30}", repr({"a": [secret]}), "%s" % secret]  # noqa: UP031 - the old way must be safe too
    assert not any("canary" in text for text in shown)
    assert secret.reveal() == "canary-1234"


def test_a_secret_is_never_pickled() -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Secret("canary-1234"))


def test_generated_secrets_are_32_letters_and_digits_and_differ() -> None:
    made = {generate().reveal() for _ in range(50)}
    assert len(made) == 50
    assert all(len(one) == 32 and one.isalnum() and one.isascii() for one in made)


def test_known_secrets_and_passwords_in_addresses_are_masked() -> None:
    redact = Redactor((Secret("canary"), Secret("canary-long")))
    assert redact("a canary-long b canary") == f"a {MASK} b {MASK}"
    assert redact("postgres://app:hunter2@db:5432/x") == f"postgres://app:{MASK}@db:5432/x"


HIDDEN = [
    ("postgres://app:hunter2@db:5432/x", "postgres://app:********@db:5432/x"),
    ("redis://:p/a#s@cache:6379", "redis://:********@cache:6379"),
    ("bad url postgres://app:no/host", "bad url postgres://app:********"),
    ("password=hunter2 user=app", "password=******** user=app"),
    ('{"db_password": "hunter2", "port": 1}', '{"db_password": "********", "port": 1}'),
    ("Authorization: Bearer abc.def", "Authorization: Bearer ********"),
    ("api_key: abc, next", "api_key: ********, next"),
    ("http://10.244.0.9:8080/health", "http://10.244.0.9:8080/health"),
    ("dial https://registry.example/v2/", "dial https://registry.example/v2/"),
    ('password authentication failed for user "app"', 'password authentication failed for user "app"'),
    ("couldn't find key jwt-secret in Secret ns/app", "couldn't find key jwt-secret in Secret ns/app"),
    ('MountVolume.SetUp failed for volume "t" : secret "api-tls" not found',) * 2,
    ("postgres://postgres:$(DB_PASSWORD)@db:5432/x",) * 2,
]


@pytest.mark.parametrize(("text", "shown"), HIDDEN, ids=[row[0][:30] for row in HIDDEN])
def test_what_looks_like_a_password_in_somebody_s_text_is_masked_and_nothing_else(text: str, shown: str) -> None:
    assert hide(text) == shown
