"""`python -m study predict` and `export`: a candidate's trained models, put to use."""

import importlib
import io
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hw3.pictures import read_examples
from hw3.shape import Shape
from hw3.text import printable
from study.cli.kept import KeptModel, Prediction, kept_models, predict_images
from study.search.choose import FinishedTrials
from study.search.plan import Plan, load_plan
from study.spec.errors import StudyError
from study.spec.study import Study
from study.store.folder import Folder, LocalFolder
from study.store.records import RecordStore

TOLERANCE = 1e-4  # of a logit: by how much ONNX Runtime may differ from PyTorch
CHECKED = 4  # images on which they are compared
NO_EXPORT = "needs onnx, onnxscript and onnxruntime ({}). Install them: pip install '.[onnx]'"


def finished_trials(study: Study, results: Folder, command: Sequence[str] = ()) -> FinishedTrials:
    """The trials of the study's last run.

    Args:
        command: that runs it, without options.

    Raises:
        StudyError: there was no run.
    """
    plan = load_plan(study, results, command)
    return FinishedTrials(plan, {record.key: record for record in RecordStore(results)})


def predict_files(
    trials: FinishedTrials,
    results: Folder,
    candidate: str,
    paths: Sequence[Path],
    console: Console,
    csv: Path | None = None,
) -> pd.DataFrame:
    """Print what a candidate's models say of image files, and write it as CSV.

    Raises:
        StudyError: there is no such candidate, or no weights of it.
        hw3.splits.DataError: a file cannot be read.
        OSError: the CSV file cannot be written.
    """
    models = kept_models(trials, results, candidate)
    plan = trials.plan
    read = {path: read_examples(path, plan.shape, plan.data.dtype) for path in paths}
    names = [name for path, images in read.items() for name in _names(path, len(images))]
    found = predict_images(models, np.concatenate([*read.values()]), trials.plan)
    frame = prediction_frame(names, found)
    if csv is not None:
        text = io.StringIO()
        frame.to_csv(text, index=False)
        LocalFolder(csv.parent).write(csv.name, text.getvalue().encode())
    _print(frame, models, trials, candidate, console)
    return frame


def prediction_frame(names: Sequence[str], found: Prediction) -> pd.DataFrame:
    """One row for each image: its class, the mean probability of it over the models and the range
    of it, and the mean probability of each class."""
    place = found.mean.argmax(axis=1)
    of_class = found.probabilities[:, np.arange(len(place)), place]
    frame = pd.DataFrame(
        {
            "image": list(names),
            "class": found.labels,
            "probability": of_class.mean(axis=0),
            "probability_low": of_class.min(axis=0),
            "probability_high": of_class.max(axis=0),
            "models": len(found.probabilities),
        }
    )
    for number, name in enumerate(found.classes):
        frame[f"probability_{name}"] = found.mean[:, number]
    return frame


def export_onnx(trials: FinishedTrials, results: Folder, candidate: str, file: Path) -> str:
    """Write the candidate's kept model of least validation loss as an ONNX file, which takes
    float32 images (N, C, S, S) from 0 to 1, or other examples as they are, and gives logits.

    The file is written only where ONNX Runtime gives, on random examples, PyTorch's logits in
    float32 to within TOLERANCE.

    Returns:
        What was written, in a sentence.

    Raises:
        StudyError: there is no such model, a package is missing, or the two disagree.
        OSError: the file cannot be written.
    """
    from study.search.weights import final_loss

    models = kept_models(trials, results, candidate)
    one = min(models, key=lambda kept: final_loss(kept.record))
    shape = trials.plan.shape
    content, difference, outputs = _checked_onnx(one, shape)
    LocalFolder(file.parent).write(file.name, content)
    classes = list(trials.plan.data.counts["train"])
    logits = f"logits of {', '.join(classes)}" if outputs > 1 else f"the logit of {classes[-1]}"
    return (
        f"wrote {file}: the training on seed {one.seed_number + 1} of "
        f"{trials.plan.study.labels()[candidate]}; takes {_taken(trials.plan)}; "
        f"gives {logits}; ONNX Runtime and PyTorch differ by at most {difference:.1g}"
    )


def _taken(plan: Plan) -> str:
    """What the exported model takes."""
    shape = f"(N, {', '.join(map(str, plan.shape.inputs))})"
    if plan.data.dtype != "uint8":
        return f"{plan.data.dtype} {shape}"
    levels = "grey levels" if plan.shape.channels == 1 else "colours"
    return f"images float32 {shape}, {levels} divided by 255"


def _checked_onnx(one: KeptModel, shape: Shape) -> tuple[bytes, float, int]:
    """The content of the file, the greatest difference of two logits, and their number for each
    image."""
    import torch

    try:
        onnxruntime = importlib.import_module("onnxruntime")
    except ImportError as error:
        raise StudyError(f"an export {NO_EXPORT.format(error)}") from error
    model = one.model.cpu().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(CHECKED, *shape.inputs, generator=generator)
    images = torch.zeros_like(images, dtype=torch.int64) if shape.whole else images
    content = _to_onnx(model, images)
    with torch.inference_mode():
        expected = model(images).numpy()
    try:
        session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        (name,) = (each.name for each in session.get_inputs())
        (found,) = session.run(None, {name: images.numpy()})
        (alone,) = session.run(None, {name: images[:1].numpy()})
    except Exception as error:
        raise StudyError(f"ONNX Runtime cannot run the exported model: {error}") from error
    found, alone = np.asarray(found), np.asarray(alone)
    difference = max(np.abs(found - expected).max(), np.abs(alone - expected[:1]).max())
    if not difference <= TOLERANCE:
        raise StudyError(
            f"ONNX Runtime's logits differ from PyTorch's by {difference:.1g}, and may by "
            f"{TOLERANCE:g}; nothing was written"
        )
    return content, float(difference), expected.shape[1]


def _to_onnx(model: "object", images: "object") -> bytes:
    import torch

    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)  # it names every package that is not there
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                model,  # type: ignore[arg-type]
                (images,),
                dynamo=True,
                verbose=False,
                input_names=["images"],
                output_names=["logits"],
                dynamic_shapes=({0: torch.export.Dim("images")},),
            )
        assert program is not None
        return program.model_proto.SerializeToString()
    except ImportError as error:
        raise StudyError(f"an export {NO_EXPORT.format(error)}") from error
    except Exception as error:
        reason = " ".join(str(error).split())[:500]
        raise StudyError(f"the model cannot be exported as ONNX: {reason}") from error
    finally:
        log.setLevel(level)


def _names(path: Path, count: int) -> list[str]:
    return [str(path)] if count == 1 else [f"{path}[{number}]" for number in range(count)]


def _print(
    frame: pd.DataFrame,
    models: Sequence[KeptModel],
    trials: FinishedTrials,
    candidate: str,
    console: Console,
) -> None:
    label = trials.plan.study.labels()[candidate]
    seeds = f"{len(models)} model{'s' if len(models) > 1 else ''}"
    console.print(f"[bold]{escape(printable(label))}[/bold]: {seeds}", highlight=False)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("image", overflow="fold")
    for heading in ("class", "probability", "over the models"):
        table.add_column(heading, no_wrap=True)
    for row in frame.to_dict("records"):
        spread = f"{row['probability_low']:.3f} to {row['probability_high']:.3f}"
        table.add_row(
            escape(printable(row["image"])),
            escape(printable(row["class"])),
            f"{row['probability']:.3f}",
            spread if len(models) > 1 else "one model",
        )
    console.print(table, highlight=False)
