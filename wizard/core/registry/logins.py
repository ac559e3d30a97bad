"""The logins in a pull Secret, as a kubelet reads them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from wizard.core.registry.answer import Login
from wizard.core.registry.reference import serves
from wizard.core.text.secrets import Secret

KEYS: Final = (".dockerconfigjson", ".dockercfg")
"""Keys of a pull Secret, of its two types; the second is the older one."""


def read(text: str, key: str) -> tuple[tuple[str, ...], tuple[Login, ...]]:
    """The registries that are named under one of KEYS, and the logins that can be used.

    Raises:
        ValueError: it is no list of logins.
    """
    try:
        data = json.loads(text)
        entries = data["auths"] if key == KEYS[0] else data
        named = dict(entries.items())
    except (KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("no list of logins") from None
    pairs = {str(registry): _pair(entry) for registry, entry in named.items()}
    return tuple(pairs), tuple(Login(registry, Secret(pair)) for registry, pair in pairs.items() if pair)


def _pair(entry: Any) -> str:
    """User and password with a colon between them; "" where there are none."""
    if not isinstance(entry, Mapping):
        return ""
    auth = entry.get("auth")
    if isinstance(auth, str) and auth:
        try:
            pair = base64.b64decode(auth, validate=True).decode().rstrip("\0")
        except ValueError:
            return ""
        return pair if ":" in pair else ""
    user, password = entry.get("username"), entry.get("password")
    return f"{user}:{password}" if isinstance(user, str) and isinstance(password, str) and user else ""


def matching(logins: Iterable[Login], image: str) -> tuple[Login, ...]:
    """Those for an image, the more exact ones first, each pair once."""
    found = sorted(
        (login for login in logins if serves(login.registry, image)), key=lambda one: one.registry, reverse=True
    )
    return tuple({login.pair.reveal(): login for login in reversed(found)}.values())[::-1]
