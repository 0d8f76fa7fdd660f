from study.pool.recorder import Recorder
from study.search.trial import Job
from study.store.checkpoints import CheckpointStore
from study.store.folder import LocalFolder
from study.store.records import RecordStore
from tests.made import WIDTH_SEARCH, explored, plan_of

INGREDIENTS = dict(explored(WIDTH_SEARCH, 0, {"channels": 32}, [0.7]).ingredients)


def test_the_error_of_a_failed_trial_is_recorded_without_passwords(tmp_path):
    store = RecordStore(LocalFolder(tmp_path))
    recorder = Recorder(store, CheckpointStore(LocalFolder(tmp_path / "checkpoints")), plan_of())
    job = Job("explore", "width", INGREDIENTS)
    recorder.record(job, None, "failed", "could not reach s3://key:secret@bucket")
    assert [record.error for record in store] == ["could not reach s3://key:***@bucket"]
