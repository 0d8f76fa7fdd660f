"""`python -m study paper`, as a user types it."""

import shutil

import pytest
from click.testing import CliRunner

from study.__main__ import main
from study.cli.predict import finished_trials
from study.cli.target import find_study
from study.store.folder import LocalFolder
from tests.golden import RESULTS

TARGET = "tests.small_study:STUDY"


def said(*arguments) -> tuple[int, str]:
    answer = CliRunner().invoke(main, ["paper", TARGET, *map(str, arguments)])
    return answer.exit_code, answer.output


def test_it_is_written_where_it_is_asked_for(tmp_path):
    pytest.importorskip("rocrate")
    code, output = said("--results", RESULTS, "--out", tmp_path)
    assert code == 0, output
    assert f"paper: {tmp_path}/main.tex" in output.replace("\n", "")
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert written == {
        *("main.tex", "methods.tex", "figures.tex", "numbers.tex", "checklists.tex"),
        *("references.bib", "crate.zip", "figures/answer-89mm.pdf", "figures/answer-183mm.pdf"),
        *(f"tables/{name}.tex" for name in ("claims", "candidates", "selection", "searches")),
        "tables/cost.tex",
    }


def test_without_a_run_it_says_what_to_do(tmp_path):
    code, output = said("--results", tmp_path, "--no-crate")
    assert code == 1 and "this needs a run's results" in output


def test_a_paper_of_missing_trainings_is_written_and_says_so(tmp_path):
    shutil.copytree(RESULTS / "task_c", tmp_path / "task_c")
    (tmp_path / "trials").mkdir()
    trials = finished_trials(find_study(TARGET), LocalFolder(RESULTS))
    missing = {one.key for one in trials.confirmed(trials.baselines[0]).values()}
    for path in (RESULTS / "trials").glob("*.json"):
        if path.stem not in missing:
            shutil.copy(path, tmp_path / "trials")
    code, output = said("--results", tmp_path, "--no-crate")
    assert code == 1 and "is not complete" in output
    main_tex = (tmp_path / "task_c" / "paper" / "main.tex").read_text()
    assert "Not complete" in main_tex
