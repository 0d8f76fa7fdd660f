import numpy as np

from study.figures.pareto import frame_of_pareto, pareto_front


def test_pareto_front_holds_what_nothing_beats_in_cost_and_score():
    cost = np.array([1.0, 2.0, 2.0, 3.0, 4.0])
    score = np.array([0.5, 0.9, 0.8, 0.9, 0.95])
    assert pareto_front(cost, score, True) == [True, True, False, False, True]
    assert pareto_front(cost, score, False) == [True, False, False, False, False]


def test_pareto_front_takes_the_better_side_of_its_score(table):
    cost = {"xs": ["parameters"]}
    accuracy = frame_of_pareto(table, y="val_accuracy", **cost)
    front = set(accuracy.loc[accuracy["on_front"], "candidate"])
    assert front == {"lab4", "convmodel"}  # the cheapest; cheaper and better than both others
    loss = frame_of_pareto(table, y="val_loss", **cost)
    best = loss.loc[loss["mean"].idxmin(), "candidate"]
    assert best in set(loss.loc[loss["on_front"], "candidate"])
