"""What fault tolerance costs a healthy study: records and checkpoints on against off, in turn.

    python -m benchmarks.safety [--family conv] [--image-size 32] [--epochs 12] [--pairs 5]

Trains a family's homework model on eight seeds, two at a time, again and again in one Ray: with
everything kept, and with nothing kept (trials save no state, the driver writes no record). Prints
the wall-clock of each and the ratio of each pair; both orders of a pair take turns. A ratio is as
noisy as the machine, so the seconds that went into saving and recording are clocked as well, as a
share of the seconds of all workers, first start to last end.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from ray.tune import Callback

import study.pool.tuner
from hw3.data import load_splits
from hw3.models import FAMILIES
from hw3.splits import Splits
from hw3.train import Training, recipe_for
from study.cluster.ray import connect, trial_resources
from study.pool.dispatch import StudySearcher
from study.pool.trainable import StudyTrial
from study.search.trial import Setting
from study.spec.budget import PROFILES, Budget
from study.spec.study import Baseline, Study
from study.store.checkpoints import CheckpointStore
from study.store.folder import LocalFolder
from study.store.records import Record, RecordStore

SEEDS = 8
WORKERS = 2


class UnkeptTrial(StudyTrial):
    """A trial that saves no state."""

    def setup(self, *arguments, checkpoints=None, **options) -> None:
        super().setup(*arguments, **options)


class NoRecords(RecordStore):
    """A store that forgets."""

    def write(self, record: Record) -> None:
        pass


class ClockedTrial(StudyTrial):
    """A trial that reports the seconds which it spent on saving its state."""

    def _begin(self, config: dict[str, Any]) -> None:
        super()._begin(config)
        self._saving = 0.0

    def _keep(self, training: Training) -> None:
        started = time.perf_counter()
        super()._keep(training)
        self._saving += time.perf_counter() - started

    def step(self) -> dict[str, Any]:
        return super().step() | {"saving": self._saving}


class ClockedRecords(RecordStore):
    """A store that knows the seconds which it spent on writing."""

    writing = 0.0

    def write(self, record: Record) -> None:
        started = time.perf_counter()
        super().write(record)
        self.writing += time.perf_counter() - started


class Sums(Callback):
    """Seconds that all ended trials spent on saving."""

    saving = 0.0

    def on_trial_complete(self, iteration, trials, trial, **info) -> None:
        self.saving += trial.last_result.get("saving", 0.0)


def measure(family: str, epochs: int, data: Splits, kept: bool, nodes: list) -> tuple[float, float]:
    """Wall-clock seconds of one run of the study without Ray's start, and the share of saving and
    recording in the seconds of its workers."""
    study_ = Study("safety", "Safety", "?", (Baseline(family, family, family),), (), ())
    setting = Setting(data.fingerprint, data.image_size, recipe_for(epochs))
    searcher = StudySearcher(study_, setting, Budget(1, epochs, SEEDS, data.image_size), {})
    study.pool.tuner.StudyTrial = ClockedTrial if kept else UnkeptTrial
    sums = Sums()
    resources = trial_resources(nodes, None, None, WORKERS)
    with tempfile.TemporaryDirectory(dir=".") as results:
        folder = LocalFolder(Path(results))
        store = ClockedRecords(folder) if kept else NoRecords(folder)
        checkpoints = CheckpointStore(folder / "checkpoints")
        started = time.monotonic()
        study.pool.tuner.run_pool(searcher, data, store, checkpoints, resources, 1800.0, [sums])
        seconds = time.monotonic() - started
    writing = store.writing if isinstance(store, ClockedRecords) else 0.0
    return seconds, (sums.saving + writing) / (WORKERS * seconds)


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
    ratios, shares = [], []
    with connect(None, verbose=False) as nodes:
        for pair in range(options.pairs + 1):
            order = (True, False) if pair % 2 else (False, True)
            found = {
                kept: measure(options.family, options.epochs, data, kept, nodes) for kept in order
            }
            (on, share), (off, _) = found[True], found[False]
            line = f"kept {on:.2f} s ({share:.2%} clocked), not kept {off:.2f} s"
            if pair == 0:
                print(f"warm-up, not counted: {line}", flush=True)
                continue
            ratios.append(on / off)
            shares.append(share)
            print(f"{line}, ratio {ratios[-1]:.3f}", flush=True)
    low, high = min(ratios), max(ratios)
    print(
        f"{options.family}, {options.image_size}x{options.image_size}, {options.epochs} epochs: "
        f"median ratio {statistics.median(ratios):.3f} ({low:.3f} to {high:.3f}), "
        f"clocked {statistics.median(shares):.2%}"
    )


if __name__ == "__main__":
    main()
