"""The digest of the code: every edit that changes numbers changes it, and no other does."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import hw3
from hw3.metrics import METRICS
from hw3.models import FAMILIES
from study.search.code import (
    REGISTRIES,
    code_digest,
    code_digests,
    digest_modules,
    metric_digest,
)

PACKAGE = Path(hw3.__file__).parent

CHANGES_NUMBERS = [  # file, what stands there, what comes in its place
    ("models/blocks.py", "kernel_size=3", "kernel_size=5"),
    ("models/blocks.py", "self.pool = nn.MaxPool2d", "self.pool = nn.AvgPool2d"),
    ("models/blocks.py", "nn.ReLU()", "nn.GELU()"),
    ("models/conv.py", "bounded(32, 1, 1024)", "bounded(64, 1, 1024)"),
    ("models/conv.py", "(config.hidden, shape.outputs)", "(config.hidden, shape.outputs, False)"),
    ("models/conv.py", "(channels, config.channels),", "(channels, config.channels, 0.1),"),
    ("models/architecture.py", '"initialisation"', '"start"'),
    ("seeds.py", ">> 1", ">> 2"),
    ("metrics/epoch.py", "logits > 0) == (labels > 0)", "logits >= 0) == (labels > 0)"),
    ("metrics/epoch.py", "np.logaddexp(0.0, signed)", "np.logaddexp(0.1, signed)"),
    ("engine/training.py", "fused=True,", "fused=True, amsgrad=True,"),
    ("engine/training.py", '"adam": Adam,', '"adam": AdamW,'),
    ("engine/recipe.py", "bounded(1e-3, 0.0", "bounded(1e-4, 0.0"),
    ("engine/images.py", ".div_(255)", ".div_(256)"),
    ("engine/steps.py", "(minimised / batch_size).backward()", "minimised.backward()"),
    ("engine/steps.py", '"dropout", training.epoch', '"dropout"'),
    (
        "engine/train.py",
        "if row.val_loss < training.best_loss",
        "if row.val_loss <= training.best_loss",
    ),
    ("engine/steps.py", "zero_grad()", "zero_grad(set_to_none=False)"),
    ("numerics.py", "32 * 2**20", "16 * 2**20"),
    ("numerics.py", "channels_last: bool = True", "channels_last: bool = False"),
]
CHANGES_NOTHING = [
    ("models/blocks.py", "        self.relu =", "        # The cheapest.\n        self.relu ="),
    ("models/blocks.py", "The convolution block that", "A block which"),
    ("models/blocks.py", "    Computed as convolution", "    Calculated as convolution"),
    ("models/blocks.py", "kernel_size=3, padding", "kernel_size = 3,\n            padding"),
    ("models/blocks.py", 'padding="same"', "padding='same'"),
    ("models/conv.py", "nn.Flatten(),", "(nn.Flatten()),"),
    ("models/conv.py", "(height // 8)", "((height // 8))"),
    ("models/conv.py", "return nn.Sequential(", "return nn.Sequential(  # in this order\n"),
    ("models/ann.py", '"relu": nn.ReLU', '"relu": nn.GELU'),
    ("models/ann.py", "bounded(512, 1, 65536)", "bounded(256, 1, 65536)"),
    ("models/gap.py", "import nn", "import nn as nn"),
    ("metrics/registry.py", "SPECIFICITY = 0.9", "SPECIFICITY = 0.8"),
    ("models/families.py", '"ConvModel"', '"Convolutional model"'),
    ("models/families.py", "from hw3.models.gap", "import hw3.phantom\nfrom hw3.models.gap"),
    ("engine/recipe.py", "1e-3", "0.001"),
    (
        "engine/scoring.py",
        "EVAL_BATCH = 256  # images scored",
        "EVAL_BATCH = 256  # pictures scored",
    ),
    ("engine/scoring.py", '    """Logits in evaluation mode.', '    """Scores in evaluation mode.'),
    ("engine/scoring.py", "\n\ndef predict", "\n\n\n\ndef predict"),
    ("engine/train.py", "        yield row\n", "        yield row  # of the epoch\n"),
    ("cost.py", "import", "import math\nimport"),
    ("phantom.py", "import", "import math\nimport"),
    ("data.py", "import", "import math\nimport"),
    ("sources/course.py", "import", "import math\nimport"),
    ("seeds.py", ">> 1", "\\\n        >> 1"),
]


def digest_of_conv(folder: Path) -> str:
    return digest_modules(folder, ["hw3.engine.train", "hw3.models.conv"], REGISTRIES)


@pytest.fixture
def digest_after(tmp_path) -> Callable[..., str]:
    """The digest of a copy of the engine in which something was replaced."""
    shutil.copytree(PACKAGE, tmp_path / "hw3", ignore=shutil.ignore_patterns("__pycache__"))

    def after(name: str, old: str, new: str) -> str:
        file = tmp_path / "hw3" / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new, 1))
        compile(file.read_text(), file, "exec")
        return digest_of_conv(tmp_path)

    return after


@pytest.mark.parametrize("edit", CHANGES_NUMBERS)
def test_an_edit_that_changes_numbers_changes_the_digest(edit, digest_after):
    assert digest_after(*edit) != digest_of_conv(PACKAGE.parent)


@pytest.mark.parametrize("edit", CHANGES_NOTHING)
def test_an_edit_that_changes_no_number_changes_nothing(edit, digest_after):
    assert digest_after(*edit) == digest_of_conv(PACKAGE.parent)


def test_a_module_that_comes_to_be_used_counts(digest_after, tmp_path):
    (tmp_path / "hw3" / "fresh.py").write_text("SIDE = 8\n")
    before = digest_after(
        "models/conv.py", "from torch import nn", "from torch import nn\nimport hw3.fresh"
    )
    (tmp_path / "hw3" / "fresh.py").write_text("SIDE = 4\n# longer\n")
    assert digest_of_conv(tmp_path) != before


def test_relative_imports_are_followed(tmp_path):
    for name, text in {
        "__init__": "",
        "first": "from . import second\n",
        "second": "from .third import x\n",
        "third": "x = 1\n",
    }.items():
        (tmp_path / "pack").mkdir(exist_ok=True)
        (tmp_path / "pack" / f"{name}.py").write_text(text)
    before = digest_modules(tmp_path, ["pack.first"])
    (tmp_path / "pack" / "third.py").write_text("x = 12\n")
    assert digest_modules(tmp_path, ["pack.first"]) != before


def test_families_have_digests_of_their_own_which_the_registry_decides(monkeypatch):
    digests = code_digests()
    assert len(set(digests.values())) == len(FAMILIES)
    name, family = next((name, one) for name, one in FAMILIES.items() if not one.batch_coupled)
    monkeypatch.setitem(FAMILIES, name, replace(family, batch_coupled=True))
    assert code_digest(name) != digests[name]
    other = next(one for one in FAMILIES.values() if one.build is not family.build)
    monkeypatch.setitem(FAMILIES, name, replace(family, build=other.build))
    assert code_digest(name) != digests[name]


def test_another_process_finds_the_same_digests():
    code = "from study.search.code import code_digests; print(code_digests())"
    root = PACKAGE.parent
    said = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == str(code_digests())


def test_a_module_without_source_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"pack\.first"):
        digest_modules(tmp_path, ["pack.first"])


def test_a_digest_is_what_it_was_in_earlier_versions(tmp_path):
    """Records in results folders are found by it."""
    for name, text in {
        "__init__": '"""A package."""\n',
        "first": '"""One."""\n\nfrom . import second\n\n\n@second.mark\nclass First(second.Base):\n'
        '    """A class."""\n\n    size: int = 3\n\n'
        "    def area(self):\n        return self.size**2\n",
        "second": "class Base:\n    pass\n\n\ndef mark(kind, *, deep=False):\n"
        '    """As it is."""\n    return kind\n',
    }.items():
        (tmp_path / "pack").mkdir(exist_ok=True)
        (tmp_path / "pack" / f"{name}.py").write_text(text)
    expected = "a6b65262fa53193184866bbedf753e0cae47534859ebd2aa4fd0a1a6acad60e1"
    assert digest_modules(tmp_path, ["pack.first"]) == expected


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_known_by_what_its_function_needs(name, tmp_path, monkeypatch):
    score = METRICS[name].score
    module = sys.modules[score.__module__]
    before = metric_digest(name)
    copied = tmp_path / "hw3" / "metrics" / Path(module.__file__).name
    shutil.copytree(PACKAGE, tmp_path / "hw3")
    monkeypatch.setattr(module, "__file__", str(copied))
    assert metric_digest(name) == before
    text = copied.read_text()
    copied.write_text(text.replace(f"def {score.__name__}(", f"def {score.__name__}(_more, "))
    assert metric_digest(name) != before
