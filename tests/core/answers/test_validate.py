"""Validators say in one sentence what is wrong."""

from __future__ import annotations

import pytest

from wizard.core.answers import validate
from wizard.core.answers.validate import ImageName


@pytest.mark.parametrize("text", ["api.example.com", "a.b", "*.example.com", "xn--bcher-kva.example"])
def test_a_right_host_passes(text: str) -> None:
    assert validate.host(text) == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"), ("https://api.example.com", "only the host name"), ("api.example.com/x", "only the host name"),
        ("10.0.0.1", "not a host name"), ("api.example.com:8080", "not a host name"), ("API.example.com", "lower case"),
        ("api", "no domain"), ("-a.example.com", "looks like"), ("a..b", "looks like"), ("a" * 64 + ".example.com", "looks like"),
    ],
)  # fmt: skip
def test_a_wrong_host_says_what_a_right_one_looks_like(text: str, says: str) -> None:
    assert says in validate.host(text)


@pytest.mark.parametrize(
    ("text", "right"), [("3", True), ("0", False), ("x", False), ("-1", False), ("1.5", False), ("501", False)]
)
def test_counts_have_bounds(text: str, right: bool) -> None:
    assert (validate.count(text, "Replicas", 1, 500) == "") is right


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("500m", True),
        ("2", True),
        ("512Mi", True),
        ("1.5Gi", True),
        ("0", False),
        ("2 Gi", False),
        ("2GB", False),
        ("", False),
    ],
)
def test_quantities_are_those_of_kubernetes(text: str, right: bool) -> None:
    assert (validate.quantity(text, "Memory", "512Mi") == "") is right


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ghcr.io/acme/llm-cost-ops:v1.0.0", ("ghcr.io", "acme/llm-cost-ops", "v1.0.0", "")),
        ("localhost:5000/app", ("localhost:5000", "app", "", "")),
        ("llm-cost-ops:v1", ("", "llm-cost-ops", "v1", "")),
        ("acme/app@sha256:" + "a" * 64, ("", "acme/app", "", "sha256:" + "a" * 64)),
    ],
)
def test_an_image_is_read_in_its_parts(text: str, parts: tuple[str, str, str, str]) -> None:
    image = ImageName.parse(text)
    assert (image.registry, image.repository, image.tag, image.digest) == parts


@pytest.mark.parametrize("text", ["", "UPPER/app:1", "app:", "app@sha256:12", "app@", "ghcr.io/", "a b", "app:tag:tag"])
def test_a_wrong_image_is_refused(text: str) -> None:
    assert validate.image(text) != ""


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("10m", True),
        ("1h30m", True),
        ("90s", True),
        ("10", False),
        ("", False),
        ("0s", False),
        ("m10", False),
        ("1.5h", True),
        ("-10m", False),
    ],
)
def test_times_are_those_of_helm(text: str, right: bool) -> None:
    assert (validate.duration(text) == "") is right
