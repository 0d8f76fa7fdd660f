"""Viewers are fed within their share of the time, and none of their faults reaches the run."""

import threading
import time
from contextlib import suppress

import pytest

from study.pool.report import TrialReport
from study.search.trial import Job
from study.viewers import feed as of_feed
from study.viewers.feed import Feed, fed
from tests.made import DROPOUT_SEARCH, SETTING


def job_of(dropout):
    config = DROPOUT_SEARCH.config({"dropout": dropout})
    return Job("explore", "dropout", SETTING.ingredients("conv", config, 0))


def report_of(*losses):
    return TrialReport("running", [{"val_loss": loss} for loss in losses])


class Noted:
    """A viewer that notes what it is shown, when it is allowed to go on."""

    name, share, takes, at_end = "the noted one", 1e9, 0.0, True

    def __init__(self):
        self.opened, self.go_on = threading.Event(), threading.Event()
        self.shown, self.ending = [], None

    def open(self):
        self.opened.set()
        self.go_on.wait(60)

    def show(self, told):
        self.shown.append(list(told))

    def close(self, ending, error):
        self.ending = ending, error


class Faulty(Noted):
    def __init__(self, where):
        super().__init__()
        self.where = where
        self.go_on.set()

    def _fail(self, where):
        if where == self.where:
            raise OSError("no ink at s3://key:secret@bucket")

    def open(self):
        self._fail("open")

    def show(self, told):
        self._fail("show")

    def close(self, ending, error):
        self._fail("close")


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(of_feed, "EVERY", 0.0)


def test_a_viewer_is_shown_each_trial_once_as_it_is_by_then():
    viewer = Noted()
    one, other = job_of(0.1), job_of(0.2)
    with fed([viewer]) as (feed,):
        viewer.opened.wait(60)
        for job in (one, other):
            feed.on_start(job)
        feed.on_epoch(one, report_of(0.9))
        feed.on_epoch(one, report_of(0.9, 0.8))
        feed.on_end(other, None, "failed")
        viewer.go_on.set()
    told = [each for shown in viewer.shown for each in shown]
    found = [(t.job, len(t.report.rows) if t.report else 0, t.status) for t in told]
    assert found == [(one, 2, "running"), (other, 0, "failed")]
    assert viewer.ending == ("finished", "")


@pytest.mark.parametrize(
    ("error", "ending"),
    [(KeyboardInterrupt(), ("interrupted", "")), (OSError("full"), ("failed", "full"))],
)
def test_a_viewer_is_told_how_the_run_ended_early(error, ending):
    viewer = Noted()
    viewer.go_on.set()
    with pytest.raises(type(error)), fed([viewer]):
        raise error
    assert viewer.ending == ending


@pytest.mark.parametrize("where", ["open", "show", "close"])
def test_a_faulty_viewer_is_one_warning_and_costs_the_others_nothing(where, caplog):
    faulty, other = Faulty(where), Noted()
    other.go_on.set()
    with fed([faulty, other]) as feeds:
        for number in range(100):
            for feed in feeds:
                feed.on_start(job_of(number / 200))
        time.sleep(0.01)
    assert other.ending == ("finished", "")
    (warning,) = [record.getMessage() for record in caplog.records]
    assert "the noted one" in warning and "s3://key:***@bucket" in warning


@pytest.mark.parametrize("error", [None, KeyboardInterrupt()])
def test_a_run_that_is_shorter_than_its_views_take_is_not_held_up_by_them(error):
    viewer = Noted()
    viewer.go_on.set()
    viewer.share, viewer.takes, viewer.at_end = 0.001, 1.0, False
    with suppress(KeyboardInterrupt), fed([viewer]) as (feed,):
        feed.on_start(job_of(0.1))
        if error:
            raise error
    assert viewer.opened.is_set() == (error is not None)
    assert viewer.ending == (("interrupted", "") if error else None)


def test_a_viewer_that_hangs_does_not_keep_the_run_from_its_end(monkeypatch, caplog):
    monkeypatch.setattr(of_feed, "PATIENCE", 0.05)
    viewer = Noted()
    with fed([viewer]) as (feed,):
        viewer.opened.wait(60)
        feed.on_start(job_of(0.1))
    assert "the noted one was not done" in caplog.text
    viewer.go_on.set()


def test_a_viewer_takes_no_more_than_its_share_of_the_time(monkeypatch):
    clock = {"now": 0.0, "used": 0.0}
    monkeypatch.setattr(of_feed.time, "monotonic", lambda: clock["now"])
    monkeypatch.setattr(of_feed.time, "thread_time", lambda: clock["used"])
    viewer = Noted()
    viewer.share, viewer.takes = 0.01, 1.0
    monkeypatch.setattr(threading.Thread, "start", lambda thread: None)
    feed = Feed(viewer)

    def show(told):
        clock["used"] += 0.5
        clock["now"] += 0.5

    viewer.show = show
    assert feed._pause() == 100.0
    for _ in range(20):
        clock["now"] += feed._pause()
        feed._show()
        assert feed.spent <= 0.01 * clock["now"]
    assert clock["now"] == pytest.approx(20 * 50, rel=0.11)
