"""Certificates of a sandbox."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from wizard.sandbox import pki

AUTHORITY = pki.make_authority()


def load(pair: pki.Pair) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pair.certificate)


def test_a_certificate_is_signed_by_its_authority_and_by_no_other() -> None:
    leaf = load(pki.issue(AUTHORITY, "admin", ("system:masters",)))
    leaf.verify_directly_issued_by(load(AUTHORITY))
    with pytest.raises(InvalidSignature):  # it has the same name: only the signature tells them apart
        leaf.verify_directly_issued_by(load(pki.make_authority()))


def test_who_it_is_for_is_in_the_names_that_kubernetes_reads() -> None:
    subject = load(pki.issue(AUTHORITY, "jo", ("team-a",))).subject
    assert [part.value for part in subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == ["jo"]
    assert [part.value for part in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == ["team-a"]


def test_a_server_answers_for_this_machine_and_a_client_for_nothing() -> None:
    server, client = load(pki.issue(AUTHORITY, "admin", server=True)), load(pki.issue(AUTHORITY, "jo"))
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "localhost" in names.get_values_for_type(x509.DNSName)
    assert ipaddress.ip_address("127.0.0.1") in names.get_values_for_type(x509.IPAddress)
    usage = client.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_an_expired_certificate_is_expired_and_was_valid_once() -> None:
    leaf = load(pki.issue(AUTHORITY, "jo", expired=True))
    assert leaf.not_valid_before_utc < leaf.not_valid_after_utc < datetime.now(UTC)


def test_keys_are_in_the_form_that_kubernetes_reads_and_private(tmp_path: Path) -> None:
    pair = pki.issue(AUTHORITY, "admin")
    pair.write(tmp_path / "a.crt", tmp_path / "a.key")
    assert (tmp_path / "a.key").stat().st_mode & 0o777 == 0o600
    # Service account keys are read from this file too, and only the traditional form is accepted there.
    assert (tmp_path / "a.key").read_bytes().startswith(b"-----BEGIN EC PRIVATE KEY-----")
    public = load(pair).public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert public.curve.name == "secp256r1"
