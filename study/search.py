"""Explore: for each arm Optuna proposes, ASHA stops, validation loss decides."""

import math
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import TrialState, create_trial
from ray.tune.result import TRAINING_ITERATION
from ray.tune.schedulers import AsyncHyperBandScheduler
from ray.tune.search.optuna import OptunaSearch

from hw3.seeds import derive_seed
from study.records import Record
from study.spec import Arm
from study.trainable import EPOCH, METRIC
from study.trial import Job, Setting

SamplerFactory = Callable[[int, Arm, int], BaseSampler]

# name: (seed, arm, trials) -> sampler. A new sampler is a line here.
SAMPLERS: dict[str, SamplerFactory] = {
    # A third of the trials at random: with Optuna's ten a small budget would be all random.
    "tpe": lambda seed, _arm, trials: optuna.samplers.TPESampler(
        seed=seed, n_startup_trials=min(10, math.ceil(trials / 3))
    ),
    "random": lambda seed, _arm, _trials: optuna.samplers.RandomSampler(seed=seed),
    "qmc": lambda seed, _arm, _trials: optuna.samplers.QMCSampler(seed=seed, scramble=True),
    "gp": lambda seed, _arm, trials: optuna.samplers.GPSampler(
        seed=seed, n_startup_trials=min(10, math.ceil(trials / 3))
    ),
    "cmaes": lambda seed, _arm, _trials: optuna.samplers.CmaEsSampler(
        seed=seed, warn_independent_sampling=False
    ),
    "grid": lambda seed, arm, trials: optuna.samplers.GridSampler(
        {name: dimension.grid(_grid_points(arm, trials)) for name, dimension in arm.space.items()},
        seed=seed,
    ),
}

INFEASIBLE = "finite loss"  # the constraint that a diverged trial breaks
CONTROL_EVERY = 4  # every fourth trial runs unpruned, to tell how well a rung predicts the end
# A sampler that converges proposes known points again (a Gaussian process its optimum): after so
# many, points are drawn at random; after so many of those, the space is taken as exhausted.
OWN_REPEATS, RANDOM_REPEATS = 3, 20


class ArmSearch(OptunaSearch):
    """One arm's Optuna study behind Tune's interface, told what really happened.

    OptunaSearch reports a stopped trial as COMPLETE with its last value, and leaves a diverged
    one RUNNING for ever. Here a stopped trial is PRUNED with its intermediate values, a diverged
    one PRUNED as infeasible, a failed one FAIL.
    """

    def __init__(self, arm: Arm, setting: Setting, trials: int, sampler: str):
        self.arm, self.setting, self.trials = arm, setting, trials
        seed = setting.explore_seed(arm)
        self._outcomes: dict[str, Record] = {}
        self._asked: dict[str, Job] = {}
        self._proposed = 0
        self._distributions: dict[str, BaseDistribution] = {
            name: dimension.distribution() for name, dimension in arm.space.items()
        }
        super().__init__(
            space=self._distributions,
            metric=METRIC,
            mode="min",
            sampler=SAMPLERS[sampler](derive_seed(seed, "sampler") % 2**32, arm, trials),
            study_name=arm.name,
        )
        self.exhausted = False
        self._random = optuna.create_study(
            sampler=optuna.samplers.RandomSampler(derive_seed(seed, "random") % 2**32)
        )
        self.scheduler = AsyncHyperBandScheduler(
            time_attr=EPOCH,
            metric=METRIC,
            mode="min",
            max_t=setting.recipe.epochs,
            grace_period=max(1, setting.recipe.epochs // 4),
            reduction_factor=2,
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

    def replay(self, records: Iterable[Record]) -> None:
        """Tell Optuna and ASHA what is finished already, in the order of its suggestion.

        Then enqueue the hand-picked points that are not among it.
        """
        for record in sorted(records, key=lambda record: record.provenance["number"]):
            self._outcomes[record.key] = record
            self._proposed = max(self._proposed, record.provenance["number"] + 1)
            self.study.add_trial(_optuna_trial(record, self._distributions))
            if record.pruned_by == "asha":
                _replay_rungs(self.scheduler, record)
        for params in self.arm.hand_picked:
            if self._job(params).key not in self._outcomes:
                self.study.enqueue_trial(dict(params))

    def propose(self, trial_id: str) -> Job | None:
        """The next trial of the arm; None, and `exhausted`, where its space holds no other."""
        under_way = {job.key for job in self._asked.values()}
        for repeat in range(OWN_REPEATS + RANDOM_REPEATS):
            if repeat >= OWN_REPEATS:
                self.study.enqueue_trial(self._random.ask(self._distributions).params)
            ask_id = f"{trial_id}/{repeat}"
            job = self._job(self.suggest(ask_id) or {})
            if job.key not in self._outcomes and job.key not in under_way:
                self._ot_trials[trial_id] = self._ot_trials.pop(ask_id)
                self._asked[trial_id] = job
                self._proposed += 1
                return job
            self._tell_repeat(ask_id, self._outcomes.get(job.key))
        self.exhausted = True
        return None

    def _job(self, params: Mapping[str, Any]) -> Job:
        config = self.arm.config(params)
        return Job(
            stage="explore",
            point=self.arm.name,
            ingredients=self.setting.ingredients(
                self.arm.family, config, self.setting.explore_seed(self.arm)
            ),
            params=dict(params),
            number=self._proposed,
            prunable=self._proposed % CONTROL_EVERY != 0,
        )

    def _tell_repeat(self, ask_id: str, known: Record | None) -> None:
        """Close a suggestion that is not run, with the known outcome where there is one."""
        value = known.rows[-1][METRIC] if known and known.is_full_length else None
        super().on_trial_complete(ask_id, {METRIC: value})

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        if math.isfinite(result[METRIC]):
            super().on_trial_result(trial_id, result | {TRAINING_ITERATION: result[EPOCH]})

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        self._asked.pop(trial_id)
        status = result["status"] if result else None
        if status == "diverged":
            self._ot_trials[trial_id].set_constraint(INFEASIBLE, 1.0)
        if result and status != "diverged":  # Tune does not pass on a trial's last result
            self.on_trial_result(trial_id, result)
        super().on_trial_complete(trial_id, result if status == "complete" else None, error)

    def learn(self, record: Record) -> None:
        """Keep a finished trial of this arm, for the choice and against repeats."""
        self._outcomes[record.key] = record


def _optuna_trial(
    record: Record, distributions: dict[str, BaseDistribution]
) -> optuna.trial.FrozenTrial:
    """The finished trial as Optuna would hold it, had it watched."""
    states = {"complete": TrialState.COMPLETE, "failed": TrialState.FAIL}
    state = states.get(record.status, TrialState.PRUNED)
    reported = {row["epoch"]: row[METRIC] for row in record.rows if row[METRIC] is not None}
    last = next(reversed(reported.values()), None)  # a pruned trial's value is its last, too
    return create_trial(
        state=state,
        value=None if state == TrialState.FAIL else last,
        params=dict(record.params),
        distributions=distributions,
        intermediate_values=reported,
        constraints={INFEASIBLE: 1.0} if record.status == "diverged" else None,
    )


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


def _grid_points(arm: Arm, trials: int) -> int:
    """Points a dimension so that the grid holds at least `trials` configurations."""
    return max(2, math.ceil(trials ** (1 / len(arm.space))))
