"""What a GPU does: the engine against the homework's loop, several trainings side by side, packed.

    python -m benchmarks.gpu [--out gpu] [--only engine] [--device cuda]

At most six minutes, each part written as soon as it ends to gpu.json and gpu.md in the folder:

    tests     `pytest -m gpu`: its last line
    parity    greatest relative difference of training losses, GPU against CPU, in float32
    engine    training images per second: homework's loop, engine step by step, engine captured; and
              the captured one as a share of what memory allows: the bytes that the layers of a
              step must read and write at least, at the rate of a copy measured here
    together  trainings side by side in one process, captured: all images per second
    fused     trainings that differ by seed alone, computed as one model: all images per second
    packed    as many processes with one captured training each: all images per second
    policy    precision and choice of kernels: images per second of each against the product's own
    study     `python -m study.task_c`, four trials on one GPU: seconds of the quick profile with
              each training alone and with fused ones, and of the paper's with one trial, two seeds

Needs PyTorch, NumPy, Ray and Optuna. `--device cpu` shows that it works, not how fast it is.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmarks.peers import homework
from hw3.cost import step_bytes
from hw3.engine import Recipe, Training, repeated, start_training, train_together
from hw3.fused import train_fused
from hw3.gpu_memory import CONTEXT_BYTES, training_bytes
from hw3.models import FAMILIES, make_architecture
from hw3.numerics import Numerics, choose_numerics
from hw3.rates import copy_rate
from hw3.splits import Split, Splits, make_splits

IMAGES = 1600  # for training, as in the homework
EPOCHS, WARM = 5, 2  # timed ones follow two in which kernels are chosen and steps captured
MEMBERS, PROCESSES = (1, 4, 16), (1, 2, 4, 8)
SIZES = (64, 128, 256)
PACKED_SECONDS = 5.0
NEVER = 10**9
# Precision, whether products are in TF32, whether kernels may differ from run to run.
POLICIES = (
    ("bfloat16", False, False),
    ("bfloat16", False, True),
    ("float32", False, False),
    ("float32", True, False),
    ("float32", True, True),
)
STUDIES = (
    ("--profile", "quick", "--fuse", "1"),
    ("--profile", "quick"),
    ("--profile", "paper", "--trials", "1", "--seeds", "2"),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("gpu"))
    parser.add_argument("--only", choices=list(PARTS), action="append")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--packed-child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.packed_child:
        print(train_packed(options), flush=True)
        return
    options.out.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {"card": describe_card(options.device)}
    for part in options.only or PARTS:
        started = time.perf_counter()
        try:
            found[part] = list(PARTS[part](options))
        except Exception as error:  # noqa: BLE001 - the other parts are worth their time
            found[part] = [{"failed": f"{type(error).__name__}: {error}"[:500]}]
        found[part].append({"seconds": round(time.perf_counter() - started, 1)})
        write(found, options.out)


def write(found: dict[str, Any], folder: Path) -> None:
    """What there is so far, as JSON and as Markdown, and on the screen."""
    (folder / "gpu.json").write_text(json.dumps(found, indent=1))
    lines = [f"{found['card']}", ""]
    for part, rows in list(found.items())[1:]:
        table = pd.DataFrame(rows[:-1]).fillna("")
        lines += [f"## {part}, {rows[-1]['seconds']} s", "", markdown(table), ""]
    (folder / "gpu.md").write_text("\n".join(lines))
    print("\n".join(lines[-4:]), flush=True)


def markdown(table: pd.DataFrame) -> str:
    rows = [list(map(str, table.columns)), ["---"] * table.shape[1]]
    rows += [[str(value) for value in row] for row in table.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def describe_card(device: str) -> str:
    if device == "cpu":
        return f"CPU, PyTorch {torch.__version__}"
    return f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}"


def run_tests(_options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    # Without the project's options, which need pytest-xdist: a bare machine may not have it.
    files = sorted(map(str, Path("tests").glob("*/test_gpu.py")))
    command = [sys.executable, "-m", "pytest", "-q", "-o", "addopts=", "-m", "gpu", *files]
    answer = subprocess.run(command, capture_output=True, text=True)
    yield {"pytest -m gpu": answer.stdout.strip().splitlines()[-1]}


def measure_parity(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    data = make_data(32, 320)
    for family in FAMILIES:
        losses = []
        for device in ("cpu", options.device):
            (training,) = make_trainings(family, 32, 1, Numerics(device), epochs=3)
            for module in training.model.modules():
                if isinstance(module, torch.nn.Dropout):
                    module.p = 0.0
            losses.append([row.train_loss for (row,) in train_together([training], data) if row])
        expected, got = map(np.array, losses)
        yield {"family": family, "differ by": f"{np.abs(got / expected - 1).max():.1e}"}


def measure_engine(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    numerics, rate = choose_numerics(options.device, "auto"), copy_rate(options.device)
    for family in FAMILIES:
        for size in SIZES:
            data = make_data(size, options.images)
            single = images_per_second(family, size, 1, numerics, data, captured=False)
            captured = images_per_second(family, size, 1, numerics, data)
            loop = homework_rate(family, size, data, options.device)
            batch_size = Recipe().batch_size
            moved = step_bytes(make_architecture(family, {}, size), batch_size, numerics)
            limit = rate / moved * batch_size
            yield {
                "family": family,
                "size": size,
                "homework": round(loop),
                "engine, single steps": round(single),
                "captured": round(captured),
                "over homework": round(captured / loop, 1),
                "over single steps": round(captured / single, 1),
                "share of memory limit": round(captured / limit, 2),
            }


def measure_together(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for size in (64, 256):
        data = make_data(size, options.images)
        numerics = choose_numerics(options.device, "auto")
        alone = homework_rate("conv", size, data, options.device)
        for members in MEMBERS:
            reset_peak(options.device)
            rate = images_per_second("conv", size, members, numerics, data)
            yield {
                "size": size,
                "trainings": members,
                "images/s of all": round(rate),
                "over homework": round(rate / alone, 1),
                "MiB": peak_mebibytes(options.device),
            }


def measure_fused(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    numerics = choose_numerics(options.device, "auto")
    for family, size in (*((family, 64) for family in FAMILIES), ("conv", 256)):
        data = make_data(size, options.images)
        loop = homework_rate(family, size, data, options.device)
        alone = images_per_second(family, size, 1, numerics, data)
        for members in MEMBERS:
            reset_peak(options.device)
            rate = images_per_second(family, size, members, numerics, data, fused=True)
            yield {
                "family": family,
                "size": size,
                "trainings": members,
                "images/s of all": round(rate),
                "over homework": round(rate / loop, 1),
                "over one alone": round(rate / alone, 1),
                "MiB": peak_mebibytes(options.device),
                "estimated MiB": estimated_mebibytes(family, size, members, numerics, data),
            }


def measure_packed(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "benchmarks.gpu", "--packed-child"]
    command += ["--device", options.device, "--images", str(options.images)]
    for processes in PROCESSES:
        children = [
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)
        ]
        rates = [float(child.communicate()[0].split()[-1]) for child in children]
        yield {"processes": processes, "images/s of all": round(sum(rates))}


def train_packed(options: argparse.Namespace) -> float:
    """Images per second of one process among several, from when its steps are captured."""
    data = make_data(64, options.images)
    numerics = choose_numerics(options.device, "auto")
    trainings = make_trainings("conv", 64, 1, numerics, epochs=NEVER)
    epochs = train_together(trainings, data)
    for _ in range(WARM):
        next(epochs)
    started, done = time.perf_counter(), 0
    while time.perf_counter() - started < PACKED_SECONDS:
        next(epochs)
        done += 1
    return done * options.images / (time.perf_counter() - started)


def measure_policy(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for size in (64, 256):
        data = make_data(size, options.images)
        for precision, tf32, free in POLICIES:
            with kernels(tf32, free):
                rate = images_per_second("conv", size, 1, Numerics(options.device, precision), data)
            yield {
                "size": size,
                "precision": "TF32" if tf32 else precision,
                "kernels": "the fastest" if free else "deterministic",
                "images/s": round(rate),
            }


@contextmanager
def kernels(tf32: bool, free: bool) -> Iterator[None]:
    """Other ones than the engine's: TF32 products, and whichever cuDNN finds to be the fastest. The
    engine sets its own when a training is started, so they are set after that."""
    start = globals()["start_training"]

    def start_with(*given: Any) -> Training:
        training = start(*given)
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = tf32
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = not free, free
        return training

    globals()["start_training"] = start_with
    try:
        yield
    finally:
        globals()["start_training"] = start
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.benchmark = False


def run_study(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    share = ["--gpus-per-trial", "0.25"] if options.device == "cuda" else []
    for given in STUDIES:
        with tempfile.TemporaryDirectory() as results:
            command = [sys.executable, "-m", "study.task_c", "--results", results, *share, *given]
            command += ["--keep-weights", "none"]  # a bare machine has no safetensors
            started = time.perf_counter()
            answer = subprocess.run(command, capture_output=True, text=True)
        lines = (answer.stdout + answer.stderr).strip().splitlines()
        yield {
            "task_c": " ".join(given),
            "exit": answer.returncode,
            "s": round(time.perf_counter() - started, 1),
            "last line": lines[-1] if lines else "",
        }


Part = Callable[[argparse.Namespace], Iterator[dict[str, Any]]]
PARTS: dict[str, Part] = {
    "tests": run_tests,
    "parity": measure_parity,
    "engine": measure_engine,
    "together": measure_together,
    "fused": measure_fused,
    "packed": measure_packed,
    "policy": measure_policy,
    "study": run_study,
}


def images_per_second(
    family: str,
    size: int,
    members: int,
    numerics: Numerics,
    data: Splits,
    captured: bool = True,
    fused: bool = False,
) -> float:
    """Of all trainings together; training and validation, as the homework's loop has both."""
    usual = repeated.WARM_UP
    repeated.WARM_UP = usual if captured else NEVER
    trainings = make_trainings(family, size, members, numerics, WARM + EPOCHS)
    epochs = train_fused(trainings, [data] * members) if fused else train_together(trainings, data)
    try:
        seconds = [rows[0].seconds for rows in epochs if rows[0]]
    finally:
        repeated.WARM_UP = usual
    return len(data.train) / statistics.median(seconds[WARM:])


def homework_rate(family: str, size: int, data: Splits, device: str) -> float:
    """Training images per second of the homework's loop, with its validation."""
    net = homework.MODELS[family](FAMILIES[family].config(), size)
    loaders = homework.make_loaders(data.train, data.val)
    epochs = homework.train_model(net, *loaders, epochs=3, device=device)
    next(epochs)
    started = time.perf_counter()
    next(epochs), next(epochs)
    return 2 * len(data.train) / (time.perf_counter() - started)


def make_trainings(
    family: str, size: int, members: int, numerics: Numerics, epochs: int
) -> list[Training]:
    architecture = make_architecture(family, {}, size)
    recipe = Recipe(epochs=epochs, train_eval_every=NEVER)
    return [start_training(architecture, recipe, seed, numerics) for seed in range(members)]


def make_data(size: int, images: int) -> Splits:
    """Noise: the time does not depend on what the images show."""
    rng = np.random.default_rng(0)

    def part(count: int) -> Split:
        pixels = rng.integers(0, 256, (count, size, size), dtype=np.uint8)
        return Split(pixels, np.arange(count, dtype=np.uint8) % 2)

    return make_splits("noise", "noise", part(images), part(images // 4), None)


def reset_peak(device: str) -> None:
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()


def estimated_mebibytes(
    family: str, size: int, members: int, numerics: Numerics, data: Splits
) -> int:
    """Of what PyTorch counts: without the CUDA context."""
    images = len(data.train) + len(data.val)
    architecture = make_architecture(family, {}, size)
    needed = training_bytes(architecture, Recipe(), numerics, images, members)
    return (needed - CONTEXT_BYTES) // 2**20


def peak_mebibytes(device: str) -> int:
    return torch.cuda.max_memory_allocated() // 2**20 if device == "cuda" else 0


if __name__ == "__main__":
    main()
