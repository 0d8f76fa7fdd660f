"""One direction of flow: each package imports only from those of lower layers."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# From the bottom up. Packages of one layer do not import each other.
LAYERS = (
    ("hw3",),
    ("study.spec", "study.stats"),
    ("study.store",),
    ("study.search", "study.cluster"),
    ("study.pool", "study.table"),
    ("study.judge", "study.figures"),
    ("study.report",),
    ("study.viewers",),
    ("study.paper",),
    ("study.cli",),
    ("study.api",),
    ("study.homework",),
    ("study.task_a", "study.task_b", "study.task_c"),
    ("study.__main__",),
)
HEIGHTS = {package: height for height, layer in enumerate(LAYERS) for package in layer}
# What must stay usable, and quick to import, without these libraries.
WITHOUT = {
    "hw3": {"ray", "optuna"},
    "study.spec": {"ray", "torch", "pandas"},
    "study.stats": {"ray", "torch", "pandas"},
    "study.table": {"ray"},
    "study.judge": {"ray", "torch"},
    "study.figures": {"ray"},
    "study.report": {"ray"},
    "study.viewers": {"ray"},
    "study.paper": {"ray"},
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(path): path.read_text()
    for package in ("hw3", "study")
    for path in (ROOT / package).rglob("*.py")
}


def imports(source: str) -> Iterator[str]:
    """Names of the modules that a source imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def package_of(module: str) -> str:
    """The package of LAYERS that holds the module."""
    holding = [name for name in HEIGHTS if f"{module}.".startswith(f"{name}.")]
    assert holding, f"{module} is in no layer: add its package to LAYERS"
    return holding[0]


def forbidden(module: str, source: str) -> list[str]:
    """What the module imports and may not."""
    own = package_of(module)
    wrong = []
    for imported in imports(source):
        top = imported.split(".")[0]
        if top not in ("hw3", "study"):
            wrong += [imported] * (top in WITHOUT.get(own, ()))
        elif imported not in ("study", own) and not imported.startswith(f"{own}."):
            wrong += [imported] * (HEIGHTS[package_of(imported)] >= HEIGHTS[own])
    return wrong


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"study"}))
def test_module_imports_only_from_lower_layers(module):
    assert forbidden(module, MODULES[module]) == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("hw3.engine", "from study.search.trial import Job"),
        ("study.stats.power", "from study.table.columns import COLUMNS"),
        ("study.store.records", "import study.pool.recorder"),
        ("study.table.summary", "from study.figures import theme"),
        ("study.judge", "def judge():\n    import torch"),
        ("study.pool.dispatch", "from study.table import members"),
    ],
)
def test_a_forbidden_import_is_found(module, line):
    assert module in MODULES
    assert len(forbidden(module, f"{MODULES[module]}\n{line}\n")) == 1


def test_no_modules_import_each_other_in_a_circle():
    graph = {
        module: set(imports(source)) & set(MODULES) - {module} for module, source in MODULES.items()
    }
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("module", sorted(MODULES))
def test_every_module_says_what_it_is_for(module):
    assert ast.get_docstring(ast.parse(MODULES[module]))


def test_the_framework_names_no_homework():
    """What the tasks are about stands in the tasks, and in what they share. (The family "gap" has
    the name of a column's difference, and is not looked for.)"""
    theirs = ("study.task_", "study.homework")
    named = r"homework\b(?!    the studies)|x-?rays?\b|\bconv(model|gap)?\b|\bann\b|chest|pneumonia"
    words = re.compile(named, re.IGNORECASE)
    found = [
        f"{name}: {line.strip()}"
        for name, source in MODULES.items()
        if name.startswith("study") and not name.startswith(theirs)
        for line in source.splitlines()
        if words.search(line)
    ]
    assert found == []
