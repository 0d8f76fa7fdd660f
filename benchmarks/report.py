"""How long a report takes, step by step, and its peak memory.

    python -m benchmarks.report [--seeds 100] [--epochs 300] [--candidates 6]

Judges and draws a made study in a process of its own: each candidate is trained on every seed, as
far as its records say, and there are two claims on each. Figures are those of a study that names
none: curves for every candidate, comparison, architectures and accuracy against cost. "read" are
the records; the other steps are those that the terminal shows. The peak is the process's resident
memory, all imports and records included.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from hw3.cost import model_cost
from hw3.engine import recipe_for
from study.report.outputs import write_outputs
from study.search.choose import FinishedTrials
from study.search.hyperparameters import architecture_of
from study.search.plan import Plan
from study.search.trial import Setting
from study.spec.baseline import Baseline
from study.spec.budget import Budget, DataFacts
from study.spec.claim import Claim
from study.spec.figures import default_figures
from study.spec.study import Study
from study.store.folder import LocalFolder
from study.store.records import Record, RecordStore
from study.table.example import make_epoch_rows, make_image_scores

IMAGE_SIZE = 32


def made_plan(seeds: int, epochs: int, candidates: int) -> Plan:
    """A study of so many baselines, ConvModels with dropout, with two claims on each."""
    baselines = tuple(
        Baseline(f"candidate_{number}", f"Candidate {number}", "conv", {"dropout_conv": rate})
        for number, rate in enumerate(np.linspace(0, 0.5, candidates).tolist())
    )
    names = [baseline.name for baseline in baselines]
    claims = tuple(
        claim
        for name in names
        for claim in (
            Claim(f"{name}_level", name, "val_accuracy", above=0.9, below=0.95),
            Claim(f"{name}_better", name, "test_accuracy", versus=names[0], above=0.01),
        )
        if claim.versus != name
    )
    figures = default_figures(names, has_search=False)
    study = Study("made", "A made study", "How long?", baselines, claims=claims, figures=figures)
    setting = Setting("made", IMAGE_SIZE, recipe_for(epochs))
    facts = DataFacts("made", "made", setting.data, IMAGE_SIZE, {}, {})
    return Plan(study, Budget(0, epochs, seeds, IMAGE_SIZE), setting, facts)


def make_records(plan: Plan, store: RecordStore) -> None:
    """A complete training of every candidate on every seed, which nobody ran."""
    for place, candidate in enumerate(FinishedTrials(plan, {}).baselines):
        architecture = architecture_of(candidate.family, candidate.config, IMAGE_SIZE)
        cost = vars(model_cost(architecture))
        for number, job in enumerate(candidate.jobs(plan.setting, plan.budget.seeds)):
            rng = np.random.default_rng([place, number])
            rows = make_epoch_rows(rng, 0.9 + 0.01 * place, 0.005 * place, 2.0, plan.budget.epochs)
            tests = make_image_scores(rng, rows, "test")
            store.write(Record(job.ingredients, "complete", rows, test=tests, cost=cost))


def clock_report(plan: Plan, results: LocalFolder) -> dict[str, float]:
    """Seconds of each step, in their order, and the peak in MiB."""
    started = [("read", time.perf_counter())]
    records = {record.key: record for record in RecordStore(results)}

    def begin(what: str, _number: int, _last: int) -> None:
        started.append((what, time.perf_counter()))

    write_outputs(FinishedTrials(plan, records), results / plan.study.name, begin)
    names, times = zip(*started, strict=True)
    seconds = np.diff([*times, time.perf_counter()])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    return dict(zip(names, seconds.tolist(), strict=True)) | {
        "all": float(seconds.sum()),
        "peak MiB": peak,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--candidates", type=int, default=6)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    plan = made_plan(options.seeds, options.epochs, options.candidates)
    if options.child:
        print(json.dumps(clock_report(plan, LocalFolder(Path(options.child)))))
        return
    with tempfile.TemporaryDirectory() as results:
        make_records(plan, RecordStore(LocalFolder(Path(results))))
        command = [sys.executable, "-m", "benchmarks.report", "--child", results]
        for name in ("seeds", "epochs", "candidates"):
            command += [f"--{name}", str(getattr(options, name))]
        ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    print(pd.Series(json.loads(ended.stdout)).round(2).to_string())


if __name__ == "__main__":
    main()
