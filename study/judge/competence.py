"""Whether a candidate has learnt anything: a model that always gives one answer is the measure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from study.spec.claim import Claim

# Metrics that say of a useless model what they say of a perfect one: it does not overfit, and it
# converges at once.
FLATTERING = ("gap_", "epochs_to_converge", "seconds_to_converge", "converged_share")
SCORES = ("accuracy", "loss", "auroc")
ACCURACY = "val_accuracy"


@dataclass(frozen=True)
class Constant:
    """The model that always answers with the training part's majority class.

    Attributes:
        answer: that class.
        scores: what it scores, by metric. Its losses are those of the training part's shares of
            the classes, given as the probability of every image.
    """

    answer: str
    scores: Mapping[str, float]


def constant_predictor(counts: Mapping[str, Mapping[str, int]]) -> Constant:
    """The constant predictor of a data set.

    Args:
        counts: images by part ("train", "val", perhaps "test") and class, each of them in the
            training part.
    """
    train = counts["train"]
    answer = max(train, key=lambda name: train[name])
    logs = {name: math.log(number / sum(train.values())) for name, number in train.items()}
    scores: dict[str, float] = {}
    for part, of_class in counts.items():
        total = sum(of_class.values())
        scores[f"{part}_accuracy"] = of_class[answer] / total
        scores[f"{part}_loss"] = -sum(of_class[name] * logs[name] for name in of_class) / total
        scores[f"{part}_auroc"] = 0.5
    for score in ("accuracy", "loss"):
        scores[f"train_eval_{score}"] = scores[f"train_{score}"]
    gap = scores["train_accuracy"] - scores["val_accuracy"]
    scores |= {"gap_accuracy": gap, "gap_accuracy_logged": gap}
    scores["gap_loss"] = scores["val_loss"] - scores["train_loss"]
    return Constant(answer, scores)


def useless_candidates(confirm: pd.DataFrame, constant: Constant | None) -> dict[str, float]:
    """Candidates of which no more than half of the trainings end with a better validation accuracy
    than the constant predictor's: their mean accuracy by name.

    Args:
        confirm: rows of confirmed trials; one that diverged counts as no better.
    """
    if constant is None:
        return {}
    ends = confirm.loc[confirm["is_final"] & confirm["status"].isin(["complete", "diverged"])]
    ends = ends.drop_duplicates(["candidate", "seed"])
    better = (ends[ACCURACY] > constant.scores[ACCURACY]) & (ends["status"] == "complete")
    shares = better.fillna(False).astype(float).groupby(ends["candidate"]).mean()
    means = ends.groupby("candidate")[ACCURACY].mean()
    return {str(name): float(means[name]) for name in shares.index[shares <= 0.5]}


def is_flattered(claim: Claim, useless: Mapping[str, float], constant: Constant) -> bool:
    """Whether the claim is one that a useless model satisfies, and is about such a one."""
    of_claim = [name for name in claim.candidates if name in useless]
    flatters = claim.metric.startswith(FLATTERING)
    if not of_claim or not (flatters or claim.metric.endswith(SCORES)):
        return False
    if claim.versus is not None:
        return flatters or len(of_claim) == 2
    value = constant.scores.get(claim.metric, math.nan)
    return math.isnan(value) or claim.above < value < claim.below


def describe_useless(names: list[str], constant: Constant) -> str:
    """Why nothing is judged on these candidates.

    Args:
        names: their labels.
    """
    share = constant.scores[ACCURACY]
    verb = "does" if len(names) == 1 else "do"
    return (
        f"{' and '.join(names)} {verb} no better than always answering “{constant.answer}” "
        f"({100 * share:.1f} % of the validation images): a model that learnt nothing satisfies "
        "such a claim"
    )
