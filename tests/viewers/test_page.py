"""A whole run with its page: while it is under way, interrupted, and at its end."""

import pytest
from click.testing import CliRunner

from study.cli.command import command
from study.pool.worker import Worker
from study.store.folder import LocalFolder
from study.viewers import feed as of_feed
from study.viewers.page import RunningFigures, RunningPage
from tests.report.made_report import Page
from tests.small_study import STUDY


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """The page is written often."""
    monkeypatch.setattr(of_feed, "EVERY", 0.2)
    for viewer in (RunningPage, RunningFigures):
        monkeypatch.setattr(viewer, "share", 1e9)
        monkeypatch.setattr(viewer, "takes", 0.0)


@pytest.fixture
def written(monkeypatch):
    """Name and content of every file that is written outside of trials and checkpoints."""
    found, write = [], LocalFolder.write

    def note(folder, name, *pieces, **options):
        if folder.path.name not in ("trials", "checkpoints", "weights"):
            found.append((name, b"".join(pieces)))
        return write(folder, name, *pieces, **options)

    monkeypatch.setattr(LocalFolder, "write", note)
    return found


def run(results, *more):
    arguments = ["--profile", "smoke", "--workers", "inline", "--keep-weights", "none"]
    arguments += ["--epochs", "3", "--image-size", "16", "--data", "phantom:24,16,16"]
    return CliRunner().invoke(command(STUDY), [*arguments, "--results", str(results), *more])


def test_a_run_has_a_page_from_its_first_trials_on_and_no_other_file(tmp_path, written):
    assert run(tmp_path).exit_code == 0
    names = [name for name, _ in written]
    before = names[: names.index("table.parquet")]
    known = {"plan.json", "driver.lock", "progress.json", "report.html", "optuna.db"}
    assert set(before) <= known
    pages = [Page(content.decode()).text for name, content in written if name == "report.html"]
    *running, finished = pages
    assert running and all("Running, as of" in page for page in running[:-1])
    assert "The training ended, and the report is being made" in running[-1]
    assert "Verdicts" in finished and "Running, as of" not in finished
    assert not (tmp_path / "task_c" / "report-running.html").exists()


def test_a_run_with_more_seeds_leaves_the_finished_report_until_the_next(tmp_path, written):
    assert run(tmp_path, "--seeds", "1").exit_code == 0
    written.clear()
    assert run(tmp_path, "--seeds", "2").exit_code == 0
    pages = [name for name, _ in written if name.endswith(".html")]
    assert set(pages[:-2]) == {"report-running.html"}
    assert pages[-2:] == ["report.html", "report-running.html"]
    assert "url=report.html" in (tmp_path / "task_c" / "report-running.html").read_text()


def test_an_interrupted_run_says_so_on_its_page_and_how_to_go_on(tmp_path, monkeypatch):
    train = Worker.train_epoch
    count = iter(range(1, 100))

    def interrupt(worker):
        if next(count) == 4:
            raise KeyboardInterrupt
        return train(worker)

    with monkeypatch.context() as patched:
        patched.setattr(Worker, "train_epoch", interrupt)
        assert run(tmp_path).exit_code == 130
    page = Page((tmp_path / "task_c" / "report.html").read_text()).text
    assert "Interrupted at" in page and "This resumes the run:" in page
    assert run(tmp_path).exit_code == 0
    assert "Verdicts" in Page((tmp_path / "task_c" / "report.html").read_text()).text


def test_a_page_that_cannot_be_written_is_one_warning_and_the_run_goes_on(
    tmp_path, monkeypatch, caplog
):
    def fail(page, *_):
        raise OSError("no space left")

    monkeypatch.setattr(RunningPage, "_write", fail)
    assert run(tmp_path).exit_code == 0
    warnings = [one.getMessage() for one in caplog.records if "no space left" in one.getMessage()]
    assert len(warnings) == 1 and "is not written any more" in warnings[0]
    assert (tmp_path / "task_c" / "report.html").exists()
