"""The blocks of the pages in docs/ are run, page by page, in the order in which they stand."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.doc_pages import EDIT, PAGES, ROOT, Block, blocks

TUTORIAL = "docs/tutorial.md"
RUN = {page: [one for one in blocks((ROOT / page).read_text()) if one.is_run] for page in PAGES}
KINDS = ("no_findings", "pneumonia")  # classes of the pictures in ~/xrays
# What stands on many pages, and is done once for all of them but the tutorial.
SUPPOSED = (
    "python -m study new my_study.py",
    "python -m study run my_study.py",
    "python -m study.task_c",
)
# A python that trains little and in its own process, whatever the page says.
SMALL = """#!/bin/bash
case " $* " in
    *" -m study.task_"?" report "* | *" --help "*) ;;
    *" plan "*) set -- "$@" --image-size 16 ;;
    *" -m study run "* | *" -m study.task_"?" "*) set -- "$@" {options} ;;
esac
exec {python} "$@"
"""
SMOKE = ("--profile", "smoke", "--epochs", "2", "--workers", "inline")
# The same for `study.run`.
SMALL_RUN = """
import study
SMALL = dict(profile="smoke", epochs=2, workers="inline")
whole_run = study.run
study.run = lambda what, **given: whole_run(what, **given | SMALL)
"""


def write_python(folder: Path, *options: str) -> None:
    """A `python` in the folder that adds options to every run of a study."""
    folder.mkdir()
    file = folder / "python"
    file.write_text(SMALL.format(options=" ".join(options), python=sys.executable))
    file.chmod(0o755)


def run_block(block: Block, folder: Path, done: Sequence[str] = ()) -> None:
    """Run a block in the folder, or edit a file of it; fails with the block's own words.

    Args:
        done: commands that are left out.
    """
    if edit := EDIT.fullmatch(block.remark):
        file = folder / edit[1]
        kept, found, _ = file.read_text().partition(edit[2])
        assert found
        file.write_text(kept + block.code)
        return
    path = os.pathsep.join((str(folder / "bin"), str(Path(sys.executable).parent), os.defpath))
    environment = os.environ | {
        "PATH": path,
        "HOME": str(folder),
        "PYTHONPATH": os.pathsep.join((str(ROOT), *filter(None, sys.path))),
    }
    left = [one for one in block.code.splitlines() if one.split("#")[0].strip() not in done]
    words = ["bash", "-euo", "pipefail", "-c", "\n".join(left)]
    if block.language == "python":
        words = [sys.executable, "-c", SMALL_RUN + block.code, *SMOKE]  # for `main(STUDY)`
    answer = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, timeout=1500
    )
    assert answer.returncode == 0, f"{block.code}\n{answer.stdout[-2000:]}\n{answer.stderr[-4000:]}"


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A folder with what pages suppose: a study's file, finished runs of it and of Task C, data."""
    folder = tmp_path_factory.mktemp("finished")
    write_python(folder / "bin", *SMOKE, "--keep-weights", "all")
    generator = np.random.default_rng(0)
    for name in ("image.jpeg", *(f"xrays/{kind}/{n}.png" for kind in KINDS for n in range(9))):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = generator.integers(0, 256, (16, 16), np.uint8)
        Image.fromarray(pixels).save(folder / name)
    np.save(folder / "more.npy", generator.integers(0, 256, (2, 16, 16), np.uint8))
    run_block(Block("sh", "\n".join(SUPPOSED), ""), folder)
    return folder


def pages():
    """Those with blocks, marked where they start Ray."""
    for page, found in RUN.items():
        starts_ray = any("--start-ray" in block.code for block in found)
        if found and page != TUTORIAL:
            yield pytest.param(page, marks=[pytest.mark.ray] if starts_ray else [])


@pytest.mark.xdist_group("pages")  # one folder for all
@pytest.mark.parametrize("page", list(pages()))
def test_the_blocks_of_a_page_run(page, finished, tmp_path):
    if any("--onnx" in block.code for block in RUN[page]):
        pytest.importorskip("onnxscript", reason="the onnx extra is not installed")
    folder = tmp_path / "page"
    shutil.copytree(finished, folder)
    for block in RUN[page]:
        run_block(block, folder, done=SUPPOSED)


def test_the_tutorial_runs_as_it_stands(tmp_path):
    write_python(tmp_path / "bin", *SMOKE)
    for block in RUN[TUTORIAL]:
        run_block(block, tmp_path)
    assert (tmp_path / "results/my_study/report.html").is_file()
