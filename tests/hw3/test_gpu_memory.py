"""GPU memory of trainings: estimated, and compared on the CPU with what PyTorch takes there."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from hw3 import gpu_memory
from hw3.engine import Recipe, start_training
from hw3.engine.images import normalise
from hw3.engine.scoring import predict
from hw3.engine.steps import Lane
from hw3.gpu_memory import (
    CONTEXT_BYTES,
    GpuMemoryError,
    backward_bytes,
    check_fits,
    data_bytes,
    describe_share,
    fitting_together,
    inference_bytes,
    limit_this_process,
    memory_share,
    training_bytes,
)
from hw3.models import FAMILIES, make_architecture
from hw3.numerics import Numerics
from hw3.shape import Shape

SIZE, BATCH, IMAGES = 32, 48, 2400
# Of an estimate over what is taken: it must suffice, and not refuse what fits easily.
MOST_OF_SAVED, MOST_OF_PEAK = 3.0, 2.2
WITH_DROPOUT = {
    "conv": {"dropout_conv": 0.5, "dropout_hidden": 0.5},
    "ann": {"dropout_1": 0.5},
    "gap": {"hidden": 64},
}
PRECISIONS = ("float32", "bfloat16")
GPU = Numerics("cuda", "bfloat16")


def whole_batches(precision):
    """A GPU takes no micro-batches."""
    return Numerics("cpu", precision, cache_bytes=0)


def model_of(family, size=SIZE):
    return make_architecture(family, WITH_DROPOUT.get(family, {}), size)


def begin(family, precision, images):
    """A training and its steps, on that many images."""
    recipe = Recipe(batch_size=BATCH)
    training = start_training(model_of(family), recipe, 0, whole_batches(precision))
    rng = np.random.default_rng(0)
    pixels = torch.from_numpy(rng.integers(0, 256, (images, 1, SIZE, SIZE), dtype=np.uint8))
    lane = Lane(training, pixels, (torch.arange(images) % 2).float())
    lane.begin_epoch()
    return training, lane, pixels


def weights_of(training):
    return sum(weight.numel() for weight in training.model.parameters())


def peak_bytes(work):
    """The most that PyTorch's allocator has given out at a time beyond what was there before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        work()
    events = profiled.profiler.kineto_results.events()
    changes = [event.nbytes() for event in events if event.name() == "[memory]"]
    return max(np.cumsum(changes))


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("family", FAMILIES)
def test_activations_suffice_for_what_autograd_saves(family, precision):
    training, _lane, pixels = begin(family, precision, BATCH)
    saved = {}

    def note(tensor):
        if tensor.shape[:1] == (BATCH,):  # no weights
            storage = tensor.untyped_storage()
            saved[storage.data_ptr()] = storage.nbytes(), tensor  # kept, so that none is used again
        return tensor

    training.model.train()
    with (
        torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor),
        training.numerics.autocast(),
    ):
        training.model(normalise(pixels, training.numerics))
    taken = sum(size for size, _tensor in saved.values())
    estimated = backward_bytes(model_of(family), BATCH, training.numerics)
    assert taken <= estimated <= MOST_OF_SAVED * taken


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_step_takes_no_more_than_is_estimated(family, precision):
    training, lane, _pixels = begin(family, precision, BATCH)
    lane.step(torch.arange(BATCH))  # makes the optimiser's moments
    training.optimiser.zero_grad()
    taken = peak_bytes(lambda: lane.step(torch.arange(BATCH)))
    copies = 4 if precision == "bfloat16" else 0  # bytes, of a weight and of its gradient
    estimated = backward_bytes(model_of(family), BATCH, training.numerics)
    estimated += (4 + copies) * weights_of(training)
    assert taken <= estimated <= MOST_OF_PEAK * taken


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("family", FAMILIES)
def test_scoring_takes_no_more_than_is_estimated(family, precision):
    count = gpu_memory.EVAL_BATCH
    training, _lane, pixels = begin(family, precision, count)
    predict(training, pixels)
    taken = peak_bytes(lambda: predict(training, pixels))
    copies = 2 if precision == "bfloat16" else 0
    estimated = inference_bytes(model_of(family), count, training.numerics)
    estimated += copies * weights_of(training)
    assert taken <= estimated <= MOST_OF_PEAK * taken


@pytest.mark.parametrize("family", FAMILIES)
def test_what_makes_a_training_larger_makes_the_estimate_larger(family):
    recipe = Recipe()

    def estimate(size=SIZE, recipe=recipe, numerics=GPU, images=IMAGES, together=1):
        return training_bytes(model_of(family, size), recipe, numerics, images, together)

    base = estimate()
    larger = {
        "images": estimate(size=2 * SIZE),
        "number": estimate(images=2 * IMAGES),
        "batch": estimate(recipe=replace(recipe, batch_size=64)),
        "augmented": estimate(recipe=replace(recipe, augment=True)),
        "together": estimate(together=2),
    }
    assert {name: value for name, value in larger.items() if value <= base} == {}


def test_moments_are_those_of_the_optimiser():
    def estimate(**changes):
        return training_bytes(model_of("ann"), replace(Recipe(), **changes), GPU, IMAGES)

    weights = sum(weight.numel() for weight in gpu_memory.meta_model(model_of("ann")).parameters())
    plain = estimate(optimiser="sgd", momentum=0.0)
    assert estimate(optimiser="sgd") - plain == 4 * weights
    assert estimate() - plain == estimate(optimiser="adamw") - plain == 8 * weights


def test_models_together_share_the_data_and_the_constants():
    one, two, three = (
        training_bytes(model_of("conv"), Recipe(), GPU, IMAGES, count) for count in (1, 2, 3)
    )
    assert two - one == three - two
    assert one - (two - one) == CONTEXT_BYTES + gpu_memory.WORKSPACE_BYTES + data_bytes(
        model_of("conv").shape, IMAGES
    )


def test_a_batch_has_no_more_images_than_there_are():
    few = [
        training_bytes(model_of("gap"), Recipe(batch_size=size), GPU, images=100)
        for size in (100, 10**6)
    ]
    assert few[0] == few[1]


def test_fitting_together_is_the_greatest_number_that_fits():
    fixed = (model_of("conv"), Recipe(), GPU, IMAGES)
    for available in np.linspace(0, training_bytes(*fixed, together=6), 23):
        counts = [n for n in range(1, 5) if training_bytes(*fixed, together=n) <= available]
        assert fitting_together(*fixed, int(available), most=4) == max(counts, default=0)
    assert fitting_together(*fixed, training_bytes(*fixed, together=3), most=9) == 3
    assert fitting_together(*fixed, training_bytes(*fixed, together=3) - 1, most=9) == 2


def test_data_has_a_byte_for_a_pixel_and_what_models_take_for_other_numbers():
    pixels, numbers, tokens = (
        data_bytes(shape, 10)
        for shape in (Shape((1, 4, 4)), Shape((16,)), Shape((16,), whole=True))
    )
    assert numbers - pixels == 10 * 16 * 3
    assert tokens - numbers == 10 * 16 * 4


def test_what_does_not_fit_is_one_sentence_with_what_to_do():
    check_fits(10, 10, "baseline wide")
    with pytest.raises(GpuMemoryError) as raised:
        check_fits(int(12.3e9), int(10e9), "baseline wide", "0.25 of GPU 0, H200")
    said = str(raised.value)
    assert said.startswith("baseline wide needs about 12.3 GB")
    for fact in ("only 10.0 GB (0.25 of GPU 0, H200)", "--gpus-per-trial", "batch_size"):
        assert fact in said
    assert issubclass(GpuMemoryError, ValueError)


@pytest.fixture
def gpu(monkeypatch):
    """A GPU of 40 GB that nobody has; the fractions that processes were limited to."""
    fractions = []
    properties = SimpleNamespace(name="Made GPU", total_memory=40 * 10**9)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _device: properties)
    monkeypatch.setattr(
        torch.cuda,
        "set_per_process_memory_fraction",
        lambda fraction, device: fractions.append((fraction, device)),
    )
    return fractions


def test_a_trial_may_take_its_share_of_one_gpu(gpu):
    assert [memory_share(share) for share in (0.25, 1, 2)] == [10**10, 4 * 10**10, 4 * 10**10]
    assert memory_share(0) is None
    assert describe_share(0.25) == "0.25 of GPU 0, Made GPU"
    assert describe_share(2, 1) == "all of GPU 1, Made GPU"


def test_shares_of_all_processes_with_their_contexts_make_a_gpu(gpu):
    for share in (0.25, 1, 4, 0, 0.001):
        limit_this_process(share)
    (quarter, device), (least, _) = gpu
    assert device == 0 and least == 0.0
    assert 4 * (quarter * 40 * 10**9 + CONTEXT_BYTES) == pytest.approx(40 * 10**9)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA")
def test_without_cuda_there_is_no_share_and_no_limit():
    assert memory_share(1) is None
    limit_this_process(0.5)
