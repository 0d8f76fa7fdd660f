"""What a run will do, before it does anything; saved, so that a report needs no data."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from hw3.engine import recipe_for
from hw3.files import UnusableFile
from hw3.numerics import Numerics
from hw3.splits import Splits
from study.search.samplers import SAMPLERS
from study.search.trial import Setting
from study.spec.budget import Budget, DataFacts
from study.spec.errors import StudyError
from study.spec.secrets import mask
from study.spec.study import Study
from study.store.folder import Folder
from study.store.reading import MAX_BYTES, Damaged, parse_json, read_record

PLAN = "plan.json"


@dataclass(frozen=True)
class Plan:
    """Everything that a run of a study does, except for what its searches will find.

    Attributes:
        study: what is searched, confirmed and claimed.
        budget: what the run may spend.
        setting: what all its trials share.
        data: what the report says about the data.
        command, provenance: what makes the run, `study.store.provenance.provenance`.
        seconds: wall-clock time of the training, with that of earlier runs of the same setting;
            None before the end of the first.
    """

    study: Study
    budget: Budget
    setting: Setting
    data: DataFacts
    command: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None

    @property
    def confirmations(self) -> int:
        """Maximum number of trainings of the confirmation."""
        return len(self.study.labels()) * self.budget.seeds

    @property
    def explorations(self) -> int:
        """Maximum number of trainings of the searches, many of them stopped early."""
        return len(self.study.searches) * self.budget.trials


def make_setting(
    data: Splits, budget: Budget, numerics: Numerics, seed: int, sampler: str
) -> Setting:
    """What all trials of a run on this data share."""
    return Setting(
        data=data.fingerprint,
        image_size=data.image_size,
        recipe=recipe_for(budget.epochs),
        numerics=numerics,
        seed=seed,
        sampler=sampler,
        trials=budget.trials if SAMPLERS[sampler].budgeted else 0,
    )


def describe_data(data: Splits) -> DataFacts:
    """What a plan and a report say about the data."""
    parts = data.parts()
    return DataFacts(
        source=data.source,
        location=mask(data.location),
        fingerprint=data.fingerprint,
        image_size=data.image_size,
        counts={name: part.counts() for name, part in parts.items()},
        patients={
            name: None if part.patients is None else len(np.unique(part.patients))
            for name, part in parts.items()
        },
    )


def save_plan(plan: Plan, folder: Folder) -> None:
    """Write `plan.json` into the study's folder."""
    content = {
        "study": plan.study.name,
        "budget": asdict(plan.budget),
        "setting": asdict(plan.setting),
        "data": asdict(plan.data),
        "command": plan.command,
        "provenance": dict(plan.provenance),
        "seconds": plan.seconds,
    }
    folder.write(PLAN, json.dumps(content, indent=1).encode())


def load_plan(study: Study, results: Folder) -> Plan:
    """The plan of the study's last run.

    Raises:
        StudyError: there is none, or it is damaged.
    """
    folder = results / study.name
    again = shlex.join(["python", "-m", f"study.{study.name}", "--results", str(results)])
    try:
        content = folder.read(PLAN, MAX_BYTES)
        if content is not None:
            return _plan_from(study, parse_json(content))
    except (Damaged, UnusableFile) as error:
        raise StudyError(
            f"{folder}/{PLAN} is damaged or of another version ({error}). Run the study again, "
            f"which trains nothing that is recorded: {again}"
        ) from error
    raise StudyError(
        f"a report needs a run, and {folder}/{PLAN} is not there. Run it first: {again}"
    )


def _plan_from(study: Study, saved: Any) -> Plan:
    if isinstance(saved, dict):
        for name in ("claims", "known"):  # in plans of versions up to 0.2
            saved.pop(name, None)
        if isinstance(setting := saved.get("setting"), dict):
            setting.setdefault("code", {})  # not in theirs
    return read_record(Plan, saved, study=study)
