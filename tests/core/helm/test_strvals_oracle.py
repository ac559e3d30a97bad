"""--set flags beside the packages that helm 3 and helm 4 read them with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.helm import test_set_flags as written
from tests.core.helm.strvals_cases import CASES, FILES, Given
from tests.core.helm.test_strvals import applied, same
from tests.core.oracle import Oracle, started
from wizard.cli.draft import files_of
from wizard.core.errors import Problem
from wizard.core.helm import set_flags, strvals

pytestmark = pytest.mark.tools
Helms = tuple[Oracle, Oracle]


@pytest.fixture(scope="module")
def helms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helms]:
    with started(3, tmp_path_factory.mktemp("helm3")) as old, started(4, tmp_path_factory.mktemp("helm4")) as new:
        for oracle in (old, new):
            for name, text in FILES.items():
                (oracle.folder / name).write_bytes(text.encode())
        yield old, new


def of_helm(oracle: Oracle, base: dict[str, Any], flags: Given) -> dict[str, Any]:
    words = [word for pair in flags for word in pair]
    answer: dict[str, Any] = json.loads(oracle.ask("sets", json.dumps(base), *words))
    return answer


def ours(base: dict[str, Any], flags: Given) -> dict[str, Any]:
    try:
        return {"values": applied(flags, base)}
    except Problem as problem:
        return {"error": str(problem)}


def compare(helms: Helms, base: dict[str, Any], flags: Given) -> None:
    mine, (old, new) = ours(base, flags), (of_helm(oracle, base, flags) for oracle in helms)
    said = f"{base} {flags}\nours {mine}\nhelm 3 {old}\nhelm 4 {new}"
    cut_off = "there is no ]" in mine.get("error", "")  # nothing for helm 4
    whole = any(flag == "--set-json" and text.strip().startswith("{") for flag, text in flags)  # not known to helm 3
    for result in [] if cut_off and whole else [old] if cut_off else [new] if whole else [old, new]:
        assert ("error" in mine) == ("error" in result), said
        assert "error" in mine or same(mine, result), said


KEYS: Final = (*"abcabc", "", "é", r"a\.b", r"x\=y", "a b", "\\")
STEPS: Final = (*(".a", ".b", "[0]", "[1]", "[2]", "[0].b") * 5, ".", "[1].", "[+1]", r"\[", "[-1]", "[x]", "[65537]")
PATHS: Final = st.builds(
    lambda first, rest: first + "".join(rest), st.sampled_from(KEYS), st.lists(st.sampled_from(STEPS), max_size=3)
)
SCALARS: Final = (
    "", "x", "one two", "true", "False", "fal\u017fe", "null", "NULL", "0", "-0", "+5", "-05", "007", "12", "1.10", "1e3", "0x1F",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1_000", "\t", "a\nb", "\N{GRINNING FACE}", "\xa0", "C:\\\\dir",
    r"one\,two", r"\{x\}", "a=b", "f", "g", "missing", "\\", "}", '"x"', "~", "yes",
)  # fmt: skip
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc") | st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
OBJECTS: Final = st.dictionaries(st.sampled_from("abc"), JSON, max_size=3).map(json.dumps)


def listed(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return items | st.lists(items, max_size=3).map(lambda texts: "{" + ",".join(texts) + "}")


def pairs(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """KEY=VALUE,KEY=VALUE, seldom something else between them."""
    pair = st.builds(lambda path, value: f"{path}={value}", PATHS, values)
    between = st.sampled_from((*[","] * 20, "", " , ", ",,", " "))
    return st.lists(st.tuples(pair, between), min_size=1, max_size=3).map(
        lambda found: "".join(text for item in found for text in item).removesuffix(found[-1][1])
    )


PLAIN: Final = pairs(listed(st.sampled_from(SCALARS)))
GOOD: Final = (
    st.tuples(st.sampled_from(("--set", "--set-string", "--set-literal")), PLAIN)
    | st.tuples(st.just("--set-file"), pairs(listed(st.sampled_from("fg"))))
    | st.tuples(st.just("--set-json"), pairs(JSON.map(json.dumps)) | pairs(JSON.map(lambda data: json.dumps(data, ensure_ascii=False, indent=1))) | OBJECTS)
)  # fmt: skip
TOKENS: Final = (
    *"abc=.[]{}, \\\"\n\t01-+eE:", "[0]", "[1]", "a=", "b.", "null", "true", "nul", "{}", "[]", "\x85", "\u2003", "\x1c", "NaN", "-Infinity",
    "1.", "1e", "1.5", "1e999", r'"\ud800"', r'"\ud83d\ude00"', r'"\\ud800"', '"\\ud800\\ud83d\\ude00"', '{"a":1}', '{"a":{}}', ',"b":2}', "f", "g",
)  # fmt: skip
ROUGH: Final = st.tuples(
    st.sampled_from(strvals.FLAGS),
    st.lists(st.sampled_from(TOKENS), max_size=9).map("".join) | st.lists(PLAIN | st.sampled_from(TOKENS), max_size=4).map("".join),
)  # fmt: skip
CALLS: Final = st.lists(GOOD, min_size=1, max_size=4) | st.lists(GOOD | ROUGH, min_size=1, max_size=2)
BASES: Final[st.SearchStrategy[dict[str, Any]]] = st.just({}) | st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(("x", "")),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        max_leaves=6,
    ),
    max_size=3,
)  # fmt: skip


@pytest.mark.parametrize(("flags", "base", "expected"), CASES)
def test_the_cases_of_the_fast_tests_are_helms(
    helms: Helms, flags: Given, base: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    answer = of_helm(helms[1], base, flags)
    assert ("error" in answer) if expected is None else same(answer["values"], expected)
    compare(helms, base, flags)


@pytest.mark.parametrize("examples", [200, pytest.param(20_000, marks=pytest.mark.full)])
def test_generated_flags_mean_what_they_mean_to_helm(helms: Helms, examples: int) -> None:
    @settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(BASES, CALLS)
    def check(base: dict[str, Any], flags: Given) -> None:
        compare(helms, base, flags)

    check()


@pytest.mark.parametrize(
    "text", ["a", "a,b", '"a,b"', '"a,b",c', 'a"b', '"a"b', '"a""b"', "a,", ",", "", '"', " a, b", '""', "a,-"]
)
def test_lists_of_files_are_those_of_helm(helms: Helms, text: str) -> None:
    for oracle in helms:
        answer = oracle.ask("files", f"--values={text}")
        if answer == "error":
            with pytest.raises(Problem, match="not a list of files"):
                files_of(text)
        else:
            assert list(files_of(text)) == json.loads(answer)


@pytest.mark.parametrize("examples", [200, pytest.param(5_000, marks=pytest.mark.full)])
def test_written_flags_give_their_value_to_helm(helms: Helms, examples: int) -> None:
    @settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(written.PATHS, written.VALUES)
    def check(path: tuple[str, ...], value: Any) -> None:
        flag = set_flags.write(path, value)
        expected: Any = value
        for key in reversed(path):
            expected = {key: expected}
        for oracle in helms:
            answer = of_helm(oracle, {}, [(flag.flag, flag.text)])
            assert same(answer.get("values"), expected), f"{flag}\n{answer}\n{expected}"

    check()
