import pytest

from hw3.cost import MEASURES, match_cost, model_cost, scoring_bytes, step_bytes
from hw3.models import make_architecture
from hw3.numerics import Numerics


def square_ann(width, image_size=32):
    values = {"width_1": width, "width_2": width, "width_3": width}
    return make_architecture("ann", values, image_size)


@pytest.mark.parametrize("measure", ["parameters", "multiply_adds"])
def test_match_cost_finds_the_nearest_width(measure):
    target = getattr(model_cost(make_architecture("conv", {}, 64)), measure)
    width = match_cost(lambda width: square_ann(width, 64), measure, target)
    distances = {
        other: abs(getattr(model_cost(square_ann(other, 64)), measure) - target)
        for other in (width - 1, width, width + 1)
    }
    assert min(distances, key=distances.get) == width


def test_match_cost_recovers_a_size_from_its_own_cost():
    for measure in MEASURES:
        target = getattr(model_cost(square_ann(77)), measure)
        assert match_cost(square_ann, measure, target) == 77


def test_match_cost_refuses_an_unknown_measure():
    with pytest.raises(ValueError, match="activation_bytes"):
        match_cost(square_ann, "colour", 1)


def test_activation_bytes_count_every_layer_output():
    """ConvGAP at 8x8 by hand: convolutions 32 x (64 + 16 + 4), pools and ReLUs 32 x (16 + 4 + 1)
    each, the global pool 32, the logit 1; four bytes each."""
    elements = 32 * (64 + 16 + 4) + 2 * 32 * (16 + 4 + 1) + 32 + 1
    assert model_cost(make_architecture("gap", {}, 8)).activation_bytes == 4 * elements


def test_bytes_of_a_step_are_those_of_each_layer_and_of_the_optimiser():
    """An ANN of three hidden units each on 4x4 pixels, by hand: 16 pixels, flattened 16, then
    three times three outputs of three (linear, activated, dropped out), and the logit."""
    values = {f"width_{place}": 3 for place in (1, 2, 3)} | {"batch_norm": False}
    ann = make_architecture("ann", values, 4)
    sizes = [16, 16, *[3] * 9, 1]
    weights = 16 * 3 + 3 + 2 * (3 * 3 + 3) + 3 + 1
    moved = 3 * sum(sizes[:-1]) + 2 * sum(sizes[1:])
    assert step_bytes(ann, 10, Numerics("cpu")) == 4 * (10 * moved + 7 * weights)
    assert scoring_bytes(ann, Numerics("cpu", "bfloat16")) == 2 * (sum(sizes[:-1]) + sum(sizes[1:]))
