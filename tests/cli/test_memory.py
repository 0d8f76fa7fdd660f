"""A trial that would not fit on its share of a GPU is found before anything is spent."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import ray
import torch
from click.testing import CliRunner

from hw3.engines import ENGINE
from hw3.models import FAMILIES
from hw3.numerics import Numerics
from study.cli.command import command
from study.cli.memory import _needed_bytes, check_gpu_memory
from study.cli.options import Options
from study.spec.baseline import Baseline
from study.spec.errors import StudyError
from study.spec.search import Search
from study.spec.space import Choice, Int
from tests.made import SETTING, STUDY, plan_of

GB = 10**9
SMALL = Baseline("small", "small", "conv", {"channels": 8})
WIDE = Search("wide", "Wide", "ann", {"width_1": Int(8, 60000, log=True)})
ON_GPU = replace(SETTING, numerics=Numerics("cuda"))


def study_of(baseline=SMALL, search=WIDE):
    return replace(STUDY, baselines=(baseline,), searches=(search,), figures=())


@pytest.fixture
def gpus(monkeypatch):
    """Takes the sizes of the GPUs that this machine is to have."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)

    def have(*sizes):
        made = [SimpleNamespace(name="Made GPU", total_memory=size) for size in sizes]
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: len(made))
        monkeypatch.setattr(torch.cuda, "get_device_properties", made.__getitem__)

    return have


def needed(study):
    return dict(_needed_bytes(plan_of(study, setting=ON_GPU)))


def check(study, **options):
    check_gpu_memory(plan_of(study, setting=ON_GPU), Options(**options))


def test_the_largest_configuration_of_a_search_is_among_those_looked_at():
    sizes = needed(study_of())
    assert set(sizes) == {
        "baseline small",
        "search wide at width_1 = 8",
        "search wide at width_1 = 60000",
    }
    assert max(sizes, key=sizes.get) == "search wide at width_1 = 60000"
    batches = Search("b", "B", "conv", {"batch_size": Choice((96, 8))})
    sizes = needed(study_of(search=batches))
    assert sizes["search b at batch_size = 96"] > sizes["search b at batch_size = 8"]


def test_what_fits_is_let_through_and_what_does_not_is_named(gpus):
    most = max(needed(study_of()).values())
    gpus(most)
    check(study_of())
    gpus(most - 1)
    with pytest.raises(StudyError) as raised:
        check(study_of())
    said = str(raised.value)
    assert said.startswith("search wide at width_1 = 60000 needs about")
    for fact in ("all of GPU 0, Made GPU", "--gpus-per-trial", "--image-size"):
        assert fact in said


def test_the_share_and_the_smallest_gpu_decide(gpus):
    most = max(needed(study_of()).values())
    gpus(4 * most, 4 * most)
    check(study_of(), gpus_per_trial=0.25)
    with pytest.raises(StudyError, match=r"0\.2 of GPU 0"):
        check(study_of(), gpus_per_trial=0.2)
    gpus(4 * most, 3 * most)
    with pytest.raises(StudyError, match=r"0\.25 of GPU 1"):
        check(study_of(), gpus_per_trial=0.25)
    check(study_of(), workers="inline", gpus_per_trial=0.25)  # one trial, on the first


def test_where_no_gpu_of_this_machine_trains_nothing_is_checked(gpus):
    gpus(GB)
    with pytest.raises(StudyError):
        check(study_of())
    check(study_of(), gpus_per_trial=0)
    check(study_of(), address="10.0.0.1:6379")


def test_families_with_an_engine_of_their_own_are_not_checked(gpus, monkeypatch):
    gpus(1)
    own = replace(FAMILIES["ann"], engine=replace(ENGINE, state=None))
    monkeypatch.setitem(FAMILIES, "own", own)
    theirs = study_of(Baseline("own", "own", "own"), replace(WIDE, family="own"))
    check(theirs)
    with pytest.raises(StudyError, match="baseline small"):
        check(replace(theirs, baselines=(SMALL,)))


@pytest.mark.parametrize("action", ["plan", "run"])
def test_a_study_that_does_not_fit_is_one_error_before_anything_is_spent(action, gpus, tmp_path):
    gpus(GB)
    where = ["--results", str(tmp_path / "results"), "--precision", "float32"]
    answer = CliRunner().invoke(command(study_of()), [action, "--profile", "smoke", *where])
    assert answer.exit_code == 1, answer.output
    assert answer.stderr.startswith("error: search wide at width_1 = 60000 needs about")
    assert answer.stderr.count("\n") == 1
    assert not list(tmp_path.rglob("*.json")) and not ray.is_initialized()
