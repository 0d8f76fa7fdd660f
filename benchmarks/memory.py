"""Memory of a run: driver, Ray and concurrent trials together; and what one more trial adds.

    python -m benchmarks.memory --data FOLDER [--image-size 256] [--family conv] [--epochs 1]
        [--repeats 5]

Trains a family's homework model with two and with three trials at a time, on all images and on a
tenth of them, each in a process tree of its own whose proportional set size (shared pages counted
once) is sampled. If trials copied the data, the third would add more on all images than on a tenth
of them, by nine tenths of the data's size. With two epochs a checkpoint is written between them.
Peaks of equal runs differ by hundreds of MiB, so the table has medians.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

from hw3.data import load_splits
from hw3.models import FAMILIES
from hw3.splits import Splits, make_splits
from study.spec.baseline import Baseline
from study.spec.budget import Budget
from study.spec.study import Study

TRIALS = (2, 3)  # at a time
KEEP_EVERY = (10, 1)  # of the images


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", default="phantom")
    parser.add_argument("--image-size", type=int, default=256)
    parser.add_argument("--family", choices=list(FAMILIES), default="conv")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument(
        "--child", nargs=2, type=int, metavar=("TRIALS", "KEEP_EVERY"), help=argparse.SUPPRESS
    )
    options = parser.parse_args()
    if options.child:
        data = load_splits(options.data, options.image_size)
        run_trials(options.family, data, options.epochs, *options.child)
        return
    rows = []
    for _ in range(options.repeats):
        for keep_every, trials in product(KEEP_EVERY, TRIALS):
            rows.append(measure(options, trials, keep_every))
            print(rows[-1], flush=True)
    summarise(pd.DataFrame(rows), load_splits(options.data, options.image_size))


def measure(options: argparse.Namespace, trials: int, keep_every: int) -> dict[str, Any]:
    """The peak of one run, in a process tree of its own."""
    command = [sys.executable, "-m", "benchmarks.memory", "--data", options.data]
    command += ["--image-size", str(options.image_size), "--family", options.family]
    command += ["--epochs", str(options.epochs), "--child", str(trials), str(keep_every)]
    peak = peak_memory(command) / 2**20
    return {"images": f"1/{keep_every}", "trials": trials, "peak MiB": peak}


def summarise(peaks: pd.DataFrame, data: Splits) -> None:
    """Print the medians, and what the third trial adds against what a copy of the data would."""
    table = peaks.pivot_table("peak MiB", "images", "trials", aggfunc="median")
    table["third adds"] = table[3] - table[2]
    size = sum(part.images.nbytes for part in data.parts().values()) / 2**20
    added = table.loc["1/1", "third adds"] - table.loc["1/10", "third adds"]
    print(table.round(0).to_string())
    print(
        f"data {size:.0f} MiB; a copy in each trial would add {0.9 * size:.0f} MiB more on all "
        f"images than on a tenth; measured {added:.0f} MiB"
    )


def peak_memory(command: list[str], every: float = 0.2) -> int:
    """Greatest sum of proportional set sizes over the command's processes, in bytes."""
    process = psutil.Popen(command, stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        total = 0
        for member in [process, *process.children(recursive=True)]:
            try:
                total += member.memory_full_info().pss
            except psutil.Error:
                continue  # it ended meanwhile
        peak = max(peak, total)
        time.sleep(every)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return peak


def run_trials(family: str, data: Splits, epochs: int, trials: int, keep_every: int) -> None:
    """Train `trials` models at a time on every `keep_every`th image."""
    # imported in the measured processes alone, which would else share these pages with their parent
    from benchmarks.sessions import new_trials, run_session
    from study.cluster.ray import connect
    from study.cluster.resources import Resources
    from study.pool.dispatch import Dispatcher
    from study.store.folder import LocalFolder

    train, val = (part.take(np.arange(0, len(part), keep_every)) for part in (data.train, data.val))
    data = make_splits(data.source, data.location, train, val, None)
    study = Study("memory", "Memory", "How much?", (Baseline(family, family, family),))
    budget = Budget(1, epochs, trials, data.image_size)
    with connect(None, verbose=False), tempfile.TemporaryDirectory() as results:
        dispatcher = Dispatcher(new_trials(study, data, budget))
        run_session(dispatcher, data, LocalFolder(Path(results)), Resources(0.5, 0, trials))


if __name__ == "__main__":
    main()
