"""The notebooks run on a study's table. Their cells are executed in this process, no kernel."""

import json
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import pytest

from study.stats import judge, verdict_values
from tests.made_table import STUDY, made_table

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A results folder with a made table and its verdicts under each task's name."""
    folder = tmp_path_factory.mktemp("results")
    table = made_table()
    # The made study does not search a dropout rate, Task A's notebook draws one.
    table["config_dropout_conv"] = table["number"] / 20
    verdicts = [verdict_values(verdict) for verdict in judge(STUDY.claims, table)]
    for task in ("task_a", "task_b", "task_c"):
        (folder / task).mkdir()
        table.to_parquet(folder / task / "table.parquet")
        (folder / task / "verdicts.json").write_text(json.dumps(verdicts))
    return folder


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_and_draws(path, results):
    matplotlib.use("Agg")
    cells = json.loads(path.read_text())["cells"]
    names = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            assert not cell["outputs"], "notebooks are kept without outputs"
            exec("".join(cell["source"]), names)
            if "parameters" in cell["metadata"].get("tags", []):
                names["results"] = str(results)
    assert plt.get_fignums()
    plt.close("all")
    assert len(names["table"]) > 0
