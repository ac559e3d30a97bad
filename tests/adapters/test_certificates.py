"""Files of certificates and keys: taken as kubectl takes them, or refused with what is wrong and the way out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from tests.adapters.tls_pairs import CHAINS, DAY, HOST, NOW, Pair, issue, pairs, rsa_key, world
from wizard.adapters.certificates import Certificates
from wizard.adapters.files import PersonFiles
from wizard.core.errors import Problem
from wizard.core.tls.chain import Remark, remarks
from wizard.core.tls.files import Named
from wizard.engine.secret_files import SecretFiles, TlsFiles


def no_roots() -> Sequence[bytes]:
    return ()


def reader() -> Certificates:
    """One that trusts the root of the tests."""
    return Certificates(lambda: [world()["root"].der])


def of_files(pair: Pair, folder: Path) -> TlsFiles:
    certificate, key = folder / "server.crt", folder / "my server.key"
    certificate.write_bytes(pair.certificate)
    key.write_bytes(pair.key)
    return SecretFiles(PersonFiles(), Certificates(no_roots)).tls(str(certificate), str(key))


def refused(read: Callable[[], object]) -> Problem | None:
    """Why it cannot be used; None if it can."""
    try:
        read()
    except Problem as problem:
        return problem
    return None


def test_each_pair_is_stored_or_refused_with_what_is_wrong_and_the_next_step(tmp_path: Path) -> None:
    for name, pair in pairs().items():
        problem = refused(partial(of_files, pair, tmp_path))
        assert bool(problem) is bool(pair.says), f"{name}: {problem}"
        if problem:
            assert pair.says in problem.what, f"{name}: {problem}"
            assert problem.next_step, name
            assert problem.question in ("tls.cert", "tls.key"), name
            continue
        stored = of_files(pair, tmp_path)
        for text, given in ((stored.certificate, pair.certificate), (stored.key, pair.key)):
            assert text.form != "whole" or text.text.encode() == given, f"{name}: a PEM file is stored as it is"
        assert "PRIVATE KEY" not in stored.certificate.text, name


def test_a_tls_secret_is_judged_as_kubectl_judges_files() -> None:
    for name, pair in pairs().items():
        certificate, key = Named("tls.crt", pair.certificate), Named("tls.key", pair.key)
        problem = refused(partial(Certificates(no_roots).chain, certificate, key))
        assert (problem is None) is pair.taken, f"{name}: {problem}"


def test_a_header_that_is_no_text_cannot_be_stored(tmp_path: Path) -> None:
    leaf = world()["ec"]
    odd = leaf.pem.replace(b"-----\n", b"-----\nName: \xe9\n\n", 1)
    with pytest.raises(Problem, match="has a header that is not UTF-8 text"):
        of_files(Pair(odd, leaf.key_bytes(), taken=True), tmp_path)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("an encrypted key", "openssl pkey -in '{}/my server.key' -out tls.key"),
        ("an encrypted key in DER", "openssl pkcs8 -inform der -in '{}/my server.key' -out tls.key"),
        ("PKCS12", "openssl pkcs12 -in {}/server.crt -nodes -out tls.pem"),
        ("PKCS7", "openssl pkcs7 -print_certs -in {}/server.crt -out tls.crt"),
        ("PKCS7 in DER", "openssl pkcs7 -inform der -print_certs -in {}/server.crt -out tls.crt"),
        ("a trusted certificate", "openssl x509 -in {}/server.crt -out tls.crt"),
    ],
)
def test_what_is_not_converted_is_refused_with_the_command_that_does_it(
    name: str, command: str, tmp_path: Path
) -> None:
    with pytest.raises(Problem) as caught:
        of_files(pairs()[name], tmp_path)
    assert command.format(tmp_path) in caught.value.next_step


def test_a_file_with_everything_gives_each_its_blocks_and_der_is_wrapped(tmp_path: Path) -> None:
    leaf, middle = world()["ec"], world()["middle"]
    stored = of_files(pairs()["key and certificates in one file"], tmp_path)
    assert stored.certificate.text.encode() == leaf.pem + middle.pem
    assert stored.key.text.encode() == leaf.key_bytes()

    stored = of_files(pairs()["DER"], tmp_path)
    assert (stored.certificate.text.encode(), stored.key.text.encode()) == (leaf.pem, leaf.key_bytes())
    assert (stored.certificate.form, stored.certificate.label) == ("der", "CERTIFICATE")


def said(name: str, hosts: Sequence[str] = (HOST,)) -> tuple[Remark, ...]:
    chain = reader().chain(Named("tls.crt", CHAINS[name](world())))
    return remarks(chain, hosts, NOW)


@pytest.mark.parametrize(
    ("name", "says", "fails"),
    [
        ("whole", "", False),
        ("without its root", "", False),
        ("of the root itself", "", False),
        ("self-signed", "", False),
        ("without its intermediate", "the chain ends with it: Test Intermediate", False),
        ("out of order", "the right one is 1, 3, 2", False),
        ("with a stranger", "certificate 2 (Stranger) did not sign any", False),
        ("twice", "is in the file more than once", False),
        ("with an old intermediate", "certificate 2 (Test Intermediate) is valid from", False),
        ("expired", "it expired on 2026-05-31", True),
        ("not yet valid", "it is not valid before 2026-06-02", True),
        ("soon to expire", "it expires in 5 days, on 2026-06-06", False),
        (
            "for other hosts",
            "it is not for api.example.com; its names: other.example.com, *.deep.api.example.com",
            True,
        ),
        ("without names", "it has no subject alternative names", True),
        ("for clients", "its extended key usage leaves servers out", True),
    ],
)
def test_what_is_wrong_with_a_chain_is_said_and_fails_where_clients_would_refuse_it(
    name: str, says: str, fails: bool
) -> None:
    found = said(name)
    assert says in "; ".join(remark.text for remark in found)
    assert bool(found) is bool(says)
    assert any(remark.fails for remark in found) is fails
    assert all(remark.next_step for remark in found)


def test_a_weak_key_and_junk_in_the_chain_are_said() -> None:
    weak = issue("self", rsa_key(1024), names=[HOST], ends=NOW + 90 * DAY)
    junk = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    chain = reader().chain(Named("tls.crt", weak.pem + junk), Named("tls.key", weak.key_bytes()))
    assert [remark.text for remark in remarks(chain, [HOST], NOW)] == [
        "certificate 2 of the chain cannot be read",
        "its key is weak: RSA 1024",
    ]


def test_a_bundle_of_many_certificates_is_read_in_part_and_that_is_said() -> None:
    chain = reader().chain(Named("tls.crt", world()["ec"].pem + world()["middle"].pem * 400))
    assert len(chain.certificates) == 32
    assert "369 certificates more were not looked at" in [remark.text for remark in remarks(chain, [HOST], NOW)]


def test_both_files_may_be_pipes(tmp_path: Path) -> None:
    pair = pairs()["a chain"]
    script = (
        "import sys; from wizard.adapters.certificates import Certificates; from wizard.adapters.files import PersonFiles; "
        "from wizard.engine.secret_files import SecretFiles; files = SecretFiles(PersonFiles(), Certificates()); "
        "[files.tls(*sys.argv[1:]) for _ in range(2)]; print('read twice')"
    )
    (tmp_path / "c").write_bytes(pair.certificate)
    (tmp_path / "k").write_bytes(pair.key)
    command = ["bash", "-c", '"$0" -c "$1" <(cat c) <(cat k)', sys.executable, script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "read twice\n"
