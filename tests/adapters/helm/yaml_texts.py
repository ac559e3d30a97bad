"""YAML as people write it, with the spellings at the edge: for the reader and the writer beside helm's own."""

from __future__ import annotations

import json
from typing import Any, Final

from hypothesis import HealthCheck
from hypothesis import strategies as st

MANY: Final[dict[str, Any]] = {
    "derandomize": True, "deadline": None, "database": None, "suppress_health_check": list(HealthCheck),
}  # fmt: skip
"""Settings of a test that draws the same examples in every run."""

WORDS: Final = (
    "", "~", "null", "Null", "NULL", "nULL", "y", "Y", "yes", "Yes", "YES", "yEs", "n", "no", "on", "On", "off", "OFF", "true",
    "True", "tRue", "false", "<<", "=", ".inf", "-.Inf", "+.INF", ".nan", ".NaN", "nan", "inf", "Infinity", "0", "-0", "+0", "00",
    "0644", "08", "0o644", "0O7", "0o8", "0x1F", "0X1f", "0x", "-0x1F", "0b1", "0B101", "0b2", "0b", "0b-1", "0b+1", "-0b1",
    "-0b-1", "+0b1", "1_000", "1__0_", "_1", "-_1", "0_x1F", "0b1_0", "1e3", "1E+5", "12e03", "1e400", "-1e400", "1e-400", "5e-324",
    ".5", ".5_0", "._5", ".5__0", ".5e1_0", "+.5", "-.5", "0.", "1.", "1.0", "1.10", "-0.0", ".", "..", "1.2.3", "1,000", "22:30",
    "12:30:45", "190:20:30.15", "2001-01-01", "2001-1-1", "2001-13-01", "2001-02-30", "2001-12-14t21:59:43.10-05:00",
    "2001-12-14T21:59:43Z", "2001-12-14 21:59:43.10 -5", "2001-12-14  1:2:3", "0000-02-29", "9007199254740991", "9007199254740993",
    "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616", "-9223372036854775808",
    "-9223372036854775809", "0xFFFFFFFFFFFFFFFF", "0xFFFFFFFFFFFFFFFFF", "0777777777777777777777777", "9" * 400, "9" * 5000,
    "0x1.8p1", "1.7976931348623157e308", "16777217.5", "123456789.0", "1e21", "0.0001", "0.00001", "SGVsbG8=", "SGVsbG8", "/w==", "4oK=",
    "a", "v1.2.3", "a b", "a:b", "a#b", "http://a/b?c=d&e=f", "100m", "512Mi", "-x", "?x", ":x", "a,b", "a?b", "a'b", 'a"b', "a\\b",
    "\u00e9", "\U0001f600", "\u00a0", "\u200b", "a\tb", "x\ufeffy",
)  # fmt: skip
_TAGS: Final = (
    "", "", "", "", "", "", "!!str ", "!!int ", "!!float ", "!!bool ", "!!null ", "!!timestamp ", "!!binary ", "! ", "!own ", "!!other ",
    "!!merge ", "!<tag:yaml.org,2002:int> ", "&a ", "&a ! ", "! &a ", "&a !!str ", "!!map ", "!!python/object/apply:os.system ",
)  # fmt: skip
_DIGITS: Final = st.text("0123456789_.eE+-xXoObBaF:", min_size=1, max_size=8)
_ESCAPES: Final = (
    "\\n", "\\t", "\\\t", "\\\\", '\\"', "\\/", "\\'", "\\0", "\\a", "\\b", "\\e", "\\f", "\\r", "\\v", "\\ ", "\\_", "\\N", "\\L",
    "\\P", "\\x41", "\\xff", "\\u263a", "\\ud800", "\\ufeff", "\\U0001F600", "\\U00110000", "\\q", "\\x4", "\\\n  ",
)  # fmt: skip
_PIECES: Final = st.one_of(
    st.sampled_from((*WORDS[:30], "a", "b ", " c", "\t", "\n  ", "\n\n  ", " # ", ": ", "- ", "'", "''", "{", "]", "\x07", "\x7f", "\x85", "\u2028")),
    st.characters(codec="utf-8"),
)  # fmt: skip


def _block(style: str, lines: list[str]) -> str:
    return style + "\n" + "".join(f"    {line}\n" if line else "\n" for line in lines)


_BLOCKS: Final = st.builds(
    _block,
    st.sampled_from(("|", "|-", "|+", ">", ">-", ">+", "|2", "|4", "| # c")),
    st.lists(
        st.sampled_from(("a", "  b", "\tc", "", "d\t", "e ", "# f", "- g", "\U0001f600", "1e3", "--- x")), max_size=5
    ),
)
_PLAIN: Final = st.one_of(
    st.sampled_from(WORDS), st.sampled_from(WORDS), _DIGITS, st.lists(_PIECES, max_size=4).map("".join)
)
_QUOTED: Final = st.one_of(
    st.sampled_from(WORDS).map(lambda word: f"'{word}'"),
    st.lists(st.one_of(st.sampled_from(_ESCAPES), _PIECES), max_size=4).map(lambda parts: f'"{"".join(parts)}"'),
    st.lists(_PIECES, max_size=4).map(lambda parts: f"'{''.join(parts)}'"),
)
SCALARS: Final = st.builds("".join, st.tuples(st.sampled_from(_TAGS), st.one_of(_PLAIN, _PLAIN, _QUOTED, _BLOCKS)))
"""One scalar, or what looks like one, for a place that is indented by less than four."""


_SOUND: Final = tuple(word for word in WORDS if len(word) < 1000)
_USUAL: Final = st.one_of(
    st.sampled_from(_SOUND),
    st.builds("".join, st.tuples(st.sampled_from(("", "!!str ", "!own ", "! ", "&c ")), st.sampled_from(_SOUND))),
    st.sampled_from(_SOUND).map(lambda word: "'" + word.replace("'", "''") + "'"),
    st.sampled_from(
        ('"a\\tb"', '"\\u263a"', "'it''s'", "*a", "*b", "one\n    two", "'one\n\n    two'", '"one\\\n    two"')
    ),
    _BLOCKS,
)


_KEYS: Final = st.one_of(
    st.sampled_from(("a", "b", "c", "d e", "'q'", '"k"', "? x\n:", "1", "1.5", "1e7", "0x10", "yes", "2001-01-01", "!!str 1", "&k k", "*a")),
    st.sampled_from(_SOUND),
)  # fmt: skip
_FLOW: Final = st.recursive(
    st.one_of(st.sampled_from(("1", "a", "'b'", '"c"', "*a", "*b", "&a x", "&b {p: 1}", "!!str 2", "a b", "", "a:b", "http://x/y", "-1", "-")), st.sampled_from(_SOUND)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda parts: f"[{', '.join(parts)}]"),
        st.lists(st.tuples(_KEYS.filter(lambda key: "\n" not in key), inner), max_size=3).map(lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"),
        st.sampled_from(_SOUND).map(lambda word: f"[{word}: 1]"),
    ),
    max_leaves=6,
)  # fmt: skip
_MERGES: Final = st.sampled_from(
    ("<<: *a", "<<: *b", "<<: [*a, *b]", "<<: {a: 9, z: 1}", "<<: [{a: 1, y: 2}, {a: 3, x: 4}]", "!!merge <<: *a", '"<<": 1', "<<: 1", "<<: []")
)  # fmt: skip


@st.composite
def _nodes(draw: st.DrawFn, indent: int, depth: int) -> str:
    """What stands behind a key or a dash: on its line, or on the next ones, indented."""
    kind = draw(st.integers(0, 9 if depth < 4 else 5))
    if kind < 4:
        scalar = draw(SCALARS if draw(st.integers(0, 19)) == 0 else _USUAL)
        return " " + scalar.replace("\n", "\n" + " " * indent).rstrip(" ") + "\n"
    if kind < 6:
        return f" {draw(_FLOW)}\n"
    anchor = draw(st.sampled_from(("", "", " &a", " &b", " !!map", " # c")))
    deeper = " " * (indent + draw(st.integers(1, 3)))
    if kind < 8:
        return f"{anchor}\n" + draw(_mappings(deeper, depth + 1))
    return f"{anchor}\n" + "".join(
        deeper + "-" + part for part in draw(st.lists(_nodes(len(deeper) + 1, depth + 1), max_size=3))
    )


@st.composite
def _mappings(draw: st.DrawFn, indent: str, depth: int) -> str:
    lines = []
    for key in draw(st.lists(_KEYS, min_size=1, max_size=5, unique=depth % 2 == 0)):
        if draw(st.integers(0, 9)) == 0:
            lines.append(f"{indent}{draw(_MERGES)}\n")
        lines.append(f"{indent}{key}:" + draw(_nodes(len(indent), depth)))
    return "".join(lines)


_ENDS: Final = (*("",) * 20, "---\n", "# c\n", "...\n", "--- # c\nz: 1\n", "--- {z: 1}\n", "\ufeff", "\t", "  # c\n")


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A values file, most often one that helm takes; sometimes with something in it that does not belong there."""
    anchors = "anchors: [&a {a: 1, p: q}, &b {b: 2}]\n" if draw(st.integers(0, 9)) else "x: &a 1\ny: &b [1]\n"
    begin = draw(
        st.sampled_from(
            (
                "",
                "",
                "",
                "# c\n",
                "---\n",
                "# c\n---\n",
                "\ufeff",
                "--- # c\n",
                "\n\n",
                *("",) * 20,
                "%YAML 1.1\n---\n",
                "--- &x\n",
            )
        )
    )
    text = begin + anchors + draw(_mappings("", 0)) + draw(st.sampled_from(_ENDS))
    if draw(st.integers(0, 4)) == 0:
        at = draw(st.integers(0, len(text)))
        text = (
            text[:at]
            + draw(
                st.sampled_from((*" \t\n\r-?:,[]{}#&*!|>'\"%@`\\/~=.\u0085\u2028\ufeff\x07", "\n  ", ": ", "- ", "'"))
            )
            + text[at:]
        )
    if draw(st.integers(0, 9)) == 0:
        text = text.replace("\n", draw(st.sampled_from(("\r\n", "\r"))))
    return text.removesuffix("\n") if draw(st.integers(0, 9)) == 0 else text


_TEXTS: Final = st.one_of(
    st.sampled_from(WORDS),
    st.lists(_PIECES, max_size=4).map("".join),
    st.sampled_from(("- a", "? a", "a: b", "a #b", "#", "@x", "`", "%", "&a", "*a", "|", "---", "--- x", "a\nb", "\n", "\na", "a\n", " a", "a ")),
    st.sampled_from(("a\r\nb", "a  b " * 1000, "a " * 3000, "\x00", "\ufeff", "\uffff", "x" * 2000, "a\n---\nb", "a\n...\nb", "'", '"', "\\/")),
)  # fmt: skip
_NUMBERS: Final = st.one_of(
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from((-0.0, 1e21, 1e-7, 2.0**60, 5e-324)),
)
TREES: Final = st.dictionaries(
    _TEXTS,
    st.recursive(
        st.one_of(st.none(), st.booleans(), _NUMBERS, _TEXTS, _TEXTS),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_TEXTS, inner, max_size=4)),
        max_leaves=12,
    ),
    max_size=4,
)
"""Values that somebody means."""


def loaded(answer: str) -> Any:
    """Values that helm printed as JSON."""
    return json.loads(answer, parse_int=float)


def same(left: Any, right: Any) -> bool:
    """Whether two trees are one for helm: every number is a float, and 1 is not true."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if type(left) in {int, float} and type(right) in {int, float}:
        return repr(float(left)) == repr(float(right))
    return type(left) is type(right) and bool(left == right)
