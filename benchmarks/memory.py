"""Memory of a run: driver, Ray and concurrent trials together; and what one more trial adds.

    python -m benchmarks.memory --data FOLDER [--image-size 256] [--family conv] [--epochs 1]
        [--repeats 5]

Trains a family's homework model with two and with three trials at a time, on all images and on a
tenth of them, each in a process tree of its own whose proportional set size (shared pages counted
once) is sampled. If trials copied the data, the third would add more on all images than on a tenth
of them, by nine tenths of the data's size. With two epochs a checkpoint is made on the way. One
peak differs from the next by hundreds of MiB, so the table has medians.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

import pandas as pd
import psutil

from hw3.data import load_splits
from hw3.models import FAMILIES
from hw3.splits import Split, Splits, make_splits
from hw3.train import recipe_for
from study.cluster.ray import Resources, connect
from study.search.trial import Setting
from study.spec.budget import Budget
from study.spec.study import Baseline, Study
from study.store.checkpoints import CheckpointStore


def study_of(family: str) -> Study:
    return Study("memory", "Memory", "How much?", (Baseline(family, family, family),), (), ())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", default="phantom")
    parser.add_argument("--image-size", type=int, default=256)
    parser.add_argument("--family", choices=list(FAMILIES), default="conv")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--child", nargs=2, type=int, metavar=("TRIALS", "KEEP_EVERY"))
    options = parser.parse_args()
    if options.child:
        data = load_splits(options.data, options.image_size)
        run_trials(study_of(options.family), data, options.epochs, *options.child)
        return
    rows = []
    for _ in range(options.repeats):
        for keep_every, trials in product((10, 1), (2, 3)):
            command = [sys.executable, "-m", "benchmarks.memory", "--data", options.data]
            command += ["--image-size", str(options.image_size), "--family", options.family]
            command += ["--epochs", str(options.epochs)]
            peak = peak_memory([*command, "--child", str(trials), str(keep_every)])
            rows.append({"images": f"1/{keep_every}", "trials": trials, "peak MiB": peak / 2**20})
            print(rows[-1], flush=True)
    table = pd.DataFrame(rows).pivot_table("peak MiB", "images", "trials", aggfunc="median")
    table["third adds"] = table[3] - table[2]
    splits = load_splits(options.data, options.image_size)
    size = sum(part.images.nbytes for part in splits.parts().values()) / 2**20
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


def run_trials(study: Study, data: Splits, epochs: int, trials: int, keep_every: int) -> None:
    """`trials` models at a time."""
    from study.pool.dispatch import StudySearcher
    from study.pool.tuner import run_pool
    from study.store.folder import LocalFolder
    from study.store.records import RecordStore

    parts = [thin(part, keep_every) for part in (data.train, data.val)]
    data = make_splits(data.source, data.location, *parts, None)
    setting = Setting(data.fingerprint, data.image_size, recipe_for(epochs))
    budget = Budget(1, epochs, trials, data.image_size)
    with connect(None, verbose=False), tempfile.TemporaryDirectory() as results:
        searcher = StudySearcher(study, setting, budget, {})
        resources = Resources(0.5, 0, trials)
        folder = LocalFolder(Path(results))
        run_pool(
            searcher,
            data,
            RecordStore(folder),
            CheckpointStore(folder / "checkpoints"),
            resources,
            1800.0,
            [],
        )


def thin(part: Split, keep_every: int) -> Split:
    return Split(part.images[::keep_every].copy(), part.labels[::keep_every].copy())


if __name__ == "__main__":
    main()
