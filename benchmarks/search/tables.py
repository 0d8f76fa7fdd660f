"""Learning curves that are looked up: of a surrogate of LCBench, and of the homework's tasks."""

import json
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from scipy.interpolate import RBFInterpolator

from benchmarks.search.families import NAME, register
from benchmarks.search.spaces import SEARCHES
from study.spec.search import Search
from study.spec.space import Choice, Dimension, Float, Int

TOP = 0.01  # the share of configurations that a search is to reach
DRAWN = 4000  # configurations that tell what the best hundredth is
# Of those tried (linear, multiquadric and Gaussian, seven degrees of smoothing), one that predicts
# configurations left out well for all three tasks.
INTERPOLATION: dict[str, Any] = {
    **{"kernel": "multiquadric", "epsilon": 3.0, "degree": 0},
    "smoothing": 0.1,
}
# Hyper-parameters of YAHPO's surrogate in the order of its inputs, after the epoch.
LCBENCH_SPACE = {
    "net_batch_size": Int(16, 512, log=True),
    "net_learning_rate": Float(1e-4, 0.1, log=True),
    "net_momentum": Float(0.1, 0.99),
    "net_weight_decay": Float(1e-5, 0.1),
    "net_num_layers": Int(1, 5),
    "net_max_units": Int(64, 1024, log=True),
    "net_max_dropout": Float(0.0, 1.0),
}
LCBENCH_EPOCHS = 52
CROSS_ENTROPY = 2  # of the surrogate's outputs: that of the validation part
# Methods may be developed on these data sets alone; all are reported.
DEVELOPMENT = (
    *("3945", "7593", "34539", "126025", "126026", "126029"),
    *("146212", "167104", "167149", "167152", "167161", "167168"),
)


class CurveTable(Protocol):
    """Losses of every configuration of a search's space, epoch by epoch.

    Attributes:
        name: of the data.
        search: what is searched.
        epochs: of a training.
        target: a configuration whose last loss is no greater is among the best.
    """

    name: str
    search: Search
    epochs: int

    @property
    def target(self) -> float: ...

    def losses(self, point: Mapping[str, Any]) -> np.ndarray:
        """Loss after each epoch, (epochs,)."""
        ...


class LCBench:
    """One data set of LCBench, by the surrogate of YAHPO Gym (Pfisterer et al. 2022): validation
    cross-entropy of a network that is trained for 52 epochs.

    Args:
        folder: with the surrogate, `model.onnx`, and `encoding.json`.
        name: of the data set, an OpenML task.
    """

    epochs = LCBENCH_EPOCHS

    def __init__(self, folder: Path, name: str):
        register()
        self.name = name
        self.search = Search("lcbench", "LCBench", NAME, LCBENCH_SPACE)
        self._code = _codes(folder)[name]
        self._session = _open_surrogate(folder / "model.onnx")

    @cached_property
    def target(self) -> float:
        points = list(drawn_points(self.search))
        return float(np.quantile(self._predict(points, [self.epochs])[:, -1], TOP))

    def losses(self, point: Mapping[str, Any]) -> np.ndarray:
        return self._predict([point], range(1, self.epochs + 1))[0].astype(float)

    def _predict(self, points: list[Mapping[str, Any]], epochs: Any) -> np.ndarray:
        values = np.array([[point[name] for name in LCBENCH_SPACE] for point in points])
        epochs = np.array(epochs)
        inputs = np.empty((len(points), len(epochs), 1 + values.shape[1]), np.float32)
        inputs[..., 0], inputs[..., 1:] = epochs, values[:, None]
        inputs = inputs.reshape(-1, inputs.shape[-1])
        codes = np.full((len(inputs), 1), self._code, np.int32)
        (outputs,) = self._session.run(None, {"x_cat": codes, "x_cont": inputs})
        return outputs[:, CROSS_ENTROPY].reshape(len(points), len(epochs))


def drawn_points(search: Search) -> Iterator[dict[str, Any]]:
    """DRAWN points of the space at random, the same at every call."""
    rng = np.random.default_rng(0)
    values = [_draw(dimension, rng) for dimension in search.space.values()]
    for row in zip(*values, strict=True):
        yield dict(zip(search.space, row, strict=True))


def _draw(dimension: Dimension, rng: np.random.Generator) -> np.ndarray:
    """Uniform values of a dimension, (DRAWN,)."""
    if isinstance(dimension, Choice):
        return rng.choice(np.array(dimension.values, object), DRAWN)
    low, high = float(dimension.low), float(dimension.high)
    if isinstance(dimension, Int):
        low, high = low - 0.5, high + 0.5
    scale = (np.log, np.exp) if dimension.log else (np.asarray, np.asarray)
    values = scale[1](rng.uniform(*scale[0]([low, high]), DRAWN))
    return np.rint(values) if isinstance(dimension, Int) else values


def lcbench_names(folder: Path) -> list[str]:
    """The data sets of the surrogate's configuration space."""
    space = json.loads((folder / "config_space.json").read_text())["hyperparameters"]
    return next(one["choices"] for one in space if one["name"] == "OpenML_task_id")


def _codes(folder: Path) -> dict[str, int]:
    return json.loads((folder / "encoding.json").read_text())["OpenML_task_id"]


@cache
def _open_surrogate(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options)


class TaskCurves:
    """Real curves of one of the homework's tasks. Their logarithms are interpolated between the
    configurations that were trained, by radial basis functions (`scipy.interpolate`), with each
    hyper-parameter on its own scale from 0 to 1.

    Args:
        table: made by `benchmarks.search.curves`.
        task: a key of SEARCHES.
    """

    def __init__(self, table: pd.DataFrame, task: str):
        self.name, self.search = task, SEARCHES[task]
        wide = table.loc[table["task"] == task].pivot_table(
            index="point", columns="epoch", values="val_loss"
        )
        self.epochs = len(wide.columns)
        self._places = np.array([self._place(json.loads(point)) for point in wide.index])
        self._logs = np.log(wide.to_numpy())
        self._curve = RBFInterpolator(self._places, self._logs, **INTERPOLATION)

    @cached_property
    def target(self) -> float:
        places = np.array([self._place(point) for point in drawn_points(self.search)])
        return float(np.quantile(np.exp(self._curve(places)[:, -1]), TOP))

    @cached_property
    def explained(self) -> float:
        """The share of the variance of the last epoch's log loss that is predicted for a
        configuration from all the others; below 0, their mean would predict better."""
        places, last = self._places, self._logs[:, -1:]
        missed, spread = 0.0, 0.0
        for one in range(len(places)):
            others = np.arange(len(places)) != one
            predict = RBFInterpolator(places[others], last[others], **INTERPOLATION)
            missed += (predict(places[[one]]) - last[one]).item() ** 2
            spread += (last[others].mean() - last[one]).item() ** 2
        return 1 - missed / spread

    def losses(self, point: Mapping[str, Any]) -> np.ndarray:
        return np.exp(self._curve(self._place(point)[None])[0])

    def _place(self, point: Mapping[str, Any]) -> np.ndarray:
        return np.concatenate(list(self._parts(point)))

    def _parts(self, point: Mapping[str, Any]) -> Iterator[np.ndarray]:
        for name, dimension in self.search.space.items():
            if isinstance(dimension, Choice):
                yield np.array([value == point[name] for value in dimension.values]) / 2
            else:
                assert isinstance(dimension, Int | Float)
                low, high, value = dimension.low, dimension.high, point[name]
                if dimension.log:
                    low, high, value = np.log([low, high, value])
                yield np.array([(value - low) / (high - low)])
