"""Several trainings at once: each is what it would have been alone."""

import math

import pytest
import torch
from torch import nn

from hw3.engine import (
    Recipe,
    restore_training,
    score_images,
    train_epochs,
    train_together,
    training_state,
)
from hw3.engine.repeated import Repeated, drawing_from
from hw3.models import FAMILIES
from tests.hw3.training import curve, start, train
from tests.made import square_splits

CPU = torch.device("cpu")
DROPOUT = {"dropout_conv": 0.3, "dropout_hidden": 0.3}


@pytest.fixture(scope="module")
def squares():
    return square_splits()


def curves_of(rows_of_all):
    """The curve of each training, from the rows of all, epoch by epoch."""
    return [
        curve([row for row in rows if row is not None]) for rows in zip(*rows_of_all, strict=True)
    ]


@pytest.mark.parametrize("family", FAMILIES)
def test_each_is_trained_as_if_it_were_alone(squares, family):
    values = DROPOUT if family == "conv" else {}
    alone = [train(squares, family, values, seed) for seed in range(3)]
    together = [start(squares, family, values, seed) for seed in range(3)]
    rows = list(train_together(together, squares))
    assert curves_of(rows) == [curve(rows) for _training, rows in alone]
    for one, (other, _rows) in zip(together, alone, strict=True):
        assert score_images(one, squares.test) == score_images(other, squares.test)


def test_they_may_stand_at_different_epochs_and_end_at_different_times(squares):
    recipe = Recipe(epochs=4, step_size=1)
    whole = [curve(train(squares, values=DROPOUT, seed=seed, recipe=recipe)[1]) for seed in (0, 1)]
    begun, fresh = (start(squares, values=DROPOUT, seed=seed, recipe=recipe) for seed in (0, 1))
    rows = train_epochs(begun, squares)
    first = curve([next(rows), next(rows)])
    resumed = start(squares, values=DROPOUT, seed=0, recipe=recipe)
    restore_training(resumed, training_state(begun))
    together = list(train_together([resumed, fresh], squares))
    assert [row is None for row, _other in together] == [False, False, True, True]
    rest, other = curves_of(together)
    assert [first + rest, other] == whole


def test_one_that_diverges_ends_and_the_others_go_on(squares):
    alone = curve(train(squares, seed=1)[1])
    broken, sound = start(squares, seed=0), start(squares, seed=1)
    with torch.no_grad():
        next(broken.model.parameters()).fill_(math.nan)
    rows = list(train_together([broken, sound], squares))
    assert [row is None for row, _other in rows] == [False, True, True]
    assert not rows[0][0].is_finite()
    assert curves_of(rows)[1] == alone


def test_an_epochs_seconds_are_shared(squares):
    (rows,) = train_together([start(squares, epochs=1, seed=seed) for seed in range(2)], squares)
    assert rows[0].seconds == rows[1].seconds


def test_work_is_repeated_branch_by_branch_on_the_cpu():
    total = torch.zeros(2)
    work = Repeated([lambda: total[0].add_(1), lambda: total[1].add_(2)], CPU)
    for _call in range(4):
        work()
    assert total.tolist() == [4, 8]


def test_layers_draw_from_the_generator_that_they_are_given():
    generator = torch.Generator().manual_seed(3)
    layer, ones = nn.Dropout(0.5), torch.ones(64)
    global_state = torch.get_rng_state()
    with drawing_from(generator):
        first = layer(ones)
    with drawing_from(generator):
        second = layer(ones)
    assert torch.equal(torch.get_rng_state(), global_state)
    assert not torch.equal(first, second)
    with drawing_from(generator.manual_seed(3)):
        assert torch.equal(layer(ones), first)
        assert torch.equal(layer(ones), second)
