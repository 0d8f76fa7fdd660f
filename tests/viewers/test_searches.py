"""optuna.db while a search runs, read by Optuna and by its dashboard."""

import json
import threading
import urllib.request
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from wsgiref.simple_server import WSGIRequestHandler, make_server

import optuna
import pytest
from optuna.trial import TrialState

from study.report.outputs import write_outputs
from study.search.choose import FinishedTrials
from study.store.folder import LocalFolder
from study.store.open import open_folder
from study.store.records import Record
from study.viewers import searches
from study.viewers.searches import LiveSearches
from tests.made import DROPOUT_SEARCH
from tests.viewers.made_run import running_trials
from tests.viewers.told import LOSSES, PLAN, job_of, told


@pytest.fixture
def trials():
    return running_trials(PLAN)


def begin(folder, trials):
    viewer = LiveSearches(PLAN, folder, lambda: FinishedTrials(PLAN, dict(trials.records)))
    viewer.open()
    return viewer


def end(trials, last):
    """The record of a trial that has ended, among the others."""
    job, report = last.job, last.report
    trials.records[job.key] = Record(
        *(job.ingredients, last.status, report.rows),
        params=job.params,
        provenance={"number": job.number, "finished": "2026-03-01T12:00:00+00:00"},
    )


def read(path):
    """State and reported values of each trial of the search, by its width."""
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}/optuna.db")
    found = optuna.load_study(study_name="gap", storage=storage).trials
    storage.engine.dispose()
    return {one.params["channels"]: (one.state, one.intermediate_values) for one in found}


def reported(epochs):
    return dict(enumerate(LOSSES[:epochs], 1))


def test_trials_are_seen_while_they_run_and_when_they_have_ended(tmp_path, trials):
    viewer = begin(LocalFolder(tmp_path), trials)
    viewer.show([told(2), replace(told(0, job=job_of(7, 3)), report=None)])
    found = read(tmp_path)
    assert found[6] == (TrialState.RUNNING, reported(2))
    assert found[7] == (TrialState.RUNNING, {})
    assert {found[channels][0] for channels in (8, 16, 24, 48)} == {TrialState.COMPLETE}
    for status, state in (("stopped", TrialState.PRUNED), ("complete", TrialState.COMPLETE)):
        last = told(3 if status == "stopped" else 4, status)
        end(trials, last)
        viewer.show([last])
        assert read(tmp_path)[6] == (state, reported(len(last.report.rows)))
        if status == "stopped":  # it goes on after all
            viewer.show([told(3)])
            assert read(tmp_path)[6] == (TrialState.RUNNING, reported(3))
    write_outputs(trials, LocalFolder(tmp_path))
    found = read(tmp_path)
    assert len(found) == 5 and found[6] == (TrialState.COMPLETE, reported(4))


def test_many_trials_of_earlier_runs_are_taken_in_bit_by_bit(tmp_path, trials, monkeypatch):
    monkeypatch.setattr(searches, "AT_ONCE", 3)
    viewer = begin(LocalFolder(tmp_path), trials)
    viewer.show([])
    assert len(read(tmp_path)) == 3
    for _ in range(3):
        viewer.show([])
    assert len(read(tmp_path)) == 4
    storage = f"sqlite:///{tmp_path}/optuna.db"
    assert len(optuna.load_study(study_name=DROPOUT_SEARCH.name, storage=storage).trials) == 3


def test_what_is_judged_is_not_in_it(tmp_path, trials):
    viewer = begin(LocalFolder(tmp_path), trials)
    viewer.show([])
    before = read(tmp_path)
    viewer.show([told(4, "complete", replace(job_of(), stage="confirm", candidate="small"))])
    assert read(tmp_path) == before


def test_a_store_without_files_has_it_as_well(tmp_path, trials):
    folder = open_folder(f"memory://{tmp_path.name}")
    begin(folder, trials).show([told(1)])
    (tmp_path / "optuna.db").write_bytes(folder.read("optuna.db"))
    assert read(tmp_path)[6] == (TrialState.RUNNING, reported(1))


class Quiet(WSGIRequestHandler):
    def log_message(self, *_arguments):
        """Nothing."""


@contextmanager
def dashboard(path):
    """optuna-dashboard's HTTP API on the file: what it says of a search."""
    program = pytest.importorskip("optuna_dashboard")
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}/optuna.db")
    server = make_server("127.0.0.1", 0, program.wsgi(storage), handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def ask(what):
        address = f"http://127.0.0.1:{server.server_port}/api/{what}"
        with urllib.request.urlopen(address) as answer:
            return json.load(answer)

    try:
        yield ask
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        storage.engine.dispose()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_the_dashboard_sees_new_trials_without_being_started_again(tmp_path, trials, monkeypatch):
    of_storage = pytest.importorskip("optuna_dashboard._storage")
    monkeypatch.setattr(of_storage, "timedelta", lambda **_: timedelta(0))  # it remembers for 10 s
    viewer = begin(LocalFolder(tmp_path), trials)
    viewer.show([told(1)])
    with dashboard(tmp_path) as ask:
        names = {each["study_name"]: each["study_id"] for each in ask("studies")["study_summaries"]}
        assert set(names) == {"gap", "dropout"}

        def states():
            found = ask(f"studies/{names['gap']}?after=0")["trials"]
            return [each["state"] for each in found]

        assert states() == ["Complete"] * 4 + ["Running"]
        last = told(4, "complete")
        end(trials, last)
        viewer.show([last])
        assert states() == ["Complete"] * 5
        write_outputs(trials, LocalFolder(tmp_path))
        assert states() == ["Complete"] * 5
