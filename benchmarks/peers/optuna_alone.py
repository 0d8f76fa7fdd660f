"""The work by Optuna alone, in one process with two threads.

python -m benchmarks.peers.optuna_alone [--seeds 10] [--epochs 12] [--image-size 32]
"""

import argparse
import time

import optuna
import torch

from benchmarks.peers.homework import MODELS, make_loaders, train_model
from benchmarks.peers.work import BASELINES, WORKERS, Work, add_work, print_seconds, work_of
from hw3.engine import recipe_for
from hw3.models import make_config
from hw3.splits import Splits


def run_trial(trial: optuna.Trial, work: Work, data: Splits) -> float:
    """Train; the last epoch's validation loss."""
    family, values = BASELINES[trial.suggest_categorical("candidate", list(BASELINES))]
    torch.manual_seed(trial.suggest_int("seed", 0, work.seeds - 1))
    model = MODELS[family](make_config(family, values), data.image_size)
    loaders = make_loaders(data.train, data.val)
    val_loss = float("inf")
    for epoch, row in enumerate(
        train_model(model, *loaders, work.epochs, recipe_for(work.epochs).step_size)
    ):
        _, _, val_loss, _ = row
        trial.report(val_loss, epoch)
    return val_loss


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add_work(parser)
    work = work_of(parser.parse_args())
    data = work.load()
    torch.set_num_threads(1)  # of each trial's computations
    begun = time.monotonic()
    study = optuna.create_study(direction="minimize")
    for name in BASELINES:
        for seed in range(work.seeds):
            study.enqueue_trial({"candidate": name, "seed": seed})
    trials = len(BASELINES) * work.seeds
    study.optimize(lambda trial: run_trial(trial, work, data), n_trials=trials, n_jobs=WORKERS)
    print_seconds(ray=0.0, workers=0.0, trials=time.monotonic() - begun)


if __name__ == "__main__":
    main()
