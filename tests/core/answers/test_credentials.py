"""What each secret must be like, and what a URL does to a password."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.core.answers.credentials import problem, url_problem

SPECIAL = """p@ss/w0rd:x#%?&=+ "q"'s\\n $HOME $(id) `id` [é] <{|}>~;!*,"""
"""The password with which the tests on real nodes log in to both databases."""


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("jwt", "x" * 32, ""),
        ("jwt", "x" * 31, "has 31 characters; the chart asks for 32 or more"),
        ("jwt", "12345", "has 5 characters"),
        ("jwt", "x" * 40 + "\n", "has a line break"),
        ("postgres", SPECIAL, ""),
        ("redis", SPECIAL, ""),
        ("smtp", SPECIAL, ""),
        ("postgres", "", "is empty"),
        ("redis", " \t", "is empty"),
        ("redis", "two\nlines", "a secret is one line"),
        ("smtp", "one\r", "a secret is one line"),
        ("postgres", "a\0b", "a zero byte"),
        ("smtp", b"\xff".decode("utf-8", "surrogateescape"), "is not UTF-8 text"),
        ("grafana", "a$b {c} $(d)", ""),
        ("grafana", "a${HOME}b", "Grafana would replace"),
        ("grafana", "$__file{/etc/passwd}", "Grafana would replace"),
        ("postgres", "a${HOME}b", ""),
        ("", "a certificate\nof many lines\n", ""),
    ],
)
def test_a_value_is_judged_by_the_program_that_gets_it(name: str, text: str, says: str) -> None:
    found = problem(name, text)
    assert says in found
    assert bool(found) is bool(says)
    assert len(text) < 8 or text not in found


@pytest.mark.parametrize(
    ("text", "password", "says"),
    [
        ("letters-and_digits.0~", "letters-and_digits.0~", ""),
        ("a!$&'()*+,;=:b", "a!$&'()*+,;=:b", ""),
        ("p@ss/w:rd", "p@ss/w:rd", "breaks the URL"),
        ("a b", "a b", "breaks the URL"),
        ("100%", "100%", "breaks the URL"),
        ("a%41", "a%41", "means another password"),
        ("p%40ss", "p@ss", ""),
        ("p%40ss", None, ""),
        ("p@ss", None, "breaks the URL"),
        ("other", "p@ss", "means another password"),
    ],
)
def test_a_password_in_a_url_has_to_come_out_of_it_as_it_is(text: str, password: str | None, says: str) -> None:
    found = url_problem(text, password)
    assert says in found
    assert bool(found) is bool(says)


@given(st.text(min_size=1))
def test_every_encoded_copy_that_we_make_fits(password: str) -> None:
    assert url_problem(quote(password, safe="", errors="surrogatepass"), None) == ""
    if password.isascii():
        assert url_problem(quote(password, safe=""), password) == ""
