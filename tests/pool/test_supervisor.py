"""What the supervisor does to trials that hang, told the events that Tune tells."""

from types import SimpleNamespace

import pytest

from study.pool.report import TrialReport
from study.pool.session import Session
from study.pool.supervisor import STARTS_WITHIN, STARTUP, Supervisor
from study.pool.tune_messages import result_of

TIMEOUT = 10.0


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def session():
    return Session(SimpleNamespace(proven=()), SimpleNamespace(failure=None))


@pytest.fixture
def supervisor(session, clock):
    return Supervisor(session, TIMEOUT, clock)


@pytest.fixture
def killed(monkeypatch):
    """Actors that were ended."""
    actors = []
    monkeypatch.setattr("study.pool.supervisor.ray.kill", actors.append)
    return actors


def trial_of(name):
    return SimpleNamespace(
        trial_id=name,
        temporary_state=SimpleNamespace(ray_actor=f"actor of {name}"),
        run_metadata=SimpleNamespace(num_failures=2),
    )


def told(epochs):
    """What a trial reports after so many epochs."""
    return result_of({"key": TrialReport("running", [{}] * epochs)}, is_over=False)


def wait(supervisor, clock, seconds):
    for _ in range(int(seconds)):
        clock.now += 1.0
        supervisor.on_step_begin(0, [])


def stop(supervisor, clock, seconds):
    """As by Ctrl-Z: nothing happens here meanwhile."""
    clock.now += seconds
    supervisor.on_step_begin(0, [])


def test_a_trial_without_a_report_for_too_long_is_ended_and_the_error_says_so(
    supervisor, clock, killed
):
    hanging, other = trial_of("a"), trial_of("b")
    for _ in range(3):
        supervisor.on_trial_start(0, [], hanging)
        supervisor.on_trial_start(0, [], other)
        wait(supervisor, clock, TIMEOUT)
        supervisor.on_trial_result(0, [], other, told(1))
        wait(supervisor, clock, 1.0)
        supervisor.on_trial_error(0, [], hanging)
    assert killed == ["actor of a"] * 3
    assert supervisor.describe(hanging).startswith("ended 3 times, after 10 s without a report")
    assert supervisor.describe(other) == ""


@pytest.mark.parametrize("end", ["on_trial_complete", "on_trial_error", "on_trial_recover"])
def test_a_trial_that_does_not_run_is_not_ended(supervisor, clock, killed, end):
    trial = trial_of("a")
    supervisor.on_trial_start(0, [], trial)
    getattr(supervisor, end)(0, [], trial)
    wait(supervisor, clock, TIMEOUT + 1)
    assert killed == []


def test_only_failures_without_progress_count(supervisor):
    trial = trial_of("a")
    supervisor.on_trial_result(0, [], trial, told(2))
    assert trial.run_metadata.num_failures == 0
    trial.run_metadata.num_failures = 1
    supervisor.on_trial_result(0, [], trial, told(1))  # done again after a death
    assert trial.run_metadata.num_failures == 1


def test_workers_that_never_start_end_the_run_with_the_reason(supervisor, session, clock, killed):
    wait(supervisor, clock, TIMEOUT + STARTUP)
    assert session.failure is None
    wait(supervisor, clock, 1.0)
    assert "no trial has started" in session.failure and "--epoch-timeout 10" in session.failure


@pytest.mark.parametrize("timeout", [TIMEOUT, 1.0])
def test_time_in_which_the_driver_was_stopped_is_nobodys_silence(session, clock, killed, timeout):
    supervisor = Supervisor(session, timeout, clock)
    supervisor.on_trial_start(0, [], trial_of("a"))
    stop(supervisor, clock, 1860.0)
    assert (session.failure, killed) == (None, [])
    wait(supervisor, clock, timeout + 1)
    assert killed == ["actor of a"]  # from then on it counts again


@pytest.mark.parametrize(("seconds", "words"), [(-7860.0, "back by 2:11:00"), (90.0, "forward by")])
def test_workers_that_do_not_start_after_the_clock_was_set_end_the_run_within_minutes(
    session, clock, killed, seconds, words
):
    wall = Clock()
    wall_clock = lambda: clock.now + wall.now  # noqa: E731
    supervisor = Supervisor(session, 1800.0, clock, wall_clock)
    trial = trial_of("a")
    supervisor.on_trial_start(0, [], trial)
    wait(supervisor, clock, 10.0)
    wall.now = seconds
    wait(supervisor, clock, STARTS_WITHIN + 1.0)
    assert session.failure is None  # it still trains
    supervisor.on_trial_error(0, [], trial)
    wait(supervisor, clock, STARTS_WITHIN)
    assert session.failure is None
    wait(supervisor, clock, 1.0)
    assert f"clock was set {words}" in session.failure


def test_a_clock_that_is_adjusted_by_little_is_not_told(session, clock, killed):
    wall = Clock()
    supervisor = Supervisor(session, 1800.0, clock, lambda: clock.now + wall.now)
    for _ in range(5):
        wall.now -= 4.0
        wait(supervisor, clock, STARTS_WITHIN)
    assert session.failure is None
