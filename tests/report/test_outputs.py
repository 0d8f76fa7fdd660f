"""What a study's folder holds after its records were judged."""

from dataclasses import replace

import pytest

from study.figures import SUFFIXES
from study.report.outputs import MARKDOWN, REPORT, SEARCHES, write_outputs
from study.search.plan import Plan
from study.spec.budget import Budget, DataFacts
from study.spec.figures import Figure
from study.store.folder import LocalFolder
from study.store.records import RecordStore
from tests.made import SETTING, STUDY, WIDTH_SEARCH, explored

FIGURE = Figure("search", "search", "The search")
DATA = DataFacts("made", "made", "0123", 16, {}, {})


@pytest.fixture
def store(tmp_path):
    store = RecordStore(LocalFolder(tmp_path))
    for number, channels in enumerate((8, 16)):
        record = explored(WIDTH_SEARCH, number, {"channels": channels}, [0.7] * 8)
        store.write(record)
    return store


def write(tmp_path, store, study):
    plan = Plan(study.name, Budget(4, 8, 2, 16), SETTING, DATA)
    write_outputs(study, plan, store, LocalFolder(tmp_path) / study.name)
    folder = tmp_path / study.name
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_figure_that_is_not_drawn_now_leaves_no_earlier_one(tmp_path, store):
    others = {REPORT, MARKDOWN, SEARCHES, "table.parquet", "table.csv", "verdicts.json"}
    study = replace(STUDY, figures=(FIGURE,))
    drawn = {f"figures/search.{suffix}" for suffix in SUFFIXES}
    assert write(tmp_path, store, study) == others | drawn
    for path in (tmp_path / "trials").iterdir():
        path.unlink()
    assert write(tmp_path, store, study) == others
