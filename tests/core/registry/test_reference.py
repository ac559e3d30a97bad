"""The name of an image as container runtimes read it."""

from __future__ import annotations

import pytest

from wizard.core.registry.reference import is_here, parse

DIGEST = "sha256:" + "0f" * 32


@pytest.mark.parametrize(
    ("image", "whole", "wanted", "host"),
    [
        ("redis", "docker.io/library/redis:latest", "latest", "registry-1.docker.io"),
        ("redis:7.2", "docker.io/library/redis:7.2", "7.2", "registry-1.docker.io"),
        ("acme/api:v1", "docker.io/acme/api:v1", "v1", "registry-1.docker.io"),
        ("docker.io/redis", "docker.io/library/redis:latest", "latest", "registry-1.docker.io"),
        ("index.docker.io/acme/api", "docker.io/acme/api:latest", "latest", "registry-1.docker.io"),
        ("localhost/api", "localhost/api:latest", "latest", "localhost"),
        ("localhost:5000/a/b__c/d-e.f:x", "localhost:5000/a/b__c/d-e.f:x", "x", "localhost:5000"),
        ("[::1]:5000/api", "[::1]:5000/api:latest", "latest", "[::1]:5000"),
        ("ghcr.io/acme/api", "ghcr.io/acme/api:latest", "latest", "ghcr.io"),
        (f"ghcr.io/acme/api@{DIGEST}", f"ghcr.io/acme/api@{DIGEST}", DIGEST, "ghcr.io"),
        (f"redis:7@{DIGEST}", f"docker.io/library/redis:7@{DIGEST}", DIGEST, "registry-1.docker.io"),
        ("Registry/api", "Registry/api:latest", "latest", "Registry"),
    ],
)
def test_a_name_is_its_registry_repository_tag_and_digest(image: str, whole: str, wanted: str, host: str) -> None:
    found = parse(image)
    assert (str(found), found.wanted, found.host) == (whole, wanted, host)


@pytest.mark.parametrize(
    ("image", "why"),
    [
        ("Redis", "capital letters"),
        ("ghcr.io/Acme/api:1", "capital letters"),
        ("", "none of a repository"),
        ("ghcr.io/", "none of a repository"),
        ("ghcr.io/a//b", "none of a repository"),
        ("ghcr.io/a/../b", "none of a repository"),
        ("ghcr.io/a?x=1", "none of a repository"),
        ("ghcr.io/a\nb", "none of a repository"),
        ("me:pw@ghcr.io/a", "no host"),
        ("http://ghcr.io/a", "no host"),
        ("ghcr.io:port/a", "no host"),
        ("redis:", "tag is none"),
        ("redis:a b", "tag is none"),
        ("redis:" + "a" * 129, "tag is none"),
        ("redis@sha256:12", "digest is none"),
        ("redis:1@", "digest is none"),
        ("ghcr.io/" + "a" * 300, "255 characters"),
    ],
)
def test_what_no_runtime_takes_is_refused(image: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(image)


def test_this_machine_is_known_by_its_names() -> None:
    assert all(
        map(is_here, ("localhost", "localhost:5000", "127.0.0.1:1", "127.9.9.9", "[::1]:5000", "kind.localhost"))
    )
    assert not any(
        map(is_here, ("10.0.0.1:5000", "127.0.0.1.example.com", "localhost.example", "ghcr.io", "[fe80::1]:5"))
    )
