"""Explore: for each arm Optuna proposes, ASHA stops, validation loss decides."""

from collections.abc import Iterable, Mapping
from itertools import count
from types import SimpleNamespace
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from ray.air.constants import TRAINING_ITERATION
from ray.tune.schedulers import AsyncHyperBandScheduler
from ray.tune.search.optuna import OptunaSearch

from hw3.seeds import derive_seed
from study.search.optuna_trials import INFEASIBLE, optuna_trial
from study.search.samplers import SAMPLERS
from study.search.trial import EPOCH, GRACE, METRIC, REDUCTION, Job, Setting
from study.spec.study import Arm
from study.store.records import Record, record_key

CONTROL_EVERY = 4  # every fourth trial runs unpruned, to tell how well a rung predicts the end
# A sampler may propose known points again: one that converges its optimum, one that walks along a
# sequence its beginning, after a crash. Beyond as many repeats as there are known points, points
# are drawn at random; after so many of those, the space is taken as exhausted.
RANDOM_REPEATS = 20


class ArmSearch(OptunaSearch):
    """One arm's Optuna study behind Tune's interface, told what really happened.

    OptunaSearch reports a stopped trial as COMPLETE with its last value, and leaves a diverged
    one RUNNING for ever. Here a stopped trial is PRUNED with its intermediate values, a diverged
    one PRUNED as infeasible, a failed one FAIL.
    """

    def __init__(self, arm: Arm, setting: Setting, trials: int):
        self.arm, self.setting, self.trials = arm, setting, trials
        self.exhausted = False
        self._sampler_kind = SAMPLERS[setting.sampler]
        self._outcomes: dict[str, Record] = {}  # finished trials by key
        self._asked: dict[str, Job] = {}  # trials under way by Tune's trial id
        self._reported: dict[str, int] = {}  # epochs that Optuna knows by Tune's trial id
        self._unfinished: list[Job] = []  # trials that were under way when the last run ended
        self._distributions: dict[str, BaseDistribution] = {
            name: dimension.distribution() for name, dimension in arm.space.items()
        }
        super().__init__(
            space=self._distributions,
            metric=METRIC,
            mode="min",
            sampler=self._make_sampler(),
            study_name=arm.name,
        )
        self.scheduler = AsyncHyperBandScheduler(
            time_attr=EPOCH,
            metric=METRIC,
            mode="min",
            max_t=setting.recipe.epochs,
            grace_period=-(-setting.recipe.epochs // GRACE),
            reduction_factor=REDUCTION,
        )

    @property
    def study(self) -> optuna.Study:
        """The arm's Optuna study, in memory and derived from the records."""
        assert self._ot_study is not None
        return self._ot_study

    @property
    def remaining(self) -> int:
        """Trials that the arm may still propose."""
        if self.exhausted:
            return 0
        return max(0, self.trials - len(self._outcomes) - len(self._asked))

    @property
    def is_over(self) -> bool:
        """Whether the arm has nothing left to propose and nothing under way."""
        return not self.remaining and not self._asked

    def replay(self, records: Iterable[Record], unfinished: Iterable[Job] = ()) -> None:
        """Take up what an earlier run left.

        Tells Optuna and ASHA the finished trials, in the order of their suggestion. The trials
        that were under way will be proposed first, then the hand-picked points that are in
        neither.
        """
        for record in sorted(records, key=lambda record: record.provenance["number"]):
            self._outcomes[record.key] = record
            self.study.add_trial(optuna_trial(self.arm, record))
            if record.pruned_by == "asha":
                _replay_rungs(self.scheduler, record)
        self._unfinished = sorted(unfinished, key=lambda job: job.number or 0)
        for params in (*(job.params for job in self._unfinished), *self.arm.hand_picked):
            if self._key(params) not in self._outcomes:
                self.study.enqueue_trial(dict(params), skip_if_exists=True)

    def propose(self, trial_id: str) -> Job | None:
        """The next trial of the arm; None, and `exhausted`, where its space holds no other."""
        known = {*self._outcomes, *(job.key for job in self._asked.values())}
        number = self._next_number()
        for repeat in range(len(known) + 1 + RANDOM_REPEATS):
            if self._sampler_kind.renewed:
                self.study.sampler = self._make_sampler(number, repeat)
            if repeat > len(known):
                self.study.enqueue_trial(self._draw(number, repeat))
            ask_id = f"{trial_id}/{repeat}"
            params = self.suggest(ask_id) or {}
            if self._key(params) not in known:
                self._ot_trials[trial_id] = self._ot_trials.pop(ask_id)
                self._asked[trial_id] = self._take(params, number)
                return self._asked[trial_id]
            super().on_trial_complete(ask_id, error=True)  # Optuna learns nothing from a repeat
        self.exhausted = True
        return None

    def _next_number(self) -> int:
        """The least number that no trial of the arm has, finished or not."""
        taken = {record.provenance["number"] for record in self._outcomes.values()}
        taken |= {job.number for job in (*self._asked.values(), *self._unfinished)}
        return next(number for number in count() if number not in taken)

    def _take(self, params: Mapping[str, Any], number: int) -> Job:
        """The trial at a point: the unfinished one if it is one, else a new one."""
        key = self._key(params)
        for job in self._unfinished:
            if job.key == key:
                self._unfinished.remove(job)
                return job
        return Job(
            stage="explore",
            point=self.arm.name,
            ingredients=self._ingredients(params),
            params=dict(params),
            number=number,
            prunable=number % CONTROL_EVERY != 0,
        )

    def _ingredients(self, params: Mapping[str, Any]) -> dict[str, Any]:
        config, seed = self.arm.config(params), self.setting.explore_seed(self.arm)
        return self.setting.ingredients(self.arm.family, config, seed)

    def _key(self, params: Mapping[str, Any]) -> str:
        return record_key(self._ingredients(params))

    def _stream_seed(self, *names: str | int) -> int:
        """A seed below the arm's, as 32 bits, which is what samplers take."""
        return derive_seed(self.setting.explore_seed(self.arm), *names) % 2**32

    def _make_sampler(self, *names: int) -> BaseSampler:
        return self._sampler_kind.make(self._stream_seed("sampler", *names), self.arm, self.trials)

    def _draw(self, *names: int) -> dict[str, Any]:
        """A point of the space, uniform."""
        sampler = RandomSampler(self._stream_seed("random", *names))
        return optuna.create_study(sampler=sampler).ask(self._distributions).params

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Report to Optuna every epoch that it does not know; a resumed trial has several."""
        known_epochs = self._reported.get(trial_id, 0)
        for row in result["rows"][known_epochs:]:
            if row[METRIC] is not None:
                known = {TRAINING_ITERATION: row[EPOCH], METRIC: row[METRIC]}
                super().on_trial_result(trial_id, known)
        self._reported[trial_id] = max(known_epochs, len(result["rows"]))

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        self._asked.pop(trial_id)
        status = result["status"] if result else None
        if status == "diverged":
            self._ot_trials[trial_id].set_constraint(INFEASIBLE, 1.0)
        if result:  # Tune does not pass on a trial's last result
            self.on_trial_result(trial_id, result)
        super().on_trial_complete(trial_id, result if status == "complete" else None, error)

    def take_back(self, job: Job) -> None:
        """Propose the trial once more, under its number: it ended without a result."""
        self._unfinished.append(job)
        self.study.enqueue_trial(job.params)

    def learn(self, record: Record) -> None:
        """Keep a finished trial of this arm, for the choice and against repeats."""
        self._outcomes[record.key] = record


def _replay_rungs(scheduler: AsyncHyperBandScheduler, record: Record) -> None:
    """Put the trial's values into ASHA's rungs, through the doors that Tune itself uses."""
    trial: Any = SimpleNamespace(trial_id=record.key)
    controller: Any = None  # ASHA does not look at it
    scheduler.on_trial_add(controller, trial)
    for row in record.rows:
        if row[METRIC] is not None:
            result = {EPOCH: row["epoch"], METRIC: row[METRIC]}
            scheduler.on_trial_result(controller, trial, result)
    scheduler.on_trial_remove(controller, trial)
