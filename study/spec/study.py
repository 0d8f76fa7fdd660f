"""What a study is: frozen, validated records. Nothing here runs anything."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from study.spec.space import Dimension

EpochRule = Literal["final", "best"]


class StudyError(Exception):
    """A study that cannot go on; the message says rule, fact, choices and the next command."""


@dataclass(frozen=True)
class Point:
    """A configuration named before the run: the homework's own, or a baseline.

    Attributes:
        name: unique in the study; claims refer to it.
        label: what figures and reports call it.
        family: a key of `hw3.models.FAMILIES`.
        config: hyper-parameters that differ from the family's defaults.
        match: where given, one size is solved for so that the cost meets another point's.
    """

    name: str
    label: str
    family: str
    config: Mapping[str, Any] = field(default_factory=dict)
    match: "Match | None" = None


@dataclass(frozen=True)
class Match:
    """Equal scale: the hyper-parameters `sizes` get the one value that meets `point`'s cost.

    Attributes:
        point: the name of the point to be met.
        measure: one of `hw3.cost.MEASURES`.
        sizes: the hyper-parameters to solve for, all set to the same whole number.
    """

    point: str
    measure: str
    sizes: tuple[str, ...]


@dataclass(frozen=True)
class Arm:
    """A search: one family, some hyper-parameters free, an equal budget with the other arms.

    Attributes:
        name: unique in the study, among points too; claims refer to its chosen configuration.
        label: what figures and reports call it.
        family: a key of `hw3.models.FAMILIES`.
        space: the scientific hyper-parameters, by name.
        fixed: hyper-parameters held at a value other than the family's default.
        ties: a name in `space` that sets several hyper-parameters of the family to one value.
        hand_picked: configurations in `space` that are tried first, the homework's own.
    """

    name: str
    label: str
    family: str
    space: Mapping[str, Dimension]
    fixed: Mapping[str, Any] = field(default_factory=dict)
    ties: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hand_picked: tuple[Mapping[str, Any], ...] = ()

    def config(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The family's hyper-parameters at a point of the space."""
        values = dict(self.fixed)
        for name, value in params.items():
            values.update(dict.fromkeys(self.ties.get(name, (name,)), value))
        return values


@dataclass(frozen=True)
class Measure:
    """One number for each confirmed seed.

    Attributes:
        point: the name of a Point or an Arm (then its chosen configuration).
        metric: a numeric column of the table (`study.table.columns.COLUMNS`). Where it begins with
            `test_` and the data has no test part, the validation part stands in and the verdict
            says so.
        epoch: "final", the last epoch, or "best", the one of least validation loss.
    """

    point: str
    metric: str
    epoch: EpochRule = "final"


@dataclass(frozen=True)
class Claim:
    """What somebody said, as a region in which an effect must lie.

    The effect is the mean over seeds of `left`, or of `left - right` paired by seed, or of
    `log(left / right)` where `ratio`. The claim says that it lies in (above, below).

    Attributes:
        name: unique in the study.
        text: the claim in words.
        homework: what the report said, with its numbers.
        figure: the report's figure or section.
        left, right: what is compared; no `right` for a claim about a level.
        above, below: the region's bounds in the metric's unit (a plain ratio where `ratio`);
            infinite where open.
        ratio: compare by ratio; the effect and its interval are reported as ratios.
        one_sided: test for the region alone. It needs fewer seeds, and can support the claim but
            never refute it. Only with one finite bound.
    """

    name: str
    text: str
    homework: str
    figure: str
    left: Measure
    right: Measure | None = None
    above: float = -math.inf
    below: float = math.inf
    ratio: bool = False
    one_sided: bool = False

    def __post_init__(self) -> None:
        if not self.above < self.below:
            raise ValueError(
                f"claim {self.name}: above must be less than below, "
                f"got {self.above} and {self.below}"
            )
        if math.isinf(self.above) and math.isinf(self.below):
            raise ValueError(f"claim {self.name}: above or below must be finite")
        if self.ratio and self.right is None:
            raise ValueError(f"claim {self.name}: a ratio needs left and right")
        if self.ratio and (self.below <= 0 or -math.inf < self.above <= 0):
            raise ValueError(f"claim {self.name}: bounds of a ratio must be above 0")
        if self.one_sided and math.isfinite(self.above) and math.isfinite(self.below):
            raise ValueError(
                f"claim {self.name}: one_sided needs a direction, got two bounds: "
                f"above {self.above}, below {self.below}"
            )

    @property
    def sides(self) -> int:
        """Of its test: 1 or 2."""
        return 1 if self.one_sided else 2


@dataclass(frozen=True)
class Figure:
    """A picture of the report.

    Attributes:
        name: stem of its files.
        kind: a key of `study.figures.FIGURES`.
        title: what it shows, with the homework's figure number where it repeats one.
        options: keyword arguments of the kind's frame function (points, metrics, …).
    """

    name: str
    kind: str
    title: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Budget:
    """What a study may spend.

    Attributes:
        trials: explored in each arm.
        epochs: of a full-length trial.
        seeds: of the confirmation, the same for every point.
        image_size: side of the images in pixels.
        judged: whether its verdicts count; a smoke run's do not.
        phantoms: images in each class of the phantom source's train, val and test parts.
    """

    trials: int
    epochs: int
    seeds: int
    image_size: int
    judged: bool = True
    phantoms: tuple[int, int, int] = (800, 200, 200)


# Ten seeds can judge up to 25 claims, nine up to 12 (`study.stats.signflip.seeds_needed`).
PROFILES = {
    "quick": Budget(trials=8, epochs=12, seeds=10, image_size=32, phantoms=(400, 200, 200)),
    "paper": Budget(trials=64, epochs=30, seeds=10, image_size=256),
    "smoke": Budget(
        trials=2, epochs=3, seeds=2, image_size=16, judged=False, phantoms=(40, 20, 20)
    ),
}


@dataclass(frozen=True)
class DataFacts:
    """What a plan and a report say of the data.

    Attributes:
        source: a key of `hw3.data.SOURCES`.
        location: where it was read from, and what was left out.
        fingerprint: hash of all images and labels.
        image_size: side in pixels.
        counts: images by part and class.
        patients: number of patients by part, None where the source does not say.
    """

    source: str
    location: str
    fingerprint: str
    image_size: int
    counts: Mapping[str, Mapping[str, int]]
    patients: Mapping[str, int | None]


@dataclass(frozen=True)
class Study:
    """A task: its question, what is searched, what is confirmed, and what is claimed.

    Attributes:
        name: the folder of its results, `task_a` for example.
        title, question: for people.
        points: the homework's configurations and baselines; always confirmed.
        arms: searches; each one's choice is confirmed as well.
        claims: written before the run.
        figures: pictures of the report, the answer first.
    """

    name: str
    title: str
    question: str
    points: tuple[Point, ...]
    arms: tuple[Arm, ...]
    claims: tuple[Claim, ...]
    figures: tuple[Figure, ...] = ()

    def __post_init__(self) -> None:
        names = [item.name for item in (*self.points, *self.arms)]
        for kind, listed in (("point or arm", names), ("claim", [c.name for c in self.claims])):
            twice = sorted({name for name in listed if listed.count(name) > 1})
            if twice:
                raise ValueError(f"{self.name}: each {kind} needs its own name, twice: {twice}")
        used = [m.point for c in self.claims for m in (c.left, c.right) if m is not None]
        used += [point.match.point for point in self.points if point.match]
        unknown = sorted(set(used) - set(names))
        if unknown:
            raise ValueError(f"{self.name}: claims may name {names}; got {unknown}")

    def labels(self) -> dict[str, str]:
        """Label of each point and arm, in their order."""
        return {item.name: item.label for item in (*self.points, *self.arms)}
