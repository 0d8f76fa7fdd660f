"""A search: which hyper-parameters it searches, and what it chooses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from study.spec.field_types import mistakes_of
from study.spec.front import Front
from study.spec.space import Dimension, If, is_searched


@dataclass(frozen=True)
class Search:
    """A search over some hyper-parameters of a family; every search has the same budget.

    Attributes:
        name: unique in the study, among baselines too; claims refer to the configuration that it
            chooses.
        label: what figures and reports call it; the chosen configuration is "LABEL, chosen".
        family: a key of `hw3.models.FAMILIES`.
        space: the searched hyper-parameters, by name, the family's own or the recipe's. Those that
            have a condition (`study.spec.space.If`) stand after what it is about.
        fixed: hyper-parameters held at a value other than the default.
        ties: a name in `space` that sets several hyper-parameters to one value.
        hand_picked: points of `space` that are tried first.
        tunes: of the searches that `Study.tune` adds, the name of the candidate that is tuned.
        front: where given, it searches for the best score at each cost, and its cheapest trial that
            is nearly as good as the best is confirmed, too, as NAME_cheapest.
    """

    name: str
    label: str
    family: str
    space: Mapping[str, Dimension]
    fixed: Mapping[str, Any] = field(default_factory=dict)
    ties: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hand_picked: tuple[Mapping[str, Any], ...] = ()
    tunes: str = ""
    front: Front | None = None

    @property
    def choices(self) -> dict[str, str]:
        """Label of each candidate that it chooses, by its name: the best, then the cheapest."""
        best = {self.name: self.chosen_label}
        return best | ({self.cheapest: f"{self.label}, cheapest"} if self.front else {})

    @property
    def cheapest(self) -> str:
        """The name of the cheapest candidate, of a search with a front."""
        return f"{self.name}_cheapest"

    @property
    def chosen_label(self) -> str:
        """What figures and reports call the configuration that the search chooses."""
        return self.label if self.tunes else f"{self.label}, chosen"

    @property
    def searched(self) -> set[str]:
        """The hyper-parameters that may differ between its trials."""
        return {one for name in self.space for one in self.ties.get(name, (name,))}

    @property
    def names(self) -> set[str]:
        """The hyper-parameters that it searches or fixes."""
        return {*self.fixed, *self.searched}

    def config(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The hyper-parameters at a point of the space that may differ from the defaults."""
        values = dict(self.fixed)
        for name, value in params.items():
            values.update(dict.fromkeys(self.ties.get(name, (name,)), value))
        return values

    def point(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The point of the space at these values, without those that are not searched there."""
        point: dict[str, Any] = {}
        for name, dimension in self.space.items():
            if is_searched(dimension, point):
                point[name] = values[name]
        return point

    def corners(self) -> Iterator[dict[str, Any]]:
        """Points of the space that together hold every dimension's least and greatest value."""
        grids = {name: dimension.grid(2) for name, dimension in self.space.items()}
        longest = max(map(len, grids.values()), default=0)
        for place in range(longest):
            yield self.point(
                {name: values[min(place, len(values) - 1)] for name, values in grids.items()}
            )
        first = {name: values[0] for name, values in grids.items()}
        for name, dimension in self.space.items():
            if isinstance(dimension, If):
                for value in grids[name]:
                    yield self.point(first | self._condition_of(name) | {name: value})

    def middle(self) -> dict[str, Any]:
        """The middle of the space."""
        grids = {name: dimension.grid(3) for name, dimension in self.space.items()}
        return self.point({name: values[len(values) // 2] for name, values in grids.items()})

    def mistakes(self) -> Iterator[str]:
        """What is wrong with the search, a sentence each."""
        if not self.space:
            yield "the space needs at least one hyper-parameter"
        if self.front is not None:
            yield from (f"front: {mistake}" for mistake in mistakes_of(self.front))
        wrong = [
            f"{name}: {mistake}"
            for name, dimension in self.space.items()
            for mistake in mistakes_of(dimension)
        ]
        yield from wrong or self._condition_mistakes()
        for name in set(self.ties) - set(self.space):
            yield f"ties may name {list(self.space)}; got {name}"
        if not wrong:
            yield from self._point_mistakes()

    def _condition_of(self, name: str) -> dict[str, Any]:
        """Values of others where the hyper-parameter is searched."""
        values: dict[str, Any] = {}
        while isinstance(dimension := self.space[name], If):
            name = dimension.other
            values[name] = dimension.allowed(self.space[name])[-1]
        return values

    def _condition_mistakes(self) -> Iterator[str]:
        before: list[str] = []
        for name, dimension in self.space.items():
            if isinstance(dimension, If):
                if dimension.other not in before:
                    places = ", ".join(before) or "nothing"
                    yield (
                        f"{name}: its condition must be about what stands before it in the space, "
                        f"{places}; got {dimension.other!r}"
                    )
                elif not dimension.allowed(self.space[dimension.other]):
                    is_what = f"{dimension.other} is {self.space[dimension.other].describe()}"
                    yield f"{name} is never searched: {dimension.describe()}; {is_what}"
            before.append(name)

    def _point_mistakes(self) -> Iterator[str]:
        for params in self.hand_picked:
            names = [name for name, one in self.space.items() if is_searched(one, params)]
            if set(params) != set(names):
                yield f"a hand-picked point must set {names}; got {list(params)}"
                continue
            for name, value in params.items():
                if not self.space[name].contains(value):
                    rule = self.space[name].describe()
                    yield f"a hand-picked {name} must be {rule}; got {value!r}"
