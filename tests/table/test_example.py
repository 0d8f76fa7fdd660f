"""The made-up table holds everything that a run could, for any study."""

from dataclasses import replace

import pandas as pd
import pytest

from study.spec.baseline import Baseline, Match
from study.spec.search import Search
from study.spec.space import Choice, Int
from study.table.columns import all_columns
from study.table.example import SEEDS, TRIALS, example_table
from study.table.trials import explored_ends
from tests import made, made_table

MATCHED = Baseline("matched", "Matched", "ann", match=Match("lab4", "parameters", ("width_1",)))
STUDIES = {
    "one search": made_table.STUDY,
    "two searches": made.STUDY,
    "none": replace(made_table.STUDY, searches=()),
    "equal scale": replace(
        made_table.STUDY, baselines=(*made_table.STUDY.baselines, MATCHED), figures=()
    ),
}


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_every_candidate_is_confirmed_with_scores_of_images(study):
    table = example_table(study)
    finals = table[(table["stage"] == "confirm") & table["is_final"]]
    assert dict(finals.groupby("candidate").size()) == dict.fromkeys(study.labels(), SEEDS)
    assert dict(zip(finals["candidate"], finals["label"], strict=True)) == study.labels()
    assert finals[["test_accuracy", "test_correct", "parameters"]].notna().all(axis=None)
    assert finals[["val_correct", "val_logits", "test_logits"]].notna().all(axis=None)
    assert len(finals[["candidate", "key"]].drop_duplicates()) == len(finals)


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_every_search_has_trials_of_every_status(study):
    ends = explored_ends(example_table(study))
    assert set(ends["candidate"]) == {search.name for search in study.searches}
    for _, trials in ends.groupby("candidate"):
        assert set(trials["status"]) == {"complete", "stopped", "diverged", "failed"}
        assert trials["key"].is_unique
        assert trials["hand_picked"].any() == bool(trials["hand_picked"].iloc[0])


def test_equal_studies_give_equal_tables():
    pd.testing.assert_frame_equal(example_table(made.STUDY), example_table(made.STUDY))
    table = example_table(made_table.STUDY)
    assert list(table.columns) == list(all_columns())


def test_a_search_chooses_its_best_trial():
    table = example_table(made_table.STUDY)
    gap = table[(table["candidate"] == "gap") & table["is_final"] & (table["status"] == "complete")]
    best = gap[gap["stage"] == "explore"].sort_values("val_loss").iloc[0]
    assert set(gap.loc[gap["stage"] == "confirm", "config_channels"]) == {best["config_channels"]}


def test_a_space_of_two_points_has_two_trials():
    space = {"hidden": Choice((0, 32)), "channels": Choice((16,))}
    search = Search("tiny", "Tiny", "gap", space, hand_picked=({"channels": 16, "hidden": 32},))
    ends = explored_ends(example_table(replace(made_table.STUDY, searches=(search,))))
    assert ends["config_hidden"].tolist() == [32, 0]
    large = replace(search, space={"hidden": Int(0, 512), "channels": Int(16, 512)})
    ends = explored_ends(example_table(replace(made_table.STUDY, searches=(large,))))
    assert len(ends) == TRIALS


def test_a_configuration_that_cannot_be_is_refused():
    wrong = Baseline("wrong", "Wrong", "gap", {"chanels": 3})
    with pytest.raises(ValueError, match="chanels"):
        example_table(replace(made_table.STUDY, baselines=(wrong,)))
