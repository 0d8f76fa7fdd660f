"""MLflow is told of a run, and read back by its own client."""

import socket
from dataclasses import replace

import pytest
from click.testing import CliRunner

from study.cli.command import command
from study.search.choose import FinishedTrials
from study.viewers import mlflow as of_mlflow
from study.viewers.feed import fed
from study.viewers.mlflow import RECORD, MLflow
from study.viewers.trials import shown_at_end
from tests.small_study import STUDY
from tests.viewers.made_run import running_trials
from tests.viewers.told import LOSSES, PLAN, job_of, told

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


@pytest.fixture
def tracking():
    return pytest.importorskip("mlflow.tracking")


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A database that MLflow has made, which takes it many seconds."""
    tracking = pytest.importorskip("mlflow.tracking")
    path = tmp_path_factory.mktemp("mlflow") / "empty.db"
    tracking.MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    return path.read_bytes()


@pytest.fixture
def uri(empty, tmp_path):
    (tmp_path / "mlflow.db").write_bytes(empty)
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


def begin(uri, trials=None):
    viewer = MLflow(PLAN, uri, lambda: trials or FinishedTrials(PLAN, {}))
    viewer.open()
    return viewer


def read(tracking, uri):
    """Status, parameters, tags and the steps of the validation loss of each run, by its name."""
    client = tracking.MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name(PLAN.study.name).experiment_id
    found = {}
    for run in client.search_runs([experiment]):
        history = client.get_metric_history(run.info.run_id, "val_loss")
        found[run.info.run_name] = {
            "status": run.info.status,
            "params": run.data.params,
            "record": run.data.tags[RECORD],
            "stage": run.data.tags["study.stage"],
            "steps": [(one.step, one.value) for one in history],
            "metrics": set(run.data.metrics),
        }
    return found


def test_mlflow_knows_a_trial_while_it_runs_and_every_epoch_once(tracking, uri):
    viewer = begin(uri)
    viewer.show([told(2)])
    (run,) = read(tracking, uri).values()
    assert (run["status"], run["record"]) == ("RUNNING", job_of().key)
    assert run["params"]["channels"] == "6" and run["params"]["family"] == "gap"
    assert run["steps"] == list(enumerate(LOSSES[:2], 1))
    viewer.show([told(3)])
    viewer.close("interrupted", "")
    assert [run["status"] for run in read(tracking, uri).values()] == ["KILLED"]
    viewer = begin(uri)  # from a checkpoint
    viewer.show([told(2)])
    assert [run["status"] for run in read(tracking, uri).values()] == ["RUNNING"]
    viewer.show([told(4, "complete")])
    (run,) = read(tracking, uri).values()
    assert (run["status"], run["steps"]) == ("FINISHED", list(enumerate(LOSSES, 1)))


def test_what_is_judged_is_told_when_the_run_has_ended(tracking, uri):
    trials = running_trials(PLAN, (0.25,))
    confirmed = replace(job_of(), stage="confirm", candidate="small", number=None)
    viewer = begin(uri, trials)
    viewer.show([told(4, "complete"), told(4, "complete", confirmed)])
    assert {run["stage"] for run in read(tracking, uri).values()} == {"explore"}
    before = set(read(tracking, uri))
    for _ in range(2):  # the second time everything is there
        viewer.close("finished", "")
        found = read(tracking, uri)
        assert set(found) == before | {trial.name for trial in shown_at_end(trials)}
        (last,) = [run for name, run in found.items() if name.startswith("confirm/small/")]
        assert last["steps"] == [(epoch, 0.25) for epoch in range(1, 9)]
        assert {"test_accuracy", "test_loss"} <= last["metrics"]
        assert {run["status"] for run in found.values()} == {"FINISHED"}


def test_a_server_that_is_away_is_one_warning(tracking, monkeypatch, caplog):
    monkeypatch.setitem(of_mlflow.ENVIRONMENT, "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    with socket.socket() as taken:  # it listens to nobody
        taken.bind(("127.0.0.1", 0))
        uri = f"http://user:secret@127.0.0.1:{taken.getsockname()[1]}"
        viewer = MLflow(PLAN, uri, lambda: FinishedTrials(PLAN, {}))
        with fed([viewer]) as (feed,):
            feed.on_epoch(job_of(), told(1).report)
    warnings = [one.getMessage() for one in caplog.records if one.name == "study"]
    assert len(warnings) == 1 and "MLflow at http://user:***@127.0.0.1" in warnings[0]
    assert "is not written any more" in warnings[0] and "secret" not in warnings[0]


@pytest.mark.parametrize(
    ("options", "found", "said"),
    [
        (["--mlflow", "sqlite:///made.db"], None, "pip install 'hw3-study[mlflow]'"),
        (["--tensorboard", "--results", "memory://made"], True, "a folder on a disk"),
    ],
)
def test_what_a_viewer_lacks_is_said_before_anything_is_trained(monkeypatch, options, found, said):
    monkeypatch.setattr("study.viewers.check.find_spec", lambda name: found)
    arguments = ["--profile", "smoke", "--workers", "inline", *options]
    answer = CliRunner().invoke(command(STUDY), arguments)
    assert answer.exit_code == 1 and said in answer.stderr
