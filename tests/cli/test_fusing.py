"""What --fuse takes, and what a plan says of it."""

from dataclasses import replace

import pytest
from click.testing import CliRunner

from hw3.engines import ENGINE
from hw3.models import FAMILIES
from hw3.numerics import Numerics
from study.cli import estimate
from study.cli.command import command
from study.cli.estimate import training_seconds
from study.cli.fusing import planned_fused
from study.cli.options import Options
from study.spec.baseline import Baseline
from tests.made import BUDGET, SETTING, STUDY, plan_of

SIX = replace(BUDGET, seeds=6, first_seeds=6)
# Two candidates, no search: twelve confirmations.
PAIR = replace(
    STUDY,
    baselines=(Baseline("one", "One", "conv"), Baseline("other", "Other", "ann")),
    searches=(),
    claims=(),
    figures=(),
)
ON_GPU = plan_of(PAIR, replace(SETTING, numerics=Numerics("cuda")), SIX)
ON_CORES = plan_of(PAIR, budget=SIX)


def answer_of(*arguments):
    return CliRunner().invoke(command(PAIR), ["plan", "--profile", "smoke", *arguments])


@pytest.mark.parametrize("value", ["0", "-1", "2.5", "many", ""])
def test_what_is_neither_auto_nor_a_number_is_refused(value):
    answer = answer_of("--fuse", value)
    assert answer.exit_code == 2
    assert "'--fuse'" in answer.stderr and "is neither auto nor a whole number" in answer.stderr


def test_fused_trainings_are_not_reproducible():
    answer = answer_of("--fuse", "4", "--reproducible")
    assert answer.exit_code == 1
    assert answer.stderr.startswith("error: --fuse 4 and --reproducible do not go together")
    assert answer.stderr.count("\n") == 1
    for alone in (["--fuse", "1"], ["--fuse", "auto"], []):
        assert answer_of("--reproducible", *alone).exit_code == 0


@pytest.mark.parametrize(
    ("plan", "concurrent", "options", "most"),
    [
        (ON_CORES, 1, {}, 1),
        (ON_CORES, 1, {"fuse": 4}, 4),
        (ON_GPU, 1, {}, 6),  # all seeds of a candidate
        (ON_GPU, 4, {}, 3),  # twelve among four
        (ON_GPU, 32, {}, 1),
        (ON_GPU, 1, {"fuse": 4}, 4),
        (ON_GPU, 1, {"fuse": 1}, 1),
        (ON_GPU, 1, {"reproducible": True}, 1),
    ],
)
def test_how_many_are_trained_as_one(plan, concurrent, options, most):
    assert planned_fused(plan, Options(**options), concurrent) == most


def test_no_more_than_one_where_no_engine_can(monkeypatch):
    engine = replace(ENGINE, train_together=None)
    for name in ("conv", "ann"):
        monkeypatch.setitem(FAMILIES, name, replace(FAMILIES[name], engine=engine))
    assert planned_fused(ON_GPU, Options(), 1) == 1


def test_a_plan_says_how_many_where_there_are_several():
    said = " ".join(answer_of("--fuse", "2", "--workers", "inline").output.split())
    assert "fused up to 2 seeds of a candidate are trained as one model (--fuse)" in said
    assert "as one model" not in answer_of("--workers", "inline").output


def test_steps_that_are_launched_at_once_take_their_time_once(monkeypatch):
    monkeypatch.setattr(
        estimate, "_measure_gpu", lambda _precision: {"multiply_adds": 1e30, "bytes": 1e30}
    )
    alone, fused = (training_seconds(ON_GPU, 1, fused=fused) for fused in (1, 6))
    assert alone is not None and fused == pytest.approx(alone / 6)
