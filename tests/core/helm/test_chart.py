"""How a chart is named, and what helm says when it cannot be had."""

from __future__ import annotations

import pytest

from wizard.core.errors import Problem
from wizard.core.helm.chart import ChartOptions, refuse_login
from wizard.core.helm.chart_errors import not_pulled, not_verified
from wizard.core.helm.command_line import pull_argv, verify_argv


def test_a_chart_is_pulled_with_the_flags_of_helm_and_its_name_is_never_one() -> None:
    options = ChartOptions("^1.2", verify=True, keyring="k.gpg")
    assert pull_argv("-x/y", options, "/to") == [
        "pull", "--destination", "/to", "--version", "^1.2", "--verify", "--keyring", "k.gpg", "--", "-x/y",
    ]  # fmt: skip
    assert verify_argv("a.tgz", "k.gpg") == ["verify", "--keyring", "k.gpg", "--", "a.tgz"]
    assert ChartOptions.of_data(options.to_data()) == options
    assert ChartOptions.of_data({}) == ChartOptions()


@pytest.mark.parametrize(
    ("reference", "step"),
    [
        ("https://me:s3cret@charts.test/a.tgz", "helm repo add NAME URL --username USER"),
        ("OCI://me:s3cret@registry.test:5000/a", "helm registry login registry.test:5000"),
        ("https://token@charts.test/a.tgz", "helm repo add"),
    ],
)
def test_an_address_with_a_login_is_refused_without_repeating_it(reference: str, step: str) -> None:
    with pytest.raises(Problem) as caught:
        refuse_login(reference)
    assert step in caught.value.next_step
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("reference", ["", "a@b/c", "oci://r.test/a@sha256:ab", "https://h.test/a?x=@b", "./me@here"])
def test_any_other_reference_is_let_through(reference: str) -> None:
    refuse_login(reference)


OCI = "oci://registry.test:5000/acme/shop"
URL = "https://charts.test/shop-1.2.3.tgz"


@pytest.mark.parametrize(
    ("reference", "words", "step"),
    [
        ("acme/shop", "repo acme not found", "helm repo add acme URL"),
        ("acme/shop", "no cached repo found. (try 'helm repo update'): open /x/acme-index.yaml: no such file or directory", "helm repo update acme"),
        ("acme/shop", 'chart "shop" matching  not found in acme index. (try \'helm repo update\'): no chart name found', "helm search repo acme/"),
        ("acme/shop", 'chart "shop" matching 9 not found in acme index. (try \'helm repo update\'): no chart version found for shop-9', "helm search repo acme/shop --versions"),
        ("acme/shop", 'improper constraint: "x"', "--chart-version"),
        (OCI, "unable to locate any tags in provided repository: oci://registry.test:5000/acme/shop", "--chart-version"),
        (OCI, "could not locate a version matching provided version string ^9", "--chart-version"),
        (OCI, 'GET "https://registry.test:5000/v2/acme/shop/tags/list": response status code 401: unauthorized: authentication required', "helm registry login registry.test:5000"),
        (OCI, "basic credential not found", "helm registry login registry.test:5000"),
        (OCI, "registry.test:5000/acme/shop:9.9.9: not found", "Look at the address"),
        (OCI, "tls: failed to verify certificate: x509: certificate signed by unknown authority", "SSL_CERT_FILE"),
        (OCI, "http: server gave HTTP response to HTTPS client", "--plain-http"),
        (URL, "failed to fetch https://charts.test/shop-1.2.3.tgz : 404 Not Found", "Look at the address"),
        (URL, "failed to fetch https://charts.test/shop-1.2.3.tgz : 401 Unauthorized", "helm repo add NAME URL --username USER"),
        (URL, 'Get "https://charts.test/x": tls: failed to verify certificate: x509: unknown authority', "--ca-file"),
        (URL, 'Get "https://charts.test/x": dial tcp: lookup charts.test: no such host', "network"),
        (URL, 'Get "https://charts.test/x": dial tcp 127.0.0.1:1: connect: connection refused', "network"),
        (URL, 'failed to fetch provenance "https://charts.test/shop-1.2.3.tgz.prov"', "leave out --verify"),
        ("ftp://x/y", 'scheme "ftp" not supported', "oci://"),
        (URL, "something new", f"helm pull {URL}"),
    ],
)  # fmt: skip
def test_helm_s_words_are_one_sentence_with_the_next_step(reference: str, words: str, step: str) -> None:
    problem = not_pulled(reference, f"{words}\n")
    assert problem.what == f"The chart {reference} was not pulled: {' '.join(words.split())}."
    assert step in problem.next_step


@pytest.mark.parametrize(
    ("words", "step"),
    [
        ("openpgp: signature made by unknown entity", "--keyring FILE"),
        ("open /home/me/.gnupg/pubring.gpg: no such file or directory", "--keyring FILE"),
        ("failed to load keyring: open x: no such file or directory", "--keyring FILE"),
        ('sha256 sum does not match for shop.tgz: "a" != "b"', "do not install it"),
        ("openpgp: invalid signature: EdDSA verification failure", "do not install it"),
        ("could not load provenance file shop.tgz.prov: stat shop.tgz.prov: no such file or directory", "leave out --verify"),
        ("unpacked charts cannot be verified", "helm package --sign"),
        ("chart must be a tgz file", "helm package --sign"),
    ],
)  # fmt: skip
def test_a_refused_proof_says_what_to_do(words: str, step: str) -> None:
    problem = not_verified("./shop.tgz", words)
    assert problem.what.startswith("The chart ./shop.tgz was not verified: ")
    assert step in problem.next_step
