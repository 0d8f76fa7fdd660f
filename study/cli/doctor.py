"""`python -m study doctor`: whether a study can run here, and what would be in its way."""

import os
import platform
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from rich.console import Console

from hw3.data import PHANTOM, load_splits
from hw3.memory import memory_here
from hw3.splits import DataError
from hw3.text import count_of
from study.cluster.hosts import PROJECT
from study.cluster.lines import Line, print_lines
from study.cluster.resources import trial_resources
from study.spec.errors import StudyError
from study.spec.secrets import mask
from study.store.folder import Folder, LocalFolder
from study.store.provenance import checkout

GB = 1e9
OLDEST = (3, 11)  # Python
LITTLE_MEMORY, LITTLE_DISK, LITTLE_SHARED = 2 * GB, 2 * GB, 0.5 * GB  # bytes
LITTLE_GPU_SHARE = 0.75  # of a GPU's memory; this process and a desktop take a small part of it
BFLOAT16_SINCE = 8  # compute capability, Ampere
PACKED = 0.25  # GPUs of a trial, as is proposed
SHARED = Path("/dev/shm")  # where Ray keeps the data


@dataclass(frozen=True)
class Asked:
    """What is to be looked at.

    Attributes:
        data: a location, see `hw3.data.load_splits`.
        start_ray: whether Ray is started, which takes some seconds.
    """

    results: Folder
    data: str
    image_size: int
    start_ray: bool


def doctor(asked: Asked, console: Console) -> int:
    """Look at everything and print a line for each; the exit code, 1 where there is a problem."""
    lines = [line for check in CHECKS for line in check(asked)]
    print_lines(lines, console)
    counts = {level: sum(line.level == level for line in lines) for level in ("wrong", "warning")}
    named = [count_of(counts["wrong"], "problem"), count_of(counts["warning"], "warning")]
    said = "nothing is in the way of a run" if not any(counts.values()) else ", ".join(named)
    console.print(said, highlight=False)
    return int(counts["wrong"] > 0)


def _line(what: str, fact: str, fix: str = "", problem: bool = False) -> Line:
    """A line that is well where nothing is to be mended."""
    return Line("", what, "ok" if not fix else "wrong" if problem else "warning", fact, fix)


def check_python(_asked: Asked) -> Iterator[Line]:
    """Python, and the packages that this project needs."""
    wanted = ".".join(map(str, OLDEST))
    fix = "" if sys.version_info >= OLDEST else f"Install Python {wanted} or later"
    yield _line("Python", f"{platform.python_version()}, {sys.executable}", fix, problem=True)
    unmet = list(_unmet())
    if unmet:
        yield _line("packages", "; ".join(unmet), "pip install . in the project's folder", True)
    else:
        yield _line("packages", "all that are needed, in versions that fit")


def _unmet() -> Iterator[str]:
    try:
        needed = [Requirement(text) for text in requires(PROJECT) or ()]
    except PackageNotFoundError:
        return  # run from a copy of the code
    for one in needed:
        if one.marker and not one.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(one.name)
        except PackageNotFoundError:
            yield f"{one.name} is not installed"
            continue
        if not one.specifier.contains(found, prereleases=True):
            yield f"{one.name} is {found}, needed is {one.specifier}"


def check_torch(_asked: Asked) -> Iterator[Line]:
    """PyTorch, its GPUs, and the precision that runs choose."""
    try:
        import torch

        from hw3.numerics import has_fast_bfloat16
    except (ImportError, OSError) as error:  # a library of it that is missing is an OSError
        said = str(error).splitlines()[0]
        yield _line("PyTorch", f"cannot be imported: {said}", "pip install torch", problem=True)
        return
    yield _line("PyTorch", str(torch.__version__))
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if count:
        yield from _gpu_lines(count)
    elif shutil.which("nvidia-smi"):
        fix = "Install PyTorch for CUDA (pytorch.org), or mend the driver: nvidia-smi tells"
        yield _line("GPUs", "none that PyTorch can use, though nvidia-smi is here", fix)
    else:
        yield _line("GPUs", "none: trains on CPU cores")
    fast = has_fast_bfloat16("cuda" if count else "cpu")
    used = "faster than float32, and used" if fast else "no faster than float32, which is used"
    yield _line("bfloat16", used)


def _gpu_lines(count: int) -> Iterator[Line]:
    """One for each GPU, then whether they differ, and how many trials they have at a time."""
    import torch

    facts = [torch.cuda.get_device_properties(device) for device in range(count)]
    for device, fact in enumerate(facts):
        yield _gpu_line(device, fact)
    kinds = Counter((fact.name, fact.total_memory) for fact in facts)
    if len(kinds) > 1:
        fix = "Equal seeds give other rounding on another kind: choose one by CUDA_VISIBLE_DEVICES"
        named = ", ".join(f"{number} {name}" for (name, _), number in kinds.items())
        yield _line("GPUs", f"of {len(kinds)} kinds: {named}", fix)
    yield _line("GPUs", _packing(count))


def _gpu_line(device: int, fact: Any) -> Line:
    """Name, memory, compute capability and precision of a GPU.

    Args:
        fact: of `torch.cuda.get_device_properties`.
    """
    import torch

    what, whole = f"GPU {device}", fact.total_memory
    try:
        free, _ = torch.cuda.mem_get_info(device)
    except RuntimeError as error:  # no memory at all, or another process has it for itself
        fix = "End what uses it (nvidia-smi), or leave it out by CUDA_VISIBLE_DEVICES"
        return _line(what, f"{fact.name} cannot be used: {str(error).splitlines()[0]}", fix, True)
    fix = "Other programs use it: end them (nvidia-smi), or leave it out by CUDA_VISIBLE_DEVICES"
    precision = "bfloat16" if fact.major >= BFLOAT16_SINCE else "no bfloat16"
    said = (
        f"{fact.name}, {whole / GB:.1f} GB, {free / GB:.1f} GB of it free, compute capability "
        f"{fact.major}.{fact.minor}, {precision}"
    )
    return _line(what, said, fix if free < LITTLE_GPU_SHARE * whole else "")


def _packing(gpus: int) -> str:
    """How many trials run at a time."""
    here = [{"CPU": float(len(os.sched_getaffinity(0))), "GPU": float(gpus)}]
    alone, packed = (
        trial_resources(here, None, share, None).concurrent for share in (None, PACKED)
    )
    said = f"{count_of(alone, 'trial')} at a time, one on each GPU and CPU core"
    if packed == alone:
        return said
    return f"{said}; --gpus-per-trial {PACKED:g} runs {packed}, where models are small"


def check_cores(_asked: Asked) -> Iterator[Line]:
    """Cores, threads, and whether others are at work on them."""
    cores, whole = len(os.sched_getaffinity(0)), os.cpu_count() or 1
    of = f" of {whole}" if whole != cores else ""
    load = os.getloadavg()[0]
    fix = "Estimates will be too short: wait, or run with a smaller --max-concurrent"
    fact = f"{cores}{of}, load of the last minute {load:.1f}"
    yield _line("CPU cores", fact, fix if load > cores else "")
    if threads := os.environ.get("OMP_NUM_THREADS"):
        yield Line("", "threads", "note", f"OMP_NUM_THREADS is {threads}; workers set their own")


def check_memory(_asked: Asked) -> Iterator[Line]:
    """Memory, and what of it is free."""
    whole, free = memory_here(), _available()
    fix = "Close other programs, or run with a smaller --max-concurrent"
    said = f"{whole / GB:.1f} GB" + ("" if free is None else f", {free / GB:.1f} GB of it free")
    yield _line("memory", said, fix if free is not None and free < LITTLE_MEMORY else "")


def _available() -> float | None:
    """Bytes of memory that could be had without swapping; None where that is not known."""
    try:
        facts = Path("/proc/meminfo").read_text().splitlines()
        return next(1024.0 * int(f.split()[1]) for f in facts if f.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError):
        return None


def check_disks(asked: Asked) -> Iterator[Line]:
    """Room for results, for Ray's files, and for the data that workers share."""
    places = {"temporary files": Path(tempfile.gettempdir()), "shared memory": SHARED}
    if isinstance(asked.results, LocalFolder):
        places = {"disk of the results": asked.results.path} | places
    for what, place in places.items():
        while not place.exists() and place != place.parent:
            place = place.parent
        if what == "shared memory" and not SHARED.exists():
            continue
        free = shutil.disk_usage(place).free
        little = LITTLE_SHARED if place == SHARED else LITTLE_DISK
        fix = "docker run --shm-size=2g" if place == SHARED else "Make room, or name another place"
        fix += {"temporary files": " with TMPDIR", "disk of the results": " with --results"}.get(
            what, " gives a container more"
        )
        yield _line(what, f"{free / GB:.1f} GB free, {place}", fix if free < little else "")


def check_ray(asked: Asked) -> Iterator[Line]:
    """Ray, as far as that can be known; started where that is asked for."""
    from study.cluster.local_ray import check_places
    from study.cluster.ray import wanted_address

    try:
        check_places()
        installed = version("ray")
    except StudyError as error:
        yield _line("Ray", str(error), "Or run with --workers inline", problem=True)
        return
    except PackageNotFoundError:
        fix = "pip install . in the project's folder, or run with --workers inline"
        yield _line("Ray", "not installed", fix, problem=True)
        return
    address = wanted_address(None)
    if address:
        fix = "If that is not meant: unset RAY_ADDRESS"
        yield _line("RAY_ADDRESS", f"runs join the Ray at {mask(address)}", fix)
    if not asked.start_ray:
        yield Line("", "Ray", "note", f"{installed}, not started: --start-ray tries it")
        return
    yield _start_ray(installed, address)


def _start_ray(installed: str, address: str | None) -> Line:
    from study.cluster.ray import connect

    started = time.monotonic()
    try:
        with connect(address, verbose=False) as nodes:
            cores = sum(node.get("CPU", 0.0) for node in nodes)
            took = time.monotonic() - started
    except StudyError as error:
        said, _, fix = str(error).partition("\n")
        return _line("Ray", said, fix or "Or run with --workers inline", problem=True)
    hosts = count_of(len(nodes), "host")
    return _line("Ray", f"{installed}, starts in {took:.0f} s: {hosts}, {cores:.0f} CPU cores")


def check_results(asked: Asked) -> Iterator[Line]:
    """Whether the results folder can be written to."""
    try:
        asked.results.check_access()
    except StudyError as error:
        said, _, fix = str(error).rpartition(". ")
        yield _line("results", said or str(error), fix or "Choose another --results", problem=True)
        return
    yield _line("results", f"{asked.results} can be written to")


def check_data(asked: Asked) -> Iterator[Line]:
    """Whether a run could use the data."""
    if asked.data == PHANTOM:
        yield Line("", "data", "ok", "phantoms, made when they are needed; --data tries your own")
        return
    try:
        data = load_splits(asked.data, asked.image_size)
    except DataError as error:
        fix = "docs/how-to/own-data.md says what a data set must be"
        yield _line("data", str(error), fix, problem=True)
        return
    counts = ", ".join(f"{name} {len(part)}" for name, part in data.parts().items())
    yield _line("data", f"{data.location}: {counts} {data.shape.describe()}")


def check_git(_asked: Asked) -> Iterator[Line]:
    """Whether records can say from which commit they are."""
    here = checkout()
    if here["commit"] is None:
        missing = "git is not installed" if shutil.which("git") is None else "not a git checkout"
        fix = "Records will not say which commit trained them: run in a clone"
        yield _line("git", missing, fix)
        return
    changes = ", with uncommitted changes" if here["dirty"] else ""
    yield _line("git", f"commit {here['commit'][:12]}{changes}")


CHECKS: tuple[Callable[[Asked], Iterator[Line]], ...] = (
    check_python,
    check_torch,
    check_cores,
    check_memory,
    check_disks,
    check_ray,
    check_results,
    check_data,
    check_git,
)
