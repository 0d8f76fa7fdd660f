"""The pictures of a report: the record of one, and the set that suits most studies."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

FILE_NAME = re.compile(r"[A-Za-z0-9_-]+")
FILE_NAME_RULE = "letters, digits, - and _ only"


@dataclass(frozen=True)
class Figure:
    """A picture of the report.

    Attributes:
        name: stem of its files.
        kind: a key of `study.figures.kinds.FIGURES`.
        title: what it shows.
        options: keyword arguments of the kind's frame function (candidates, metrics, …).
    """

    name: str
    kind: str
    title: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def mistakes(self) -> Iterator[str]:
        """What is wrong with the figure's own fields, a sentence each."""
        if not FILE_NAME.fullmatch(self.name):
            yield f"its name is that of files: {FILE_NAME_RULE}; got {self.name!r}"

    @classmethod
    def curves(
        cls, name: str, candidate: str, title: str, levels: Mapping[str, Mapping[str, float]]
    ) -> "Figure":
        """A candidate's accuracy and loss over epochs.

        Args:
            levels: what was said about them, drawn as lines: name -> column -> value.
        """
        return cls(name, "curves", title, {"candidate": candidate, "levels": levels})


def standard_figures(
    drawn: Sequence[str],
    has_search: bool = True,
    architecture: str = "The architectures, layer by layer",
    names: Mapping[str, str] | None = None,
) -> tuple[Figure, ...]:
    """The figures that suit most studies: comparison, architectures, and what the search did.

    Args:
        drawn: names of the candidates whose architectures are drawn; the others are compared with
            the first.
        has_search: whether the study searches anything.
        architecture: title of that figure.
        names: config column -> what the figures of the search call it, where its own name does not
            say enough.
    """
    named = {"names": names} if names else {}
    of_candidates = (
        Figure("comparison", "comparison", "Accuracy of every candidate"),
        Figure("architecture", "architecture", architecture, {"candidates": tuple(drawn)}),
    )
    of_searches = (
        Figure("search", "search", "The search: best so far over epochs spent"),
        Figure("slices", "slices", "The search: each hyper-parameter", named),
        Figure("importance", "importance", "The search: which hyper-parameters matter", named),
        Figure("rungs", "rungs", "The search: how well ASHA's rungs predict the end"),
    )
    return of_candidates + of_searches * has_search


def default_figures(
    baselines: Mapping[str, str], has_search: bool, tuned: Mapping[str, tuple[str, str]] = {}
) -> tuple[Figure, ...]:
    """What a study shows that names no figures: accuracy against cost, every baseline over its
    epochs, the standard figures, and calibration.

    Args:
        baselines: label of each by its name.
        has_search: whether the study searches anything.
        tuned: name and label of the tuned candidate in whose place each baseline's is.
    """
    shown = dict(tuned.get(name, (name, label)) for name, label in baselines.items())
    costs = {"y": "val_accuracy", "xs": ("parameters", "multiply_adds")}
    return (
        Figure("answer", "pareto", "Accuracy against parameters and multiply-adds", costs),
        *(
            Figure(f"curves_{name}", "curves", f"{label} over epochs", {"candidate": name})
            for name, label in shown.items()
        ),
        *standard_figures(list(baselines), has_search),
        Figure("calibration", "calibration", "How often models are right, by how sure they are"),
    )
