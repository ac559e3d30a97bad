"""A secret never shows itself."""

from __future__ import annotations

import pickle

import pytest

from wizard.core.secrets import MASK, Redactor, Secret, generate


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
