from __future__ import annotations

import pytest

from wizard.core.kube import kubeconfig_rules


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ("https://a:6443", "https://a:6443"),
        ("https://a:6443/", "https://a:6443"),
        ("HTTPS://a", "https://a"),
        ("a:6443", "http://a:6443"),
        ("10.0.0.1", "http://10.0.0.1"),
        ("https://[::1]:6443", "https://[::1]:6443"),
        ("https://a/k8s/c-1/?x=1#y", "https://a/k8s/c-1"),
        ("a/k8s", ""),
        ("ftp://a", ""),
        ("https://::1:6443", ""),
        ("https://a:port", ""),
        (" https://a", ""),
        ("https://a\n", ""),
        ("", ""),
    ],
)
def test_the_address_of_a_server_is_where_kubectl_sends_requests(server: str, url: str) -> None:
    assert kubeconfig_rules.address(server) == url


@pytest.mark.parametrize(
    ("user", "counts"),
    [
        ({"exec": {}, "as": "jane"}, {"exec", "as"}),
        ({"exec": {}, "token": "t"}, {"token"}),
        ({"exec": {}, "tokenFile": "t"}, {"tokenFile"}),
        ({"exec": {}, "username": "me"}, {"username"}),
        ({"exec": {}, "client-certificate": "c", "client-key": "k"}, {"client-certificate", "client-key"}),
        ({"exec": {}, "client-key": "k"}, {"exec"}),
        ({"auth-provider": {}, "token": "t"}, {"token"}),
        ({"auth-provider": {}, "client-certificate": "c"}, {"auth-provider", "client-certificate"}),
    ],
)
def test_a_plugin_or_provider_counts_where_nothing_else_logs_in(user: dict[str, object], counts: set[str]) -> None:
    assert set(kubeconfig_rules.effective(user, encrypted=True)) == counts


def test_without_tls_nothing_logs_in() -> None:
    user = {"token": "t", "username": "u", "password": "p", "exec": {}, "auth-provider": {}, "as": "jane"}
    assert kubeconfig_rules.effective(user, encrypted=False) == {"as": "jane"}
