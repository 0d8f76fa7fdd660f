"""What fault tolerance costs a healthy study: records and checkpoints on against off, in turn.

    python -m benchmarks.safety [--family conv] [--image-size 32] [--epochs 12] [--pairs 5]

Trains a family's homework model on eight seeds, two at a time, again and again in one Ray: with
everything kept, and with nothing kept (trials save no state, the driver writes no record). Prints
the wall-clock of each and the ratio of each pair; both orders of a pair take turns.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import study.pool
from hw3.data import load_splits
from hw3.models import FAMILIES
from hw3.splits import Splits
from hw3.train import recipe_for
from study.checkpoints import CheckpointStore
from study.cluster import connect, trial_resources
from study.dispatch import StudySearcher
from study.records import Record, RecordStore
from study.spec import PROFILES, Budget, Point, Study
from study.storage import LocalFolder
from study.trainable import StudyTrial
from study.trial import Setting

SEEDS = 8


class UnkeptTrial(StudyTrial):
    """A trial that saves no state."""

    def setup(self, *arguments, checkpoints=None, **options) -> None:
        super().setup(*arguments, **options)


class NoRecords(RecordStore):
    """A store that forgets."""

    def write(self, record: Record) -> None:
        pass


def seconds_of(family: str, epochs: int, data: Splits, kept: bool, nodes: list) -> float:
    """Wall-clock of one run of the study, without Ray's start."""
    study_ = Study("safety", "Safety", "?", (Point(family, family, family),), (), ())
    setting = Setting(data.fingerprint, data.image_size, recipe_for(epochs))
    searcher = StudySearcher(study_, setting, Budget(1, epochs, SEEDS, data.image_size), {})
    study.pool.StudyTrial = StudyTrial if kept else UnkeptTrial
    resources = trial_resources(nodes, None, None, None)
    with tempfile.TemporaryDirectory(dir=".") as results:
        folder = LocalFolder(Path(results))
        store = RecordStore(folder) if kept else NoRecords(folder)
        checkpoints = CheckpointStore(folder / "checkpoints")
        started = time.monotonic()
        study.pool.run_pool(searcher, data, store, checkpoints, resources, 1800.0, [])
        return time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", default="phantom")
    parser.add_argument("--family", choices=list(FAMILIES), default="conv")
    parser.add_argument("--image-size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    data = load_splits(options.data, options.image_size, PROFILES["quick"].phantoms)
    ratios = []
    with connect(None, verbose=False) as nodes:
        for pair in range(options.pairs + 1):
            order = (True, False) if pair % 2 else (False, True)
            times = {
                kept: seconds_of(options.family, options.epochs, data, kept, nodes)
                for kept in order
            }
            line = f"kept {times[True]:.2f} s, not kept {times[False]:.2f} s"
            if pair == 0:
                print(f"warm-up, not counted: {line}", flush=True)
                continue
            ratios.append(times[True] / times[False])
            print(f"{line}, ratio {ratios[-1]:.3f}", flush=True)
    low, high = min(ratios), max(ratios)
    print(
        f"{options.family}, {options.image_size}x{options.image_size}, {options.epochs} epochs: "
        f"median ratio {statistics.median(ratios):.3f} ({low:.3f} to {high:.3f})"
    )


if __name__ == "__main__":
    main()
