"""Real trainings, each made once and kept; and a run of a study that takes them from there."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.assay.family import FAMILY, register
from hw3 import engines
from hw3.cost import model_cost
from hw3.numerics import Numerics
from hw3.splits import Splits
from study.cli.options import Options
from study.cli.run import load_data, make_plan
from study.judge import Verdict, judge, terms_of, wanted_seeds
from study.pool import worker
from study.pool.dispatch import Dispatcher
from study.pool.recorder import Recorder
from study.pool.report import TrialReport
from study.pool.session import Session
from study.pool.worker import Worker
from study.search import code
from study.search.choose import Candidate, FinishedTrials
from study.search.plan import Plan
from study.search.trial import Job
from study.spec.budget import SeedRange
from study.spec.study import Study
from study.store.checkpoints import CheckpointStore
from study.store.folder import LocalFolder
from study.store.records import Record, RecordStore
from study.table.members import study_members
from study.table.rows import make_table

IMAGES = "phantom:64,50,5"  # per class; 100 validate, 10 test
IMAGE_SIZE, EPOCHS = 16, 2
STUDIES = 1_000_000  # base seeds below this one are those of studies
KEPT = "trainings"


class Wanted:
    """How many confirmation seeds each candidate should have by now, as a run asks.

    Attributes:
        table: of the trainings at the last time; a run asks again after its last training.
    """

    table: pd.DataFrame

    def __call__(self, trials: FinishedTrials) -> Mapping[str, int]:
        self.table = make_table(study_members(trials))
        return wanted_seeds(trials.plan, self.table)


class Laboratory:
    """Runs studies of which no training is made twice.

    Each study has a base seed of its own, so that no two studies have a seed in common.

    Args:
        out: folder where trainings are kept, one folder of records for each study.
        seed: of the whole assay.
    """

    def __init__(self, out: Path, seed: int):
        register()
        # what every run and training finds out anew, and takes longer than the training
        worker.code_digest, code.code_digest = _digest, _digest
        engines.ENGINE = replace(engines.ENGINE, cost=_cost)
        self._out, self._seed = out, seed
        self.data: Splits = load_data(self.options(0, SeedRange(1, 1), out))
        self._worker = Worker(self.data.without_test(), lambda: self.data.test)

    def options(self, number: int, seeds: SeedRange, results: Path) -> Options:
        """Those of a run of study `number`, as its command line would have them."""
        return Options(
            data=IMAGES,
            epochs=EPOCHS,
            image_size=IMAGE_SIZE,
            seeds=seeds,
            seed=self._seed * (STUDIES + 1) + number,
            results=LocalFolder(results),
            workers="inline",
            precision="float32",
        )

    def run(self, study: Study, number: int, seeds: SeedRange, results: Path) -> list[Verdict]:
        """One run of study `number`, on what earlier ones have left in the results folder."""
        plan = make_plan(study, self.options(number, seeds, results), self.data, Numerics())
        store = RecordStore(LocalFolder(results))
        recorder = Recorder(store, CheckpointStore(LocalFolder(results) / "checkpoints"), plan)
        asked = Wanted()
        trials = FinishedTrials(plan, {record.key: record for record in store})
        session = Session(Dispatcher(trials, wanted=asked), recorder)
        while (job := session.next_job()) is not None:
            session.end(job, self._report(job, plan, number))
        session.check()
        return judge(study.claims, asked.table, terms_of(plan), study.labels())

    def losses(self, width: int, twin: int, seeds: int) -> np.ndarray:
        """Validation losses of trainings on seeds that no study has, (seeds,)."""
        options = self.options(STUDIES, SeedRange(seeds, seeds), self._out / "unused")
        study = Study("calibration", "", "", (), figures=())
        plan = make_plan(study, options, self.data, Numerics())
        side = Candidate("side", "side", FAMILY, {"width": width, "twin": twin})
        reports = [self._report(job, plan, STUDIES) for job in side.jobs(plan.setting, seeds)]
        return np.array([report.rows[-1]["val_loss"] for report in reports])

    def _report(self, job: Job, plan: Plan, number: int) -> TrialReport:
        """The job's last report: of the training that is kept, or else of one that is made now."""
        kept = LocalFolder(self._out / KEPT / str(number))
        record = RecordStore(kept).find(job.key)
        if record is None:
            report = self._train(job)
            recorder = Recorder(RecordStore(kept), CheckpointStore(kept / "checkpoints"), plan)
            assert report.is_last and report.status != "running"
            recorder.record(job, report, report.status)
            if recorder.failure:
                raise OSError(recorder.failure)
            return report
        return _report_of(record)

    def _train(self, job: Job) -> TrialReport:
        self._worker.begin(job)
        while not self._worker.is_over:
            (report,) = self._worker.train_epoch().values()
        return report


def _report_of(record: Record) -> TrialReport:
    assert record.status in ("complete", "diverged")
    return TrialReport(
        record.status,
        record.rows,
        record.val,
        record.test,
        record.cost,
        record.provenance["host"],
        record.provenance["device"],
    )


_cost, _digest = cache(model_cost), cache(worker.code_digest)
