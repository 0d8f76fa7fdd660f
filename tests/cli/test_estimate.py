"""How long a run takes, by what a device does in an epoch and how fast it is."""

import math
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from hw3 import rates as gpu_rates
from hw3.cost import model_cost, scoring_bytes, step_bytes
from hw3.models import make_architecture
from hw3.numerics import Numerics
from study.cli import estimate
from study.cli.estimate import (
    ENGINE_SHARE,
    GPU_STEP_SECONDS,
    STEP_SECONDS,
    Rates,
    Work,
    epoch_seconds,
    epoch_work,
    measure_rates,
    training_seconds,
)
from study.cli.simulate import simulate
from study.cli.terminal import _time_line
from study.cluster.resources import Resources
from study.spec.baseline import Baseline
from study.spec.errors import StudyError
from tests.made import BUDGET, SETTING, STUDY, plan_of

ON_GPU = plan_of(setting=replace(SETTING, numerics=Numerics("cuda", "bfloat16")))
SMALL = replace(STUDY, baselines=(Baseline("a", "A", "conv", {"channels": 8}),), searches=())
IMAGES = 96  # in the training part, and as many in the validation part
MEASURED = {"multiply_adds": 2e12, "bytes": 3e11}


@pytest.fixture
def measured(monkeypatch):
    monkeypatch.setattr(estimate, "_measure_gpu", lambda _precision: MEASURED)


@pytest.mark.parametrize(
    ("rates", "seconds"),
    [
        (Rates(10.0, math.inf, 0.5), 10.0 + 1.0),  # as on the CPU
        (Rates(10.0, 2.0, 0.5), 15.0 + 1.0),  # memory takes longer than multiplying
        (Rates(5.0, 2.0, 0.5), 20.0 + 1.0),
        (Rates(math.inf, math.inf, 0.25), 0.5),
    ],
)
def test_an_epoch_takes_what_takes_longest_and_its_steps(rates, seconds):
    assert Work(multiply_adds=100.0, bytes=30.0, steps=2.0).seconds(rates) == seconds


def test_a_quarter_of_a_gpu_is_a_quarter_as_fast_but_for_the_launches():
    rates = Rates(8.0, 4.0, 0.5).of_share(0.25)
    assert rates == Rates(2.0, 1.0, 0.5)


def test_an_epoch_is_the_steps_and_the_scoring_of_its_images():
    work = epoch_work(ON_GPU, "conv", {"channels": 8, "batch_size": 16})
    model, numerics = make_architecture("conv", {"channels": 8}, 16), ON_GPU.setting.numerics
    scored = IMAGES + IMAGES / SETTING.recipe.train_eval_every
    steps = IMAGES / 16
    assert work.steps == steps
    assert work.multiply_adds == (3 * IMAGES + scored) * model_cost(model).multiply_adds
    assert work.bytes == pytest.approx(
        steps * step_bytes(model, 16, numerics) + scored * scoring_bytes(model, numerics)
    )


def test_on_the_cpu_multiplying_and_steps_decide(monkeypatch):
    monkeypatch.setattr(estimate, "_matrix_product_rate", lambda _precision: 1e9)
    found = epoch_seconds(plan_of(SMALL))
    assert found is not None
    model = make_architecture("conv", {"channels": 8}, 16)
    passes = 3 * IMAGES + IMAGES + IMAGES / SETTING.recipe.train_eval_every
    multiplying = passes * model_cost(model).multiply_adds / (ENGINE_SHARE * 1e9)
    assert found["a"] == pytest.approx(multiplying + STEP_SECONDS * IMAGES / 32)


def test_a_gpus_rates_are_those_that_were_measured(measured):
    rates = measure_rates(Numerics("cuda"))
    assert rates == Rates(ENGINE_SHARE * 2e12, 3e11, GPU_STEP_SECONDS)


def test_packed_trials_share_a_gpu(measured, monkeypatch):
    """Four at a time on one take at least as long as it takes them in turn, but for the steps."""
    monkeypatch.setattr(estimate, "GPU_STEP_SECONDS", 0.0)
    in_turn = training_seconds(ON_GPU, concurrent=1)
    assert in_turn is not None
    assert training_seconds(ON_GPU, 4, gpus_per_trial=0.25) == pytest.approx(in_turn)
    assert training_seconds(ON_GPU, 4, gpus_per_trial=1.0) == pytest.approx(in_turn / 4)


def test_on_the_cpu_a_share_of_a_gpu_makes_no_difference(monkeypatch):
    monkeypatch.setattr(estimate, "_matrix_product_rate", lambda _precision: 1e9)
    plan = plan_of(SMALL)
    assert training_seconds(plan, 2, gpus_per_trial=0.0) == training_seconds(plan, 2)


def test_the_gpu_is_measured_in_a_process_of_its_own(monkeypatch):
    calls = []

    def run(command, **options):
        calls.append((command, options))
        return SimpleNamespace(stdout=b'{"multiply_adds": 2.0, "bytes": 3.0}')

    monkeypatch.setattr(subprocess, "run", run)
    assert estimate._measure_gpu("bfloat16") == {"multiply_adds": 2.0, "bytes": 3.0}
    ((command, options),) = calls
    assert command == [sys.executable, "-m", gpu_rates.__name__, "cuda", "bfloat16"]
    assert options["timeout"] > 0 and (options["cwd"] / "hw3" / "rates.py").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA")
def test_where_the_gpu_cannot_be_measured_nothing_is_estimated():
    assert estimate._measure_gpu("float32") is None
    with pytest.raises(StudyError, match="--seconds-per-epoch"):
        simulate(ON_GPU, workers=2)


def test_plan_says_of_which_device_its_estimate_is(monkeypatch):
    monkeypatch.setattr(estimate, "_matrix_product_rate", lambda _precision: 1e9)
    monkeypatch.setattr(estimate, "_measure_gpu", lambda _precision: MEASURED)
    packed, alone, on_cores = Resources(1, 0.25, 4, (1,)), Resources(1, 1, 1), Resources(1, 0, 2)
    said = _time_line(ON_GPU, packed)
    assert "(rough estimate, for GPUs), 4 trials at a time, a quarter of a GPU each (1 GPU)" in said
    assert "of training (estimate), 2 trials" in _time_line(plan_of(budget=BUDGET), on_cores)
    monkeypatch.setattr(estimate, "_measure_gpu", lambda _precision: None)
    assert "no GPU could be measured here; 1 trial at a time" in _time_line(ON_GPU, alone)
