"""When a certificate ends, read without a crypto library: its import would delay the first call by 0.1 s."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)


def not_after(pem: bytes) -> datetime | None:
    """The end of validity of the first certificate in PEM text; None when it cannot be read."""
    match = _PEM.search(pem)
    if not match:
        return None
    try:
        return _end(base64.b64decode(match[1]))
    except (ValueError, IndexError):
        return None


def _end(der: bytes) -> datetime:
    # Certificate > tbsCertificate > [version] serial algorithm issuer validity > notBefore notAfter (RFC 5280, 4.1)
    _, at, _ = _element(der, 0)
    _, at, _ = _element(der, at)
    tag, _, after = _element(der, at)
    if tag == 0xA0:  # the version is optional
        at = after
    for _ in range(3):
        _, _, at = _element(der, at)
    _, at, _ = _element(der, at)
    _, _, at = _element(der, at)
    tag, start, stop = _element(der, at)
    text = der[start:stop].decode("ascii").removesuffix("Z")
    if tag == 0x17:  # UTCTime has two digits for the year: 50 and above are 19xx
        text = ("19" if text >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _element(der: bytes, at: int) -> tuple[int, int, int]:
    """Tag, start of the content and end of the element that begins at `at`."""
    length, start = der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(der[start : start + size]), start + size
    return der[at], start, start + length
