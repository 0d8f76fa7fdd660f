"""Points of a search's space, proposed by Optuna: by a study that is made for this one proposal
from what is known, or by one that is kept, where the sampler follows a sequence.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import numpy as np
import optuna
import torch
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from scipy.special import ndtri
from scipy.stats import rankdata

from study.search.objective import direction_of
from study.search.optuna_trials import optuna_trial, quiet
from study.spec.search import Search
from study.spec.space import Choice, Dimension, Float, If, Int, is_searched
from study.store.records import Record

Point = Mapping[str, Any]


def propose_point(
    search: Search,
    sampler: BaseSampler,
    points: Sequence[Point],
    ranks: np.ndarray,
    running: Sequence[Point],
    costs: np.ndarray | None = None,
) -> dict[str, Any]:
    """What the sampler proposes when it knows this much.

    Args:
        points: of trials that have ended.
        ranks: of each, less is better; inf for one that is worse than every other.
        running: points of trials under way.
        costs: of each that has ended, where the search has a front.
    """
    objectives = [ranks] if costs is None else [ranks, costs]
    scores = np.stack([_normal_scores(values) for values in objectives], axis=1)
    relaxed = {name: _relaxed(dimension) for name, dimension in search.space.items()}
    told = [
        _trial(relaxed, point, TrialState.COMPLETE, values)
        for point, values in zip(points, scores.tolist(), strict=True)
    ]
    under_way = [_trial(relaxed, point, TrialState.RUNNING) for point in running]
    with _one_quiet_thread():
        directions = [StudyDirection.MINIMIZE] * len(objectives)
        study = optuna.create_study(sampler=sampler, directions=directions)
        study.add_trials([*told, *under_way])
        return _ask_relaxed(search, study)


def _normal_scores(values: np.ndarray) -> np.ndarray:
    """The normal distribution's quantiles in the place of the values, which may be infinite: a
    single loss a hundred times the others' would flatten a Gaussian process."""
    return ndtri((rankdata(values) - 0.5) / len(values)) if len(values) else values


def draw_point(search: Search, seed: int) -> dict[str, Any]:
    """A point of the space, uniform."""
    with quiet():
        return _ask(search, optuna.create_study(sampler=RandomSampler(seed))).params


class SequenceStudy:
    """A study that is kept from one proposal to the next.

    Args:
        make: makes the sampler.
        objective: what the search optimises.
    """

    def __init__(self, search: Search, make: Callable[[], BaseSampler], objective: str):
        self._search, self._objective = search, objective
        self._asked: list[optuna.Trial] = []
        with _one_quiet_thread():
            self._study = optuna.create_study(sampler=make(), direction=direction_of(objective))

    def next_point(self) -> dict[str, Any]:
        """The sampler's next proposal."""
        trial = _ask(self._search, self._study)
        self._asked.append(trial)
        return trial.params

    def tell(self, record: Record) -> None:
        """How a trial ended, proposed here or not."""
        told = optuna_trial(self._search, record, self._objective)
        for trial in self._asked:
            if trial.params == told.params:
                self._asked.remove(trial)
                for epoch, value in told.intermediate_values.items():
                    trial.report(value, epoch)
                complete = told.state == TrialState.COMPLETE
                self._study.tell(trial, told.value if complete else None, state=told.state)
                return
        self._study.add_trial(told)


def _ask(search: Search, study: optuna.Study) -> optuna.Trial:
    """A trial of Optuna's, at what it proposes for each dimension that is searched there."""
    trial = study.ask()
    point: dict[str, Any] = {}
    for name, dimension in search.space.items():
        if is_searched(dimension, point):
            point[name] = dimension.suggest(trial, name)
    return trial


def _ask_relaxed(search: Search, study: optuna.Study) -> dict[str, Any]:
    """A proposal, whole numbers of which were searched as real ones and then rounded: to Optuna's
    samplers the probability of a whole number is an integral, which took most of a proposal."""
    trial = study.ask()
    point: dict[str, Any] = {}
    for name, dimension in search.space.items():
        if is_searched(dimension, point):
            point[name] = _suggest_relaxed(trial, name, dimension)
    return point


def _suggest_relaxed(trial: optuna.Trial, name: str, dimension: Dimension) -> Any:
    plain = _unconditional(dimension)
    if not isinstance(plain, Int):
        return plain.suggest(trial, name)
    value = _widened(plain).suggest(trial, name)
    return min(max(round(value), plain.low), plain.high)


def _relaxed(dimension: Dimension) -> BaseDistribution:
    plain = _unconditional(dimension)
    return (_widened(plain) if isinstance(plain, Int) else plain).distribution()


def _unconditional(dimension: Dimension) -> Float | Int | Choice:
    return dimension.then if isinstance(dimension, If) else dimension


def _widened(whole: Int) -> Float:
    """Real numbers, of which as many are rounded to the ends of the range as to what is between."""
    return Float(whole.low - 0.5, whole.high + 0.5, whole.log)


class _Told(FrozenTrial):
    """A trial that a study is told of, and nobody changes."""

    def __deepcopy__(self, _memo: Any) -> "_Told":
        """Of all its parts, a study would take half of the time of a proposal."""
        twin = object.__new__(_Told)
        vars(twin).update(vars(self))
        return twin

    def _validate(self) -> None:
        """It is made valid; to check it again at every proposal would take a tenth of the time."""


def _trial(
    relaxed: Mapping[str, BaseDistribution],
    point: Point,
    state: TrialState,
    values: list[float] | None = None,
) -> _Told:
    now = datetime.now()
    return _Told(
        number=-1,  # the study gives it one
        trial_id=-1,
        state=state,
        value=None,
        values=values,
        datetime_start=now,
        datetime_complete=now if state.is_finished() else None,
        params=dict(point),
        distributions={name: relaxed[name] for name in point},
        user_attrs={},
        system_attrs={},
        intermediate_values={},
    )


@contextmanager
def _one_quiet_thread() -> Iterator[None]:
    """A Gaussian process of fifty points is several times slower on two threads than on one; and
    Optuna calls some of its samplers experimental, of which a user has no choice."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            yield
    finally:
        torch.set_num_threads(threads)
