"""What a session tells its observers."""

from study.pool.inline import run_inline
from tests.made import plan_of, square_splits
from tests.sessions import plan_on, run_session


class Watcher:
    """Counts what it is told, until it fails."""

    def __init__(self, fails_at=None):
        self.told, self.fails_at = 0, fails_at

    def _count(self, *_told):
        self.told += 1
        if self.told == self.fails_at:
            raise ValueError("no s3://key:secret@bucket")

    on_start = on_epoch = on_end = _count


def test_an_observer_that_fails_is_one_warning_and_costs_the_run_and_the_others_nothing(
    tmp_path, caplog
):
    data = square_splits(train=8, val=4, test=4)
    given = plan_of()
    plan = plan_on(given.study, data, given.budget)
    faulty, other = Watcher(fails_at=3), Watcher()
    trials, _ = run_session(plan, data, tmp_path, run_inline, [faulty, other])
    assert faulty.told == 3 < other.told
    assert {record.status for record in trials.records.values()} <= {"complete", "stopped"}
    (warning,) = [record.getMessage() for record in caplog.records]
    assert "Watcher is told no more of this run: ValueError: no s3://key:***@bucket" in warning
