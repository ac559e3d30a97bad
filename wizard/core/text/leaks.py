"""Finds known secrets where they must not be. Pure: the values stay in memory, and a finding names the place alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from wizard.core.helm import values
from wizard.core.text.redaction import telling
from wizard.core.text.secrets import Secret, forms_of

_SHORTEST: Final = 8
"""Characters; a shorter value is in many texts by chance."""
_WORD: Final = re.compile(r"[a-z]{1,15}|[A-Za-z]+([-_./:][A-Za-z0-9]+)+", re.ASCII)
"""A word, or the name of an object, host or path: it may stand anywhere without being this secret."""
_PUBLIC: Final = frozenset({"tls.crt", "ca.crt"})
"""Keys of what everybody may read."""


class Known(NamedTuple):
    """A secret that is searched for, and how a finding names it ("jwt-secret of Secret a")."""

    title: str
    secret: Secret


class Leak(NamedTuple):
    """One secret in one place."""

    title: str
    place: str


def known(name: str, secrets: Mapping[str, Secret], *, every_key: bool = False) -> Iterator[Known]:
    """The secrets of a Secret by key that can be searched for; `every_key`: also those whose key does not tell that they are secret."""
    for key, value in secrets.items():
        text = value.reveal()
        secret = key == "tls.key" or (key not in _PUBLIC and (every_key or telling(key)))
        if secret and len(text) >= _SHORTEST and not _WORD.fullmatch(text):
            yield Known(f"{key} of Secret {name}", value)


class Search:
    """Looks for secrets, plain or as base64, URL, JSON, YAML and shells write them."""

    def __init__(self, secrets: Iterable[Known]) -> None:
        titles: dict[str, str] = {}
        for one in secrets:
            titles.setdefault(one.secret.reveal(), one.title)
        self._clean: set[str] = set()
        """Texts that hold none: most of a manifest is the same in the next revision."""
        self._forms = [(title, tuple(forms_of(text))) for text, title in titles.items()]

    def titles(self, text: str) -> tuple[str, ...]:
        """The secrets that a text holds."""
        if text in self._clean:
            return ()
        found = tuple(title for title, forms in self._forms if any(form.is_in(text) for form in forms))
        if not found:
            self._clean.add(text)
        return found

    def text(self, text: str, where: str) -> Iterator[Leak]:
        """The secrets of a file with the line of each, which the first that holds it whole tells."""
        for title in self.titles(text):
            lines = (number for number, line in enumerate(text.split("\n"), 1) if title in self.titles(line))
            number = next(lines, 0)
            yield Leak(title, f"{where}, line {number}" if number else where)

    def tree(self, tree: Any, where: str) -> Iterator[Leak]:
        """The secrets of JSON data, each with the path of every value that holds it."""
        whole = self.titles(json.dumps(tree, ensure_ascii=False, default=str))
        if not whole:
            return
        found = [Leak(title, f"{where} at {path}") for path, text in _leaves(tree) for title in self.titles(text)]
        yield from found
        yield from (Leak(title, where) for title in whole if title not in {leak.title for leak in found})


def _leaves(tree: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str, str]]:
    """(dotted path, text) of each key and scalar."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _leaves(value, (*path, str(key)))
    elif isinstance(tree, Sequence) and not isinstance(tree, str):
        for number, value in enumerate(tree):
            yield from _leaves(value, (*path, number))
    elif tree is not None and not isinstance(tree, bool):
        yield values.dotted(path), str(tree)
