"""Jobs and records of other versions, in a folder that is shared with them."""

from dataclasses import asdict, replace

import pytest

from study.search.trial import Job, job_from
from study.store.checkpoints import CheckpointStore
from study.store.folder import LocalFolder
from study.store.reading import Damaged
from tests.made import SETTING, WIDTH_SEARCH, explored

RECORD = explored(WIDTH_SEARCH, 0, {"channels": 32}, [0.7, 0.6])
JOB = Job("explore", "gap", dict(RECORD.ingredients), {"channels": 32}, number=0)


def test_a_saved_job_of_version_0_1_is_read():
    saved = asdict(JOB)
    saved["point"] = saved.pop("candidate")
    assert job_from(saved) == JOB


SPOIL = {
    "an unknown field": {"mood": "good"},
    "another type": {"number": "first"},
    "an unknown stage": {"stage": "rest"},
    "no ingredients": {"ingredients": {}},
    "ingredients of other types": {"ingredients": JOB.ingredients | {"config": 3}},
}


@pytest.mark.parametrize("changes", SPOIL.values(), ids=SPOIL)
def test_a_job_of_another_shape_is_set_aside_and_named(tmp_path, caplog, changes):
    store = CheckpointStore(LocalFolder(tmp_path))
    store.begin(JOB.key, asdict(JOB))
    store.begin("other", asdict(JOB) | changes)
    assert list(store.jobs(job_from)) == [JOB]
    assert "other.json" in caplog.text
    assert (tmp_path / "other.json.damaged").exists()


@pytest.mark.parametrize("saved", [None, [], 3, {}])
def test_what_is_no_job_is_damaged(saved):
    with pytest.raises(Damaged):
        job_from(saved)


@pytest.mark.parametrize(
    "config", [{"channels": 32, "mood": 1}, {"channels": -1}, {"channels": "x"}]
)
def test_a_configuration_that_no_model_here_has_belongs_to_no_search(config):
    other = replace(RECORD, ingredients=RECORD.ingredients | {"config": config})
    assert SETTING.belongs_to(WIDTH_SEARCH, RECORD)
    assert not SETTING.belongs_to(WIDTH_SEARCH, other)
