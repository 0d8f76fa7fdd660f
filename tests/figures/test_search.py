from study.figures.search import frame_of_search
from tests.figures.tables import explored_table


def test_search_counts_all_epochs_and_only_full_trials_as_best():
    trials = [
        ({"channels": 16}, "stopped", [0.1, 0.1]),
        ({"channels": 32}, "complete", [0.9] * 11 + [0.5]),
        ({"channels": 64}, "failed", []),
        ({"channels": 128}, "complete", [0.9] * 11 + [0.6]),
        ({"channels": 256}, "complete", [0.9] * 11 + [0.4]),
    ]
    frame = frame_of_search(explored_table(trials))
    assert list(frame["spent"]) == [2, 14, 14, 26, 38]
    assert frame["best"].fillna(-1).tolist() == [-1, 0.5, 0.5, 0.5, 0.4]
