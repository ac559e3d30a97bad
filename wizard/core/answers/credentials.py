"""What the value of each secret must be like: one rule for the file that a person names and for the Secret that exists.

The sentences tell nothing of a value but its length.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

JWT_LENGTH: Final = 32
"""Characters that the chart asks for (values.yaml, jwt)."""
_LINES: Final = re.compile(r"[\r\n\0]")
"""What the chart refuses in a value that it is given: a secret is one line."""
_NOT_UTF8: Final = re.compile(r"[\ud800-\udfff]")
_GRAFANA_EXPANDS: Final = re.compile(r"\$(?:__\w+)?\{[^}]+\}")
"""What Grafana replaces in each of its settings, also in those that variables give (pkg/setting/expanders.go)."""
_USER_INFO: Final = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*")
"""RFC 3986, 3.2.1."""


def problem(name: str, text: str) -> str:
    """What is wrong with the value of a secret of that name (as in `secrets.PARTS`), the end of a sentence; "" if nothing.

    Bytes that are not UTF-8 are surrogates in the text. The value of an unknown name may be anything.
    """
    if name not in ("jwt", "postgres", "redis", "smtp", "grafana"):
        return ""
    if not text.strip():
        return "is empty"
    if _NOT_UTF8.search(text):
        return "is not UTF-8 text"
    if _LINES.search(text):
        return "has a line break or a zero byte in it; a secret is one line"
    if name == "jwt" and len(text) < JWT_LENGTH:
        return f"has {len(text)} characters; the chart asks for {JWT_LENGTH} or more"
    if name == "grafana" and _GRAFANA_EXPANDS.search(text):
        return "has ${...} in it, which Grafana would replace by a variable"
    return ""


def url_problem(text: str, password: str | None) -> str:
    """What is wrong with a value that stands in a URL as it is, the end of a sentence; "" if nothing.

    `password` is the value that has to come out of the URL; None where it is not known.
    """
    if not _USER_INFO.fullmatch(text):
        return "breaks the URL that the application reads it from: characters in it have a meaning there"
    if password is not None and unquote(text, errors="surrogateescape") != password:
        return "means another password in the URL that the application reads it from: a % begins an encoded character there"
    return ""
