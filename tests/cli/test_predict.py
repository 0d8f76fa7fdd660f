"""`predict` and `export`: the models of a finished run, put to use."""

import warnings

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

from study.__main__ import main
from study.cli.kept import kept_models
from study.cli.predict import finished_trials
from study.cli.target import find_study
from study.store.folder import LocalFolder
from study.store.weights import WeightsStore
from tests.made import square_splits

FILE = """
from study.spec.baseline import Baseline
from study.spec.study import Study

STUDY = Study(
    name="used_study",
    title="A study whose winner is used",
    question="Which?",
    baselines=(
        Baseline("wide", "wide ANN", "ann", {"width_1": 8}),
        Baseline("conv", "ConvModel", "conv", {"channels": 4}),
        Baseline("plain", "ANN", "ann", {"width_1": 8, "batch_norm": False, "activation": "gelu"}),
    ),
    figures=(),
)
"""
OPTIONS = ["--profile", "smoke", "--workers", "inline", "--epochs", "4", "--image-size", "16"]


def invoke(*arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return CliRunner().invoke(main, [*map(str, arguments)], catch_exceptions=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A study's file, its data of twice its size, and the results of a run with all weights."""
    folder = tmp_path_factory.mktemp("used")
    (folder / "used_study.py").write_text(FILE)
    (folder / "data").mkdir()
    data = square_splits(size=32)
    for prefix, parts in (("", (data.train, data.val)), ("test_", (data.test,))):
        for label, name in enumerate(("normal", "pneumonia")):
            images = np.concatenate([part.images[part.labels == label] for part in parts])
            np.save(folder / "data" / f"{prefix}{name}.npy", images)
    where = ["--data", folder / "data", "--results", folder / "results"]
    answer = invoke("run", folder / "used_study.py", *OPTIONS, *where, "--keep-weights", "all")
    assert answer.exit_code == 0, answer.output
    return folder


@pytest.fixture
def study(folder):
    return find_study(str(folder / "used_study.py"))


def predict(folder, *arguments, results="results"):
    target = folder / "used_study.py"
    return invoke("predict", target, *arguments, "--results", folder / results)


def test_the_files_of_the_test_part_get_the_probabilities_that_were_recorded(folder, study):
    """So they are made as grey and as small as the run's images were."""
    results = LocalFolder(folder / "results")
    files = [folder / "data" / f"test_{name}.npy" for name in ("normal", "pneumonia")]
    for name in ("wide", "conv", "plain"):
        csv = folder / f"{name}.csv"
        assert predict(folder, name, *files, "--csv", csv).exit_code == 0
        models = kept_models(finished_trials(study, results), results, name)
        logits = np.array([one.record.test[0]["logits"] for one in models])
        recorded = 1 / (1 + np.exp(-logits))
        table = pd.read_csv(csv)
        np.testing.assert_allclose(table["probability_pneumonia"], recorded.mean(axis=0), atol=1e-5)
        says = np.where(recorded.mean(axis=0) > 0.5, recorded, 1 - recorded)
        np.testing.assert_allclose(table["probability_low"], says.min(axis=0), atol=1e-5)
        np.testing.assert_allclose(table["probability_high"], says.max(axis=0), atol=1e-5)
        assert set(table["models"]) == {2}
        assert table["image"][0] == f"{files[0]}[0]"


def test_a_table_is_shown_with_the_spread_over_the_models(folder, tmp_path):
    Image.fromarray(np.zeros((40, 30, 3), np.uint8)).save(tmp_path / "a.jpg")
    answer = predict(folder, "wide", tmp_path / "a.jpg")
    assert answer.exit_code == 0
    assert "wide ANN: 2 models" in answer.output
    assert " to 0." in answer.output and "a.jpg" in "".join(answer.output.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["wid", "data/test_normal.npy"], "got 'wid'. Did you mean wide?"),
        (["wide", "used_study.py"], "used_study.py: must be a whole image"),
        (["wide", "nothing.png"], "nothing.png: there is no such file; it must be a whole image"),
    ],
)
def test_a_mistake_is_one_line(folder, arguments, said):
    name, file = arguments
    answer = predict(folder, name, folder / file)
    assert answer.exit_code == 1 and said in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_without_a_run_the_command_that_runs_it_is_named(folder, tmp_path):
    answer = predict(folder, "wide", tmp_path / "a.png", results="none")
    assert answer.exit_code == 1
    assert f"python -m study run {folder}/used_study.py" in answer.stderr


def test_without_weights_the_command_that_makes_them_is_named(folder, monkeypatch):
    where = ["--data", folder / "data", "--results", folder / "results2"]
    arguments = [folder / "used_study.py", *OPTIONS, *where, "--keep-weights", "none"]
    words = ["run", *map(str, arguments)]
    monkeypatch.setattr("sys.argv", ["study", *words])
    assert invoke(*words).exit_code == 0
    image = folder / "data" / "test_normal.npy"
    answer = predict(folder, "wide", image, results="results2")
    assert answer.exit_code == 1 and "no weights of wide ANN are kept" in answer.stderr
    made = answer.stderr.splitlines()[1].split()
    assert made[3:] == [*words, "--keep-weights", "best", "--remake-weights"]
    assert invoke(*made[3:]).exit_code == 0
    assert predict(folder, "wide", image, results="results2").exit_code == 0


def test_damaged_weights_are_named(folder, study):
    results = LocalFolder(folder / "results3")
    where = ["--data", folder / "data", "--results", folder / "results3"]
    assert invoke("run", folder / "used_study.py", *OPTIONS, *where).exit_code == 0
    for key in WeightsStore(results).kept():
        path = folder / "results3" / "weights" / f"{key}.safetensors"
        path.write_bytes(path.read_bytes()[:-1])
    answer = predict(folder, "wide", folder / "data/test_normal.npy", results="results3")
    assert answer.exit_code == 1 and ".safetensors is damaged" in answer.stderr


@pytest.mark.parametrize("candidate", ["wide", "conv", "plain"])
def test_an_exported_model_says_what_pytorch_says(folder, study, candidate):
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    file = folder / f"{candidate}.onnx"
    target = [folder / "used_study.py", candidate, "--results", folder / "results"]
    answer = invoke("export", *target, "--onnx", file)
    assert answer.exit_code == 0, answer.output
    assert "the logit of pneumonia" in answer.output and answer.stderr == ""
    results = LocalFolder(folder / "results")
    models = kept_models(finished_trials(study, results), results, candidate)
    best = min(models, key=lambda one: one.record.rows[-1]["val_loss"])
    data = np.load(folder / "data" / "test_pneumonia.npy")
    from hw3.splits import resize_images

    images = resize_images(data, 16)[:, None].astype(np.float32) / 255
    session = runtime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"images": images})
    recorded = best.record.test[0]["logits"][-len(data) :]
    np.testing.assert_allclose(found[:, 0], recorded, atol=1e-3)


def test_an_export_that_disagrees_leaves_no_file(folder, monkeypatch):
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr("study.cli.predict.TOLERANCE", -1.0)
    file = folder / "wrong.onnx"
    target = [folder / "used_study.py", "wide", "--results", folder / "results"]
    answer = invoke("export", *target, "--onnx", file)
    assert answer.exit_code == 1 and "nothing was written" in answer.stderr
    assert not file.exists()


def test_an_export_without_its_packages_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    target = [folder / "used_study.py", "wide", "--results", folder / "results"]
    answer = invoke("export", *target, "--onnx", folder / "no.onnx")
    assert answer.exit_code == 1 and "pip install '.[onnx]'" in answer.stderr
