import optuna
import pytest

from study.spec.space import Choice, Float, If, Int, is_at_edge

DIMENSIONS = [
    Float(0.0, 0.9),
    Float(1e-4, 1.0, log=True),
    Int(1, 9),
    Int(16, 512, log=True),
    Choice((0, 32, 64)),
]


@pytest.mark.parametrize("dimension", DIMENSIONS, ids=lambda dimension: dimension.describe())
def test_grid_and_samples_stay_in_the_distribution(dimension):
    distribution = dimension.distribution()
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    sampled = [study.ask({"x": distribution}).params["x"] for _ in range(50)]
    for value in [*dimension.grid(7), *sampled]:
        assert distribution._contains(distribution.to_internal_repr(value))


def test_grid_is_even_on_the_dimensions_own_scale_and_includes_both_ends():
    assert Float(0.0, 0.9).grid(4) == pytest.approx([0.0, 0.3, 0.6, 0.9])
    assert Int(16, 512, log=True).grid(6) == [16, 32, 64, 128, 256, 512]
    assert Int(1, 3).grid(9) == [1, 2, 3]
    assert Choice((0, 32)).grid(9) == [0, 32]


@pytest.mark.parametrize(
    ("dimension", "rule"),
    [
        (Float(1.0, 1.0), "less than high"),
        (Int(0, 8, log=True), "above 0"),
        (Choice(()), "at least one"),
        (Choice((1, 1)), "none twice"),
    ],
)
def test_dimension_says_why_it_cannot_be_searched(dimension, rule):
    (mistake,) = dimension.mistakes()
    assert rule in mistake


@pytest.mark.parametrize("dimension", DIMENSIONS, ids=lambda dimension: dimension.describe())
def test_dimension_that_can_be_searched_has_no_mistakes(dimension):
    assert list(dimension.mistakes()) == []


def test_grid_needs_two_values():
    with pytest.raises(ValueError, match="2 values"):
        Float(0.0, 1.0).grid(1)


@pytest.mark.parametrize(
    ("dimension", "middle", "edges"),
    [
        (Float(1e-4, 1e-1, log=True), (2e-4, 0.05), (1.2e-4, 0.09)),
        (Float(0.0, 1.0), (0.0, 0.01, 0.5), (0.96,)),  # nothing lies below 0
        (Int(16, 512, log=True), (20, 400), (16, 17, 500)),
        (If("other", above=0, then=Float(0.5, 0.9)), (0.7, None), (0.5, 0.9)),
        (Choice((1, 2)), (1, 2), ()),
    ],
)
def test_the_edge_of_a_range_is_on_its_own_scale(dimension, middle, edges):
    assert not any(is_at_edge(dimension, value) for value in middle)
    assert all(is_at_edge(dimension, value) for value in edges)
