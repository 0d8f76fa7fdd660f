"""What becomes of a trial that has ended: its record is written, its checkpoint deleted."""

from datetime import UTC, datetime
from typing import Any

from study.pool.report import TrialReport
from study.search.looks import planned_looks
from study.search.plan import Plan
from study.search.registration import NO_OTHERS, OthersClaims, registration
from study.search.trial import Job
from study.spec.secrets import mask
from study.spec.status import Status
from study.store.checkpoints import CheckpointStore
from study.store.provenance import provenance
from study.store.records import FUSED, STOPPED_AT, Record, RecordStore

STOPPED_BYTES = 1_000_000_000  # that checkpoints of stopped trials may take
# For each parameter: its value and Adam's two, in the last checkpoint and the one before.
STATE_BYTES = 24


class Recorder:
    """Writes the record of every trial that ends.

    The driver is the only writer: it alone knows why a trial ended, and it outlives workers.

    Args:
        plan: with whose claims and looks confirmed trainings are recorded.
        others: claims of other studies that stand now, see `study.search.registration`.

    Attributes:
        failure: why a record could not be written, None where all could. All records that are
            there are whole, and the trials under way keep their checkpoints.
    """

    def __init__(
        self,
        store: RecordStore,
        checkpoints: CheckpointStore,
        plan: Plan,
        others: OthersClaims = NO_OTHERS,
    ):
        self._store, self._checkpoints = store, checkpoints
        self._plan, self._others = plan, others
        self._stopped: set[str] = set()  # keys of trials whose checkpoints were kept
        self._kept_bytes = 0
        self.failure: str | None = None

    def record(
        self, job: Job, report: TrialReport | None, status: Status, error: str | None = None
    ) -> Record:
        """Write the record of a trial.

        Args:
            report: its last one, None where it ended before its first epoch did.
            error: the text of what went wrong, for failed trials.
        """
        report = report or TrialReport("running", [])
        record = Record(
            ingredients=job.ingredients,
            status=status,
            rows=report.rows,
            val=report.val,
            test=report.test,
            cost=report.cost,
            params=job.params,
            pruned_by="asha" if job.prunable else "none",
            error=mask(error) if error else error,
            provenance=provenance()
            | (self._registration(job) if job.stage == "confirm" else {})
            | {
                "number": job.number,
                **({} if job.stopped_at is None else {STOPPED_AT: job.stopped_at}),
                **({} if report.fused == 1 else {FUSED: report.fused}),
                "host": report.host,
                "device": report.device,
                "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            },
        )
        try:
            self._store.write(record)
            if status == "stopped" and self._has_room(record):
                self._stopped.add(job.key)
            else:
                self._checkpoints.delete(job.key)
        except OSError as failure:  # raised here, Tune would count it as the trial's own failure
            self.failure = f"a record could not be written: {failure}"
        return record

    def forget_stopped(self) -> None:
        """Delete the checkpoints of trials that were stopped: no search is going to resume them."""
        for key in self._stopped:
            self._checkpoints.delete(key)

    def _has_room(self, record: Record) -> bool:
        """Whether the checkpoint of a trial that was stopped is kept for the time that it may be
        resumed; without, it is trained from its beginning, to the same numbers."""
        self._kept_bytes += STATE_BYTES * record.cost.get("parameters", STOPPED_BYTES)
        return self._kept_bytes <= STOPPED_BYTES

    def _registration(self, job: Job) -> dict[str, Any]:
        """What the record of a confirmed training holds of the run."""
        registered = registration(self._plan, job.candidate, self._others)
        return registered | planned_looks(self._plan)
