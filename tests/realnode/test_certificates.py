"""A real PostgreSQL that is verified by its CA, and one that a certificate logs in to without a password."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.realnode.conftest import FITTING, RELEASE, Release, until
from tests.realnode.layout import CHART
from wizard.sandbox import pki

pytestmark = pytest.mark.real

SERVER = f"{RELEASE}-postgresql"
VERIFIED = ("postgresql.tls.enabled=true", "postgresql.tls.existingSecret=server", "postgresql.tls.caKey=ca.crt")


def secret(release: Release, scratch: Path, name: str, pair: pki.Pair, authority: pki.Pair) -> None:
    """Make a Secret with a certificate, its key and a CA, as cert-manager fills one."""
    files = {"tls.crt": pair.certificate, "tls.key": pair.key, "ca.crt": authority.certificate}
    options = []
    for key, content in files.items():
        path = scratch / f"{name}-{key}"
        path.write_bytes(content)
        options.append(f"--from-file={key}={path}")
    done = release.kubectl("create", "secret", "generic", name, *options)
    assert done.code == 0, done.err


def test_the_app_verifies_the_server_and_refuses_one_that_another_authority_vouches_for(
    release: Release, tmp_path: Path
) -> None:
    authority, stranger = pki.make_authority(), pki.make_authority()
    server = pki.issue(authority, SERVER, server=True, names=(SERVER,))
    secret(release, tmp_path, "server", server, authority)
    release.install(sets=VERIFIED)
    assert release.logs_in()

    secret(release, tmp_path, "stranger", server, stranger)
    release.upgrade(sets=(*VERIFIED, "postgresql.tls.existingSecret=stranger"))

    def reason() -> str:
        code, said = release.ask("/ready")
        return str(said) if code == 503 else ""

    assert "certificate signed by unknown authority" in until(reason, "the app refuses the server")


def test_a_certificate_logs_in_where_no_password_is_taken(release: Release, tmp_path: Path) -> None:
    authority = pki.make_authority()
    secret(release, tmp_path, "server", pki.issue(authority, SERVER, server=True, names=(SERVER,)), authority)
    secret(release, tmp_path, "client", pki.issue(authority, "postgres"), authority)
    script = tmp_path / "90-certificates.sh"
    script.write_text(
        f'cat > "$PGDATA/root.crt" <<END\n{authority.certificate.decode()}END\n'
        'echo "local all all trust\nhost all all 127.0.0.1/32 trust\nhostssl all all all cert" > "$PGDATA/pg_hba.conf"\n'
    )
    first = (
        *VERIFIED,
        "postgresql.primary.configuration.ssl_ca_file=root.crt",
        "postgresql.primary.startupProbe.tcpSocket.port=5432",
    )
    release.install("--set-file", f"postgresql.primary.initdb.scripts.90-certificates\\.sh={script}", sets=first)
    assert release.ask("/ready")[0] == 503, "a password alone is not taken"

    values = [part for one in FITTING for part in ("--set", one)]
    for one in (
        "postgresql.enabled=false", "redis.enabled=false", f"externalDatabase.host={SERVER}", "externalDatabase.user=postgres",
        "externalDatabase.database=llm_cost_ops_prod", "externalDatabase.passwordless=true", "externalDatabase.sslmode=verify-full",
        "externalDatabase.tls.caSecret=server", "externalDatabase.tls.clientSecret=client",
    ):  # fmt: skip
        values += ["--set", one]
    done = release.helm(
        "install", "second", str(CHART), "-f", str(CHART / "values-dev.yaml"), *values, "--wait", "--timeout", "120s"
    )
    assert done.code == 0, done.said
    pod = release.get("pods", "-l", "app.kubernetes.io/instance=second,app.kubernetes.io/component=app")["items"][0]

    def ready() -> bool:
        path = f"/api/v1/namespaces/{release.namespace}/pods/{pod['metadata']['name']}:8080/proxy/ready"
        return release.kubectl("get", "--raw", path).code == 0

    until(ready, "the second release is logged in by its certificate")
