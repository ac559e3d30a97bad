"""PEM as Go finds it, the shape of DER, and names of certificates."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.core.tls import pem
from wizard.core.tls.chain import covers

BLOCK = b"-----BEGIN X-----\nAAEC\n-----END X-----\n"


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        (BLOCK, ["X"]),
        (BLOCK * 2, ["X", "X"]),
        (b"before\n" + BLOCK + b"after", ["X"]),
        (BLOCK.replace(b"\n", b" \r\n"), ["X"]),
        (BLOCK.rstrip(), ["X"]),
        (b"-----BEGIN Y-----\nAA\n" + BLOCK, ["X"]),
        (BLOCK.replace(b"AAEC", b"AA EC"), ["X"]),
        (BLOCK.replace(b"AAEC", b"A: b\n\nAAEC"), ["X"]),
        (BLOCK.replace(b"AAEC", b"AAE"), []),
        (BLOCK.replace(b"END X", b"END Y"), []),
        (BLOCK.rstrip() + BLOCK, []),
        (b" " + BLOCK, []),
        (b"", []),
    ],
)
def test_blocks_are_those_that_go_finds(text: bytes, labels: list[str]) -> None:
    assert [block.label for block in pem.blocks(text)] == labels


def test_a_block_of_openssl_s_old_encryption_is_locked() -> None:
    headers = b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n"
    (block,) = pem.blocks(BLOCK.replace(b"AAEC", headers + b"AAEC").replace(b" X-", b" RSA PRIVATE KEY-"))
    assert (block.is_key, block.encrypted, block.der) == (True, True, b"\0\1\2")


@given(st.binary())
def test_wrapped_der_is_found_again(der: bytes) -> None:
    (block,) = pem.blocks(pem.wrap("X", der).encode())
    assert (block.label, block.der) == ("X", der)


@given(st.binary(max_size=64) | st.binary(max_size=60).map(lambda rest: bytes([0x30, len(rest)]) + rest))
def test_the_shape_of_anything_is_a_label_or_nothing(data: bytes) -> None:
    assert pem.shape(data) in {"", "PKCS12", "PKCS7", "CERTIFICATE", "CERTIFICATE REQUEST", "PUBLIC KEY"} or pem.shape(
        data
    ).endswith("PRIVATE KEY")


def test_a_hundred_thousand_beginnings_take_no_time() -> None:
    assert pem.blocks(b"-----BEGIN X-----\n" * 50_000) == ()
    assert len(pem.blocks(base64.b64encode(b"x" * 700_000))) == 0


@pytest.mark.parametrize(
    ("name", "host", "fits"),
    [
        ("a.test", "A.Test", True),
        ("a.test", "a.test.", True),
        ("*.a.test", "b.a.test", True),
        ("*.a.test", "a.test", False),
        ("*.a.test", "c.b.a.test", False),
        ("*.a.test", "*.a.test", True),
        ("*.test", "*.a.test", False),
        ("b*.a.test", "bc.a.test", False),
        ("", "", False),
    ],
)
def test_a_star_is_one_label(name: str, host: str, fits: bool) -> None:
    assert covers(name, host) is fits
