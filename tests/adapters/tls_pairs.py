"""Certificates and keys in every form and every kind of disorder, made anew for each test run; by name with kubectl's judgement."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs7,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW: Final = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
DAY: Final = datetime.timedelta(days=1)
HOST: Final = "api.example.com"
_PKCS8, _OLD = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL


@dataclass(frozen=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def key_bytes(
        self, form: PrivateFormat = _PKCS8, encoding: Encoding = Encoding.PEM, password: bytes = b""
    ) -> bytes:
        lock = BestAvailableEncryption(password) if password else NoEncryption()
        return bytes(self.key.private_bytes(encoding, form, lock))


def name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def issue(
    common: str, key: Any, by: Issued | None = None, *, names: Sequence[str] = (), authority: bool = False,
    begins: datetime.datetime = NOW - 100 * DAY, ends: datetime.datetime = NOW + 200 * DAY, uses: Sequence[Any] = (),
) -> Issued:  # fmt: skip
    """A certificate, self-signed unless `by` signs it."""
    signer = by.key if by else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(common))
        .issuer_name(by.certificate.subject if by else name(common))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(text) for text in names]), False)
    if uses:
        builder = builder.add_extension(x509.ExtendedKeyUsage(uses), False)
    bare = isinstance(signer, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    return Issued(builder.sign(signer, None if bare else hashes.SHA256()), key)


def curve(kind: type[ec.EllipticCurve] = ec.SECP256R1) -> Any:
    return ec.generate_private_key(kind())


@cache
def rsa_key(bits: int = 2048) -> Any:
    return rsa.generate_private_key(65537, bits)


@cache
def world() -> dict[str, Issued]:
    """A root, an intermediate and what they signed."""
    root = issue("Test Root", curve(), authority=True)
    middle = issue("Test Intermediate", curve(), root, authority=True)
    old = issue("Test Intermediate", middle.key, root, authority=True, ends=NOW - DAY)
    server = [ExtendedKeyUsageOID.SERVER_AUTH]
    return {
        "root": root,
        "middle": middle,
        "old-middle": old,
        "stranger": issue("Stranger", curve(), authority=True),
        "ec": issue("leaf", curve(), middle, names=[HOST], uses=server),
        "rsa": issue("leaf", rsa_key(), middle, names=[HOST]),
        "ed25519": issue("leaf", ed25519.Ed25519PrivateKey.generate(), middle, names=[HOST]),
        "direct": issue("leaf", curve(), root, names=[HOST]),
        "self": issue("self", curve(), names=[HOST]),
        "expired": issue("leaf", curve(), middle, names=[HOST], ends=NOW - DAY),
        "early": issue("leaf", curve(), middle, names=[HOST], begins=NOW + DAY),
        "soon": issue("leaf", curve(), middle, names=[HOST], ends=NOW + 5 * DAY),
        "wildcard": issue("leaf", curve(), middle, names=["*.example.com"]),
        "other": issue("leaf", curve(), middle, names=["other.example.com", "*.deep.api.example.com"]),
        "nameless": issue(HOST, curve(), middle),
        "client": issue("leaf", curve(), middle, names=[HOST], uses=[ExtendedKeyUsageOID.CLIENT_AUTH]),
    }


@dataclass(frozen=True)
class Pair:
    """Two files; `taken`: tls.X509KeyPair takes them. `says`: what our refusal has to say, or "" where we take more than it."""

    certificate: bytes
    key: bytes
    taken: bool
    says: str = ""


def _request(key: Any) -> bytes:
    request = x509.CertificateSigningRequestBuilder().subject_name(name("leaf")).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.PEM)


@cache
def pairs() -> dict[str, Pair]:
    """The pairs by name; where Go takes less than we store, what we store is what Go takes."""
    of = world()
    leaf, ours = of["ec"], of["ec"].key_bytes()
    middle, root = of["middle"].pem, of["root"].pem
    crlf = leaf.pem.replace(b"\n", b"\r\n")
    cut = leaf.pem[: len(leaf.pem) // 2]
    sec1 = leaf.key_bytes(_OLD)
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    public = leaf.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    store = pkcs12.serialize_key_and_certificates(b"x", leaf.key, leaf.certificate, None, NoEncryption())
    locked = pkcs12.serialize_key_and_certificates(
        b"x", leaf.key, leaf.certificate, None, BestAvailableEncryption(b"p")
    )
    bundle = pkcs7.serialize_certificates([leaf.certificate], Encoding.PEM)
    trusted = leaf.pem.replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE")
    ssh = leaf.key_bytes(PrivateFormat.OpenSSH)
    return {
        "ec": Pair(leaf.pem, ours, True),
        "ec in SEC1": Pair(leaf.pem, sec1, True),
        "ec behind its parameters": Pair(leaf.pem, parameters + sec1, True),
        "rsa": Pair(of["rsa"].pem, of["rsa"].key_bytes(), True),
        "rsa in PKCS1": Pair(of["rsa"].pem, of["rsa"].key_bytes(_OLD), True),
        "ed25519": Pair(of["ed25519"].pem, of["ed25519"].key_bytes(), True),
        "a chain": Pair(leaf.pem + middle, ours, True),
        "a whole chain": Pair(leaf.pem + middle + root, ours, True),
        "CRLF": Pair(crlf, ours.replace(b"\n", b"\r\n"), True),
        "no newline at the end": Pair(leaf.pem.rstrip(), ours.rstrip(), True),
        "text around": Pair(b"subject=leaf\n\n" + leaf.pem + b"bye: x\n", b"Bag Attributes\n" + ours, True),
        "text that is no UTF-8": Pair(b"\xe9\xff\n" + leaf.pem, ours, True),
        "blanks at the ends of lines": Pair(leaf.pem.replace(b"\n", b" \t\n"), ours, True),
        "key and certificates in one file": Pair(leaf.pem + middle + ours, leaf.pem + middle + ours, True),
        "the key first": Pair(ours + leaf.pem, ours + leaf.pem, True),
        "a label that is not the key's": Pair(leaf.pem, ours.replace(b"PRIVATE KEY", b"RSA PRIVATE KEY"), True),
        "two keys, the right one first": Pair(leaf.pem, ours + of["self"].key_bytes(), True),
        "two keys, the right one last": Pair(leaf.pem, of["self"].key_bytes() + ours, False, "is not that of"),
        "a chain out of order": Pair(leaf.pem + root + middle, ours, True),
        "a certificate twice": Pair(leaf.pem + leaf.pem + middle, ours, True),
        "a stranger in the chain": Pair(leaf.pem + of["stranger"].pem, ours, True),
        "junk in the chain": Pair(leaf.pem + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ours, True),
        "a block without end before": Pair(cut + b"\n" + leaf.pem, ours, True),
        "the chain first": Pair(middle + leaf.pem, ours, False, "is that of certificate 2"),
        "the root first": Pair(root + middle + leaf.pem, ours, False, "is that of certificate 3"),
        "another key": Pair(leaf.pem, of["self"].key_bytes(), False, "is not that of"),
        "a key of another kind": Pair(leaf.pem, of["rsa"].key_bytes(), False, "is not that of"),
        "swapped": Pair(ours, leaf.pem, False, "are swapped"),
        "a certificate twice, no key": Pair(leaf.pem, leaf.pem, False, "it is a certificate"),
        "a key twice, no certificate": Pair(ours, ours, False, "it is a private key"),
        "a request": Pair(_request(leaf.key), ours, False, "certificate request"),
        "a public key": Pair(public, ours, False, "it is a public key"),
        "a public key for the key": Pair(leaf.pem, public, False, "it is a public key"),
        "an encrypted key": Pair(leaf.pem, leaf.key_bytes(password=b"p"), False, "is encrypted"),
        "an encrypted key in SEC1": Pair(leaf.pem, leaf.key_bytes(_OLD, password=b"p"), False, "is encrypted"),
        "an encrypted key in DER": Pair(leaf.pem, leaf.key_bytes(_PKCS8, Encoding.DER, b"p"), False, "is encrypted"),
        "DER": Pair(leaf.der, leaf.key_bytes(_PKCS8, Encoding.DER), False),
        "DER with SEC1": Pair(leaf.der, leaf.key_bytes(_OLD, Encoding.DER), False),
        "DER with PKCS1": Pair(of["rsa"].der, of["rsa"].key_bytes(_OLD, Encoding.DER), False),
        "a certificate in DER": Pair(leaf.der, ours, False),
        "swapped DER": Pair(leaf.key_bytes(_PKCS8, Encoding.DER), leaf.der, False, "are swapped"),
        "PKCS12": Pair(store, store, False, "it is a PKCS12 store"),
        "PKCS12 with a password": Pair(locked, locked, False, "it is a PKCS12 store"),
        "PKCS12 for the key": Pair(leaf.pem, store, False, "it is a PKCS12 store"),
        "PKCS7": Pair(bundle, ours, False, "it is a PKCS7 bundle"),
        "PKCS7 in DER": Pair(pkcs7.serialize_certificates([leaf.certificate], Encoding.DER), ours, False, "PKCS7 bundle"),
        "a Java keystore": Pair(b"\xfe\xed\xfe\xed\0\0\0\2", ours, False, "it is a Java keystore"),
        "a trusted certificate": Pair(trusted, ours, False, "TRUSTED CERTIFICATE block"),
        "a key for SSH": Pair(leaf.pem, ssh, False, "it is a key for SSH"),
        "junk": Pair(b"hello\n", ours, False, "neither PEM nor DER"),
        "a junk key": Pair(leaf.pem, b"\0\1\2", False, "neither PEM nor DER"),
        "half of it": Pair(cut, ours, False, "damaged PEM"),
        "indented": Pair(b"  " + leaf.pem.replace(b"\n", b"\n  "), ours, False, "damaged PEM"),
        "two blocks on one line": Pair(leaf.pem.rstrip() + middle, ours, False, "two blocks on one line"),
        "a byte order mark": Pair(b"\xef\xbb\xbf" + leaf.pem, ours, False, "byte order mark"),
        "UTF-16": Pair(leaf.pem.decode().encode("utf-16"), ours, False, "byte order mark"),
        "a certificate of junk": Pair(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ours, False, "cannot be read"),
        "a key of junk": Pair(leaf.pem, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", False, "cannot be read"),
        "expired": Pair(of["expired"].pem, of["expired"].key_bytes(), True),
        "for another host": Pair(of["other"].pem, of["other"].key_bytes(), True),
        "rsa 1024": _own(rsa_key(1024), True),
        "P-224": _own(curve(ec.SECP224R1), True),
        "P-384": _own(curve(ec.SECP384R1), True),
        "P-521": _own(curve(ec.SECP521R1), True),
        "secp256k1": _own(curve(ec.SECP256K1), False, "do not read"),
        "Ed448": _own(ed448.Ed448PrivateKey.generate(), False, "do not read"),
        "DSA": _own(dsa.generate_private_key(1024), False, "do not read"),
    }  # fmt: skip


def _own(key: Any, taken: bool, says: str = "") -> Pair:
    made = issue("self", key, names=[HOST])
    return Pair(made.pem, made.key_bytes(), taken, says)


CHAINS: Final[dict[str, Callable[[dict[str, Issued]], bytes]]] = {
    "whole": lambda of: of["ec"].pem + of["middle"].pem + of["root"].pem,
    "without its root": lambda of: of["ec"].pem + of["middle"].pem,
    "without its intermediate": lambda of: of["ec"].pem,
    "of the root itself": lambda of: of["direct"].pem,
    "out of order": lambda of: of["ec"].pem + of["root"].pem + of["middle"].pem,
    "with a stranger": lambda of: of["ec"].pem + of["stranger"].pem + of["middle"].pem,
    "with a stranger alone": lambda of: of["ec"].pem + of["stranger"].pem,
    "twice": lambda of: (of["ec"].pem + of["middle"].pem) * 2,
    "with an old intermediate": lambda of: of["ec"].pem + of["old-middle"].pem,
    "expired": lambda of: of["expired"].pem + of["middle"].pem,
    "not yet valid": lambda of: of["early"].pem + of["middle"].pem,
    "soon to expire": lambda of: of["soon"].pem + of["middle"].pem,
    "for all hosts of a domain": lambda of: of["wildcard"].pem + of["middle"].pem,
    "for other hosts": lambda of: of["other"].pem + of["middle"].pem,
    "without names": lambda of: of["nameless"].pem + of["middle"].pem,
    "for clients": lambda of: of["client"].pem + of["middle"].pem,
    "self-signed": lambda of: of["self"].pem,
}
"""Chains by name, from `world`."""
