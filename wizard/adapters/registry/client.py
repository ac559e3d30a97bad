"""Asks registries by their own protocol: the distribution specification of OCI, and the token service of Docker's.

The libraries for it were judged (oras 0.2.43, python-dxf 12.1.1, aioregistry 0.7.3): none bounds the size of an answer, or
the time of one that drips; each sends the login to any token service that an answer names, all but dxf by plain HTTP too;
oras has no time limit and waits in retries, aioregistry verifies no certificate unless it is given a context.
"""

from __future__ import annotations

import asyncio
import base64
import difflib
import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from typing_extensions import override

from wizard.adapters.kube.threads import Workers
from wizard.adapters.registry.transport import (
    NO_TLS,
    Got,
    Origin,
    Transport,
    UnansweredError,
    UnreachableError,
    may_ask,
    origin,
)
from wizard.core import limits
from wizard.core.registry import manifest
from wizard.core.registry.answer import Answer, Login, Platform, State
from wizard.core.registry.reference import Reference, is_here
from wizard.core.text import sanitize
from wizard.ports.registries import Registries

OFFLINE: Final = "LLM_COST_OPS_OFFLINE"
"""The variable of the environment that keeps the wizard from asking registries beyond this machine."""
_THREADS: Final = 6
"""Registries at once; a name server may keep a thread for half a minute."""
_ACCEPT: Final = ", ".join((*manifest.INDEXES, *manifest.MANIFESTS, f"{manifest.OLD};q=0.5", "*/*;q=0.1"))
_GONE: Final = frozenset({"MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NOT_FOUND"})
_API: Final = "Docker-Distribution-Api-Version"
_FEW: Final = 20
"""Pulls left, below which none is used up to read what an image is built for: Docker Hub counts each manifest that is read."""
_PARAMETER: Final = re.compile(r'([A-Za-z_]+)="([^"]{0,2000})"')
_TOKEN: Final = re.compile(r"[!-~]{1,65536}")
_ADDRESS: Final = re.compile(r":|\.\d+\Z")
"""Of an IP address; no domain ends in a number."""
_NUMBER: Final = re.compile(r"\d{1,9}")
_KNOWN: Final = 1000
"""Manifests that are remembered."""
_SECONDS: Final = 60.0
"""For which an image that is there is not asked for again."""
_TAGS: Final = 100
_NEAR: Final = 3


class RegistryClient(Registries):
    """The registries as this machine reaches them."""

    def __init__(self, *, offline: bool = False) -> None:
        self._offline = offline
        self._workers = Workers(_THREADS)
        self._transport = Transport()
        self._known: dict[tuple[str, str], Answer] = {}
        """By repository and digest what was read: Docker Hub counts each manifest that is read as a pull."""
        self._there: dict[tuple[Reference, tuple[Login, ...]], tuple[float, Answer]] = {}
        """What was there a moment ago, and until when that counts: while a person answers, it is asked again and again."""

    @override
    async def image(self, reference: Reference, logins: Sequence[Login], seconds: float) -> Answer:
        if self._offline and not reference.is_here:
            return Answer("unreachable", f"registries are not asked: {OFFLINE} is set")
        now = time.monotonic()
        until, key = now + seconds, (reference, tuple(logins))
        kept_until, known = self._there.get(key, (0.0, None))
        if known and now < kept_until:
            return known
        try:
            asking = self._workers.call(partial(self._asked, reference, tuple(logins), until))
            answer = await asyncio.wait_for(asking, seconds)
        except TimeoutError:
            return Answer("unreachable", f"{reference.host} did not answer within {seconds:.2g} s")
        if answer.state == "there" and len(self._there) < _KNOWN:
            self._there[key] = (now + _SECONDS, answer)
        return answer

    def _asked(self, reference: Reference, logins: tuple[Login, ...], until: float) -> Answer:
        """What the registry says, with the first login that it takes."""
        answer = Answer("unknown")
        for login in logins or (None,):
            answer = self._with(reference, login, until)
            if answer.state != "refused":
                break
        return answer

    def _with(self, reference: Reference, login: Login | None, until: float) -> Answer:
        answer = Answer("unknown")
        for scheme in ("https", "http") if reference.is_here else ("https",):
            try:
                return _Exchange(self._transport, self._known, reference, login, until, scheme).answer()
            except _SettledError as settled:
                return settled.answer
            except UnansweredError as error:
                state: State = "unreachable" if isinstance(error, UnreachableError) else "unknown"
                answer = Answer(state, str(error))
                if NO_TLS not in answer.text:  # a registry of this machine may do without, as for container runtimes
                    break
        return answer


class _SettledError(Exception):
    """The answer is known before the manifest was read."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.state)
        self.answer = answer


class _Exchange:
    """The requests about one image with one login, or with none."""

    def __init__(
        self, transport: Transport, known: dict[tuple[str, str], Answer], reference: Reference, login: Login | None,
        until: float, scheme: str,
    ) -> None:  # fmt: skip
        self._transport, self._known, self._reference, self._login = transport, known, reference, login
        self._until, self._base = until, f"{scheme}://{reference.host}/v2/"
        self._authorizations: dict[Origin, str] = {}
        """By origin, the header for it alone."""
        self._sent = False
        """Whether the login was sent."""

    def answer(self) -> Answer:
        """What the registry says. Raises UnansweredError, _SettledError."""
        path = f"manifests/{self._reference.wanted}"
        if self._reference.registry == "docker.io" and (told := self._without_pull(path)):
            return told
        got = self._get(path)
        if got.status == 404:
            return self._missing(got)
        if got.status != 200:
            raise UnansweredError(f"{got.host} answers {got.status}")
        return self._read(got)

    def _without_pull(self, path: str) -> Answer | None:
        """The answer by the head alone where its content is known, or where few pulls are left."""
        head = self._get(path, method="HEAD")
        if head.status != 200:
            return None
        digest, left = _digest_of(head), _left(head)
        if known := self._known.get((self._reference.repository, digest)):
            return replace(known, left=left, login=self._sent)
        return Answer("there", "", digest, left=left, login=self._sent) if left is not None and left < _FEW else None

    def _read(self, got: Got) -> Answer:
        """The answer from a manifest or index, whose digest is that of its bytes."""
        digest = f"sha256:{hashlib.sha256(got.body).hexdigest()}"
        wanted = self._reference.digest
        if wanted.startswith("sha256:") and wanted != digest:
            raise UnansweredError(f"{got.host} sends something else than the digest names")
        try:
            found = manifest.read(got.body)
        except ValueError:
            raise UnansweredError(f"{got.host} answers with something that is no manifest") from None
        platforms = found.platforms
        if found.config and (platform := self._platform(found.config)):
            platforms = (platform,)
        # Its own digest may be of another algorithm; schema 1 is signed, and its digest is not that of its bytes.
        told = _digest_of(got)
        told = told if told and not told.startswith("sha256:") else digest
        answer = Answer("there", "", told, platforms, found.kind, left=_left(got), login=self._sent)
        if self._reference.registry == "docker.io" and len(self._known) < _KNOWN:
            self._known[self._reference.repository, told] = answer
        return answer

    def _platform(self, digest: str) -> Platform | None:
        """The platform of an image without an index, by its configuration; None when that does not tell."""
        try:
            got = self._get(f"blobs/{digest}")
            return manifest.of_config(limits.loads(got.body)) if got.status == 200 else None
        except (UnansweredError, _SettledError, ValueError):
            return None

    def _missing(self, got: Got) -> Answer:
        """The answer of a 404: what is no registry has no image, either."""
        codes = _codes(got.body)
        if not codes & _GONE and not got.headers.get(_API, "").startswith("registry/2"):
            raise UnansweredError(f"{got.host} answers 404, but not as a registry does")
        what = "digest" if self._reference.digest else "tag"
        tags = () if self._reference.digest or "NAME_UNKNOWN" in codes else self._near()
        if tags is None or "NAME_UNKNOWN" in codes:
            what, tags = "repository", ()
        return Answer("missing", what, tags=tags, login=self._sent)

    def _near(self) -> tuple[str, ...] | None:
        """Tags that are nearly the wanted one, of the first page; None where there is no such repository."""
        try:
            got = self._get(f"tags/list?n={_TAGS}", accept="application/json")
            data = limits.loads(got.body)
        except (UnansweredError, _SettledError, ValueError):
            return ()
        if got.status == 404:
            return None if "NAME_UNKNOWN" in _codes(got.body) else ()
        names = data.get("tags") if got.status == 200 and isinstance(data, dict) else None
        known = [tag for tag in names if isinstance(tag, str)][:_TAGS] if isinstance(names, list) else []
        found = difflib.get_close_matches(self._reference.tag, known, _NEAR, cutoff=0.6)
        return tuple(sanitize.line(tag, 128) for tag in found)

    # Requests

    def _get(self, path: str, *, method: str = "GET", accept: str = _ACCEPT) -> Got:
        """One request, again with an authorization when one is asked for. Raises UnansweredError, _SettledError."""
        url = f"{self._base}{self._reference.repository}/{path}"
        got = self._send(method, url, accept)
        where = origin(got.url)
        if got.status == 401 and where not in self._authorizations:
            self._authorizations[where] = self._authorized(got)
            got = self._send(method, url if where == origin(url) else got.url, accept)
        if got.status in (401, 403):
            raise self._denied(got)
        return got

    def _send(self, method: str, url: str, accept: str) -> Got:
        authorization = self._authorizations.get(origin(url), "")
        got = self._transport.send(method, url, self._until, accept=accept, authorization=authorization)
        _refuse_limited(got, login=self._sent)
        return got

    def _denied(self, got: Got) -> _SettledError | UnansweredError:
        """What a 401 or 403 means: a firewall and the place of a redirect say it too, and neither has judged the login."""
        if origin(got.url) != origin(self._base):
            return UnansweredError(f"{got.host}, to which {self._reference.host} redirects, wants a login of its own")
        if not (_codes(got.body) or got.headers.get(_API) or got.headers.get("WWW-Authenticate")):
            return UnansweredError(f"{got.host} answers {got.status}, but not as a registry does")
        return _SettledError(Answer("refused" if self._sent else "private", login=self._sent))

    def _authorized(self, got: Got) -> str:
        """The value of the header Authorization by the challenge of a 401."""
        challenges = got.headers.getlist("WWW-Authenticate")
        named = [challenge[:8192] for challenge in challenges]
        login = self._login if origin(got.url) == origin(self._base) else None
        bearer = next((text for text in named if text.lower().startswith("bearer ")), "")
        if bearer:
            challenge = {key.lower(): value for key, value in _PARAMETER.findall(bearer)}
            return f"Bearer {self._token(challenge, got, login)}"
        if not any(text.lower().startswith("basic") for text in named):
            raise UnansweredError(f"{got.host} wants a login of a kind that is not known here")
        if login is None:
            raise self._denied(got)
        self._sent = True
        return _basic(login)

    def _token(self, challenge: Mapping[str, str], asker: Got, login: Login | None) -> str:
        """A token of the service that the challenge names."""
        realm, registry = challenge.get("realm", ""), asker.host
        service = sanitize.line(urlsplit(realm).netloc, 100)
        if not may_ask(realm, plain=is_here(registry)):
            raise UnansweredError(f"{registry} names a token service that is not asked: {service or 'none'}")
        if login and not same_site(realm, asker.url):
            raise UnansweredError(f"{registry} names the token service {service}, where its login is not sent")
        scope = challenge.get("scope") or f"repository:{self._reference.repository}:pull"
        query = {"scope": scope, **({"service": challenge["service"]} if challenge.get("service") else {})}
        url = f"{realm}{'&' if urlsplit(realm).query else '?'}{urlencode(query)}"
        authorization = _basic(login) if login else ""
        self._sent = self._sent or bool(login)
        got = self._transport.send("GET", url, self._until, accept="application/json", authorization=authorization)
        _refuse_limited(got, login=self._sent)
        if got.status in (401, 403):
            raise self._denied(asker)
        if got.status != 200:
            raise UnansweredError(f"the token service {service} answers {got.status}")
        return _token_of(got.body, service)


def _token_of(body: bytes, service: str) -> str:
    try:
        data: Any = limits.loads(body)
    except ValueError:
        data = None
    found = [data.get(key) for key in ("token", "access_token")] if isinstance(data, dict) else []
    token = next((text for text in found if isinstance(text, str) and _TOKEN.fullmatch(text)), "")
    if not token:
        raise UnansweredError(f"the token service {service} sends no token")
    return token


def _basic(login: Login) -> str:
    return f"Basic {base64.b64encode(login.pair.reveal().encode()).decode()}"


def same_site(url: str, base: str) -> bool:
    """Whether two hosts are one, or one is right below the other, or both are right below a domain of two labels or more."""
    one, other = origin(url)[1], origin(base)[1]
    if one == other or (is_here(one) and is_here(other)):
        return True
    if _ADDRESS.search(one) or _ADDRESS.search(other):
        return False
    above, parent = one.partition(".")[2], other.partition(".")[2]
    return one == parent or other == above or (parent == above and "." in parent)


def _refuse_limited(got: Got, *, login: bool) -> None:
    """Raise _SettledError when the registry says that there were too many requests."""
    if got.status == 429:
        after = _NUMBER.fullmatch(got.headers.get("Retry-After", "").strip())
        told = [f"again in {after[0]} s"] if after else []
        if limit := got.headers.get("RateLimit-Limit", ""):
            told.append(f"limit {sanitize.line(limit, 40)}")
        told = [f"({', '.join(told)})"] if told else []
        left = _left(got)
        text = " ".join((f"{got.host} got too many requests", *told))
        raise _SettledError(Answer("limited", text, left=0 if left is None else left, login=login))


def _left(got: Got) -> int | None:
    """How many pulls are left, as Docker Hub tells ("76;w=21600")."""
    found = _NUMBER.match(got.headers.get("RateLimit-Remaining", "").strip())
    return int(found[0]) if found else None


def _digest_of(got: Got) -> str:
    told = got.headers.get("Docker-Content-Digest", "")
    return told if manifest.is_digest(told) else ""


def _codes(body: bytes) -> frozenset[str]:
    """The codes of a registry's errors."""
    try:
        data = limits.loads(body)
    except ValueError:
        return frozenset()
    found = limits.maps_of(data, "errors") if isinstance(data, dict) else ()
    return frozenset(limits.text_of(error, "code") for error in found)
