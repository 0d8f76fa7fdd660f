"""The next configuration of a search: Optuna is asked for it, and told how trials end."""

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

import optuna
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import TrialState

from hw3.seeds import derive_seed
from study.search.objective import direction_of
from study.search.optuna_trials import (
    INFEASIBLE,
    is_infeasible,
    optuna_trial,
    reported_values,
    trial_state,
)
from study.search.samplers import SAMPLERS
from study.search.trial import Job, Setting
from study.spec.space import is_searched
from study.spec.study import Search
from study.store.records import Record, record_key

CONTROL_EVERY = 4  # every fourth trial runs unpruned, to tell how well a rung predicts the end
# A sampler may repeat points: a converged one proposes its optimum again, one that follows a
# sequence starts it again after a crash. After as many repeats as there are known points, points
# are drawn at random; after so many random repeats, the space is taken as exhausted.
RANDOM_REPEATS = 20


class Explorer:
    """A search in progress, around an Optuna study.

    A stopped trial is PRUNED with its intermediate values, a diverged one PRUNED as infeasible, a
    failed one FAIL. The study lives in memory and is derived from the records.

    Args:
        search: what is searched.
        setting: what all trials of the run share.
        trials: maximum number of trials.
        records: the search's finished trials, told to Optuna in the order of their proposal.
        unfinished: trials that were under way when the last run ended: proposed first, then the
            hand-picked points that are in neither.

    Attributes:
        study: the Optuna study.
        exhausted: whether the space holds no other point, or no other is wanted.
    """

    def __init__(
        self,
        search: Search,
        setting: Setting,
        trials: int,
        records: Iterable[Record] = (),
        unfinished: Iterable[Job] = (),
    ):
        self.search, self.setting, self.trials = search, setting, trials
        self.exhausted = False
        self._sampler_kind = SAMPLERS[setting.sampler]
        self._finished: dict[str, Record] = {}  # by key
        self._asked: dict[str, tuple[Job, optuna.Trial]] = {}  # trials under way, by key
        self.study = optuna.create_study(
            sampler=self._make_sampler(),
            study_name=search.name,
            direction=direction_of(setting.objective),
        )
        for record in sorted(records, key=lambda record: record.provenance["number"]):
            self._finished[record.key] = record
            self.study.add_trial(optuna_trial(search, record, setting.objective))
        self._unfinished = sorted(unfinished, key=lambda job: job.number or 0)
        for params in (*(job.params for job in self._unfinished), *search.hand_picked):
            if self._key(params) not in self._finished:
                self.study.enqueue_trial(dict(params), skip_if_exists=True)

    @property
    def remaining(self) -> int:
        """Trials that may still be proposed."""
        if self.exhausted:
            return 0
        return max(0, self.trials - len(self._finished) - len(self._asked))

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to propose and nothing under way."""
        return not self.remaining and not self._asked

    def propose(self) -> Job | None:
        """The next trial; None, and `exhausted`, where the space holds no other."""
        known = {*self._finished, *self._asked}
        number = self._next_number()
        for repeat in range(len(known) + 1 + RANDOM_REPEATS):
            if self._sampler_kind.renewed:
                self.study.sampler = self._make_sampler(number, repeat)
            if repeat > len(known):
                self.study.enqueue_trial(self._draw(number, repeat))
            trial = self._ask(self.study)
            if self._key(trial.params) not in known:
                job = self._take(trial.params, number)
                self._asked[job.key] = job, trial
                return job
            self.study.tell(trial, state=TrialState.FAIL)  # Optuna learns nothing from a repeat
        self.exhausted = True
        return None

    def finish(self, record: Record) -> None:
        """Tell Optuna how a trial under way ended; keep it for the choice and against repeats."""
        _, trial = self._asked.pop(record.key)
        objective = self.setting.objective
        if is_infeasible(record, objective):
            trial.set_constraint(INFEASIBLE, 1.0)
        reported = reported_values(record, objective)
        for epoch, value in reported.items():
            trial.report(value, epoch)
        state = trial_state(record, objective)
        value = reported[max(reported)] if state == TrialState.COMPLETE else None
        self.study.tell(trial, value, state=state)
        self._finished[record.key] = record

    def requeue(self, job: Job) -> None:
        """Propose the trial again, under its number: it ended without a result."""
        _, trial = self._asked.pop(job.key)
        self.study.tell(trial, state=TrialState.FAIL)
        self._unfinished.append(job)
        self.study.enqueue_trial(job.params)

    def _next_number(self) -> int:
        """The least number that no trial of the search has, finished or not."""
        taken = {record.provenance["number"] for record in self._finished.values()}
        taken |= {job.number for job, _ in self._asked.values()}
        taken |= {job.number for job in self._unfinished}
        return next(number for number in count() if number not in taken)

    def _take(self, params: Mapping[str, Any], number: int) -> Job:
        """The job at a point: an interrupted one of the same key, else a new one."""
        key = self._key(params)
        for job in self._unfinished:
            if job.key == key:
                self._unfinished.remove(job)
                return job
        return Job(
            stage="explore",
            candidate=self.search.name,
            ingredients=self._ingredients(params),
            params=dict(params),
            number=number,
            prunable=number % CONTROL_EVERY != 0,
        )

    def _ingredients(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return self.setting.explore_ingredients(self.search, self.search.config(params))

    def _key(self, params: Mapping[str, Any]) -> str:
        return record_key(self._ingredients(params))

    def _stream_seed(self, *names: str | int) -> int:
        """A seed below the search's, as 32 bits, which is what samplers take."""
        return derive_seed(self.setting.explore_seed(self.search), *names) % 2**32

    def _make_sampler(self, *names: int) -> BaseSampler:
        seed = self._stream_seed("sampler", *names)
        return self._sampler_kind.make(seed, self.search, self.trials)

    def _draw(self, *names: int) -> dict[str, Any]:
        """A point of the space, uniform."""
        sampler = RandomSampler(self._stream_seed("random", *names))
        return self._ask(optuna.create_study(sampler=sampler)).params

    def _ask(self, study: optuna.Study) -> optuna.Trial:
        """A trial of Optuna's, at what it proposes for each dimension that is searched there."""
        trial = study.ask()
        point: dict[str, Any] = {}
        for name, dimension in self.search.space.items():
            if is_searched(dimension, point):
                point[name] = dimension.suggest(trial, name)
        return trial
