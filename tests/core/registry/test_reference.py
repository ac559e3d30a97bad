"""The name of an image as container runtimes read it, beside the Go package that they read it with."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.core.oracle import running
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
        ("registry-1.docker.io/redis", "registry-1.docker.io/redis:latest", "latest", "registry-1.docker.io"),
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
        (f"redis@{DIGEST.upper()}", "digest is none"),
        (f"redis@md5:{'0' * 32}", "digest is none"),
        ("0f" * 32, "identifier of an image"),
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


GO = """
package main

import (
	"bufio"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/json"
	"fmt"
	"os"

	"github.com/distribution/reference"
)

func main() {
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		var words []string
		if err := json.Unmarshal(input.Bytes(), &words); err != nil {
			panic(err)
		}
		fmt.Println(answer(words[1]))
	}
}

func answer(image string) string {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil || reference.Domain(named) == "" { // without a domain it can be parsed, but not pulled
		return "error"
	}
	return reference.TagNameOnly(named).String()
}
"""
HOSTS = (
    "", "docker.io/", "index.docker.io/", "registry-1.docker.io/", "ghcr.io/", "localhost/", "localhost:5000/", "127.0.0.1:5000/",
    "[::1]:5000/", "[::1]/", "[zz]/", "Registry/", "a_b.io/", "a-.io/", "a..b/", "host:/", "host:80a/", "library/", "a:b@c/", "http://x/",
)  # fmt: skip
NAMES = (
    "redis", "acme/api", "library/redis", "a/b/c", "A/b", "a__b", "a___b", "a--b", "a.b", "a..b", "-a", "a-", "a_", "a//b", "a/", "/a", "",
    "f" * 64, "a" * 256, "\u00e9", "a b", "redis\n",
)  # fmt: skip
TAGS = (
    "",
    ":1",
    ":latest",
    ":",
    "::",
    ":a:b",
    ":_x",
    ":.x",
    ":A.b-c_",
    ":" + "a" * 128,
    ":" + "a" * 129,
    ":\u00e9",
    ":1\n",
)
DIGESTS = (
    "", f"@{DIGEST}", "@sha256:" + "0F" * 32, "@sha256:12", "@sha512:" + "a" * 128, "@sha384:" + "a" * 96, "@md5:" + "a" * 32, "@", "@@",
)  # fmt: skip


@pytest.mark.full
@pytest.mark.tools
def test_names_are_read_as_runtimes_read_them(tmp_path: Path) -> None:
    choose = random.Random(7)
    rows = []
    for _ in range(30_000):
        image = "".join(map(choose.choice, (HOSTS, NAMES, TAGS, DIGESTS)))
        if image and choose.random() < 0.3:
            at = choose.randrange(len(image))
            image = image[:at] + choose.choice("aA0._-:/@[] Z") + image[at + 1 :]
        rows.append(image)
    with running("kube-apiserver", GO, tmp_path) as oracle:
        told = [oracle.ask("image", image) for image in rows]
    assert sum(answer != "error" for answer in told) > 500
    assert {image: answer for image, answer in zip(rows, told, strict=True) if read(image) != answer} == {}


def read(image: str) -> str:
    try:
        return str(parse(image))
    except ValueError:
        return "error"
