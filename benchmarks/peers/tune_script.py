"""The work as a Ray Tune script, written as Tune's documentation writes one.

    python -m benchmarks.peers.tune_script [--seeds 10] [--epochs 12] [--image-size 32]

A function that trains and reports, data through `tune.with_parameters`, a grid, and all else as
Tune has it by default: a fresh actor for each trial, its loggers, its snapshots.
"""

import argparse
import tempfile
import time
from typing import Any

import ray
import torch
from ray import tune

from benchmarks.peers.homework import MODELS, make_loaders, train_model
from benchmarks.peers.work import BASELINES, WORKERS, add_work, print_seconds, work_of
from hw3.engine import recipe_for
from hw3.models import make_config
from hw3.splits import Splits


def train_trial(config: dict[str, Any], data: Splits, epochs: int) -> None:
    family, values = BASELINES[config["candidate"]]
    torch.manual_seed(config["seed"])
    model = MODELS[family](make_config(family, values), data.image_size)
    loaders = make_loaders(data.train, data.val)
    step_size = recipe_for(epochs).step_size
    for train_loss, train_accuracy, val_loss, val_accuracy in train_model(
        model, *loaders, epochs, step_size
    ):
        tune.report(
            {
                "train_loss": train_loss,
                "train_accuracy": train_accuracy,
                "val_loss": val_loss,
                "val_accuracy": val_accuracy,
            }
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add_work(parser)
    work = work_of(parser.parse_args())
    data = work.load().without_test()
    begun = time.monotonic()
    ray.init(address="local", num_cpus=WORKERS, include_dashboard=False)
    connected = time.monotonic()
    trainable = tune.with_parameters(train_trial, data=data, epochs=work.epochs)
    with tempfile.TemporaryDirectory() as storage:
        tuner = tune.Tuner(
            tune.with_resources(trainable, {"cpu": 1}),
            param_space={
                "candidate": tune.grid_search(list(BASELINES)),
                "seed": tune.grid_search(list(range(work.seeds))),
            },
            tune_config=tune.TuneConfig(metric="val_loss", mode="min"),
            run_config=tune.RunConfig(name="peer", storage_path=storage),
        )
        results = tuner.fit()
        ended = time.monotonic()
    ray.shutdown()
    if results.num_errors:
        raise SystemExit(f"{results.num_errors} trials failed")
    print_seconds(ray=connected - begun, workers=0.0, trials=ended - connected)


if __name__ == "__main__":
    main()
