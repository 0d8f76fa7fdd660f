"""A thousand trivial trials: the product's search and pool against plain Ray Tune.

    python -m benchmarks.search.against_tune [--trials 1000] [--workers 2] [--rounds 3]

Both sides run the same Trainable, which does nothing in five epochs and reports each, in actors
that are reused; configurations are drawn at random by Optuna and nothing is stopped. What the
product does beside is to write a record of each trial. Seconds from the first report to the last,
each run in a process of its own, in turn.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
from ray import tune
from ray.tune.search.optuna import OptunaSearch

import study.pool.tuner
from benchmarks.scaling import EPOCHS, sleeping_trial
from benchmarks.search.ours import nothing_confirmed
from benchmarks.sessions import TINY_ANN, SilentObserver, new_trials, run_session
from hw3.data import load_splits, phantom_location
from study.cluster.ray import connect
from study.cluster.resources import trial_resources
from study.pool.dispatch import Dispatcher
from study.pool.report import TrialReport
from study.search.choose import FinishedTrials
from study.search.trial import Job
from study.spec.budget import Budget
from study.spec.search import Search
from study.spec.space import Float
from study.spec.study import LOSS, Study
from study.store.folder import LocalFolder

RATES = [f"dropout_{layer}" for layer in (1, 2, 3)]
SEARCH = Search("tiny", "tiny", "ann", dict.fromkeys(RATES, Float(0.0, 0.9)), fixed=TINY_ANN)
STUDY = Study("trivial", "Trivial", "How?", (), (SEARCH,), figures=())


class Span(SilentObserver):
    """Seconds from the first report to the last."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def on_epoch(self, job: Job, report: TrialReport) -> None:
        self.times.append(time.monotonic())

    @property
    def seconds(self) -> float:
        return self.times[-1] - self.times[0]


class TuneSpan(tune.Callback):
    """The same, as Tune tells it."""

    def __init__(self) -> None:
        self.span = Span()

    def on_trial_result(self, *_given: Any, **_named: Any) -> None:
        self.span.times.append(time.monotonic())


def run_ours(trials: int, workers: int) -> float:
    """Seconds of the product."""
    study.pool.tuner.StudyTrial = sleeping_trial(0.0)  # type: ignore[misc,assignment]
    tune.with_parameters = lambda trainable, **_parameters: trainable  # type: ignore[assignment]
    data = load_splits(phantom_location((8, 8, 8)), 16)
    plan = new_trials(STUDY, data, Budget(trials, EPOCHS, 1, data.image_size)).plan
    plan = replace(plan, setting=replace(plan.setting, sampler="random"))
    span = Span()
    study_pruning_off()
    with connect(None, verbose=False) as nodes, tempfile.TemporaryDirectory() as results:
        resources = trial_resources(nodes, None, None, workers)
        dispatcher = Dispatcher(FinishedTrials(plan, {}), wanted=nothing_confirmed)
        run_session(dispatcher, data, LocalFolder(Path(results)), resources, [span])
    assert len(span.times) == trials * EPOCHS
    return span.seconds


def study_pruning_off() -> None:
    """All losses are equal, and so nothing is stopped unless this says otherwise."""
    import study.search.pruning

    study.search.pruning.AGREEMENT = 1.0


def run_tune(trials: int, workers: int) -> float:
    """Seconds of Tune as its documentation writes it, with actors that are reused."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    search = OptunaSearch(sampler=optuna.samplers.RandomSampler(seed=0), metric=LOSS, mode="min")
    watching = TuneSpan()

    class Scored(sleeping_trial(0.0)):
        def step(self) -> dict[str, Any]:
            return super().step() | {LOSS: 0.5}

    with connect(None, verbose=False), tempfile.TemporaryDirectory() as results:
        run_config = tune.RunConfig(
            storage_path=results,
            callbacks=[watching],
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            verbose=0,
        )
        ended = tune.Tuner(
            tune.with_resources(Scored, {"cpu": 1}),
            param_space={name: tune.uniform(0.0, 0.9) for name in RATES},
            tune_config=tune.TuneConfig(
                search_alg=search,
                metric=LOSS,
                mode="min",
                num_samples=trials,
                max_concurrent_trials=workers,
                reuse_actors=True,
            ),
            run_config=run_config,
        ).fit()
    assert ended.num_terminated == trials, ended.errors[:1]
    assert len(watching.span.times) == trials * EPOCHS
    return watching.span.seconds


SIDES = {"ours": run_ours, "tune": run_tune}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(SIDES[options.side](options.trials, options.workers))
        return
    ratios = []
    for _ in range(options.rounds):
        seconds = {side: _in_a_process(side, options) for side in SIDES}
        ratios.append(seconds["ours"] / seconds["tune"])
        print({side: round(value, 1) for side, value in seconds.items()}, round(ratios[-1], 3))
    print(f"ours over Tune, median of {len(ratios)}: {statistics.median(ratios):.3f}")


def _in_a_process(side: str, options: argparse.Namespace) -> float:
    command = [sys.executable, "-m", "benchmarks.search.against_tune", "--side", side]
    command += ["--trials", str(options.trials), "--workers", str(options.workers)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stderr}")
    return float(ended.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
