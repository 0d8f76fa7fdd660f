"""What the benchmarks work on, and the arithmetic of their tables; running them takes minutes."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.growth import growth
from benchmarks.peers.work import BASELINES
from benchmarks.study import overhead, summarise
from study.task_c import STUDY


def test_work_of_the_benchmarks_holds_task_c_points():
    assert (
        BASELINES.items() >= {p.name: (p.family, dict(p.config)) for p in STUDY.baselines}.items()
    )


def test_growth_is_the_exponent_between_neighbours():
    trials = pd.Index([10, 100, 1000])
    table = pd.DataFrame({"linear": trials * 2.0, "constant": 3.0, "square": trials**2.0}, trials)
    exponents = growth(table)
    np.testing.assert_allclose(exponents, [[1, 0, 2]] * 2, atol=1e-12)
    assert list(exponents.index) == ["10 to 100", "100 to 1000"]


def test_ratios_are_of_one_turn():
    """The machine is twice as slow in one turn; ratios must not see it."""
    turns = [
        {"turn": turn, "contestant": name, "ray": 0, "workers": 2, "trials": trials, "engine": None}
        for turn, slowness in enumerate((1, 2, 1))
        for name, trials in (("study", 44 * slowness), ("bare", 40 * slowness))
    ]
    table = summarise(pd.DataFrame(turns))
    assert table.loc["bare", "trials, ratio"] == pytest.approx(40 / 44)
    assert "+10.0% once workers have started" in overhead(table)
