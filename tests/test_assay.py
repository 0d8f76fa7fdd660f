"""The assay's models, its arithmetic, and that studies of kept trainings are the product's."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.assay import runs
from benchmarks.assay.conditions import CONDITIONS, Condition, twins
from benchmarks.assay.family import FAMILY, AssayConfig, build, register
from benchmarks.assay.rates import Result, false_row, found_row, promise
from benchmarks.assay.trainings import KEPT, Laboratory
from hw3 import engines
from hw3.models import FAMILIES, Shape, build_model, make_architecture
from study.pool import worker
from study.search import code
from study.spec.budget import SeedRange
from study.stats.looks import plan_looks
from study.store.folder import LocalFolder
from study.store.records import RecordStore


@pytest.fixture
def family(monkeypatch):
    """The assay's models are listed for one test."""
    monkeypatch.setitem(FAMILIES, FAMILY, None)
    register()


@pytest.fixture
def laboratory(family, monkeypatch, tmp_path):
    for module, name in ((engines, "ENGINE"), (worker, "code_digest"), (code, "code_digest")):
        monkeypatch.setattr(module, name, getattr(module, name))  # restored at the end
    return Laboratory(tmp_path, seed=0)


def weights(seed, **config):
    model = build_model(make_architecture(FAMILY, config, 16), seed)
    return torch.cat([each.detach().flatten() for each in model.parameters()])


def test_twins_have_weights_of_their_own_for_each_seed(family):
    assert weights(3).equal(weights(3, twin=0))
    assert not weights(3).isclose(weights(3, twin=1)).all()
    assert not weights(4).isclose(weights(3)).all()
    # independent, as far as weights of the hidden layer can tell
    one, other = (weights(3, twin=twin)[: 16 * 16 * 8] for twin in (0, 1))
    assert abs(float(torch.corrcoef(torch.stack([one, other]))[0, 1])) < 0.1


def test_building_a_model_leaves_the_generator_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    build(AssayConfig(twin=5), Shape((1, 16, 16)))
    assert torch.rand(3).equal(expected)


@pytest.mark.parametrize("fault", ["dead", "broken"])
def test_a_fault_strikes_its_share_of_seeds_and_leaves_the_others_as_they_were(family, fault):
    struck = [seed for seed in range(60) if not weights(seed, **{fault: 0.3}).equal(weights(seed))]
    assert 0.1 < len(struck) / 60 < 0.5


def test_dead_units_answer_the_same_to_every_image_and_have_no_gradient(family):
    model = build_model(make_architecture(FAMILY, {"dead": 1.0}, 16), 0)
    answers = model(torch.rand(8, 1, 16, 16))
    assert answers.unique().numel() == 1
    answers.sum().backward()
    assert not model[1].weight.grad.any()


def test_a_study_counts_once_whatever_is_wrong_in_it():
    results = [
        Result(["undecided", "undecided"], 10, 40),
        Result(["supported", "refuted"], 20, 60),
        Result(["supported", "supported"], 30, 80),
        Result(["undecided", "refuted"], 20, 60),
    ]
    both = false_row(results, ("supported", "refuted"))
    assert (both["false"], both["supported"], both["refuted"], both["seeds"]) == (3, 2, 2, 20)
    assert false_row(results, ("supported",))["false"] == 2


def test_five_per_cent_are_exceeded_only_beyond_the_error():
    def exceeds(wrong):
        results = [Result(["supported" if n < wrong else "undecided"], 10, 20) for n in range(300)]
        return false_row(results, ("supported",))["exceeds"]

    assert [exceeds(wrong) for wrong in (15, 20, 30)] == [False, False, True]


def test_the_promise_is_the_power_of_the_share_that_was_measured():
    """Nine of ten trainings: 9 or 10 of 10 seeds must hold."""
    differences = np.where(np.arange(1000) % 10 == 0, 1.0, -1.0)
    promised = promise(differences, plan_looks(10, 10, 1))
    assert promised["share"] == 0.9
    assert promised["promised"] == pytest.approx(0.9**10 + 10 * 0.1 * 0.9**9)
    assert promised["effect"] == pytest.approx(0.8 / 0.6, rel=0.01)
    assert promised["promised error"] == pytest.approx(0.0365, rel=0.05)


def test_what_was_found_is_compared_in_standard_errors_of_both():
    results = [Result(["supported" if n < 60 else "undecided"], 10, 20) for n in range(100)]
    row = found_row(results, "supported", {"promised": 0.7, "promised error": 0.1})
    assert row["found"] == 0.6
    assert row["z"] == pytest.approx(-0.1 / np.hypot(0.049, 0.1), rel=0.01)


def test_a_row_gives_each_study_claims_about_its_own_candidates():
    for one in CONDITIONS.values():
        assert not list(one.study.mistakes()), one.name
        assert one.study.claims


def test_a_study_of_kept_trainings_says_what_the_whole_command_says(laboratory, tmp_path):
    """Study 0 is run both ways, and the assay stops where they differ."""
    pair = Condition("pair", twins(1), (SeedRange(6, 6),))
    first = runs.run_condition(laboratory, pair, 0)
    assert (first.trainings, len(first.outcomes)) == (12, 1)
    store = RecordStore(LocalFolder(tmp_path / KEPT / "0"))
    kept = list(store)
    assert len(kept) == 12
    # a record that no training gave
    worse = [dict(row, val_loss=row["val_loss"] + 1) for row in kept[0].rows]
    store.delete(kept[0].key)
    store.write(replace(kept[0], rows=worse))
    with pytest.raises(runs.OtherVerdicts):
        runs.run_condition(laboratory, pair, 0)


def test_studies_have_no_seed_in_common(laboratory, tmp_path):
    for number in (0, 1):
        laboratory.run(twins(1), number, SeedRange(2, 2), tmp_path / f"results {number}")
    seeds = [
        {record.ingredients["seed"] for record in RecordStore(LocalFolder(tmp_path / KEPT / name))}
        for name in ("0", "1")
    ]
    assert len(seeds[0] | seeds[1]) == 4
