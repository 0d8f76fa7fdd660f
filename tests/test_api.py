"""A study from Python: what `study.run` and `study.load` give."""

import json
import subprocess
import sys
import threading
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure as Canvas
from rich.console import Console

import study as package
from hw3.splits import DataError
from study import Result, load, run
from study.api import RunOptions
from study.cli.options import PLAN_ONLY, Options
from study.spec.baseline import Baseline
from study.spec.claim import Claim
from study.spec.errors import StudyError
from study.spec.figures import Figure
from study.spec.study import Study

STUDY = Study(
    name="from_python",
    title="Wide <or> narrow",
    question="Which?",
    baselines=(
        Baseline("narrow", "narrow ANN", "ann", {"width_1": 4}),
        Baseline("wide", "wide ANN", "ann", {"width_1": 16}),
    ),
    claims=(Claim("wider", "wide", "val_accuracy", versus="narrow", above=0.0),),
    figures=(
        Figure("comparison", "comparison", "Both"),
        Figure("search", "search", "What no run of this study has"),
    ),
)
OPTIONS = {"profile": "smoke", "workers": "inline", "epochs": 2, "seeds": 2, "keep_weights": "all"}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return tmp_path_factory.mktemp("api") / "results"


@pytest.fixture(scope="module")
def result(results):
    return run(STUDY, results=results, **OPTIONS)


def test_a_result_has_what_the_run_wrote(result, results):
    folder = results / "from_python"
    assert result.report == str(folder / "report.html")
    saved = json.loads((folder / "verdicts.json").read_text())
    assert result.verdicts["claim"].tolist() == [one["claim"] for one in saved] == ["wider"]
    assert set(result.table["candidate"]) == {"narrow", "wide"}
    page = (folder / "report.md").read_text()
    assert "study.run(from_python, data='phantom'" in page and "keep_weights='all'" in page


def test_a_figure_is_matplotlibs(result):
    canvas = result.figure("comparison")
    assert isinstance(canvas, Canvas) and canvas.axes
    with pytest.raises(StudyError, match=r"Did you mean comparison\?"):
        result.figure("comparisons")
    with pytest.raises(StudyError, match="the figure search cannot be drawn: it needs an explored"):
        result.figure("search")


def test_models_predict(result, tmp_path):
    models = result.models("wide")
    assert len(models) == 2 and not any(model.training for model in models)
    with torch.no_grad():
        assert models[0](torch.rand(3, 1, 16, 16)).shape == (3, 1)
    np.save(tmp_path / "images.npy", np.zeros((3, 20, 20), np.uint8))
    table = result.predict("wide", [tmp_path / "images.npy"])
    assert len(table) == 3 and table["probability"].between(0.5, 1).all()
    for one in (tmp_path / "images.npy", str(tmp_path / "images.npy")):
        assert result.predict("wide", one).equals(table)
    with pytest.raises(StudyError, match=r"Did you mean wide\?"):
        result.models("wid")


def test_a_notebook_shows_the_verdicts_escaped(result):
    shown = result._repr_html_()
    assert "Wide &lt;or&gt; narrow" in shown and "<or>" not in shown
    assert "not judged" in shown and shown.count("<table") == 1


def test_a_finished_run_is_loaded_without_running(result, results, tmp_path):
    again = load(STUDY, results=results)
    assert isinstance(again, Result)
    assert again.table.equals(result.table)
    with pytest.raises(StudyError, match=r"verdicts\.json is not there. Run the study first"):
        load(STUDY, results=tmp_path)


def test_a_second_run_is_quiet_and_trains_nothing(result, results, capsys):
    lines = []
    run(STUDY, results=results, progress=lines.append, **OPTIONS)
    assert any("nothing to train" in line for line in lines)
    run(STUDY, results=results, **OPTIONS)
    assert capsys.readouterr() == ("", "")
    run(STUDY, results=results, quiet=False, **OPTIONS)
    assert "nothing to train" in capsys.readouterr().out
    console = Console(record=True, quiet=False, width=200)
    run(STUDY, results=results, progress=console, **OPTIONS)
    assert "nothing to train" in console.export_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"profile": "quik"}, "quik"),
        ({"epochs": 0}, "epochs"),
        ({"seeds": "30..10"}, "must not end before it begins"),
        ({"sampler": "tpo"}, "sampler must be one of auto"),
        ({"epoch": 3}, r"--epoch"),
        ({"image_size": 0}, "--image-size"),
        ({"results": ""}, "empty path"),
    ],
)
def test_a_wrong_option_is_a_study_error(tmp_path, options, said):
    given = {"results": tmp_path, "workers": "inline", **options}
    with pytest.raises(StudyError, match=said):
        run(STUDY, **given)


def test_a_study_may_be_named_as_on_the_command_line(tmp_path):
    with pytest.raises(StudyError, match="A target is a file with a study"):
        run("no_study.py", results=tmp_path)
    with pytest.raises(StudyError, match="Run the study first"):
        load("task_c", results=tmp_path)


def test_data_that_is_not_there_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        run(STUDY, data=tmp_path / "none", results=tmp_path, **OPTIONS)


def test_a_study_runs_on_its_own_data_unless_another_is_given(tmp_path):
    own = replace(STUDY, data="phantom:10,6,6")
    found = run(own, results=tmp_path, **OPTIONS)
    assert {len(text) for text in found.table["test_correct"].dropna()} == {12}


def test_a_thread_runs_inline_and_refuses_ray(result, results):
    found = []

    def work():
        for workers in ("inline", "ray"):
            try:
                found.append(run(STUDY, results=results, **{**OPTIONS, "workers": workers}))
            except StudyError as error:
                found.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert isinstance(found[0], Result)
    assert 'workers="inline"' in str(found[1])


def test_the_options_are_those_of_the_command_line():
    given = {item.name for item in fields(Options) if item.metadata} - set(PLAN_ONLY)
    assert {*RunOptions.__annotations__, "data", "results", "profile", "quiet"} == given


def test_importing_the_package_imports_nothing_that_computes():
    program = "import sys, study; print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert answer.returncode == 0
    slow = {"torch", "numpy", "pandas", "ray", "click", "rich", "study.api"}
    assert not slow & set(answer.stdout.split())
    assert {"run", "load", "Result"} <= set(package.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing
