"""What one trial is: the ingredients that decide its numbers, and the job a worker is given."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import count, takewhile
from typing import Any, Literal

from hw3.engine import Recipe
from hw3.numerics import Numerics
from hw3.seeds import derive_seed
from study.search.code import code_digests
from study.search.hyperparameters import (
    config_ingredient,
    recipe_ingredient,
    recipe_of,
    recorded_config,
    recorded_values,
)
from study.search.objective import is_extra, metric_of
from study.spec.search import Search
from study.spec.study import LOSS
from study.store.reading import read_record
from study.store.records import Ingredients, Record, record_key

EPOCH = "epoch"
REDUCTION_FACTOR = 3  # of successive halving: each rung keeps the best third

TIMED = "timed_epochs"  # an ingredient of trainings that are there to be timed
TIMED_EPOCHS = 2  # the first warms up, the last counts
MEASURED = "measured"  # an ingredient of trials that are scored by a metric at each epoch
RESAMPLING = "resampling"  # an ingredient of trials on a split that is drawn from their seed
UNKNOWN_CODE = {"engine": 2}  # what records of versions up to 0.2 hold in the place of their code

Stage = Literal["explore", "confirm", "timing"]


def rung_epochs(epochs: int) -> list[int]:
    """The epochs after which a trial may be stopped, in ascending order: a third of a full-length
    trial's, a ninth, and so on, rounded up.

    Args:
        epochs: full length of a trial, from 1.
    """
    parts = takewhile(lambda part: epochs >= part, (REDUCTION_FACTOR**k for k in count(1)))
    return sorted({-(-epochs // part) for part in parts})


@dataclass(frozen=True)
class Setting:
    """What all trials of one run share.

    Attributes:
        data: fingerprint of the data set at `image_size`.
        image_size: side of the images in pixels.
        recipe: how models are trained where their configurations say nothing else.
        numerics: how the numbers are computed.
        seed: the base of every seed of the run.
        sampler: a key of `study.search.samplers.SAMPLERS`; part of a search's identity, not of a
            confirmed trial's.
        trials: maximum number of trials per search where the sampler's proposals depend on it,
            which makes it a part of the search's identity; 0 where they do not.
        code: of the code that trains it, by family, `study.search.code.code_digest`. Empty in
            plans of versions up to 0.2, whose records do not know their code.
        resampling: of the code that draws a split for each confirmation seed,
            `study.search.code.resampling_digest`. Empty where all use the source's own.
        objective: what searches optimise, `Study.objective`; part of a search's identity where it
            is not the validation loss.
        reproducible: whether searches give equal trials whatever the number of workers, and
            whatever was interrupted; part of a search's identity where they do.
        measured: of the code of its metric, `study.search.code.metric_digest`, where that is not in
            every epoch's row; else empty.
    """

    data: str
    image_size: int
    recipe: Recipe
    numerics: Numerics = field(default_factory=Numerics)
    seed: int = 0
    sampler: str = "auto"
    trials: int = 0
    code: Mapping[str, str] = field(default_factory=code_digests)
    resampling: str = ""
    objective: str = LOSS
    measured: str = ""
    reproducible: bool = False

    def ingredients(self, family: str, config: Mapping[str, Any], seed: int) -> dict[str, Any]:
        """Everything that decides a trial's numbers, as JSON can hold it; no names.

        Args:
            config: hyper-parameters that differ from the defaults, the model's and the recipe's.

        Raises:
            ValueError: the family or the configuration is not valid.
        """
        return {
            "family": family,
            "config": config_ingredient(family, config),
            "recipe": recipe_ingredient(recipe_of(family, config, self.recipe)),
            "image_size": self.image_size,
            "data": self.data,
            "seed": seed,
            "numerics": asdict(self.numerics),
            # A family that is newer than the plan has no record of its code.
            **({"code": self.code.get(family, "")} if self.code else UNKNOWN_CODE),
        }

    def explore_ingredients(self, search: Search, config: Mapping[str, Any]) -> dict[str, Any]:
        """The `ingredients` of a search's trial, which may be scored by a metric at each epoch.

        Raises:
            ValueError: the family or the configuration is not valid.
        """
        seed = self.explore_seed(search)
        extra = {metric_of(self.objective): self.measured} if is_extra(self.objective) else {}
        measured = {MEASURED: extra} if extra else {}
        return self.ingredients(search.family, config, seed) | measured

    def confirm_ingredients(
        self, family: str, config: Mapping[str, Any], seed: int
    ) -> dict[str, Any]:
        """The `ingredients` of a confirmed trial, which may have a split of its own: what decides
        that is the seed, with the code that draws from it.

        Raises:
            ValueError: the family or the configuration is not valid.
        """
        drawn = {RESAMPLING: self.resampling} if self.resampling else {}
        return self.ingredients(family, config, seed) | drawn

    def timing_ingredients(
        self, family: str, config: Mapping[str, Any], seed: int
    ) -> dict[str, Any]:
        """The `confirm_ingredients` of the first epochs of a training, which are timed.

        Raises:
            ValueError: the family or the configuration is not valid.
        """
        epochs = min(TIMED_EPOCHS, self.recipe.epochs)
        return self.confirm_ingredients(family, config, seed) | {TIMED: epochs}

    def explore_seed(self, search: Search) -> int:
        """The one training seed of a search, so that its trials differ by configuration.

        Derived from what is searched and how, not from the search's name: two searches share
        trials exactly when they are the same search.
        """
        space = {name: dimension.identity() for name, dimension in search.space.items()}
        identity = [search.family, space, dict(search.fixed), dict(search.ties), self.sampler]
        if self.trials:
            identity.append(self.trials)
        if self.objective != LOSS:
            identity.append({"objective": self.objective})
        if search.front is not None:  # how near the cheapest must be changes no proposal
            identity.append({"cost": search.front.cost})
        if self.reproducible:
            identity.append("reproducible")
        searched = json.dumps(identity, sort_keys=True)
        return derive_seed(self.seed, "explore", searched)

    def confirm_seeds(self, count: int) -> list[int]:
        """Fresh seeds, the same for every candidate of every study: they pair the candidates."""
        return [derive_seed(self.seed, "confirm", number) for number in range(count)]

    def belongs_to(self, search: Search, trial: "Record | Job") -> bool:
        """Whether the trial, finished or under way, belongs to this search in this setting."""
        if trial.ingredients["family"] != search.family:
            return False
        if trial.ingredients["seed"] != self.explore_seed(search):
            return False
        try:
            config = config_of(search, trial)
            return trial.key == record_key(self.explore_ingredients(search, config))
        except ValueError:  # a configuration of another version
            return False


@dataclass(frozen=True)
class Job:
    """What a worker is told: a trial and its place in the study.

    Attributes:
        stage: "explore"; "confirm", which scores the test set at its end; "timing", which trains
            alone.
        candidate: the name of the search or baseline that it serves.
        params: the point of the search space, for explored trials.
        number: place in the order of the search's proposals, for explored trials.
        prunable: whether it may be stopped early.
        stopped_at: the epoch at which it was stopped, of a trial that goes on after all.
    """

    stage: Stage
    candidate: str
    ingredients: dict[str, Any]
    params: dict[str, Any] = field(default_factory=dict)
    number: int | None = None
    prunable: bool = False
    stopped_at: int | None = None

    @property
    def key(self) -> str:
        return record_key(self.ingredients)

    @property
    def epochs(self) -> int:
        """Of the trial at full length."""
        return self.ingredients.get(TIMED, self.ingredients["recipe"]["epochs"])


def number_of(trial: Record | Job) -> int:
    """Place of an explored trial in the order of its search's proposals."""
    number = trial.number if isinstance(trial, Job) else trial.provenance["number"]
    assert number is not None
    return number


def config_of(search: Search, trial: Record | Job) -> dict[str, Any]:
    """The configuration of a search's trial: all that is the model's, and what the search sets of
    the recipe."""
    values, own = recorded_values(trial.ingredients), recorded_config(trial.ingredients)
    return {name: value for name, value in values.items() if name in own or name in search.names}


def job_from(saved: Mapping[str, Any]) -> Job:
    """The job that was saved with `dataclasses.asdict`, for Tune or in a checkpoint's file.

    Raises:
        study.store.reading.Damaged: the mapping is not a saved job.
    """
    values = dict(saved) if isinstance(saved, Mapping) else saved
    if isinstance(values, dict) and "point" in values:  # files of version 0.1
        values["candidate"] = values.pop("point")
    job = read_record(Job, values)
    read_record(Ingredients, job.ingredients, partly=True)
    return job
