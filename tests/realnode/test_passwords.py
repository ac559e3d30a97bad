"""Passwords that a person gives reach the application, whatever is in them; wrong and missing ones are seen."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.realnode.conftest import RELEASE, Release, until
from wizard.core.answers import secrets

pytestmark = pytest.mark.real

SPECIAL = """p@ss/w0rd:x#%?&=+ "q"'s\\n $HOME $(id) `id` [é] <{|}>~;!*,"""
POSTGRES, REDIS = f"{RELEASE}-postgresql-credentials", f"{RELEASE}-redis-credentials"
EXISTING = tuple(
    f"{part.path}={secrets.created_name(name, RELEASE)}"
    for name, part in secrets.PARTS.items()
    if name in ("jwt", "postgres", "redis")
)
ENCODED = tuple(f"{secrets.PARTS[name].encoded_path}={secrets.ENCODED_KEY}" for name in ("postgres", "redis"))


def make_secrets(release: Release, folder: Path, password: str) -> None:
    """Secrets with the names and keys that the wizard gives them."""
    for name in ("jwt", "postgres", "redis"):
        part = secrets.PARTS[name]
        contents = dict.fromkeys(part.keys, password)
        if part.encoded_path:
            contents[secrets.ENCODED_KEY] = quote(password, safe="")
        options = []
        for key, content in contents.items():
            file = folder / f"{name}-{key}"
            file.write_text(content)
            options.append(f"--from-file={key}={file}")
        done = release.kubectl("create", "secret", "generic", secrets.created_name(name, RELEASE), *options)
        assert done.code == 0, done.err


def set_password(release: Release, password: str) -> None:
    """Change what the database's Secret says, and only that."""
    encoded = {"stringData": {"password": password, "postgres-password": password, "password-urlencoded": password}}
    release.patch("secret", POSTGRES, encoded)


def messages(release: Release, part: str) -> str:
    """Warnings about pods of that name."""
    return "\n".join(w for w in release.warnings() if part in w)


def test_given_passwords_with_special_characters_log_in_and_are_kept(release: Release, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(SPECIAL + "\n")
    given = ("postgresql.auth.password", "redis.auth.password")
    release.install(*(f"--set-file={path}={file}" for path in given))

    assert release.logs_in()
    assert b64decode(release.secrets()[POSTGRES]["password"]).decode() == SPECIAL
    release.upgrade()
    assert release.logs_in()

    refused = release.apply("upgrade", sets=("postgresql.auth.password=another",))
    assert refused.code == 1
    assert "postgresql.auth.password" in refused.err


def test_secrets_of_the_wizard_log_in_with_special_characters_and_stay_out_of_the_release(
    release: Release, tmp_path: Path
) -> None:
    make_secrets(release, tmp_path, SPECIAL)
    release.install(sets=(*EXISTING, *ENCODED))

    assert release.logs_in()
    assert "w0rd" not in release.helm("get", "all", RELEASE).said
    release.uninstall()
    release.install(sets=(*EXISTING, *ENCODED))
    assert release.logs_in()


def test_a_secret_that_no_longer_fits_the_database_is_seen_at_ready_only(release: Release, tmp_path: Path) -> None:
    make_secrets(release, tmp_path, "GivenPassword0123456789abcdef0123")
    release.install(sets=EXISTING)
    set_password(release, "NotTheDatabasePassword")

    release.upgrade(sets=(*EXISTING, "podAnnotations.restart=once"))
    until(lambda: release.ask("/ready")[0] == 503, "the new pod answers, not the one that is leaving")
    _, said = release.ask("/ready")
    assert said["dependencies"]["database"]["ok"] is False
    assert "password authentication failed" in said["dependencies"]["database"]["error"]

    refused = release.apply("upgrade", sets=(*EXISTING, "readinessProbe.httpGet.path=/ready"), timeout="25s")
    assert refused.code == 1
    until(lambda: "HTTP probe failed with statuscode: 503" in messages(release, RELEASE), "the event says so")

    set_password(release, "GivenPassword0123456789abcdef0123")
    release.upgrade(sets=(*EXISTING, "readinessProbe.httpGet.path=/ready", "podAnnotations.restart=twice"))
    assert release.logs_in()


def test_a_volume_of_another_password_keeps_postgresql_from_starting_and_its_event_says_why(release: Release) -> None:
    release.install()
    password = release.secrets()[POSTGRES]
    release.uninstall()
    assert release.kubectl("delete", "secret", POSTGRES).code == 0

    done = release.apply("install", sets=("postgresql.acceptRisk={password-change}",), timeout="25s")
    assert done.code == 1
    assert "password authentication failed" in messages(release, "postgresql")

    release.patch("secret", POSTGRES, {"data": password})
    release.upgrade()
    assert release.logs_in()


def test_a_missing_key_is_named_by_the_event_and_heals_when_it_comes(release: Release, tmp_path: Path) -> None:
    make_secrets(release, tmp_path, "GivenPassword0123456789abcdef0123")
    whole = release.secrets()[REDIS]
    release.patch("secret", REDIS, {"data": {"redis-password": None}})

    done = release.apply("install", sets=EXISTING, timeout="20s")
    assert done.code == 1
    assert "couldn't find key redis-password in Secret" in messages(release, "redis")

    release.patch("secret", REDIS, {"data": whole})
    release.upgrade(sets=EXISTING)
    assert release.logs_in()
