"""One direction of flow: each module imports only from those before it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = [
    "hw3.seeds",
    "hw3.memory",
    "hw3.splits",
    "hw3.phantom",
    "hw3.sources",
    "hw3.data",
    "hw3.models.config",
    "hw3.models.blocks",
    "hw3.models.conv",
    "hw3.models.ann",
    "hw3.models.gap",
    "hw3.models",
    "hw3.layers",
    "hw3.cost",
    "hw3.metrics",
    "hw3.numerics",
    "hw3.train",
    "study.signflip",
    "study.skew",
    "study.region",
    "study.power",
    "study.images",
    "study.space",
    "study.spec",
    "study.homework",
    "study.claims",
    "study.storage",
    "study.records",
    "study.trial",
    "study.checkpoints",
    "study.optuna_trials",
    "study.trainable",
    "study.samplers",
    "study.search",
    "study.table",
    "study.confirm",
    "study.provenance",
    "study.cluster",
    "study.lock",
    "study.dispatch",
    "study.recorder",
    "study.pool",
    "study.stats",
    "study.figures",
    "study.plan",
    "study.summary",
    "study.report",
    "study.outputs",
    "study.conclude",
    "study.progress",
    "study.options",
    "study.run",
    "study.cli",
    "study.task",
    "study.submit",
    "study.cluster_check",
    "study.__main__",
]


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(path): path
    for package in ("hw3", "study")
    for path in (ROOT / package).rglob("*.py")
}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def place(module):
    """Index of the longest prefix of the module's name in ORDER."""
    fitting = [
        name for name in ORDER if module == name or module.startswith((name + ".", name + "_"))
    ]
    assert fitting, f"{module} has no place in the flow: add it to ORDER"
    return ORDER.index(max(fitting, key=len))


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"hw3", "study"}))
def test_module_imports_only_from_those_before_it(module):
    for imported in imports(MODULES[module]):
        if imported.split(".")[0] in ("hw3", "study") and imported not in ("hw3", "study"):
            inside = place(imported) == place(module)  # a package's own files
            assert inside or place(imported) < place(module), f"{module} imports {imported}"


@pytest.mark.parametrize("module", sorted(name for name in MODULES if name.startswith("hw3")))
def test_hw3_knows_nothing_of_studies(module):
    foreign = {name.split(".")[0] for name in imports(MODULES[module])}
    assert not foreign & {"study", "ray", "optuna"}


@pytest.mark.parametrize(
    "module", ["study.stats", "study.figures", "study.report", "study.conclude", "study.plan"]
)
def test_judging_and_drawing_need_no_ray(module):
    seen, todo = (
        set(),
        [name for name in MODULES if name == module or name.startswith(module + ".")],
    )
    while todo:
        name = todo.pop()
        for imported in imports(MODULES[name]):
            assert imported.split(".")[0] != "ray", f"{name} imports {imported}"
            if imported in MODULES and imported not in seen:
                seen.add(imported)
                todo.append(imported)
