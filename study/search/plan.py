"""What a run will do and cost, before it does anything; saved, so that a report needs no data."""

import json
import shlex
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from hw3.cost import model_cost
from hw3.models import make_config
from hw3.numerics import Numerics, Precision
from hw3.splits import Splits
from hw3.train import Recipe, recipe_for
from study.judge import judge
from study.search.choose import reference_points
from study.search.trial import Setting
from study.spec.registration import KeptClaim
from study.spec.study import Arm, Budget, DataFacts, Study, StudyError
from study.store.folder import Folder
from study.store.provenance import provenance
from study.table.columns import make_table

PLAN = "plan.json"
# Multiply-adds of a training epoch over those of a forward pass: forward, and backward with
# respect to inputs and weights.
TRAINING_PASSES = 3
# What the engine does on one core: it multiplies at this share of a matrix product's rate, and a
# step takes so long on top. In bfloat16, over the measured time: CNNs 0.88 to 1.01 at 32x32 and
# 1.09 to 1.30 at 64x64 and 256x256; ANNs 0.67 to 1.19.
ENGINE_SHARE = 0.5
STEP_SECONDS = 0.002


@dataclass(frozen=True)
class Plan:
    """Everything that a run of a study does, but for what the search will find.

    Attributes:
        study: its name.
        command, provenance: what makes the run, `study.store.provenance.provenance`.
        seconds: wall-clock of the run's training, None before its end.
        known: confirmation trainings that a run before this one had recorded, the most of any.
        claims: what the task file claimed when the run began, and what earlier runs kept.
    """

    study: str
    budget: Budget
    setting: Setting
    data: DataFacts
    command: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    known: int = 0
    claims: tuple[KeptClaim, ...] = ()

    def confirmations(self, study: Study) -> int:
        """Trainings of the confirmation: points and arms, times seeds."""
        return (len(study.points) + len(study.arms)) * self.budget.seeds

    def explorations(self, study: Study) -> int:
        """Trainings of the search, many of them stopped early."""
        return len(study.arms) * self.budget.trials


def make_plan(
    study: Study,
    budget: Budget,
    data: Splits,
    sampler: str,
    seed: int,
    numerics: Numerics,
    command: str,
) -> Plan:
    """The plan of a run on this data."""
    setting = Setting(
        data=data.fingerprint,
        image_size=data.image_size,
        recipe=recipe_for(budget.epochs),
        numerics=numerics,
        seed=seed,
        sampler=sampler,
    )
    facts = DataFacts(
        source=data.source,
        location=data.location,
        fingerprint=data.fingerprint,
        image_size=data.image_size,
        counts={name: part.counts() for name, part in data.parts().items()},
        patients={
            name: None if part.patients is None else len(np.unique(part.patients))
            for name, part in data.parts().items()
        },
    )
    return Plan(study.name, budget, setting, facts, command, provenance())


def save_plan(plan: Plan, folder: Folder) -> None:
    """Write `plan.json` into the study's folder."""
    folder.write(PLAN, json.dumps(asdict(plan), indent=1).encode())


def has_plan(study: Study, results: Folder) -> bool:
    """Whether the study has been run in this results folder."""
    return (results / study.name).read(PLAN) is not None


def load_plan(study: Study, results: Folder) -> Plan:
    """The plan of the study's last run.

    Raises:
        StudyError: there is none.
    """
    folder = results / study.name
    content = folder.read(PLAN)
    again = shlex.join(["python", "-m", f"study.{study.name}", "--results", str(results)])
    if content is None:
        raise StudyError(
            f"a report needs a run, and {folder}/{PLAN} is not there. Run it first: {again}"
        )
    try:
        return _plan_from(json.loads(content))
    except (ValueError, TypeError, KeyError) as error:
        raise StudyError(
            f"{folder}/{PLAN} is damaged or of another version ({error}). Run the study again, "
            f"which trains nothing that is recorded: {again}"
        ) from error


def _plan_from(saved: dict[str, Any]) -> Plan:
    budget = saved["budget"] | {"phantoms": tuple(saved["budget"]["phantoms"])}
    setting = saved["setting"] | {
        "recipe": Recipe(**saved["setting"]["recipe"]),
        "numerics": Numerics(**saved["setting"]["numerics"]),
    }
    records = {
        "budget": Budget(**budget),
        "setting": Setting(**setting),
        "data": DataFacts(**saved["data"]),
        "claims": tuple(KeptClaim(**kept) for kept in saved.get("claims", ())),
    }
    return Plan(**saved | records)


def core_seconds(study: Study, plan: Plan) -> float:
    """Estimated processor seconds of the whole run if nothing is stopped early or found done.

    From the models' multiply-adds and matrix products timed now, a tenth of a second.
    """
    images = {name: sum(counts.values()) for name, counts in plan.data.counts.items()}
    scored = images["val"] + images["train"] / plan.setting.recipe.train_eval_every
    passes = TRAINING_PASSES * images["train"] + scored
    size, budget = plan.setting.image_size, plan.budget
    overhead = STEP_SECONDS * images["train"] / plan.setting.recipe.batch_size
    rate = ENGINE_SHARE * _matrix_product_rate(plan.setting.numerics.precision)

    def seconds(family: str, config: Mapping[str, Any]) -> float:
        cost = model_cost(family, make_config(family, config), size)
        return budget.epochs * (passes * cost.multiply_adds / rate + overhead)

    points = sum(seconds(point.family, point.config) for point in reference_points(study, size))
    arms = sum(seconds(arm.family, arm.config(_middle(arm))) for arm in study.arms)
    return budget.seeds * (points + arms) + budget.trials * arms


def about(seconds: float) -> str:
    """A rough time in words."""
    if seconds < 90:
        return f"about {seconds:.0f} s"
    minutes = seconds / 60
    return f"about {minutes:.0f} min" if minutes < 90 else f"about {minutes / 60:.0f} h"


def _middle(arm: Arm) -> dict[str, Any]:
    """The middle of the arm's space."""
    grids = {name: dimension.grid(3) for name, dimension in arm.space.items()}
    return {name: values[len(values) // 2] for name, values in grids.items()}


def _matrix_product_rate(precision: Precision, size: int = 512, repeats: int = 10) -> float:
    """Multiply-adds a second of one processor, the best of a few products."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    left, right = torch.rand(2, size, size).to(getattr(torch, precision))
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        torch.mm(left, right)
        times.append(time.perf_counter() - started)
    torch.set_num_threads(threads)
    return size**3 / min(times)


def check_study(study: Study) -> None:
    """Find a study's mistakes before anything is spent on it.

    Raises:
        StudyError: a claim's metric or a configuration is none. Figures are looked at by
            `study.figures.check_figures`, which a plan does without.
    """
    judge(study.claims, make_table([]))
    configs = [(point.name, point.family, point.config) for point in study.points]
    configs += [
        (arm.name, arm.family, arm.config(params))
        for arm in study.arms
        for params in (_middle(arm), *arm.hand_picked)
    ]
    for name, family, config in configs:
        try:
            make_config(family, config)
        except ValueError as error:
            raise StudyError(f"{study.name}: {name}: {error}") from error
