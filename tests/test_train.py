"""The training engine: the recipe, equal seeds, resumption, parity with a plain loop."""

import io
import json
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils.data import DataLoader, TensorDataset

from hw3.models import FAMILIES, build_model, make_config
from hw3.splits import Split, make_splits
from hw3.train import (
    Numerics,
    Recipe,
    predict,
    recipe_for,
    restore_training,
    score_test_set,
    start_training,
    train_epochs,
    training_state,
)
from tests.made import square_splits


@pytest.fixture(scope="module")
def squares():
    return square_splits()


def train(data, family="conv", values=None, seed=0, epochs=3, recipe=None):
    config = make_config(family, values or {})
    training = start_training(
        family, config, data.image_size, recipe or recipe_for(epochs), seed, Numerics()
    )
    return training, list(train_epochs(training, data))


def curve(rows):
    return [(row.train_loss, row.train_accuracy, row.val_loss, row.val_auroc) for row in rows]


@pytest.mark.parametrize("family", FAMILIES)
def test_equal_seeds_give_equal_curves_and_others_differ(squares, family):
    torch.manual_seed(11)
    first = curve(train(squares, family, seed=1)[1])
    torch.manual_seed(22)  # what others draw globally must not matter
    assert curve(train(squares, family, seed=1)[1]) == first
    assert curve(train(squares, family, seed=2)[1]) != first


def test_training_leaves_the_global_generator_alone(squares):
    before = torch.get_rng_state()
    train(squares, values={"dropout_hidden": 0.5})
    assert torch.equal(torch.get_rng_state(), before)


def test_training_goes_on_from_a_saved_state_bit_for_bit(squares):
    values = {"dropout_conv": 0.3, "dropout_hidden": 0.3}
    whole = curve(train(squares, values=values, epochs=4)[1])
    config = make_config("conv", values)
    half = start_training("conv", config, 16, recipe_for(4), 0, Numerics())
    rows = train_epochs(half, squares)
    begun = [next(rows), next(rows)]
    other = start_training("conv", config, 16, recipe_for(4), 0, Numerics())
    saved = io.BytesIO()
    torch.save(training_state(half), saved)
    saved.seek(0)
    restore_training(other, torch.load(saved, weights_only=True))
    assert (other.best_epoch, other.best_loss) == (half.best_epoch, half.best_loss)
    assert curve([*begun, *train_epochs(other, squares)]) == whole


def test_a_model_learns(squares):
    row = train(squares, recipe=Recipe(epochs=15, step_size=15))[1][-1]
    assert row.val_accuracy > 0.9
    assert row.train_eval_loss < 0.4


def test_recipe_is_the_homeworks_and_scales_with_the_epochs():
    assert recipe_for(30) == Recipe()
    assert (Recipe().batch_size, Recipe().learning_rate, Recipe().gamma) == (32, 1e-3, 0.1)
    assert recipe_for(12).step_size == 4
    assert recipe_for(1).step_size == 1


def test_learning_rate_steps_down_once_a_third(squares):
    rates = [row.learning_rate for row in train(squares, epochs=6)[1]]
    assert rates == pytest.approx([1e-3, 1e-3, 1e-4, 1e-4, 1e-5, 1e-5])


def test_training_set_is_scored_at_the_cadence_and_at_the_end(squares):
    recipe = Recipe(epochs=5, train_eval_every=2)
    rows = train(squares, "ann", recipe=recipe)[1]
    scored = [row.epoch for row in rows if row.train_eval_loss is not None]
    assert scored == [2, 4, 5]


@pytest.mark.parametrize("family", FAMILIES)
def test_engine_equals_a_plain_loop(squares, family, monkeypatch):
    """The homework's loop, DataLoader and all, on the same order of images: the same losses.

    Micro-batches are forced; dropout is left out, since a mask depends on the batch's cut.
    """
    monkeypatch.setattr("hw3.train.CACHE_BYTES", 8 * 32 * 16 * 16 * 4)  # 8 images a piece
    values = {"dropout_1": 0.0, "dropout_2": 0.0, "dropout_3": 0.0} if family == "ann" else {}
    config = make_config(family, values)
    losses = [row.train_loss for row in train(squares, family, values)[1]]
    assert losses == pytest.approx(plain_losses(squares, family, config, 3), rel=1e-4)


def plain_losses(data, family, config, epochs):
    from hw3.seeds import derive_seed

    images = torch.from_numpy(data.train.images).unsqueeze(1) / 255
    labels = torch.from_numpy(data.train.labels).float()
    model = build_model(family, config, data.image_size, seed=0)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    scheduler = torch.optim.lr_scheduler.StepLR(optimiser, step_size=1, gamma=0.1)
    losses = []
    for epoch in range(1, epochs + 1):
        generator = torch.Generator().manual_seed(derive_seed(0, "order", epoch))
        order = torch.randperm(len(labels), generator=generator)
        loader = DataLoader(TensorDataset(images[order], labels[order]), batch_size=32)
        total = 0.0
        model.train()
        for batch, targets in loader:
            optimiser.zero_grad()
            loss = binary_cross_entropy_with_logits(model(batch).squeeze(1), targets)
            loss.backward()
            optimiser.step()
            total += loss.item() * len(targets)
        scheduler.step()
        losses.append(total / len(labels))
    return losses


def test_micro_batches_give_the_batchs_gradient(monkeypatch, squares):
    models = []
    for pieces in (1, 4):
        monkeypatch.setattr("hw3.train.CACHE_BYTES", 32 // pieces * 32 * 16 * 16 * 4)
        models.append(train(squares, epochs=1)[0].model)
    for one, other in zip(models[0].parameters(), models[1].parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


def test_a_last_batch_of_one_image_is_left_out(squares):
    """Batch normalisation cannot train on it."""
    part = Split(squares.train.images[:65], squares.train.labels[:65])
    data = make_splits("made", "made", part, squares.val, None)
    rows = train(data, "ann")[1]
    assert len(rows) == 3


def test_training_ends_at_the_epoch_whose_loss_is_no_number(squares):
    training = start_training("conv", make_config("conv", {}), 16, recipe_for(5), 0, Numerics())
    rows = []
    for row in train_epochs(training, squares):
        rows.append(row)
        if row.epoch == 2:
            with torch.no_grad():
                next(training.model.parameters()).fill_(math.nan)
    assert [row.is_finite() for row in rows] == [True, True, False]
    assert training.best_epoch in (1, 2)


def test_test_set_is_scored_with_final_and_with_best_weights(squares):
    training, _rows = train(squares, epochs=4)
    with torch.no_grad():
        for parameter in training.model.parameters():
            parameter.zero_()  # the final weights are spoilt: the best epoch's must be scored too
    training.best_epoch = 2
    final, best = score_test_set(training, squares.test)
    assert (final["epoch"], best["epoch"]) == (4, 2)
    assert final["loss"] == pytest.approx(math.log(2))
    assert best["loss"] < final["loss"]
    assert len(best["logits"]) == len(best["correct"]) == len(squares.test)


def test_test_scores_keep_each_image(squares):
    training, _rows = train(squares, epochs=2)
    score = score_test_set(training, squares.test)[0]
    kept = np.array(json.loads(json.dumps(score["logits"])), np.float32)
    images = torch.from_numpy(squares.test.images[:, None].copy())
    assert kept == pytest.approx(predict(training.model, images, 16), rel=1e-6)
    assert len(set(kept)) > len(kept) / 2
    hits = [digit == "1" for digit in score["correct"]]
    assert hits == list((kept > 0) == squares.test.labels)
    assert np.mean(hits) == score["accuracy"]
    assert max(len(str(logit)) for logit in score["logits"]) < 16  # as float32, not as float64


def test_predict_runs_in_evaluation_mode_and_does_not_depend_on_the_pieces(squares):
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.9), nn.Linear(256, 1))
    images = torch.from_numpy(squares.val.images).unsqueeze(1)
    whole = predict(model, images, 64)
    np.testing.assert_allclose(predict(model, images, 7), whole, atol=1e-6)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("family", FAMILIES)
def test_gpu_curve_is_the_processors_within_rounding(squares, family):
    config = make_config(
        family,
        {name: 0.0 for name in ("dropout_1", "dropout_2", "dropout_3")} if family == "ann" else {},
    )
    training = start_training(family, config, 16, recipe_for(3), 0, Numerics("cuda"))
    losses = [row.train_loss for row in train_epochs(training, squares)]
    training = start_training(family, config, 16, recipe_for(3), 0, Numerics("cpu"))
    assert losses == pytest.approx(
        [row.train_loss for row in train_epochs(training, squares)], rel=0.02
    )
