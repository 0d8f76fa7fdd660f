"""Claims and the table -> verdicts. Pure functions: equal input gives equal output.

A claim is judged by replication: in what share of trainings does it hold? What is tested is the
training, on these very images; the noise of drawing the images is given beside it.
"""

from study.judge.competence import useless_candidates
from study.judge.decide import Decision, decide
from study.judge.judge import judge, judge_untuned, terms_of
from study.judge.open_claims import wanted_seeds
from study.judge.sample import NO_TEST_PART
from study.judge.verdict import Outcome, Terms, Verdict
from study.table.constant import Constant, constant_predictor

__all__ = [
    "NO_TEST_PART",
    "Constant",
    "Decision",
    "Outcome",
    "Terms",
    "Verdict",
    "constant_predictor",
    "decide",
    "judge",
    "judge_untuned",
    "terms_of",
    "useless_candidates",
    "wanted_seeds",
]
