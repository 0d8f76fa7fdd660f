"""What fault tolerance costs a healthy study: records and checkpoints on against off, in turn.

    python -m benchmarks.safety [--family conv] [--image-size 32] [--epochs 12] [--pairs 5]

Trains a family's homework model on eight seeds, two at a time, again and again in one Ray: with
everything kept, and with nothing kept (workers save no state, the driver writes no record). Prints
the wall-clock time of each and the ratio of each pair; which of a pair goes first alternates. A
ratio is as noisy as the machine, so the seconds that went into saving and recording are clocked as
well, as a share of the seconds of all workers, from the first start to the last end.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import study.pool.tuner
from benchmarks.sessions import SilentObserver, new_trials, run_session
from hw3.data import load_splits, phantom_location
from hw3.models import FAMILIES
from hw3.splits import Splits
from study.cluster.ray import connect
from study.cluster.resources import trial_resources
from study.pool.dispatch import Dispatcher
from study.pool.report import TrialReport
from study.pool.trainable import StudyTrial
from study.pool.worker import Worker
from study.search.trial import Job
from study.spec.baseline import Baseline
from study.spec.budget import PROFILES, Budget
from study.spec.status import Status
from study.spec.study import Study
from study.store.folder import LocalFolder
from study.store.records import Record, RecordStore

SEEDS = 8
WORKERS = 2
SAVING = "seconds_of_saving"  # an entry that a clocked worker adds to its report's costs


class UnkeptTrial(StudyTrial):
    """A trial whose worker saves no state."""

    def setup(self, config: dict[str, Any], **parts: Any) -> None:
        super().setup(config, **parts | {"checkpoints": None})


class NoRecords(RecordStore):
    """A store that writes nothing."""

    def write(self, record: Record) -> None:
        pass


class ClockedWorker(Worker):
    """A worker that reports the seconds which it has spent on saving its trial's state."""

    def begin(self, *jobs: Job) -> None:
        super().begin(*jobs)
        self._saving = 0.0

    def train_epoch(self) -> dict[str, TrialReport]:
        return {
            key: replace(report, cost={**report.cost, SAVING: self._saving})
            for key, report in super().train_epoch().items()
        }

    def _keep(self) -> None:
        started = time.perf_counter()
        super()._keep()
        self._saving += time.perf_counter() - started


class ClockedTrial(StudyTrial):
    """A trial with a clocked worker."""

    def _make_worker(self, **parts: Any) -> Worker:
        return ClockedWorker(**parts)


class ClockedRecords(RecordStore):
    """A store that knows the seconds which it has spent on writing."""

    writing = 0.0

    def write(self, record: Record) -> None:
        started = time.perf_counter()
        super().write(record)
        self.writing += time.perf_counter() - started


class SavingSum(SilentObserver):
    """Seconds that all ended trials spent on saving."""

    seconds = 0.0

    def on_end(self, job: Job, report: TrialReport | None, status: Status) -> None:
        assert report is not None
        self.seconds += report.cost.get(SAVING, 0.0)


def measure(
    family: str, epochs: int, data: Splits, kept: bool, nodes: list[Mapping[str, float]]
) -> tuple[float, float]:
    """Wall-clock seconds of one run of the study without Ray's start, and the share of saving and
    recording in the seconds of its workers."""
    safety = Study("safety", "Safety", "?", (Baseline(family, family, family),))
    budget = Budget(1, epochs, SEEDS, data.image_size)
    dispatcher, saving = Dispatcher(new_trials(safety, data, budget)), SavingSum()
    study.pool.tuner.StudyTrial = ClockedTrial if kept else UnkeptTrial
    resources = trial_resources(nodes, None, None, WORKERS)
    with tempfile.TemporaryDirectory(dir=".") as results:
        folder = LocalFolder(Path(results))
        store = ClockedRecords(folder) if kept else NoRecords(folder)
        started = time.monotonic()
        run_session(dispatcher, data, folder, resources, [saving], store)
        seconds = time.monotonic() - started
    writing = store.writing if isinstance(store, ClockedRecords) else 0.0
    return seconds, (saving.seconds + writing) / (WORKERS * seconds)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", default=phantom_location(PROFILES["quick"].phantoms))
    parser.add_argument("--family", choices=list(FAMILIES), default="conv")
    parser.add_argument("--image-size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    data = load_splits(options.data, options.image_size)
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
