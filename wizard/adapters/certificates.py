"""Reads certificates and keys with `cryptography`, whose import takes 0.1 s: only who has a certificate to judge waits for it."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from wizard.core.errors import Problem
from wizard.core.tls import pem
from wizard.core.tls.chain import Certificate, Chain
from wizard.core.tls.files import CERT_QUESTION, KEY_QUESTION, Named
from wizard.ports.certificates import CertificateReader

if TYPE_CHECKING:
    from cryptography import x509

_MOST: Final = 32
"""Certificates of a chain that are looked at; a chain has two to four."""
_WEAK_BITS: Final = 2048
_RSA_PSS: Final = "1.2.840.113549.1.1.10"
"""The kind of a key that Go does not read; `cryptography` takes it for RSA."""
_CURVES: Final = ("secp224r1", "secp256r1", "secp384r1", "secp521r1")


def _trusted_here() -> Sequence[bytes]:
    """The authorities that this machine trusts, DER."""
    return ssl.create_default_context().get_ca_certs(binary_form=True)


class Certificates(CertificateReader):
    """Reads PEM as Go's tls.X509KeyPair does, by which kubectl judges a TLS Secret; `roots` gives trusted authorities, DER."""

    def __init__(self, roots: Callable[[], Sequence[bytes]] = _trusted_here) -> None:
        self._roots = roots

    @override
    def chain(self, certificate: Named, key: Named | None = None) -> Chain:
        _silence()
        found = [block.der for block in pem.blocks(certificate.content) if block.label == pem.CERTIFICATE]
        if not found:
            raise Problem(f"{certificate.name} holds no certificate in PEM.", "Put one there.", question=CERT_QUESTION)
        loaded = [_loaded(der) for der in found[:_MOST]]
        if loaded[0] is None:
            what = f"The first certificate in {certificate.name} cannot be read: it is damaged."
            raise Problem(what, "Export or copy it anew.", question=CERT_QUESTION)
        _refuse_key_kind(certificate.name, loaded[0])
        if key:
            _refuse_other_key(certificate.name, loaded, key)
        return Chain(self._described(loaded), len(found) - len(loaded))

    def _described(self, loaded: Sequence[x509.Certificate | None]) -> tuple[Certificate | None, ...]:
        known = [certificate for certificate in loaded if certificate]
        signers = [[other for other in known if _signed(certificate, other)] for certificate in known]
        roots = self._parsed_roots() if any(not found for found in signers) else []
        whole = iter(
            _facts(certificate, found, rooted=not found and any(_signed(certificate, root) for root in roots))
            for certificate, found in zip(known, signers, strict=True)
        )
        return tuple(next(whole) if certificate else None for certificate in loaded)

    def _parsed_roots(self) -> list[x509.Certificate]:
        return [root for root in map(_loaded, self._roots()) if root]


def _silence() -> None:
    """No warnings of `cryptography` about odd certificates on the terminal: some authorities of most systems are odd."""
    from cryptography.utils import CryptographyDeprecationWarning

    warnings.filterwarnings("ignore", category=CryptographyDeprecationWarning)


def _loaded(der: bytes) -> x509.Certificate | None:
    """The certificate, with all that is read of it later; None when it cannot be read."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        certificate = x509.load_der_x509_certificate(der)
        _ = certificate.extensions, certificate.subject, certificate.issuer, certificate.not_valid_after_utc
    except (
        ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.UnsupportedGeneralNameType,
        x509.DuplicateExtension,
    ):  # fmt: skip
        return None
    return certificate


def _refuse_key_kind(name: str, certificate: x509.Certificate) -> None:
    """Raise Problem for a certificate whose key is of a kind that TLS servers in Go do not read."""
    if certificate.public_key_algorithm_oid.dotted_string == _RSA_PSS or not _key(_public(certificate)):
        what = f"The certificate in {name} has a key of a kind that ingress controllers do not read."
        raise Problem(what, "Ask for a certificate with an RSA, EC (P-256) or Ed25519 key.", question=CERT_QUESTION)


def _refuse_other_key(name: str, loaded: Sequence[x509.Certificate | None], key: Named) -> None:
    """Raise Problem unless the key is a key, and the first certificate's."""
    public = _public_of_key(key)
    owners = [
        number for number, certificate in enumerate(loaded, 1) if certificate and _same(_public(certificate), public)
    ]
    if 1 in owners:
        return
    if owners:
        what = f"The key in {key.name} is that of certificate {owners[0]} in {name}, and has to be that of the first."
        step = "Put the server's certificate first, then the one that signed it, and so on."
        raise Problem(what, step, question=CERT_QUESTION)
    what = f"The key in {key.name} is not that of the certificate in {name}."
    raise Problem(what, "Name the key that this certificate was requested with.", question=KEY_QUESTION)


def _public_of_key(key: Named) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    block = next((block for block in pem.blocks(key.content) if block.is_key), None)
    if block and block.encrypted:
        what = f"The private key in {key.name} is encrypted, and a server could not read it."
        raise Problem(what, "Put the decrypted key there.", question=KEY_QUESTION)
    try:
        private: Any = load_der_private_key(block.der if block else b"", None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        what = f"The private key in {key.name} cannot be read: it is damaged, or of a kind that is not known."
        raise Problem(what, "Export or copy it anew.", question=KEY_QUESTION) from None
    public = private.public_key()
    if not _key(public):
        what = f"The private key in {key.name} is of a kind that ingress controllers do not read."
        raise Problem(what, "Use an RSA, EC (P-256) or Ed25519 key.", question=KEY_QUESTION)
    return public


def _public(certificate: x509.Certificate) -> Any:
    """The public key; None when its kind is not known."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None


def _key(public: Any) -> str:
    """A public key in words; "" when Go's TLS does not take its kind."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(public, rsa.RSAPublicKey):
        return f"RSA {public.key_size}"
    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in _CURVES:
        return f"EC {public.curve.name}"
    return "Ed25519" if isinstance(public, ed25519.Ed25519PublicKey) else ""


def _same(one: Any, other: Any) -> bool:
    return one is not None and one == other


def _signed(certificate: x509.Certificate, by: x509.Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    if certificate.issuer != by.subject:
        return False
    try:
        certificate.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _facts(certificate: x509.Certificate, signers: Sequence[x509.Certificate], *, rooted: bool) -> Certificate:
    public = _public(certificate)
    return Certificate(
        _name(certificate.subject),
        _name(certificate.issuer),
        _names(certificate),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        _key(public) or "another kind of key",
        weak=getattr(public, "key_size", _WEAK_BITS) < _WEAK_BITS and _key(public).startswith("RSA"),
        for_servers=_for_servers(certificate),
        fingerprint=_fingerprint(certificate),
        issued_by=frozenset(map(_fingerprint, signers)),
        rooted=rooted,
    )


def _fingerprint(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives import hashes

    return certificate.fingerprint(hashes.SHA256()).hex()


def _name(name: x509.Name) -> str:
    from cryptography.x509.oid import NameOID

    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return (str(common[0].value) if common else name.rfc4514_string()) or "an authority without a name"


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return (*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress)))


def _for_servers(certificate: x509.Certificate) -> bool:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    try:
        uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return ExtendedKeyUsageOID.SERVER_AUTH in uses or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in uses
