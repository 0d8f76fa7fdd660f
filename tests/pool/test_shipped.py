"""Families from outside `hw3` on their way to a worker."""

import importlib
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from torch import nn

from hw3.metrics import METRICS, Metric
from hw3.models import FAMILIES, Family
from hw3.models.config import bounded
from study.pool.shipped import Packed, pack_families, pack_metrics, unpack_family, unpack_metric


@dataclass(frozen=True)
class Config:
    width: int = bounded(4, 1, 8)


def build(config: Config, image_size: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(image_size**2, 1))


def test_families_from_outside_reach_a_worker_and_no_others(monkeypatch):
    assert pack_families() == {}
    monkeypatch.setitem(FAMILIES, "own", Family("Own", Config, build))
    packed = pack_families()
    monkeypatch.delitem(FAMILIES, "own")
    unpack_family(packed, "own")
    assert FAMILIES.pop("own") == Family("Own", Config, build)
    unpack_family(packed, "conv")  # hw3's own


def test_metrics_from_outside_reach_a_worker_and_no_others(monkeypatch):
    assert pack_metrics() == {}
    monkeypatch.setitem(METRICS, "own", Metric("own", len))
    packed = pack_metrics()
    monkeypatch.delitem(METRICS, "own")
    unpack_metric(packed, "f1")  # hw3's own
    monkeypatch.setitem(METRICS, "of a lambda", Metric("own", lambda logits, labels: 0.25))
    packed |= pack_metrics()
    unpack_metric(packed, "own")
    unpack_metric(packed, "of a lambda")
    assert METRICS.pop("own") == Metric("own", len)
    assert METRICS.pop("of a lambda")(np.ones(2), np.ones(2)) == 0.25


def test_a_worker_that_cannot_import_them_says_what_is_missing(monkeypatch):
    monkeypatch.setitem(FAMILIES, "own", Family("Own", Config, build))
    packed = pack_families()
    monkeypatch.setitem(sys.modules, __name__, None)
    with pytest.raises(ImportError, match=f"cannot import {__name__}.*Install it on every host"):
        unpack_family(packed, "own")


def test_a_worker_finds_their_module_where_the_driver_did(tmp_path, monkeypatch):
    """Of a submitted study it has a copy of the working directory, whatever that is called."""
    text = "def score(logits, labels): return 0.5\n"
    for side in ("driver", "worker"):
        (tmp_path / side / "mine").mkdir(parents=True)
        (tmp_path / side / "mine/my_metric.py").write_text(text)
    monkeypatch.chdir(tmp_path / "driver")
    monkeypatch.syspath_prepend(tmp_path / "driver/mine")
    score = importlib.import_module("my_metric").score
    monkeypatch.setitem(METRICS, "own", Metric("own", score))
    packed = pack_metrics()
    monkeypatch.delitem(sys.modules, "my_metric")
    monkeypatch.setattr(sys, "path", [one for one in sys.path if "mine" not in one])
    monkeypatch.chdir(tmp_path / "worker")
    unpack_metric(packed, "own")
    assert "worker/mine" in str(sys.modules["my_metric"].__file__)


def test_those_of_a_script_go_by_value():
    """As of a notebook: no worker can import `__main__`."""
    script = f"from {__name__} import *\nimport pickle, sys\n" + (
        "class Own(Config): pass\n"
        "def build_own(config, image_size): return build(config, image_size)\n"
        "FAMILIES['own'] = Family('Own', Own, build_own)\n"
        "sys.stdout.buffer.write(pack_families()['own'].content)"
    )
    packed = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout
    unpack_family({"own": Packed(packed)}, "own")
    assert FAMILIES.pop("own").build(Config(), 8)[1].in_features == 64
