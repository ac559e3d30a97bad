"""Scalars of YAML as both helms read them: Go's yaml.v2 resolves them, then they go through JSON.

After that every number is a 64-bit float for helm. Here it is an int where it is whole and that is exact, so that
it is shown and written as helm shows it: 1e3 and 0x3E8 are 1000, 1.0 is 1.
"""

from __future__ import annotations

import math
import re
import struct
from datetime import datetime
from typing import Final

from wizard.core.text.encoding import of_base64

Scalar = None | bool | int | float | str

PREFIX: Final = "tag:yaml.org,2002:"
STR: Final = PREFIX + "str"
MERGE: Final = "<<"
MERGES: Final = PREFIX + "merge"
"""The tag that a merge key may have."""

_WORDS: Final[dict[str, Scalar]] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **{case: True for word in ("y", "yes", "true", "on") for case in (word, word.title(), word.upper())},
    **{case: False for word in ("n", "no", "false", "off") for case in (word, word.title(), word.upper())},
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **{f"{sign}.{case}": float(f"{sign}inf") for sign in ("", "+", "-") for case in ("inf", "Inf", "INF")},
}
_FIRST: Final = frozenset("+-.0123456789yYnNtTfFoO~")
"""What a scalar that is no text begins with."""
_INTEGER: Final = r"[-+]?(0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|(?P<octal>0[0-7]+)|0|[1-9][0-9]{0,19})"
_FLOAT: Final = r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
_POINT: Final = r"\.[0-9]+(_[0-9]+)*([eE][-+]?[0-9]+(_[0-9]+)*)?"
_TIME: Final = (
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?:[Tt]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(?:Z|[-+]([0-9]{2}):([0-9]{2})))"
    r"|(?: +([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?))?"
)
_EXACT: Final = 1 << 53


def resolve(tag: str | None, text: str) -> Scalar:
    """What a scalar is: of a plain one without a tag (tag None), or of any with a tag.

    Infinite numbers and those that are none are returned as such; JSON has none, so that `value` refuses them.

    Raises:
        ValueError: the text is not what its tag says.
    """
    if tag is None:
        return _plain(text)
    match tag.removeprefix(PREFIX) if tag.startswith(PREFIX) else "":
        case "bool" | "int" | "float" | "null" as kind:
            return _tagged(kind, text)
        case "timestamp":
            if _is_time(text):
                return text
            raise ValueError("a text that is no time has the tag of one")
        case "binary":
            return _binary(text)
    return text


def value(scalar: Scalar) -> Scalar:
    """A scalar behind JSON; raises ValueError for a number that JSON does not have."""
    if type(scalar) is int:
        return scalar if -_EXACT < scalar < _EXACT else float(scalar)
    if type(scalar) is float:
        if not math.isfinite(scalar):
            raise ValueError("found a number that is infinite or none")
        if scalar.is_integer() and abs(scalar) < _EXACT and (scalar or math.copysign(1, scalar) > 0):
            return int(scalar)
    return scalar


def key(scalar: Scalar) -> str:
    """A scalar as the key of a JSON object; raises ValueError for null and for numbers that Go takes as unsigned."""
    match scalar:
        case str():
            return scalar
        case bool():
            return "true" if scalar else "false"
        case int() if scalar < 1 << 63:
            return str(scalar)
        case float():
            return _single(scalar)
    raise ValueError("found a key that is null or too large a number")


def is_text(text: str) -> bool:
    """Whether a plain scalar of this text is read as the text itself."""
    return text != MERGE and isinstance(_plain(text), str)


def _plain(text: str) -> Scalar:
    if text and text[0] not in _FIRST:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0].isalpha() or text[0] == "~":
        return text
    if text[0] == ".":  # here Go takes an underscore between digits alone
        number: int | float | None = _finite(text) if re.fullmatch(_POINT, text) else None
    else:
        number = _number(text.replace("_", ""))
    return text if number is None else number


def _tagged(kind: str, text: str) -> Scalar:
    found = _plain(text)
    if isinstance(found, str) or _kind(found) != kind:
        if kind == "float" and type(found) is int and found < 1 << 63:
            return float(found)
        raise ValueError("a text is not what its tag says")
    return found


def _kind(scalar: Scalar) -> str:
    return "null" if scalar is None else type(scalar).__name__


def _number(digits: str) -> int | float | None:
    """A number as Go reads it: whole ones of 64 bits in the base that their prefix says; None when it is none."""
    if digits.startswith(("0b-", "0b+")):  # yaml.v2 looks for a sign once more behind this prefix
        digits = f"{digits[2]}0b{digits[3:]}"
    if match := re.fullmatch(_INTEGER, digits):
        base = 8 if match["octal"] else 0  # Python knows the other prefixes
        number = int(digits, base)
        if -(1 << 63) <= number < (1 << 63 if digits[0] in "+-" else 1 << 64):
            return number
    return _finite(digits) if re.fullmatch(_FLOAT, digits) else None


def _finite(digits: str) -> float | None:
    found = float(digits)
    return found if math.isfinite(found) else None


def _binary(text: str) -> str:
    """The text behind base64; JSON has a mark of the unknown for each byte that is not UTF-8."""
    try:
        data = of_base64(text)
    except ValueError:
        raise ValueError("a text that is not base64 has the tag of it") from None
    return re.sub("[\udc80-\udcff]", "\ufffd", data.decode("utf-8", "surrogateescape"))


def _is_time(text: str) -> bool:
    match = re.fullmatch(_TIME, text)
    if match is None:
        return False
    year, month, day, hour, minute, second, zone, zone_minutes, *other = (int(part or 0) for part in match.groups())
    try:
        time = other if match[9] else (hour, minute, second)
        datetime(year or 2000, month, day, *time)  # noqa: DTZ001 - only whether there is such a time is asked
    except ValueError:
        return False
    return zone <= 24 and zone_minutes <= 60


def _single(number: float) -> str:
    """A float as Go prints one of 32 bits with the fewest digits: keys of maps go that way."""
    if math.isnan(number):
        return ".nan"
    try:
        single = struct.unpack("f", struct.pack("f", number))[0]
    except OverflowError:
        single = math.copysign(math.inf, number)
    if math.isinf(single):
        return ".inf" if single > 0 else "-.inf"
    shortest = next(text for text in (f"{single:.{digits}e}" for digits in range(17)) if _as_single(text) == single)
    mantissa, _, exponent = shortest.partition("e")
    power = int(exponent)
    if -4 <= power < 6:
        digits = len(mantissa.lstrip("-").replace(".", ""))
        return f"{single:.{max(digits - 1 - power, 0)}f}"
    return f"{mantissa}e{power:+03}"


def _as_single(text: str) -> float:
    found: float = struct.unpack("f", struct.pack("f", float(text)))[0]
    return found
