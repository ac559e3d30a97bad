"""The rules that find secrets in text, by name or by shape; every text that is shown passes through `hide`.

By name, where a value is assigned: `DB_PASSWORD=x`, `"token": "x"`, `{name: DB_PASSWORD, value: x}`, `--password x`.
By shape, anywhere: user info of URLs, credentials of headers, tokens of known issuers, private keys. Prose about
secrets is kept: "token: expired", "authorization: server message: insufficient_scope".
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

MASK: Final = "********"


class _Pattern:
    """A pattern that is compiled on first use: most texts hold no secret, and the start takes 6 ms less."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._pattern, self._flags = pattern, flags

    def __getattr__(self, name: str) -> Any:
        compiled = re.compile(self._pattern, self._flags)
        for method in ("sub", "match", "fullmatch", "search", "finditer", "findall"):
            setattr(self, method, getattr(compiled, method))
        return self.__dict__[name]


# Names

_WORD: Final = _Pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_TELLING: Final = frozenset(
    [
        "password",
        "passwd",
        "passphrase",
        "passcode",
        "pass",
        "pwd",
        "secret",
        "token",
        "credential",
        "credentials",
        "creds",
        "dsn",
        "salt",
        "jwt",
        "signature",
        "auth",
        "authorization",
        "cookie",
        "apikey",
    ]
)
_ENDINGS: Final = ("password", "passwd", "passphrase", "secret", "token", "credential", "apikey", "secretkey", "privatekey", "accesskey")  # fmt: skip
_KEYS: Final = frozenset(
    [
        "api",
        "private",
        "access",
        "secret",
        "encryption",
        "signing",
        "master",
        "session",
        "shared",
        "account",
        "client",
        "service",
        "auth",
    ]
)
"""Words before "key" in names without a separator: apiKey. With a separator, any word except those below counts."""
_OPEN_KEYS: Final = frozenset(["public", "primary", "foreign", "partition", "sort", "cache", "topology", "routing", "idempotency", "group", "map", "object", "password", "username", "user"])  # fmt: skip
_ADDRESSES: Final = frozenset(
    ["database", "redis", "db", "amqp", "mongo", "mongodb", "postgres", "postgresql", "mysql", "broker", "webhook"]
)
_BEHIND: Final = frozenset(
    ["data", "value", "base64", "b64", "plain", "plaintext", "text", "string", "old", "new", "previous"]
)
"""Words that may follow in a secret name."""
_HARMLESS: Final = frozenset(["existing", "create", "use", "mount", "automount", "enable", "enabled", "require", "required", "allow", "has", "is", "checksum"])  # fmt: skip
"""First words of names that switch or reference something."""
_BARE: Final = frozenset(["auth", "salt", "signature", "cookie", "jwt", "dsn", "pass"])
"""Names that are everyday words: a value assigned to them in a text must look like a secret."""


@lru_cache(4096)
def telling(name: str) -> bool:
    """Whether a name (of a variable, a key, a flag, a header) means that its value is a secret."""
    words = [word.lower() for word in _WORD.findall(name[-200:])]
    while len(words) > 1 and (words[-1] in _BEHIND or words[-1].isdigit()):
        words.pop()
    if not words or words[0] in _HARMLESS or "pull" in words:
        return False
    *before, last = words
    singular = last.removesuffix("s") if len(last) > 4 and not last.endswith("ss") else last
    if last in _TELLING or singular in _TELLING or singular.endswith(_ENDINGS):
        return True
    if singular == "key" and before:
        return before[-1] in _KEYS or (
            "key" not in name[:-4].lower() and _KEY.search(name) is not None and before[-1] not in _OPEN_KEYS
        )
    return bool(before) and (
        (last in ("url", "uri") and before[-1] in _ADDRESSES) or (before[-1], last) == ("connection", "string")
    )


_KEY: Final = _Pattern(r"[-_]keys?(?:$|[-_.\d])", re.IGNORECASE)


def harmless(name: str, value: object) -> bool:
    """Whether the value of a secret name is not secret: a number of language model tokens, a URL without a password."""
    if "token" in name.lower() and (
        isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value) is not None)
    ):
        return True
    if not isinstance(value, str):
        return False
    address = name.lower().endswith(("url", "uri")) and "webhook" not in name.lower()
    return _PLACEHOLDER.fullmatch(value) is not None or (address and "://" in value and "@" not in value)


_NUMBER: Final = _Pattern(r"\d+(?:\.\d+)?[kKmM%]?")

# Texts


def suspect(text: str) -> bool:
    """Whether `hide` needs to search a text; most texts hold no hint of a secret."""
    low = text.lower()
    for hint in _HINTS:  # noqa: SIM110 - each painted text and each line of a log comes by: any() takes twice the time
        if hint in low:
            return True
    return False


def hide(text: str) -> str:
    """Mask secrets, found by name or shape, in untrusted text; line breaks are kept."""
    if not suspect(text):
        return text
    low = text.lower()
    if "-----begin" in low:
        text = _PEM.sub(_same_lines, text)
    if "value" in low:
        text = _pairs(text)
    return "\n".join(map(_line, text.split("\n")))


def _line(text: str) -> str:
    if not suspect(text):
        return text
    low = text.lower()
    text = hide_addresses(text)
    if "invalid port" in low:
        text = _PORT.sub(rf"\1{MASK}\2", text)
    if any(hint in low for hint in _ISSUERS):
        text = _TOKENS.sub(MASK, text)
    if "ls0tls1crudjti" in low:
        text = _PEM_BASE64.sub(_private, text)
    if "45" in low or "0x2d" in low:
        text = _BYTES.sub(_spelled_out, text)
    if any(scheme in low for scheme in _SCHEMES):
        text = _HEADER.sub(_credential, text)
    if "'" in low:
        text = _SQL.sub(rf"\1{MASK}", text)
    if "proxy" in low and "@" in low:
        text = _PROXY.sub(rf"\1{MASK}@", text)
    if " -" in low or low.startswith("-"):
        text = _FLAG.sub(_flagged, text)
    return _assigned(text) if ":" in low or "=" in low else text


_ISSUERS: Final = (
    "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "glrt-", "gldt-", "glptt-", "xox", "akia", "asia", "eyj", "sk-",
    "sk_", "rk_", "hvs.", "hvb.", "hvr.", "npm_", "aiza", "sg.", "sha256~", "pypi-", "dop_v1_",
)  # fmt: skip
_SCHEMES: Final = ("bearer", "basic", "token", "password", "apikey", "negotiate", "digest")
_HINTS: Final = (
    "pass", "secret", "token", "key", "auth", "cred", "://", "%3a%2f%2f", "pwd", "dsn", "salt", "jwt", "signature", "cookie",
    "bearer", "basic ", "identified", "proxy", "ls0tls1", "45 45", "45, 45", "0x2d", "connection", *_ISSUERS,
)  # fmt: skip


def hide_addresses(text: str) -> str:
    """Mask passwords in URLs, and user names that are tokens."""
    if "://" in text:
        text = _ADDRESS.sub(_user_info, text)
    return _ENCODED.sub(rf"\1{MASK}\2", text) if "%40" in text else text


_ADDRESS: Final = _Pattern(r"(?<![a-zA-Z0-9+.-])([a-zA-Z][a-zA-Z0-9+.-]{1,40}+://)([^\s\"'<>`\u23ce]++)")
_ENCODED: Final = _Pattern(r"(%3[Aa]%2[Ff]%2[Ff][^%\s]{0,100}+%3[Aa])[^\s\"'&]{1,500}?(%40)")
_AS_PORT: Final = _Pattern(r"\d{1,5}(?![^/?#),;.\]\\])")
_PLACEHOLDER: Final = _Pattern(
    r"\*{3,}.*|\$\([A-Za-z0-9_]+\)|\$\{[^}]*\}|\$[A-Z_][A-Z0-9_]*|<.*|\{\{.*|\[?\(?redacted\)?\]?|\(none\)?|x{3,}|%[a-z+]{1,2}",
    re.IGNORECASE,
)
"""Placeholders of a secret: a variable that was not substituted, a mask, a hint."""
_IMAGES: Final = ("oci://", "docker://", "docker-pullable://", "containerd://", "cri-o://", "image://")
_WEB: Final = ("http://", "https://")


def _user_info(match: re.Match[str]) -> str:
    scheme, rest = match[1], match[2]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    user, colon, password = authority.partition(":")
    if "@" in authority:
        info, _, host = authority.rpartition("@")
        user, colon, password = info.partition(":")
        host += rest[len(authority) :]
    elif colon and "@" in rest and not _AS_PORT.match(password + rest[len(authority) :]):
        info, _, host = rest.rpartition("@")  # a password with a slash: not a valid URL, but printed anyway
        user, colon, password = info.partition(":")
    elif colon and password and not user.startswith("[") and not _AS_PORT.match(rest[len(user) + 1 :]):
        if scheme.lower() in _IMAGES or _PLACEHOLDER.match(password) or password.startswith(("$", "*")):
            return match[0]
        return f"{scheme}{user}:{MASK}"  # the end of the password is not marked
    else:
        return match[0]
    if host.startswith(("sha256:", "sha512:")):
        return match[0]
    if colon:
        shown = password if not password or _PLACEHOLDER.fullmatch(password) else MASK
        named = MASK if looks_secret(user) else user
        return f"{scheme}{named}:{shown}@{host}"
    web = scheme.lower() in _WEB and not _PLACEHOLDER.fullmatch(user)
    return f"{scheme}{MASK}@{host}" if user and (web or looks_secret(user)) else match[0]


_PORT: Final = _Pattern(r"""(invalid port \\*":)[^"\\]+(\\*" after host)""")
_PROXY: Final = _Pattern(
    r"(proxy\\*[\"']?\s{0,2}[=:]\s{0,2}\\*[\"']?[^\s:@/\"']{1,100}+:)(?!//|\*{8}@)[^\s\"']{1,500}@", re.IGNORECASE
)
"""A proxy address without a scheme."""
_TOKENS: Final = _Pattern(
    r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,}|gl(?:pat|rt|dt|ptt)-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{12,}|eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?|sk-[\w-]{16,}|[sr]k_(?:live|test)_\w{10,}|hv[sbr]\.[\w-]{16,}"
    r"|npm_[A-Za-z0-9]{20,}|AIza[\w-]{30,}|SG\.[\w-]{16,}\.[\w-]{16,}|sha256~[\w-]{20,}|pypi-[\w-]{30,}|dop_v1_[a-f0-9]{30,})"
)
"""Tokens with known prefixes: GitHub, GitLab, Slack, AWS, JWT, OpenAI, Stripe, Vault, npm, Google and others."""
_PEM: Final = _Pattern(
    r"(-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----)(?!\*{8})"
    r"(?:(?:(?!-----BEGIN).)*?(-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----)|(?:(?:\s|\\[rn]|\u23ce)*[A-Za-z0-9+/=]{16,})*"
    r"(?:(?:\s|\\[rn]|\u23ce)*[A-Za-z0-9+/=]+(?=\s*(?:-----|$)))?())",
    re.DOTALL,
)
_PEM_BASE64: Final = _Pattern(r"LS0tLS1CRUdJTi[A-Za-z0-9+/_-]{10,}={0,2}")
_BYTES: Final = _Pattern(r"(?<![\d.])\d{1,3}(?:(?:, ?| )\d{1,3}){15,}+|0x[0-9a-f]{1,2}(?:, ?0x[0-9a-f]{1,2}){15,}+")


def _same_lines(match: re.Match[str]) -> str:
    """The mask of a key, with as many lines as the key."""
    return f"{match[1]}{MASK}" + "\n" * match[0].count("\n") + (match[2] or "")


def _private(match: re.Match[str]) -> str:
    import base64  # imported here because keys are rare

    head = match[0][:64]
    try:
        decoded = base64.b64decode(head[: len(head) // 4 * 4].replace("-", "+").replace("_", "/"))
    except ValueError:
        return MASK
    return match[0] if b"CERTIFICATE" in decoded or b"PUBLIC" in decoded else MASK


def _spelled_out(match: re.Match[str]) -> str:
    """Text printed as byte numbers, as Go prints a key of a kubeconfig."""
    numbers = [int(text, 0) for text in re.split(r"[, ]+", match[0]) if text]
    return MASK if all(number in (9, 10, 13) or 32 <= number < 127 for number in numbers) else match[0]


_HEADER: Final = _Pattern(
    r"(?P<name>(?<![\w-])(?:proxy-)?authorization\\*[\"']?\s{0,2}[:=]\s{0,2}\[?\\*[\"']?)?(?<![\w-])(?P<scheme>bearer|basic|token|password|apikey|negotiate|digest)"
    r"(?P<gap>\s{1,3}\\*[\"']?)(?P<value>[^\s\"',;\\\]\u23ce]{4,}+)(?P<more>=?)",
    re.IGNORECASE,
)


def _credential(match: re.Match[str]) -> str:
    value = match["value"]
    if _PARAMETER.match(value) or _PLACEHOLDER.fullmatch(value):
        return match[0]
    prose = not match["name"] and match["scheme"].lower() in ("token", "password")
    if not match["name"] and (not looks_secret(value) or (prose and (len(value) < 8 or _OBJECT.fullmatch(value)))):
        return match[0]
    return f"{match['name'] or ''}{match['scheme']}{match['gap']}{MASK}"


_PARAMETER: Final = _Pattern(
    r"[a-z_]+=(?!=*$)|realm|error|authentication|authorization|token|auth\b|scheme|header", re.IGNORECASE
)
"""What follows a scheme in a challenge (WWW-Authenticate) or in a sentence about it."""
_SQL: Final = _Pattern(
    r"((?:\bpassword|\bidentified (?:with \w{1,40} )?by)\s{1,3}')(?!\*{8})[^'\n]+(?=')|(?!)", re.IGNORECASE
)
_FLAG: Final = _Pattern(r"(?<!\S)(--?)([A-Za-z][\w-]{1,60}+)(\s\\*[\"']?)([^\s\"'=][^\s\"']*)")


def _flagged(match: re.Match[str]) -> str:
    value = match[4]
    if not telling(match[2]) or value.startswith("-") or not looks_secret(value):
        return match[0]
    return f"{match[1]}{match[2]}{match[3]}{MASK}"


# {name: NAME, value: VALUE} as YAML, JSON and Go print it

_PAIR: Final = _Pattern(
    r"(?<!\w)(?:name|key)\\*[\"']?\s{0,2}:\s{0,2}\\*[\"']?(?P<name>[\w.-]{1,200}+)\\*[\"']?(?:\s|,|\u23ce|\\n){1,40}+\\*[\"']?value\\*[\"']?"
    r"\s{0,2}:[^\S\n]{0,2}(?=\S)",
    re.IGNORECASE,
)
_BEFORE: Final = _Pattern(
    r"(?P<start>(?<!\w)value\\*[\"']?\s{0,2}:\s{0,2})(?P<value>(?P<quote>\\*[\"'])?(?(quote)[^\"'\n\\]{0,500}+(?P=quote)|[^\s,\"'}\]]{1,500}+))"
    r"(?P<end>(?:\s|,|\u23ce){1,40}+\\*[\"']?(?:name|key)\\*[\"']?\s{0,2}:\s{0,2}\\*[\"']?(?P<name>[\w.-]{1,200}+))",
    re.IGNORECASE,
)
_PAIR_VALUE: Final = _Pattern(
    r"(?P<quote>\\*[\"'])(?P<quoted>.*?)(?P=quote)|(?P<bare>[^\n\u23ce]{0,2000}?)(?=\s{1,20}[A-Za-z]\w*:|[,}\]]|[^\S\n]{0,20}(?:$|\u23ce|\\n)|$)",
    re.MULTILINE,
)


def _pairs(text: str) -> str:
    text = _BEFORE.sub(
        lambda match: f"{match['start']}{_quoted(match['quote'])}{match['end']}"
        if _masks(match["name"], match["value"])
        else match[0],
        text,
    )
    done, parts = 0, []
    for match in _PAIR.finditer(text):
        if match.end() < done or not telling(match["name"]):
            continue
        value = _PAIR_VALUE.match(text, match.end())
        if value is None or not _masks(match["name"], value["quoted"] or value["bare"] or ""):
            continue
        parts += [text[done : match.end()], _quoted(value["quote"])]
        done = value.end()
    return "".join((*parts, text[done:])) if parts else text


def _masks(name: str, value: str) -> bool:
    plain = value.strip("\"'\\")
    return telling(name) and bool(plain) and not _PLACEHOLDER.fullmatch(plain) and not harmless(name, plain)


def _quoted(quote: str | None) -> str:
    return f"{quote or ''}{MASK}{quote or ''}"


# NAME=VALUE, NAME: VALUE, "NAME": VALUE

_NAMED: Final = _Pattern(
    r"(?<![\w.\-])-{0,2}(?P<name>[A-Za-z_][\w.\-]{0,200}+)(?P<close>\\*[\"']?\]?)(?P<sep>[^\S\n]{0,3}(?:=>|:=|=|:)[^\S\n]{0,3})(?=\S)"
)
_VALUE: Final = _Pattern(
    r"(?P<quote>\\*[\"'`])(?P<quoted>(?:(?!(?P=quote)|\n).)*+)(?P=quote)|(?P<bare>[^\s\"',;&`\u23ce\])}]++(?:(?<=[^\s:])[\])}](?=[^\s,;\])}]))?)"
)
_FILES: Final = _Pattern(r"--(?:from-file|from-env-file|secret-file|existing-secret|set-file|answer)[ =]\S{0,200}$")
"""The value of these flags is a file or the name of a Secret."""
_LITERAL: Final = _Pattern(r"nil|null|none|true|false|undefined|yes|no|on|off|unset|empty|\d{3}", re.IGNORECASE)
_PATH: Final = _Pattern(r"(?:\.{1,2}|~)?/(?:[\w.-]+/)*[\w.-]*\.?[\w-]*")
_OBJECT: Final = _Pattern(r"[a-z0-9]+(?:[-./][a-z0-9]+)+")
"""The name of an object, with or without its namespace."""
_REST: Final = _Pattern(r"[^\S\n]*(?:$|[\n,;)}\]\u23ce&|]|\\)")


def _assigned(text: str) -> str:
    done, parts = 0, []
    at = 0
    while match := _NAMED.search(text, at):
        at = match.end()
        if not telling(match["name"]):
            continue
        value = _VALUE.match(text, at)
        if value is None or not _is_value(text, match, value):
            continue
        parts += [text[done:at], _quoted(value["quote"])]
        done = at = value.end()
    return "".join((*parts, text[done:])) if parts else text


def _is_value(text: str, match: re.Match[str], value: re.Match[str]) -> bool:
    name, content = match["name"], value["quoted"] if value["quote"] else value["bare"]
    if (
        not content
        or _PLACEHOLDER.fullmatch(content)
        or _LITERAL.fullmatch(content)
        or content.startswith(("{", "[", "//", MASK))
        or harmless(name, content)
    ):
        return False
    if _PATH.fullmatch(content) and (content.count("/") > 1 or content.startswith((".", "~"))):
        return False
    if _FILES.search(text[max(0, match.start() - 260) : match.start()]):
        return False
    low = name.lower()
    if low.endswith(("secret", "secrets")) and _OBJECT.fullmatch(content):
        return False
    if low in _BARE or low == "authorization" or low.endswith("tokens"):
        return looks_secret(content)
    if "=" in match["sep"] or (match["close"] and text[match.start() - 1 : match.start()] in ("'", '"')):
        return True
    ends = _REST.match(text, value.end()) is not None
    if value["quote"]:
        return ends or looks_secret(content)
    before = text[match.start() - 1 : match.start()]
    if before in ("[", "{") or (not match["sep"].strip(":") and match["sep"] == ":" and "map[" in text):
        return True
    compound = len(_WORD.findall(name)) > 1
    line = 1 + max(text.rfind("\n", 0, match.start()), text.rfind("\u23ce", 0, match.start()))
    starts = not text[line : match.start()].strip(" -{,")
    return (compound and starts and ends) or looks_secret(content)


_WORDY: Final = _Pattern(r"[A-Za-z]?[a-z]+(?:[A-Z][a-z]+)*|[A-Z]+|[A-Za-z]+(?:[-_./:][A-Za-z]+)+")
_MEASURE: Final = _Pattern(
    r"v?\d+(?:\.\d+)*(?:[-+][\w.]+)?|\d+(?:\.\d+)?[A-Za-z]{1,2}|\d+m\d+s|\d{4}-\d\d-\d\d\S*|sha\d+:.*|(?:\d{1,3}\.){3}\d{1,3}(?:[:/]\d+)?|[a-z0-9.-]+:\d{1,5}"
)
"""Versions, amounts, times, digests and addresses: they have digits but are not secret."""


def looks_secret(value: str) -> bool:
    """Whether a word looks like a secret: digits among letters, symbols, mixed case."""
    word = value.rstrip(".,:;!?)")
    if len(word) < 4 or _WORDY.fullmatch(word) or _MEASURE.fullmatch(word) or _PLACEHOLDER.fullmatch(word):
        return False
    if "://" in word or _PATH.fullmatch(word):
        return False
    digits, letters = any(map(str.isdigit, word)), any(map(str.isalpha, word))
    if digits and letters:
        return "=" not in word.rstrip("=")
    mixed = any(a.islower() and b.isupper() for a, b in pairwise(word))
    return bool(re.search(r"[!$^&+~#]", word)) or mixed or (word.endswith("=") and len(word) >= 8)
