"""--set flags with what helm's own packages make of them; test_strvals_oracle.py asks them again."""

from __future__ import annotations

from typing import Any, Final

S: Final = "--set"
T: Final = "--set-string"
J: Final = "--set-json"
F: Final = "--set-file"
L: Final = "--set-literal"
Given = list[tuple[str, str]]
BASE: Final[dict[str, Any]] = {"a": {"b": 1}, "l": ["x", {"m": 1}], "n": None, "s": "text"}
FILES: Final = {"f": "one\n\ttwo \N{GRINNING FACE}\\\r\n", "g": ""}
"""What --set-file finds."""


def deep(levels: int) -> dict[str, Any]:
    tree: Any = 1
    for _ in range(levels):
        tree = {"a": tree}
    return dict(tree)


CASES: Final[list[tuple[Given, dict[str, Any], dict[str, Any] | None]]] = [
    ([(S, 'a=1,b=true,c=FALSE,d=null,e=text')], {}, {'a': 1, 'b': True, 'c': False, 'd': None, 'e': 'text'}),
    ([(S, 'a=0,b=-0,c=007,d=+5,e=-05,f=1.10,g=1e3,h=0x1F')], {}, {'a': 0, 'b': 0, 'c': '007', 'd': 5, 'e': -5, 'f': '1.10', 'g': '1e3', 'h': '0x1F'}),
    ([(S, 'a=9223372036854775807,b=9223372036854775808,c=-9223372036854775808')], {}, {'a': 9223372036854775807, 'b': '9223372036854775808', 'c': -9223372036854775808}),
    ([(S, 'a=fal\u017fe,b=1_000,c=\u0663')], {}, {'a': False, 'b': '1_000', 'c': '\u0663'}),
    ([(S, 'a=foo\\=bar')], {}, {'a': 'foo=bar'}),
    ([(S, 'a=C:\\\\dir')], {}, {'a': 'C:\\dir'}),
    ([(S, 'a=one\\,two')], {}, {'a': 'one,two'}),
    ([(S, 'a=one,two')], {}, None),
    ([(S, 'a=one,')], {}, {'a': 'one'}),
    ([(S, 'a\\.b=1,c\\=d=2,e\\[0=3')], {}, {'a.b': 1, 'c=d': 2, 'e[0': 3}),
    ([(S, 'a=b=c')], {}, {'a': 'b=c'}),
    ([(S, 'a=')], {}, {'a': ''}),
    ([(S, 'a=,b=1')], {}, {'a': '', 'b': 1}),
    ([(S, 'a=x\\')], {}, {'a': 'x'}),
    ([(S, ' a = b ')], {}, {' a ': ' b '}),
    ([(S, 'a=tab\there\nline \N{GRINNING FACE} \\{x\\}')], {}, {'a': 'tab\there\nline \N{GRINNING FACE} {x}'}),
    ([(S, 'a={}')], {}, {'a': ['']}),
    ([(S, 'a={x,2,true,null}')], {}, {'a': ['x', 2, True, None]}),
    ([(S, 'a={x\\,y,\\{z\\}}')], {}, {'a': ['x,y', '{z}']}),
    ([(S, 'a={x}b=1')], {}, {'a': ['x'], 'b': 1}),
    ([(S, 'a={x},b=1')], {}, {'a': ['x'], 'b': 1}),
    ([(S, 'a={x')], {}, None),
    ([(S, 'a={{x}}')], {}, None),
    ([(S, 'a=x{y,z=1')], {}, {'a': 'x{y', 'z': 1}),
    ([(S, 'a')], {}, None),
    ([(S, '')], {}, {}),
    ([(S, '=1')], {}, {}),
    ([(S, ',')], {}, None),
    ([(S, 'a,b=1')], {}, None),
    ([(S, 'a.=1')], {}, None),
    ([(S, 'a..b=1')], {}, None),
    ([(S, '.a=1')], {}, {}),
    ([(S, 'a.')], {}, {}),
    ([(S, 'a.b')], {}, None),
    ([(S, '\\')], {}, {}),
    ([(S, 'a.b.c=1,a.b.d=2,a.e=3')], {}, {'a': {'b': {'c': 1, 'd': 2}, 'e': 3}}),
    ([(S, 'a.c=2,l[1].k=3,l[3]=z')], BASE, {'a': {'b': 1, 'c': 2}, 'l': ['x', {'k': 3, 'm': 1}, None, 'z'], 'n': None, 's': 'text'}),
    ([(S, 'a=null,s=null')], BASE, {'a': None, 'l': ['x', {'m': 1}], 'n': None, 's': None}),
    ([(S, 'a[0]=1')], BASE, None),
    ([(S, 's.x=1')], BASE, None),
    ([(S, 'n.x=1')], BASE, None),
    ([(S, 'n[0]=1')], BASE, None),
    ([(S, 'l.x=1')], BASE, None),
    ([(S, 'l[0].k=1')], BASE, {'a': {'b': 1}, 'l': [{'k': 1}, {'m': 1}], 'n': None, 's': 'text'}),
    ([(S, 'l[1][0]=1')], BASE, None),
    ([(S, 'l=x,a=y')], BASE, {'a': 'y', 'l': 'x', 'n': None, 's': 'text'}),
    ([(S, 'a.=1')], BASE, {'a': {'b': 1}, 'l': ['x', {'m': 1}], 'n': None, 's': 'text'}),
    ([(S, 'a=null'), (S, 'a.b=1')], {}, None),
    ([(S, 'l[0]=a,l[2]=c')], {}, {'l': ['a', None, 'c']}),
    ([(S, 'l[1][1]=x')], {}, {'l': [None, [None, 'x']]}),
    ([(S, 'l[0].a.b=1,l[0].c=2')], {}, {'l': [{'a': {'b': 1}, 'c': 2}]}),
    ([(S, 'l[+1]=x,l[00]=y')], {}, {'l': ['y', 'x']}),
    ([(S, 'l[-1]=x')], {}, None),
    ([(S, 'l[x]=1')], {}, None),
    ([(S, 'l[]=1')], {}, None),
    ([(S, 'l[0]x=1')], {}, None),
    ([(S, 'l[0]')], {}, {'l': []}),
    ([(S, 'l[0].b=')], {}, {'l': []}),
    ([(S, 'l[0]=')], {}, {'l': ['']}),
    ([(S, 'l[0].=1')], {}, {'l': [{}]}),
    ([(S, 'l[65537]=x')], {}, None),
    ([(S, 'l[\\0]=x')], {}, {'l': ['x']}),
    ([(S, 'l[0].')], BASE, {'a': {'b': 1}, 'l': [{}, {'m': 1}], 'n': None, 's': 'text'}),
    ([(S, 'a.' * 30 + 'a=1')], {}, deep(31)),
    ([(S, 'a.' * 31 + 'a=1')], {}, None),
    ([(T, 'a=1,b=true,c=null,d={1,x}')], {}, {'a': '1', 'b': 'true', 'c': 'null', 'd': ['1', 'x']}),
    ([(J, 'a=1,b="x",c=[1,"y",null],d={"k":true}')], {}, {'a': 1, 'b': 'x', 'c': [1, 'y', None], 'd': {'k': True}}),
    ([(J, 'a="one,two" , b=2 c=3')], {}, {' b': 2, 'a': 'one,two', 'c': 3}),
    ([(J, 'a=')], {}, {'a': None}),
    ([(J, 'a= ,b=1')], {}, {'a': None, 'b': 1}),
    ([(J, 'a=hello')], {}, None),
    ([(J, 'a=01')], {}, None),
    ([(J, 'a=1.b=2')], {}, None),
    ([(J, 'a=NaN')], {}, None),
    ([(J, 'a=1e999')], {}, None),
    ([(J, 'a=12345678901234567890,b=1,c=-0.5,d=1e3')], {}, {'a': 1.2345678901234567e+19, 'b': 1, 'c': -0.5, 'd': 1000}),
    ([(J, 'a="\\ud800",b="\\u00e9\\ud83d\\ude00"')], {}, {'a': '\N{REPLACEMENT CHARACTER}', 'b': 'é\N{GRINNING FACE}'}),
    ([(J, 'a.b[1].c={"x":1}')], {}, {'a': {'b': [None, {'c': {'x': 1}}]}}),
    ([(J, 'a={"x":1')], {}, None),
    ([(J, 'a={"c":2}')], BASE, {'a': {'c': 2}, 'l': ['x', {'m': 1}], 'n': None, 's': 'text'}),
    ([(J, 'a=\xa01\u2003,b=2')], {}, {'a': 1, 'b': 2}),
    ([(J, '{"a":{"c":[1]},"n":{"x":1},"s":null}')], BASE, {'a': {'b': 1, 'c': [1]}, 'l': ['x', {'m': 1}], 'n': {'x': 1}, 's': None}),
    ([(J, ' {"a":{}} ')], BASE, {'a': {'b': 1}, 'l': ['x', {'m': 1}], 'n': None, 's': 'text'}),
    ([(J, '{"a":1} {"b":2}')], {}, None),
    ([(J, '{"a":1,"a":{"b":2}}')], {}, {'a': {'b': 2}}),
    ([(F, 'a=f')], {}, {'a': 'one\n\ttwo \N{GRINNING FACE}\\\r\n'}),
    ([(F, 'a=f,b=g')], {}, {'a': 'one\n\ttwo \N{GRINNING FACE}\\\r\n', 'b': ''}),
    ([(F, 'a={f,g}')], {}, {'a': ['one\n\ttwo \N{GRINNING FACE}\\\r\n', '']}),
    ([(F, 'a=missing')], {}, None),
    ([(F, 'a=')], {}, {'a': ''}),
    ([(F, 'a.b[0]=f')], {}, {'a': {'b': ['one\n\ttwo \N{GRINNING FACE}\\\r\n']}}),
    ([(L, 'a=one,two={x}\\n\\\\')], {}, {'a': 'one,two={x}\\n\\\\'}),
    ([(L, 'a.b[1].c=x=y')], {}, {'a': {'b': [None, {'c': 'x=y'}]}}),
    ([(L, 'a=')], {}, {'a': ''}),
    ([(L, 'a\\.b=1')], {}, {'a\\': {'b': '1'}}),
    ([(L, 'a,b=1')], {}, {'a,b': '1'}),
    ([(L, 'a')], {}, None),
    ([(L, 'l[1].m=null')], BASE, {'a': {'b': 1}, 'l': ['x', {'m': 'null'}], 'n': None, 's': 'text'}),
    ([(L, 'a=1'), (F, 'a=f'), (T, 'a=2'), (S, 'a=3'), (J, 'a=4')], {}, {'a': '1'}),
    ([(S, 'a.b=2'), (J, 'a={"b":1,"c":1}')], {}, {'a': {'b': 2, 'c': 1}}),
    ([(S, 'a=1'), (S, 'a=2'), (T, 'b=1'), (S, 'b.c=1')], {}, {'a': 2, 'b': '1'}),
]  # fmt: skip
"""Flags, values before, values after; None where helm refuses."""
