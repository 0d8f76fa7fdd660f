"""Find the figures of a study that cannot be drawn, before anything is trained."""

import difflib
import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from hw3.names import NEAR
from study.figures.architecture import SHAPE
from study.figures.draw import describe_error
from study.figures.kinds import FIGURES, FigureKind
from study.figures.theme import add_title, new_figure, theme
from study.spec.figures import Figure
from study.spec.study import Study, unknown_name
from study.table.columns import all_columns, config_columns

# What the value of an option names, by the option: one thing, or each of several.
NAMES_ONE = {
    **dict.fromkeys(("candidate", "reference"), "candidate"),
    "search": "search",
    **dict.fromkeys(("x", "hue"), "setting"),
    "y": "column",
}
NAMES_SEVERAL = {
    "candidates": "candidate",
    **dict.fromkeys(("xs", "metrics"), "column"),
    "names": "setting",
}


def figure_mistakes(
    study: Study, figures: Sequence[Figure], table: pd.DataFrame | None
) -> list[str]:
    """What is wrong with figures of the study, a sentence each; empty where all can be drawn.

    Args:
        table: of the study, `study.table.example.example_table` before a run. Every figure is
            drawn from it, but not saved, unless it builds models and the table does not know for
            which data (`study.figures.draw.with_shape`); None where none can be made.
    """
    columns = all_columns() | config_columns()
    numeric = [name for name, column in columns.items() if column.is_numeric]
    names = {
        "candidate": list(study.labels()),
        "search": [search.name for search in study.searches],
        "column": numeric,
        "setting": list(dict.fromkeys([*numeric, *config_columns()])),
    }
    return [
        f"figure {figure.name}: {mistake}"
        for figure in figures
        for mistake in _mistakes(figure, names, table)
    ]


def _mistakes(
    figure: Figure, names: Mapping[str, list[str]], table: pd.DataFrame | None
) -> Iterator[str]:
    """What is wrong with one figure; it is drawn only where its kind and options are right."""
    if figure.kind not in FIGURES:
        yield unknown_name("kind", figure.kind, FIGURES)
        return
    kind = FIGURES[figure.kind]
    wrong = [*_option_mistakes(figure, kind), *_name_mistakes(figure.options, names)]
    yield from wrong
    if table is not None and not wrong and (SHAPE in table.attrs or not kind.builds):
        yield from _drawing_mistakes(figure, kind, table)


def _option_mistakes(figure: Figure, kind: FigureKind) -> Iterator[str]:
    """Options that the kind does not take, and those that it lacks, unless one is misspelt."""
    parameters = inspect.signature(kind.frame).parameters.values()
    options = [parameter for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]
    taken = [option.name for option in options]
    unknown = [name for name in figure.options if name not in taken]
    for name in unknown:
        none = f"the kind {figure.kind} takes no options; got {name!r}"
        yield unknown_name(f"an option of the kind {figure.kind}", name, taken) if taken else none
    for option in options:
        misspelt = difflib.get_close_matches(option.name, unknown, n=1, cutoff=NEAR)
        if option.default is option.empty and option.name not in figure.options and not misspelt:
            yield f"the kind {figure.kind} needs the option {option.name}"


def _name_mistakes(options: Mapping[str, Any], names: Mapping[str, list[str]]) -> Iterator[str]:
    """Values of options that name no candidate, search or column."""
    for option, value in options.items():
        if option in NAMES_ONE and value is not None:
            yield from _unknown(option, [value], names[NAMES_ONE[option]])
        elif option in NAMES_SEVERAL and value is not None:
            if isinstance(value, str) or not isinstance(value, Iterable):
                yield f"{option} must be a list of names; got {value!r}"
            else:
                yield from _unknown(option, value, names[NAMES_SEVERAL[option]])


def _unknown(option: str, values: Iterable[Any], known: list[str]) -> Iterator[str]:
    for value in values:
        if value not in known:
            missing = f"{option} is {value!r}, and the study has none"
            yield unknown_name(option, value, known) if known else missing


def _drawing_mistakes(figure: Figure, kind: FigureKind, table: pd.DataFrame) -> Iterator[str]:
    """What the kind's functions raise."""
    try:
        frame = kind.frame(table, **figure.options)
        if not frame.empty:
            with theme():
                canvas = new_figure()
                canvas.set_layout_engine("none")  # which takes half of the time
                kind.draw(frame, canvas)
                add_title(canvas, figure.title, frame.attrs["note"])
                canvas.draw_without_rendering()
            kind.describe(frame)
    except Exception as error:  # noqa: BLE001 - whatever it raises would be missing in the report
        yield describe_error(error)
