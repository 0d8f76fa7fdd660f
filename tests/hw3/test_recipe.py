"""The recipe's choices: each changes the training as it says, and resumes bit for bit."""

import io
import math
from dataclasses import fields, replace

import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from hw3.engine import (
    TUNABLE,
    Recipe,
    recipe_for,
    restore_training,
    train_epochs,
    train_together,
    training_state,
)
from hw3.engine.augment import Augmentation
from hw3.numerics import Numerics
from tests.hw3.training import curve, start, train
from tests.made import square_splits

BASE = recipe_for(4)
CHANGES = {
    "adamw": {"optimiser": "adamw", "weight_decay": 0.1},
    "sgd": {"optimiser": "sgd", "learning_rate": 0.05},
    "plain sgd": {"optimiser": "sgd", "momentum": 0.0, "learning_rate": 0.05},
    "weight decay": {"weight_decay": 0.1},
    "cosine": {"schedule": "cosine"},
    "constant": {"schedule": "constant"},
    "label smoothing": {"label_smoothing": 0.2},
    "augmentation": {"augment": True},
    "batch size": {"batch_size": 16},
}


@pytest.fixture(scope="module")
def squares():
    return square_splits()


def recipe_of(changes):
    return replace(BASE, **changes)


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_a_change_of_the_recipe_changes_the_curve_and_resumes_bit_for_bit(squares, changes):
    recipe = recipe_of(changes)
    whole = curve(train(squares, recipe=recipe)[1])
    assert whole != curve(train(squares, recipe=BASE)[1])
    half, other = (start(squares, recipe=recipe) for _ in range(2))
    rows = train_epochs(half, squares)
    begun = [next(rows), next(rows)]
    saved = io.BytesIO()
    torch.save(training_state(half), saved)
    saved.seek(0)
    restore_training(other, torch.load(saved, weights_only=True))
    assert curve([*begun, *train_epochs(other, squares)]) == whole


def test_trainings_of_different_recipes_may_run_together(squares):
    recipes = [BASE, recipe_of({"optimiser": "sgd"}), recipe_of({"augment": True})]
    alone = [curve(train(squares, recipe=recipe)[1]) for recipe in recipes]
    rows = list(train_together([start(squares, recipe=recipe) for recipe in recipes], squares))
    assert [curve(own) for own in zip(*rows, strict=True)] == alone


@pytest.mark.parametrize(
    ("schedule", "shares"),
    [
        ("step", [1, 0.1, 0.01, 0.001]),
        ("cosine", [(1 + math.cos(math.pi * epoch / 4)) / 2 for epoch in range(4)]),
        ("constant", [1, 1, 1, 1]),
    ],
)
def test_learning_rate_follows_the_schedule(squares, schedule, shares):
    recipe = Recipe(4, learning_rate=0.01, step_size=1, schedule=schedule)
    rates = [row.learning_rate for row in train(squares, recipe=recipe)[1]]
    assert rates == pytest.approx([0.01 * share for share in shares])


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_steps_are_those_of_torchs_optimiser(squares, name):
    recipe = Recipe(1, optimiser=name, learning_rate=0.01, momentum=0.5, weight_decay=0.1)
    numerics = Numerics(channels_last=False, cache_bytes=0)
    training, peer = (start(squares, recipe=recipe, numerics=numerics) for _ in range(2))
    weights, options = peer.model.parameters(), {"lr": 0.01, "weight_decay": 0.1}
    theirs = {
        "adam": lambda: torch.optim.Adam(weights, **options),
        "adamw": lambda: torch.optim.AdamW(weights, **options),
        "sgd": lambda: torch.optim.SGD(weights, momentum=0.5, **options),
    }[name]()
    pixels = torch.from_numpy(squares.train.images[::3]).unsqueeze(1) / 255
    labels = torch.tensor(squares.train.labels[::3], dtype=torch.float32)
    for model, optimiser in ((training.model, training.optimiser), (peer.model, theirs)):
        for _step in range(3):
            optimiser.zero_grad()
            cross_entropy(model(pixels).squeeze(1), labels).backward()
            optimiser.step()
    for ours, other in zip(training.model.parameters(), peer.model.parameters(), strict=True):
        torch.testing.assert_close(ours, other)


def test_labels_are_smoothed_in_the_gradient_and_not_in_what_is_logged(squares):
    """A model of one number, on a batch of pneumonia images alone, learns the smoothed target."""
    ones = squares.train.labels == 1
    part = replace(
        squares.train, images=squares.train.images[ones], labels=squares.train.labels[ones]
    )
    data = replace(squares, train=part)
    recipe = Recipe(60, learning_rate=0.1, label_smoothing=0.2, schedule="constant")
    training = start(data, recipe=recipe)
    constant = nn.Sequential(nn.Flatten(), nn.Linear(256, 1))
    for weights in constant[1].parameters():
        weights.data.zero_()
    constant[1].weight.requires_grad_(False)
    training.model, training.optimiser.param_groups[0]["params"] = constant, [constant[1].bias]
    row = list(train_epochs(training, data))[-1]
    assert torch.sigmoid(constant[1].bias).item() == pytest.approx(0.9, abs=0.01)
    assert row.train_loss == pytest.approx(-math.log(0.9), abs=0.02)
    assert row.train_eval_loss == pytest.approx(row.train_loss, abs=0.01)


def augmented(images, seed=0, epoch=1):
    augmentation = Augmentation(images)
    augmentation.draw(seed, epoch)
    return augmentation.take(torch.arange(len(images)))


def test_images_are_shifted_and_flipped_by_seed_and_epoch_alone():
    images = torch.arange(64 * 3 * 8 * 8).reshape(64, 3, 8, 8).remainder(251).to(torch.uint8)
    first = augmented(images)
    assert first.dtype == torch.uint8 and first.shape == images.shape
    assert torch.equal(first, augmented(images))
    assert not torch.equal(first, augmented(images, epoch=2))
    assert not torch.equal(first, augmented(images, seed=1))
    some = Augmentation(images)
    some.draw(0, 1)
    assert torch.equal(some.take(torch.tensor([5, 3])), first[[5, 3]])


def test_an_augmented_image_is_the_image_at_another_place_or_mirrored():
    """One bright pixel: where it lands says the shift, and on which side whether it was flipped."""
    images = torch.zeros(400, 1, 32, 32, dtype=torch.uint8)
    images[:, 0, 16, 8] = 255
    places = [tuple(one.nonzero()[0].tolist()) for one in augmented(images)[:, 0]]
    assert {down - 16 for down, _right in places} == {-2, -1, 0, 1, 2}
    rights = [right for _down, right in places]
    assert set(rights) == {*range(6, 11), *range(21, 26)}  # 8 ± 2, and mirrored, 31 - 8 ± 2
    assert 150 < sum(right > 16 for right in rights) < 250


def test_pixels_of_the_edges_fill_what_a_shift_leaves():
    images = torch.full((50, 1, 16, 16), 7, dtype=torch.uint8)
    assert torch.equal(augmented(images), images)


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"optimiser": "adagrad"}, "adam, adamw, sgd"),
        ({"schedule": 3}, "step, cosine, constant"),
        ({"augment": 1}, "False, True"),
        ({"augment": "yes"}, "False, True"),
        ({"batch_size": 1}, "from 2"),
        ({"batch_size": 32.0}, "int"),
        ({"batch_size": True}, "int"),
        ({"learning_rate": -1e-3}, "from 0"),
        ({"learning_rate": math.nan}, "nan"),
        ({"learning_rate": "0.1"}, "float"),
        ({"momentum": 1.5}, "to 1.0"),
        ({"weight_decay": -1.0}, "from 0"),
        ({"label_smoothing": 1.0}, "0.99"),
    ],
)
def test_a_recipe_that_is_none_is_refused_with_what_it_may_be(changes, fact):
    (name,) = changes
    with pytest.raises(ValueError, match=f"Recipe.{name} .*{fact}"):
        Recipe(**changes)


def test_a_whole_number_serves_as_a_float_and_equal_recipes_are_equal_as_text():
    assert repr(Recipe(learning_rate=1)) == repr(Recipe(learning_rate=1.0))


def test_all_of_a_recipe_can_be_tuned_but_what_is_the_runs():
    assert {item.name for item in fields(Recipe)} - {*TUNABLE} == {"epochs", "train_eval_every"}
