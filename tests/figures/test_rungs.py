import numpy as np
import pytest
import scipy.stats

from study.figures.rungs import frame_of_rungs, rank_agreement
from tests.figures.tables import explored_table


def test_rank_agreement_is_kendalls_with_one_group_and_stays_within_groups():
    rng = np.random.default_rng(3)
    early, late = rng.normal(size=(2, 9))
    tau, p, pairs = rank_agreement(np.zeros(9), early, late)
    known = scipy.stats.kendalltau(early, late, method="exact")
    assert (tau, p) == (pytest.approx(known.statistic), pytest.approx(known.pvalue))
    assert pairs == 36
    # the groups' levels agree, the order within each is reversed: 2 x 3 pairs, 1 / 36 each side
    groups, early = np.repeat([0, 1], 3), np.array([1.0, 2, 3, 11, 12, 13])
    late = np.array([3.0, 2, 1, 13, 12, 11])
    assert rank_agreement(groups, early, late) == (-1.0, pytest.approx(2 / 36), 6)


def test_rungs_count_unpruned_trials_only(table):
    frame = frame_of_rungs(table)
    assert list(frame["rung"].unique()) == [2, 4]
    unpruned = frame[(frame["role"] == "unpruned") & (frame["rung"] == 4)]
    controls = table[(table["stage"] == "explore") & (table["pruned_by"] == "none")]
    whole = controls[controls["is_final"] & (controls["status"] == "complete")]
    assert set(whole["key"]) < set(unpruned["key"])
    assert len(unpruned) == len(whole) + 3  # one seed of each baseline
    assert set(frame["n"]) == {len(unpruned)}
    assert set(frame["pairs"]) == {len(whole) * (len(whole) - 1) // 2 + 3}
    assert (frame["role"] == "survivor").any()


def test_rungs_need_pairs():
    trials = [({"channels": 16}, "complete", [0.5] * 12), ({"channels": 32}, "stopped", [0.5] * 3)]
    assert frame_of_rungs(explored_table(trials)).empty
