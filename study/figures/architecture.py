"""Architectures layer by layer.

The layers are traced from the modules themselves: nothing here knows what a family is made of.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from hw3.engines import ENGINE, engine_of
from hw3.layers import Layer, meta_model, trace_layers
from hw3.models import FAMILIES, Shape, make_architecture
from hw3.shape import grey_images
from study.figures.theme import COLOURS, FAINT, INK, add_legend, wrap_label
from study.table.seeds import confirmed

SHAPE = "shape"  # of the table's attributes: what the models take and give, see `hw3.shape`
FRAME = ("candidate", "label", "order", "row", "kind", "detail", "shape", "parameters", "changed")
ACROSS = 2  # candidates beside each other
ROW, BOX = 0.29, 0.74  # inches per layer; the box's share of it
SIZE = 10  # of the text in points
MUTED = "#5c5c5c"  # of text that heads a column
FILL, EMPTY = (*COLOURS[0], 0.22), "white"
OUTLINES = {
    "": {"edgecolor": FAINT, "linewidth": 0.8},
    "changed": {"edgecolor": COLOURS[3], "linewidth": 2.4, "linestyle": (0, (3, 1.2))},
    "new": {"edgecolor": COLOURS[3], "linewidth": 2.4},
}


def frame_of_architecture(table: pd.DataFrame, *, candidates: Sequence[str]) -> pd.DataFrame:
    """The layers of each candidate's model; empty unless all of them were confirmed.

    Args:
        candidates: their names; the first is what the others are compared with.

    Returns:
        The columns of FRAME, one row per layer. `order` counts the layers of a candidate from 1 in
        the order of their computation; `row` is the height at which one is drawn, the same for
        layers that stand for each other. `shape` is of the output for one example. `changed` is
        "new" or "changed" (another size, rate or number of parameters) against the first
        candidate; only models of one family are compared.
    """
    rows = confirmed(table).drop_duplicates("candidate").to_dict("records")
    trials: dict[str, dict[str, Any]] = {str(row["candidate"]): dict(row) for row in rows}
    if not set(candidates) <= set(trials):
        return pd.DataFrame(columns=list(FRAME))
    others = [str(trials[name]["label"]) for name in candidates if not _is_module(trials[name])]
    if others:
        empty = pd.DataFrame(columns=list(FRAME))
        empty.attrs["found"] = f"another engine trains {', '.join(others)}"
        return empty
    first = trials[candidates[0]]
    shape = table.attrs.get(SHAPE) or grey_images(int(first["image_size"]))
    old = _layers(first, shape)
    compared = [
        _compare(
            _layers(trials[name], shape), old if trials[name]["family"] == first["family"] else None
        )
        for name in candidates
    ]
    rows_of = {slot: row for row, slot in enumerate(sorted({s for c in compared for s in c.slots}))}
    frame = pd.DataFrame(
        [
            {"candidate": name, "label": trials[name]["label"], "order": place + 1}
            | {"row": rows_of[one.slots[place]]}
            | _layer_row(layer)
            | {"changed": one.changes[place]}
            for name, one in zip(candidates, compared, strict=True)
            for place, layer in enumerate(one.layers)
        ],
        columns=list(FRAME),
    )
    inputs = "×".join(map(str, shape.inputs))
    frame.attrs |= {"note": _note(frame, shape), "input": inputs, "of": _name_of(shape)}
    return frame


def _is_module(trial: Mapping[str, Any]) -> bool:
    """Whether it is one of PyTorch's, whose layers can be traced."""
    return engine_of(str(trial["family"])) is ENGINE


def _name_of(shape: Shape) -> str:
    return "image" if shape.is_image else "input"


@dataclass(frozen=True)
class _Compared:
    """A model's layers, and for each its slot (`_slots`) and what became of it (`_change`)."""

    layers: list[Layer]
    slots: list[tuple[int, int]]
    changes: list[str]


def _compare(layers: list[Layer], old: Sequence[Layer] | None) -> _Compared:
    """The layers against those of the first model; by themselves where it is of another family."""
    if old is None:
        return _Compared(layers, _slots(range(len(layers))), [""] * len(layers))
    partners = _partners(old, layers)
    changes = [
        _change(layer, None if place is None else old[place])
        for layer, place in zip(layers, partners, strict=True)
    ]
    return _Compared(layers, _slots(partners), changes)


def _layers(trial: Mapping[str, Any], shape: Shape) -> list[Layer]:
    """The layers of a confirmed trial's model, without those that do nothing."""
    family = trial["family"]
    values: dict[str, Any] = {
        item.name: _as_type_of(item.default, trial[f"config_{item.name}"])
        for item in fields(FAMILIES[family].config)
    }
    layers = trace_layers(meta_model(make_architecture(family, values, shape)), shape)
    return [layer for layer in layers if not _does_nothing(layer)]


def _does_nothing(layer: Layer) -> bool:
    """Whether it is a dropout of rate 0."""
    return "Dropout" in layer.kind and layer.detail == "0"


def _as_type_of(default: Any, cell: Any) -> Any:
    """The table's cell as the hyper-parameter's value: the column is text where families mean
    different things by a name."""
    return str(cell) == "True" if isinstance(default, bool) else type(default)(cell)


def _partners(old: Sequence[Layer], new: Sequence[Layer]) -> list[int | None]:
    """For each new layer the place of the old one that it stands for.

    The last ones, which give the logit, are a pair, so that a longer head is layers before them.
    """
    kinds = [[layer.kind for layer in layers[:-1]] for layers in (old, new)]
    partners: list[int | None] = [None] * (len(new) - 1)
    for block in SequenceMatcher(None, *kinds, autojunk=False).get_matching_blocks():
        partners[block.b : block.b + block.size] = range(block.a, block.a + block.size)
    return [*partners, len(old) - 1]


def _slots(partners: Sequence[int | None]) -> list[tuple[int, int]]:
    """Where each layer stands: the old layer that it is or follows, and how far after it."""
    slots: list[tuple[int, int]] = []
    after, step = -1, 0
    for partner in partners:
        after, step = (after, step + 1) if partner is None else (partner, 0)
        slots.append((after, step))
    return slots


def _layer_row(layer: Layer) -> dict[str, Any]:
    shape = "×".join(str(side) for side in layer.shape)
    return vars(layer) | {"shape": shape}


def _change(layer: Layer, old: Layer | None) -> str:
    """What became of the old layer that this one stands for: "new" where it stands for none.

    A shape that follows from an earlier layer is no change.
    """
    if old is None:
        return "new"
    same = (layer.detail, layer.parameters) == (old.detail, old.parameters)
    return "" if same else "changed"


def _note(frame: pd.DataFrame, shape: Shape) -> str:
    size = "×".join(map(str, shape.inputs[1:]))
    at = f"at {size} pixels, " if shape.is_image else ""
    note = f"Traced from the trained modules {at}in the order computed"
    kinds = [kind for _, rows in frame.groupby("candidate", sort=False) for kind in rows["kind"]]
    if ("MaxPool2d", "ReLU") in pairwise(kinds):
        note += "; ReLU after max-pooling gives what ReLU before it gives"
    return note


def draw_architecture(frame: pd.DataFrame, figure: Figure) -> None:
    """One column of boxes per candidate, from the image down to the logit."""
    candidates = list(frame.groupby("candidate", sort=False))
    across = min(ACROSS, len(candidates))
    down = -(-len(candidates) // across)
    rows = len(set(frame["row"]))
    figure.set_figheight(down * (ROW * (rows + 2) + 0.35))
    grid = figure.subplots(down, across, squeeze=False)
    for ax in grid.flat:
        ax.set_axis_off()
        ax.set(xlim=(0, 1), ylim=(rows - 0.4, -2.0))
    for ax, (_, layers) in zip(grid.flat, candidates, strict=False):
        _draw_column(ax, layers, (frame.attrs["of"], frame.attrs["input"]))
    marks = {
        "layer with parameters": Patch(facecolor=FILL, **OUTLINES[""]),
        "layer without": Patch(facecolor=EMPTY, **OUTLINES[""]),
    }
    first = frame["label"].iloc[0]
    for change in ("new", "changed"):
        if change in set(frame["changed"]):
            marks[f"{change} against {first}"] = Patch(facecolor=EMPTY, **OUTLINES[change])
    add_legend(figure, marks)


def describe_architecture(frame: pd.DataFrame) -> str:
    """The size of each model in words, and how it differs from the first."""
    said = []
    for _, layers in frame.groupby("candidate", sort=False):
        total = f"{len(layers)} layers, {layers['parameters'].sum():,} parameters"
        marked = layers.loc[layers["changed"] != ""]
        changes = [
            f"{row['changed']} {_name(row)} at place {row['order']}"
            for row in marked.to_dict("records")
        ]
        said.append(f"{layers['label'].iloc[0]}: {'; '.join([total, *changes])}.")
    return " ".join(said)


def _name(layer: dict) -> str:
    return f"{layer['kind']} {layer['detail']}".rstrip()


def _draw_column(ax: Axes, layers: pd.DataFrame, given: tuple[str, str]) -> None:
    """Title, heads of the columns, and one box per layer with a line to the next one."""
    total = f"{layers['parameters'].sum():,} parameters"
    ax.set_title(f"{wrap_label(layers['label'].iloc[0], 40)}\n{total}", fontsize=11)
    _write(ax, -1.55, ("layer", "output", "parameters"), MUTED)
    _write(ax, -0.85, (*given, ""), INK)
    above = -0.85
    for layer in layers.to_dict("records"):
        row = layer["row"]
        ax.plot([0.5, 0.5], [above + BOX / 2, row - BOX / 2], color=FAINT, linewidth=1, zorder=0)
        _draw_layer(ax, layer)
        above = row


def _draw_layer(ax: Axes, layer: dict) -> None:
    box = Rectangle(
        (0.005, layer["row"] - BOX / 2),
        *(0.99, BOX),
        facecolor=FILL if layer["parameters"] else EMPTY,
        **OUTLINES[layer["changed"]],
    )
    ax.add_patch(box)
    count = f"{layer['parameters']:,}" if layer["parameters"] else ""
    _write(ax, layer["row"], (_name(layer), layer["shape"], count), INK)


def _write(ax: Axes, row: float, texts: tuple[str, str, str], color: str) -> None:
    """Name left, shape and number right-aligned in their columns."""
    for text, x, side in zip(texts, (0.025, 0.72, 0.975), ("left", "right", "right"), strict=True):
        ax.text(x, row, text, ha=side, va="center_baseline", fontsize=SIZE, color=color)
