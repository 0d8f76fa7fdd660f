import pytest

from hw3.cost import MEASURES, match_cost, model_cost
from hw3.models import make_config


def square_ann(width):
    return make_config("ann", {"width_1": width, "width_2": width, "width_3": width})


@pytest.mark.parametrize("measure", ["parameters", "multiply_adds"])
def test_match_cost_finds_the_nearest_width(measure):
    target = getattr(model_cost("conv", make_config("conv", {}), 64), measure)
    width = match_cost("ann", square_ann, measure, target, 64)
    distances = {
        other: abs(getattr(model_cost("ann", square_ann(other), 64), measure) - target)
        for other in (width - 1, width, width + 1)
    }
    assert min(distances, key=distances.get) == width


def test_match_cost_recovers_a_size_from_its_own_cost():
    for measure in MEASURES:
        target = getattr(model_cost("ann", square_ann(77), 32), measure)
        assert match_cost("ann", square_ann, measure, target, 32) == 77


def test_match_cost_refuses_an_unknown_measure():
    with pytest.raises(ValueError, match="activation_bytes"):
        match_cost("ann", square_ann, "colour", 1, 32)


def test_activation_bytes_count_every_layer_output():
    """ConvGAP at 8x8 by hand: convolutions 32 x (64 + 16 + 4), pools and ReLUs 32 x (16 + 4 + 1)
    each, the global pool 32, the logit 1; four bytes each."""
    elements = 32 * (64 + 16 + 4) + 2 * 32 * (16 + 4 + 1) + 32 + 1
    assert model_cost("gap", make_config("gap", {}), 8).activation_bytes == 4 * elements
