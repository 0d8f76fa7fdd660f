"""Papermill runs the notebooks on the golden results, each in a kernel of its own."""

import json
from pathlib import Path

import papermill
import pytest

from tests.golden import RESULTS

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def code_cells(path: Path) -> list[dict]:
    cells = json.loads(path.read_text())["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_without_a_warning_and_draws(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where ../results is not there: the parameter must be heeded
    parameters = {"results": str(RESULTS)}
    done = papermill.execute_notebook(path, None, parameters, progress_bar=False, log_output=False)
    outputs = [output for cell in done.cells for output in cell.get("outputs", ())]
    warnings = [output.text for output in outputs if output.output_type == "stream"]
    assert warnings == []
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    drawing = [cell for cell in code_cells(path) if "grid = " in "".join(cell["source"])]
    assert len(pictures) == len(drawing) > 0


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_figure_is_five_lines_from_the_table(path):
    cells = ["".join(cell["source"]) for cell in code_cells(path)]
    drawing = [cell for cell in cells if "grid = " in cell]
    assert drawing
    assert [cell for cell in drawing if len(cell.splitlines()) > 5] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_kept_without_outputs(path):
    assert not any(cell["outputs"] for cell in code_cells(path))
