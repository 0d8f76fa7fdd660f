"""A module's syntax: its digest, what it imports, and the part of it that defines a name."""

import ast
import hashlib
import symtable
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from importlib.util import decode_source
from typing import Any

STAR = "*"  # stands for the names that `from module import *` binds


def digest_tree(tree: ast.Module) -> str:
    """SHA-256 of a syntax tree without docstrings and positions."""
    words: list[str] = []
    _write(tree, words)
    return hashlib.sha256(" ".join(words).encode()).hexdigest()


def imported_names(tree: ast.Module, package: str) -> Iterator[str]:
    """Full names of what may be modules that are imported anywhere in the tree, and of the packages
    that contain them.

    Args:
        package: of the tree's module, empty where it is in none.
    """
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) + 1 - node.level]
            start = ".".join([*parts * (node.level > 0), *filter(None, [node.module])])
            names = [start, *(f"{start}.{alias.name}" for alias in node.names)]
        for imported in names:
            steps = imported.split(".")
            if steps[0]:  # else relative, and outside of any package
                yield from (".".join(steps[: end + 1]) for end in range(len(steps)))


def slice_source(source: bytes, name: str) -> ast.Module | None:
    """The statements at the top level of a module that a name of it needs, in their order; None
    where nothing there binds the name.

    A statement is needed if it binds the name, or one that a needed statement uses, in whatever
    way: by assignment, `def`, `class`, an import, or an assignment to one of its attributes or
    items. So is a function or class whose decorator, defined in the module, uses a needed name: it
    may add to a registry. An `if`, `try`, `with` or loop counts whole, each name of an import for
    itself, and `from module import *` always.

    What else is there only for its effects is not seen: calls whose value is dropped, imports whose
    name is not used, changes made to an object under another name, classes that are found through
    their base. Nor are names in strings.
    """
    statements = [*_statements(decode_source(source))]
    if not any(name in one.binds for one in statements):
        return None
    own = _uses_by_name(one for one in statements if not one.is_import)
    for one in statements:
        one.binds |= _reach(one.decorators, own)
    needed = _reach({name, STAR}, _uses_by_name(statements))
    return ast.Module([one.node for one in statements if one.binds & needed], [])


@dataclass
class _Statement:
    """A statement at the top level.

    Attributes:
        binds: names of the module that it binds, or whose objects it changes.
        uses: names of the module that it reads, also in functions.
        decorators: those of them that its decorators read.
    """

    node: ast.stmt
    binds: set[str]
    uses: set[str] = field(default_factory=set)
    decorators: set[str] = field(default_factory=set)

    @property
    def is_import(self) -> bool:
        return isinstance(self.node, ast.Import | ast.ImportFrom)


def _uses_by_name(statements: Iterable[_Statement]) -> dict[str, set[str]]:
    """For each name that the statements bind, the names that they use."""
    uses: dict[str, set[str]] = {}
    for one in statements:
        for name in one.binds:
            uses.setdefault(name, set()).update(one.uses)
    return uses


def _reach(names: Iterable[str], uses: Mapping[str, set[str]]) -> set[str]:
    """Those of the names that are keys of `uses`, and of those that they use, directly or not."""
    reached: set[str] = set()
    waiting = [*names]
    while waiting:
        name = waiting.pop()
        if name in uses and name not in reached:
            reached.add(name)
            waiting += uses[name]
    return reached


def _statements(source: str) -> Iterator[_Statement]:
    """The module's statements; an import is one for each of its names."""
    lines = source.encode().splitlines(keepends=True)  # positions count bytes
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from _split_import(node)
            continue
        binds, uses = _scope(_text(node, lines))
        marks = ast.Module(getattr(node, "decorator_list", []), [])
        named = {one.id for one in ast.walk(marks) if isinstance(one, ast.Name)}
        yield _Statement(node, binds | set(_changed(node)), uses, named)


def _split_import(node: ast.Import | ast.ImportFrom) -> Iterator[_Statement]:
    for alias in node.names:
        bound = alias.asname or alias.name.partition(".")[0]
        only = ast.alias(alias.name, None if alias.asname == alias.name else alias.asname)
        one = copy(node)
        one.names = [only]
        yield _Statement(one, {bound})


def _text(node: ast.stmt, lines: list[bytes]) -> str:
    """The statement's source, with its decorators."""
    decorators = getattr(node, "decorator_list", [])
    first, start = (decorators[0].lineno, 0) if decorators else (node.lineno, node.col_offset)
    text = lines[first - 1 : node.end_lineno]
    text[-1] = text[-1][: node.end_col_offset]
    text[0] = text[0][start:]
    return b"".join(text).decode()


def _scope(text: str) -> tuple[set[str], set[str]]:
    """Names that a statement at the top level binds there, and that it reads from there."""
    top = symtable.symtable(text, "statement", "exec")
    binds = {one.get_name() for one in top.get_symbols() if one.is_assigned() or one.is_imported()}
    uses = {one.get_name() for one in top.get_symbols() if one.is_referenced()}
    waiting = top.get_children()
    while waiting:
        table = waiting.pop()
        waiting += table.get_children()
        for one in table.get_symbols():
            if one.is_declared_global() and one.is_assigned():
                binds.add(one.get_name())
            # In the body of a class, `size = size` reads the module's name first.
            if one.is_global() or (table.get_type() == "class" and one.is_referenced()):
                uses.add(one.get_name())
    return binds, uses


def _changed(node: ast.AST) -> Iterator[str]:
    """Names whose attributes or items the statement assigns or deletes, and STAR for all that an
    import may bind. Functions are left out: what they do is done where they are called."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return
    if isinstance(node, ast.alias) and node.name == STAR:
        yield STAR
    if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
        base: ast.expr = node
        while isinstance(base, ast.Attribute | ast.Subscript):
            base = base.value
        if isinstance(base, ast.Name):
            yield base.id
    for child in ast.iter_child_nodes(node):
        yield from _changed(child)


def _write(node: Any, words: list[str]) -> None:
    """Append a syntax tree, without docstrings, positions, contexts, which follow from the rest,
    and without fields that are empty: newer versions of Python have more of these."""
    if isinstance(node, ast.AST):
        words.append(f"({type(node).__name__}")
        for field in node._fields:
            value = getattr(node, field, None)
            if value is None or value == [] or field == "ctx":
                continue
            words.append(field)
            _write(_without_docstrings(node) if field == "body" else value, words)
        words.append(")")
    elif isinstance(node, list):
        words.append("[")
        for part in node:
            _write(part, words)
        words.append("]")
    else:
        words.append(repr(node))


def _without_docstrings(node: Any) -> Any:
    """The body of a module, class or function without strings that stand alone, which describe it
    or the line above; or what else a node has in its place."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    if not isinstance(node, documented):
        return node.body
    return [part for part in node.body if not _is_string(part)]


def _is_string(node: ast.stmt) -> bool:
    value = node.value if isinstance(node, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)
