"""Whether people reach a release, from what the requests met: the first rung that broke is the sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from wizard.core.reach import request
from wizard.core.reach.request import Answer
from wizard.core.reach.result import ELSEWHERE, Reach, State, WayIn
from wizard.core.reach.ways import Inside, Way
from wizard.core.text.words import counted

_WORST: Final[tuple[State, ...]] = ("fail", "waiting", "unknown", "pass")
_NAMES: Final = 3
_NO_POD: Final = (502, 503, 504)
_CREATE: Final = "Create that DNS record; status asks again."
_PRIVATE: Final = "Ask from a machine that may: a firewall or a private network can be between."
_SILENT: Final = "What takes the connection there does not answer: see its logs."
_RENEW: Final = "Get a certificate that clients accept: for that host, in time, from an authority that they know."


@dataclass(frozen=True)
class Forwarded:
    """What a port-forward to a ready pod brought: the status of its answer, or why there is none."""

    to: Inside
    status: int = 0
    why: str = ""
    right: str = ""
    """The right that is missing."""

    @property
    def good(self) -> bool:
        """Whether the application answered."""
        return 200 <= self.status < 300


def via(way: Way, answer: Answer) -> str:
    """The address to ask with the host's name as well; "" when the name led there, or it is not known."""
    if answer.good or not way.host or not way.addresses or set(answer.resolved) & set(way.addresses):
        return ""
    return way.addresses[0]


def judged(way: Way, answers: Sequence[Answer], now: datetime, seconds: float) -> WayIn:
    """One way in, from the answers that came within the time: by its name, then by its address where that was asked."""
    found = WayIn(way.object, way.url, "unknown", way.problem)
    if way.problem:
        return found
    if not way.host and not way.addresses:
        return _without_address(way, found, "")
    if not answers:
        return replace(found, text=f"{way.url}: no answer within {seconds:.2g} s", next_step=_PRIVATE)
    answer, direct = answers[0], answers[1] if len(answers) > 1 else None
    found = _met(replace(found, dns=_dns(way, answer)), way, answer, now)
    if answer.good:
        return replace(found, state="pass", text=_answers(way, answer, now))
    if answer.why == "unresolved":
        return _without_name(way, found, direct, now)
    if answer.why == "no-dns":
        there = f"; {way.addresses[0]} answers for it" if direct and direct.good else ""
        return replace(
            found, text=f"{found.dns}{there}", next_step="Ask again from where DNS works.", broken="dns", why=answer.why
        )
    if direct and direct.good:
        where, names = way.addresses[0], _some(answer.resolved)
        text = f"{way.host} is {names}, where it does not answer; {way.object} is at {where} and does"
        step = f"Change the DNS record: {record(way)}"
        return replace(found, state="fail", text=text, next_step=step, broken="dns", why=ELSEWHERE)
    state, text, step = _broken(way, answer)
    return replace(found, state=state, text=text, next_step=step, broken=answer.broken or "http", why=answer.why)


def record(way: Way) -> str:
    """The DNS record that leads the host to the way's address."""
    address = way.addresses[0]
    kind = "CNAME" if not request.is_address(address) else "AAAA" if ":" in address else "A"
    return f"{kind} {way.host} -> {address}"


def overall(
    ways: Sequence[WayIn], more: int, forwarded: Forwarded | None, command: str, unseen: Iterable[str]
) -> Reach:
    """The release from its ways in; `more` were not asked. `command` is the port-forward that a person would type."""
    worst = min(ways, key=lambda way: _WORST.index(way.state), default=None)
    if worst is None:
        return _inside_only(forwarded, command, tuple(unseen))
    good = sum(way.state == "pass" for way in ways)
    text = worst.text
    if worst.state != "pass" and good:
        text = f"{good} of {len(ways)} ways in answer; {text}"
    elif worst.state != "pass" and forwarded:
        text += f"; {_inside(forwarded)}"
    elif len(ways) > 1 and not more:
        text = f"all {len(ways)} ways in answer; {text}"
    if more:
        text += f"; {more} more not asked"
    return Reach(worst.state, text, worst.next_step, tuple(ways))


# One way


def _dns(way: Way, answer: Answer) -> str:
    if not way.host:
        return f"asked at {way.addresses[0]}"
    if answer.why in ("unresolved", "no-dns"):
        return f"{way.host} {'does not resolve' if answer.why == 'unresolved' else 'was not looked up'}: {answer.text}"
    known = [address for address in way.addresses if request.is_address(address)]
    text = f"{way.host} is {_some(answer.resolved)}"
    if not known:
        return text
    return f"{text}, the address of {way.object}" if set(known) & set(answer.resolved) else f"{text}, not {known[0]}"


def _some(addresses: Sequence[str]) -> str:
    more = f" and {len(addresses) - _NAMES} more" if len(addresses) > _NAMES else ""
    return ", ".join(addresses[:_NAMES]) + more


def _met(found: WayIn, way: Way, answer: Answer, now: datetime) -> WayIn:
    """The way in with the rungs that an answer came to; the one that broke says how."""
    rungs = {"tcp": f"{answer.address} connects", "tls": _certificate(way, answer, now), "http": _http(way, answer)}
    if answer.broken:
        names = ("dns", *rungs)
        rungs = {name: rungs[name] for name in names[1 : names.index(answer.broken)]} | {answer.broken: answer.text}
    return replace(found, tcp=rungs.get("tcp", ""), tls=rungs.get("tls", ""), http=rungs.get("http", ""))


def _certificate(way: Way, answer: Answer, now: datetime) -> str:
    if answer.ends is None:
        return ""
    by = f"the CA of Secret {way.secret}" if answer.own_authority else "this machine's authorities"
    days = (answer.ends - now).days
    return f"certificate verified by {by}, good for {counted(days, 'day')}"


def _http(way: Way, answer: Answer) -> str:
    where = f"HTTP {answer.status} at {way.path}"
    return f"{where}, after a redirect to https" if answer.redirected else where


def _answers(way: Way, answer: Answer, now: datetime) -> str:
    return ", ".join(
        filter(None, (f"{answer.redirected or way.url} answers HTTP {answer.status}", _certificate(way, answer, now)))
    )


def _without_address(way: Way, found: WayIn, also: str) -> WayIn:
    if way.hidden:
        return replace(found, text=f"{way.object}: {way.hidden}{also}")
    step = f"See why its controller gave no address: {way.command}"
    return replace(found, state="waiting", text=f"{way.object} has no address yet{also}", next_step=step)


def _without_name(way: Way, found: WayIn, direct: Answer | None, now: datetime) -> WayIn:
    """The name does not resolve: what the address says for it."""
    found = replace(found, broken="dns", why="unresolved")
    if not way.host:
        text = f"{way.object} is at {way.addresses[0]}, a name that does not resolve yet"
        return replace(found, state="waiting", text=text, next_step="A new load balancer's name takes some minutes.")
    if not way.addresses:
        return _without_address(way, found, f", and {way.host} does not resolve")
    text, step = f"waiting for you: {record(way)}", _CREATE
    if direct is None:
        return replace(found, state="waiting", text=text, next_step=step)
    found = _met(found, way, direct, now)
    if direct.good:
        only = "it answers there already, only the name is missing"
        return replace(found, state="waiting", text=f"{text}; {only}", next_step=step)
    state, words, next_step = _broken(way, direct)
    if state == "fail":
        step = f"{step} {next_step}"
    return replace(found, state="waiting", text=f"{text}; at that address: {words}", next_step=step)


def _broken(way: Way, answer: Answer) -> tuple[State, str, str]:
    """State, sentence and next step of the first rung that did not hold."""
    proxied = "; asked without the proxy that this machine's environment names" if answer.proxied else ""
    if not answer.broken:
        return _by_status(way, answer)
    state: State = "unknown" if answer.why in ("slow", "no-route", "forbidden") else "fail"
    if answer.broken == "tls" and answer.why in ("untrusted", "expired", "not-yet", "other-name"):
        return "fail", f"{way.host or answer.address}: {answer.text}", _certificate_step(way, answer)
    step = {
        "slow": _PRIVATE if answer.broken == "tcp" else _SILENT, "no-route": _PRIVATE,
        "forbidden": "Name a host whose address is not link-local.",
        "refused": f"See whether the load balancer or controller of {way.object} listens on port {way.port}.",
        "not-tls": f"Something else answers at port {way.port}: it does not speak TLS.",
    }.get(answer.why, f"See what answers at {answer.address or way.host}.")  # fmt: skip
    return state, f"{way.url}: {answer.text}{proxied}", step


def _certificate_step(way: Way, answer: Answer) -> str:
    if answer.why == "untrusted" and way.secret:
        return f"{_RENEW} Or put its authority into ca.crt of Secret {way.secret}, and into what calls it."
    return _RENEW


def _by_status(way: Way, answer: Answer) -> tuple[State, str, str]:
    status = answer.status
    said = f"{way.url} answers HTTP {status}"
    if status in _NO_POD:
        return (
            "fail",
            f"{said}: no pod answers behind it",
            f"See whether the Service of {way.object} has ready endpoints: diagnose",
        )
    if status >= 500:
        return "fail", said, "Read the logs of the application."
    if 300 <= status < 400:
        return (
            "unknown",
            f"{said}, a redirect to {answer.location or 'nowhere'}, which is not followed",
            "Open it in a browser.",
        )
    if status in (401, 403):
        return "unknown", f"{said}: a login is before it", "Open it with a login."
    if not way.healthy:
        return "unknown", f"{said}; which path of it answers is not known", ""
    return (
        "fail",
        f"{said}: what is there does not lead to the application",
        f"Compare host and path with {way.object}.",
    )


# The release


def _inside(forwarded: Forwarded) -> str:
    if forwarded.good:
        return f"it answers inside the cluster, by a port-forward: HTTP {forwarded.status}"
    return _no(forwarded)


def _no(forwarded: Forwarded) -> str:
    if forwarded.status:
        return f"by a port-forward {forwarded.to.pod} answers HTTP {forwarded.status} at {forwarded.to.path}"
    return f"no port-forward either: {forwarded.why}"


def _inside_only(forwarded: Forwarded | None, command: str, unseen: Sequence[str]) -> Reach:
    """No way leads in from outside, or none could be seen."""
    closed = f"{', '.join(unseen)} cannot be seen" if unseen else "no Ingress, route or load balancer leads to it"
    if forwarded is None:
        return Reach("unknown", f"not from here: {closed}, and no pod of it is ready to be asked")
    if forwarded.good and not unseen:
        return Reach("pass", f"by a port-forward only, HTTP {forwarded.status}: {closed}", command)
    if forwarded.status and not forwarded.good:
        return Reach("fail", f"not from here: {closed}; {_no(forwarded)}", "Read the logs of the application.")
    step = f"Needs: {forwarded.right}" if forwarded.right else command
    return Reach("unknown", f"not from here: {closed}; {_inside(forwarded)}", step)
