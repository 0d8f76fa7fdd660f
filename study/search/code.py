"""Which code trains a family: a digest that changes when numbers could."""

import ast
import hashlib
import sys
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from hw3.engine import train_epochs
from hw3.models import FAMILIES, Family, check_family
from hw3.resampling import resample_splits

DIGITS = 12  # hexadecimal


def code_digests() -> dict[str, str]:
    """`code_digest` of every family."""
    return {family: code_digest(family) for family in FAMILIES}


def code_digest(family: str) -> str:
    """12 hexadecimal digits of the code that trains a family: of the training engine, and of the
    modules that build the family's models.

    Comments, docstrings and formatting do not count, nor does the code of other families, unless
    this one imports it. Data is not looked at: it has a fingerprint of its own.

    Args:
        family: a key of `hw3.models.FAMILIES`.

    Raises:
        ValueError: it is none.
    """
    check_family(family)
    entry = FAMILIES[family]
    parts = [
        digest_modules(_folder_of(part.__module__), [part.__module__], [Family.__module__])
        for part in (train_epochs, entry.config, entry.build)
    ]
    chosen = (entry.config.__qualname__, entry.build.__qualname__, str(entry.batch_coupled))
    return hashlib.sha256("\n".join([*parts, *chosen]).encode()).hexdigest()[:DIGITS]


def resampling_digest() -> str:
    """12 hexadecimal digits of the code that draws a split from a seed."""
    module = resample_splits.__module__
    return digest_modules(_folder_of(module), [module])[:DIGITS]


def digest_modules(folder: Path, modules: Iterable[str], skipped: Collection[str] = ()) -> str:
    """SHA-256 of the syntax trees of modules and of all that they import, directly or not, within
    their own package.

    Args:
        folder: contains the package, or the module where it belongs to none.
        modules: full names.
        skipped: modules that are left out, with what only they import: a list of families would
            bring each of them.

    Raises:
        FileNotFoundError: one of `modules` has no source file in the folder.
    """
    found: dict[str, str] = {}
    waiting = [*modules]
    for name in waiting:
        if _file_of(folder, name) is None:
            raise FileNotFoundError(f"the source of the module {name} is not in {folder}")
    while waiting:
        name = waiting.pop()
        file = _file_of(folder, name)
        if name in found or name in skipped or file is None:
            continue
        status = file.stat()
        found[name], imported = _read_module(file, name, status.st_mtime_ns, status.st_size)
        waiting += imported
    lines = [f"{name} {digest}" for name, digest in sorted(found.items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _folder_of(module: str) -> Path:
    """The folder that contains the module's top-level package."""
    file = getattr(sys.modules[module], "__file__", None)
    if file is None:
        raise FileNotFoundError(f"the module {module} has no source file")
    depth = module.count(".") + (Path(file).name == "__init__.py")
    return Path(file).resolve().parents[depth]


def _file_of(folder: Path, module: str) -> Path | None:
    """The module's source, None where there is none in the folder."""
    path = folder.joinpath(*module.split("."))
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.is_file()), None)


@cache
def _read_module(file: Path, name: str, _changed: int, _size: int) -> tuple[str, tuple[str, ...]]:
    """Digest of the module's syntax tree, and the names of what may be modules that it imports."""
    tree = ast.parse(file.read_bytes())
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    imported = tuple(_imports(tree, name, package))
    words: list[str] = []
    _write(tree, words)
    return hashlib.sha256(" ".join(words).encode()).hexdigest(), imported


def _imports(tree: ast.Module, name: str, package: str) -> Iterator[str]:
    """Modules of the same top-level package, and the packages that contain them."""
    top = name.partition(".")[0]
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
            if steps[0] == top:
                yield from (".".join(steps[: end + 1]) for end in range(len(steps)))


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
            _write(_without_docstring(node) if field == "body" else value, words)
        words.append(")")
    elif isinstance(node, list):
        words.append("[")
        for part in node:
            _write(part, words)
        words.append("]")
    else:
        words.append(repr(node))


def _without_docstring(node: Any) -> Any:
    """The body of a module, class or function, or what else a node has in its place."""
    documented = isinstance(
        node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    )
    has_docstring = documented and ast.get_docstring(node, clean=False) is not None
    return node.body[1:] if has_docstring else node.body
