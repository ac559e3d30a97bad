"""Base64 as Go's encoding/base64 reads it, with which kubectl, helm and the API server do."""

from __future__ import annotations

import base64
from typing import Final

_LINE_ENDS: Final = b"\r\n"
_MOST_PADDING: Final = 2


def of_base64(text: str | bytes) -> bytes:
    """What a text in base64 holds. Line ends in it do not count; its padding has to be exact, which Python alone does not ask.

    Raises:
        ValueError: it is not base64.
        TypeError: it is no text.
    """
    raw = bytes(memoryview(text.encode("ascii") if isinstance(text, str) else text)).translate(None, _LINE_ENDS)
    if len(raw) % 4 or raw.count(b"=") > _MOST_PADDING:
        raise ValueError("the padding of a text in base64 is wrong")
    return base64.b64decode(raw, validate=True)
