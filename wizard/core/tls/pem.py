"""PEM blocks as Go finds them (encoding/pem, which kubectl and most ingress controllers read with), and the shape of DER."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from wizard.core.text.encoding import of_base64

CERTIFICATE: Final = "CERTIFICATE"
ENCRYPTED: Final = "ENCRYPTED PRIVATE KEY"
PKCS12: Final = "PKCS12"
"""No label of PEM: the store of Windows and Java is never written so."""
_MARK: Final = re.compile(rb"-----(BEGIN|END) (.*)-----[ \t]*")
_WIDTH: Final = 64


class Block(NamedTuple):
    """One block: its label, its content, whether it is encrypted, and its lines as they stand in the file."""

    label: str
    der: bytes
    encrypted: bool
    text: bytes

    @property
    def is_key(self) -> bool:
        """Whether it is a private key, by its label."""
        return self.label == "PRIVATE KEY" or self.label.endswith(" PRIVATE KEY")


def blocks(data: bytes) -> tuple[Block, ...]:
    """The blocks of a text; damaged ones are left out, as by Go."""
    return tuple(_blocks(data))


def _blocks(data: bytes) -> Iterator[Block]:
    label, lines = b"", list[bytes]()
    for line in data.split(b"\n"):
        mark = _MARK.fullmatch(line.removesuffix(b"\r"))
        if mark and mark[1] == b"BEGIN":
            label, lines = mark[2], [line]
        elif line.startswith(b"-----END ") and lines:
            if mark and mark[2] == label and (block := _block(label, [*lines, line])):
                yield block
            lines = []
        elif lines:
            lines.append(line)


def _block(label: bytes, lines: list[bytes]) -> Block | None:
    body = lines[1:-1]
    headers = list[bytes]()
    while body and b":" in body[0]:
        headers.append(body.pop(0))
    try:
        der = of_base64(re.sub(rb"[ \t]", b"", b"".join(body)))
    except ValueError:
        return None
    name = label.decode("utf-8", "replace")
    locked = name == ENCRYPTED or any(b"ENCRYPTED" in header for header in headers)
    return Block(name, der, locked, b"\n".join(lines) + b"\n")


def wrap(label: str, der: bytes) -> str:
    """DER as a PEM block."""
    text = base64.b64encode(der).decode()
    lines = [text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


_INTEGER, _BITS, _OCTETS, _OBJECT_ID, _SEQUENCE, _VERSION = 0x02, 0x03, 0x04, 0x06, 0x30, 0xA0
_SHAPES: Final = {
    (_SEQUENCE, _SEQUENCE, _BITS): CERTIFICATE,
    (_SEQUENCE, _BITS): "PUBLIC KEY",
    (_SEQUENCE, _OCTETS): ENCRYPTED,
    (_INTEGER, _SEQUENCE, _OCTETS): "PRIVATE KEY",
    (_INTEGER, _SEQUENCE, _SEQUENCE): PKCS12,
    (_INTEGER, _SEQUENCE): PKCS12,
    (_INTEGER, _OCTETS): "EC PRIVATE KEY",
    (_INTEGER,) * 9: "RSA PRIVATE KEY",
    (_OBJECT_ID, _VERSION): "PKCS7",
}
"""The tags in the outer sequence (RFC 5280, 5958, 7292, 5915, 8017, 2315) -> the label."""

_INDEFINITE: Final = {b"\x30\x80\x02\x01": PKCS12, b"\x30\x80\x06\x09": "PKCS7"}
"""How both begin where they are written as a stream, in BER."""


def shape(data: bytes) -> str:
    """The label that DER would have in PEM, or PKCS12; "" for anything else. The content is not checked."""
    if label := _INDEFINITE.get(data[:4], ""):
        return label
    outer = _children(data, 0, len(data))
    if len(outer) != 1 or outer[0][0] != _SEQUENCE:
        return ""
    inner = _children(data, *outer[0][1:])
    tags = tuple(tag for tag, _, _ in inner)
    key = next(
        (known for known in ((_INTEGER, _SEQUENCE, _OCTETS), (_INTEGER, _OCTETS)) if tags[: len(known)] == known), tags
    )
    found = _SHAPES.get(key, "")
    if found == CERTIFICATE:
        first = tuple(tag for tag, _, _ in _children(data, *inner[0][1:]))
        return (
            "CERTIFICATE REQUEST" if first[:3] == (_INTEGER, _SEQUENCE, _SEQUENCE) and len(first) <= 4 else CERTIFICATE
        )
    return found


def _children(data: bytes, start: int, stop: int) -> list[tuple[int, int, int]]:
    """Tag, start and end of each element in a range; empty where they do not fill it exactly, or are too many."""
    found = list[tuple[int, int, int]]()
    while start < stop:
        if start + 2 > stop or len(found) > 16:
            return []
        tag, length, at = data[start], data[start + 1], start + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size]), at + size
        if at + length > stop:
            return []
        found.append((tag, at, at + length))
        start = at + length
    return found
