"""What a claim is judged on: its candidates' trainings, seed by seed."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from study.judge.images import image_scores
from study.spec.claim import Claim, EpochRule
from study.spec.times import ELAPSED, SECONDS, TIMED_METRICS
from study.table.formatting import find_column

DECIMALS = 12  # of a value: what differs by less differs by arithmetic alone
TIED = 0.5  # the answer of a seed that speaks neither for a claim nor against it
WORST = 1e300  # the score of a training that diverged, where two are compared
NO_TEST_PART = "validation (the data has no test part)"
JUDGED_ON = {  # by the metric, or by its first word; all others are costs
    **dict.fromkeys((SECONDS, ELAPSED), "rounds of the timing"),
    **dict.fromkeys(("epochs_to_converge", "seconds_to_converge", "converged_share"), "validation"),
    "test": "test",
    "val": "validation",
    "train": "training",
    "gap": "training and validation",
}


@dataclass(frozen=True)
class Sample:
    """What a claim is judged on, by the number of the confirmation seed, from 0.

    Attributes:
        values: a level, a difference or the logarithm of a ratio, (n,); NaN where there is none.
        held: whether the claim holds: 1, 0, TIED, or NaN for a seed that does not count, (n,).
        judged_on: the part of the data.
        diverged: number of seeds of which a training diverged.
        problem: why the claim cannot be computed; empty where it can.
        metric: the column that was read.
        images: `study.judge.images.image_scores` of the seeds with a value.
        apart: whether these are times that were measured on several machines.
    """

    values: np.ndarray
    held: np.ndarray
    judged_on: str
    diverged: int = 0
    problem: str = ""
    metric: str = ""
    images: np.ndarray | None = None
    apart: bool = False

    @property
    def counted(self) -> np.ndarray:
        """The answers of the seeds that count."""
        return self.held[~np.isnan(self.held)]

    @property
    def answers(self) -> tuple[int, int, int]:
        """In how many of them the claim holds, in how many it does not, and how many there are."""
        counted = self.counted
        return int((counted == 1).sum()), int((counted == 0).sum()), counted.size

    @property
    def finite(self) -> np.ndarray:
        """The values that there are."""
        return self.values[~np.isnan(self.values)]


def number_seeds(confirm: pd.DataFrame) -> pd.DataFrame:
    """The rows with `seed_number`, the place of each seed; by the seeds' order where the table does
    not say it."""
    if not confirm["seed_number"].isna().to_numpy().any():
        return confirm
    ranks = confirm["seed"].rank(method="dense").sub(1)
    return confirm.assign(seed_number=ranks.astype("Int64"))


def recorded_seeds(confirm: pd.DataFrame, candidate: str) -> int:
    """How many of the first seeds have a training of the candidate, whatever became of it."""
    numbers = set(confirm.loc[confirm["candidate"] == candidate, "seed_number"].dropna())
    return next(n for n in range(len(numbers) + 1) if n not in numbers)


def take_sample(claim: Claim, confirm: pd.DataFrame, n: int) -> Sample:
    """What the first n seeds say about the claim.

    Args:
        confirm: rows of confirmed trials, with `seed_number`.
    """
    metric, part = _metric_and_part(claim, confirm)
    confirm = confirm.loc[confirm["seed_number"] < n]
    rows = [_seed_rows(candidate, claim.epoch, confirm) for candidate in claim.candidates]
    scores = np.array([_scores(each, metric, n) for each in rows])
    lost = np.array([_diverged(candidate, confirm, n) for candidate in claim.candidates])
    if metric in TIMED_METRICS and claim.versus is not None:
        scores[:, _on_two_machines(rows, n)] = math.nan
    problem = _find_problem(claim, metric, scores, lost)
    if problem:
        nothing = np.full(n, math.nan)
        return Sample(nothing, nothing, part, problem=problem)
    values = _values(claim, scores)
    shared = np.flatnonzero(~np.isnan(values))
    counted = [each.loc[shared] for each in rows]
    return Sample(
        values,
        held=_held(claim, values, scores, lost),
        judged_on=part,
        diverged=int(lost.any(axis=0).sum()),
        metric=metric,
        images=image_scores(claim, metric, counted),
        apart=metric in TIMED_METRICS and _are_apart(counted),
    )


def _metric_and_part(claim: Claim, confirm: pd.DataFrame) -> tuple[str, str]:
    """The column to read and the part of the data that it is about; validation stands in where the
    data has no test part."""
    metric = claim.metric
    finished = confirm.loc[confirm["status"] == "complete", metric]
    if metric.startswith("test_") and len(finished) and finished.isna().to_numpy().all():
        return metric.replace("test_", "val_", 1), NO_TEST_PART
    return metric, JUDGED_ON.get(metric) or JUDGED_ON.get(metric.split("_")[0], "cost")


def _seed_rows(candidate: str, epoch: EpochRule, confirm: pd.DataFrame) -> pd.DataFrame:
    """The candidate's complete trials, one row per seed; of equally good best epochs the first."""
    wanted = (confirm["candidate"] == candidate) & (confirm["status"] == "complete")
    rows = confirm.loc[wanted & confirm[f"is_{epoch}"]]
    return rows.drop_duplicates("seed_number").set_index("seed_number")


def _scores(rows: pd.DataFrame, metric: str, n: int) -> np.ndarray:
    """One score per seed, (n,); NaN where there is none."""
    scores = np.full(n, math.nan)
    scores[rows.index.to_numpy(int)] = rows[metric].to_numpy(dtype=float, na_value=math.nan)
    return np.where(np.isfinite(scores), scores, math.nan)


def _diverged(candidate: str, confirm: pd.DataFrame, n: int) -> np.ndarray:
    """Whether the candidate's training diverged, bool (n,)."""
    lost = (confirm["candidate"] == candidate) & (confirm["status"] == "diverged")
    return np.isin(np.arange(n), confirm.loc[lost, "seed_number"].to_numpy(int))


def _find_problem(claim: Claim, metric: str, scores: np.ndarray, lost: np.ndarray) -> str:
    """Why the claim cannot be computed; empty where it can.

    Args:
        scores, lost: of each candidate and seed, (1 or 2, n).
    """
    known = ~np.isnan(scores) | lost
    for candidate, of_seeds in zip(claim.candidates, known, strict=True):
        if not of_seeds.any():
            return f"no confirmed trial of {candidate} has a value of {metric}"
    if not known.all(axis=0).any():
        return f"{' and '.join(claim.candidates)} have no seed in common"
    if claim.ratio and (scores <= 0).any():
        return f"a ratio needs values above 0; got {np.nanmin(scores):g}"
    return ""


def _values(claim: Claim, scores: np.ndarray) -> np.ndarray:
    """One value per seed, (n,); rounded, for the sign of a rounding error must not decide."""
    if claim.ratio:
        values = np.log(scores[0] / scores[1])
    elif claim.versus is not None:
        values = scores[0] - scores[1]
    else:
        values = scores[0]
    return np.round(values, DECIMALS)


def _held(claim: Claim, values: np.ndarray, scores: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """Whether the claim holds, see `Sample.held`. What diverged counts against its own side: a
    level is not reached by it, and whatever it is compared with is better."""
    above, below = value_bounds(claim)
    held = held_by(claim, values)
    held[lost.all(axis=0)] = 0.0
    if claim.versus is not None:
        worst = -WORST if find_column(claim.metric).higher_is_better else WORST
        for side, sign in ((0, 1), (1, -1)):
            alone = lost[side] & ~np.isnan(scores[1 - side])
            held[alone] = float(above < sign * worst < below)
    return held


def held_by(claim: Claim, values: np.ndarray) -> np.ndarray:
    """Whether the claim holds at each value, see `Sample.held`.

    A claim that one of two candidates is better does not hold where they are equal, nor does that
    the other one is: scores of few images often are, and must not refute both.

    Args:
        values: in the unit of `value_bounds`, NaN for none, (n,).
    """
    above, below = value_bounds(claim)
    held = np.where(np.isnan(values), math.nan, (above < values) & (values < below))
    if claim.versus is not None and 0.0 in (above, below):
        held[values == 0] = TIED
    return held


def value_bounds(claim: Claim) -> tuple[float, float]:
    """The region's bounds in the unit of the values: logarithms for a ratio."""
    if not claim.ratio:
        return claim.above, claim.below
    above = math.log(claim.above) if claim.above > 0 else -math.inf
    return above, math.log(claim.below)


def _on_two_machines(rows: list[pd.DataFrame], n: int) -> np.ndarray:
    """Whether the candidates were timed on different machines in a round, bool (n,)."""
    machines = [each["timed_on"].reindex(range(n)) for each in rows]
    return (machines[0] != machines[1]).fillna(False).to_numpy(bool)


def _are_apart(rows: list[pd.DataFrame]) -> bool:
    """Whether the rounds were timed on several machines.

    Args:
        rows: of each candidate, one per seed that counts.
    """
    return len({machine for each in rows for machine in each["timed_on"].dropna()}) > 1
