"""What a file of a certificate or key is, the PEM text that is stored of it, and why it is refused.

A PEM file is stored as it is. DER is wrapped, and of a file with certificates and a key each takes its blocks: nothing else is
changed. What only a password or another program can open is refused with the command that opens it.
"""

from __future__ import annotations

import shlex
from typing import Final, Literal, NamedTuple

from wizard.core.errors import Problem
from wizard.core.tls import pem

Form = Literal["whole", "blocks", "der"]
CERT_QUESTION: Final = "tls.cert"
KEY_QUESTION: Final = "tls.key"
_SSH: Final = "OPENSSH PRIVATE KEY"
_BOTH: Final = "then name tls.pem for both, certificate and key"


class Named(NamedTuple):
    """A file or a key of a Secret: its path or name for messages, and its content."""

    name: str
    content: bytes


class PemText(NamedTuple):
    """PEM as it is stored: its text, how it came out of its file, and the label of a DER file."""

    text: str
    form: Form = "whole"
    label: str = ""


def certificate_pem(file: Named, other: Named | None = None) -> PemText:
    """The certificates of a file; `other` is the key's file; raises Problem."""
    found = pem.blocks(file.content)
    certificates = [block for block in found if block.label == pem.CERTIFICATE]
    if certificates:
        return _stored(file, certificates, alone=not any(block.is_key for block in found))
    if pem.shape(file.content) == pem.CERTIFICATE:
        return PemText(pem.wrap(pem.CERTIFICATE, file.content), "der", pem.CERTIFICATE)
    raise _no_certificate(file, other)


def key_pem(file: Named) -> PemText:
    """The private key of a file, the first one; raises Problem."""
    found = pem.blocks(file.content)
    keys = [block for block in found if block.is_key]
    if keys and keys[0].label != _SSH:
        if keys[0].encrypted:
            raise _locked(file, "")
        alone = len(keys) == 1 and not any(block.label == pem.CERTIFICATE for block in found)
        return _stored(file, keys[:1], alone=alone)
    label = pem.shape(file.content)
    if label == pem.ENCRYPTED:
        raise _locked(file, "-inform der ")
    if label.endswith("PRIVATE KEY"):
        return PemText(pem.wrap(label, file.content), "der", label)
    raise _no_key(file)


def _stored(file: Named, kept: list[pem.Block], *, alone: bool) -> PemText:
    """The whole file, or the kept blocks where there is more in it that must not be stored or is no text."""
    if alone:
        try:
            return PemText(file.content.decode("utf-8"))
        except UnicodeDecodeError:
            pass
    try:
        return PemText(b"".join(block.text for block in kept).decode("utf-8"), "blocks")
    except UnicodeDecodeError:
        question = KEY_QUESTION if kept[0].is_key else CERT_QUESTION
        what = f"A PEM block in {file.name} has a header that is not UTF-8 text."
        raise Problem(what, "Take the header out.", question=question) from None


def _locked(file: Named, form: str) -> Problem:
    program = "pkcs8" if form else "pkey"
    step = f"Decrypt it, then name tls.key: openssl {program} {form}-in {shlex.quote(file.name)} -out tls.key"
    return Problem(f"The key in {file.name} is encrypted, and a server could not read it.", step, question=KEY_QUESTION)


def _no_certificate(file: Named, other: Named | None) -> Problem:
    holds, step = _holds(file)
    if holds == "a private key" and other and _has_certificate(other.content):
        what = f"The two are swapped: {file.name} holds the private key, {other.name} the certificate."
        return Problem(what, "Name them the other way round.", question=CERT_QUESTION)
    step = step or "Name the file with the certificate that the authority sent, in PEM or DER."
    return Problem(f"{file.name} holds no certificate: {_is(holds)}.", step, question=CERT_QUESTION)


def _no_key(file: Named) -> Problem:
    holds, step = _holds(file)
    step = step or "Name the file with the private key that the certificate was requested with, in PEM or DER."
    return Problem(f"{file.name} holds no private key: {_is(holds)}.", step, question=KEY_QUESTION)


def _is(holds: str) -> str:
    return f"it is {holds}" if holds else "it is neither PEM nor DER"


def _has_certificate(content: bytes) -> bool:
    labels = [block.label for block in pem.blocks(content)]
    return pem.CERTIFICATE in labels or pem.shape(content) == pem.CERTIFICATE


_PLAIN: Final = {
    pem.CERTIFICATE: "a certificate",
    "CERTIFICATE REQUEST": "a certificate request (CSR), which an authority answers with a certificate",
    "NEW CERTIFICATE REQUEST": "a certificate request (CSR), which an authority answers with a certificate",
    "PUBLIC KEY": "a public key",
    "RSA PUBLIC KEY": "a public key",
    "X509 CRL": "a list of revoked certificates",
    _SSH: "a key for SSH",
    "EC PARAMETERS": "the parameters of a key, without the key",
    "DH PARAMETERS": "parameters of Diffie-Hellman",
}
"""Label -> what it is, where no command turns it into what is wanted."""


def _holds(file: Named) -> tuple[str, str]:
    """What a file is in words, and the command that makes PEM of it; "" where it is not known, or there is none."""
    name, content = shlex.quote(file.name), file.content
    der = pem.shape(content)
    labels = [block.label for block in pem.blocks(content)] or ([der] if der else [])
    if pem.PKCS12 in labels:
        return "a PKCS12 store", f"Make PEM of it, {_BOTH}: openssl pkcs12 -in {name} -nodes -out tls.pem"
    if content.startswith(b"\xfe\xed\xfe\xed"):
        command = f"keytool -importkeystore -srckeystore {name} -destkeystore tls.p12 -deststoretype PKCS12"
        return (
            "a Java keystore",
            f"Make PEM of it, {_BOTH}: {command} && openssl pkcs12 -in tls.p12 -nodes -out tls.pem",
        )
    if "PKCS7" in labels or "CMS" in labels:
        form = "-inform der " if der else ""
        return "a PKCS7 bundle", f"Make PEM of it: openssl pkcs7 {form}-print_certs -in {name} -out tls.crt"
    if {"TRUSTED CERTIFICATE", "X509 CERTIFICATE"} & set(labels):
        return f"a {labels[0]} block, which servers do not read", f"Rewrite it: openssl x509 -in {name} -out tls.crt"
    if any(label.endswith("PRIVATE KEY") and label != _SSH for label in labels):
        return "a private key", ""
    if known := next((_PLAIN[label] for label in labels if label in _PLAIN), ""):
        return known, ""
    return _damage(content)


def _damage(content: bytes) -> tuple[str, str]:
    """What is wrong with a text that would have PEM blocks."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return "a text with a byte order mark", "Save it as plain ASCII text."
    if b"----------BEGIN " in content:
        return "PEM with two blocks on one line", "Put a line break between ----- and -----BEGIN."
    if b"-----BEGIN " in content:
        step = "Each block begins and ends on a line of its own, at its start. Export or copy it anew."
        return "damaged PEM", step
    return "", ""
