"""Whether a candidate has learnt anything: a model that always gives one answer is the measure."""

import math
from collections.abc import Mapping

import pandas as pd

from study.spec.claim import Claim
from study.table.columns import metric_name
from study.table.constant import Constant

# Metrics that say of a useless model what they say of a perfect one: it does not overfit, and it
# converges at once.
FLATTERING = ("gap_", "epochs_to_converge", "seconds_to_converge", "converged_share")
CALIBRATION = "calibration_error"  # the shares of the classes are calibrated as probabilities
OF_ONE_CLASS = ("sensitivity", "specificity")  # each is perfect by one of the constant answers
SCORES = ("accuracy", "accuracy_max", "loss")  # how the names of some that no part has end
ACCURACY = "val_accuracy"


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
    of_one_class = claim.metric.endswith(OF_ONE_CLASS)
    of_no_use = claim.metric.startswith(FLATTERING) or claim.metric.endswith(CALIBRATION)
    flatters = of_no_use or of_one_class
    if not of_claim or not (flatters or _is_score(claim.metric)):
        return False
    if claim.versus is not None:
        return flatters or len(of_claim) == 2
    value = constant.score(claim.metric)
    return of_one_class or math.isnan(value) or claim.above < value < claim.below


def _is_score(metric: str) -> bool:
    """Whether a column is a score of predictions, and no cost or time."""
    return bool(metric_name(metric)) or metric.endswith(SCORES)


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
