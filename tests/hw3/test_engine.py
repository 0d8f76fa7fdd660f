"""The training engine: the recipe, equal seeds, resumption, parity with a plain loop."""

import io
import json
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Sampler

from benchmarks.peers import homework
from hw3.data import load_splits
from hw3.engine import (
    Recipe,
    predict,
    recipe_for,
    restore_training,
    score_images,
    train_epochs,
    training_state,
)
from hw3.models import FAMILIES, build_model, make_architecture
from hw3.numerics import Numerics, choose_numerics, has_fast_bfloat16, micro_batch_size
from hw3.seeds import derive_seed
from hw3.splits import Split, make_splits
from study.stats.signflip import seed_interval
from tests.hw3.training import curve, start, take_dropout_away, train
from tests.made import square_splits


@pytest.fixture(scope="module")
def squares():
    return square_splits()


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


def test_training_resumes_from_a_saved_state_bit_for_bit(squares):
    values = {"dropout_conv": 0.3, "dropout_hidden": 0.3}
    whole = curve(train(squares, values=values, epochs=4)[1])
    half = start(squares, values=values, epochs=4)
    rows = train_epochs(half, squares)
    begun = [next(rows), next(rows)]
    other = start(squares, values=values, epochs=4)
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


EIGHT_IMAGES = 8 * 32 * 16 * 16 * 4  # bytes of the first convolution's output
LEVERS = {  # each alone, and all together
    "none": {"channels_last": False, "cache_bytes": 0},
    "channels_last": {"cache_bytes": 0},
    "micro-batches": {"channels_last": False, "cache_bytes": EIGHT_IMAGES},
    "all": {"cache_bytes": EIGHT_IMAGES},
}


class EngineOrder(Sampler):
    """The order in which the engine takes the images, epoch after epoch."""

    def __init__(self, count, seed=0):
        self.count, self.seed, self.epoch = count, seed, 0

    def __len__(self):
        return self.count

    def __iter__(self):
        self.epoch += 1
        generator = torch.Generator().manual_seed(derive_seed(self.seed, "order", self.epoch))
        return iter(torch.randperm(self.count, generator=generator).tolist())


@pytest.mark.parametrize("levers", LEVERS)
@pytest.mark.parametrize("family", homework.MODELS)
def test_engine_gives_the_homeworks_curve(squares, family, levers):
    assert_equal_curves(squares, family, 3, Numerics(**LEVERS[levers]), rel=1e-4)


def test_engine_gives_the_homeworks_curve_on_real_images(shared_data):
    data = load_splits(str(shared_data / "chest_xray_course256"), 32)
    assert_equal_curves(data, "conv", 1, Numerics(cache_bytes=4 * EIGHT_IMAGES), rel=5e-3)


def assert_equal_curves(data, family, epochs, numerics, rel):
    """From the same weights, in the same order; without dropout, since a mask depends on the cut
    into micro-batches."""
    architecture = make_architecture(family, {}, data.image_size)
    peer = homework.MODELS[family](architecture.config, data.image_size)
    take_dropout_away(peer)
    own = build_model(architecture, seed=0)
    for theirs, ours in zip(peer.parameters(), own.parameters(), strict=True):
        theirs.data.copy_(ours.data)
    _shuffled, val = homework.make_loaders(data.train, data.val)
    order = EngineOrder(len(data.train))
    train_loader = DataLoader(homework.as_dataset(data.train), 32, sampler=order)
    expected = list(homework.train_model(peer, train_loader, val, epochs, step_size=1))
    rows = train(data, family, epochs=epochs, numerics=numerics, dropout=False)[1]
    losses = [(row.train_loss, row.val_loss) for row in rows]
    assert losses == [pytest.approx((row[0], row[2]), rel=rel) for row in expected]
    got = [(row.train_accuracy, row.val_accuracy) for row in rows]
    assert got == [pytest.approx((row[1], row[3]), abs=0.02) for row in expected]


def test_micro_batches_give_the_batchs_gradient(squares):
    models = [
        train(squares, epochs=1, numerics=Numerics(cache_bytes=size))[0].model
        for size in (0, EIGHT_IMAGES)
    ]
    for one, other in zip(models[0].parameters(), models[1].parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


def test_batches_are_cut_for_the_cache_where_images_do_not_affect_each_other():
    def images(family, image_size, values=None, **numerics):
        architecture = make_architecture(family, values or {}, image_size)
        return micro_batch_size(architecture, Numerics(**numerics))

    mebibytes = 8 * 2**20
    assert [images("conv", size, cache_bytes=mebibytes) for size in (64, 128, 256)] == [16, 4, 1]
    assert images("conv", 64, {"channels": 128}, cache_bytes=mebibytes) == 4
    assert images("conv", 64, precision="bfloat16", cache_bytes=mebibytes) == 32
    assert images("gap", 256, cache_bytes=1) == 1
    assert images("ann", 64) is None  # batch normalisation
    assert images("conv", 64, device="cuda") is None
    assert images("conv", 64, cache_bytes=0) is None


def hazy_splits(train=96, val=96):
    """Noise, brighter by 2.5 standard deviations in the pneumonia images: nine in ten can be
    told."""
    rng = np.random.default_rng(0)

    def part(count):
        labels = np.repeat(np.array([0, 1], np.uint8), count)
        brightness = rng.normal(90 + 50 * labels, 20)[:, None, None]
        images = brightness + rng.normal(0, 20, (2 * count, 16, 16))
        return Split(images.clip(0, 255).astype(np.uint8), labels)

    return make_splits("made", "made", part(train), part(val), None)


def test_bfloat16_gives_the_accuracy_of_float32():
    """In small, since it is emulated on most CPUs: over paired seeds the mean difference of
    validation accuracy is within noise.

    `python -m benchmarks.precision` makes the comparison on a whole data set.
    """
    data, values, recipe = hazy_splits(), {"channels": 8}, Recipe(5, learning_rate=3e-3)

    def accuracies(precision):
        numerics = Numerics("cpu", precision)
        runs = [train(data, "conv", values, seed, 5, recipe, numerics)[1] for seed in range(6)]
        return np.array([rows[-1].val_accuracy for rows in runs])

    full, half = accuracies("float32"), accuracies("bfloat16")
    assert full.mean() > 0.7
    low, high = seed_interval(half - full)
    assert -0.05 < low <= high < 0.05


@pytest.mark.parametrize("family", FAMILIES)
def test_bfloat16_keeps_float32_weights_and_is_not_float32(family):
    data = square_splits(train=32, size=8)
    bfloat16 = Numerics("cpu", "bfloat16")
    training, rows = train(data, family, epochs=1, numerics=bfloat16)
    assert {weights.dtype for weights in training.model.parameters()} == {torch.float32}
    plain = train(data, family, epochs=1)[1]
    assert curve(rows) != curve(plain)
    assert rows[0].train_loss == pytest.approx(plain[0].train_loss, rel=0.01)


def test_precision_is_chosen_by_what_the_host_has(monkeypatch):
    for fast, precision in ((True, "bfloat16"), (False, "float32")):
        monkeypatch.setattr("hw3.numerics.has_fast_bfloat16", lambda _device, got=fast: got)
        assert choose_numerics("cpu", "auto").precision == precision
        assert choose_numerics("cpu", "float32").precision == "float32"


@pytest.mark.parametrize(
    ("vendor", "avx512", "amx", "fast"),
    [
        ("AuthenticAMD", True, False, True),
        ("GenuineIntel", True, False, False),  # one of two units has it: no gain
        ("GenuineIntel", True, True, True),
        ("AuthenticAMD", False, False, False),
    ],
)
def test_bfloat16_is_fast_where_the_cpu_gains_by_it(monkeypatch, vendor, avx512, amx, fast):
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: avx512)
    monkeypatch.setattr("torch.cpu._is_amx_tile_supported", lambda: amx)
    monkeypatch.setattr("hw3.numerics.read_cpuinfo", lambda: f"vendor_id : {vendor}")
    assert has_fast_bfloat16("cpu") is fast


def test_a_last_batch_of_one_image_is_left_out(squares):
    """Batch normalisation cannot train on it."""
    part = Split(squares.train.images[:65], squares.train.labels[:65])
    data = make_splits("made", "made", part, squares.val, None)
    rows = train(data, "ann")[1]
    assert len(rows) == 3


def test_training_ends_at_the_epoch_whose_loss_is_no_number(squares):
    training = start(squares, epochs=5)
    rows = []
    for row in train_epochs(training, squares):
        rows.append(row)
        if row.epoch == 2:
            with torch.no_grad():
                next(training.model.parameters()).fill_(math.nan)
    assert [row.is_finite() for row in rows] == [True, True, False]
    assert training.best_epoch in (1, 2)


def test_a_part_is_scored_with_final_and_with_best_weights(squares):
    training, _rows = train(squares, epochs=4)
    with torch.no_grad():
        for parameter in training.model.parameters():
            parameter.zero_()  # the final weights are spoilt: the best epoch's must be scored too
    training.best_epoch = 2
    final, best = score_images(training, squares.test)
    assert (final["epoch"], best["epoch"]) == (4, 2)
    assert final["loss"] == pytest.approx(math.log(2))
    assert best["loss"] < final["loss"]
    assert len(best["logits"]) == len(best["correct"]) == len(squares.test)


def test_scores_keep_each_image(squares):
    training, _rows = train(squares, epochs=2)
    score = score_images(training, squares.test)[0]
    kept = np.array(json.loads(json.dumps(score["logits"])), np.float32)
    images = torch.from_numpy(squares.test.images[:, None].copy())
    assert kept == pytest.approx(predict(training, images), rel=1e-6)
    assert len(set(kept)) > len(kept) / 2
    hits = [digit == "1" for digit in score["correct"]]
    assert hits == list((kept > 0) == squares.test.labels)
    assert np.mean(hits) == score["accuracy"]
    assert max(len(str(logit)) for logit in score["logits"]) < 16  # as float32, not as float64


def test_predict_runs_in_evaluation_mode_and_does_not_depend_on_micro_batches(squares):
    training, _rows = train(squares, epochs=1)
    training.model = nn.Sequential(nn.Flatten(), nn.Dropout(0.9), nn.Linear(256, 1))
    images = torch.from_numpy(squares.val.images).unsqueeze(1)
    whole = predict(training, images)
    training.micro_batch_size = 7
    np.testing.assert_allclose(predict(training, images), whole, atol=1e-6)
