"""Engines other than PyTorch's: trained by the same worker, known by their code."""

import importlib
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest

from hw3 import metrics
from hw3.engine import EpochRow, recipe_for
from hw3.engines import ENGINE, engine_of
from hw3.models import FAMILIES, Engine, Family
from study.pool.worker import Worker
from study.search.code import code_digest
from study.search.trial import Job, Setting
from study.store.folder import LocalFolder
from tests.made import square_splits

ENGINE_FILE = """
from dataclasses import dataclass
from hw3.models import FAMILIES, Engine, Family

STEP = 1

@dataclass(frozen=True)
class Config:
    rate: float = 1.0

def build(config, image_size):
    return [config.rate]

def start(architecture, recipe, seed, numerics):
    return helper(seed)

def helper(seed):
    return seed + STEP  # of the first epoch

def train(training, data):
    yield training

def score(training, part):
    return []

UNUSED = 1
FAMILIES["counted"] = Family("Counted", Config, build, engine=Engine(start, train, score))
"""


@dataclass(frozen=True)
class CentroidConfig:
    share: float = 1.0


def build_centroid(config: CentroidConfig, image_size: int) -> np.ndarray:
    return np.zeros((image_size, image_size))


class Centroid:
    """Moves with each epoch towards the difference of the classes' mean images."""

    def __init__(self, architecture, epochs):
        self.weights = build_centroid(architecture.config, architecture.image_size)
        self.share, self.epochs, self.epoch = architecture.config.share, epochs, 0

    def logits(self, part):
        images = part.images.reshape(len(part), -1) / 255 - 0.5
        return (images @ self.weights.ravel()).astype(np.float32)


def start(architecture, recipe, seed, numerics):
    return Centroid(architecture, recipe.epochs)


def train(centroid, data):
    images, labels = data.train.images / 255 - 0.5, data.train.labels
    difference = images[labels == 1].mean(0) - images[labels == 0].mean(0)
    while centroid.epoch < centroid.epochs:
        centroid.epoch += 1
        centroid.weights = centroid.weights + centroid.share * difference
        scores = [
            (metrics.log_loss(logits, part.labels), metrics.accuracy(logits, part.labels))
            for part in (data.train, data.val)
            for logits in [centroid.logits(part)]
        ]
        auroc = metrics.auroc(centroid.logits(data.val), data.val.labels)
        yield EpochRow(centroid.epoch, 1.0, *scores[0], *scores[0], *scores[1], auroc, 0.01)


def score(centroid, part):
    return []


def state(centroid):
    return {"weights": centroid.weights.tolist(), "epoch": centroid.epoch}


def restore(centroid, kept):
    centroid.weights, centroid.epoch = np.array(kept["weights"]), kept["epoch"]


KEEPING, FORGETFUL = Engine(start, train, score, state, restore), Engine(start, train, score)


@pytest.fixture
def job(monkeypatch):
    def job(engine):
        family = Family("Centroid", CentroidConfig, build_centroid, engine=engine)
        monkeypatch.setitem(FAMILIES, "centroid", family)
        setting = Setting(data.fingerprint, data.image_size, recipe_for(5))
        return Job("confirm", "a", setting.confirm_ingredients("centroid", {"share": 2.0}, 0))

    data = square_splits()
    return job


def train_all(worker):
    reports = []
    while not worker.is_over:
        reports += worker.train_epoch().values()
    return reports


@pytest.mark.parametrize("engine", [KEEPING, FORGETFUL])
def test_an_engine_that_is_not_torch_is_trained_and_resumed(engine, job, tmp_path, monkeypatch):
    monkeypatch.setattr("study.store.checkpoints.COST_SHARE", np.inf)
    told, data = job(engine), square_splits().without_test()
    whole = Worker(data)
    whole.begin(told)
    expected = train_all(whole)
    assert expected[-1].status == "complete" and expected[-1].cost == {}
    killed, resumed = (Worker(data, checkpoints=LocalFolder(tmp_path)) for _ in range(2))
    killed.begin(told)
    for _ in range(3):
        killed.train_epoch()
    resumed.begin(told)
    reports = train_all(resumed)
    assert reports[-1].rows == expected[-1].rows
    assert len(reports) == (3 if engine.state else 5)  # else it begins anew


def test_families_without_an_engine_are_trained_by_pytorch(job):
    told = job(None)
    assert engine_of("centroid") is ENGINE
    assert code_digest("centroid") == told.ingredients["code"]
    job(ENGINE)
    assert code_digest("centroid") == told.ingredients["code"]


def test_a_part_of_an_engine_may_be_another(job):
    assert len({code_digest("centroid") for one in ENGINES if job(one)}) == len(ENGINES)


ENGINES = [None, KEEPING, FORGETFUL, replace(ENGINE, score=score), replace(KEEPING, score=train)]


@pytest.mark.parametrize(
    ("edit", "changes"),
    [
        (("STEP = 1", "STEP = 2"), True),
        (("seed + STEP", "seed - STEP"), True),
        (("yield training", "yield 2 * training"), True),
        (("return []", "return [1]"), True),
        (("[config.rate]", "[-config.rate]"), True),
        (("of the first epoch", "of an epoch"), False),
        (("UNUSED = 1", "UNUSED = 2"), False),
        (('"Counted"', '"Count"'), False),
    ],
)
def test_an_engine_is_known_by_the_code_of_its_functions(edit, changes, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setitem(FAMILIES, "counted", None)
    digests = []
    for number, text in enumerate((ENGINE_FILE, ENGINE_FILE.replace(*edit))):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "my_engine.py").write_text(text)
        with monkeypatch.context() as patch:
            patch.syspath_prepend(folder)
            importlib.import_module("my_engine")
        digests.append(code_digest("counted"))
        del sys.modules["my_engine"]
    assert ENGINE_FILE.replace(*edit) != ENGINE_FILE
    assert (digests[0] != digests[1]) is changes
