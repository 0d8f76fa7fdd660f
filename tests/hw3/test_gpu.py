"""The engine on a CUDA device: equal curves, whether captured, side by side, resumed or none."""

import io
import warnings
from dataclasses import replace

import pytest
import torch

from hw3.engine import (
    Recipe,
    recipe_for,
    repeated,
    restore_training,
    score_images,
    train_epochs,
    train_together,
    training_state,
)
from hw3.fused import train_fused
from hw3.models import FAMILIES
from hw3.numerics import Numerics
from tests.hw3.test_recipe import CHANGES
from tests.hw3.training import curve, start, train
from tests.made import square_splits

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]

PRECISIONS = ["float32", "bfloat16"]
EPOCHS = 4
DROPOUT = {"conv": {"dropout_conv": 0.3, "dropout_hidden": 0.3}}  # the ANN has it by default


@pytest.fixture(scope="module")
def squares():
    """47 and 48 images in a class: the last batch of an epoch is shorter."""
    return square_splits(train=47)


def options(family, precision="bfloat16"):
    values = DROPOUT.get(family, {})
    return {"values": values, "epochs": EPOCHS, "numerics": Numerics("cuda", precision)}


@pytest.mark.parametrize("family", FAMILIES)
def test_curve_is_the_cpus_within_rounding(squares, family):
    curves = []
    for device in ("cuda", "cpu"):
        rows = train(squares, family, numerics=Numerics(device), dropout=False)[1]
        curves.append([row.train_loss for row in rows])
    assert curves[0] == pytest.approx(curves[1], rel=0.02)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("family", FAMILIES)
def test_equal_seeds_give_equal_curves(squares, family, precision):
    first, again = (
        curve(train(squares, family, **options(family, precision))[1]) for _ in range(2)
    )
    assert first == again


@pytest.mark.parametrize("family", FAMILIES)
def test_captured_steps_compute_what_single_kernels_do(squares, family, monkeypatch):
    captured = curve(train(squares, family, **options(family))[1])
    monkeypatch.setattr(repeated, "WARM_UP", 10**9)
    assert curve(train(squares, family, **options(family))[1]) == captured


@pytest.mark.parametrize("family", FAMILIES)
def test_each_is_trained_as_if_it_were_alone(squares, family):
    seeds = range(5)
    alone = [train(squares, family, seed=seed, **options(family)) for seed in seeds]
    together = [start(squares, family, seed=seed, **options(family)) for seed in seeds]
    rows = list(train_together(together, squares))
    assert [curve(own) for own in zip(*rows, strict=True)] == [curve(own) for _one, own in alone]
    for one, (other, _rows) in zip(together, alone, strict=True):
        assert score_images(one, squares.test) == score_images(other, squares.test)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("family", FAMILIES)
def test_computed_as_one_each_is_what_it_would_be_alone(squares, family, precision):
    given, seeds = options(family, precision), range(5)
    alone = [train(squares, family, seed=seed, **given)[1] for seed in seeds]
    fused = [start(squares, family, seed=seed, **given) for seed in seeds]
    rows = list(train_fused(fused, [squares] * len(seeds)))
    rounding = 0.05 if precision == "bfloat16" else 1e-3
    for own, expected in zip(zip(*rows, strict=True), alone, strict=True):
        losses = [(row.train_loss, row.val_loss) for row in own]
        assert losses == [
            pytest.approx((row.train_loss, row.val_loss), rel=rounding) for row in expected
        ]


@pytest.mark.parametrize("family", FAMILIES)
def test_computed_as_one_captured_steps_compute_what_single_kernels_do(
    squares, family, monkeypatch
):
    def losses():
        fused = [start(squares, family, seed=seed, **options(family)) for seed in range(3)]
        return [curve(rows) for rows in train_fused(fused, [squares] * 3)]

    captured = losses()
    monkeypatch.setattr(repeated, "WARM_UP", 10**9)
    assert losses() == captured


@pytest.mark.parametrize("family", FAMILIES)
def test_training_resumes_bit_for_bit(squares, family):
    whole = curve(train(squares, family, **options(family))[1])
    half, other = (start(squares, family, **options(family)) for _ in range(2))
    rows = train_epochs(half, squares)
    begun = [next(rows), next(rows)]
    saved = io.BytesIO()
    torch.save(training_state(half), saved)
    saved.seek(0)
    restore_training(other, torch.load(saved, weights_only=True, map_location="cpu"))
    assert curve([*begun, *train_epochs(other, squares)]) == whole


def test_learning_rate_steps_down(squares):
    numerics = Numerics("cuda")
    rates = [row.learning_rate for row in train(squares, epochs=6, numerics=numerics)[1]]
    assert rates == pytest.approx([1e-3, 1e-3, 1e-4, 1e-4, 1e-5, 1e-5])
    frozen = Recipe(epochs=4, step_size=2, gamma=0.0)
    losses = [row.val_loss for row in train(squares, recipe=frozen, numerics=numerics)[1]]
    assert losses[0] != losses[1] == losses[2] == losses[3]  # captured steps read the rate


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_a_changed_recipe_is_captured_and_resumes_bit_for_bit(squares, changes, monkeypatch):
    given = {"recipe": replace(recipe_for(EPOCHS), **changes), "numerics": Numerics("cuda")}
    whole = curve(train(squares, **given)[1])
    half, other = (start(squares, **given) for _ in range(2))
    rows = train_epochs(half, squares)
    begun = [next(rows), next(rows)]
    restore_training(other, training_state(half))
    assert curve([*begun, *train_epochs(other, squares)]) == whole
    monkeypatch.setattr(repeated, "WARM_UP", 10**9)
    assert curve(train(squares, **given)[1]) == whole


def test_bfloat16_curve_is_float32s_within_its_rounding(squares):
    curves = [
        [row.train_loss for row in train(squares, numerics=Numerics("cuda", precision))[1]]
        for precision in PRECISIONS
    ]
    assert curves[0] == pytest.approx(curves[1], rel=0.05)


def test_an_epoch_waits_for_the_device_no_more_often_with_more_steps(squares):
    def waits(batch_size):
        recipe = Recipe(epochs=EPOCHS, batch_size=batch_size)
        training = start(squares, recipe=recipe, numerics=Numerics("cuda"))
        torch.cuda.set_sync_debug_mode("warn")
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                list(train_epochs(training, squares))
        finally:
            torch.cuda.set_sync_debug_mode("default")
        return len(caught)

    assert 0 < waits(47) == waits(8)
