"""Real learning curves of the three tasks: trains a fixed set of configurations at full length.

    python -m benchmarks.search.curves --data DATA --kept FOLDER [--out curves.parquet]

Each task's space is covered evenly by a scrambled Sobol sequence; every point is trained on each of
the seeds. Trainings are kept in FOLDER one by one, and the same command goes on where it was ended.
The table has a row for each epoch of each training: task, the hyper-parameters that are searched,
as JSON, seed, epoch, validation loss and accuracy, seconds.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
from optuna.samplers import QMCSampler

from benchmarks.search.spaces import SEARCHES
from hw3.data import load_splits
from hw3.engine import recipe_for
from hw3.numerics import Numerics
from study.pool.worker import Worker
from study.search.trial import Job, Setting
from study.spec.search import Search

COLUMNS = ("epoch", "val_loss", "val_accuracy", "seconds")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="as --data of a study")
    parser.add_argument("--kept", type=Path, required=True, help="folder of finished trainings")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("curves.parquet"))
    parser.add_argument("--points", type=int, default=48, help="configurations of each task")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--image-size", type=int, default=16)
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    options.kept.mkdir(parents=True, exist_ok=True)
    data = load_splits(options.data, options.image_size)
    setting = Setting(data.fingerprint, options.image_size, recipe_for(options.epochs), Numerics())
    worker = Worker(data.without_test())
    rows: list[dict[str, Any]] = []
    for seed in range(options.seeds):
        for task, search in SEARCHES.items():
            for point in points_of(search, options.points):
                ingredients = setting.ingredients(search.family, search.config(point), seed)
                trained = _train(worker, Job("explore", task, ingredients), options.kept)
                place = {"task": task, "point": json.dumps(point, sort_keys=True), "seed": seed}
                rows += [place | {name: row[name] for name in COLUMNS} for row in trained]
            print(f"{task}, seed {seed}: done", flush=True)
    pd.DataFrame(rows).to_parquet(options.out, compression="zstd", index=False)


def points_of(search: Search, count: int) -> Iterator[dict[str, Any]]:
    """So many points of the space, evenly spread, the same at every call."""
    study = optuna.create_study(sampler=QMCSampler(seed=0, scramble=True))
    space = {name: dimension.distribution() for name, dimension in search.space.items()}
    for _ in range(count):
        yield study.ask(space).params


def _train(worker: Worker, job: Job, kept: Path) -> list[dict[str, Any]]:
    """The rows of the training, which is made unless it is kept."""
    file = kept / f"{job.key}.json"
    if not file.exists():
        worker.begin(job)
        while not worker.is_over:
            (report,) = worker.train_epoch().values()
        whole = file.with_suffix(".new")
        whole.write_text(json.dumps(report.rows))
        whole.rename(file)
    return json.loads(file.read_text())


if __name__ == "__main__":
    main()
