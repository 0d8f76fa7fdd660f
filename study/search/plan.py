"""What a run will do, before it does anything; saved, so that a report needs no data."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from hw3.engine import recipe_for
from hw3.files import UnusableFile
from hw3.metrics import METRICS
from hw3.numerics import Numerics
from hw3.resampling import check_resampling
from hw3.shape import Shape
from hw3.splits import Splits
from study.search.code import metric_digest, resampling_digest
from study.search.objective import is_extra, metric_of
from study.search.samplers import SAMPLERS
from study.search.trial import Setting
from study.search.tuning import planned_study
from study.spec.budget import LARGEST, Budget, DataFacts
from study.spec.claim import Claim
from study.spec.errors import StudyError
from study.spec.secrets import mask
from study.spec.shell import shell_line
from study.spec.study import LOSS, Study
from study.stats.looks import NO_LOOKS, Looks
from study.store.folder import Folder
from study.store.reading import MAX_BYTES, Damaged, parse_json, read_record
from study.store.weights import KeepWeights

PLAN = "plan.json"
UNCLAIMED = 3  # seeds of a candidate that no claim is judged on: so that figures show a spread
COUNTS = ("trials", "epochs", "seeds", "image_size")  # of a budget


@dataclass(frozen=True)
class Plan:
    """Everything that a run of a study does, except for what its searches will find.

    Attributes:
        study: what is searched, confirmed and claimed, `study.search.tuning.planned_study`.
        budget: what the run may spend.
        setting: what all its trials share.
        data: what the report says about the data.
        looks: after how many seeds the claims are judged, `study.search.looks.looks_of`.
        weights: of which confirmed trainings they are kept.
        command, provenance: what makes the run, `study.store.provenance.provenance`.
        seconds: wall-clock time of the training, with that of earlier runs of the same setting;
            None before the end of the first.
    """

    study: Study
    budget: Budget
    setting: Setting
    data: DataFacts
    looks: Looks = NO_LOOKS
    weights: KeepWeights = "none"
    command: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None

    @property
    def shape(self) -> Shape:
        """What a model takes and gives."""
        size = self.data.image_size
        whole = self.data.dtype == "int64"
        return Shape(self.data.inputs or (1, size, size), len(self.data.classes), whole)

    @property
    def examples(self) -> str:
        """What the data's examples are called: "images" where they are images."""
        return "images" if self.shape.is_image else "examples"

    @property
    def covered_claims(self) -> list[Claim]:
        """The claims that were made at this run's scale, or at none in particular."""
        budget, source = self.budget, self.data.source
        return [
            claim
            for claim in self.study.claims
            if claim.scale is None or claim.scale.holds_at(budget.epochs, budget.image_size, source)
        ]

    @property
    def shown_claims(self) -> list[Claim]:
        """The others, made at another scale: shown, and not judged."""
        covered = self.covered_claims
        return [claim for claim in self.study.claims if claim not in covered]

    @property
    def ratio(self) -> float:
        """Number of validation images over that of training images where each seed has a split of
        its own; 0 where all have the same."""
        if not self.setting.resampling:
            return 0.0
        val, train = (sum(self.data.counts[part].values()) for part in ("val", "train"))
        return val / train

    @property
    def unclaimed(self) -> set[str]:
        """Candidates that no claim is judged on."""
        study = self.study
        claimed = {name for claim in self.covered_claims for name in study.trained_for(claim)}
        return set(study.labels()) - claimed

    def first_seeds(self, candidate: str) -> int:
        """Number of seeds that a candidate is trained on whatever is found: as many as the first
        look takes, or where no claim is judged on it, as a figure needs. Where no look can decide
        anything, all."""
        if not self.looks.seeds or not self.budget.judged:
            return self.budget.seeds
        first = min(self.looks.seeds[0], self.budget.seeds)
        return min(UNCLAIMED, first) if candidate in self.unclaimed else first

    @property
    def confirmations(self) -> int:
        """Maximum number of trainings of the confirmation."""
        names, unclaimed = list(self.study.labels()), self.unclaimed
        most = [self.first_seeds(n) if n in unclaimed else self.budget.seeds for n in names]
        return sum(most)

    @property
    def explorations(self) -> int:
        """Maximum number of trainings of the searches, many of them stopped early."""
        return len(self.study.searches) * self.budget.trials


def make_setting(
    data: Splits,
    budget: Budget,
    numerics: Numerics,
    seed: int,
    sampler: str,
    resampled: bool = False,
    objective: str = LOSS,
    reproducible: bool = False,
) -> Setting:
    """What all trials of a run on this data share.

    Args:
        resampled: whether each confirmation seed draws its own split.
        objective: what searches optimise, `Study.objective`.
        reproducible: whether searches give equal trials whatever the number of workers.

    Raises:
        StudyError: the function of the objective's metric is in no file.
        hw3.splits.DataError: the data cannot be split anew for each of the seeds.
    """
    setting = Setting(
        data=data.fingerprint,
        image_size=data.image_size,
        recipe=recipe_for(budget.epochs),
        numerics=numerics,
        seed=seed,
        sampler=sampler,
        trials=budget.trials if SAMPLERS[sampler].budgeted else 0,
        resampling=resampling_digest() if resampled else "",
        objective=objective,
        reproducible=reproducible,
        measured=metric_digest(metric_of(objective)) if is_extra(objective) else "",
    )
    if resampled:
        check_resampling(data, setting.confirm_seeds(budget.seeds))
    return setting


def describe_splits(plan: Plan) -> str:
    """Which images train and which validate, in one sentence."""
    if not plan.setting.resampling:
        return "fixed: every training uses the training and the validation part of the source"
    apart = any(plan.data.patients.get(part) is not None for part in ("train", "val"))
    return (
        f"resampled: each confirmation seed splits the training and validation {plan.examples} "
        "anew into "
        f"parts of the same sizes{', patients kept apart' * apart}, the same for all candidates; "
        "searches use the parts of the source"
    )


def describe_data(data: Splits) -> DataFacts:
    """What a plan and a report say about the data."""
    parts = data.parts()
    return DataFacts(
        source=data.source,
        location=mask(data.location),
        fingerprint=data.fingerprint,
        image_size=data.image_size,
        counts=data.counts(),
        patients={
            name: None if part.patients is None else len(np.unique(part.patients))
            for name, part in parts.items()
        },
        image_patients={
            name: None if part.patients is None else _number(part.patients)
            for name, part in parts.items()
            if name != "train"
        },
        inputs=data.shape.inputs,
        dtype=str(data.train.images.dtype),
    )


def _number(names: np.ndarray) -> list[int]:
    """A number from 0 for each name, the same for the same; no order of the names is left."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names.tolist()))}
    return [numbers[name] for name in names.tolist()]


def save_plan(plan: Plan, folder: Folder) -> None:
    """Write `plan.json` into the study's folder."""
    content = {
        "study": plan.study.name,
        "budget": asdict(plan.budget),
        "setting": asdict(plan.setting),
        "data": asdict(plan.data),
        "looks": asdict(plan.looks),
        "weights": plan.weights,
        "command": plan.command,
        "provenance": dict(plan.provenance),
        "seconds": plan.seconds,
    }
    folder.write(PLAN, json.dumps(content, indent=1).encode())


def load_plan(study: Study, results: Folder, command: Sequence[str] = ()) -> Plan:
    """The plan of the study's last run.

    Args:
        command: that runs it, without options.

    Raises:
        StudyError: there is none, or it is damaged.
    """
    folder = results / study.name
    words = command or ("python", "-m", f"study.{study.name}")
    again = shell_line([*words, "--results", str(results)])
    try:
        content = folder.read(PLAN, MAX_BYTES)
        if content is not None:
            plan = _plan_from(study, parse_json(content))
            return replace(plan, study=planned_study(study, plan.shape))
    except (ValueError, UnusableFile) as error:
        raise StudyError(
            f"{folder}/{PLAN} is damaged or of another version ({error}). Run the study again, "
            f"which trains nothing that is recorded: {again}"
        ) from error
    raise StudyError(
        f"this needs a run's results, and {folder}/{PLAN} is not there. Run it first: {again}"
    )


def _plan_from(study: Study, saved: Any) -> Plan:
    plan = read_plan(study, saved)
    _check_values(plan)
    return plan


def read_plan(study: Study, saved: Any) -> Plan:
    """The plan that was saved, in the fields that this version has.

    Raises:
        study.store.reading.Damaged: it is none.
    """
    if isinstance(saved, dict):
        for name in ("claims", "known"):  # in plans of versions up to 0.2
            saved.pop(name, None)
        if isinstance(setting := saved.get("setting"), dict):
            setting.setdefault("code", {})  # not in theirs
        if isinstance(budget := saved.get("budget"), dict):
            seeds = budget.get("seeds", 1)  # all judged at once
            saved.setdefault("looks", {"seeds": [seeds], "shares": [1.0]})
    return read_record(Plan, saved, study=study)


def _check_values(plan: Plan) -> None:
    """Raise Damaged for values that no run writes."""
    if len(plan.data.counts.get("train", {})) < 2 or min(plan.data.inputs, default=1) < 1:
        raise Damaged(f"has data of {plan.data.counts} and of inputs {plan.data.inputs}")
    if metric_of(plan.setting.objective) not in METRICS:
        raise Damaged(f"has {plan.setting.objective!r} as objective, which is no metric here")
    for name in COUNTS:
        if not 1 <= (count := getattr(plan.budget, name)) <= LARGEST:
            raise Damaged(f"has {count} {name}, which must be from 1 to {LARGEST}")
    for part, patients in plan.data.image_patients.items():
        images = sum(plan.data.counts.get(part, {}).values())
        if patients is not None and len(patients) != images:
            raise Damaged(f"has {len(patients)} patients of {images} images in the part {part}")
