"""How a search grows: simulated trials, 8 at a time, of a made table of two hyper-parameters.

    python -m benchmarks.search.scale [--trials 1000 3000 10000] [--samplers random auto]

Seconds in all and per trial, the memory that the process needed, and the median of twenty
proposals beside so many trials. Each number of trials has a process of its own.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.search.ours import UNLIMITED, whole_search
from study.search.explore import Explorer
from study.spec.search import Search
from study.spec.space import Float

WORKERS, PROPOSALS = 8, 20


class Bowl:
    """A loss that falls with the epochs to the squared distance from the best rates."""

    name, epochs, target = "bowl", 12, 0.0
    search = Search(
        "bowl", "bowl", "conv", {"dropout_conv": Float(0.0, 0.9), "dropout_hidden": Float(0.0, 0.9)}
    )

    def losses(self, point: Mapping[str, Any]) -> np.ndarray:
        distance = (point["dropout_conv"] - 0.3) ** 2 + point["dropout_hidden"] ** 2
        return distance + 1 / np.arange(1, self.epochs + 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, nargs="+", default=[1000, 3000, 10000])
    parser.add_argument("--samplers", nargs="+", default=["random", "auto"])
    parser.add_argument("--alone", action="store_true", help="in this process")
    options = parser.parse_args()
    if options.alone:
        print(*measure(options.trials[0], options.samplers[0]), sep="\t", flush=True)
        return
    print("sampler", "trials", "s", "ms a trial", "MiB", "ms a proposal", sep="\t", flush=True)
    for sampler in options.samplers:
        for trials in options.trials:
            command = [sys.executable, "-m", "benchmarks.search.scale", "--alone"]
            command += ["--trials", str(trials), "--samplers", sampler]
            subprocess.run(command, check=True)


def measure(trials: int, sampler: str) -> list[Any]:
    """A row of the table."""
    started = time.perf_counter()
    found, _ = whole_search(Bowl(), trials, WORKERS, sampler=sampler)
    seconds = time.perf_counter() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    records = found.explored(Bowl.search)
    explorer = Explorer(Bowl.search, found.plan.setting, UNLIMITED, records)
    times = []
    for _ in range(PROPOSALS):
        begun = time.perf_counter()
        explorer.propose()
        times.append(time.perf_counter() - begun)
    each, proposal = 1000 * seconds / trials, 1000 * statistics.median(times)
    return [sampler, trials, round(seconds, 1), round(each, 2), memory, round(proposal, 1)]


if __name__ == "__main__":
    main()
