"""A registry that answers in every way that one may: what is made of it, and where a login goes. All on this machine."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.adapters import loopback
from tests.adapters.loopback import Answer as Http
from tests.adapters.loopback import Asked
from wizard.adapters.registry import client
from wizard.adapters.registry.client import RegistryClient, same_site
from wizard.core.registry.answer import Answer, Login, Platform
from wizard.core.registry.reference import Reference, parse
from wizard.core.text.secrets import Secret

CANARY = "canary-of-the-login"
LOGIN = Login("127.0.0.1", Secret(f"me:{CANARY}"))
BASIC = "Basic " + base64.b64encode(f"me:{CANARY}".encode()).decode()
CONFIG = json.dumps({"os": "linux", "architecture": "arm64", "variant": "v8"})
DIGEST = "sha256:" + hashlib.sha256(CONFIG.encode()).hexdigest()
IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = json.dumps(
    {"schemaVersion": 2, "config": {"mediaType": IMAGE_CONFIG, "digest": DIGEST, "size": len(CONFIG)}}
)
INDEX = json.dumps({"manifests": [{"platform": {"os": "linux", "architecture": "amd64"}}]})
UNKNOWN = json.dumps({"errors": [{"code": "MANIFEST_UNKNOWN"}]})


def digest(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The certificate of a server on this machine, which is trusted."""
    made = loopback.certificate(tmp_path, "server")
    monkeypatch.setenv("SSL_CERT_FILE", str(made[0]))
    return made


def image(server: loopback.Server | str, name: str = "acme/api:v1") -> Reference:
    url = server if isinstance(server, str) else server.url
    return parse(f"{urlsplit(url).netloc}/{name}")


async def asked(reference: Reference, *logins: Login, seconds: float = 5.0) -> Answer:
    return await RegistryClient(offline=True).image(reference, logins, seconds)


def reply(*answers: tuple[str, Http]) -> Callable[[Asked], Http]:
    """Answers by a part of the path; 404 as a registry does for any other."""

    def answer(request: Asked) -> Http:
        return next((told for part, told in answers if part in request.path), Http(404, UNKNOWN))

    return answer


async def test_an_index_and_a_manifest_tell_digest_and_platforms(pair: tuple[Path, Path]) -> None:
    answers = (
        ("manifests/v1", Http(body=INDEX)),
        ("manifests/v2", Http(body=MANIFEST)),
        (f"blobs/{DIGEST}", Http(body=CONFIG)),
    )
    with loopback.serving(reply(*answers), pair) as server:
        index, single = await asked(image(server)), await asked(image(server, "acme/api:v2"))
        exact = await asked(image(server, f"acme/api:v1@{digest(INDEX)}"))
    assert index == Answer("there", "", digest(INDEX), (Platform("linux", "amd64"),))
    assert single == Answer("there", "", digest(MANIFEST), (Platform("linux", "arm64", "v8"),))
    assert exact.state == "missing", "the fake knows tags alone: the digest was asked for"
    assert {one.method for one in server.asked} == {"GET"}
    assert "application/vnd.oci.image.index.v1+json" in server.asked[0].headers["Accept"]


TAGS = Http(body=json.dumps({"tags": ["v1.0", "v10", "main", None, 7]}))
ANSWERS: dict[str, tuple[Callable[[Asked], Http], str, str]] = {
    "no such tag": (reply(("tags/list", TAGS)), "missing", "tag"),
    "no such repository": (reply(("", Http(404, '{"errors": [{"code": "NAME_UNKNOWN"}]}'))), "missing", "repository"),
    "a 404 with the header of a registry": (reply(("", Http(404, "", headers={"Docker-Distribution-Api-Version": "registry/2.0"}))), "missing", "tag"),
    "a 404 of a web server": (reply(("", Http(404, "<html>", "text/html"))), "unknown", "not as a registry does"),
    "a web page": (reply(("", Http(200, "<html>", "text/html"))), "unknown", "no manifest"),
    "garbage": (reply(("", Http(200, '{"manifests": [[[[]]]], "x": NaN}'))), "unknown", "no manifest"),
    "another content": (reply(("", Http(200, INDEX))), "there", ""),
    "broken": (reply(("", Http(503, ""))), "unknown", "answers 503"),
    "forbidden": (reply(("", Http(403, '{"errors": [{"code": "DENIED"}]}'))), "private", ""),
    "403 of a firewall": (reply(("", Http(403, "<html>", "text/html"))), "unknown", "answers 403, but not as a registry does"),
    "401 without a challenge": (reply(("", Http(401, ""))), "unknown", "wants a login of a kind"),
    "another scheme": (reply(("", Http(401, "", headers={"WWW-Authenticate": "Negotiate"}))), "unknown", "of a kind"),
    "basic": (reply(("", Http(401, "", headers={"WWW-Authenticate": 'Basic realm="x"'}))), "private", ""),
    "bearer without a realm": (reply(("", Http(401, "", headers={"WWW-Authenticate": "Bearer x"}))), "unknown", "not asked: none"),
    "a realm of plain http elsewhere": (reply(("", Http(401, "", headers={"WWW-Authenticate": 'Bearer realm="http://10.1.1.1/t"'}))), "unknown", "not asked: 10.1.1.1"),
    "a realm that is a file": (reply(("", Http(401, "", headers={"WWW-Authenticate": 'Bearer realm="file:///etc/passwd"'}))), "unknown", "not asked"),
    "429": (reply(("", Http(429, "", headers={"Retry-After": "60", "RateLimit-Limit": "100;w=21600"}))), "limited", "too many requests (again in 60 s, limit 100;w=21600)"),
    "redirects without an end": (lambda asked: Http(302, "", headers={"Location": asked.path}), "unknown", "redirects more than 3 times"),
    "a redirect to plain http": (reply(("", Http(302, "", headers={"Location": "http://10.1.1.1/x"}))), "unknown", "not asked: http://10.1.1.1"),
    "a huge manifest": (reply(("", Http(chunks=[b" " * 500_000] * 10))), "unknown", "holds more than 4 MiB"),
    "cut off": (reply(("", Http(chunks=[b"{"], torn=True))), "unreachable", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
async def test_each_answer_is_what_it_is_and_no_more(name: str, pair: tuple[Path, Path]) -> None:
    answers, state, says = ANSWERS[name]
    with loopback.serving(answers, pair) as server:
        found = await asked(image(server))
    assert found.state == state, found
    assert says in found.text
    if name == "no such tag":
        assert found.tags == ("v10", "v1.0")
    if name == "429":
        assert found.left == 0


async def test_a_digest_that_its_content_has_not_is_not_believed(pair: tuple[Path, Path]) -> None:
    with loopback.serving(reply(("", Http(body=INDEX))), pair) as server:
        found = await asked(image(server, f"acme/api@{digest('other')}"))
    assert (found.state, found.digest) == ("unknown", "")
    assert "something else than the digest names" in found.text


async def test_what_cannot_be_reached_says_why(
    pair: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with loopback.silent() as silent:
        began = time.monotonic()
        hanging = await asked(image(silent), seconds=0.5)
        assert time.monotonic() - began < 2
    assert hanging.state == "unreachable"
    assert f"{urlsplit(silent).netloc} did not answer" in hanging.text
    closed = await asked(image(loopback.closed_port()))
    assert closed.state == "unreachable"
    assert "refuses the connection" in closed.text
    with loopback.serving(reply(), loopback.certificate(tmp_path, "other")) as server:
        stranger = await asked(image(server))
    assert stranger.state == "unreachable"
    assert "not from the authority that this machine trusts" in stranger.text
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none"))
    assert "(REQUESTS_CA_BUNDLE) cannot be read" in (await asked(image(loopback.closed_port()))).text


@pytest.mark.parametrize(
    ("proxy", "says"),
    [
        ("http://me:canary@HOST", "The proxy on the way to registry.test failed: Tunnel connection failed: 501"),
        ("socks5://me:canary@HOST", "the proxy socks5://HOST is none of http or https"),
    ],
)
async def test_a_proxy_of_the_environment_is_used_and_its_failure_is_its_own(
    proxy: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with loopback.serving(reply()) as server:
        host = urlsplit(server.url).netloc
        monkeypatch.setenv("HTTPS_PROXY", proxy.replace("HOST", host))
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.delenv("no_proxy", raising=False)
        found = await RegistryClient().image(parse("registry.test/acme/api:v1"), (), 5)
    assert found.state == "unreachable"
    assert says.replace("HOST", host) in found.text
    assert "canary" not in found.text


async def test_an_authority_of_requests_bundle_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = loopback.certificate(tmp_path, "server")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made[0]))
    with loopback.serving(reply(("manifests", Http(body=INDEX))), made) as server:
        assert (await asked(image(server))).state == "there"


async def test_a_slow_drip_ends_in_time(pair: tuple[Path, Path]) -> None:
    held = threading.Event()
    with loopback.serving(reply(("", Http(chunks=[b" "], then_hold=held))), pair) as server:
        began = time.monotonic()
        found = await asked(image(server), seconds=0.7)
        held.set()
    assert found.state == "unreachable"
    assert time.monotonic() - began < 3


async def test_a_registry_of_this_machine_may_do_without_tls() -> None:
    with loopback.serving(reply(("manifests", Http(body=INDEX)))) as server:
        assert (await asked(image(server))).state == "there"


async def test_nothing_beyond_this_machine_is_asked_where_that_is_switched_off() -> None:
    began = time.monotonic()
    found = await asked(parse("ghcr.io/acme/api"))
    assert (found.state, found.text) == ("unreachable", f"registries are not asked: {client.OFFLINE} is set")
    assert time.monotonic() - began < 0.5


# Logins


class Tokens:
    """A registry behind a token service, each on its own port; the service gives a token for the login alone, or for all."""

    def __init__(self, pair: tuple[Path, Path] | None, *, anonymous: bool = False, realm: str = "") -> None:
        self.anonymous, self.given = anonymous, '{"access_token": "t.o.k"}'
        self.service = loopback.Server(self.token, pair)
        self.realm = realm or f"{self.service.url}/token"
        self.registry = loopback.Server(self.answer, pair)

    def token(self, request: Asked) -> Http:
        allowed = self.anonymous or request.headers.get("Authorization") == BASIC
        return Http(body=self.given) if allowed else Http(401, "{}")

    def answer(self, request: Asked) -> Http:
        if request.headers.get("Authorization") == "Bearer t.o.k":
            return Http(body=INDEX)
        challenge = f'Bearer realm="{self.realm}",service="registry.test",scope="repository:acme/api:pull"'
        return Http(401, "{}", headers={"WWW-Authenticate": challenge})


@pytest.fixture
def tokens(pair: tuple[Path, Path]) -> Iterator[Tokens]:
    made = Tokens(pair)
    yield made
    made.service.close()
    made.registry.close()


async def test_a_token_is_fetched_with_the_login_and_the_login_goes_to_the_service_alone(tokens: Tokens) -> None:
    found = await asked(image(tokens.registry), LOGIN)
    assert (found.state, found.login) == ("there", True)
    (request,) = tokens.service.asked
    assert parse_qs(urlsplit(request.path).query) == {
        "service": ["registry.test"],
        "scope": ["repository:acme/api:pull"],
    }
    assert request.headers["Authorization"] == BASIC
    assert [one.headers.get("Authorization") for one in tokens.registry.asked] == [None, "Bearer t.o.k"]


async def test_without_a_login_the_token_is_anonymous(tokens: Tokens) -> None:
    assert (await asked(image(tokens.registry))).state == "private"
    tokens.anonymous = True
    assert (await asked(image(tokens.registry))) == Answer("there", "", digest(INDEX), (Platform("linux", "amd64"),))
    assert not [one for one in tokens.service.asked if "Authorization" in one.headers]


async def test_a_wrong_login_is_refused_and_the_next_one_is_tried(tokens: Tokens) -> None:
    wrong = Login("127.0.0.1", Secret("me:wrong"))
    assert (await asked(image(tokens.registry), wrong)).state == "refused"
    assert (await asked(image(tokens.registry), wrong, LOGIN)).state == "there"


async def test_a_firewall_that_forbids_has_not_judged_the_login(pair: tuple[Path, Path]) -> None:
    with loopback.serving(reply(("", Http(403, "<html>", "text/html"))), pair) as server:
        found = await asked(image(server), LOGIN)
    assert (found.state, found.login) == ("unknown", False)


async def test_no_login_is_sent_to_a_token_service_of_another_domain(pair: tuple[Path, Path]) -> None:
    with_realm = Tokens(pair, realm="https://tokens.example.com/t")
    found = await asked(image(with_realm.registry), LOGIN)
    assert found.state == "unknown"
    assert "names the token service tokens.example.com, where its login is not sent" in found.text
    assert CANARY not in repr(found)


@pytest.mark.parametrize(
    ("realm", "registry", "same"),
    [
        ("https://auth.docker.io/token", "https://registry-1.docker.io/v2/", True),
        ("https://ghcr.io/token", "https://ghcr.io/v2/", True),
        ("https://gitlab.com/jwt/auth", "https://registry.gitlab.com/v2/", True),
        ("https://gitlab.acme.example/jwt/auth", "https://registry.acme.example/v2/", True),
        ("https://docker.io.evil.example/token", "https://registry-1.docker.io/v2/", False),
        ("https://evil.io/token", "https://quay.io/v2/", False),
        ("https://11.0.0.5/token", "https://10.0.0.5/v2/", False),
        ("https://10.0.0.5:8443/token", "https://10.0.0.5/v2/", True),
    ],
)
def test_a_token_service_is_of_the_registry_where_both_are_of_one_domain(realm: str, registry: str, same: bool) -> None:
    assert same_site(realm, registry) is same


async def test_basic_sends_the_login_and_a_redirect_elsewhere_goes_without_it(pair: tuple[Path, Path]) -> None:
    with loopback.serving(reply(("blob", Http(body=CONFIG)), ("", Http(body=MANIFEST))), pair) as elsewhere:

        def answer(request: Asked) -> Http:
            if request.headers.get("Authorization") != BASIC:
                return Http(401, "", headers={"WWW-Authenticate": 'Basic realm="x"'})
            return Http(307, "", headers={"Location": f"{elsewhere.url}{request.path}"})

        with loopback.serving(answer, pair) as server:
            found = await asked(image(server), LOGIN)
    assert (found.state, found.platforms) == ("there", (Platform("linux", "arm64", "v8"),))
    assert [one.headers.get("Authorization") for one in elsewhere.asked] == [None, None]


async def test_a_challenge_after_a_redirect_does_not_get_the_login(pair: tuple[Path, Path]) -> None:
    wants = Http(401, "", headers={"WWW-Authenticate": 'Basic realm="x"'})
    with loopback.serving(reply(("", wants)), pair) as elsewhere:
        moved = reply(("", Http(302, "", headers={"Location": f"{elsewhere.url}/v2/x"})))
        with loopback.serving(moved, pair) as server:
            found = await asked(image(server), LOGIN)
    assert found.state == "unknown"
    assert "redirects, wants a login of its own" in found.text
    assert not [one for one in (*server.asked, *elsewhere.asked) if "Authorization" in one.headers]


async def test_a_token_that_could_add_a_header_is_none(tokens: Tokens) -> None:
    tokens.given = json.dumps({"token": "a\r\nX: y", "access_token": 7})
    found = await asked(image(tokens.registry), LOGIN)
    assert found.state == "unknown"
    assert "sends no token" in found.text


async def test_what_was_there_a_moment_ago_is_not_asked_for_again_but_what_was_missing_is(
    pair: tuple[Path, Path],
) -> None:
    there = False

    def answer(_: Asked) -> Http:
        return Http(body=INDEX) if there else Http(404, UNKNOWN)

    with loopback.serving(answer, pair) as server:
        asks, wanted = RegistryClient(), image(server)
        assert (await asks.image(wanted, (), 5)).state == "missing"
        there = True
        assert (await asks.image(wanted, (), 5)).state == "there"
        before = len(server.asked)
        assert (await asks.image(wanted, (), 5)).state == "there"
        assert len(server.asked) == before
        assert (await asks.image(wanted, (LOGIN,), 5)).state == "there"
    assert len(server.asked) > before, "another login may see another answer"


# Docker Hub counts the manifests that are read


async def test_docker_hub_is_asked_for_heads_and_each_content_once(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    left = ["90"]
    monkeypatch.setattr(client, "_SECONDS", 0.0)

    def answer(_: Asked) -> Http:
        headers = {"Docker-Content-Digest": digest(INDEX), "RateLimit-Remaining": f"{left[0]};w=21600"}
        return Http(body=INDEX, headers=headers)

    with loopback.serving(answer, pair) as server:
        monkeypatch.setattr(Reference, "host", urlsplit(server.url).netloc)
        asks = RegistryClient()
        first = await asks.image(parse("acme/api"), (), 5)
        again = await asks.image(parse("acme/api"), (), 5)
        left[:] = ["3"]
        other = await RegistryClient().image(parse("acme/api"), (), 5)
    assert first == again == Answer("there", "", digest(INDEX), (Platform("linux", "amd64"),), left=90)
    assert (other.digest, other.platforms, other.left) == (digest(INDEX), (), 3)
    assert [one.method for one in server.asked] == ["HEAD", "GET", "HEAD", "HEAD"]
