"""More than two classes, colours, and examples that are no images: data, models, training."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy.stats import mannwhitneyu
from torch import nn

from hw3.cost import model_cost
from hw3.engine import Recipe, recipe_for, score_images, start_training, train_epochs
from hw3.engine.loss import cross_entropy
from hw3.metrics import accuracy, auroc, log_loss
from hw3.models import FAMILIES, Family, Shape, build_model, make_architecture
from hw3.numerics import Numerics, micro_batch_size
from hw3.resampling import resample_splits
from hw3.splits import CLASSES, DataError, Split, make_splits, resize_splits

NAMES = ("cat", "dog", "fox")
FLOAT32 = Numerics(precision="float32")


def colour_splits(classes=3, train=24, other=8, size=16):
    """Noise; the images of class c are bright in the c-th colour."""
    rng = np.random.default_rng(0)

    def part(count):
        labels = np.repeat(np.arange(classes, dtype=np.uint8), count)
        images = rng.integers(0, 120, (len(labels), size, size, 3), dtype=np.uint8)
        images[np.arange(len(labels)), :, :, labels] += 100
        return Split(images, labels)

    return make_splits("made", "made", part(train), part(other), part(other), NAMES[:classes])


def number_splits(dtype=np.float32, classes=3, shape=(6,)):
    """Numbers around the class's own, or ids of tokens that say it."""
    rng = np.random.default_rng(0)

    def part(count):
        labels = np.repeat(np.arange(classes), count)
        noise = rng.normal(0, 0.3, (len(labels), *shape))
        of_class = labels.reshape(-1, *[1] * len(shape))
        return Split(
            (of_class + (noise if dtype == np.float32 else 0 * noise)).astype(dtype), labels
        )

    return make_splits("made", "made", part(20), part(8), part(8), NAMES[:classes])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("classes", "outputs"), [(2, 1), (3, 3), (11, 11)])
def test_family_takes_colours_and_gives_a_logit_for_each_class(family, classes, outputs):
    shape = Shape((3, 24, 16), classes)
    model = build_model(make_architecture(family, {}, shape), seed=0)
    assert model(torch.zeros(5, 3, 24, 16)).shape == (5, outputs)
    assert model_cost(make_architecture(family, {}, shape)).parameters == sum(
        parameter.numel() for parameter in model.parameters()
    )


def test_size_stands_for_the_homeworks_images():
    assert make_architecture("conv", {}, 16) == make_architecture("conv", {}, Shape((1, 16, 16)))
    assert make_architecture("conv", {}, 16) != make_architecture("conv", {}, Shape((1, 16, 16), 3))


def test_ann_takes_any_numbers_and_other_families_say_what_they_take():
    model = build_model(make_architecture("ann", {}, Shape((30,), 4)), seed=0)
    assert model(torch.zeros(3, 30)).shape == (3, 4)
    make_architecture("ann", {}, 30)
    for family in ("conv", "gap"):
        with pytest.raises(ValueError, match=f"{family} takes images.*30 numbers"):
            make_architecture(family, {}, Shape((30,), 4))


@dataclass(frozen=True)
class NoConfig:
    pass


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        (lambda: [nn.Linear(64, 1)], r"\(N, 3\).*got \(1, 1\)"),
        (lambda: [nn.Linear(64, 3), nn.Flatten(0)], r"\(N, 3\).*got \(3,\)"),
    ],
)
def test_model_with_other_outputs_is_refused_before_it_is_trained(monkeypatch, layers, said):
    family = Family("wrong", NoConfig, lambda *_: nn.Sequential(nn.Flatten(), *layers()))
    monkeypatch.setitem(FAMILIES, "wrong", family)
    with pytest.raises(ValueError, match=said):
        model_cost(make_architecture("wrong", {}, Shape((1, 8, 8), 3)))


def test_splits_know_their_classes_and_shape():
    splits = colour_splits()
    assert splits.classes == NAMES and splits.shape == Shape((3, 16, 16), 3)
    assert splits.counts()["val"] == dict.fromkeys(NAMES, 8)
    assert splits.image_size == 16
    numbers = number_splits()
    assert numbers.shape == Shape((6,), 3) and numbers.image_size == 0
    assert number_splits(np.int64).shape == Shape((6,), 3, whole=True)


def test_two_classes_of_grey_images_are_the_homeworks_unless_named():
    images = np.random.default_rng(0).integers(0, 256, (8, 8, 8), dtype=np.uint8)
    halves = Split(images[:4], np.arange(4) % 2), Split(images[4:], np.arange(4) % 2)
    default, named = (
        make_splits("made", "", *halves, None),
        make_splits("made", "", *halves, None, NAMES[:2]),
    )
    assert default.classes == CLASSES and default.shape == Shape((1, 8, 8))
    assert named.fingerprint == default.fingerprint  # names decide no number


def spoilt(**changes):
    fine = number_splits()
    train = {"images": fine.train.images, "labels": fine.train.labels} | changes
    return lambda: make_splits("made", "here", Split(**train), fine.val, None, NAMES)


NOT_FINITE = number_splits().train.images.copy()
NOT_FINITE[7, 2] = np.inf


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (spoilt(labels=np.full(60, 3)), r"0 \(cat\), 1 \(dog\) or 2 \(fox\), got 3"),
        (spoilt(labels=np.arange(60) % 2), "fox has none"),
        (spoilt(images=NOT_FINITE), "1 examples hold NaN or infinity, the first is example 7"),
        (spoilt(images=NOT_FINITE.astype(float)), "float32 numbers.*float64"),
        (spoilt(images=np.zeros((60, 6), np.uint8)), "uint8 is for pixels"),
        (spoilt(images=np.zeros(60, np.float32)), r"\(60,\)"),
        (spoilt(images=np.zeros((60, 5), np.float32)), r"one image size.*\(5,\).*\(6,\)"),
        (spoilt(images=np.zeros((60, 6), np.int64)), "float32 and.*int64"),
    ],
)
def test_examples_that_cannot_be_used_are_refused_with_the_fact(make, said):
    with pytest.raises(DataError, match=f"(?s)here.*{said}"):
        make()


@pytest.mark.parametrize("names", [("one",), ("a", "b", "a"), ("a", "", "c")])
def test_classes_need_two_or_more_names_of_their_own(names):
    fine = number_splits()
    with pytest.raises(DataError, match=r"here.*class"):
        make_splits("made", "here", fine.train, fine.val, None, names)


def test_only_pixels_are_resized():
    numbers = number_splits()
    assert resize_splits(numbers, 8) is numbers
    assert resize_splits(colour_splits(), 8).shape == Shape((3, 8, 8), 3)


def test_equal_numbers_may_be_of_two_parts_and_classes_but_not_equal_images():
    fine = number_splits()
    other = Split(fine.train.images[::-1], fine.train.labels)
    make_splits("made", "here", fine.train, other, None, NAMES)
    colours = colour_splits()
    with pytest.raises(DataError, match="no image may be in two parts"):
        make_splits("made", "here", colours.train, colours.train, None, NAMES)


def test_resampled_splits_keep_the_counts_of_each_class():
    splits = colour_splits()
    drawn = resample_splits(splits, 3)
    assert drawn.counts() == splits.counts() and drawn.classes == NAMES
    assert not np.array_equal(drawn.val.images, splits.val.images)


def train(splits, family, values, epochs=3, **numerics):
    recipe = Recipe(epochs=epochs, batch_size=8, step_size=epochs)
    training = start_training(
        make_architecture(family, values, splits.shape), recipe, 0, Numerics(**numerics)
    )
    return training, list(train_epochs(training, splits))


@pytest.mark.parametrize("splits", [colour_splits(), colour_splits(2)], ids=["three", "two"])
@pytest.mark.parametrize("family", ["conv", "gap"])
def test_colours_are_learnt(splits, family):
    values = {"conv": {"channels": 8}, "gap": {"channels": 16}}[family]
    training, rows = train(splits, family, values, epochs=8)
    assert rows[-1].val_accuracy > 0.9 and rows[-1].val_auroc > 0.9
    assert rows[-1].train_accuracy > 0.8
    scores = score_images(training, splits.test)
    assert scores[0]["accuracy"] > 0.9


@dataclass(frozen=True)
class TokenConfig:
    pass


def build_tokens(_config, shape):
    return nn.Sequential(nn.Embedding(8, 4), nn.Flatten(), nn.Linear(shape.features * 4, 3))


def test_numbers_and_tokens_are_learnt_as_they_are(monkeypatch):
    monkeypatch.setitem(FAMILIES, "tokens", Family("tokens", TokenConfig, build_tokens))
    quiet = dict.fromkeys(("dropout_1", "dropout_2", "dropout_3"), 0.0)
    for splits, family, values in (
        (number_splits(), "ann", quiet | {"width_1": 16, "width_2": 16, "width_3": 16}),
        (number_splits(np.int64), "tokens", {}),
    ):
        _, rows = train(splits, family, values, epochs=24)
        assert rows[-1].val_accuracy > 0.9


def test_first_loss_is_that_of_pytorchs_cross_entropy():
    splits = colour_splits(train=8)
    architecture = make_architecture("conv", {"channels": 4}, splits.shape)
    model = build_model(architecture, 0)
    images = torch.from_numpy(splits.train.images).permute(0, 3, 1, 2) / 255
    labels = torch.from_numpy(splits.train.labels).long()
    expected = float(nn.functional.cross_entropy(model(images), labels).detach())
    recipe = Recipe(epochs=1, batch_size=len(labels))
    training = start_training(architecture, recipe, 0, FLOAT32)
    (row,) = train_epochs(training, splits)
    assert row.train_loss == pytest.approx(expected, rel=1e-5)


def test_smoothed_labels_give_the_gradient_of_pytorchs_smoothed_loss():
    logits, targets = torch.randn(9, 4, requires_grad=True), torch.arange(9) % 4
    smoothed = cross_entropy(logits, targets, "sum", 0.2)
    spread = nn.functional.one_hot(targets, 4) * 0.8 + 0.2 / 4
    assert torch.allclose(smoothed, -(spread * logits.log_softmax(1)).sum())


def test_augmentation_is_for_images_and_takes_colours():
    recipe = Recipe(epochs=1, augment=True)
    with pytest.raises(ValueError, match=r"augment .* images; got examples of 6 numbers"):
        start_training(make_architecture("ann", {}, Shape((6,), 3)), recipe, 0, Numerics())
    splits = colour_splits()
    training = start_training(make_architecture("gap", {}, splits.shape), recipe, 0, Numerics())
    assert len(list(train_epochs(training, splits))) == 1


def test_micro_batches_give_the_gradient_of_the_whole_batch():
    splits = colour_splits()
    small = 4 * 16 * 16 * 4 * 2
    curves = []
    for cache_bytes in (0, small):
        _, rows = train(splits, "conv", {"channels": 4}, cache_bytes=cache_bytes)
        curves.append([row.val_loss for row in rows])
    architecture = make_architecture("conv", {"channels": 4}, splits.shape)
    assert micro_batch_size(architecture, Numerics(cache_bytes=small)) == 2
    assert curves[0] == pytest.approx(curves[1], rel=1e-4)


def test_scores_of_several_classes_are_pytorchs_and_scipys():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 4, 300)
    logits = rng.normal(size=(300, 4)).astype(np.float32)
    logits[np.arange(300), labels] += 1
    tensors = torch.from_numpy(logits).double(), torch.from_numpy(labels)
    assert accuracy(logits, labels) == np.mean(logits.argmax(1) == labels)
    assert log_loss(logits, labels) == pytest.approx(float(nn.functional.cross_entropy(*tensors)))
    chances = tensors[0].softmax(1).numpy()
    areas = []
    for one in range(4):
        mine, others = chances[labels == one, one], chances[labels != one, one]
        areas.append(mannwhitneyu(mine, others).statistic / (len(mine) * len(others)))
    assert auroc(logits, labels) == pytest.approx(np.mean(areas))
    logits[3, 1] = np.nan
    assert np.isnan(log_loss(logits, labels)) and np.isnan(auroc(logits, labels))


def test_scored_images_are_recorded_with_their_logits_and_labels():
    splits = colour_splits()
    training, rows = train(splits, "conv", {"channels": 8}, epochs=2)
    score = next(one for one in score_images(training, splits.val) if one["epoch"] == 2)
    logits, labels = np.array(score["logits"]), np.array(score["labels"])
    assert logits.shape == (24, 3) and labels.tolist() == splits.val.labels.tolist()
    assert score["loss"] == pytest.approx(log_loss(logits, labels), rel=1e-6)
    assert score["loss"] == rows[-1].val_loss
    assert score["correct"] == "".join("01"[int(h)] for h in logits.argmax(1) == labels)


def test_two_classes_are_recorded_as_ever():
    splits = colour_splits(2)
    training, _ = train(splits, "conv", {"channels": 4}, epochs=1)
    (score,) = score_images(training, splits.val)
    assert list(score) == ["epoch", "loss", "accuracy", "auroc", "logits", "correct"]
    assert all(isinstance(logit, float) for logit in score["logits"])
    assert recipe_for(1).epochs == 1
