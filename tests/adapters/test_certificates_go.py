"""Certificates beside Go's crypto/tls and crypto/x509: what kubectl and ingress controllers take, and what clients believe."""

from __future__ import annotations

import itertools
import random
from base64 import b64encode
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from tests.adapters.test_certificates import of_files, reader, refused
from tests.adapters.tls_pairs import CHAINS, HOST, NOW, pairs, world
from tests.core.oracle import Oracle, started
from wizard.core.tls.chain import covers, remarks
from wizard.core.tls.files import Named, certificate_pem, key_pem

pytestmark = pytest.mark.tools


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    with started(4, tmp_path_factory.mktemp("oracle")) as oracle:
        yield oracle


def taken(go: Oracle, certificate: bytes, key: bytes) -> bool:
    return go.ask("pair", *(b64encode(data).decode() for data in (certificate, key))) == "ok"


def verified(go: Oracle, chain: bytes, host: str) -> bool:
    roots = b64encode(world()["root"].pem).decode()
    return go.ask("verify", b64encode(chain).decode(), roots, host, f"{NOW:%Y-%m-%dT%H:%M:%SZ}") == "ok"


def test_the_pairs_of_the_fast_tests_are_judged_so_by_kubectl(go: Oracle, tmp_path: Path) -> None:
    judged = {name: taken(go, pair.certificate, pair.key) for name, pair in pairs().items()}
    assert judged == {name: pair.taken for name, pair in pairs().items()}
    for name, pair in pairs().items():
        if not pair.says:
            stored = of_files(pair, tmp_path)
            assert taken(go, stored.certificate.text.encode(), stored.key.text.encode()), name


_LEAF: Final = world()["ec"]
_PIECES: Final = (
    *[_LEAF.pem, _LEAF.key_bytes()] * 4,
    world()["middle"].pem,
    world()["self"].key_bytes(),
    _LEAF.pem.replace(b"\n", b"\r\n"),
    _LEAF.pem.rstrip(),
    _LEAF.pem[:-30],
    _LEAF.pem[40:],
    _LEAF.pem.replace(b"-----\n", b"-----\nA: b\n\n", 1),
    _LEAF.pem.replace(b"-----\n", b"-----\nA: b\n", 1),
    _LEAF.pem.replace(b"M", b"\n M\t", 3),
    _LEAF.pem.replace(b"=", b""),
    _LEAF.pem.replace(b"\n-----END", b"=\n-----END"),
    _LEAF.pem.replace(b"\n-----END", b"==\n-----END"),
    _LEAF.pem.replace(b"END CERTIFICATE", b"END PRIVATE KEY"),
    _LEAF.pem.replace(b"END CERTIFICATE-----", b"END CERTIFICATE----- x"),
    b"-----BEGIN CERTIFICATE-----\n",
    b"-----END CERTIFICATE-----\n",
    b"-----BEGIN X-----\n-----END X-----\n",
    b"words: and lines\n",
    b"words without an end",
    b"\r\n",
    b" ",
    b"\xff\x00\n",
)


def stored(certificate: bytes, key: bytes) -> tuple[bytes, bytes]:
    """What is stored of two files."""
    named = Named("c", certificate_pem(Named("c", certificate)).text.encode())
    private = Named("k", key_pem(Named("k", key)).text.encode())
    reader().chain(named, private)
    return named.content, private.content


@pytest.mark.parametrize("texts", [2_000, pytest.param(40_000, marks=pytest.mark.full)])
def test_blocks_are_found_where_go_finds_them(go: Oracle, texts: int) -> None:
    chosen, ours = random.Random(15), reader()
    for _ in range(texts):
        certificate, key = (b"".join(chosen.choices(_PIECES, k=chosen.randint(1, 5))) for _ in range(2))
        of_secret = refused(partial(ours.chain, Named("c", certificate), Named("k", key))) is None
        of_files = refused(partial(stored, certificate, key)) is None
        assert of_secret == of_files == taken(go, certificate, key), (certificate, key)
        if of_files:
            assert taken(go, *stored(certificate, key)), (certificate, key)


def test_a_chain_without_remarks_is_one_that_a_client_believes(go: Oracle) -> None:
    hosts = (HOST, "API.example.com", "other.example.com", "example.com", "x.deep.api.example.com", "a.b.example.com")
    harmless = ("more than once", "did not sign", "out of order", "expires in", "is weak")
    for (name, chain), host in itertools.product(CHAINS.items(), hosts):
        if name == "self-signed":
            continue  # believed by who was told to; there is nothing to mend
        certificates = chain(world())
        found = remarks(reader().chain(Named("tls.crt", certificates)), [host], NOW)
        serious = [remark.text for remark in found if not any(word in remark.text for word in harmless)]
        assert verified(go, certificates, host) == (not serious), (name, host, serious)


def test_names_are_for_hosts_as_go_has_it(go: Oracle) -> None:
    from tests.adapters.tls_pairs import curve, issue

    names = (
        "a.test",
        "*.a.test",
        "*.test",
        "*",
        "b*.a.test",
        "*.*.test",
        "x.*.test",
        "A.Test",
        "*.b.a.test",
        "a-b.a.test",
    )
    hosts = (
        "a.test",
        "b.a.test",
        "A.test",
        "b.a.test.",
        "c.b.a.test",
        "*.a.test",
        "test",
        "xa.test",
        "a-b.a.test",
        "b1.a.test",
    )
    middle = world()["middle"]
    for name in names:
        leaf = issue("leaf", curve(), middle, names=[name])
        for host in hosts:
            assert verified(go, leaf.pem + middle.pem, host) == covers(name, host), (name, host)
