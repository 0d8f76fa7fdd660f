"""How the numbers are computed: device, precision, memory layout, size of micro-batches."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from hw3.layers import meta_model, trace_layers
from hw3.models import FAMILIES, Architecture

Device = Literal["cpu", "cuda"]
Precision = Literal["float32", "bfloat16"]

ELEMENT_BYTES = {"float32": 4, "bfloat16": 2}
# Largest activation of a micro-batch: as much as the cache that two cores commonly share. On an
# EPYC with such a cache micro-batches of 32 MiB were as fast in float32 as those of 8, and 2 to
# 9 % faster in bfloat16; whole batches gained 5 % more at most, and take more memory.
CACHE_BYTES = 32 * 2**20


@dataclass(frozen=True)
class Numerics:
    """What decides the rounding of a training; part of each record's key.

    Attributes:
        device: "cpu" or "cuda".
        precision: of layers and their gradients; weights, optimiser and loss are always float32.
        channels_last: whether images are stored pixel by pixel, channels innermost.
        cache_bytes: size of a micro-batch's largest activation on the CPU; 0 for whole batches.
            The gradients of the micro-batches add up to the batch's own.
    """

    device: Device = "cpu"
    precision: Precision = "float32"
    channels_last: bool = True
    cache_bytes: int = CACHE_BYTES

    @property
    def memory_format(self) -> torch.memory_format:
        """The layout as PyTorch names it."""
        return torch.channels_last if self.channels_last else torch.contiguous_format

    def autocast(self) -> torch.autocast:
        """The context in which layers compute in this precision."""
        enabled = self.precision == "bfloat16"
        return torch.autocast(self.device, dtype=torch.bfloat16, enabled=enabled)


def choose_numerics(device: Device, precision: Precision | Literal["auto"]) -> Numerics:
    """The numerics of a run on this kind of device.

    Args:
        precision: "auto" for bfloat16 where this host multiplies it faster than float32.
    """
    if precision == "auto":
        precision = "bfloat16" if has_fast_bfloat16(device) else "float32"
    return Numerics(device, precision)


def has_fast_bfloat16(device: Device) -> bool:
    """Whether this host's device multiplies bfloat16 faster than float32.

    Known for x86 CPUs and CUDA; False elsewhere, where no gain was measured. Intel's AVX512
    units multiply bfloat16 no faster than float32 (`benchmarks/README.md`), its AMX tiles do;
    AMD's AVX512 units do.
    """
    if device == "cuda":
        return torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    # PyTorch 2.9 has no public names for these.
    if torch.cpu._is_amx_tile_supported():
        return True
    return torch.cpu._is_avx512_bf16_supported() and "GenuineIntel" not in read_cpuinfo()


def read_cpuinfo() -> str:
    """Linux's description of this host's CPUs, /proc/cpuinfo; empty on other systems."""
    facts = Path("/proc/cpuinfo")
    return facts.read_text() if facts.exists() else ""


def micro_batch_size(architecture: Architecture, numerics: Numerics) -> int | None:
    """Images per micro-batch, so that the model's largest activation fits the cache.

    Returns:
        A power of two; None where batches are computed whole: on a GPU, without a `cache_bytes`,
        and where the images of a batch affect each other.
    """
    coupled = FAMILIES[architecture.family].batch_coupled
    if coupled or numerics.device != "cpu" or not numerics.cache_bytes:
        return None
    layers = trace_layers(meta_model(architecture), architecture.shape)
    largest = max(math.prod(layer.shape) for layer in layers) * ELEMENT_BYTES[numerics.precision]
    return 1 << max(0, (numerics.cache_bytes // largest).bit_length() - 1)
