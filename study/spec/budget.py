"""What a study may spend, and the profiles that name a budget."""

from dataclasses import dataclass, field

LARGEST = 1_000_000  # of trials, epochs, seeds and pixels; nobody trains more


@dataclass(frozen=True)
class Budget:
    """What a study may spend; all counts are from 1 to LARGEST.

    Attributes:
        trials: maximum number of trials of each search.
        epochs: of a full-length trial.
        seeds: maximum number of the confirmation's, the same ones for every candidate.
        image_size: side of the images in pixels.
        judged: whether its verdicts count; a smoke run's do not.
        first_seeds: after how many claims are first judged, where more are trained only for those
            that are then still open; None for `seeds`.
        phantoms: images per class in the phantoms' train, val and test parts.
    """

    trials: int
    epochs: int
    seeds: int
    image_size: int
    judged: bool = True
    first_seeds: int | None = None
    phantoms: tuple[int, int, int] = (800, 200, 200)


@dataclass(frozen=True)
class SeedRange:
    """A number of confirmation seeds: `first` at least, up to `most` where claims are open."""

    first: int
    most: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.most else f"{self.first}..{self.most}"


# Ten seeds can judge up to 25 claims, nine up to 12 (`study.stats.power.seeds_needed`).
PROFILES = {
    "quick": Budget(trials=8, epochs=12, seeds=10, image_size=32, phantoms=(400, 200, 200)),
    "paper": Budget(trials=64, epochs=30, seeds=10, image_size=256),
    "smoke": Budget(
        trials=2, epochs=3, seeds=2, image_size=16, judged=False, phantoms=(40, 20, 20)
    ),
}


@dataclass(frozen=True)
class DataFacts:
    """What a plan and a report say about the data.

    Attributes:
        source: a key of `hw3.data.SOURCES`.
        location: where it was read from, and what was left out.
        fingerprint: hash of all images and labels.
        image_size: side in pixels; 0 where examples are no images.
        counts: images by part and class, the classes in the order of their labels.
        patients: number of patients by part, None where the source does not say.
        image_patients: of the parts whose images are scored, val and test: whose each image is, in
            the images' order, as numbers from 0 that name nobody; None where the source does not
            say. Plans of versions up to 0.2 have no part here.
        inputs: shape of one example, see `hw3.shape.Shape`; empty in plans of versions up to 0.2,
            whose images are grey.
        dtype: of the examples: uint8 for pixels, else float32 or int64.
    """

    source: str
    location: str
    fingerprint: str
    image_size: int
    counts: dict[str, dict[str, int]]
    patients: dict[str, int | None]
    image_patients: dict[str, list[int] | None] = field(default_factory=dict)
    inputs: tuple[int, ...] = ()
    dtype: str = "uint8"

    @property
    def classes(self) -> tuple[str, ...]:
        """Their names, in the order of the labels."""
        return tuple(self.counts["train"])
