"""What others use for a search, on curves that are looked up, one trial at a time.

All have the documented defaults of their libraries and the same dimensions, whole numbers as whole
numbers. None needs a cluster: Ray's and Syne Tune's parts are called in the order in which their
own loops call them.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import count
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np
import optuna
from optuna.pruners import BasePruner, HyperbandPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler
from optuna.trial import TrialState
from ray.tune.schedulers import ASHAScheduler, TrialScheduler
from ray.tune.search.optuna import OptunaSearch

from benchmarks.search.tables import CurveTable
from study.spec.space import Choice, Float, Int

EPOCH, LOSS = "training_iteration", "loss"
CONTROLLER: Any = None  # Tune's; ASHA does not look at it
SYNE_TUNE = "syne_tune"

Seeded = Callable[[int], BaseSampler]  # a sampler by its seed


class Peer(Protocol):
    """A search with one trial under way."""

    def begin(self) -> Mapping[str, Any]:
        """The point of the next trial."""
        ...

    def stops(self, epoch: int, loss: float) -> bool:
        """Whether the trial ends after this epoch."""
        ...

    def end(self, epoch: int, loss: float) -> None:
        """The trial ended after this epoch, stopped or at its full length."""
        ...


class OptunaAlone:
    """Optuna's ask and tell; every epoch is reported where there is a pruner."""

    def __init__(
        self, table: CurveTable, seed: int, sampler: Seeded, pruner: BasePruner | None = None
    ):
        self._epochs, self._prunes = table.epochs, pruner is not None
        self._space = {name: one.distribution() for name, one in table.search.space.items()}
        # Hyperband's brackets follow from the study's name, which is random by default.
        self.study = optuna.create_study(
            study_name=f"{table.name} {seed}", sampler=sampler(seed), pruner=pruner or NopPruner()
        )

    def begin(self) -> Mapping[str, Any]:
        self._trial = self.study.ask(self._space)
        return self._trial.params

    def stops(self, epoch: int, loss: float) -> bool:
        if not self._prunes:
            return False
        self._trial.report(loss, epoch)
        return self._trial.should_prune()

    def end(self, epoch: int, loss: float) -> None:
        if epoch == self._epochs:
            self.study.tell(self._trial, loss)
        else:
            self.study.tell(self._trial, state=TrialState.PRUNED)


class RayTune:
    """`OptunaSearch` and `ASHAScheduler`, as Ray's documentation combines them."""

    def __init__(self, table: CurveTable, seed: int, sampler: Seeded | None = None):
        space = {name: one.distribution() for name, one in table.search.space.items()}
        chosen = {"sampler": sampler(seed)} if sampler else {"seed": seed}
        self.search = OptunaSearch(space, metric=LOSS, mode="min", **chosen)
        self._asha = ASHAScheduler(
            EPOCH, LOSS, "min", max_t=table.epochs, grace_period=1, reduction_factor=4
        )
        self._ids = count()

    @property
    def study(self) -> optuna.Study:
        """The study inside."""
        return self.search._ot_study

    def begin(self) -> Mapping[str, Any]:
        self._trial: Any = SimpleNamespace(trial_id=str(next(self._ids)))
        point = self.search.suggest(self._trial.trial_id)
        assert point is not None
        self._asha.on_trial_add(CONTROLLER, self._trial)
        return point

    def stops(self, epoch: int, loss: float) -> bool:
        result = {EPOCH: epoch, LOSS: loss}
        if self._asha.on_trial_result(CONTROLLER, self._trial, result) == TrialScheduler.STOP:
            return True
        self.search.on_trial_result(self._trial.trial_id, result)
        return False

    def end(self, epoch: int, loss: float) -> None:
        result = {EPOCH: epoch, LOSS: loss}
        self._asha.on_trial_complete(CONTROLLER, self._trial, result)
        self.search.on_trial_complete(self._trial.trial_id, result)


class SyneTune:
    """One of Syne Tune's multi-fidelity baselines by its name.

    Raises:
        MissingPeer: the package is not installed.
    """

    def __init__(self, table: CurveTable, seed: int, baseline: str):
        if find_spec(SYNE_TUNE) is None:
            raise MissingPeer("it needs Syne Tune: pip install syne-tune")
        self._epochs = table.epochs
        np.random.seed(seed)  # noqa: NPY002 (its searchers draw from the global generator too)
        self._scheduler = getattr(import_module(f"{SYNE_TUNE}.optimizer.baselines"), baseline)(
            _syne_space(table), LOSS, time_attr=EPOCH, max_t=table.epochs, random_seed=seed
        )
        self._trial_class = import_module(f"{SYNE_TUNE}.backend.trial_status").Trial
        self._ids = count()

    def begin(self) -> Mapping[str, Any]:
        config = self._scheduler.suggest().config
        self._trial = self._trial_class(next(self._ids), config, datetime.now())
        self._scheduler.on_trial_add(self._trial)
        return config

    def stops(self, epoch: int, loss: float) -> bool:
        return self._scheduler.on_trial_result(self._trial, {EPOCH: epoch, LOSS: loss}) == "STOP"

    def end(self, epoch: int, loss: float) -> None:
        del epoch, loss  # at full length too, Syne Tune's ASHA has said that the trial stops
        self._scheduler.on_trial_remove(self._trial)


class MissingPeer(Exception):
    """A peer cannot run here; in a sentence."""


def _syne_space(table: CurveTable) -> dict[str, Any]:
    spaces = import_module(f"{SYNE_TUNE}.config_space")
    space: dict[str, Any] = {}
    for name, one in table.search.space.items():
        if isinstance(one, Choice):
            space[name] = spaces.choice(list(one.values))
        elif isinstance(one, Int):
            space[name] = (spaces.lograndint if one.log else spaces.randint)(one.low, one.high)
        else:
            assert isinstance(one, Float)
            space[name] = (spaces.loguniform if one.log else spaces.uniform)(one.low, one.high)
    return space


def cost_of(peer: Peer, table: CurveTable, most: float) -> float | None:
    """Full trainings' worth of epochs until one of the best is trained to its end; None where that
    would be more than `most`."""
    spent, limit = 0, most * table.epochs
    while True:
        epoch, loss = train(peer, table)
        spent += epoch
        if spent > limit:
            return None
        if epoch == table.epochs and loss <= table.target:
            return spent / table.epochs


def train(peer: Peer, table: CurveTable) -> tuple[int, float]:
    """One trial: its last epoch and the loss there."""
    losses = table.losses(peer.begin()).tolist()
    for epoch, loss in enumerate(losses, start=1):
        if peer.stops(epoch, loss) or epoch == table.epochs:
            peer.end(epoch, loss)
            return epoch, loss
    raise AssertionError("a training has an epoch")


def _optuna(
    sampler: Seeded,
    pruner: Callable[[CurveTable], BasePruner] | None,
    table: CurveTable,
    seed: int,
    most: float,
) -> float | None:
    made = pruner(table) if pruner else None
    return cost_of(OptunaAlone(table, seed, sampler, made), table, most)


def _ray(sampler: Seeded | None, table: CurveTable, seed: int, most: float) -> float | None:
    return cost_of(RayTune(table, seed, sampler), table, most)


def _syne(baseline: str, table: CurveTable, seed: int, most: float) -> float | None:
    return cost_of(SyneTune(table, seed, baseline), table, most)


def _tpe(seed: int) -> BaseSampler:
    return TPESampler(seed=seed)


def _gp(seed: int) -> BaseSampler:
    return GPSampler(seed=seed)


def _halving(_table: CurveTable) -> BasePruner:
    return SuccessiveHalvingPruner()


def _hyperband(table: CurveTable) -> BasePruner:
    return HyperbandPruner(max_resource=table.epochs)


# Each by (table, seed, most), as `benchmarks.search.ours.search_for`.
PEERS: dict[str, Callable[[CurveTable, int, float], float | None]] = {
    "random_full": partial(_optuna, RandomSampler, None),
    "random_asha": partial(_ray, RandomSampler),
    "optuna_tpe": partial(_optuna, _tpe, None),
    "optuna_gp": partial(_optuna, _gp, None),
    "optuna_tpe_halving": partial(_optuna, _tpe, _halving),
    "optuna_tpe_hyperband": partial(_optuna, _tpe, _hyperband),
    "ray_tpe_asha": partial(_ray, None),
    "syne_asha": partial(_syne, "ASHA"),
    "syne_bohb": partial(_syne, "BOHB"),
}
