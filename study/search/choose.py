"""Choose, then train the chosen and the reference points again on fresh paired seeds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hw3.cost import match_cost, model_cost
from hw3.models import make_config
from study.search.trial import METRIC, Job, Setting
from study.spec.study import Arm, Budget, Point, Study
from study.store.records import Record
from study.table.columns import Member


@dataclass(frozen=True)
class Confirmed:
    """A configuration that is to be trained on every confirmation seed."""

    name: str
    label: str
    family: str
    config: Mapping[str, Any]

    def jobs(self, setting: Setting, seeds: int) -> list[Job]:
        """A full-length training on each of the seeds, the same for every point."""
        return [
            Job("confirm", self.name, setting.ingredients(self.family, self.config, seed))
            for seed in setting.confirm_seeds(seeds)
        ]


def reference_points(study: Study, image_size: int) -> list[Confirmed]:
    """The study's points, those of equal scale solved for at this image size."""
    by_name = {point.name: point for point in study.points}
    return [
        Confirmed(point.name, point.label, point.family, _solved_config(point, by_name, image_size))
        for point in study.points
    ]


def chosen_points(
    study: Study, setting: Setting, budget: Budget, records: Mapping[str, Record]
) -> dict[str, Confirmed]:
    """For each arm that has a full-length trial, the one of least final validation loss.

    A trial that was stopped, or diverged, or failed is never chosen.
    """
    chosen = {}
    for arm in study.arms:
        explored = explored_records(arm, setting, budget, records)
        full = [record for record in explored if record.is_full_length]
        if full:
            best = min(full, key=lambda record: (record.rows[-1][METRIC], record.key))
            config = best.ingredients["config"]
            chosen[arm.name] = Confirmed(arm.name, arm.label, arm.family, config)
    return chosen


def study_members(
    study: Study, setting: Setting, budget: Budget, records: Mapping[str, Record]
) -> list[Member]:
    """Every finished trial of the study in its place; a record may serve in several."""
    explored = [
        Member("explore", arm.name, arm.label, record, record.params in arm.hand_picked)
        for arm in study.arms
        for record in explored_records(arm, setting, budget, records)
    ]
    points = [
        *reference_points(study, setting.image_size),
        *chosen_points(study, setting, budget, records).values(),
    ]
    confirmed = [
        Member("confirm", point.name, point.label, records[job.key])
        for point in points
        for job in point.jobs(setting, budget.seeds)
        if job.key in records
    ]
    return explored + confirmed


def explored_records(
    arm: Arm, setting: Setting, budget: Budget, records: Mapping[str, Record]
) -> list[Record]:
    """The arm's trials within its budget, in the order of their suggestion.

    An earlier run may have had a larger budget: what lies beyond this one's does not count, so
    that arms stay equal.
    """
    mine = [record for record in records.values() if setting.is_explored(arm, record)]
    mine.sort(key=lambda record: record.provenance["number"])
    return [record for record in mine if record.provenance["number"] < budget.trials]


def _solved_config(point: Point, points: Mapping[str, Point], image_size: int) -> dict[str, Any]:
    """The point's configuration; where it is matched, with the size that meets the cost."""
    config = dict(point.config)
    if point.match is None:
        return config
    other, match = points[point.match.point], point.match
    target = model_cost(other.family, make_config(other.family, other.config), image_size)
    size = match_cost(
        point.family,
        lambda size: make_config(point.family, config | dict.fromkeys(match.sizes, size)),
        match.measure,
        getattr(target, match.measure),
        image_size,
    )
    return config | dict.fromkeys(match.sizes, size)
