"""The framework's own search on tabulated curves, by its own code, in virtual time."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from benchmarks.search.tables import CurveTable
from benchmarks.sessions import SilentObserver
from hw3.engine import recipe_for
from hw3.numerics import Numerics
from study.pool.dispatch import Dispatcher
from study.pool.report import TrialReport
from study.pool.session import Session
from study.pool.simulated import Simulated, run_simulated, unrecorded
from study.search.choose import FinishedTrials
from study.search.plan import Plan
from study.search.trial import Job, Setting
from study.spec.budget import Budget, DataFacts
from study.spec.status import Status
from study.spec.study import Study

UNLIMITED = 100_000  # trials
COUNTS = {"train": {"a": 1, "b": 1}, "val": {"a": 1, "b": 1}}


class Lookup:
    """Curves of a table, of which every epoch takes a second."""

    def __init__(self, table: CurveTable):
        self._table = table

    def rows(self, job: Job) -> list[dict[str, Any]]:
        losses = self._table.losses(job.params)
        return [
            {"epoch": epoch, "val_loss": loss, "seconds": 1.0}
            for epoch, loss in enumerate(losses.tolist(), start=1)
        ]


class Target(SilentObserver):
    """Ends a session when a training of full length has reached the target, or too much is spent.

    Attributes:
        reached: after how many epochs, all trials' together; None before.
    """

    def __init__(self, target: float, most: float):
        self._target, self._most = target, most
        self._epochs: dict[str, int] = {}
        self.spent, self.reached = 0, None
        self.session: Session | None = None

    def on_epoch(self, job: Job, report: TrialReport) -> None:
        done = len(report.rows)
        self.spent += done - self._epochs.get(job.key, 0)
        self._epochs[job.key] = done

    def on_end(self, job: Job, report: TrialReport | None, status: Status) -> None:
        assert self.session and report
        if status == "complete" and report.rows[-1]["val_loss"] <= self._target:
            self.reached = self.spent
            self.session.fail("reached")
        if self.spent > self._most:
            self.session.fail("too much was spent")


def plan_of(table: CurveTable, trials: int = UNLIMITED, **setting: Any) -> Plan:
    """A study that is this search alone."""
    study = Study("benchmark", "", "", (), (table.search,), figures=())
    code = {table.search.family: "tabulated"}
    shared = Setting("tabulated", 8, recipe_for(table.epochs), Numerics(), code=code)
    facts = DataFacts("made", "made", "tabulated", 8, COUNTS, {})
    budget = Budget(trials, table.epochs, 1, 8)
    return Plan(study, budget, replace(shared, **setting), facts)


def nothing_confirmed(trials: FinishedTrials) -> Mapping[str, int]:
    """A choice is not trained again."""
    return dict.fromkeys(trials.plan.study.labels(), 0)


def search_for(
    table: CurveTable, seed: int, most: float, workers: int = 1, **setting: Any
) -> float | None:
    """Full trainings' worth of epochs until one of the best is trained to its end; None where more
    than `most` full trainings' worth were spent."""
    plan = plan_of(table, seed=seed, **setting)
    target = Target(table.target, most * table.epochs)
    dispatcher = Dispatcher(FinishedTrials(plan, {}), wanted=nothing_confirmed)
    target.session = Session(dispatcher, unrecorded(plan), [target])
    run_simulated(target.session, Lookup(table), workers)
    return None if target.reached is None else target.reached / table.epochs


def whole_search(
    table: CurveTable, trials: int, workers: int = 1, **setting: Any
) -> tuple[FinishedTrials, Simulated]:
    """A search of so many trials to its end."""
    plan = plan_of(table, trials, **setting)
    trials_of = FinishedTrials(plan, {})
    dispatcher = Dispatcher(trials_of, wanted=nothing_confirmed)
    took = run_simulated(Session(dispatcher, unrecorded(plan)), Lookup(table), workers)
    return dispatcher.finished, took
