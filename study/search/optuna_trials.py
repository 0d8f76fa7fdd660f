"""Finished trials as Optuna holds them: for a search that resumes, and as a database to look at."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from study.search.hyperparameters import BY_EPOCHS, complete_config, complete_values
from study.search.objective import direction_of, value_of
from study.search.trial import Job, config_of
from study.spec.search import Search
from study.spec.space import is_searched
from study.spec.study import LOSS
from study.store.records import Record

INFEASIBLE = "finite loss"  # the constraint that a trial without a score at its end breaks


def trial_state(record: Record, objective: str) -> TrialState:
    """How Optuna calls the end of the trial: one that was stopped or diverged, or that has no score
    at its end, is PRUNED."""
    if record.status == "failed":
        return TrialState.FAIL
    complete = record.status == "complete" and value_of(objective, record.rows[-1]) is not None
    return TrialState.COMPLETE if complete else TrialState.PRUNED


def is_infeasible(record: Record, objective: str) -> bool:
    """Whether the trial ended without a score."""
    ended = record.status == "complete" and value_of(objective, record.rows[-1]) is None
    return ended or record.status == "diverged"


def reported_values(record: Record, objective: str) -> dict[int, float]:
    """What was optimised by epoch, where it is a number."""
    values = {row["epoch"]: value_of(objective, row) for row in record.rows}
    return {epoch: value for epoch, value in values.items() if value is not None}


def optuna_trial(search: Search, record: Record, objective: str = LOSS) -> FrozenTrial:
    """The search's finished trial as Optuna would hold it, had it watched."""
    state, reported = trial_state(record, objective), reported_values(record, objective)
    last = next(reversed(reported.values()), None)  # a pruned trial's value is its last, too
    values = None if state == TrialState.FAIL or last is None else [last]
    return create_trial(
        state=state,
        values=values,
        params=dict(record.params),
        distributions=distributions_at(search, record.params),
        intermediate_values=reported,
        constraints={INFEASIBLE: 1.0} if is_infeasible(record, objective) else None,
    )


def is_point(search: Search, trial: Record | Job) -> bool:
    """Whether the trial's params are a point of the search's space and give its configuration."""
    params = dict(trial.params)
    try:
        distributions = distributions_at(search, params)
        create_trial(state=TrialState.FAIL, params=params, distributions=distributions)
        values = complete_values(search.family, search.config(params))
    except (TypeError, ValueError):
        return False
    names = {*complete_config(search.family, {}), *search.names}
    wanted = {name: value for name, value in values.items() if name in names}
    found = config_of(search, trial)
    if BY_EPOCHS not in wanted:  # then it is whatever the run's recipe says
        found.pop(BY_EPOCHS, None)
    return found == wanted


def distributions_at(search: Search, params: Mapping[str, Any]) -> dict[str, BaseDistribution]:
    """Those of what is searched at a point."""
    return {
        name: dimension.distribution()
        for name, dimension in search.space.items()
        if is_searched(dimension, params)
    }


def optuna_database(
    searches: Sequence[tuple[Search, Sequence[Record]]], objective: str = LOSS
) -> bytes:
    """A SQLite file with an Optuna study for each search; equal records give equal bytes.

    Args:
        searches: each search with its finished trials, in the order of their proposal. A trial
            names its record in its user attributes, and has that record's times, in UTC.
        objective: what they optimise.
    """
    with quiet():
        storage = RDBStorage("sqlite://")  # in memory, and this thread's alone
        for search, records in searches:
            study = optuna.create_study(
                storage=storage, study_name=search.name, direction=direction_of(objective)
            )
            study.add_trials([dated_trial(search, record, objective) for record in records])
    connection: Any = storage.engine.raw_connection().driver_connection
    content = connection.serialize()
    storage.engine.dispose()
    return content


def dated_trial(search: Search, record: Record, objective: str = LOSS) -> FrozenTrial:
    """The `optuna_trial` that names its record, and has that record's times."""
    trial = optuna_trial(search, record, objective)
    trial.set_user_attr("record", record.key)
    end = _finished(record.provenance)
    if end is not None:
        trial.datetime_complete = end
        trial.datetime_start = end - timedelta(seconds=sum(row["seconds"] for row in record.rows))
    return trial


def _finished(provenance: Mapping[str, Any]) -> datetime | None:
    """When the trial ended: UTC without a time zone, which is how Optuna keeps times."""
    said = provenance.get("finished")
    return said and datetime.fromisoformat(said).astimezone(UTC).replace(tzinfo=None)


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Optuna's line about each study that it makes."""
    before = optuna.logging.get_verbosity()
    if before < optuna.logging.WARNING:  # to set it takes as long as a small proposal
        optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        if before < optuna.logging.WARNING:
            optuna.logging.set_verbosity(before)
