"""Validators say in one sentence what is wrong."""

from __future__ import annotations

import pytest

from wizard.core.answers import validate
from wizard.core.answers.validate import ImageName
from wizard.core.errors import Problem
from wizard.core.helm import values


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


@pytest.mark.parametrize("text", ["\u0663", "\uff13", "\u00b2", "3\n"])
def test_digits_of_other_scripts_are_no_numbers(text: str) -> None:
    assert validate.count(text, "Replicas", 1, 500)
    assert validate.cpu(text, "CPU")
    assert validate.size(f"{text}Gi", "Memory", "512Mi")
    assert validate.image(f"localhost:{text}/app:v1")
    assert values_path_problem(text)


def values_path_problem(text: str) -> bool:
    try:
        return values.path_of(f"a[{text}]") is None
    except Problem:
        return True


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("512Mi", ""), ("1.5Gi", ""), ("2e9", ""), ("1Mi", ""), ("0", "not a quantity"), ("2 Gi", "not a quantity"),
        ("2GB", "not a quantity"), ("", "not a quantity"), ("512m", "0.512 bytes; is 512Mi meant?"), ("10", "10 bytes; is 10Gi meant?"),
        ("512", "512 bytes; is 512Mi meant?"), ("900k", "900,000 bytes; it looks like 512Mi"), ("2Ei", "looks like"),
    ],
)  # fmt: skip
def test_sizes_are_quantities_of_the_magnitude_of_memory_and_disks(text: str, says: str) -> None:
    problem = validate.size(text, "Memory", "512Mi")
    assert says in problem
    assert bool(problem) is bool(says)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("500m", ""), ("2", ""), ("0.1", ""), ("64", ""), ("1m", ""), ("500", "500 cores; is 500m meant?"), ("0.1m", "0.0001 cores"),
        ("512Mi", "536,870,912 cores; it looks like 500m"), ("-1", "not a quantity"), ("1,5", "not a quantity"),
    ],
)  # fmt: skip
def test_cpu_is_a_quantity_of_cores(text: str, says: str) -> None:
    problem = validate.cpu(text, "CPU request")
    assert says in problem
    assert bool(problem) is bool(says)


@pytest.mark.parametrize(
    "text", ["db", "db.example.com", "DB.example.com.", "10.0.0.7", "my_db", "a.b-c.svc.cluster.local"]
)
def test_a_server_is_a_name_or_an_address(text: str) -> None:
    assert validate.server(text, "The database host") == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"), ("postgres://db", 'begins with "postgres://"; only the host name is wanted, as in db.'),
        ("redis://cache:6379/0", "as in cache."), ("db:5432", 'holds the port ":5432"; ask there.'), ("db/app", 'holds the path "/app"'),
        ("my db", "holds a blank"), ("db\t", "holds a blank"), ("::1", "IPv6"), ("db..x", "not a host name"), ("-db", "not a host name"),
        ("d\u00e9", "not a host name"), ("a" * 64, "not a host name"), ("db?x=1", "not a host name"),
    ],
)  # fmt: skip
def test_what_is_too_much_in_a_server_is_named(text: str, says: str) -> None:
    assert says in validate.server(text, "The database host", "ask there")


def test_a_password_in_a_server_is_not_repeated() -> None:
    assert "canary" not in validate.server("postgres://app:canary@db", "The database host")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("/", ""), ("/api", ""), ("/a/b/", ""), ("api", "must begin"), ("", "must begin"), ("/a b", "blank"), ("/a//b", '"//"'),
        ("/a/../b", '"/../"'), ("/a/..", 'end with "/.."'), ("/%2fa", '"%2f"'), ("/a?b", '"?"'), ("/a#b", '"#"'),
    ],
)  # fmt: skip
def test_a_path_is_what_an_ingress_takes(text: str, says: str) -> None:
    problem = validate.url_path(text, "The path")
    assert says in problem
    assert bool(problem) is bool(says)


def test_names_of_databases_are_not_longer_than_postgres_keeps_them() -> None:
    assert validate.postgres_name("app-1 \u00e9/x", "The database name") == ""
    assert "has 64 bytes" in validate.postgres_name("\u00e9" * 32, "The database name")
    assert "is empty" in validate.postgres_name("", "The database name")
    assert "not seen" in validate.postgres_name("a\x00b", "The database name")


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
