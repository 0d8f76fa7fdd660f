"""The digest of families that a user's own file defines, beside the claims about them."""

import hashlib
import importlib
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

import hw3
from hw3.engine import train_epochs
from hw3.models import FAMILIES
from study.search.code import (
    REGISTRIES,
    code_digest,
    code_digests,
    digest_definition,
    digest_modules,
)
from study.spec.errors import StudyError

MY_STUDY = '''"""Does a wider network help?"""

import math
from dataclasses import dataclass, field
from functools import partial

import my_layers
import mylib.norms as norms, mylib.unused
from my_star import *
from hw3.models import FAMILIES, Family, build_model
from hw3.models.blocks import ConvBlock
from study.cli.command import main
from study.spec.claim import Claim
from study.spec.space import Int
from study.spec.baseline import Baseline
from study.spec.search import Search
from study.spec.study import Study
from torch import nn

WIDTH = 32
MOST = 64
SHARE: float = 0.5
SHARE += 0.25
OPTIONS = {"bias": True}
OPTIONS["bias"] = False
try:
    from my_fast import scale
except ImportError:
    scale = 2.0
if hasattr(nn, "GELU"):
    Activation = nn.GELU
else:
    Activation = nn.ReLU
for _number in (1, 2):
    LAST = _number
LAYERS = {}
Width = int


def register(name):
    return partial(LAYERS.setdefault, name)


@register("tail")
def tail(width):
    return nn.Linear(width, 1)


def describe(widths):
    """Words for the claims."""
    return f"of {widths} units"


def repeat(kind, times=2):
    return [kind() for _ in range(times)]


def logged(build):
    build.is_logged = True
    return build


class Base(nn.Module):
    """What the models have in common."""

    def scaled(self, images):
        return images * scale


class Mlp(Base):
    # Two layers.
    act = Activation

    def __init__(self, width, describe):
        super().__init__()
        self.first = nn.LazyLinear(width, bias=OPTIONS["bias"])
        self.rest = nn.Sequential(*repeat(self.act), *norms.normed(width), LAYERS["tail"](width))

    def forward(self, images):
        """float (N, 1, side, side) -> float (N, 1)."""
        return self.rest(self.first(self.scaled(images.flatten(1)))) * SHARE


Mlp.first_act = nn.ReLU


class Cnn(nn.Module):
    def forward(self, images):
        return images.mean(0)


@dataclass(frozen=True)
class Config:
    """The widths.

    Attributes:
        width: of the hidden layer.
    """

    width: Width = WIDTH
    """In units."""
    depth: int = field(default=2, metadata={"low": 1})


@logged
def build(config: Config, size: int) -> nn.Module:
    CLAIMS = config.width
    block = my_layers.Start if size else ConvBlock
    return nn.Sequential(block(1, LAST), Mlp(CLAIMS, describe=None))


def build_cnn(config, size):
    return Cnn()


FAMILIES["mlp"] = Family("MLP", Config, build)
print("defined")
CLAIMS = (Claim("wide_better", "wide", "val_loss", "narrow", below=0.0),)
SPACE = {"width": Int(4, MOST)}
STUDY = Study(
    name="widths",
    title="Widths",
    question="Does a wider network help?",
    baselines=(
        Baseline("wide", f"MLP {describe(64)}", "mlp", {"width": 64}),
        Baseline("narrow", "MLP", "mlp", {"width": 8}),
    ),
    searches=(Search("best", "best width", "mlp", SPACE),),
    claims=CLAIMS,
    figures=(),
    answer=("wide_better",),
)

if __name__ == "__main__":
    main(STUDY)
'''
FILES = {
    "my_study.py": MY_STUDY,
    "my_layers.py": "import my_deep\nfrom hw3.models.blocks import ConvBlock as Start\nSIDE = 3\n",
    "my_deep.py": "from hw3.models import FAMILIES\n\nDEPTH = 1\n",
    "my_star.py": "STEP = 1\n",
    "mylib/__init__.py": "",
    "mylib/norms.py": "from . import shared\nfrom .ranges import LOW\n\n\ndef normed(width):\n"
    "    return []\n",
    "mylib/shared.py": "EPSILON = 1e-5\n",
    "mylib/ranges.py": "LOW = 1\n",
    "mylib/unused.py": "HIGH = 1\n",
    "other.py": "x = 1\n",
}
ROOT = Path(hw3.__file__).parents[1]
STUDY = "my_study.py"
CHANGES_NUMBERS = [  # file, what stands there, what comes in its place
    (STUDY, "self.scaled(images.flatten(1))", "images.flatten(1)"),
    (STUDY, "images * scale", "images / scale"),
    (STUDY, "class Mlp(Base)", "class Mlp(nn.Module)"),
    (STUDY, "WIDTH = 32", "WIDTH = 33"),
    (STUDY, "Width = int", "Width = float"),
    (STUDY, "default=2", "default=3"),
    (STUDY, '"low": 1', '"low": 2'),
    (STUDY, "frozen=True", "frozen=True, order=True"),
    (STUDY, "SHARE: float = 0.5", "SHARE: float = 0.6"),
    (STUDY, "SHARE += 0.25", "SHARE += 0.5"),
    (STUDY, 'OPTIONS = {"bias": True}', 'OPTIONS = {"bias": True, "more": 1}'),
    (STUDY, 'OPTIONS["bias"] = False', 'OPTIONS["bias"] = True'),
    (STUDY, "Mlp.first_act = nn.ReLU", "Mlp.act = nn.ReLU"),
    (STUDY, "scale = 2.0", "scale = 3.0"),
    (STUDY, 'hasattr(nn, "GELU")', 'hasattr(nn, "SiLU")'),
    (STUDY, "for _number in (1, 2)", "for _number in (1, 3)"),
    (STUDY, "times=2", "times=3"),
    (STUDY, "build.is_logged = True", "build.is_logged = False"),
    (STUDY, "@logged\n", ""),
    (STUDY, "nn.Linear(width, 1)", "nn.Linear(width, 1, bias=False)"),
    (STUDY, "LAYERS = {}", 'LAYERS = {"head": None}'),
    (STUDY, "block(1, LAST)", "block(1, 1)"),
    (STUDY, "from hw3.models.blocks import", "from my_layers import Start as"),
    (STUDY, "import mylib.norms as norms", "import mylib.shared as norms"),
    (STUDY, "build)\n", "build, batch_coupled=True)\n"),
    ("my_layers.py", "SIDE = 3", "SIDE = 4"),
    ("my_deep.py", "DEPTH = 1", "DEPTH = 2"),
    ("my_star.py", "STEP = 1", "STEP = 2"),
    ("mylib/__init__.py", "", "import other\n"),
    ("mylib/norms.py", "return []", "return [width]"),
    ("mylib/shared.py", "1e-5", "1e-6"),
    ("mylib/ranges.py", "LOW = 1", "LOW = 2"),
]
CHANGES_NOTHING = [
    (STUDY, "below=0.0", "below=0.1"),
    (STUDY, "Int(4, MOST)", "Int(8, MOST)"),
    (STUDY, "MOST = 64", "MOST = 128"),
    (STUDY, 'title="Widths"', 'title="Breadths"'),
    (STUDY, '"""Does a wider', '"""Would a wider'),
    (STUDY, "The widths.", "Its widths."),
    (STUDY, "of the hidden layer.", "of the only hidden layer."),
    (STUDY, '"""In units."""', '"""A number of units."""'),
    (STUDY, "float (N, 1, side, side)", "float32 (N, 1, side, side)"),
    (STUDY, "# Two layers.", "# Three layers."),
    (STUDY, "WIDTH = 32", "WIDTH = (32)  # units"),
    (STUDY, "hasattr(nn,", "hasattr(\n    nn,"),
    (STUDY, "WIDTH = 32\nMOST = 64", "WIDTH = 32; MOST = 65"),
    (STUDY, "of {widths} units", "with {widths} units"),
    (STUDY, "images.mean(0)", "images.mean(1)"),
    (STUDY, "return Cnn()", "return Cnn().eval()"),
    (STUDY, 'Family("MLP"', 'Family("Perceptron"'),
    (STUDY, 'print("defined")', 'print("defined again")'),
    (STUDY, '("wide", f"MLP', '("wide", f"Perceptron'),
    (STUDY, '{"width": 8}', '{"width": 4}'),
    (STUDY, "    main(STUDY)", "    main(STUDY, )\n    print(STUDY)"),
    (STUDY, "import math\n", ""),
    (STUDY, "from torch import nn", "from torch import nn as nn, Tensor"),
    (STUDY, ", build_model", ", build_layers"),
    (STUDY, "FAMILIES, Family, build_model", "build_model, Family, FAMILIES"),
    (STUDY, "import my_layers\n", "import my_layers\nimport other\n"),
    ("my_layers.py", "SIDE = 3", "SIDE = 3  # pixels"),
    ("my_deep.py", "DEPTH = 1", '"""Deep."""\nDEPTH = (1)'),
    ("mylib/unused.py", "HIGH = 1", "HIGH = 2"),
    ("other.py", "x = 1", "x = 2"),
]


@pytest.fixture
def load(tmp_path, monkeypatch) -> Iterator[Callable[..., Path]]:
    """Writes files, with one edit, and imports the study among them, as a run would."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setitem(FAMILIES, "mlp", None)  # so that it is removed
    numbers, before = itertools.count(), set(sys.modules)

    def load(edit=(), files=FILES) -> Path:
        folder = tmp_path / str(next(numbers))
        for name, text in files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if edit and edit[0] == name:
                assert edit[1] in text
                text = text.replace(edit[1], edit[2], 1)
            file.write_text(text)
        forget()
        with monkeypatch.context() as patch:
            patch.syspath_prepend(folder)
            importlib.import_module("my_study")
        return folder

    def forget() -> None:
        for name in {name for name in sys.modules if name.startswith(("my_", "mylib"))} - before:
            del sys.modules[name]

    yield load
    forget()


@pytest.fixture
def digest_of(load) -> Callable[..., str]:
    """The digest of the family that the study defines."""

    def digest(*args, **options) -> str:
        load(*args, **options)
        return code_digest("mlp")

    return digest


@pytest.mark.parametrize("edit", CHANGES_NUMBERS)
def test_an_edit_that_changes_numbers_changes_the_digest(edit, digest_of):
    assert digest_of(edit) != digest_of()


@pytest.mark.parametrize("edit", CHANGES_NOTHING)
def test_an_edit_that_changes_no_number_changes_nothing(edit, digest_of):
    assert digest_of(edit) == digest_of()


def test_a_family_depends_on_the_modules_of_hw3_that_it_imports_and_on_no_other_family(
    load, tmp_path, monkeypatch
):
    shutil.copytree(ROOT / "hw3", tmp_path / "hw3")
    load()
    monkeypatch.setattr(hw3, "__file__", str(tmp_path / "hw3" / "__init__.py"))
    before = code_digest("mlp")
    for name in ("families", "conv", "ann", "gap"):
        with (tmp_path / "hw3" / "models" / f"{name}.py").open("a") as file:
            file.write("\nMORE = 1\n")
    assert code_digest("mlp") == before
    with (tmp_path / "hw3" / "models" / "blocks.py").open("a") as file:
        file.write("\nMORE = 1\n")
    assert code_digest("mlp") != before


@pytest.mark.parametrize(
    ("folder", "edited", "counts"),
    [
        ("site-packages", "my_pack/layers.py", True),
        ("site-packages", "beside.py", False),
        ("mine", "my_pack/layers.py", True),
        ("mine", "beside.py", True),
        ("mine", "study/spec.py", False),
        ("mine", "hw3/models.py", False),  # the installed one is imported
    ],
)
def test_modules_that_others_installed_and_the_study_package_do_not_count(
    folder, edited, counts, tmp_path
):
    imports = "import beside, hw3.models, study.spec\nfrom . import layers\n"
    build = "def build(config, size): return beside, hw3, layers, study\n"
    digests = []
    for text in ("", "x = 1\n"):
        root = tmp_path / f"run{len(digests)}" / folder
        for name in ("beside.py", "my_pack/layers.py", "study/spec.py", "hw3/models.py"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text if name == edited else "")
        file = root / "my_pack" / "mlp.py"
        file.write_text(imports + build)
        digests.append(digest_definition(file, "my_pack.mlp", "build"))
    assert (digests[0] != digests[1]) == counts


def test_the_folder_and_the_name_of_the_file_do_not_count(load, tmp_path):
    folder = load()
    moved = (folder / "my_study.py").rename(folder / "mine.py")
    assert digest_definition(moved, "mine", "build") == digest_definition(
        load() / "my_study.py", "my_study", "build"
    )


def test_a_script_has_the_digest_of_the_module(load):
    load()
    expected = code_digest("mlp")
    said_last = 'from study.search.code import code_digest\nprint(code_digest("mlp"))'
    folder = load((STUDY, "    main(STUDY)", "    print(__name__)"))
    with (folder / STUDY).open("a") as file:
        file.write(said_last)
    assert run_python(folder / STUDY).split() == ["defined", "__main__", expected]


def test_a_package_run_as_a_module_has_the_digest_of_the_package(load, tmp_path):
    family = (
        "from dataclasses import dataclass\nfrom . import layers\nfrom hw3.models import FAMILIES, "
        "Family\n\n\n@dataclass\nclass Config:\n    width: int = 3\n\n\ndef build(config, size):\n"
        '    return layers\n\n\nFAMILIES["mlp"] = Family("MLP", Config, build)\n'
        'from study.search.code import code_digest\nprint(code_digest("mlp"))\n'
    )
    files = {"my_pack/__init__.py": "", "my_pack/layers.py": "", "my_pack/mlp.py": family}
    folder = load(files=files | {STUDY: "import my_pack.mlp\n"})
    assert run_python("-m", "my_pack.mlp", folder=folder).strip() == code_digest("mlp")
    before = code_digest("mlp")
    (folder / "my_pack" / "layers.py").write_text("x = 1\n")
    assert code_digest("mlp") != before


def run_python(*command: str | Path, folder: Path = ROOT) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    said = subprocess.run(
        [sys.executable, "-B", *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return said.stdout


IN_A_CELL = """
from dataclasses import dataclass
from hw3.models import FAMILIES, Family
from study.search.code import code_digest
from study.spec.errors import StudyError
@dataclass
class Config: width: int = 3
def build(config, size): return None
FAMILIES["mlp"] = Family("MLP", Config, build)
try: code_digest("mlp")
except StudyError as error: print(error)
"""


def test_a_family_of_an_interactive_session_is_an_error():
    assert run_python("-c", IN_A_CELL).strip() == (
        "the family mlp is defined in an interactive session; put it into a file"
    )


def test_a_family_of_a_notebook_is_an_error(monkeypatch, capsys):
    main = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    monkeypatch.setitem(sys.modules, "__main__", main)
    monkeypatch.setitem(FAMILIES, "mlp", None)
    exec(IN_A_CELL, vars(main))
    assert capsys.readouterr().out.strip() == (
        "the family mlp is defined in a notebook; put it into a file"
    )


@pytest.mark.parametrize(
    "build",
    [
        "lambda config, size: Mlp(config.width)",
        "partial(build, size=8)",
        "logged(lambda config, size: None)",
        "(lambda: lambda config, size: None)()",
        "dict",
    ],
)
def test_what_builds_a_model_needs_a_name_in_a_file(build, load):
    load((STUDY, "Config, build)", f"Config, {build})"))
    with pytest.raises(StudyError, match="build of the family mlp must have a name at the top"):
        code_digest("mlp")


def test_a_name_that_is_assigned_is_a_name(digest_of):
    named = ("def build_cnn(", "make = lambda config, size: Mlp(3)\n\n\ndef build_cnn(")
    one = MY_STUDY.replace("Config, build)", "Config, make)").replace(*named)
    two = one.replace("Mlp(3)", "Mlp(4)")
    first, second, again = (digest_of(files=FILES | {STUDY: text}) for text in (one, two, one))
    assert first == again != second


def test_nothing_is_read_twice(digest_of, monkeypatch):
    before = digest_of(), code_digests()
    monkeypatch.setattr(Path, "read_bytes", None)
    assert (code_digest("mlp"), code_digests()) == before


@pytest.mark.parametrize("family", ["conv", "ann", "gap"])
def test_the_homework_s_families_have_the_digests_of_their_modules(family):
    entry = FAMILIES[family]
    parts = [
        digest_modules(ROOT, [part.__module__], REGISTRIES)
        for part in (train_epochs, entry.config, entry.build)
    ]
    names = [entry.config.__qualname__, entry.build.__qualname__, str(entry.batch_coupled)]
    expected = hashlib.sha256("\n".join([*parts, *names]).encode()).hexdigest()
    assert code_digest(family) == expected[:12]
