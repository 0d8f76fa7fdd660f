"""Optuna's view of the searches while they run, for optuna-dashboard.

It is derived: nothing reads it, and it is made again from the records when the run ends.
"""

from collections.abc import Sequence
from typing import Any

import optuna
from optuna.storages import RDBStorage
from optuna.trial import TrialState, create_trial

from study.report.outputs import SEARCHES
from study.search.blinded import may_show
from study.search.objective import direction_of, value_of
from study.search.optuna_trials import dated_trial, distributions_at, quiet, trial_state
from study.search.plan import Plan
from study.store.database import write_database
from study.store.folder import Folder
from study.store.records import Record
from study.viewers.feed import Ending, Told
from study.viewers.page import Finished

AT_ONCE = 50  # trials of earlier runs that are taken in between two writings


class LiveSearches:
    """Writes `optuna.db` with the trials that have ended, and those under way with their epochs.

    It is kept in memory, where a trial takes a millisecond, and copied into the file: a program
    that has that open sees the new trials, and cannot hold up the run.

    Args:
        folder: the study's.
        finished: gives the trials that have ended; called in the viewer's thread.
    """

    name = SEARCHES
    share, takes = 0.002, 0.1
    at_end = False

    def __init__(self, plan: Plan, folder: Folder, finished: Finished):
        self._plan, self._folder, self._finished = plan, folder.without_waiting(), finished
        self._objective = plan.setting.objective
        self._searches = {search.name: search for search in plan.study.searches}
        self._running: dict[str, Told] = {}  # by the trial's key

    def open(self) -> None:
        self._begin()

    def show(self, told: Sequence[Told]) -> None:
        shown = [one for one in told if may_show(one.job.stage)]
        for one in shown:
            if one.status == "running":
                self._running[one.job.key] = one
            else:
                self._running.pop(one.job.key, None)
        if any(one.job.key in self._ended for one in shown):  # it was stopped, and goes on
            self._begin()
        else:
            records = self._finished().records
            ended = (one for one in shown if one.status != "running")
            self._waiting += [(one.job.candidate, records[one.job.key]) for one in ended]
        if not shown and not self._waiting:
            return
        with quiet():
            for name, record in self._waiting[:AT_ONCE]:
                self._end(name, record)
            del self._waiting[:AT_ONCE]
            for one in self._running.values():
                self._go_on(one)
        self._write()

    def close(self, ending: Ending, error: str) -> None:
        """Nothing: at its end a run writes the file from the records; of one that was interrupted
        it holds what was under way."""

    def _begin(self) -> None:
        """An empty database, and what the records have to go into it."""
        self._storage = RDBStorage("sqlite://")  # this thread's alone
        with quiet():
            self._studies = {
                name: optuna.create_study(
                    storage=self._storage, study_name=name, direction=direction_of(self._objective)
                )
                for name in self._searches
            }
        self._ids: dict[str, int] = {}  # Optuna's, of trials under way, by key
        self._ended: set[str] = set()  # keys
        trials = self._finished()
        self._waiting = [
            (name, record)
            for name, search in self._searches.items()
            for record in trials.explored(search)
            if record.key not in self._running
        ]

    def _end(self, name: str, record: Record) -> None:
        trial = dated_trial(self._searches[name], record, self._objective)
        known = self._ids.pop(record.key, None)
        self._ended.add(record.key)
        if known is None:
            self._studies[name].add_trial(trial)
            return
        self._tell_epochs(known, record.rows)
        self._storage.set_trial_user_attr(known, "record", record.key)
        values = None if trial.value is None else [trial.value]
        self._storage.set_trial_state_values(known, trial_state(record, self._objective), values)

    def _go_on(self, told: Told) -> None:
        job, rows = told.job, told.report.rows if told.report else []
        if job.key not in self._ids:
            trial = create_trial(
                state=TrialState.RUNNING,
                params=dict(job.params),
                distributions=distributions_at(self._searches[job.candidate], job.params),
            )
            study = self._studies[job.candidate]._study_id
            self._ids[job.key] = self._storage.create_new_trial(study, trial)
        self._tell_epochs(self._ids[job.key], rows)

    def _tell_epochs(self, trial: int, rows: Sequence[dict[str, Any]]) -> None:
        known = self._storage.get_trial(trial).intermediate_values
        for row in rows:
            value = value_of(self._objective, row)
            if row["epoch"] not in known and value is not None:
                self._storage.set_trial_intermediate_value(trial, row["epoch"], value)

    def _write(self) -> None:
        connection: Any = self._storage.engine.raw_connection().driver_connection
        write_database(self._folder, SEARCHES, connection.serialize())
