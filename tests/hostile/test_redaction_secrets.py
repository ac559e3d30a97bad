"""A known secret is masked in every form in which programs print it, and prose about secrets is left alone."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import string
import textwrap
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from wizard.core.text import masking
from wizard.core.text.redaction import MASK, hide
from wizard.core.text.secrets import Redactor, Secret

SAMPLE, MANY = 60, 5000


def _b64(text: str, before: str = "", after: str = "") -> str:
    return base64.b64encode(f"{before}{text}{after}".encode()).decode()


def _go_quoted(text: str) -> str:
    """Go's %q."""
    made = "".join(
        char if char.isprintable() and char not in '"\\' else f"\\{char}" if char in '"\\' else f"\\x{ord(char):02x}"
        for char in text
    )
    return f'"{made}"'


FORMS: dict[str, Callable[[str], str]] = {
    "raw": lambda text: text,
    "base64": _b64,
    "base64 without padding": lambda text: _b64(text).rstrip("="),
    "base64 of user:secret": lambda text: _b64(text, "user:"),
    "base64 of a user of four letters": lambda text: _b64(text, "root:"),
    "base64 of a user of three letters": lambda text: _b64(text, "app:", "\n"),
    "base64 in the middle": lambda text: _b64(text, '{"auths":{"r":{"auth":"', '"}}}'),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(f"user:{text}".encode()).decode().rstrip("="),
    "base64 over lines": lambda text: "\n".join(textwrap.wrap(_b64(text, "user:"), 16)),
    "base64 over lines that are indented": lambda text: "\n    ".join(textwrap.wrap(_b64(text), 20)),
    "quoted for a URL": lambda text: quote(text, safe=""),
    "quoted for a path": quote,
    "quoted for a form": quote_plus,
    "quoted with small letters": lambda text: "".join(
        quote(char, safe="").lower() if not char.isalnum() else char for char in text
    ),
    "JSON": json.dumps,
    "JSON with letters as they are": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON in JSON": lambda text: json.dumps(json.dumps({"a": text})),
    "Go's %q": _go_quoted,
    "Python's repr": repr,
    "HTML": html.escape,
    "broken over two lines": lambda text: f"{text[: len(text) // 2]}\n  {text[len(text) // 2 :]}",
    "broken and marked": lambda text: f"{text[:5]}\u23ce{text[5:]}",
    "a shell's word": shlex.quote,
}
_LETTERS = string.ascii_letters + string.digits
SECRETS = st.one_of(
    st.text(_LETTERS, min_size=12, max_size=40),
    st.text(_LETTERS + '!#$%&*+-./:;<=>?@^_~"\\ ', min_size=12, max_size=40).map(str.strip),
    st.text(_LETTERS + "äöüßéñ你好", min_size=12, max_size=24),
)


def _readable(shown: str) -> list[str]:
    """What a reader can make of a text: as it is, with its lines together, and with each base64 word decoded."""
    together = "".join(line.strip() for line in shown.replace("\u23ce", "\n").split("\n"))
    read = [shown, together]
    for word in re.findall("[A-Za-z0-9+/]{8,}", together.replace("-", "+").replace("_", "/")):
        for start in range(4):
            body = word[start:]
            read.append(base64.b64decode(body[: len(body) // 4 * 4]).decode("utf-8", "replace"))
    return read


def stays_hidden(secret: str, form: str) -> None:
    """The secret cannot be read any more, nor any eight letters of it that stand together."""
    assume(len(secret) >= 12 and len(set(secret)) > 6)
    text = f"12:00 app said <{FORMS[form](secret)}> and went on\nnext line"
    shown = Redactor((Secret("another-one-0815"), Secret(secret)))(text)
    assert MASK in shown
    assert shown.count("\n") == text.count("\n"), "lines stay lines"
    pieces = [secret[at : at + 8] for at in range(len(secret) - 7)]
    assert not [piece for piece in pieces for read in _readable(shown) if piece in read]


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=6, derandomize=True, deadline=None)
@given(secret=SECRETS)
@example(secret=r"0000:1\n0023456")
@example(secret=r"C:\new\root89")
def test_a_known_secret_is_masked_in_every_form(form: str, secret: str) -> None:
    stays_hidden(secret, form)


@pytest.mark.full
@settings(max_examples=MANY, deadline=None)
@given(secret=SECRETS, form=st.sampled_from(sorted(FORMS)))
def test_thousands_of_known_secrets_are_masked_in_every_form(secret: str, form: str) -> None:
    stays_hidden(secret, form)


CANARY = st.text(_LETTERS, min_size=10, max_size=24).map(lambda text: f"Cn7{text}")
NAMES = st.sampled_from(
    [
        "DB_PASSWORD",
        "smtpPassword",
        "PGPASSWORD",
        "jwt-secret",
        "API_KEY",
        "client_secret",
        "ACCESS_TOKEN",
        "FILE_TOKEN",
        "REFRESH_TOKEN",
        "USERNAME_PASSWORD",
        "private_key",
    ]
)
CONTEXTS: dict[str, Callable[[str, str], str]] = {
    "environment": lambda name, canary: f"export {name}={canary}",
    "quoted": lambda name, canary: f"{name}='{canary}' PORT=80",
    "JSON": lambda name, canary: json.dumps({"a": 1, name: canary, "b": "x"}),
    "JSON in JSON": lambda name, canary: json.dumps({"msg": json.dumps({name: canary})}),
    "YAML": lambda name, canary: f"a: b\n  {name}: {canary}\nc: d",
    "a pair in YAML": lambda name, canary: f"env:\n- name: {name}\n  value: {canary}\n- name: x\n  value: y",
    "a pair in JSON": lambda name, canary: json.dumps([{"name": name, "value": canary}], separators=(",", ":")),
    "a pair the other way": lambda name, canary: json.dumps([{"value": canary, "name": name}]),
    "a pair in Go": lambda name, canary: f"[map[name:{name} value:{canary}] map[name:x value:y]]",
    "a struct in Go": lambda name, canary: f"EnvVar{{Name:{name},Value:{canary},ValueFrom:nil,}}",
    "a query": lambda name, canary: f"GET /x?{name}={canary}&page=2",
    "a flag": lambda name, canary: f"$ helm upgrade r c --set auth.{name}={canary} --wait",
    "an address": lambda _, canary: f"dial postgres://app:{canary}@db:5432/x: refused",
    "an address with a slash": lambda _, canary: f"bad url https://app:a/{canary}@db:5432/x",
    "an address without a password": lambda _, canary: f"Get https://{canary}@host/x: EOF",
    "a proxy": lambda _, canary: f"HTTPS_PROXY=user:a/{canary}@proxy:3128",
    "a header": lambda _, canary: f"> Authorization: Bearer {canary}",
    "another header": lambda _, canary: f'{{"Authorization":["Basic {canary}="]}}',
}


def tells_itself(name: str, canary: str, context: str) -> None:
    """A secret that nobody knows is masked by its name or shape, and what is masked once is not masked anew."""
    text = CONTEXTS[context](name, canary)
    shown = hide(text)
    assert canary not in shown
    assert hide(shown) == shown


@pytest.mark.parametrize("context", CONTEXTS)
@settings(max_examples=6, derandomize=True, deadline=None)
@given(name=NAMES, canary=CANARY)
def test_an_unknown_secret_is_masked_in_every_context(context: str, name: str, canary: str) -> None:
    tells_itself(name, canary, context)


@pytest.mark.full
@settings(max_examples=MANY, deadline=None)
@given(name=NAMES, canary=CANARY, context=st.sampled_from(sorted(CONTEXTS)))
def test_thousands_of_unknown_secrets_are_masked_in_every_context(name: str, canary: str, context: str) -> None:
    tells_itself(name, canary, context)


_WORDS = st.sampled_from(
    [
        "the",
        "a",
        "pod",
        "secret",
        "token",
        "password",
        "key",
        "credential",
        "authorization",
        "login",
        "user",
        "image",
        "registry",
        "server",
        "message",
        "error",
        "failed",
        "not",
        "found",
        "expired",
        "invalid",
        "required",
        "denied",
        "missing",
        "for",
        "in",
        "of",
        "may",
        "is",
        "was",
        "with",
        "namespace",
        "default",
        "access",
        "pull",
        "by",
        "insufficient_scope",
        "unauthorized",
        "401",
        "port",
        "5432",
    ]
)
_JOINTS = st.sampled_from([" ", " ", " ", ": ", ", ", "; ", " - ", ". "])


@st.composite
def _sentences(draw: st.DrawFn) -> str:
    parts = [draw(_WORDS)]
    for _ in range(draw(st.integers(2, 12))):
        parts += [draw(_JOINTS), draw(_WORDS)]
    sentence = "".join(parts)
    # Spelled as a header it is one, whatever comes after it.
    assume("authorization: " not in sentence)
    return sentence


@settings(max_examples=300, derandomize=True, deadline=None)
@given(_sentences())
def test_a_sentence_about_secrets_is_left_as_it_is(sentence: str) -> None:
    assert hide(sentence) == sentence


@pytest.mark.full
@settings(max_examples=MANY, deadline=None)
@given(_sentences())
def test_thousands_of_sentences_about_secrets_are_left_as_they_are(sentence: str) -> None:
    assert hide(sentence) == sentence


_TREES = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "env", "args", "host", "port", "image"]), inner, max_size=3),
    ),
    max_leaves=8,
)
_PLACES: list[Callable[[str, str], object]] = [
    lambda name, canary: {name: canary},
    lambda name, canary: [{"name": name, "value": canary}],
    lambda name, canary: [{"key": name, "value": canary}],
    lambda name, canary: ["run", f"--{name}", canary],
    lambda name, canary: [f"--{name}={canary}"],
    lambda name, canary: {"url": f"redis://:{canary}@cache:6379"},
    lambda name, canary: {name: [canary, {"more": canary}] if name.endswith("x") else [canary]},
]


@settings(max_examples=SAMPLE * 2, derandomize=True, deadline=None)
@given(_TREES, NAMES, CANARY, st.sampled_from(_PLACES))
def test_trees_are_masked_wherever_a_name_tells(
    tree: object, name: str, canary: str, place: Callable[[str, str], object]
) -> None:
    whole = {"before": tree, "here": place(name, canary), "again": f"seen {canary} elsewhere"}
    shown = masking.masked_values(
        whole,
        masking.known_secrets([whole]) if "://" not in str(whole["here"]) and "--" not in str(whole["here"]) else None,
    )
    assert canary not in str(shown["here"])
    assert shown["before"] == masking.masked_values(tree)
