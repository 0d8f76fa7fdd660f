"""Work that is done again and again on the same tensors; on a GPU as one CUDA graph."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch

WARM_UP = 2  # times before the capture: libraries choose kernels and take their memory in them


class Repeated:
    """Branches of work, done side by side at each call.

    On the CPU the branches are computed one after the other. On a GPU each has a stream of its
    own, and after WARM_UP calls all are captured as one CUDA graph with as many branches: from
    then on a call is one launch, in the place of one for each kernel, and kernels too small to
    fill the GPU run beside those of the other branches. Either way a branch computes what it
    would compute alone, kernel for kernel.

    https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs says what can be captured.

    Args:
        branches: read and write the same tensors at each call, none that another branch writes;
            on a GPU they must not wait for it.
        device: where those tensors are.
        generators: all from which branches draw, see `drawing_from`.
    """

    def __init__(
        self,
        branches: Sequence[Callable[[], None]],
        device: torch.device,
        generators: Sequence[torch.Generator] = (),
    ):
        self._branches, self._generators = branches, generators
        self._streams = [torch.cuda.Stream(device) for _ in branches if device.type == "cuda"]
        self._left = WARM_UP
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self) -> None:
        """Do the work once; on a GPU without waiting for it."""
        if not self._streams:
            for branch in self._branches:
                branch()
        elif self._left:
            self._left -= 1
            self._fork_and_join()
        else:
            self._graph = self._graph or self._capture()
            self._graph.replay()

    def _fork_and_join(self) -> None:
        current = torch.cuda.current_stream()
        for branch, stream in zip(self._branches, self._streams, strict=True):
            stream.wait_stream(current)
            with torch.cuda.stream(stream):
                branch()
        for stream in self._streams:
            current.wait_stream(stream)

    def _capture(self) -> torch.cuda.CUDAGraph:
        """Record the work without doing it."""
        graph = torch.cuda.CUDAGraph()
        if torch.__version__ < "2.12":  # later versions find the generators by themselves
            for generator in self._generators:
                graph.register_generator_state(generator)
        with torch.cuda.graph(graph):
            self._fork_and_join()
        return graph


@contextmanager
def drawing_from(generator: torch.Generator) -> Iterator[None]:
    """Have layers, which draw from their device's global generator, draw from this one instead."""
    if generator.device.type == "cuda":
        with _exchanged_on_gpu(generator):
            yield
        return
    ours = torch.default_generator
    kept = ours.get_state()
    ours.set_state(generator.get_state())
    try:
        yield
    finally:
        generator.set_state(ours.get_state())
        ours.set_state(kept)


@contextmanager
def _exchanged_on_gpu(generator: torch.Generator) -> Iterator[None]:
    """By reference, so that a captured graph reads the state of the generator at each replay."""
    ours = torch.cuda.default_generators[generator.device.index or 0]
    kept = ours.graphsafe_get_state()
    ours.graphsafe_set_state(generator.graphsafe_get_state())
    try:
        yield
    finally:
        ours.graphsafe_set_state(kept)
