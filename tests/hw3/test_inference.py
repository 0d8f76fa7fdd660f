"""A restored model says what the trained one said."""

import numpy as np
import pytest
import torch

from hw3.engine import predict, recipe_for, start_training, train_epochs
from hw3.engine.images import resident
from hw3.inference import class_probabilities, predict_logits, restore_model
from hw3.models import FAMILIES, make_architecture
from hw3.numerics import Numerics
from tests.made import square_splits


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("family", ["conv", "ann", "gap"])
def test_a_restored_model_gives_the_logits_of_its_training(family, precision):
    data, numerics = square_splits(), Numerics(precision=precision)
    architecture = make_architecture(family, {}, data.image_size)
    training = start_training(architecture, recipe_for(1), 1, numerics)
    for _ in train_epochs(training, data):
        pass
    expected = predict(training, resident(data.val, training.device)[0])
    model = restore_model(architecture, training.model.state_dict(), numerics)
    found = predict_logits(model, data.val.images, numerics)
    assert found.shape == (len(data.val), 1)
    tolerance = 1e-6 if precision == "float32" else 1e-2
    np.testing.assert_allclose(found[:, 0], expected, atol=tolerance)


def test_weights_of_another_model_are_refused():
    assert "conv" in FAMILIES
    wide, narrow = (make_architecture("conv", {"channels": n}, 16) for n in (8, 4))
    weights = restore_model(wide, build(wide), Numerics()).state_dict()
    with pytest.raises(ValueError, match="size mismatch"):
        restore_model(narrow, weights, Numerics())


def build(architecture):
    return start_training(architecture, recipe_for(1), 1, Numerics()).model.state_dict()


def test_probabilities_of_one_logit_and_of_several_agree():
    logits = np.array([[-2.0], [0.0], [40.0]], np.float32)
    one = class_probabilities(logits)
    two = class_probabilities(np.concatenate([np.zeros_like(logits), logits], axis=1))
    np.testing.assert_allclose(one, two, atol=1e-12)
    np.testing.assert_allclose(one[:, 1], torch.sigmoid(torch.from_numpy(logits))[:, 0], rtol=1e-6)
    np.testing.assert_allclose(class_probabilities(np.ones((2, 3))), 1 / 3)
