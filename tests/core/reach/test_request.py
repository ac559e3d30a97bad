"""What is never asked, and which redirects are followed."""

from __future__ import annotations

import pytest

from wizard.core.reach.request import Answer, Request, is_forbidden, is_host, is_path, to_https


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "0.0.0.0",
        "::", "224.0.0.1", "ff02::1", "fd00:ec2::254", "100.100.100.200", "no address",
    ],
)  # fmt: skip
def test_metadata_services_and_what_is_no_host_are_never_asked(address: str) -> None:
    assert is_forbidden(address)


@pytest.mark.parametrize(
    "address", ["203.0.113.7", "10.0.0.5", "127.0.0.1", "::1", "2001:db8::1", "64:ff9b::cb00:7107"]
)
def test_other_addresses_may_be_asked(address: str) -> None:
    assert not is_forbidden(address)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("api.example.com", True), ("localhost", True), ("203.0.113.7", True), ("2001:db8::1", True), ("a-b.c", True),
        ("", False), ("*.example.com", False), ("API.example.com", False), ("a b", False), ("a.com\r\nX: y", False), ("a.com\n", False),
        ("user@a.com", False), ("a.com:80", False), ("a/b", False), ("-a.com", False), ("\u0430pi.com", False),
        ("a" * 64 + ".com", False), (".".join(["a" * 60] * 5), False), ("fe80::1%eth0", False), ("a..b", False),
    ],
)  # fmt: skip
def test_only_one_name_or_address_is_a_host(text: str, good: bool) -> None:
    assert is_host(text) is good


@pytest.mark.parametrize(
    ("path", "good"),
    [
        ("/", True), ("/health", True), ("/a/b-c_d.e~%20", True), ("", False), ("health", False), ("/a b", False), ("/a?b", False),
        ("/a#b", False), ("/a\r\nHost: b", False), ("/\x1b[2J", False), ("/" + "a" * 400, False), ("/a\n", False),
    ],
)  # fmt: skip
def test_only_a_plain_path_is_asked(path: str, good: bool) -> None:
    assert is_path(path) is good


@pytest.mark.parametrize(
    ("location", "followed"),
    [
        ("https://api.example.com/health", "https://api.example.com/health"),
        ("https://api.example.com:443/login", "https://api.example.com/login"),
        ("https://api.example.com:8443/", "https://api.example.com:8443/"),
        ("https://api.example.com", "https://api.example.com/"),
        ("https://login.example.com/health", ""), ("http://api.example.com/health", ""), ("/health", ""), ("", ""),
        ("https://api.example.com@evil.example/health", ""), ("https://api.example.com:99999/", ""), ("https://[::1", ""),
        ("https://api.example.com/a b", ""),
    ],
)  # fmt: skip
def test_only_a_redirect_to_https_of_the_same_host_is_followed(location: str, followed: str) -> None:
    request = Request("http", "api.example.com", 80, "/health", via="203.0.113.7")

    again = to_https(request, Answer(status=308, location=location))

    assert (again.url if again else "") == followed
    assert again is None or again.via == "203.0.113.7"
    assert to_https(Request("https", "api.example.com", 443, "/"), Answer(status=308, location=location)) is None
    assert to_https(request, Answer(status=200, location=location)) is None
