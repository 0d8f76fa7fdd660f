"""Which code trains a family: a digest that changes when numbers could."""

import ast
import hashlib
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from hw3.engine import train_epochs
from hw3.engines import ENGINE
from hw3.metrics import METRICS, Metric
from hw3.models import FAMILIES, Engine, Family, check_family
from hw3.resampling import resample_splits
from study.search.syntax import digest_tree, imported_names, slice_source
from study.spec.errors import StudyError

DIGITS = 12  # hexadecimal
HOME, FRAMEWORK = Family.__module__.partition(".")[0], __name__.partition(".")[0]
REGISTRIES = [Family.__module__, Metric.__module__]  # not followed: they bring what is not used
INSTALLED = {"site-packages", "dist-packages"}


def code_digests() -> dict[str, str]:
    """`code_digest` of every family."""
    return {family: code_digest(family) for family in FAMILIES}


def code_digest(family: str) -> str:
    """12 hexadecimal digits of the code that trains a family: of the training engine, and of what
    builds the family's models.

    Of a family of `hw3` that is the modules of `config` and `build`. Of one from elsewhere it is
    the statements that these two need in their own file, which may hold a whole study
    (`study.search.syntax.slice_source`), and the modules that these import of `hw3`, of their own
    package, and of the file's folder. Of an engine other than `hw3.engines.ENGINE` it is the same
    of each of its functions.

    Comments, docstrings and formatting do not count, nor does the code of other families, unless
    this one imports it from their modules: `FAMILIES` itself is not followed, nor are `METRICS` and
    `study`. Data
    is not looked at: it has a fingerprint of its own.

    Args:
        family: a key of `hw3.models.FAMILIES`.

    Raises:
        ValueError: it is none.
        StudyError: `config`, `build` or a function of the engine has no name at the top level of a
            file.
    """
    check_family(family)
    entry = FAMILIES[family]
    whose = f"the family {family}"
    engine = _digest_engine(whose, entry.engine)
    config, config_name = _digest_part(whose, "config", entry.config)
    build, build_name = _digest_part(whose, "build", entry.build)
    lines = (engine, config, build, config_name, build_name, str(entry.batch_coupled))
    return _hash_lines(lines)[:DIGITS]


def metric_digest(name: str) -> str:
    """12 hexadecimal digits of the code of a metric: of the statements that its function needs in
    its own file, and the modules that these import, as `code_digest` takes them.

    Args:
        name: a key of `hw3.metrics.METRICS`.

    Raises:
        StudyError: its function has no name at the top level of a file.
    """
    score = METRICS[name].score
    if _top(score.__module__) == HOME:
        file = Path(getattr(sys.modules[score.__module__], "__file__", None) or "")
        digest = digest_definition(file.resolve(), score.__module__, score.__name__)
        return _hash_lines([digest, score.__name__])[:DIGITS]
    return _hash_lines(_digest_part(f"the metric {name}", "the function", score))[:DIGITS]


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
    modules = [*modules]
    packages = {_top(name) for name in modules}
    for name in modules:
        if _file_of(folder, name) is None:
            raise FileNotFoundError(f"the source of the module {name} is not in {folder}")

    def find(name: str) -> Path | None:
        return _file_of(folder, name) if _top(name) in packages else None

    return _hash_lines(_follow(modules, find, skipped))


def digest_definition(file: Path, module: str, name: str) -> str:
    """SHA-256 of the statements that a name needs in its own file, and of the modules that these
    import, directly or not: of `hw3`, of the file's own package, and of the folder that contains
    it, unless that is where packages are installed. These modules count whole.

    Args:
        file: the module's source.
        module: its full name; where it belongs to no package, the digest does not depend on it.
        name: bound at the top level of the file.

    Raises:
        LookupError: it is not.
    """
    folder = _top_folder(file, module)
    is_installed = not INSTALLED.isdisjoint(folder.parts)

    def find(imported: str) -> Path | None:
        package = _top(imported)
        if package == HOME:
            return _file_of(_folder_of(HOME), imported)
        if package == FRAMEWORK or (is_installed and package != _top(module)):
            return None
        return _file_of(folder, imported)

    own, imported = _read(file, module, name)
    return _hash_lines([own, *_follow(imported, find, REGISTRIES)])


def _digest_engine(whose: str, engine: Engine | None) -> str:
    """Of hw3's own the modules of its loop, of another one what its functions need."""
    if engine is None or engine is ENGINE:
        return _digest_package_module(train_epochs.__module__)
    parts = {item.name: getattr(engine, item.name) for item in fields(engine)}
    return _hash_lines(
        f"{role} {' '.join(_digest_part(whose, f'engine.{role}', part))}"
        for role, part in parts.items()
        if part is not None
    )


def _digest_package_module(module: str) -> str:
    return digest_modules(_folder_of(module), [module], REGISTRIES)


def _digest_part(whose: str, role: str, part: Any) -> tuple[str, str]:
    """Digest of a part of a family or metric, and the name that it has in its module."""
    module_name = str(getattr(part, "__module__", None))
    if _top(module_name) == HOME:
        return _digest_package_module(module_name), part.__qualname__
    module = sys.modules.get(module_name, ModuleType(module_name))
    file = Path(getattr(module, "__file__", None) or "")
    if module_name == "__main__" and not file.is_file():
        place = "a notebook" if "ipykernel" in sys.modules else "an interactive session"
        raise StudyError(f"{whose} is defined in {place}; put it into a file")
    # As a script it is __main__; imported, it would have the name of its file.
    full_name = module.__spec__.name if module.__spec__ else file.stem
    name = _top_level_name(part, vars(module))
    try:
        return digest_definition(file.resolve(), full_name, name), name
    except (LookupError, OSError) as error:
        raise StudyError(
            f"{role} of {whose} must have a name at the top level of a file, as def "
            f"and class give; got {part!r}"
        ) from error


def _top_level_name(part: Any, names: Mapping[str, Any]) -> str:
    """By which the part is found in its module: its own, or that of the class whose method it is;
    empty where there is none."""
    own = str(getattr(part, "__qualname__", ""))
    owner, _, method = own.partition(".")
    if method and getattr(names.get(owner), method, None) is part:
        return owner
    return next((name for name in (own, *names) if names.get(name) is part), "")


def _follow(
    modules: Iterable[str], find: Callable[[str], Path | None], skipped: Collection[str]
) -> list[str]:
    """A line for each module and each of those that it imports, directly or not, where `find` gives
    a file: its name and its digest, in the order of names."""
    found: dict[str, str] = {}
    waiting = [*modules]
    while waiting:
        name = waiting.pop()
        file = None if name in found or name in skipped else find(name)
        if file is not None:
            found[name], imported = _read(file, name)
            waiting += imported
    return [f"{name} {digest}" for name, digest in sorted(found.items())]


def _hash_lines(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _top(module: str) -> str:
    """The top-level package of a module, or itself."""
    return module.partition(".")[0]


def _folder_of(module: str) -> Path:
    """The folder that contains the module's top-level package."""
    file = getattr(sys.modules[module], "__file__", None)
    if file is None:
        raise FileNotFoundError(f"the module {module} has no source file")
    return _top_folder(Path(file).resolve(), module)


def _top_folder(file: Path, module: str) -> Path:
    return file.parents[module.count(".") + (file.name == "__init__.py")]


def _file_of(folder: Path, module: str) -> Path | None:
    """The module's source, None where there is none in the folder."""
    path = folder.joinpath(*module.split("."))
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.is_file()), None)


def _read(file: Path, module: str, name: str | None = None) -> tuple[str, tuple[str, ...]]:
    """Digest of a module, or of what a name needs in it, and the names of what may be modules that
    this imports."""
    status = file.stat()
    return _read_version(file, module, name, status.st_mtime_ns, status.st_size)


@cache
def _read_version(
    file: Path, module: str, name: str | None, _changed: int, _size: int
) -> tuple[str, tuple[str, ...]]:
    source = file.read_bytes()
    tree = ast.parse(source) if name is None else slice_source(source, name)
    if tree is None:
        raise LookupError(f"{name} is not defined at the top level of {file}")
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    imported = dict.fromkeys(imported_names(tree, package))
    return digest_tree(tree), tuple(imported)
