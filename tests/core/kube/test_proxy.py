from __future__ import annotations

import pytest

from wizard.core.kube import proxy


@pytest.mark.parametrize(
    ("server", "left_out", "expected"),
    [
        ("https://a.example:6443", "", "http://tls:1"),
        ("http://a.example:6443", "", "http://plain:2"),
        ("https://localhost:6443", "", ""),
        ("https://127.0.0.1:6443", "", ""),
        ("https://[::1]:6443", "", ""),
        ("https://a.example", "a.example", ""),
        ("https://b.a.example", "x, A.example ", ""),
        ("https://a.example", ".a.example", "http://tls:1"),
        ("https://b.a.example", "*.a.example", ""),
        ("https://a.example:6443", "a.example:443", "http://tls:1"),
        ("https://a.example", "a.example:443", ""),
        ("https://a.example", "*", ""),
        ("https://10.1.2.3", "10.0.0.0/8", ""),
        ("https://10.1.2.3", "10.0.0.0/99", "http://tls:1"),
        ("https://10.1.2.3", "10.1.2.3:6443", "http://tls:1"),
        ("https://10.1.2.3", "3", "http://tls:1"),
        ("https://[fd00::1]", "fd00::/8", ""),
    ],
)
def test_a_proxy_of_the_environment_is_taken_as_go_takes_it(server: str, left_out: str, expected: str) -> None:
    environment = {"HTTPS_PROXY": "tls:1", "http_proxy": "http://plain:2", "NO_PROXY": left_out}
    assert proxy.of_environment(server, environment) == expected


def test_the_name_in_capitals_wins() -> None:
    environment = {"HTTPS_PROXY": "http://a", "https_proxy": "http://b"}
    assert proxy.of_environment("https://x", environment) == "http://a"
    assert proxy.of_environment("https://x", {}) == ""
