"""MLflow: a run for each trial, in an experiment that has the study's name."""

import logging
import os
import time
import warnings
from collections.abc import Sequence

from study.search.plan import Plan
from study.spec.secrets import mask
from study.viewers.feed import Ending, Told
from study.viewers.page import Finished
from study.viewers.trials import Shown, shown_at_end, shown_now

# Set before MLflow is imported, where the user has not. It reports its use to its makers unless it
# is told not to, and asks a server that is away for minutes.
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}
RECORD, STATUS = "study.record", "study.status"  # tags of a run
EACH = "seconds"  # the one number that every epoch has
MOST = 1000  # numbers that MLflow takes at once
ENDS = {"failed": "FAILED", "diverged": "FAILED"}  # others are FINISHED


class MLflow:
    """Tells MLflow of trials while the study runs; of those that are not shown before they are
    judged, and of those that are missing, when it has ended.

    Args:
        uri: MLflow's tracking URI; nothing goes anywhere else.
        finished: gives the trials that have ended; called in the viewer's thread.
    """

    share, takes = 0.001, 0.02
    at_end = True

    def __init__(self, plan: Plan, uri: str, finished: Finished):
        self.name = f"MLflow at {mask(uri)}"
        self._plan, self._uri, self._finished = plan, uri, finished
        self._runs: dict[str, tuple[str, int]] = {}  # id and epochs told, by the trial's key
        self._open: set[str] = set()  # ids of runs that have not ended

    def open(self) -> None:
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its own libraries
            from mlflow.tracking import MlflowClient  # pyright: ignore[reportMissingImports]

            self._client = MlflowClient(tracking_uri=self._uri)
            name = self._plan.study.name
            known = self._client.get_experiment_by_name(name)
            self._experiment = (
                known.experiment_id if known else self._client.create_experiment(name)
            )

    def show(self, told: Sequence[Told]) -> None:
        for trial in shown_now(self._plan, told):
            self._tell(trial)

    def close(self, ending: Ending, error: str) -> None:
        if ending == "finished":
            for trial in shown_at_end(self._finished()):
                self._tell(trial)
        for run in self._open:  # they go on when the study does
            self._client.set_terminated(run, "KILLED")

    def _tell(self, trial: Shown) -> None:
        run, told = self._runs.get(trial.key) or self._find(trial) or self._create(trial)
        if run not in self._open and trial.status == "running":
            self._client.update_run(run, status="RUNNING")
        self._log(run, trial, told)
        self._runs[trial.key] = run, max(told, len(trial.rows))
        if trial.status == "running":
            self._open.add(run)
        elif run in self._open or told < len(trial.rows):
            self._client.set_tag(run, STATUS, trial.status)
            self._client.set_terminated(run, ENDS.get(trial.status, "FINISHED"))
            self._open.discard(run)

    def _find(self, trial: Shown) -> tuple[str, int] | None:
        """The trial's run that an earlier run of the study has made, and the epochs in it."""
        wanted = f"tags.`{RECORD}` = '{trial.key}'"
        found = self._client.search_runs([self._experiment], wanted, max_results=1)
        if not found:
            return None
        run = found[0].info.run_id
        steps = [one.step for one in self._client.get_metric_history(run, EACH)]
        return run, max(steps, default=0)

    def _create(self, trial: Shown) -> tuple[str, int]:
        from mlflow.entities import Param  # pyright: ignore[reportMissingImports]

        tags = {
            RECORD: trial.key,
            STATUS: "running",
            "study.stage": trial.stage,
            "study.candidate": trial.candidate,
            "mlflow.note.content": self._plan.study.title,
        }
        run = self._client.create_run(self._experiment, tags=tags, run_name=trial.name).info.run_id
        params = [Param(name, str(value)) for name, value in trial.hyperparameters().items()]
        self._client.log_batch(run, params=params)
        self._open.add(run)
        return run, 0

    def _log(self, run: str, trial: Shown, told: int) -> None:
        from mlflow.entities import Metric  # pyright: ignore[reportMissingImports]

        now = int(1000 * time.time())
        metrics = [
            Metric(name, value, now, epoch)
            for epoch, numbers in trial.numbers(after=told)
            for name, value in numbers.items()
        ]
        for first in range(0, len(metrics), MOST):
            self._client.log_batch(run, metrics[first : first + MOST])
