"""How much GPU memory a training takes, before it is started; what a process may take of a GPU."""

import math
from collections.abc import Sequence

import torch

from hw3.engine import Recipe
from hw3.engine.scoring import EVAL_BATCH
from hw3.layers import Layer, meta_model, trace_layers
from hw3.models import Architecture
from hw3.numerics import ELEMENT_BYTES, Numerics
from hw3.shape import Shape

GB = 1e9
FLOAT32 = 4  # bytes, of weights, gradients and moments whatever the precision of the layers
INDEX = 8  # bytes of an int64, with which a max pool remembers where each maximum was
# Of the process, beside what PyTorch's allocator counts: the CUDA context with the kernels that
# were loaded, and the CUDA graphs themselves. Not measured yet; 0.3 to 0.6 GB are commonly seen.
CONTEXT_BYTES = 768 * 2**20
# Of the allocator, beside tensors: workspaces of cuDNN and cuBLAS, and what is lost to rounding,
# as it takes memory in blocks of 2 and 20 MiB. Not measured yet.
WORKSPACE_BYTES = 512 * 2**20
BLOCK = 4  # layers whose outputs are alive at a time in inference: a block's input and its layers
GRAPHS = 2  # captured steps, each with a memory pool of its own: whole batches, the shorter last

SMALLER = (
    "Choose a larger --gpus-per-trial, fewer trainings as one (--fuse), smaller batches "
    "(batch_size) or smaller images (--image-size)."
)


class GpuMemoryError(ValueError):
    """A training that does not fit on its share of a GPU; the message says what to do."""


def training_bytes(
    architecture: Architecture,
    recipe: Recipe,
    numerics: Numerics,
    images: int,
    together: int = 1,
    own_images: bool = False,
) -> int:
    """GPU memory in bytes that a process takes for a training by `hw3.engine`; an upper estimate.

    It is the sum of

    - for each model its state: weights, the optimiser's moments, and twice the best weights, since
      the new ones are copied before the old ones are given up;
    - for each model the step, twice: `backward_bytes`, the gradients of all weights, and in
      bfloat16 a copy of both. Steps on whole batches and on the shorter last one are captured as
      two CUDA graphs, and each keeps its memory for itself;
    - for each model the scoring of EVAL_BATCH images: `inference_bytes`, and in bfloat16 a copy of
      the weights;
    - once the data, `data_bytes`;
    - once CONTEXT_BYTES and WORKSPACE_BYTES.

    What a model computes outside of modules, such as attention written with functions, is not
    counted: of such models the estimate may be too low.

    Args:
        images: on the device, of all parts together. A part that is scored at the end of a
            confirmed training is there once more.
        together: number of models of this architecture that are trained as one; they share the
            constants.
        own_images: whether each has images of its own, as where splits are resampled; else they
            share the data, too.
    """
    shared, each = _shared_and_each(architecture, recipe, numerics, images, own_images)
    return shared + together * each


def fitting_together(
    architecture: Architecture,
    recipe: Recipe,
    numerics: Numerics,
    images: int,
    available: int,
    most: int,
    own_images: bool = False,
) -> int:
    """The greatest number of models up to `most` whose `training_bytes` as one are at most
    `available` bytes; 0 if not even one fits."""
    shared, each = _shared_and_each(architecture, recipe, numerics, images, own_images)
    return max(0, min(most, (available - shared) // each))


def _shared_and_each(
    architecture: Architecture, recipe: Recipe, numerics: Numerics, images: int, own_images: bool
) -> tuple[int, int]:
    """Bytes that models have in common, and those of each of them."""
    weights, buffers = _state_elements(architecture)
    moments = {"adam": 2, "adamw": 2, "sgd": int(recipe.momentum > 0)}[recipe.optimiser]
    state = FLOAT32 * (weights * (1 + moments) + buffers + 2 * (weights + buffers))
    batch_size = min(recipe.batch_size, images)
    size = ELEMENT_BYTES[numerics.precision]
    copied = weights * (size if size < FLOAT32 else 0)  # by autocast
    step = backward_bytes(architecture, batch_size, numerics) + FLOAT32 * weights + 2 * copied
    scoring = inference_bytes(architecture, min(EVAL_BATCH, images), numerics) + copied
    data = data_bytes(architecture.shape, images, recipe.augment)
    constants, each = CONTEXT_BYTES + WORKSPACE_BYTES, state + GRAPHS * step + scoring
    return (constants, each + data) if own_images else (constants + data, each)


def backward_bytes(architecture: Architecture, batch_size: int, numerics: Numerics) -> int:
    """Memory in bytes, beside weights and their gradients, of the forward and the backward pass of
    a batch; an upper estimate.

    Counted are, in the precision of the numerics, the output of every layer, since the backward
    pass reads nearly all of them; a mask for the output of a dropout layer, and an index for each
    output of a max pool; the gradients of the two largest outputs that follow one another, since
    the backward pass has those of a layer's output and input at a time; and the images.
    """
    size = ELEMENT_BYTES[numerics.precision]
    layers = trace_layers(meta_model(architecture), architecture.shape)
    # A mask has one byte for an element on a GPU, as many as the element itself on the CPU.
    masks = sum(size * math.prod(layer.shape) for layer in layers if "Dropout" in layer.kind)
    gradients = _largest_run([size * math.prod(layer.shape) for layer in layers], 2)
    kept = sum(_output_bytes(layer, size) for layer in layers) + masks
    return batch_size * (_input_bytes(architecture.shape, size) + kept + gradients)


def inference_bytes(architecture: Architecture, images: int, numerics: Numerics) -> int:
    """Memory in bytes, beside the weights, of so many images that a model scores at a time; an
    upper estimate: the images, and the largest outputs of BLOCK layers in a row."""
    size = ELEMENT_BYTES[numerics.precision]
    layers = trace_layers(meta_model(architecture), architecture.shape)
    alive = _largest_run([_output_bytes(layer, size) for layer in layers], BLOCK)
    return images * (_input_bytes(architecture.shape, size) + alive)


def images_on_device(train: int, val: int, test: int = 0) -> int:
    """Number of images in a GPU's memory: of the training and the validation part, and of the part
    that is scored at a confirmed training's end once more.

    Args:
        test: 0 where its number is not known.
    """
    return train + val + max(val, test)


def data_bytes(shape: Shape, images: int, augment: bool = False) -> int:
    """Memory in bytes of images, labels and the order of the images on the device. Of images, which
    are taken for uint8, a number has one byte; of other examples it has what a model takes.

    Args:
        augment: whether there are two shifts and a flip for each image.
    """
    number = 1 if shape.is_image else INDEX if shape.whole else FLOAT32
    return images * (shape.features * number + 2 * INDEX + augment * (2 * INDEX + 1))


def _output_bytes(layer: Layer, size: int) -> int:
    """Of a layer's output for one example, and of what it remembers of its input."""
    index = INDEX if "MaxPool" in layer.kind else 0
    return (size + index) * math.prod(layer.shape)


def _input_bytes(shape: Shape, size: int) -> int:
    """Of one example: as it is stored, and once more as it is augmented; as float32; as it is in
    the precision of the layers, where that is another."""
    number, stored = INDEX if shape.whole else FLOAT32, 1 if shape.is_image else FLOAT32
    cast = size if size < FLOAT32 else 0
    return shape.features * (2 * stored + number + cast)


def _state_elements(architecture: Architecture) -> tuple[int, int]:
    """Number of trained weights, and of the numbers in buffers, such as running means."""
    model = meta_model(architecture)
    weights = sum(parameter.numel() for parameter in model.parameters())
    return weights, sum(buffer.numel() for buffer in model.buffers())


def _largest_run(sizes: Sequence[int], length: int) -> int:
    """The greatest sum of so many numbers in a row."""
    return max(sum(sizes[start : start + length]) for start in range(len(sizes)))


def check_fits(needed: int, available: int, what: str, share: str = "") -> None:
    """Raise GpuMemoryError where a training needs more memory than it may take.

    Args:
        needed: bytes, of `training_bytes`.
        available: bytes, of `memory_share`.
        what: is trained, as the message begins: "baseline wide".
        share: of which GPU, of `describe_share`.
    """
    if needed > available:
        raise GpuMemoryError(
            f"{what} needs about {needed / GB:.1f} GB of GPU memory, but a trial may take only "
            f"{available / GB:.1f} GB{share and f' ({share})'}. {SMALLER}"
        )


def out_of_memory(gpus_per_trial: float) -> GpuMemoryError:
    """What to raise in the place of `torch.OutOfMemoryError`, which does not say what to do."""
    available = memory_share(gpus_per_trial)
    share = ""
    if available is not None:
        share = f": it may take {available / GB:.1f} GB ({describe_share(gpus_per_trial)})"
    return GpuMemoryError(f"a trial ran out of GPU memory{share}. {SMALLER}")


def memory_share(gpus_per_trial: float, device: int = 0) -> int | None:
    """Bytes of GPU memory that one trial may take, its CUDA context among them; None where it has
    no GPU, or there is no CUDA here.

    Args:
        gpus_per_trial: a share below 1, or a number of GPUs, of which a training uses one.
        device: which of the GPUs that this process may use.
    """
    if gpus_per_trial <= 0 or not torch.cuda.is_available():
        return None
    return int(min(1.0, gpus_per_trial) * _total_memory(device))


def describe_share(gpus_per_trial: float, device: int = 0) -> str:
    """In words, where there is CUDA: "0.25 of GPU 0, NVIDIA A100"; "all of …" from 1."""
    share = f"{gpus_per_trial:g}" if gpus_per_trial < 1 else "all"
    return f"{share} of GPU {device}, {torch.cuda.get_device_properties(device).name}"


def limit_this_process(share: float) -> None:
    """Have PyTorch raise `torch.OutOfMemoryError` where this process would take more than its share
    of its GPU, so that it takes nothing from its neighbours. Does nothing for 0, for shares from 1,
    and where there is no CUDA.

    The limit is below the share, as PyTorch does not count the CUDA context.

    Args:
        share: of the memory of the GPU, 0 to 1.
    """
    available = memory_share(share)
    if available is None or share >= 1:
        return
    counted = max(0, available - CONTEXT_BYTES)
    torch.cuda.set_per_process_memory_fraction(counted / _total_memory(0), 0)


def _total_memory(device: int) -> int:
    return torch.cuda.get_device_properties(device).total_memory
