"""What the answers mean: the first rung that broke is the sentence, and a next step goes with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.core.reach.objects import NOW
from wizard.core.reach import verdict
from wizard.core.reach.request import Answer
from wizard.core.reach.result import Reach, WayIn
from wizard.core.reach.verdict import Forwarded
from wizard.core.reach.ways import Inside, Way
from wizard.core.run.events import EVENTS, Event

LB = "203.0.113.7"
HTTPS = Way("Ingress/api", "https", "api.example.com", 443, "/health", (LB,), "rel-tls")
HTTP = replace(HTTPS, scheme="http", port=80, secret="")
BALANCER = Way("Service/api", "http", "", 80, "/health", (LB,))
OK = Answer((LB,), f"{LB}:443", ends=NOW + timedelta(days=62, hours=1), status=200)
NO_NAME = Answer(broken="dns", why="unresolved", text="name or service not known")
POD = Inside("api", 80, "api-1", 8000, "/health")
COMMAND = "kubectl port-forward service/api 8080:80 -n ns"


def met(way: Way, *answers: Answer) -> WayIn:
    return verdict.judged(way, answers, NOW, 3.0)


def broken(rung: Any, why: Any, text: str, **rest: Any) -> Answer:
    return Answer(
        **{"resolved": (LB,), "address": f"{LB}:443", "ends": OK.ends, "broken": rung, "why": why, "text": text, **rest}
    )


def test_a_good_answer_says_url_certificate_and_days() -> None:
    found = met(HTTPS, OK)

    assert (found.state, found.next_step) == ("pass", "")
    assert found.text == (
        "https://api.example.com/health answers HTTP 200, certificate verified by this machine's authorities, good for 62 days"
    )
    assert found.facts == (
        "https://api.example.com/health: api.example.com is 203.0.113.7, the address of Ingress/api; 203.0.113.7:443 connects; "
        "certificate verified by this machine's authorities, good for 62 days; HTTP 200 at /health"
    )


def test_a_certificate_of_the_secrets_own_authority_is_said_to_be_that() -> None:
    assert (
        "verified by the CA of Secret rel-tls, good for 1 day"
        in met(HTTPS, replace(OK, own_authority=True, ends=NOW + timedelta(days=1, hours=1))).text
    )


def test_a_redirect_to_https_is_told() -> None:
    found = met(HTTP, replace(OK, redirected="https://api.example.com:8443/health"))

    assert found.text.startswith("https://api.example.com:8443/health answers HTTP 200")
    assert found.http == "HTTP 200 at /health, after a redirect to https"


@pytest.mark.parametrize(
    ("answer", "state", "text", "step"),
    [
        (broken("tcp", "refused", f"{LB}:443 refuses the connection"), "fail", "refuses the connection", "listens on port 443"),
        (broken("tcp", "slow", f"{LB}:443 does not answer within 1 s"), "unknown", "does not answer within 1 s", "firewall"),
        (broken("tcp", "no-route", f"{LB}:443 has no route"), "unknown", "has no route", "private network"),
        (broken("tls", "untrusted", "no authority that is trusted here signed its certificate"), "fail",
         "api.example.com: no authority", "ca.crt of Secret rel-tls"),
        (broken("tls", "expired", "its certificate has expired"), "fail", "has expired", "Get a certificate"),
        (broken("tls", "other-name", "its certificate is for another name"), "fail", "another name", "Get a certificate"),
        (broken("tls", "not-tls", "the TLS handshake fails"), "fail", "handshake fails", "does not speak TLS"),
        (broken("tls", "closed", "closes the connection"), "fail", "closes the connection", "See what answers at 203.0.113.7:443"),
        (broken("http", "slow", "no HTTP answer within 1 s"), "unknown", "no HTTP answer", "see its logs"),
        (broken("http", "not-http", "what answers does not speak HTTP/1.1"), "fail", "does not speak HTTP", "See what answers"),
        (broken("http", "too-large", "the head of the answer has more than 64 KiB"), "fail", "64 KiB", "See what answers"),
        (broken("dns", "forbidden", "api.example.com is 169.254.169.254"), "unknown", "169.254.169.254", "link-local"),
        (replace(OK, status=503), "fail", "answers HTTP 503: no pod answers behind it", "ready endpoints"),
        (replace(OK, status=500), "fail", "answers HTTP 500", "logs"),
        (replace(OK, status=404), "fail", "does not lead to the application", "Compare host and path with Ingress/api"),
        (replace(OK, status=401), "unknown", "a login is before it", "login"),
        (replace(OK, status=302, location="https://login.example.com/"), "unknown", "a redirect to https://login.example.com/", "browser"),
    ],
)  # fmt: skip
def test_the_first_rung_that_broke_is_the_sentence(answer: Answer, state: str, text: str, step: str) -> None:
    found = met(HTTPS, answer)

    assert found.state == state
    assert text in found.text
    assert step in found.next_step
    rungs = ("dns", "tcp", "tls", "http")
    at = rungs.index(answer.broken or "http")
    assert found.broken == rungs[at]
    assert [bool(getattr(found, rung)) for rung in rungs] == [True] * (at + 1) + [False] * (3 - at)


@pytest.mark.parametrize("why", ["untrusted", "expired", "not-yet", "other-name"])
def test_a_certificate_that_is_not_verified_is_never_reachable(why: Any) -> None:
    answer = replace(OK, broken="tls", why=why, text="x")

    assert not answer.good
    assert met(HTTPS, answer).state == "fail"
    assert met(HTTPS, NO_NAME, answer).state == "waiting"


def test_another_path_that_the_application_does_not_have_says_nothing_about_it() -> None:
    found = met(replace(HTTP, path="/api", healthy=False), replace(OK, status=404))

    assert (found.state, found.text) == (
        "unknown", "http://api.example.com/api answers HTTP 404; which path of it answers is not known",
    )  # fmt: skip


def test_a_proxy_that_was_not_used_is_named_where_nothing_was_reached() -> None:
    answer = replace(broken("tcp", "slow", "no answer"), proxied=True)

    assert met(HTTPS, answer).text.endswith("asked without the proxy that this machine's environment names")
    assert "proxy" not in met(HTTPS, replace(OK, proxied=True)).text


@pytest.mark.parametrize(
    ("address", "record"),
    [
        (LB, f"A api.example.com -> {LB}"), ("2001:db8::7", "AAAA api.example.com -> 2001:db8::7"),
        ("lb.example.net", "CNAME api.example.com -> lb.example.net"),
    ],
)  # fmt: skip
def test_a_missing_name_is_waiting_for_the_record_that_is_named(address: str, record: str) -> None:
    way = replace(HTTPS, addresses=(address,))

    found = met(way, NO_NAME, OK)

    assert found.state == "waiting"
    assert found.text == f"waiting for you: {record}; it answers there already, only the name is missing"
    assert found.next_step == "Create that DNS record; status asks again."
    assert found.dns == "api.example.com does not resolve: name or service not known"
    assert found.broken == "dns"
    assert found.http == "HTTP 200 at /health"


def test_a_missing_name_and_a_broken_address_are_both_said() -> None:
    found = met(HTTPS, NO_NAME, broken("tls", "expired", "its certificate has expired"))

    assert (
        found.text
        == f"waiting for you: A api.example.com -> {LB}; at that address: api.example.com: its certificate has expired"
    )
    assert found.next_step.startswith("Create that DNS record; status asks again. Get a certificate")


def test_a_missing_name_of_which_the_address_was_not_asked_in_time() -> None:
    assert met(HTTPS, NO_NAME).text == f"waiting for you: A api.example.com -> {LB}"


def test_a_resolver_that_did_not_tell_is_no_missing_record() -> None:
    silent = Answer(broken="dns", why="no-dns", text="temporary failure in name resolution")

    alone, known = met(HTTPS, silent), met(HTTPS, silent, OK)

    assert (alone.state, alone.broken) == (known.state, known.broken) == ("unknown", "dns")
    assert alone.text == "api.example.com was not looked up: temporary failure in name resolution"
    assert known.text == f"{alone.text}; {LB} answers for it"


def test_a_name_that_leads_elsewhere_is_to_be_changed() -> None:
    wrong = broken("tcp", "refused", "refuses", resolved=("198.51.100.1",))

    found = met(HTTPS, wrong, OK)

    assert found.state == "fail"
    assert found.text == f"api.example.com is 198.51.100.1, where it does not answer; Ingress/api is at {LB} and does"
    assert found.next_step == f"Change the DNS record: A api.example.com -> {LB}"


def test_a_proxy_or_cdn_before_the_load_balancer_is_no_fault() -> None:
    found = met(HTTPS, replace(OK, resolved=("198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4")))

    assert found.state == "pass"
    assert found.dns == f"api.example.com is 198.51.100.1, 198.51.100.2, 198.51.100.3 and 1 more, not {LB}"


@pytest.mark.parametrize(
    ("way", "answers", "text"),
    [
        (replace(BALANCER, addresses=()), (), "Service/api has no address yet"),
        (replace(HTTPS, addresses=()), (NO_NAME,), "Ingress/api has no address yet, and api.example.com does not resolve"),
        (replace(BALANCER, addresses=("lb.example.net",)), (NO_NAME,),
         "Service/api is at lb.example.net, a name that does not resolve yet"),
    ],
)  # fmt: skip
def test_what_has_no_address_yet_is_waited_for(way: Way, answers: Any, text: str) -> None:
    found = met(way, *answers)

    assert (found.state, found.text) == ("waiting", text)
    assert found.next_step


def test_an_address_that_cannot_be_seen_is_not_said_to_be_missing() -> None:
    found = met(replace(HTTPS, addresses=(), hidden="its Gateway cannot be seen"), NO_NAME)

    assert found.state == "unknown"
    assert found.text == "Ingress/api: its Gateway cannot be seen, and api.example.com does not resolve"


def test_no_answer_within_the_time_and_what_is_not_asked_are_unknown() -> None:
    assert (met(HTTPS).state, met(HTTPS).text) == ("unknown", "https://api.example.com/health: no answer within 3 s")
    wild = Way("Ingress/api", "http", "", 80, problem="*.a stands for many hosts")
    assert (met(wild).state, met(wild).text) == ("unknown", "*.a stands for many hosts")


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        (OK, ""), (NO_NAME, LB), (broken("tcp", "refused", "x"), ""), (broken("tcp", "refused", "x", resolved=("198.51.100.1",)), LB),
        (replace(OK, resolved=("198.51.100.1",)), ""),
    ],
)  # fmt: skip
def test_the_address_is_asked_where_the_name_does_not_lead_there(answer: Answer, asked: str) -> None:
    assert verdict.via(HTTPS, answer) == asked
    assert verdict.via(BALANCER, answer) == ""
    assert verdict.via(replace(HTTPS, addresses=()), answer) == ""


GOOD = WayIn("Ingress/a", "u", "pass", "is pass", "do pass")
BAD, WAITS = (
    replace(GOOD, state="fail", text="is fail", next_step="do fail"),
    replace(GOOD, state="waiting", text="is waiting", next_step="do waiting"),
)
FORBIDDEN = Forwarded(
    POD, why="me may not get,create pods/portforward", right="get,create pods/portforward in namespace ns"
)


@pytest.mark.parametrize(
    ("ways", "more", "forwarded", "unseen", "state", "text", "step"),
    [
        ((GOOD,), 0, None, (), "pass", "is pass", "do pass"),
        ((GOOD, GOOD), 0, None, (), "pass", "all 2 ways in answer; is pass", "do pass"),
        ((GOOD, GOOD), 3, None, (), "pass", "is pass; 3 more not asked", "do pass"),
        ((GOOD, BAD, WAITS), 0, None, (), "fail", "1 of 3 ways in answer; is fail", "do fail"),
        ((WAITS,), 0, Forwarded(POD, 200), (), "waiting", "is waiting; it answers inside the cluster, by a port-forward: HTTP 200", "do waiting"),
        ((BAD,), 0, Forwarded(POD, 503), (), "fail", "is fail; by a port-forward api-1 answers HTTP 503 at /health", "do fail"),
        ((BAD,), 0, Forwarded(POD, why="no kubelet"), (), "fail", "is fail; no port-forward either: no kubelet", "do fail"),
        ((), 0, Forwarded(POD, 200), (), "pass", "by a port-forward only, HTTP 200: no Ingress, route or load balancer leads to it", COMMAND),
        ((), 0, Forwarded(POD, 503), (), "fail",
         "not from here: no Ingress, route or load balancer leads to it; by a port-forward api-1 answers HTTP 503 at /health", "Read the logs of the application."),
        ((), 0, FORBIDDEN, (), "unknown",
         "not from here: no Ingress, route or load balancer leads to it; no port-forward either: "
         "me may not get,create pods/portforward", "Needs: get,create pods/portforward in namespace ns"),
        ((), 0, None, (), "unknown", "not from here: no Ingress, route or load balancer leads to it, and no pod of it is ready to be asked", ""),
        ((), 0, Forwarded(POD, 200), ("Ingress",), "unknown",
         "not from here: Ingress cannot be seen; it answers inside the cluster, by a port-forward: HTTP 200", COMMAND),
    ],
)  # fmt: skip
def test_the_release_is_what_the_worst_way_in_is(
    ways: Any, more: int, forwarded: Any, unseen: Any, state: str, text: str, step: str
) -> None:
    found = verdict.overall(ways, more, forwarded, COMMAND, unseen)

    assert (found.state, found.text, found.next_step) == (state, text, step)


def test_the_event_holds_the_whole_answer_and_survives_its_record() -> None:
    found = verdict.overall([met(HTTPS, NO_NAME, OK)], 0, None, "", ())
    event = Event("reach", found.to_data(), 1, "2026-01-01T00:00:00.000Z")

    again = Event.from_line(event.to_line()).checked()

    assert tuple(again.data) == EVENTS["reach"]
    assert Reach.of_data(again.data) == found
    assert (
        Reach.of_data({**again.data, "newer": 1, "ways": [{**way, "newer": 1} for way in again.data["ways"]]}) == found
    )


@pytest.mark.parametrize("ways", ["text", [1], [["a"]], [{"url": 1}], {"url": "a"}])
def test_an_event_with_malformed_ways_is_refused(ways: Any) -> None:
    with pytest.raises(ValueError, match="ways"):
        Event("reach", {"state": "pass", "text": "", "next_step": "", "ways": ways}).checked()
