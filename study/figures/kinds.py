"""The kinds of figures. FIGURES is the only list of them; a new kind is a file and an entry."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure as Canvas

from study.figures.architecture import (
    describe_architecture,
    draw_architecture,
    frame_of_architecture,
)
from study.figures.calibration import (
    describe_calibration,
    draw_calibration,
    frame_of_calibration,
)
from study.figures.comparison import describe_comparison, draw_comparison, frame_of_comparison
from study.figures.curves import describe_curves, draw_curves, frame_of_curves
from study.figures.importance import (
    MIN_TRIALS,
    describe_importance,
    draw_importance,
    frame_of_importance,
)
from study.figures.pareto import describe_pareto, draw_pareto, frame_of_pareto
from study.figures.response import describe_response, draw_response, frame_of_response
from study.figures.rungs import describe_rungs, draw_rungs, frame_of_rungs
from study.figures.search import describe_search, draw_search, frame_of_search
from study.figures.slices import describe_slices, draw_slices, frame_of_slices
from study.figures.time_to_accuracy import (
    describe_time_to_accuracy,
    draw_time_to_accuracy,
    frame_of_time_to_accuracy,
)


@dataclass(frozen=True)
class FigureKind:
    """How one kind of figure is made.

    Attributes:
        frame: (table, *, options) -> what is shown, empty where the table does not hold it; its
            `attrs["note"]` gives the number of seeds and the meaning of bands or bars. Of an empty
            one `attrs["found"]` may say what there is instead of what it needs.
        draw: (frame, empty figure) -> None; sets the figure's height, and takes its width as it is.
        describe: frame -> the figure's numbers in words, for readers who cannot see it.
        needs: what the table must hold, for the sentence "it needs ...".
        scores: frame -> the columns of scores that its axes show; draws `draw_constant` for each.
        builds: whether it builds models, so that it depends on what the data's examples are.
        wide: whether it needs the width of a page, so that it is not drawn for one of two columns.
    """

    frame: Callable[..., pd.DataFrame]
    draw: Callable[[pd.DataFrame, Canvas], None]
    describe: Callable[[pd.DataFrame], str]
    needs: str
    scores: Callable[[pd.DataFrame], Iterable[str]] = lambda _frame: ()
    builds: bool = False
    wide: bool = False


def _scores_in(column: str) -> Callable[[pd.DataFrame], Iterable[str]]:
    """The frame's column that names them."""
    return lambda frame: frame[column].unique()


def _validation_accuracy(_frame: pd.DataFrame) -> Iterable[str]:
    return ("val_accuracy",)


FIGURES = {
    "curves": FigureKind(
        frame_of_curves,
        draw_curves,
        describe_curves,
        needs="a confirmed trial of the candidate that reached its last epoch",
        scores=_validation_accuracy,
    ),
    "comparison": FigureKind(
        frame_of_comparison,
        draw_comparison,
        describe_comparison,
        needs="a confirmed trial that reached its last epoch",
        scores=_scores_in("metric"),
    ),
    "calibration": FigureKind(
        frame_of_calibration,
        draw_calibration,
        describe_calibration,
        needs="a confirmed trial that reached its last epoch, with the logits of images of two "
        "classes",
    ),
    "response": FigureKind(
        frame_of_response,
        draw_response,
        describe_response,
        needs="an explored trial of the search, or a confirmed candidate in its space",
        scores=_scores_in("metric"),
        wide=True,
    ),
    "pareto": FigureKind(
        frame_of_pareto,
        draw_pareto,
        describe_pareto,
        needs="a confirmed trial that reached its last epoch",
        scores=_scores_in("score"),
    ),
    "time_to_accuracy": FigureKind(
        frame_of_time_to_accuracy,
        draw_time_to_accuracy,
        describe_time_to_accuracy,
        needs="a confirmed trial that reached its last epoch and was timed",
        scores=_validation_accuracy,
    ),
    "search": FigureKind(
        frame_of_search,
        draw_search,
        describe_search,
        needs="an explored trial that reached its last epoch",
    ),
    "slices": FigureKind(
        frame_of_slices,
        draw_slices,
        describe_slices,
        needs="explored trials of one search that differ",
        wide=True,
    ),
    "importance": FigureKind(
        frame_of_importance,
        draw_importance,
        describe_importance,
        needs=f"a search over two or more hyper-parameters with at least {MIN_TRIALS} trials that "
        "reached their last epoch",
    ),
    "rungs": FigureKind(
        frame_of_rungs,
        draw_rungs,
        describe_rungs,
        needs="unpruned trials of full length that make three pairs within a search",
        wide=True,
    ),
    "architecture": FigureKind(
        frame_of_architecture,
        draw_architecture,
        describe_architecture,
        needs="a confirmed trial of each of its candidates that reached its last epoch",
        builds=True,
        wide=True,
    ),
}
