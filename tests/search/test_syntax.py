"""Which statements of a module a name needs."""

import ast

import pytest

from study.search.syntax import slice_source

CASES = {  # source, and what `build` needs of it
    "its own names are not the module's": (
        "wide = deep = x = 1\ndef build(wide):\n    deep = wide\n    return [x for x in deep]",
        ["def build"],
    ),
    "a function inside": (
        "a = 1\nb = 2\ndef build():\n    return lambda b: a + b",
        ["a =", "def build"],
    ),
    "a default": ("a = 1\ndef build(a=a): return a", ["a =", "def build"]),
    "an annotation": ("A = int\nB = int\ndef build(x: A) -> B: return x", ["A =", "B =", "def"]),
    "the body of a class": ("a = 1\nclass build:\n    a = a", ["a =", "class"]),
    "a field's annotation": ("A = int\nclass build:\n    a: A", ["A =", "class"]),
    "a comprehension": ("a = 1\nbuild = [a for _ in ()]", ["a =", "build"]),
    "a walrus": ("if (a := 1): pass\nprint(c := 2)\nbuild = a, c", ["if", "print", "build"]),
    "two on a line": ("a = 1; b = 2\nbuild = a; c = (\n3)", ["a =", "build"]),
    "two names at once": ("a, *b = c = 1, 2\nbuild = c", ["a, *b", "build"]),
    "again": ("build = 1\nbuild = 2", ["build = 1", "build = 2"]),
    "deleted": ("a = {}\nb = 1\ndel a['x'], a.y\nbuild = a", ["a =", "del", "build"]),
    "items of items": ("a = {}\nb = 1\na['x'].y[0] += b\nbuild = a", ["a =", "b =", "a[", "build"]),
    "set by a loop": ("a = {}\nfor a['x'] in (): pass\nbuild = a", ["a =", "for", "build"]),
    "set in a block": ("a = {}\nif 1:\n    a.x = 2\nbuild = a", ["a =", "if", "build"]),
    "set in a function": ("a = {}\ndef other():\n    a.x = 2\nbuild = a", ["a =", "build"]),
    "global": ("a = 1\ndef f():\n    global a\n    a = 2\nbuild = a", ["a =", "def f", "build"]),
    "with": ("with open('x') as a: pass\nbuild = a", ["with", "build"]),
    "match": ("match 1:\n    case a: pass\nbuild = a", ["match", "build"]),
    "except": ("try: pass\nexcept OSError as a: pass\nbuild = a", ["try", "build"]),
    "a circle": ("def f(): return build\ndef build(): return f", ["def f", "def build"]),
    "names of an import": (
        "import a, b.c as d\nfrom e import f, g\nbuild = d, g",
        ["import b.c", "from e import g", "build"],
    ),
    "modules of a package": (
        "import a.b, a.c, d.e\nbuild = a.b",
        ["import a.b", "import a.c", "build"],
    ),
    "an import in a function": (
        "import a\ndef build():\n    import a\n    return a",
        ["def build"],
    ),
    "all names of a module": ("from a import *\nbuild = 1", ["from a import *", "build"]),
    "one of two modules": (
        "try:\n    from a import *\nexcept ImportError:\n    from b import *\nbuild = 1",
        ["try", "build"],
    ),
    "calls and bare imports": ("import a\na.patch()\n'text'\nbuild = 1", ["build"]),
    "a registry": (
        "R = {}\ndef add(f): R[f] = f\n@add\ndef g(): pass\n@other\ndef h(): pass\nbuild = R",
        ["R =", "def add", "@add", "build"],
    ),
    "a decorator that others share": (
        "from x import mark\n@mark\nclass A: pass\n@mark\nclass build: pass",
        ["from x import mark", "@mark\nclass build"],
    ),
    "decorators over lines": (
        "a = 1\n@mark(\n    a\n)\n@mark\ndef build(): pass",
        ["a =", "@mark(a)\n@mark\ndef build"],
    ),
    "letters of two bytes": ("ä = 1; é = 'ü'; b = ä\nbuild = b; c = é", ["ä =", "b =", "build"]),
    "an f-string": ("a = 1\nb = 2\nbuild = f\"{a!r:>{b}} '{3}'\"", ["a =", "b =", "build"]),
    "a page break": ("a = 1\n\fb = 2\nbuild = b", ["b =", "build"]),
}


@pytest.mark.parametrize("case", CASES)
def test_a_slice_holds_the_statements_that_a_name_needs_and_no_others(case):
    source, expected = CASES[case]
    tree = slice_source(source.encode(), "build")
    assert tree is not None
    found = [ast.unparse(node) for node in tree.body]
    assert len(found) == len(expected), found
    for text, start in zip(found, expected, strict=True):
        assert text.startswith(start)


def test_a_slice_reads_a_source_in_the_encoding_that_it_names():
    source = "# coding: latin-1\nä = 'é'; ö = 1\r\nbuild = ä\r\n".encode("latin-1")
    tree = slice_source(source, "build")
    assert tree is not None
    assert ast.unparse(tree) == "ä = 'é'\nbuild = ä"


def test_a_name_that_nothing_binds_has_no_slice():
    assert slice_source(b"from a import *\ndef f():\n    build = 1\nbuild.x = 1", "other") is None
