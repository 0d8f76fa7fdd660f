import numpy as np

from study.figures.pareto import frame_of_pareto, pareto_front


def test_pareto_front_holds_what_nothing_beats_in_cost_and_score():
    cost = np.array([1.0, 2.0, 2.0, 3.0, 4.0])
    score = np.array([0.5, 0.9, 0.8, 0.9, 0.95])
    assert pareto_front(cost, score, True) == [True, True, False, False, True]
    assert pareto_front(cost, score, False) == [True, False, False, False, False]


def candidates_of(frame):
    return frame[frame["stage"] == "confirm"]


def test_pareto_front_takes_the_better_side_of_its_score(table):
    cost = {"xs": ["parameters"]}
    accuracy = candidates_of(frame_of_pareto(table, y="val_accuracy", **cost))
    front = set(accuracy.loc[accuracy["on_front"], "candidate"])
    assert front == {"lab4", "convmodel"}  # the cheapest; cheaper and better than both others
    loss = candidates_of(frame_of_pareto(table, y="val_loss", **cost))
    best = loss.loc[loss["mean"].idxmin(), "candidate"]
    assert best in set(loss.loc[loss["on_front"], "candidate"])


def test_trials_of_searches_stand_beside_the_candidates_and_have_fronts_of_their_own(table):
    frame = frame_of_pareto(table, y="val_accuracy", xs=["parameters", "seconds_alone"])
    candidates, trials = (frame[frame["stage"] == stage] for stage in ("confirm", "explore"))
    full = table[
        (table["stage"] == "explore") & table["is_final"] & (table["status"] == "complete")
    ]
    assert len(trials) == len(full) > 0 and set(trials["cost"]) == {"parameters"}
    assert sorted(trials["mean"]) == sorted(full["val_accuracy"])
    for _, rows in trials.groupby("candidate"):
        front = pareto_front(rows["x"].to_numpy(), rows["mean"].to_numpy(), True)
        assert list(rows["on_front"]) == front and any(front)
    without = frame_of_pareto(
        table[table["stage"] != "explore"], y="val_accuracy", xs=["parameters"]
    )
    alone = candidates[candidates["cost"] == "parameters"]
    assert list(without["on_front"]) == list(alone["on_front"])
    assert "trials of a search" in frame.attrs["note"]
    assert "trials of a search" not in without.attrs["note"]
