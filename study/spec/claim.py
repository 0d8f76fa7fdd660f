"""What somebody said, as a region that a value of each training must lie in."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from study.spec.field_types import mistakes_of

EpochRule = Literal["final", "best"]
Target = Literal["trainings", "mean"]


@dataclass(frozen=True)
class Scale:
    """At which scale something was said: a level that was reached there says nothing elsewhere.

    Attributes:
        epochs: of a training, from 1.
        image_size: side of the images in pixels, from 1; None where it does not matter, or where
            the data are no images.
        sources: keys of `hw3.data.SOURCES` whose images are such as it was said of; all if empty.
        images: what these are, for people.
    """

    epochs: int
    image_size: int | None = None
    sources: tuple[str, ...] = ()
    images: str = ""

    def holds_at(self, epochs: int, image_size: int, source: str) -> bool:
        """Whether a run on a data source is of this scale."""
        same = self.epochs == epochs and self.image_size in (None, image_size)
        return same and (not self.sources or source in self.sources)

    def describe(self) -> str:
        """The scale in words: "30 epochs at 256×256 pixels"."""
        size = f" at {self.image_size}×{self.image_size} pixels" if self.image_size else ""
        return f"{self.epochs} epochs{size}{f' on {self.images}' if self.images else ''}"

    def mistakes(self) -> Iterator[str]:
        """What is wrong with the scale, a sentence each."""
        if self.epochs < 1 or (self.image_size is not None and self.image_size < 1):
            yield f"epochs and image_size must be at least 1; got {self}"


@dataclass(frozen=True)
class Claim:
    """What somebody said, as a region in which a value of each training must lie.

    The value is the candidate's metric; where `versus` is given, the difference candidate minus
    versus of the same seed, or their ratio. The claim holds in a training if it lies in (above,
    below); it is supported if it holds in more than half of all trainings.

    Attributes:
        name: unique in the study.
        candidate: the name of a baseline, or of a search for its chosen configuration.
        metric: a numeric column of the table (`study.table.columns.result_columns`), such as
            `val_` or `test_` and a name in `hw3.metrics.METRICS`. Where it begins with `test_` and
            the data has no test part, the validation part stands in and the verdict says so.
        versus: the name of what it is compared with; None for a claim about a level.
        above, below: the region's bounds in the metric's unit (a plain ratio where `ratio`);
            infinite where open.
        epoch: "final", the last epoch, or "best", the one of least validation loss.
        ratio: compare by ratio; the effect and its interval are reported as ratios.
        one_sided: test for the region alone. It needs fewer seeds, and can support the claim but
            never refute it. Only with one finite bound.
        about: "trainings", or "mean" where the claim is truly about the mean over seeds: a mean can
            only be tested with an assumption on the values' shape (`study.stats.region_test`).
        scale: where a level was said of a scale; it is judged at that scale alone.
        text: the claim in words, without bounds and full stop, which are added; where it is empty,
            candidates, metric and region are put into words (`study.report.verdicts`).
        quote: what was said, with its numbers.
        source: where it was said, a figure or section.
    """

    name: str
    candidate: str
    metric: str
    versus: str | None = None
    above: float = -math.inf
    below: float = math.inf
    epoch: EpochRule = "final"
    ratio: bool = False
    one_sided: bool = False
    about: Target = "trainings"
    scale: Scale | None = None
    text: str = field(default="", kw_only=True)
    quote: str = field(default="", kw_only=True)
    source: str = field(default="", kw_only=True)

    @property
    def sides(self) -> int:
        """Of its test: 1 or 2."""
        return 1 if self.one_sided else 2

    @property
    def candidates(self) -> tuple[str, ...]:
        """The one or two candidates that it is about."""
        return (self.candidate,) if self.versus is None else (self.candidate, self.versus)

    def says_the_same(self, other: "Claim") -> bool:
        """Whether the two differ in nothing but name and words."""
        return self == replace(
            other, name=self.name, text=self.text, quote=self.quote, source=self.source
        )

    def mistakes(self) -> Iterator[str]:
        """What is wrong with the claim, a sentence each."""
        if not self.above < self.below:
            yield f"above must be less than below; got {self.above} and {self.below}"
        if math.isinf(self.above) and math.isinf(self.below):
            yield "above or below must be given"
        if self.epoch not in get_args(EpochRule):
            yield f"epoch must be one of {', '.join(get_args(EpochRule))}; got {self.epoch!r}"
        if self.about not in get_args(Target):
            yield f"about must be one of {', '.join(get_args(Target))}; got {self.about!r}"
        if self.scale is not None:
            yield from (f"scale: {mistake}" for mistake in mistakes_of(self.scale))
        if self.ratio and self.versus is None:
            yield "a ratio needs versus, the candidate that it is compared with"
        if self.ratio and (self.below <= 0 or -math.inf < self.above <= 0):
            yield "the bounds of a ratio must be above 0"
        if self.candidate == self.versus:
            yield f"versus must be another candidate than {self.candidate!r}"
        if self.one_sided and math.isfinite(self.above) and math.isfinite(self.below):
            yield f"one_sided needs a single bound; got above {self.above} and below {self.below}"
