"""The test part stays locked: in a whole study only a confirmed training's end reads it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hw3.splits import Split
from study.store.folder import LocalFolder
from study.store.records import RecordStore
from tests.loop import DATA, EPOCHS, LOOP_STUDY, OPTIONS, SETTING, run_study_in_process

CONFIRM_SEEDS = SETTING.confirm_seeds(OPTIONS.budget().seeds)


class SealedPart:
    """The test part, which raises where it is read before the last epoch of a confirmed trial.

    How many images and patients it has is no secret: the plan says so.
    """

    def __init__(self, part: Split):
        self._part = part
        self._under_way: dict[str, Any] = {}
        self.opened: list[str] = []  # keys of trials

    def tell(self, **facts: Any) -> None:
        """What the run is at: an epoch of a trial, or between two trials."""
        self._under_way = facts

    def counts(self, classes: Sequence[str]) -> dict[str, int]:
        return self._part.counts(classes)

    @property
    def is_pixels(self) -> bool:
        return self._part.is_pixels

    @property
    def patients(self) -> np.ndarray | None:
        return self._part.patients

    @property
    def images(self) -> np.ndarray:
        self.opened.append(self._under_way.get("key", "nobody"))
        return self._unsealed().images

    @property
    def labels(self) -> np.ndarray:
        return self._unsealed().labels

    def _unsealed(self) -> Split:
        now = self._under_way.get("stage"), self._under_way.get("epoch")
        assert now == ("confirm", EPOCHS), f"the test part was read at {self._under_way}"
        return self._part


def records_of(results):
    return {record.key: record for record in RecordStore(LocalFolder(results))}


def without_test_scores(record):
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in record.rows]
    return record.ingredients, record.status, rows, record.val, record.params, record.pruned_by


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    """A study's results, and the sealed part with which it ran."""
    results, part = tmp_path_factory.mktemp("sealed"), SealedPart(DATA.test)
    data: Any = replace(DATA, test=part)
    run_study_in_process(results, LOOP_STUDY, tell=part.tell, data=data)
    return results, part


def test_only_the_end_of_a_confirmed_training_reads_the_test_part(sealed):
    results, part = sealed
    records = records_of(results)
    confirmed = [
        key for key, record in records.items() if record.ingredients["seed"] in CONFIRM_SEEDS
    ]
    assert len(records) > len(confirmed) > 0
    assert set(part.opened) == set(confirmed)
    assert [key for key, record in records.items() if record.test] == confirmed


def test_nothing_but_the_test_scores_depends_on_the_test_part(sealed, tmp_path):
    """Else something had learnt from it, by whatever way."""
    other = Split(DATA.test.images[::-1].copy(), DATA.test.labels)  # every image the other class's
    run_study_in_process(tmp_path, LOOP_STUDY, page=False, data=replace(DATA, test=other))
    one, two = records_of(sealed[0]), records_of(tmp_path)
    assert one.keys() == two.keys()
    for key, record in one.items():
        assert without_test_scores(record) == without_test_scores(two[key])
    assert any(record.test != two[key].test for key, record in one.items())
