"""Trials that fail for good: how often they are tried, and when a candidate is given up."""

import re
from collections import Counter
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import pytest
from torch import nn

from hw3.models import FAMILIES, Family, Shape
from study.pool.dispatch import Dispatcher
from study.pool.failures import ENOUGH, Failures, kind_of
from study.pool.worker import Worker
from study.search.choose import FinishedTrials
from study.search.trial import Job
from study.spec.baseline import Baseline
from study.spec.budget import Budget
from study.spec.search import Search
from study.spec.space import Int
from study.spec.study import Study
from tests.made import STUDY, plan_of, square_splits
from tests.sessions import on_ray, plan_on, run_session

BUDGET = Budget(trials=8, epochs=2, seeds=6, image_size=16)


@dataclass(frozen=True)
class BrokenConfig:
    width: int = 1


def build_nothing(config: BrokenConfig, shape: Shape) -> nn.Module:
    raise ValueError(f"no model of width {config.width} takes {shape.image_size} pixels")


SEARCH = Search("widths", "Widths", "broken", space={"width": Int(1, 1000)})
WIDE = Baseline("wide", "Wide", "broken", {"width": 100})
FINE = [Baseline(f"fine {n}", f"Fine {n}", "gap", {"channels": n}) for n in (4, 8)]
GAP: Any = FAMILIES["gap"].config(channels=4)


@pytest.fixture(autouse=True)
def broken_family(monkeypatch):
    monkeypatch.setitem(FAMILIES, "broken", Family("Broken", BrokenConfig, build_nothing))


@pytest.fixture(scope="module")
def data():
    return square_splits()


class Witness:
    """Counts how often trials start."""

    def __init__(self):
        self.starts: Counter[str] = Counter()

    def on_start(self, job):
        self.starts[job.key] += 1

    def on_epoch(self, job, report):
        """Not counted."""

    def on_end(self, job, report, status):
        """Not counted."""


def run(study, data, results, **options):
    """Its trials, how often each was tried, and the number that failed of each family."""
    witness = Witness()
    trials, dispatcher = run_session(
        plan_on(study, data, BUDGET), data, results, observers=[witness], **options
    )
    assert dispatcher.is_over
    failed = [record for record in trials.records.values() if record.status == "failed"]
    counts = Counter(record.ingredients["family"] for record in failed)
    return trials, {key: witness.starts[key] for key in trials.records}, counts


def test_a_candidate_that_cannot_be_built_is_tried_on_so_many_seeds_once_each(data, tmp_path):
    trials, tries, failed = run(Study("s", "S", "?", (WIDE,)), data, tmp_path)
    assert failed == {"broken": ENOUGH["confirm"]}
    assert set(tries.values()) == {1}
    for record in trials.records.values():
        assert record.error.startswith("Failure # 1, not tried again\nTraceback")
        assert record.error.count("Failure # ") == 1
        assert record.error.endswith("ValueError: no model of width 100 takes 16 pixels\n")


def test_a_search_is_given_up_later_and_then_one_training_of_a_baseline_is_enough(data, tmp_path):
    """Configurations differ in a search; the same error then says as much of the baseline."""
    trials, _, failed = run(Study("s", "S", "?", (WIDE,), (SEARCH,)), data, tmp_path)
    numbers = [record.provenance["number"] for record in trials.explored(SEARCH)]
    assert numbers == list(range(ENOUGH["explore"]))
    assert failed == {"broken": ENOUGH["explore"] + 1}


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_candidate_that_fails_leaves_the_others_as_they_are(data, tmp_path, place):
    baselines = [*FINE]
    baselines.insert(place, WIDE)
    trials, _, failed = run(Study("s", "S", "?", tuple(baselines)), data, tmp_path)
    assert failed == {"broken": ENOUGH["confirm"]}
    complete = [r for r in trials.records.values() if r.status == "complete"]
    assert len(complete) == 2 * BUDGET.seeds


def test_errors_that_differ_do_not_stop_a_study(data, tmp_path, monkeypatch):
    def fail(*_given):
        kind = (ValueError, TypeError, ImportError)[next(numbers) % 3]
        raise kind("none")

    numbers = iter(range(100))
    monkeypatch.setattr(Worker, "_start_or_resume", fail)
    _, tries, failed = run(Study("s", "S", "?", (FINE[0],)), data, tmp_path)
    assert failed == {"gap": BUDGET.seeds}
    assert set(tries.values()) == {1}


@pytest.mark.parametrize("kind", [OSError, RuntimeError, MemoryError])
def test_what_may_be_better_later_is_tried_three_times(data, tmp_path, monkeypatch, kind):
    def fail(*_given):
        raise kind("none")

    monkeypatch.setattr(Worker, "_start_or_resume", fail)
    _, tries, failed = run(Study("s", "S", "?", (FINE[0],)), data, tmp_path)
    assert failed == {"gap": ENOUGH["confirm"]}
    assert set(tries.values()) == {3}


def test_what_was_given_up_is_tried_again_by_the_next_run(data, tmp_path, monkeypatch):
    study = Study("s", "S", "?", (WIDE,), (SEARCH,))
    run(study, data, tmp_path)
    gap = FAMILIES["gap"]
    monkeypatch.setattr(
        "hw3.models.architecture.FAMILIES",
        FAMILIES | {"broken": replace(FAMILIES["broken"], build=lambda c, n: gap.build(GAP, n))},
    )
    trials, _, failed = run(study, data, tmp_path)
    assert not failed
    assert len(trials.records) == BUDGET.trials + 2 * BUDGET.seeds


@pytest.mark.ray
def test_models_that_rays_workers_cannot_build_or_import_end_the_study(data, tmp_path, monkeypatch):
    """After one try of each trial. Workers import the family from where Ray found modules when it
    started: of a folder that was added since they know nothing."""
    from study.cluster.ray import connect

    own = f"own_{tmp_path.name}"
    (tmp_path / f"{own}.py").write_text(
        "from hw3.models.gap import GapConfig, build_gap\n"
        "class Own(GapConfig): pass\n"
        "def build(config, shape): return build_gap(config, shape)\n"
    )
    with connect(None, verbose=False):
        monkeypatch.syspath_prepend(tmp_path)
        module = import_module(own)
        monkeypatch.setitem(FAMILIES, "own", Family("Own", module.Own, module.build))
        for baseline, said in (
            (WIDE, "ValueError: no model of width 100"),
            (Baseline("own", "Own", "own"), f"cannot import {own}.*Install it on every host"),
        ):
            study = Study("s", "S", "?", (baseline,))
            trials, tries, failed = run(study, data, tmp_path / baseline.name, execute=on_ray(2))
            enough = ENOUGH["confirm"]
            assert enough <= failed[baseline.family] <= enough + 1  # two at a time
            assert set(tries.values()) == {1}
            for record in trials.records.values():
                assert re.search(said, record.error)
                assert record.error.count("Failure # ") == 1


def job(number, candidate="a", stage="confirm"):
    return Job(stage, candidate, {"family": candidate, "seed": number})


def handed_out(failures, *jobs):
    for each in jobs:
        failures.hand_out(each)
    return jobs


def test_trials_that_began_before_the_first_failure_are_waited_for():
    """On a host that works an epoch may take longer than all trials of one that does not."""
    failures = Failures()
    slow, *fast = handed_out(failures, *map(job, range(5)))
    handed_out(failures, job(0, "b"))
    told = [(failures.fail(each, "OSError: no"), failures.held()) for each in fast]
    assert told == [(False, set())] * 2 + [(False, {"a"})] * 2
    failures.prove(slow)
    assert failures.held() == set()
    (last,) = handed_out(failures, job(5))
    assert not failures.fail(last, "OSError: no")
    assert (failures.given_up, failures.are_all) == ({}, False)


def test_nothing_of_a_candidate_is_begun_while_it_is_held():
    study = replace(STUDY, baselines=tuple(FINE))
    dispatcher = Dispatcher(FinishedTrials(plan_of(study), {}))
    names = {search.name for search in STUDY.searches}
    held = {"fine 4", *names}
    jobs = [dispatcher.next_job(held) for _ in range(2)]
    assert [each.candidate for each in jobs] == ["fine 8"] * 2
    assert dispatcher.next_job(held) is None
    assert dispatcher.next_job(names).candidate == "fine 4"
    assert dispatcher.next_job().candidate in names


def test_a_trial_that_began_before_and_fails_as_well_decides():
    failures = Failures()
    jobs = handed_out(failures, *map(job, range(4)))
    told = [failures.fail(each, "OSError: no") for each in jobs]
    assert told == [False, False, False, True]
    assert failures.given_up == {"a": 4}
    assert failures.are_all


def test_a_candidate_of_which_a_training_worked_once_is_never_given_up():
    failures = Failures(["a"])
    for number in range(10):
        (each,) = handed_out(failures, job(number))
        assert not failures.fail(each, "OSError: no")


def test_errors_are_alike_but_for_numbers_and_addresses():
    errors = [
        f"Failure # {n}\nTraceback\nRuntimeError: {n}.5e-{n} of <object at 0x7f{n}a>, actor "
        f"{n}b1fe4d0c0de{n}"
        for n in (1, 23)
    ]
    assert len(set(map(kind_of, errors))) == 1
    assert kind_of("ValueError: a") != kind_of("ValueError: b") != kind_of("TypeError: b")
