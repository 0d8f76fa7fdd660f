"""Contract of the model families, and the homework's architectures in particular."""

from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
import torch
from torch import nn

from hw3.cost import model_cost
from hw3.models import FAMILIES, Architecture, build_model, make_architecture, make_config
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
    cost = model_cost(make_architecture(family, values, 256))
    assert cost.parameters == parameters
    assert round(cost.multiply_adds / 1e6, 1) == millions


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("image_size", [8, 24, 64])
def test_family_gives_one_logit_per_image(family, image_size):
    model = build_model(make_architecture(family, {}, image_size), seed=0)
    assert model(torch.zeros(3, 1, image_size, image_size)).shape == (3, 1)


@pytest.mark.parametrize("family", FAMILIES)
def test_family_draws_its_weights_from_the_seed_alone(family):
    architecture = make_architecture(family, {}, 16)
    before = torch.get_rng_state()
    first, again, other = (build_model(architecture, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    for one, two in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, two)
    different = [
        not torch.equal(one, two)
        for one, two in zip(first.parameters(), other.parameters(), strict=True)
    ]
    assert any(different)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("image_size", [-8, 0, 4, 20, 33, 16.0, "16", None])
def test_architecture_refuses_an_image_size_that_the_family_does_not_take(family, image_size):
    step = FAMILIES[family].size_step
    if isinstance(image_size, int) and image_size > 0 and image_size % step == 0:
        make_architecture(family, {}, image_size)
        return
    rule = f"multiple of {step}" if step > 1 else "positive whole number"
    with pytest.raises(ValueError, match=rule) as caught:
        make_architecture(family, {}, image_size)
    assert str(image_size) in str(caught.value)


def test_only_what_pools_asks_for_sizes_that_can_be_halved():
    assert {name: family.size_step for name, family in FAMILIES.items()} == {
        "conv": 8,
        "ann": 1,
        "gap": 8,
    }


@pytest.mark.parametrize(
    ("image_size", "nearest"), [(-20, "8"), (7, "8"), (9, "8 and 16"), (30, "24 and 32")]
)
def test_image_size_that_is_refused_comes_with_the_nearest_that_are_not(image_size, nearest):
    with pytest.raises(ValueError, match=f"nearest .*{nearest}$"):
        make_architecture(next(iter(FAMILIES)), {}, image_size)


def test_architecture_refuses_an_unknown_family_and_names_the_known():
    for make in (make_architecture, Architecture):
        with pytest.raises(ValueError, match=r"no-such") as caught:
            make("no-such", {}, 16)
        assert all(family in str(caught.value) for family in FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_architecture_refuses_a_config_of_another_record(family):
    others = [make_config(other, {}) for other in FAMILIES if other != family]
    for wrong in (*others, {}, None, FAMILIES[family].config):
        with pytest.raises(ValueError, match=FAMILIES[family].config.__name__):
            Architecture(family, wrong, 16)


@pytest.mark.parametrize("family", FAMILIES)
def test_architecture_is_a_record(family):
    architecture = make_architecture(family, {}, np.int64(16))
    assert architecture == Architecture(family, make_config(family, {}), 16)
    assert len({architecture, make_architecture(family, {}, 16)}) == 1
    with pytest.raises(FrozenInstanceError):
        architecture.image_size = 32


HYPER_PARAMETERS = [
    pytest.param(family, item, id=f"{family}-{item.name}")
    for family, listed in FAMILIES.items()
    for item in fields(listed.config)
]


NUMBERS = [one for one in HYPER_PARAMETERS if "low" in one.values[1].metadata]
CHOICES = [one for one in HYPER_PARAMETERS if "choices" in one.values[1].metadata]


@pytest.mark.parametrize(("family", "item"), NUMBERS)
def test_config_takes_its_bounds_and_refuses_what_lies_beyond(family, item):
    low, high = item.metadata["low"], item.metadata["high"]
    for bound in (low, high):
        assert getattr(make_config(family, {item.name: bound}), item.name) == bound
    for wrong in (low - 1, high + 1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=item.name):
            make_config(family, {item.name: wrong})


@pytest.mark.parametrize(("family", "item"), NUMBERS)
def test_config_refuses_values_of_another_type(family, item):
    middle = (item.metadata["low"] + item.metadata["high"]) / 2
    for wrong in (str(item.default), True, None, [item.default]):
        with pytest.raises(ValueError, match=item.name):
            make_config(family, {item.name: wrong})
    if isinstance(item.default, int):
        with pytest.raises(ValueError, match=item.name):
            make_config(family, {item.name: float(int(middle))})


@pytest.mark.parametrize(("family", "item"), CHOICES)
def test_config_takes_its_choices_and_builds_a_model_of_each(family, item):
    for choice in item.metadata["choices"]:
        model = build_model(make_architecture(family, {item.name: choice}, 16), seed=0)
        assert model(torch.zeros(3, 1, 16, 16)).shape == (3, 1)
    for wrong in (1, 0.0, "no such", None, [item.default]):
        with pytest.raises(ValueError, match=item.name):
            make_config(family, {item.name: wrong})


def test_a_misspelt_choice_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match=r"'leakyrelu'.* Did you mean leaky_relu\?"):
        make_config("ann", {"activation": "leakyrelu"})


@pytest.mark.parametrize("family", FAMILIES)
def test_config_names_what_the_family_has_when_asked_for_another(family):
    with pytest.raises(ValueError, match="no_such") as caught:
        make_config(family, {"no_such": 3})
    assert all(item.name in str(caught.value) for item in fields(FAMILIES[family].config))


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
    values = {"dropout_conv": 0.3, "dropout_hidden": 0.7}
    model = build_model(make_architecture("conv", values, 16), seed=0)
    names = [type(module).__name__ for module in model]
    assert [block.dropout and block.dropout.p for block in model[:3]] == [None, None, 0.3]
    assert names[4:] == ["Linear", "ReLU", "Dropout", "Linear"]
    assert model[6].p == 0.7


def hidden_layers(**values):
    """Kinds of the ANN's layers between Flatten and the logit."""
    model = build_model(make_architecture("ann", values, 16), seed=0)
    return [type(module).__name__ for module in model][1:-1]


def test_the_anns_batch_normalisation_and_activation_are_hyper_parameters():
    assert hidden_layers() == ["Linear", "BatchNorm1d", "ReLU", "Dropout"] * 3
    assert hidden_layers(batch_norm=False) == ["Linear", "ReLU", "Dropout"] * 3
    assert hidden_layers(activation="tanh") == ["Linear", "BatchNorm1d", "Tanh", "Dropout"] * 3
    with_norm, without = (
        model_cost(make_architecture("ann", {"batch_norm": norm}, 16)) for norm in (True, False)
    )
    assert with_norm.parameters - without.parameters == 2 * (512 + 256 + 256)
    assert with_norm.multiply_adds == without.multiply_adds
