"""A worker on a CUDA device: trainings as one, resumed, and within their share of its memory."""

import pytest
import torch

from hw3.gpu_memory import CONTEXT_BYTES
from hw3.models import make_architecture
from hw3.numerics import Numerics
from study.store.folder import LocalFolder
from tests.made import square_splits
from tests.pool.test_fusing import check_as_alone, every_epoch, jobs_of, run, worker_of

__all__ = ["every_epoch"]  # a fixture
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]
ROUNDING = 0.02  # relative, as of a GPU's curves against the CPU's


@pytest.fixture(scope="module")
def data():
    return square_splits()


@pytest.mark.parametrize("family", ["conv", "ann"])
def test_each_report_is_that_of_the_training_alone(data, family):
    jobs = jobs_of(data, family, numerics=Numerics("cuda"))
    reports = run(worker_of(data, jobs, gpu_share=0.5))
    assert {report.fused for report in reports.values()} == {len(jobs)}
    assert {report.device for report in reports.values()} == {torch.cuda.get_device_name()}
    check_as_alone(data, reports, jobs, ROUNDING)


def test_killed_trials_go_on_alone_or_as_one_with_others(data, tmp_path, every_epoch):
    first, second, third = jobs = jobs_of(data, numerics=Numerics("cuda"))
    folder = LocalFolder(tmp_path)
    killed = worker_of(data, [first, second], folder)
    for _ in range(3):
        killed.train_epoch()
    del killed
    reports = run(worker_of(data, [first], folder)) | run(worker_of(data, [third, second], folder))
    check_as_alone(data, reports, jobs, ROUNDING)


def test_a_training_that_takes_more_than_its_share_is_one_clear_error(data, monkeypatch):
    """As where the estimate was too low; the worker goes on with the next job."""
    monkeypatch.setattr("study.pool.worker.check_memory", lambda *_given: None)
    numerics, total = Numerics("cuda"), torch.cuda.get_device_properties(0).total_memory
    (large, *_), (small, *_) = (
        jobs_of(data, family, False, numerics) for family in ("conv", "ann")
    )
    wide = make_architecture("conv", {"hidden": 200_000}, data.shape)
    torch.cuda.empty_cache()
    share = (CONTEXT_BYTES + 24 * 2**20) / total
    worker = worker_of(data, [large], gpu_share=share)
    try:
        with monkeypatch.context() as patch:
            patch.setattr("study.pool.running.make_architecture", lambda *_given: wide)
            (report,) = worker.train_epoch().values()
        assert report is not None and report.status == "failed" and report.error is not None
        assert "GpuMemoryError: a trial ran out of GPU memory: it may take" in report.error
        torch.cuda.set_per_process_memory_fraction(1.0, 0)
        worker.begin(small)
        assert run(worker)[small.key].status == "complete"
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, 0)
