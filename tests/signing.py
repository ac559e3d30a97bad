"""Throwaway keys that sign charts, made with GnuPG, in the form that helm reads."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from release.chart_repo import Signer


@dataclass(frozen=True)
class Keys:
    """What GnuPG exported: two throwaway keys in one keyring of each kind, and the file with their passphrase."""

    secret: Path
    public: Path
    passphrase: Path

    def signer(self, name: str = "Release Key") -> Signer:
        """Who signs with the key of that name."""
        return Signer(name, self.secret, self.passphrase)


@contextmanager
def made_keys(home: Path) -> Iterator[Keys]:
    """Release Key can sign; Certify Key can only certify, and has a subkey that signs. The path of `home` must be short."""
    if shutil.which("gpg") is None:
        pytest.skip("there is no gpg on this machine to make a throwaway key with")
    home.chmod(0o700)
    made = Keys(home / "secret.gpg", home / "public.gpg", home / "passphrase")
    made.passphrase.write_text("correct horse\n")
    (home / "gpg-agent.conf").write_text("s2k-count 65536\n")  # else it makes guessing slow, and the test with it
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback"]
    gpg += ["--passphrase-file", str(made.passphrase)]
    _call(*gpg, "--quick-generate-key", "Release Key <release@example.invalid>", "ed25519", "sign", "never")
    _call(*gpg, "--quick-generate-key", "Certify Key <certify@example.invalid>", "ed25519", "cert", "never")
    listed = _call(*gpg, "--with-colons", "--list-keys", "Certify Key").splitlines()
    (fingerprint,) = (line.split(":")[9] for line in listed if line.startswith("fpr:"))
    _call(*gpg, "--quick-add-key", fingerprint, "ed25519", "sign", "never")
    _call(*gpg, "--output", str(made.secret), "--export-secret-keys")
    _call(*gpg, "--output", str(made.public), "--export")
    yield made
    _call("gpgconf", "--homedir", str(home), "--kill", "all")


def _call(*command: str) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
