"""TensorBoard's event files, read back by TensorBoard itself."""

from dataclasses import replace

import pytest

from study.store.folder import LocalFolder
from study.viewers.tensorboard import TensorBoard
from study.viewers.trials import shown_at_end
from tests.viewers.made_run import running_trials
from tests.viewers.told import LOSSES, PLAN, job_of, told

readers = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")


def begin(tmp_path, trials=None):
    viewer = TensorBoard(PLAN, LocalFolder(tmp_path), lambda: trials or running_trials(PLAN, ()))
    viewer.open()
    return viewer


def read(tmp_path):
    """Steps and values of the validation loss by run."""
    found = {}
    root = tmp_path / "tensorboard"
    for folder in {path.parent for path in root.rglob("events.*")}:
        reader = readers.EventAccumulator(str(folder))
        reader.Reload()
        scalars = reader.Scalars("val_loss")
        found[folder.relative_to(root).as_posix()] = {
            "steps": [one.step for one in scalars],
            "losses": [pytest.approx(one.value) for one in scalars],
            "tags": reader.Tags(),
            "hparams": reader.summary_metadata,
        }
    return found


def test_a_trial_is_seen_while_it_runs_with_real_epochs_and_its_hyperparameters(tmp_path):
    viewer = begin(tmp_path)
    viewer.show([told(2)])
    ((name, run),) = read(tmp_path).items()
    assert name == f"explore/gap/004-{job_of().key[:8]}"
    assert (run["steps"], run["losses"]) == ([1, 2], LOSSES[:2])
    assert {"val_accuracy", "learning_rate", "seconds"} <= set(run["tags"]["scalars"])
    assert not any(tag.startswith("test") for tag in run["tags"]["scalars"])
    assert "_hparams_/session_start_info" in run["hparams"]
    assert "_hparams_/session_end_info" not in run["hparams"]
    viewer.show([told(3), told(4, "complete", job_of(5, 3))])
    viewer.show([told(4, "complete")])
    for run in read(tmp_path).values():
        assert (run["steps"], run["losses"]) == ([1, 2, 3, 4], LOSSES)
        assert "_hparams_/session_end_info" in run["hparams"]


def test_a_trial_that_resumes_after_a_death_or_a_stop_has_every_epoch_once(tmp_path):
    viewer = begin(tmp_path)
    viewer.show([told(3)])
    viewer.close("interrupted", "")
    viewer = begin(tmp_path)
    viewer.show([told(2)])  # from its checkpoint
    viewer.show([told(2, "stopped")])
    viewer.show([told(2)])
    viewer.show([told(4, "complete")])
    (run,) = read(tmp_path).values()
    assert (run["steps"], run["losses"]) == ([1, 2, 3, 4], LOSSES)


def test_what_is_judged_is_not_there_before_the_run_has_ended(tmp_path):
    trials = running_trials(PLAN, (0.25, 0.75))
    confirmed = replace(job_of(), stage="confirm", candidate="small", number=None)
    viewer = begin(tmp_path, trials)
    viewer.show([told(4, "complete"), told(4, "complete", confirmed)])
    viewer.close("interrupted", "")
    before = set(read(tmp_path))
    assert {name.split("/")[0] for name in before} == {"explore"}
    viewer.close("finished", "")
    found = read(tmp_path)
    assert set(found) == before | {trial.name for trial in shown_at_end(trials)}
    (last,) = [run for name, run in found.items() if name.startswith("confirm/small/001")]
    assert (last["steps"], last["losses"]) == (list(range(1, 9)), [0.75] * 8)
    assert {"test_accuracy", "test_loss"} <= set(last["tags"]["scalars"])
