"""The tasks hold what the homework says: each of its numbers is a claim, and each can be judged."""

from collections import Counter

import pytest

from study.__main__ import TASKS as NAMES
from study.__main__ import find_study
from study.spec.budget import PROFILES
from study.stats.power import seeds_needed
from study.stats.rule import Rule

TASKS = {name: find_study(name) for name in NAMES}
# The homework's claims in its words: figure, words, what is measured (a candidate and its
# metrics), and the value that the report gives, where it gives one.
SAID = {
    "task_a": [
        ("figure 2", "train accuracy reaches 100 %", "convmodel", ["train_accuracy"], 1.0),
        ("figure 2", "validation stays near 95 %", "convmodel", ["val_accuracy"], 0.95),
        ("figure 2", "train loss very low", "convmodel", ["train_loss"], None),
        ("figure 2", "validation loss flat near 0.3", "convmodel", ["val_loss"], 0.3),
        ("figure 2", "severe overfitting", "convmodel", ["gap_loss"], None),
        ("figure 3", "accuracy end nearly equal", "dropout", ["gap_accuracy_logged"], 0.0),
        ("figure 3", "close to 97 %", "dropout", ["train_accuracy", "val_accuracy"], 0.97),
        ("figure 3", "losses close to 0.1", "dropout", ["train_loss", "val_loss"], 0.1),
        ("figure 3", "dropout cures the overfitting", "dropout", ["gap_loss"], None),
        ("figure 3", "the model generalises better", "dropout", ["val_loss"], None),
        ("beyond the report", "0.6 was picked by hand", "both", ["test_loss"], None),
    ],
    "task_b": [
        ("figure 6", "train about 92 %", "ann", ["train_accuracy"], 0.92),
        ("figure 6", "validation about 94 % at best", "ann", ["val_accuracy_max"], 0.94),
        ("figure 7", "train 100 %", "convmodel", ["train_accuracy"], 1.0),
        ("figure 7", "validation about 97 %", "convmodel", ["val_accuracy"], 0.97),
        ("figure 7", "overfits", "convmodel", ["gap_loss"], None),
        ("figure 7", "converged before epoch 15 of 30", "convmodel", ["converged_share"], 15 / 30),
        ("figures 6, 7", "97 % against 94 %", "convmodel", ["val_accuracy"], 0.97 - 0.94),
        ("figures 6, 7", "73 s against 35 s", "convmodel", ["elapsed_alone"], 73 / 35),
        ("text", "each side's own good model", "conv_search", ["test_accuracy"], None),
        ("text", "at equal scale", "convmodel", ["val_accuracy", "seconds_to_converge"], None),
        ("text", "CNNs suit images better", "conv_search", ["test_accuracy"], None),
    ],
    "task_c": [
        ("figure 11", "accuracy both below 90 %", "lab4", ["train_accuracy"], 0.90),
        ("figure 11", "accuracy both below 90 %", "lab4", ["val_accuracy"], 0.90),
        ("figure 11", "GAP costs performance", "lab4", ["val_accuracy"], None),
        ("figure 12", "about 93 %", "modified", ["train_accuracy", "val_accuracy"], 0.93),
        ("figure 12", "no overfitting", "modified", ["gap_loss"], None),
        ("figure 12", "level is not restored", "modified", ["val_accuracy"], None),
        ("beyond the report", "the modified setting did not", "gap", ["test_accuracy"], None),
    ],
}


@pytest.mark.parametrize(
    ("task", "figure", "words", "candidate", "metrics", "value"),
    [(task, *row) for task, rows in SAID.items() for row in rows],
)
def test_whatever_the_report_says_is_a_claim(task, figure, words, candidate, metrics, value):
    found = {
        claim.metric
        for claim in TASKS[task].claims
        if words in claim.quote
        and (claim.source, claim.candidate) == (figure, candidate)
        and (value is None or claim.above <= value <= claim.below)
    }
    assert found >= set(metrics)


@pytest.mark.parametrize("study", TASKS.values(), ids=TASKS)
def test_no_claim_is_made_twice_or_without_its_source(study):
    assert all(claim.quote and claim.source for claim in study.claims)
    regions = Counter((c.candidate, c.metric, c.versus, c.above, c.below) for c in study.claims)
    assert max(regions.values(), default=1) == 1


@pytest.mark.parametrize("study", TASKS.values(), ids=TASKS)
@pytest.mark.parametrize("profile", [name for name, budget in PROFILES.items() if budget.judged])
def test_a_judged_profile_has_seeds_enough_for_every_claim(study, profile):
    assert PROFILES[profile].seeds >= seeds_needed(Rule(len(study.claims)))


@pytest.mark.parametrize("task", SAID)
def test_every_claim_quotes_the_list_above(task):
    words = [row[1] for row in SAID[task]]
    for claim in TASKS[task].claims:
        assert any(said in claim.quote for said in words), claim.name
