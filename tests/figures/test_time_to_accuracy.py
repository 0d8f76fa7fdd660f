import numpy as np
import pandas as pd

from study.figures.time_to_accuracy import frame_of_time_to_accuracy
from study.store.records import Record
from study.table.example import make_epoch_rows
from study.table.members import Member
from study.table.rows import make_table
from tests.made_table import SETTING


def times_of(*seeds: list[float]) -> pd.DataFrame:
    """Time to accuracy of one candidate: validation accuracy by epoch of each seed, 2 s each where
    it is alone, and longer beside others."""
    members = []
    alone = [row | {"seconds": 2.0} for row in make_epoch_rows(np.random.default_rng(0), 0.9, 0, 1)]
    for seed, accuracies in enumerate(seeds):
        rows = make_epoch_rows(np.random.default_rng(0), 0.9, 0.0, 2.0, epochs=len(accuracies))
        for row, accuracy in zip(rows, accuracies, strict=True):
            row |= {"val_accuracy": accuracy, "seconds": 9.0}
        record = Record(SETTING.ingredients("gap", {}, seed), "complete", rows)
        timed = Record(SETTING.timing_ingredients("gap", {}, seed), "complete", alone)
        members.append(Member("confirm", "one", "One", record, seed_number=seed))
        members.append(Member("timing", "one", "One", timed, seed_number=seed))
    return frame_of_time_to_accuracy(make_table(members)).set_index("accuracy")


def test_time_to_accuracy_is_the_end_of_the_first_epoch_that_is_there():
    frame = times_of([0.5, 0.8, 0.7, 0.9])
    assert frame.index.min() == 0.5
    assert frame.index.max() == 0.9
    expected = {0.5: 2, 0.505: 4, 0.8: 4, 0.805: 8, 0.9: 8}  # once reached is reached
    assert frame.loc[list(expected), "half"].tolist() == list(expected.values())


def test_time_to_accuracy_counts_seeds_that_never_get_there():
    frame = times_of([0.5, 0.9], [0.5, 0.9], [0.5, 0.7], [0.5, 0.6])
    assert frame.index.max() == 0.9  # half of the seeds reach it
    last = frame.loc[0.9]
    assert (last["quarter"], last["half"], last["reached"], last["n"]) == (4, 4, 2, 4)
    assert np.isinf(last["three_quarters"])
    assert frame.loc[0.7, ["three_quarters", "reached"]].tolist() == [4, 3]
    assert times_of([0.5, 0.9], [0.5, 0.7], [0.5, 0.6]).index.max() == 0.7  # one of three do not
