"""Contract of the model families, and the homework's architectures in particular."""

import pytest
import torch
from torch import nn

from hw3.cost import model_cost
from hw3.models import FAMILIES, build_model, make_config
from hw3.models.blocks import ConvBlock

HOMEWORK = [  # family, configuration, parameters, million multiply-adds; at 256x256
    ("conv", {}, 1_067_457, 208.7),
    ("conv", {"dropout_conv": 0.6, "dropout_hidden": 0.6}, 1_067_457, 208.7),
    ("ann", {}, 33_754_369, 33.8),
    ("gap", {}, 18_849, 207.6),
    ("gap", {"channels": 128, "hidden": 128}, 63_201, 320.9),
]


@pytest.mark.parametrize(("family", "values", "parameters", "millions"), HOMEWORK)
def test_cost_is_the_homeworks(family, values, parameters, millions):
    cost = model_cost(family, make_config(family, values), 256)
    assert cost.parameters == parameters
    assert round(cost.multiply_adds / 1e6, 1) == millions


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("image_size", [8, 24, 64])
def test_family_gives_one_logit_an_image(family, image_size):
    model = build_model(family, make_config(family, {}), image_size, seed=0)
    assert model(torch.zeros(3, 1, image_size, image_size)).shape == (3, 1)


@pytest.mark.parametrize("family", FAMILIES)
def test_family_draws_its_weights_from_the_seed_alone(family):
    config = make_config(family, {})
    before = torch.get_rng_state()
    first, again, other = (build_model(family, config, 16, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    for one, two in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, two)
    different = [
        not torch.equal(one, two)
        for one, two in zip(first.parameters(), other.parameters(), strict=True)
    ]
    assert any(different)


@pytest.mark.parametrize("family", FAMILIES)
def test_family_refuses_an_image_size_that_its_pools_do_not_divide(family):
    with pytest.raises(ValueError, match="multiple of 8"):
        build_model(family, make_config(family, {}), 20, seed=0)


@pytest.mark.parametrize("family", FAMILIES)
def test_config_refuses_values_out_of_range_and_of_another_type(family):
    name = "width_1" if family == "ann" else "channels"
    for wrong in (0, -1, 10**9, 2.5, "8", True):
        with pytest.raises(ValueError, match=name):
            make_config(family, {name: wrong})


def test_config_names_what_the_family_has_when_asked_for_another():
    with pytest.raises(ValueError, match="channels, hidden"):
        make_config("gap", {"depth": 3})
    with pytest.raises(ValueError, match="conv, ann, gap"):
        make_config("transformer", {})


def test_conv_block_equals_the_homeworks_order_number_for_number():
    """Also its gradient and its dropout mask: ReLU after the pool is only cheaper."""
    block = ConvBlock(1, 4, dropout=0.6)
    plain = nn.Sequential(block.conv, nn.ReLU(), nn.Dropout(0.6), nn.MaxPool2d(2, 2))
    images = torch.rand(5, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    results = []
    for module in (block, plain):
        block.zero_grad()
        torch.manual_seed(3)
        output = module(images)
        output.square().sum().backward()
        results.append((output.detach(), block.conv.weight.grad.clone()))
    assert torch.equal(results[0][0], results[1][0])
    assert torch.equal(results[0][1], results[1][1])


def test_dropout_stands_in_the_homeworks_two_places():
    config = make_config("conv", {"dropout_conv": 0.3, "dropout_hidden": 0.7})
    model = build_model("conv", config, 16, seed=0)
    names = [type(module).__name__ for module in model]
    assert [block.dropout and block.dropout.p for block in model[:3]] == [None, None, 0.3]
    assert names[4:] == ["Linear", "ReLU", "Dropout", "Linear"]
    assert model[6].p == 0.7
