"""One session of a small plan, on any executor."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from hw3.numerics import Numerics
from hw3.splits import Splits
from study.cluster.resources import Resources
from study.pool.dispatch import Dispatcher
from study.pool.fusing import Fusing, no_fusing
from study.pool.inline import run_inline
from study.pool.recorder import Recorder
from study.pool.session import Session
from study.pool.tuner import run_on_ray
from study.search.choose import FinishedTrials
from study.search.plan import Plan, make_setting
from study.spec.budget import Budget
from study.spec.study import Study
from study.store.checkpoints import CheckpointStore
from study.store.folder import LocalFolder
from study.store.records import RecordStore
from tests.made import plan_of


def plan_on(study: Study, data: Splits, budget: Budget, **changes: Any) -> Plan:
    """The study's plan on this data."""
    sampler = changes.pop("sampler", "tpe")
    setting = make_setting(
        data, budget, Numerics(), seed=0, sampler=sampler, objective=study.objective
    )
    return plan_of(study, replace(setting, **changes), budget)


def on_ray(
    concurrent: int = 1, epoch_timeout: float = 600.0, cpus: float | None = None
) -> Callable:
    """Executor: Ray's workers; needs a running Ray."""
    resources = Resources(cpus or 1 / concurrent, 0, concurrent)
    return partial(run_on_ray, resources=resources, epoch_timeout=epoch_timeout)


def run_session(
    plan: Plan,
    data: Splits,
    results: Path,
    execute: Callable = run_inline,
    observers: Sequence[Any] = (),
    fusing: Fusing = no_fusing,
) -> tuple[FinishedTrials, Dispatcher]:
    """Run what is not recorded in the folder yet; nothing of the trials under way is left.

    Returns:
        The folder's trials, as they are read again, and what decided.
    """
    store = RecordStore(LocalFolder(results))
    checkpoints = CheckpointStore(LocalFolder(results / plan.study.name / "checkpoints"))
    dispatcher = Dispatcher(FinishedTrials(plan, {record.key: record for record in store}))
    recorder = Recorder(store, checkpoints, plan)
    if any(dispatcher.remaining().values()):
        execute(Session(dispatcher, recorder, observers, fusing), data, checkpoints)
        recorder.forget_stopped()
    assert checkpoints.folder.names() == []
    return FinishedTrials(plan, {record.key: record for record in store}), dispatcher


def timeless(record):
    """A record without what no two runs share."""
    rows = [{**row, "seconds": None} for row in record.rows]
    provenance = {k: v for k, v in record.provenance.items() if k != "finished"}
    return {**vars(record), "rows": rows, "provenance": provenance}
