"""Layers are traced from the modules that are trained."""

import pytest

from hw3.cost import model_cost
from hw3.layers import Layer, meta_model, trace_layers
from hw3.models import FAMILIES, make_architecture


def traced(family, values, image_size=32):
    model = meta_model(make_architecture(family, values, image_size))
    return trace_layers(model, image_size)


def test_layers_of_the_modified_gap_are_those_of_the_homeworks_figure_10():
    layers = traced("gap", {"channels": 128, "hidden": 128}, 256)
    block = ["Conv2d", "MaxPool2d", "ReLU"]
    head = ["AdaptiveAvgPool2d", "Flatten", "Linear", "ReLU", "Linear"]
    assert [layer.kind for layer in layers] == 3 * block + head
    assert layers[0] == Layer("Conv2d", "3×3", (32, 256, 256), 320)
    assert layers[6] == Layer("Conv2d", "3×3", (128, 64, 64), 36_992)
    assert layers[9] == Layer("AdaptiveAvgPool2d", "1×1", (128, 1, 1), 0)
    assert layers[-1] == Layer("Linear", "", (1,), 129)


def test_dropout_is_traced_where_the_homework_puts_it():
    layers = traced("conv", {"dropout_conv": 0.6, "dropout_hidden": 0.25})
    kinds = [layer.kind for layer in layers]
    assert [
        (kinds[i - 1], layer.detail) for i, layer in enumerate(layers) if "Drop" in layer.kind
    ] == [("Conv2d", "0.6"), ("ReLU", "0.25")]


@pytest.mark.parametrize("family", FAMILIES)
def test_layers_hold_every_parameter_once(family):
    architecture = make_architecture(family, {}, 32)
    total = sum(parameter.numel() for parameter in meta_model(architecture).parameters())
    assert sum(layer.parameters for layer in traced(family, {})) == total
    assert model_cost(architecture).parameters == total
