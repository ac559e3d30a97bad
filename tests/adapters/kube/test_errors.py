"""Every way a cluster can fail to answer has a word and a sentence of its own, and comes at once."""

from __future__ import annotations

import base64
import contextlib
import datetime
import json
import socket
import ssl
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.adapters import loopback
from tests.adapters.loopback import Answer, Asked, status
from wizard import __version__
from wizard.adapters.kube import certificates, connection, errors
from wizard.adapters.kube.client import KubeCluster
from wizard.core import limits
from wizard.core.kube.errors import ClusterError
from wizard.core.target import Target
from wizard.ports.cluster import Cluster

POD = '{"kind":"Pod","metadata":{}}'
VERSION = json.dumps({"gitVersion": "v1.36.3", "major": "1", "minor": "36"})


def cluster(path: str, context: str = "here") -> KubeCluster:
    return KubeCluster(Target(context, "ns", kubeconfig=path))


async def trouble(call: Awaitable[Any]) -> ClusterError:
    with pytest.raises(ClusterError) as caught:
        await call
    return caught.value


async def test_a_refused_connection_is_said_at_once(tmp_path: Path) -> None:
    began = time.monotonic()
    error = await trouble(cluster(loopback.kubeconfig(tmp_path, loopback.closed_port())).version())
    assert error.kind == "refused"
    assert "nothing listens" in error.message
    assert time.monotonic() - began < 2


async def test_a_name_that_does_not_resolve_is_dns(tmp_path: Path) -> None:
    error = await trouble(cluster(loopback.kubeconfig(tmp_path, "https://no-such-host.invalid:6443")).version())
    assert error.kind == "dns"
    assert "no-such-host.invalid" in error.message


async def test_a_server_that_says_nothing_is_slow_not_hanging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with loopback.silent() as url:
        made = cluster(loopback.kubeconfig(tmp_path, url))
        monkeypatch.setattr("wizard.adapters.kube.client.READ", 0.3)
        began = time.monotonic()
        error = await trouble(made.version())
    assert error.kind == "slow"
    assert time.monotonic() - began < 5


async def test_a_web_page_is_not_a_kubernetes_server(tmp_path: Path) -> None:
    page = Answer(200, "<html><body>Welcome to nginx</body></html>", "text/html")
    with loopback.serving(lambda _: page) as server:
        made = cluster(loopback.kubeconfig(tmp_path, server.url))
        for call in (made.version(), made.list("Pod", "ns"), made.get("Pod", "x", "ns"), made.whoami()):
            error = await trouble(call)
            assert error.kind == "not-kubernetes"
            assert "web page" in error.message


async def test_only_a_list_of_metadata_says_who_wrote_an_object_and_when(tmp_path: Path) -> None:
    managed = [
        {"manager": "Helm", "operation": "Update", "time": "2026-01-02T03:00:00Z", "fieldsV1": {"f:data": {}}},
        7,
    ]
    one = {"metadata": {"name": "x", "managedFields": managed}, "data": {"release": "c2VjcmV0"}}
    page = Answer(200, json.dumps({"kind": "SecretList", "metadata": {}, "items": [one]}))
    with loopback.serving(lambda _: page) as server:
        made = cluster(loopback.kubeconfig(tmp_path, server.url))
        (lean,), (whole,) = await made.list("Secret", "ns", metadata_only=True), await made.list("Secret", "ns")
        await made.close()
    assert lean["metadata"]["managedFields"] == [
        {"manager": "Helm", "operation": "Update", "time": "2026-01-02T03:00:00Z"}
    ]
    assert "managedFields" not in whole["metadata"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, '{"hello": "world"}'),
        Answer(200, "[1]"),
        Answer(200, "ok", "text/plain"),
        Answer(302, "", headers={"Location": "https://login.example.com"}),
        Answer(403, "<html>captive portal</html>", "text/html"),
        Answer(200, '{"kind": "SelfSubjectReview", "status": 3}'),
    ],
)
async def test_json_of_something_else_and_redirects_are_not_a_kubernetes_server(tmp_path: Path, answer: Answer) -> None:
    with loopback.serving(lambda _: answer) as server:
        made = cluster(loopback.kubeconfig(tmp_path, server.url))
        for call in (made.version(), made.whoami()):
            assert (await trouble(call)).kind == "not-kubernetes"


async def test_a_certificate_of_another_authority_is_tls(tmp_path: Path) -> None:
    pair, other = loopback.certificate(tmp_path, "server"), loopback.certificate(tmp_path, "other")
    with loopback.serving(lambda _: Answer(200, VERSION), pair) as server:
        trusts_other = loopback.kubeconfig(tmp_path, server.url, cluster={"certificate-authority": str(other[0])})
        error = await trouble(cluster(trusts_other).version())
        assert error.kind == "tls"
        assert "authority" in error.message
        trusts_it = loopback.kubeconfig(tmp_path, server.url, cluster={"certificate-authority": "server.crt"})
        assert (await cluster(trusts_it).version())["gitVersion"] == "v1.36.3"


async def test_a_certificate_for_another_name_or_past_its_end_says_so(tmp_path: Path) -> None:
    for pair, says in (
        (loopback.certificate(tmp_path, "a", host="example.com"), "another name"),
        (loopback.certificate(tmp_path, "b", days=-1), "has expired"),
    ):
        with loopback.serving(lambda _: Answer(200, VERSION), pair) as server:
            data = base64.b64encode(pair[0].read_bytes()).decode()
            path = loopback.kubeconfig(tmp_path, server.url, cluster={"certificate-authority-data": data})
            error = await trouble(cluster(path).version())
        assert error.kind == "tls"
        assert says in error.message


async def test_a_server_without_tls_behind_https_is_said(tmp_path: Path) -> None:
    with loopback.serving(lambda _: Answer(200, VERSION)) as server:
        path = loopback.kubeconfig(tmp_path, server.url.replace("http:", "https:"))
        error = await trouble(cluster(path).version())
    assert error.kind == "tls"
    assert "does not speak TLS" in error.message


async def test_skipping_verification_and_another_tls_name_are_honoured(tmp_path: Path) -> None:
    pair = loopback.certificate(tmp_path, "server", host="kubernetes.example")
    with loopback.serving(lambda _: Answer(200, VERSION), pair) as server:
        named = {"certificate-authority": str(pair[0]), "tls-server-name": "kubernetes.example"}
        assert await cluster(loopback.kubeconfig(tmp_path, server.url, cluster=named)).version()
        assert await cluster(
            loopback.kubeconfig(tmp_path, server.url, cluster={"insecure-skip-tls-verify": True})
        ).version()


async def test_an_expired_client_certificate_is_seen_before_any_call(tmp_path: Path) -> None:
    pair, own = loopback.certificate(tmp_path, "server"), loopback.certificate(tmp_path, "me", days=-1)
    user = {"client-certificate": str(own[0]), "client-key": str(own[1])}
    with loopback.serving(lambda _: Answer(200, VERSION), pair) as server:
        path = loopback.kubeconfig(tmp_path, server.url, user=user, cluster={"certificate-authority": str(pair[0])})
        error = await trouble(cluster(path).version())
        assert not server.asked
    assert error.kind == "expired"
    assert "log in again" in error.message


@pytest.mark.parametrize(("days", "started"), [(1, 2), (-1, 2), (20_000, 2), (-30, 60)])
def test_the_end_of_a_certificate_is_read_as_a_crypto_library_reads_it(tmp_path: Path, days: int, started: int) -> None:
    from cryptography import x509

    pem = loopback.certificate(tmp_path, "c", days=days, started_days_ago=started)[0].read_bytes()
    assert certificates.not_after(pem) == x509.load_pem_x509_certificate(pem).not_valid_after_utc


@pytest.mark.parametrize(
    "pem", [b"", b"nothing", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", b"\xff" * 50]
)
def test_what_is_no_certificate_has_no_end(pem: bytes) -> None:
    assert certificates.not_after(pem) is None


async def test_a_key_that_does_not_belong_to_the_certificate_is_said(tmp_path: Path) -> None:
    one, other = loopback.certificate(tmp_path, "one"), loopback.certificate(tmp_path, "two")
    user = {"client-certificate": str(one[0]), "client-key": str(other[1])}
    error = await trouble(cluster(loopback.kubeconfig(tmp_path, "https://127.0.0.1:1", user=user)).version())
    assert error.kind == "no-credentials"
    assert "do not belong together" in error.message


@pytest.mark.parametrize(
    ("answer", "word", "says"),
    [
        (status(401, "Unauthorized", "Unauthorized"), "unauthorized", "log in again"),
        (
            status(403, 'pods is forbidden: User "eve" cannot list resource "pods" in API group ""', "Forbidden"),
            "forbidden",
            "eve may not list pods in namespace ns",
        ),
        (status(403, "pods is forbidden: exceeded quota: q", "Forbidden"), "invalid", "exceeded quota"),
        (status(404, 'pods "x" not found', "NotFound"), "not-found", "not found"),
        (status(409, "already exists", "AlreadyExists"), "conflict", "already exists"),
        (status(410, "too old resource version", "Expired"), "gone", "too old"),
        (status(422, "spec.x: Invalid value", "Invalid"), "invalid", "Invalid value"),
        (status(503, "etcd is away", "ServiceUnavailable"), "unavailable", "etcd is away"),
        (Answer(504, "gateway timeout", "text/plain"), "slow", "504"),
        (Answer(404, "404 page not found\n", "text/plain"), "not-found", "does not serve pods"),
    ],
)
async def test_each_status_has_its_word(tmp_path: Path, answer: Answer, word: str, says: str) -> None:
    with loopback.serving(lambda _: answer) as server:
        error = await trouble(cluster(loopback.kubeconfig(tmp_path, server.url)).list("Pod", "ns"))
    assert error.kind == word
    assert says in error.message
    assert error.permission == ("list pods in namespace ns" if word == "forbidden" else "")


async def test_an_expired_token_is_said_to_have_expired(tmp_path: Path) -> None:
    token = loopback.jwt(datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=2))
    pair = loopback.certificate(tmp_path, "server")
    with loopback.serving(lambda _: status(401, "Unauthorized"), pair) as server:
        path = loopback.kubeconfig(tmp_path, server.url, user={"token": token}, cluster=server.trust)
        error = await trouble(cluster(path).whoami())
    assert error.kind == "expired"
    assert "token for here expired at" in error.message


@pytest.mark.parametrize("when", ["0", "Fri, 27 Nov 2026 20:00:00 GMT"])
async def test_a_busy_server_is_asked_again_when_it_says_so(tmp_path: Path, when: str) -> None:
    answers = [
        Answer(429, "slow down", "text/plain", {"Retry-After": when}),
        Answer(200, '{"kind":"Pod","metadata":{}}'),
    ]
    with loopback.serving(lambda _: answers.pop(0)) as server:
        assert (await cluster(loopback.kubeconfig(tmp_path, server.url)).get("Pod", "x", "ns"))["kind"] == "Pod"


@pytest.mark.parametrize("context", ["gone", ""])
async def test_an_unknown_context_names_those_that_are_there(tmp_path: Path, context: str) -> None:
    path = Path(loopback.kubeconfig(tmp_path, "https://x"))
    path.write_text(path.read_text().replace('"current-context": "here"', '"current-context": "gone"'))
    error = await trouble(cluster(str(path), context).version())
    assert error.kind == "no-credentials"
    assert "Choose one with --context: here." in error.message


async def test_no_kubeconfig_is_no_credentials(tmp_path: Path) -> None:
    assert (await trouble(cluster(str(tmp_path / "none")).version())).kind == "no-credentials"


def plugin(folder: Path, code: str, **more: Any) -> dict[str, Any]:
    script = folder / "plugin.py"
    script.write_text(code)
    spec = {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}
    return {"exec": {**spec, "command": sys.executable, "args": [str(script)], **more}}


CREDENTIAL = """
import json, os, sys
info = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
assert info["spec"]["interactive"] is False
assert sys.stdin.read() == ""
print("not for the screen", file=sys.stderr)
runs = os.path.join(os.path.dirname(__file__), "runs")
n = len(open(runs).read()) if os.path.exists(runs) else 0
open(runs, "a").write("x")
print(json.dumps({"apiVersion": info["apiVersion"], "kind": "ExecCredential", "status": {"token": f"t{n}"}}))
"""


async def test_a_login_plugin_gets_no_terminal_is_asked_once_and_again_after_a_401(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def answer(asked: Asked) -> Answer:
        new = asked.headers["Authorization"] == "Bearer t1"
        return Answer(200, '{"kind":"Pod","metadata":{}}') if new else status(401, "Unauthorized")

    with loopback.serving(answer, loopback.certificate(tmp_path, "server")) as server:
        user = plugin(tmp_path, CREDENTIAL)
        made = cluster(loopback.kubeconfig(tmp_path, server.url, user=user, cluster=server.trust))
        await made.get("Pod", "x", "ns")
        await made.get("Pod", "x", "ns")
    assert (tmp_path / "runs").read_text() == "xx"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("code", "more", "says"),
    [
        ("import sys; sys.exit('session expired: run aws sso login')", {}, "session expired: run aws sso login"),
        ("print('hello')", {}, "did not answer with a credential"),
        ("print('{\"status\": {}}')", {}, "speaks None"),
        ("", {"command": "no-such-plugin", "installHint": "See example.com"}, "is not installed. See example.com"),
        ("", {"interactiveMode": "Always"}, "log in first with"),
        ("import time; time.sleep(60)", {}, "was ended: it did not end within 1 s"),
    ],
)
async def test_a_failing_login_plugin_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, more: dict[str, Any], says: str
) -> None:
    monkeypatch.setattr(limits, "PLUGIN_SECONDS", 1.0)
    path = loopback.kubeconfig(tmp_path, "https://127.0.0.1:1", user=plugin(tmp_path, code, **more))
    error = await trouble(cluster(path).version())
    assert error.kind == "no-credentials"
    assert says in error.message


async def test_the_token_of_openid_connect_is_sent(tmp_path: Path) -> None:
    token = loopback.jwt(datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1))
    config = {"idp-issuer-url": "https://issuer.example", "client-id": "me", "id-token": token}
    oidc = {"auth-provider": {"name": "oidc", "config": config}}
    with loopback.serving(lambda _: Answer(200, POD), loopback.certificate(tmp_path, "server")) as server:
        path = loopback.kubeconfig(tmp_path, server.url, user=oidc, cluster=server.trust)
        await cluster(path).get("Pod", "x", "ns")
    assert server.asked[0].headers["Authorization"] == f"Bearer {token}"


async def test_no_credential_goes_out_without_tls_as_none_of_kubectl_does(tmp_path: Path) -> None:
    with loopback.serving(lambda _: Answer(200, POD)) as server:
        for user in ({"token": "t"}, {"username": "me", "password": "p"}, plugin(tmp_path, CREDENTIAL)):
            await cluster(loopback.kubeconfig(tmp_path, server.url, user=user)).get("Pod", "x", "ns")
    assert not any("Authorization" in asked.headers for asked in server.asked)
    assert not (tmp_path / "runs").exists()


async def test_there_is_no_proxy_between_this_machine_and_itself_as_for_kubectl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", loopback.closed_port().replace("https:", "http:"))
    with loopback.serving(lambda _: Answer(200, POD), loopback.certificate(tmp_path, "server")) as server:
        assert await cluster(loopback.kubeconfig(tmp_path, server.url, cluster=server.trust)).get("Pod", "x", "ns")


@pytest.mark.parametrize("left_out", ["cluster.example", ".example", "10.0.0.0/8,*"])
async def test_no_proxy_is_honoured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left_out: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", left_out)
    path = loopback.kubeconfig(tmp_path, "https://cluster.example:6443")
    pool, _ = connection.Connection(Target("here", "ns", kubeconfig=path))._ready()
    assert pool.proxy is None


async def test_the_proxy_of_the_kubeconfig_gets_its_login_and_one_of_another_kind_is_refused(tmp_path: Path) -> None:
    with loopback.serving(lambda _: status(407, "no")) as proxy:
        named = {"proxy-url": proxy.url.replace("//", "//me:p%40ss@")}
        error = await trouble(cluster(loopback.kubeconfig(tmp_path, "http://cluster.example", cluster=named)).version())
        assert proxy.asked[0].headers["proxy-authorization"] == "Basic bWU6cEBzcw=="
    assert "p@ss" not in error.message
    named = {"proxy-url": "socks5://me:secret@proxy.example:1080"}
    error = await trouble(cluster(loopback.kubeconfig(tmp_path, "https://cluster.example", cluster=named)).version())
    assert error.message == "The proxy proxy.example:1080 is none of http or https; the wizard takes no other."


async def test_a_broken_proxy_is_the_proxy_s_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", loopback.closed_port().replace("https:", "http:"))
    error = await trouble(cluster(loopback.kubeconfig(tmp_path, "https://cluster.example:6443")).version())
    assert error.kind == "unavailable"
    assert "proxy on the way to https://cluster.example:6443" in error.message


async def test_impersonation_is_sent(tmp_path: Path) -> None:
    user = {"token": "t", "as": "jane", "as-groups": ["a", "b"]}
    with loopback.serving(lambda _: Answer(200, '{"kind":"Pod","metadata":{}}')) as server:
        await cluster(loopback.kubeconfig(tmp_path, server.url, user=user)).get("Pod", "x", "ns")
    assert server.asked[0].headers["Impersonate-User"] == "jane"


async def test_every_request_names_the_wizard_and_its_version_those_of_discovery_too(tmp_path: Path) -> None:
    with loopback.serving(lambda _: Answer(200, '{"kind":"Pod","metadata":{}}')) as server:
        there = cluster(loopback.kubeconfig(tmp_path, server.url))
        await there.get("Pod", "x", "ns")
        with pytest.raises(ClusterError):
            await there.get("Gadget", "x", "ns")
    assert {one.headers["User-Agent"] for one in server.asked} == {f"llm-cost-ops-wizard/{__version__}"}
    assert any(one.path == "/apis" for one in server.asked), "nothing was discovered"


async def test_an_object_is_kept_as_it_is_and_secret_values_stay_behind(tmp_path: Path) -> None:
    notes = {"tab": "a\tb", "joined": "\u200d", "half": "\ud800"}
    wrote = {"manager": "kubectl-edit", "operation": "Update", "time": "2026-01-01T12:00:00Z"}
    managers = [1, {**wrote, "fieldsV1": {"f:data": {}}}]
    secret = {"kind": "Secret", "metadata": {"name": "s", "annotations": notes, "managedFields": managers}, "data": {"a": "c2VjcmV0", "b": ""}}  # fmt: skip
    with loopback.serving(lambda _: Answer(200, json.dumps(secret))) as server:
        found = await cluster(loopback.kubeconfig(tmp_path, server.url)).get("Secret", "s", "ns")
    kept = {"name": "s", "annotations": {**notes, "half": "\ufffd"}, "managedFields": [wrote]}
    assert found["metadata"] == kept, "but for what no file can hold, and which fields each manager has"
    assert found["data"] == {"a": "********", "b": ""}


def test_an_ssl_alert_about_the_client_certificate_is_about_credentials() -> None:
    error = ssl.SSLError(1, "x")
    error.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    assert errors.of_exception(error, "https://x").kind == "unauthorized"


def test_calls_are_limited_in_time_everywhere() -> None:
    assert connection.CONNECT <= 3
    assert connection.READ <= 10


_: Callable[[Target], Cluster] = KubeCluster

# A handshake that fails in passing


@contextlib.contextmanager
def stumbling(port: int, times: int) -> Iterator[tuple[int, list[int]]]:
    """A port before another one, at which the first connections get a TLS alert in place of a handshake; how many came."""
    came: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def pipe(source: socket.socket, sink: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    sink.sendall(data)
                sink.shutdown(socket.SHUT_WR)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listening.accept()
                    came.append(1)
                    if len(came) <= times:
                        client.recv(4096)
                        client.sendall(b"\x15\x03\x03\x00\x02\x02\x32")  # fatal, decode_error
                        client.close()
                        continue
                    server = socket.create_connection(("127.0.0.1", port))
                    for ends in ((client, server), (server, client)):
                        threading.Thread(target=pipe, args=ends, daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1], came


@pytest.mark.parametrize(("times", "dry_run", "works"), [(1, True, True), (1, False, False), (2, True, False)])
async def test_a_handshake_that_fails_in_passing_is_tried_once_more_where_nothing_can_be_done_twice(
    tmp_path: Path, *, times: int, dry_run: bool, works: bool
) -> None:
    pair = loopback.certificate(tmp_path, "server")
    made = json.dumps({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a"}})
    with (
        loopback.serving(lambda _: Answer(body=made), tls=pair) as server,
        stumbling(int(server.url.rpartition(":")[2]), times) as (port, came),
    ):
        made_for = loopback.kubeconfig(tmp_path, f"https://127.0.0.1:{port}", cluster=server.trust)
        remote = cluster(made_for)
        call = remote.create(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}, "ns", dry_run=dry_run
        )
        if works:
            assert (await call)["kind"] == "ConfigMap"
        else:
            with pytest.raises(ClusterError, match="decode error"):
                await call
        await remote.close()
    assert len(came) == (2 if dry_run else 1)
