"""How claims and verdicts read, and what of them is written as JSON."""

import json
import math
from dataclasses import replace

import pandas as pd
import pytest

from hw3.metrics import METRICS, Metric
from study.judge import Terms, Verdict, judge
from study.report.claim_words import claim_text, region_text, what_is_tested
from study.report.verdicts import (
    count_verdicts,
    detail_text,
    effect_text,
    format_p,
    interval_text,
    outcome_text,
    patients_text,
    reason_text,
    verdict_values,
)
from study.spec.claim import Claim
from study.stats.rule import Rule
from tests.made_table import STUDY, made_table

LABELS = {"a": "Model A", "b": "Model B"}
VERDICT = Verdict(
    Claim("level", "a", "val_accuracy", above=0.9),
    outcome="supported",
    rule=Rule(5),
    held=10,
    share=(0.69, 1.0),
    effect=0.95,
    interval=(0.94, 0.96),
    p=0.002,
    p_holm=0.0101,
    n_seeds=10,
    judged_on="validation",
    seeds_to_decide=None,
    note="",
)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return made_table()


def claim(metric="val_accuracy", versus=None, **options) -> Claim:
    return Claim("claim", "a", metric, versus, **options)


# The region


@pytest.mark.parametrize(
    ("options", "region"),
    [
        ({"above": 0.995}, "above 99.5 %"),
        ({"above": 0.93, "below": 0.97}, "from 93.0 to 97.0 %"),
        ({"metric": "val_loss", "below": 0.05}, "below 0.050 nats"),
        ({"metric": "gap_loss", "above": 0.1}, "above 0.100 nats"),
        ({"metric": "elapsed", "below": 12}, "below 12 s"),
        (
            {"metric": "gap_accuracy", "above": -0.01, "below": 0.01},
            "from −1.0 to +1.0 percentage points",
        ),
        ({"versus": "b", "above": -0.01, "below": 0.01}, "from −1.0 to +1.0 percentage points"),
        ({"versus": "b", "above": -0.01}, "above −1 percentage point"),
        ({"versus": "b", "below": 0.0}, "below 0"),
        ({"metric": "elapsed", "versus": "b", "ratio": True, "above": 1.0}, "above 1"),
        ({"metric": "elapsed", "versus": "b", "ratio": True, "below": 0.5}, "below 0.5 times"),
        (
            {"metric": "elapsed", "versus": "b", "ratio": True, "above": 1.5, "below": 3},
            "from 1.5 to 3 times",
        ),
    ],
)
def test_region_has_the_bounds_in_their_unit(options, region):
    assert region_text(claim(**options)) == region


# The claim in words


@pytest.mark.parametrize(
    ("options", "region"),
    [
        ({"above": 0.995}, "above 99.5 %"),
        ({"above": 0.93, "below": 0.97}, "from 93.0 to 97.0 %"),
        ({"above": 0.0}, "above 0"),  # of a level, 0 is a bound like others
        ({"versus": "b", "above": -0.01}, "above −1 percentage point"),
        ({"versus": "b", "above": 1.0}, "above 100.0 percentage points"),
        ({"metric": "elapsed", "versus": "b", "ratio": True, "below": 0.5}, "below 0.5 times"),
    ],
)
def test_claim_text_ends_with_its_region(options, region):
    text = claim_text(claim(**options, text="So it is"), LABELS)
    assert text == f"So it is ({region})."


@pytest.mark.parametrize(
    "options",
    [
        {"versus": "b", "above": 0.0},
        {"versus": "b", "below": 0.0},
        {"metric": "elapsed", "versus": "b", "ratio": True, "above": 1.0},
        {"metric": "elapsed", "versus": "b", "ratio": True, "below": 1.0},
    ],
)
def test_claim_text_leaves_out_a_region_that_is_a_mere_direction(options):
    assert claim_text(claim(**options, text="So it is"), LABELS) == "So it is."


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"above": 0.995}, ("above 99.5 %",)),
        (
            {"above": 0.93, "below": 0.97, "epoch": "best"},
            ("from 93.0 to 97.0 %", "lowest validation"),
        ),
        ({"versus": "b", "above": 0.0}, ("higher", "Model B")),
        ({"versus": "b", "below": 0.0}, ("lower", "Model B")),
        ({"versus": "b", "above": 0.01}, ("more than 1 percentage point above", "Model B")),
        ({"versus": "b", "above": -0.01}, ("less than 1 percentage point below", "Model B")),
        ({"versus": "b", "below": 0.01}, ("less than 1 percentage point above", "Model B")),
        ({"versus": "b", "below": -0.01}, ("more than 1 percentage point below", "Model B")),
        ({"versus": "b", "above": -0.01, "below": 0.01}, ("within", "1 percentage point of")),
        ({"versus": "b", "above": -0.01, "below": 0.02}, ("−1.0 to +2.0 percentage points",)),
        (
            {"versus": "b", "ratio": True, "above": 1.5, "below": 3},
            ("from 1.5 to 3 times", "Model B"),
        ),
        ({"versus": "b", "ratio": True, "below": 1.0}, ("lower", "Model B")),
    ],
)
def test_a_claim_without_text_is_put_into_words(options, said):
    text = claim_text(claim(**options), LABELS)
    assert text.startswith("Model A: validation accuracy") and text.endswith(".")
    assert all(words in text for words in said)
    assert ("Model B" in text) == ("versus" in options)


def test_claims_of_the_made_study_read_differently():
    texts = [claim_text(claim, STUDY.labels()) for claim in STUDY.claims]
    assert len(set(texts)) == len(texts)


# The verdict in words


def test_effects_and_intervals_are_in_the_unit_of_their_claim(table):
    by_name = {verdict.claim.name: verdict for verdict in judge(STUDY.claims, table)}
    assert effect_text(by_name["lab4_level"]).endswith(" %")
    assert effect_text(by_name["no_gap"]).endswith(" nats")
    assert effect_text(by_name["not_restored"]).endswith(" percentage points")
    assert effect_text(by_name["slower"]).endswith("×")
    for verdict in by_name.values():
        shown = interval_text(verdict).replace("−", "-").split(" to ")
        factor = 100 if verdict.unit == "share" else 1
        assert [float(end) / factor for end in shown] == pytest.approx(verdict.interval, abs=0.01)
        of_images = verdict.claim.metric in ("val_accuracy", "test_accuracy")
        assert (patients_text(verdict) != "–") == of_images


@pytest.mark.parametrize(
    ("metric", "versus", "shown"),
    [
        ("val_accuracy", None, "95.0 %"),
        ("val_accuracy_max", None, "95.0 %"),
        ("test_auroc", None, "95.0 % AUROC"),
        ("test_auroc", "b", "+95.0 percentage points of AUROC"),
        (
            "val_sensitivity_at_90",
            "b",
            "+95.0 percentage points of sensitivity at 90 % specificity",
        ),
        ("val_brier", None, "0.95"),
        ("val_loss", "b", "+0.950 nats"),
        ("converged_share", None, "95.0 %"),
        ("val_mine", None, "95.0 % my metric"),
    ],
)
def test_a_share_other_than_accuracy_does_not_read_as_one(metric, versus, shown, monkeypatch):
    monkeypatch.setitem(METRICS, "mine", Metric("my metric", len))
    verdict = replace(VERDICT, claim=claim(metric, versus, above=0.5))
    assert effect_text(verdict) == shown
    assert shown in detail_text(verdict)
    assert effect_text(replace(verdict, effect=math.nan)) == "–"


def test_a_verdict_without_numbers_shows_none(table):
    verdict = judge(STUDY.claims, table.iloc[:0])[0]
    shown = (effect_text(verdict), interval_text(verdict), format_p(verdict.p_holm))
    assert shown == ("–", "–", "–")
    assert detail_text(verdict) == reason_text(verdict) == verdict.note != ""


def test_small_p_is_never_shown_as_zero():
    assert format_p(0.0004) == "< 0.001"
    assert format_p(0.0391) == "0.039"
    assert format_p(math.nan) == "–"


def test_detail_has_effect_intervals_seeds_and_p():
    detail = detail_text(replace(VERDICT, patients=(0.93, 0.97)))
    for part in ("10 of 10", "95.0 %", "94.0 to 96.0", "93.0 to 97.0", "p = 0.010"):
        assert part in detail
    assert "generalises to new patients" in detail
    assert "patients" not in detail_text(VERDICT)
    assert "p < 0.001" in detail_text(replace(VERDICT, p_holm=0.0001))
    assert "p " not in detail_text(replace(VERDICT, p_holm=math.nan))


def test_symbol_and_word_say_the_outcome():
    assert outcome_text(VERDICT) == "✓ supported"
    not_judged = replace(VERDICT, outcome="not judged")
    assert outcome_text(not_judged) == "– not judged"
    assert outcome_text(replace(not_judged, rule=None)) == "– not judged (smoke)"


# The reason


def test_a_clear_outcome_needs_no_reason():
    assert reason_text(VERDICT) == ""
    assert reason_text(replace(VERDICT, note="1 seed left out")) == "1 seed left out"


def test_reason_of_an_undecided_claim_is_the_number_of_seeds_that_would_decide():
    undecided = replace(VERDICT, outcome="undecided", p=0.2, p_holm=1.0, seeds_to_decide=24)
    assert "24 seeds" in reason_text(undecided)
    spent = replace(undecided, seeds_to_decide=None)
    assert "another --seed" in reason_text(spent)
    assert "1,000" in reason_text(replace(spent, alpha_left=0.2))
    assert reason_text(replace(undecided, next_look=13)) == "judged again after 13 seeds"


def test_reason_says_where_only_the_correction_stands_between():
    undecided = replace(VERDICT, outcome="undecided", p=0.02, p_holm=0.1, seeds_to_decide=24)
    assert "supported" in reason_text(undecided) and "5" in reason_text(undecided)
    assert "refuted" in reason_text(replace(undecided, held=1))
    assert "supported" not in reason_text(replace(undecided, p=0.06))


def test_reason_of_a_one_sided_claim_with_the_opposite_effect_names_no_seeds():
    one_sided = replace(VERDICT.claim, one_sided=True)
    verdict = replace(VERDICT, claim=one_sided, outcome="undecided", held=1, p=1.0)
    assert "one-sided" in reason_text(verdict)
    assert "seeds" not in reason_text(verdict)


def test_reason_of_a_claim_that_is_not_judged():
    few = replace(VERDICT, outcome="not judged", n_seeds=5)
    assert "8 seeds" in reason_text(few) and "5 claims" in reason_text(few)
    alone = reason_text(replace(few, rule=Rule(1)))
    assert "6 seeds" in alone and "1 claim" in alone and "claims" not in alone
    assert "smoke" in reason_text(replace(few, rule=None))


# All verdicts


def test_verdicts_are_counted(table):
    assert count_verdicts([]) == "No claims."
    counted = count_verdicts(judge(STUDY.claims, table, Terms(judged=False)))
    assert counted == "5 claims: 5 not judged."
    assert count_verdicts([VERDICT]) == "1 claim: 1 supported."


def test_verdict_values_are_json_whatever_is_missing(table):
    labels = STUDY.labels()
    for rows in (table, table.iloc[:0], table.loc[table["seed"] == 1]):
        for verdict in judge(STUDY.claims, rows):
            values = verdict_values(verdict, labels)
            assert json.loads(json.dumps(values, allow_nan=False)) == values
    level = judge(STUDY.claims, table)[0]
    values = verdict_values(level, labels)
    assert (values["claim"], values["verdict"]) == (level.claim.name, level.outcome)
    assert (values["quote"], values["source"]) == (level.claim.quote, level.claim.source)
    assert values["text"] == claim_text(level.claim, labels)
    assert values["margin"] == {"above": None, "below": 0.9}
    assert (values["ci_low"], values["ci_high"]) == level.interval
    assert (values["effect"], values["unit"]) == (level.effect, "share")
    assert verdict_values(judge(STUDY.claims, table.iloc[:0])[0], labels)["effect"] is None


def test_beside_the_words_of_the_task_stands_what_is_tested():
    """The words may say the opposite of the region."""
    lower = replace(claim(versus="b", below=0.0), text="A beats B")
    said = "Model A: validation accuracy is lower than that of Model B."
    assert claim_text(lower, LABELS) == "A beats B."
    assert what_is_tested(lower, LABELS) == f"tested: {said}"
    assert what_is_tested(replace(lower, text=""), LABELS) == ""
    assert verdict_values(replace(VERDICT, claim=lower), LABELS)["tested"] == said
