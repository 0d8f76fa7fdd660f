"""Trainings that are computed as one model: each is what it would have been alone, to rounding."""

import io
import math
from dataclasses import replace

import pytest
import torch
from torch import nn

import hw3.engine.training
import hw3.fused.train
from hw3.engine import (
    Recipe,
    recipe_for,
    restore_training,
    score_images,
    train_epochs,
    training_state,
)
from hw3.fused import train_fused
from hw3.models import FAMILIES
from hw3.numerics import Numerics
from hw3.resampling import resample_splits
from tests.hw3.test_recipe import CHANGES
from tests.hw3.training import curve, start, train
from tests.made import square_splits

DROPOUT = {"conv": {"dropout_conv": 0.3, "dropout_hidden": 0.3}}  # the ANN has it by default
SEEDS = range(3)
ROUNDING = 1e-4  # relative, of losses after a few epochs in float32


@pytest.fixture(scope="module")
def squares():
    return square_splits()


def own_rows(rows_of_all):
    """The rows of each training, from the rows of all, epoch by epoch."""
    return [[row for row in rows if row is not None] for rows in zip(*rows_of_all, strict=True)]


def check_equal(rows, expected, rounding=ROUNDING):
    assert len(rows) == len(expected) > 0
    for got, alone in zip(curve(rows), curve(expected), strict=True):
        train_loss, accuracy, val_loss, auroc = alone
        assert got[::2] == pytest.approx((train_loss, val_loss), rel=rounding)
        # These two count, and rounding may change an order: one image in a hundred at most.
        assert got[1::2] == pytest.approx((accuracy, auroc), abs=max(0.011, rounding))


@pytest.fixture(autouse=True)
def is_stacked(monkeypatch, request):
    """Trainings must not have been trained beside one another in a test of the stack."""
    if "beside" not in request.node.name:

        def refuse(*_given):
            raise AssertionError("not stacked")

        monkeypatch.setattr(hw3.fused.train, "_train_beside", refuse)


@pytest.mark.parametrize("family", FAMILIES)
def test_each_is_trained_as_if_it_were_alone(squares, family):
    values = DROPOUT.get(family, {})
    alone = [train(squares, family, values, seed) for seed in SEEDS]
    fused = [start(squares, family, values, seed) for seed in SEEDS]
    rows = own_rows(train_fused(fused, [squares] * len(SEEDS)))
    for one, got, (other, expected) in zip(fused, rows, alone, strict=True):
        check_equal(got, expected)
        assert one.best_epoch == other.best_epoch
        scored, wanted = score_images(one, squares.test), score_images(other, squares.test)
        assert [each["epoch"] for each in scored] == [each["epoch"] for each in wanted]
        for each, like in zip(scored, wanted, strict=True):
            assert each["logits"] == pytest.approx(like["logits"], abs=2e-3)


@pytest.mark.parametrize("family", FAMILIES)
def test_in_bfloat16_too(squares, family):
    given = {"values": DROPOUT.get(family, {}), "numerics": Numerics("cpu", "bfloat16")}
    alone = [train(squares, family, seed=seed, **given)[1] for seed in SEEDS]
    fused = [start(squares, family, seed=seed, **given) for seed in SEEDS]
    for got, expected in zip(own_rows(train_fused(fused, [squares] * 3)), alone, strict=True):
        check_equal(got, expected, rounding=0.05)


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_a_changed_recipe_is_followed(squares, changes):
    recipe = replace(recipe_for(3), **changes)
    alone = [train(squares, recipe=recipe, seed=seed)[1] for seed in SEEDS]
    fused = [start(squares, recipe=recipe, seed=seed) for seed in SEEDS]
    for got, expected in zip(own_rows(train_fused(fused, [squares] * 3)), alone, strict=True):
        check_equal(got, expected)


@pytest.mark.parametrize("family", FAMILIES)
def test_each_can_be_saved_and_goes_on_alone_or_fused(squares, family):
    given = {"values": DROPOUT.get(family, {}), "epochs": 4}
    whole = [train(squares, family, seed=seed, **given)[1] for seed in SEEDS]
    fused = [start(squares, family, seed=seed, **given) for seed in SEEDS]
    epochs = train_fused(fused, [squares] * 3)
    for _epoch in range(2):
        next(epochs)
    saved = io.BytesIO()
    torch.save([training_state(one) for one in fused], saved)
    saved.seek(0)
    states = torch.load(saved, weights_only=True)
    alone, *others = (start(squares, family, seed=seed, **given) for seed in SEEDS)
    for one, state in zip([alone, *others], states, strict=True):
        restore_training(one, state)
    check_equal(list(train_epochs(alone, squares)), whole[0][2:])
    for got, expected in zip(own_rows(train_fused(others, [squares] * 2)), whole[1:], strict=True):
        check_equal(got, expected[2:])


def test_those_that_are_behind_catch_up_first(squares):
    recipe = Recipe(epochs=4, step_size=1)
    given = {"values": DROPOUT["conv"], "recipe": recipe}
    whole = [train(squares, seed=seed, **given)[1] for seed in SEEDS]
    ahead, *others = (start(squares, seed=seed, **given) for seed in SEEDS)
    begun = train_epochs(ahead, squares)
    first = [next(begun), next(begun)]
    rows = list(train_fused([ahead, *others], [squares] * 3))
    assert [row is None for row, *_others in rows] == [True, True, False, False]
    own, *rest = own_rows(rows)
    for got, expected in zip([first + own, *rest], whole, strict=True):
        check_equal(got, expected)


def test_one_that_diverges_ends_and_the_others_go_on(squares):
    alone = [train(squares, seed=seed)[1] for seed in (1, 2)]
    broken, *sound = (start(squares, seed=seed) for seed in SEEDS)
    with torch.no_grad():
        next(broken.model.parameters()).fill_(math.nan)
    rows = list(train_fused([broken, *sound], [squares] * 3))
    assert [row is None for row, *_others in rows] == [False, True, True]
    (first,) = own_rows(rows)[0]
    assert not first.is_finite()
    for got, expected in zip(own_rows(rows)[1:], alone, strict=True):
        check_equal(got, expected)


def test_each_may_have_a_split_of_its_own(squares):
    data = [resample_splits(squares, seed) for seed in SEEDS]
    alone = [train(own, seed=seed)[1] for own, seed in zip(data, SEEDS, strict=True)]
    fused = [start(squares, seed=seed) for seed in SEEDS]
    for got, expected in zip(own_rows(train_fused(fused, data)), alone, strict=True):
        check_equal(got, expected)


def test_afterwards_no_training_holds_the_others_weights(squares):
    fused = [start(squares, seed=seed) for seed in SEEDS]
    epochs = train_fused(fused, [squares] * 3)
    for _epoch in range(fused[0].recipe.epochs):  # and not asked for more
        next(epochs)
    best = fused[0].best_weights
    assert best is not None
    for tensor in (*fused[0].model.parameters(), *best.values()):
        assert tensor.untyped_storage().nbytes() == tensor.nbytes


def test_want_of_memory_is_not_taken_for_models_that_cannot_be_stacked(squares, monkeypatch):
    def fail(*_given):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(hw3.fused.train, "predict_stacked", fail)
    fused = [start(squares, seed=seed) for seed in SEEDS]
    with pytest.raises(torch.OutOfMemoryError):
        next(train_fused(fused, [squares] * 3))


class Scaled(nn.Module):
    """A model whose last weight is a single number."""

    def __init__(self, model):
        super().__init__()
        self.model, self.scale = model, nn.Parameter(torch.tensor(1.0))

    def forward(self, images):
        return self.scale * self.model(images)


def test_a_weight_may_be_a_single_number(squares, monkeypatch):
    """Its moments have the shape that the number of steps has."""
    built = hw3.engine.training.build_model
    monkeypatch.setattr(hw3.engine.training, "build_model", lambda *given: Scaled(built(*given)))
    whole = [train(squares, seed=seed, epochs=4)[1] for seed in SEEDS]
    begun = [start(squares, seed=seed, epochs=4) for seed in SEEDS]
    first = [[next(rows), next(rows)] for rows in (train_epochs(one, squares) for one in begun)]
    rest = own_rows(train_fused(begun, [squares] * 3))  # with states that are stacked
    for expected, early, late in zip(whole, first, rest, strict=True):
        check_equal(early + late, expected)


class Noisy(nn.Module):
    """A layer that draws by itself."""

    def forward(self, features):
        return features + 0.01 * torch.randn_like(features) if self.training else features


def test_models_that_cannot_be_stacked_are_trained_beside_one_another(squares):
    def noisy(seed):
        training = start(squares, seed=seed)
        training.model = nn.Sequential(training.model, Noisy())
        return training

    alone = [curve(list(train_epochs(noisy(seed), squares))) for seed in SEEDS]
    rows = own_rows(train_fused([noisy(seed) for seed in SEEDS], [squares] * 3))
    assert [curve(each) for each in rows] == alone
