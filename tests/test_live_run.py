"""One run, followed from its first trial to its report: in its terminal, in a browser whose page is
opened once, in TensorBoard, optuna-dashboard and MLflow."""

import time
from contextlib import contextmanager

import pytest

pytest.importorskip("pyte")

from tests.browser import PROGRAM, open_browser
from tests.pseudo_terminal import PATIENCE, in_terminal
from tests.viewers.test_searches import dashboard

readers = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
tracking = pytest.importorskip("mlflow.tracking")

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # MLflow's and optuna-dashboard's own
    pytest.mark.skipif(PROGRAM is None, reason="no chromium here to open the page in"),
]

EPOCHS, SEEDS = 120, 2
LAPTOP = (1366, 768)
RUN = (
    *("-m", "tests.shown_often", "--profile", "smoke", "--workers", "inline", "--tensorboard"),
    *("--epochs", str(EPOCHS), "--seeds", str(SEEDS)),
)


class Run:
    """The run in its terminal, and what the others show of it."""

    def __init__(self, terminal, folder, browser, uri):
        self._terminal, self._folder, self._browser = terminal, folder, browser
        self._client = tracking.MlflowClient(tracking_uri=uri)

    def wait_for(self, seen):
        deadline = time.monotonic() + PATIENCE
        while not (found := seen()):
            assert time.monotonic() < deadline, f"{self._terminal.text}\n{self.page()}"
            self._terminal.read(0.2)
        return found

    def page(self):
        return self._browser.evaluate("document.body?.innerText ?? ''")

    def headings(self):
        script = "[...document.querySelectorAll('h2')].map(heading => heading.innerText)"
        return self._browser.evaluate(script)

    def steps(self):
        """Of each training: how many epochs TensorBoard has, without those that are not there."""
        found = []
        for folder in {path.parent for path in self._folder.glob("tensorboard/**/events.*")}:
            reader = readers.EventAccumulator(str(folder))
            reader.Reload()
            if "val_loss" in reader.Tags()["scalars"]:
                found.append(len(reader.Scalars("val_loss")))
        return found

    def mlflow(self):
        """Status of each of MLflow's runs."""
        experiments = [one.experiment_id for one in self._client.search_experiments()]
        return [run.info.status for run in self._client.search_runs(experiments)]

    def optuna(self):
        """States of the search's trials in optuna-dashboard."""
        if not (self._folder / "optuna.db").exists():
            return []
        with dashboard(self._folder) as ask:
            (summary,) = ask("studies")["study_summaries"]
            trials = ask(f"studies/{summary['study_id']}?after=0")["trials"]
        return [trial["state"] for trial in trials]


@contextmanager
def followed(tmp_path):
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    tracking.MlflowClient(tracking_uri=uri).search_experiments()  # makes the database
    results = tmp_path / "results"
    options = ("--results", str(results), "--mlflow", uri)
    with (
        open_browser(tmp_path / "profile") as browser,
        in_terminal(*RUN, *options) as terminal,
    ):
        folder = results / "task_c"
        run = Run(terminal, folder, browser, uri)
        run.wait_for((folder / "report.html").exists)
        browser.open(folder / "report.html", LAPTOP)
        yield run, terminal, browser


def test_a_run_is_followed_in_every_window_to_its_report(tmp_path):
    with followed(tmp_path) as (run, terminal, browser):
        assert "Running, as of" in run.page()
        run.wait_for(lambda: any("epochs/s" in row for row in terminal.rows))
        run.wait_for(lambda: any(0 < steps < EPOCHS for steps in run.steps()))
        run.wait_for(lambda: "RUNNING" in run.mlflow())
        run.wait_for(lambda: "Running" in run.optuna())
        assert "Running, as of" in run.page() and "Verdicts" not in run.headings()
        assert terminal.process.poll() is None
        assert terminal.wait() == 0
        assert "Verdicts (" in terminal.text
        run.wait_for(lambda: "Verdicts" in run.headings())
        assert "Running, as of" not in run.page()
        assert browser.complaints() == []
        trainings = len(list((tmp_path / "results/trials").glob("*.json")))
        assert run.steps() == [EPOCHS] * trainings
        assert run.mlflow() == ["FINISHED"] * trainings
        assert run.optuna() == ["Complete"] * 2
