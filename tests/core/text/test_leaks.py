"""Secrets are found wherever they must not be, in the form in which programs write them, and nothing else is."""

from __future__ import annotations

import base64
import json
import random
import string
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
import yaml

from wizard.core.text.leaks import Known, Leak, Search, known
from wizard.core.text.secrets import Secret, generate

ALPHABETS = (
    string.ascii_letters + string.digits, string.printable.strip(), "äöüßéñ漢字かな🔑" + string.ascii_letters, "'\"\\`$%&<>{}#:" + string.digits,
    "\n\t " + string.ascii_letters,
)  # fmt: skip


def made(count: int) -> list[str]:
    """Secrets of every alphabet and of 8 to 64 characters."""
    chance = random.Random(16)
    found: list[str] = []
    while len(found) < count:
        text = "".join(chance.choices(chance.choice(ALPHABETS), k=chance.randint(8, 64)))
        if text == text.strip() and len(set(text)) > 3:
            found.append(text)
    return found


WRITTEN: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "JSON": json.dumps,
    "JSON in any script": lambda text: json.dumps(text, ensure_ascii=False),
    "a URL": lambda text: f"postgres://u:{quote(text, safe='')}@db:5432",
    "a form": lambda text: f"password={quote_plus(text)}",
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "a pair in base64": lambda text: base64.b64encode(f"user:{text}".encode()).decode(),
    "a pair in base64, one further": lambda text: base64.b64encode(f"users:{text};".encode()).decode(),
    "a pair in base64, two further": lambda text: base64.b64encode(f"my-user:{text};;".encode()).decode(),
    "YAML": lambda text: yaml.safe_dump({"password": text}, allow_unicode=True, width=10_000),
}
SECRETS = made(60)


@pytest.mark.parametrize("form", WRITTEN)
def test_a_secret_is_found_in_every_form(form: str) -> None:
    missed = [
        text
        for text in SECRETS
        if not Search([Known("it", Secret(text))]).titles(f"before {WRITTEN[form](text)} after")
    ]
    assert missed == []


def test_no_secret_is_found_in_what_holds_another() -> None:
    search = Search([Known(str(number), Secret(text)) for number, text in enumerate(SECRETS)])
    other = [text for text in made(400)[60:] if not any(one in text for one in SECRETS)]
    assert [text for text in other for form in WRITTEN.values() if search.titles(form(text))] == []


def test_the_place_is_told_and_the_value_is_not() -> None:
    search = Search([Known("a of Secret b", Secret("S3cret-value!"))])
    tree = {"auth": {"password": "S3cret-value!"}, "env": [{"value": "x"}, {"value": "u:S3cret-value!@h"}], "a.b": "x"}
    found = list(search.tree(tree, "values"))
    assert found == [Leak("a of Secret b", "values at auth.password"), Leak("a of Secret b", "values at env[1].value")]
    assert list(search.text("one\ntwo S3cret-value!\n", "log")) == [Leak("a of Secret b", "log, line 2")]
    assert "S3cret" not in str(found) + str(search) + repr(Known("t", Secret("S3cret-value!")))


def test_a_key_and_a_number_are_places_too() -> None:
    assert list(Search([Known("n", Secret("83726154"))]).tree({"port": 83726154}, "v")) == [Leak("n", "v at port")]
    assert list(Search([Known("n", Secret("k3y-of-map"))]).tree({"k3y-of-map": 1}, "v")) == [Leak("n", "v")]


@pytest.mark.parametrize(
    ("key", "text", "counts"),
    [
        ("password", "Zq8xw7Lm2", True), ("jwt-secret", "Zq8xw7Lm2", True), ("tls.key", "-----BEGIN X-----\nabcd", True),
        ("password", "short1!", False), ("password", "changeme", False), ("password", "llm-cost-ops-redis", False),
        ("admin-user", "Zq8xw7Lm2", False), ("host", "db.acme.test", False), ("tls.crt", "-----BEGIN X-----\nabcd", False), ("ca.crt", "Zq8xw7Lm2", False),
    ],
)  # fmt: skip
def test_what_may_stand_anywhere_is_not_looked_for(key: str, text: str, counts: bool) -> None:
    assert bool(list(known("s", {key: Secret(text)}))) is counts


def test_ten_records_of_a_megabyte_are_looked_through_in_time() -> None:
    text = ("  value: some words of a manifest\n" * 40_000)[: 1 << 20]
    search = Search([Known(str(number), generate()) for number in range(8)])
    began = time.process_time()
    assert [search.titles(text) for _ in range(10)] == [()] * 10
    assert time.process_time() - began < 3  # 0.2 s where nothing else runs
