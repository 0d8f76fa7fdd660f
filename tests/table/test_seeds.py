import numpy as np
import pandas as pd
import pytest

from study.stats.signflip import seed_interval
from study.table.seeds import describe_seeds, summarise_seeds
from tests.figures.tables import scored_table


def test_summary_is_the_range_with_few_seeds_and_the_exact_interval_with_enough():
    few = scored_table([0.90, 0.92, 0.97])
    row = summarise_seeds(few[few["is_final"]], ["candidate"], "val_accuracy").iloc[0]
    assert row["mean"] == pytest.approx(0.93)
    assert (row["low"], row["high"], row["n"], row["exact"]) == (0.90, 0.97, 3, False)
    values = [0.90, 0.91, 0.92, 0.93, 0.95, 0.99]
    many = scored_table(values)
    row = summarise_seeds(many[many["is_final"]], ["candidate"], "val_accuracy").iloc[0]
    assert (row["low"], row["high"]) == seed_interval(np.array(values))
    assert row["exact"]


def test_note_tells_one_seed_and_mixed_numbers_of_seeds():
    one = pd.DataFrame({"n": [1], "exact": [False]})
    assert describe_seeds(one, "bar") == "n = 1 seed: no bar"
    mixed = describe_seeds(pd.DataFrame({"n": [3, 8], "exact": [False, True]}), "bar")
    assert "n = 3 to 8 seeds" in mixed
    assert "interval" in mixed
    assert "range" in mixed
