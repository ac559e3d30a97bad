"""Who else can read a file: by its mode, and by the git repository that it is in."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from wizard.adapters.files import PersonFiles


def git(folder: Path, *command: str) -> None:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    subprocess.run(["git", *identity, *command], cwd=folder, check=True, capture_output=True, timeout=20)


def test_a_secret_in_a_repository_is_told_until_it_is_ignored(tmp_path: Path) -> None:
    file = tmp_path / "repo" / "deploy" / "jwt"
    file.parent.mkdir(parents=True)
    file.write_text("x")
    file.chmod(0o600)
    assert PersonFiles().exposed(str(file)) == ()
    git(tmp_path / "repo", "init")
    assert "does not ignore it" in PersonFiles().exposed(str(file))[0]
    (tmp_path / "repo" / ".gitignore").write_text("jwt\n")
    assert PersonFiles().exposed(str(file)) == ()
    git(tmp_path / "repo", "add", "--force", "deploy/jwt")
    assert "is tracked by git" in PersonFiles().exposed(str(file))[0]


def test_no_program_of_the_repository_runs_and_a_pipe_is_left_alone(tmp_path: Path) -> None:
    repo, ran = tmp_path / "repo", tmp_path / "ran"
    repo.mkdir()
    git(repo, "init")
    hook = repo / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {ran}\n")
    hook.chmod(0o700)
    git(repo, "config", "core.fsmonitor", str(hook))
    (repo / "jwt").write_text("x")
    PersonFiles().exposed(str(repo / "jwt"))
    assert not ran.exists()
    os.mkfifo(repo / "pipe")
    assert PersonFiles().exposed(str(repo / "pipe")) == PersonFiles().exposed(str(repo / "nothing")) == ()
