"""Requests to real servers on this machine that answer as real ones do, well and badly; each test ends by its own limit."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.adapters.loopback import Answer as Told
from tests.adapters.loopback import Server, certificate, closed_port, serving, silent
from wizard.adapters.network import DirectNetwork
from wizard.core.reach.request import Answer, Request

HOST = "api.example.com"


def to(url: str, *, host: str = "", via: str = "", authority: str = "", path: str = "/health") -> Request:
    parts = urlsplit(url)
    assert parts.scheme in ("http", "https")
    scheme: Any = parts.scheme
    return Request(scheme, host or str(parts.hostname), parts.port or 80, path, via, authority)


async def ask(request: Request, seconds: float = 5.0) -> Answer:
    return await DirectNetwork().ask(request, seconds)


@contextlib.contextmanager
def raw(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """An address where each connection is handed to `talk`, then closed."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(8)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection, contextlib.suppress(OSError):
                        talk(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def says(text: bytes) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(text)

    return talk


def head_of(server: Server) -> dict[str, str]:
    return server.asked[0].headers


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Path, Path]]:
    """Makes a certificate that this machine trusts."""

    def make(**options: Any) -> tuple[Path, Path]:
        pair = certificate(tmp_path, "trusted", **options)
        monkeypatch.setenv("SSL_CERT_FILE", str(pair[0]))
        return pair

    return make


# HTTP


async def test_a_plain_request_carries_nothing_but_its_host() -> None:
    with serving(lambda _: Told(200, "fine")) as server:
        answer = await ask(to(server.url))
        port = urlsplit(server.url).port

    assert answer == Answer(("127.0.0.1",), f"127.0.0.1:{port}", status=200)
    assert server.asked[0].path == "/health"
    assert set(head_of(server)) == {"Host", "User-Agent", "Accept", "Connection"}
    assert head_of(server)["Host"] == f"127.0.0.1:{port}"


async def test_a_name_without_a_record_is_asked_at_an_address() -> None:
    with serving(lambda _: Told()) as server:
        answer = await ask(to(server.url, host=HOST, via="127.0.0.1"))

    assert answer.good
    assert head_of(server)["Host"].startswith(f"{HOST}:")


@pytest.mark.parametrize("status", [204, 401, 404, 500, 503])
async def test_every_status_is_an_answer(status: int) -> None:
    with serving(lambda _: Told(status, "" if status == 204 else "no")) as server:
        answer = await ask(to(server.url))

    assert (answer.status, answer.broken) == (status, "")
    assert answer.good is (status == 204)


async def test_a_redirect_is_told_and_not_followed() -> None:
    with serving(lambda _: Told(308, headers={"Location": f"https://{HOST}/health"})) as server:
        answer = await ask(to(server.url))

    assert (answer.status, answer.location) == (308, f"https://{HOST}/health")
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "closed"), (b"HTTP/1.1 200 OK\r\nA: b", "closed"), (b"HT", "closed"), (b"SSH-2.0-OpenSSH_9\r\n", "not-http"),
        (b"HTTP/1.1 999 What\r\n\r\n", "not-http"), (b"HTTP/1.1 two\r\n\r\n", "not-http"), (b"\x15\x03\x01\x00\x02\x02P", "not-http"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20_000 + b"\r\n", "too-large"), (b"HTTP/1.1 200 " + b"x" * 100_000, "too-large"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 5_000, "too-large"),
    ],
)  # fmt: skip
async def test_what_is_no_answer_of_http_is_named(text: bytes, why: str) -> None:
    with raw(says(text)) as url:
        answer = await ask(to(url))

    assert (answer.broken, answer.why, answer.status) == ("http", why, 0)


@pytest.mark.parametrize(
    "text",
    [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.0 200\n\n", b"HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
     b"HTTP/1.1 200 OK\r\n\r\n" + b"body" * 100_000],
)  # fmt: skip
async def test_answers_in_other_spellings_are_read_up_to_their_head(text: bytes) -> None:
    with raw(says(text)) as url:
        assert (await ask(to(url))).good


async def test_what_a_hostile_server_says_is_safe_to_show() -> None:
    location = b"https://a/\x1b]0;title\x07\xe2\x80\xaeevil" + b"x" * 5_000
    with raw(says(b"HTTP/1.1 302 \x1b[2J\r\nLocation: " + location + b"\r\n\r\n")) as url:
        answer = await ask(to(url))

    assert answer.location.isprintable()
    assert answer.location.startswith("https://a/evil")
    assert len(answer.location) < 600


async def test_a_server_that_never_answers_is_left_in_time() -> None:
    with silent() as url:
        answer = await ask(to(url), 0.2)

    assert (answer.broken, answer.why, answer.text) == ("http", "slow", "no HTTP answer within 0.2 s")


async def test_headers_that_drip_do_not_prolong_it() -> None:
    more = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not more.wait(0.02):
            connection.sendall(b"A: b\r\n")

    with raw(drip) as url:
        answer = await ask(to(url), 0.3)
    more.set()

    assert (answer.broken, answer.why) == ("http", "slow")


async def test_a_reset_is_told() -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    with raw(reset) as url:
        answer = await ask(to(url))

    assert (answer.broken, answer.why) == ("http", "closed")


# DNS and TCP


async def test_a_closed_port_refuses() -> None:
    answer = await ask(to(closed_port()))

    assert (answer.broken, answer.why) == ("tcp", "refused")
    assert answer.text == f"{answer.address} refuses the connection"


async def test_the_next_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda _: Told()) as server:
        port = urlsplit(server.url).port
        _resolve(monkeypatch, "127.0.0.2", "127.0.0.1")
        answer = await ask(Request("http", HOST, port or 0, "/"))

    assert answer.good
    assert (answer.resolved, answer.address) == (("127.0.0.2", "127.0.0.1"), f"127.0.0.1:{port}")


def _resolve(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    entries = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *a, **b: entries if host == HOST else real(host, *a, **b))


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "0.0.0.0"])
async def test_a_name_of_a_metadata_service_is_not_asked(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> socket.socket:
        raise AssertionError("it was asked")

    _resolve(monkeypatch, address)
    monkeypatch.setattr(socket, "create_connection", refuse)

    by_name = await ask(Request("http", HOST, 80, "/"))
    by_address = await ask(Request("http", "other.example.com", 80, "/", via=address))

    assert (by_name.broken, by_name.why) == (by_address.broken, by_address.why) == ("dns", "forbidden")


@pytest.mark.parametrize("name", ["no-such-name.invalid", "a" * 64 + ".com"])
async def test_a_name_that_does_not_resolve_is_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(host: str, *_: Any, **__: Any) -> Any:
        host.encode("idna")
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    answer = await ask(Request("http", name, 80, "/"))

    assert (answer.broken, answer.why) == ("dns", "unresolved")
    assert answer.text in ("name or service not known", "not a name")


async def test_a_resolver_that_fails_is_no_missing_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fails)

    answer = await ask(Request("http", HOST, 80, "/"))

    assert (answer.broken, answer.why, answer.text) == ("dns", "no-dns", "temporary failure in name resolution")


async def test_a_resolver_that_hangs_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    late = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: late.wait(10) and [])

    answer = await ask(Request("http", HOST, 80, "/"), 0.1)
    late.set()

    assert (answer.broken, answer.why, answer.text) == ("dns", "no-dns", "no answer of DNS within 0.1 s")


async def test_a_proxy_of_the_environment_is_not_used_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda _: Told()) as server:
        monkeypatch.setenv("HTTP_PROXY", closed_port())
        answer = await ask(to(server.url, host=HOST, via="127.0.0.1"))

    assert answer.good
    assert answer.proxied


# TLS


async def test_a_certificate_that_this_machine_trusts(trusted: Callable[..., tuple[Path, Path]]) -> None:
    with serving(lambda _: Told(), trusted(host=HOST, days=62)) as server:
        answer = await ask(to(server.url, host=HOST, via="127.0.0.1"))

    assert answer.good
    assert answer.ends is not None
    assert not answer.own_authority


async def test_a_certificate_of_the_authority_that_is_given(tmp_path: Path) -> None:
    pair = certificate(tmp_path, "own", host=HOST)
    with serving(lambda _: Told(), pair) as server:
        answer = await ask(to(server.url, host=HOST, via="127.0.0.1", authority=pair[0].read_text()))

    assert answer.good
    assert answer.own_authority


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"host": "other.example.com"}, "other-name"),
        ({"days": -1}, "expired"),
        ({"started_days_ago": -1, "days": 9}, "not-yet"),
    ],
)
async def test_a_certificate_that_clients_refuse(
    options: dict[str, Any], why: str, trusted: Callable[..., tuple[Path, Path]]
) -> None:
    with serving(lambda _: Told(), trusted(**{"host": HOST, **options})) as server:
        answer = await ask(to(server.url, host=HOST, via="127.0.0.1"))

    assert (answer.broken, answer.why, answer.status) == ("tls", why, 0)
    assert not server.asked, "nothing is sent before the certificate was verified"


async def test_a_certificate_of_nobody_that_is_trusted(tmp_path: Path) -> None:
    with serving(lambda _: Told(), certificate(tmp_path, "self", host=HOST)) as server:
        answer = await ask(to(server.url, host=HOST, via="127.0.0.1"))

    assert (answer.broken, answer.why) == ("tls", "untrusted")
    assert "no authority that is trusted here signed its certificate (self" in answer.text


async def test_an_authority_that_is_no_certificate_verifies_nothing(tmp_path: Path) -> None:
    with serving(lambda _: Told(), certificate(tmp_path, "self", host=HOST)) as server:
        answer = await ask(to(server.url, host=HOST, via="127.0.0.1", authority="\u00e4 no PEM"))

    assert (answer.broken, answer.why, answer.status) == ("tls", "untrusted", 0)


async def test_plain_http_where_tls_is_expected() -> None:
    with serving(lambda _: Told()) as server:
        answer = await ask(to(server.url.replace("http:", "https:")))

    assert (answer.broken, answer.why) == ("tls", "not-tls")


async def test_tls_that_never_ends() -> None:
    with silent() as url:
        answer = await ask(to(url.replace("http:", "https:")), 0.2)

    assert (answer.broken, answer.why) == ("tls", "slow")


async def test_the_name_is_told_to_the_server_of_many_names(trusted: Callable[..., tuple[Path, Path]]) -> None:
    context, asked = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
    context.load_cert_chain(*trusted(host=HOST))
    context.sni_callback = lambda _, name, __: asked.append(name)

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            says(b"HTTP/1.1 200 OK\r\n\r\n")(secure)

    with raw(talk) as url:
        answer = await ask(to(url.replace("http:", "https:"), host=HOST, via="127.0.0.1"))

    assert answer.good
    assert asked == [HOST]


# Names alone


async def test_a_name_has_its_addresses_none_or_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    network = DirectNetwork()
    assert "127.0.0.1" in (await network.addresses("localhost", 5) or ())
    assert await network.addresses("x" * 70 + ".test", 5) == (), "no name can be so"

    def answer(error: OSError) -> Callable[..., Any]:
        def fail(*_: Any, **__: Any) -> Any:
            raise error

        return fail

    monkeypatch.setattr(socket, "getaddrinfo", answer(socket.gaierror(socket.EAI_NONAME, "not known")))
    assert await network.addresses("gone.test", 5) == ()
    monkeypatch.setattr(socket, "getaddrinfo", answer(socket.gaierror(socket.EAI_AGAIN, "try again")))
    assert await network.addresses("gone.test", 5) is None
