"""The records that a task file is made of: baselines, searches, and the study with its claims."""

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from hw3.names import did_you_mean
from study.spec.claim import Claim
from study.spec.field_types import mistakes_of, type_mistakes
from study.spec.figures import FILE_NAME, FILE_NAME_RULE, Figure, default_figures
from study.spec.front import Front
from study.spec.space import Dimension, If, is_searched

T = TypeVar("T")
LISTED, NEAREST = 16, 6  # known names that a message lists at most; those of more that it names
VALIDATION = "val_"  # begins the names of the columns of the validation part
LOSS = f"{VALIDATION}loss"


@dataclass(frozen=True)
class Match:
    """Equal scale: the hyper-parameters `sizes` get the one value that meets a baseline's cost.

    Attributes:
        baseline: the name of the baseline whose cost is to be met.
        measure: one of `hw3.cost.MEASURES`.
        sizes: the hyper-parameters to solve for, all set to the same whole number.
    """

    baseline: str
    measure: str
    sizes: tuple[str, ...]


@dataclass(frozen=True)
class Baseline:
    """A configuration that is named before the run; always confirmed.

    Attributes:
        name: unique in the study; claims refer to it.
        label: what figures and reports call it.
        family: a key of `hw3.models.FAMILIES`.
        config: hyper-parameters that differ from the defaults: the family's own, or the recipe's
            (`hw3.engine.TUNABLE`), such as `learning_rate`.
        match: where given, one size is solved for so that the cost meets another baseline's.
    """

    name: str
    label: str
    family: str
    config: Mapping[str, Any] = field(default_factory=dict)
    match: Match | None = None

    def mistakes(self) -> Iterator[str]:
        """What is wrong with the baseline, a sentence each."""
        if self.match is not None:
            yield from (f"match: {mistake}" for mistake in type_mistakes(self.match))


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


@dataclass(frozen=True)
class Study:
    """A task: its question, what is searched, what is confirmed, and what is claimed.

    Attributes:
        name: the folder of its results, `task_a` for example.
        title, question: for people.
        baselines: configurations that are named before the run.
        searches: each one's choice is confirmed as well.
        claims: written before the run.
        answer: names of the claims that answer the question.
        figures: pictures of the report, the one that answers the question first; if None, the
            default ones (`study.spec.figures.default_figures`).
        data: what it is run on unless another location is given, see `hw3.data.load_splits`; a
            source of the study's own, for example, by its name.
        image_size: side of the images in pixels unless another is given, that of the images as
            they are for example; None for the profile's.
        objective: what every search optimises, of each trial's last epoch: `val_` and a metric of
            `hw3.metrics.METRICS`, which says whether it is minimised or maximised. A trial's best
            epoch is that of least validation loss, whatever the objective.
        tune: nuisance hyper-parameters by name, the model's or the recipe's, which are tuned for
            each candidate of a claim with an equal budget, see `study.search.tuning`. What a
            candidate's configuration says of them, or the default, is the first value that is
            tried.
    """

    name: str
    title: str
    question: str
    baselines: tuple[Baseline, ...]
    searches: tuple[Search, ...] = ()
    claims: tuple[Claim, ...] = ()
    figures: tuple[Figure, ...] = cast(Any, None)
    answer: tuple[str, ...] = ()
    data: str = "phantom"
    image_size: int | None = None
    objective: str = LOSS
    tune: Mapping[str, Dimension] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.figures is None:
            named = {one.name: one.label for one in _of_class(self.baselines, Baseline)}
            searches = _of_class(self.searches, Search)
            tuned = {one.tunes: (one.name, one.label) for one in searches if one.tunes}
            figures = default_figures(named, bool(self.searches or self.tune), tuned)
            object.__setattr__(self, "figures", figures)

    def labels(self) -> dict[str, str]:
        """Label of each candidate by its name: the baselines, then what the searches choose."""
        baselines = {baseline.name: baseline.label for baseline in self.baselines}
        return baselines | self.choices()

    def choices(self) -> dict[str, str]:
        """Label of each candidate that a search chooses, by its name."""
        return {name: label for search in self.searches for name, label in search.choices.items()}

    def search_of(self, candidate: str) -> Search:
        """The search that chooses the candidate of that name.

        Raises:
            KeyError: none does.
        """
        for search in self.searches:
            if candidate in search.choices:
                return search
        raise KeyError(candidate)

    def untuned(self, claim: Claim) -> Claim | None:
        """The same claim about the candidates as they are where it is about tuned ones; None where
        it is not, or is about a candidate and the same one tuned."""
        tuned = {search.name: search.tunes for search in self.searches if search.tunes}
        one, other = (name and tuned.get(name, name) for name in (claim.candidate, claim.versus))
        if one == other or (one, other) == (claim.candidate, claim.versus):
            return None
        return replace(claim, candidate=one, versus=other)

    def trained_for(self, claim: Claim) -> tuple[str, ...]:
        """Names of the candidates that a claim needs: its own and, where these are tuned, the same
        ones as they are."""
        untuned = self.untuned(claim)
        return claim.candidates + (untuned.candidates if untuned else ())

    def mistakes(self) -> Iterator[str]:
        """What is wrong with the study and its records, a sentence each.

        What needs models, metrics or figures to be found is not looked at here, see
        `study.cli.check`.
        """
        if not FILE_NAME.fullmatch(self.name):
            yield f"its name is that of a folder: {FILE_NAME_RULE}; got {self.name!r}"
        choices = [each for search in self.searches for each in search.choices.items()]
        candidates = [*(one.name for one in self.baselines), *(name for name, _ in choices)]
        yield from _repeated("baseline or search", "name", candidates)
        yield from _repeated("claim", "name", [claim.name for claim in self.claims])
        yield from _repeated("figure", "name", [figure.name for figure in self.figures])
        labels = [*(one.label for one in self.baselines), *(label for _, label in choices)]
        yield from _repeated("baseline or search", "label", labels)
        yield from _repeated_claims(self.claims)
        yield from self._unknown_names(candidates)
        for kind, records in self._records().items():
            for record in records:
                yield from (f"{kind} {record.name}: {mistake}" for mistake in mistakes_of(record))

    def sound(self) -> "Study":
        """The study without those records of which something is wrong in itself."""
        baselines, searches, claims, figures = (
            tuple(record for record in records if not mistakes_of(record))
            for records in self._records().values()
        )
        return replace(self, baselines=baselines, searches=searches, claims=claims, figures=figures)

    def _records(self) -> dict[str, tuple[Any, ...]]:
        return {
            "baseline": self.baselines,
            "search": self.searches,
            "claim": self.claims,
            "figure": self.figures,
        }

    def _unknown_names(self, candidates: list[str]) -> Iterator[str]:
        """References of claims and matches to what the study does not have."""
        for claim in self.claims:
            for name in claim.candidates:
                if name not in candidates:
                    yield f"claim {claim.name}: {unknown_name('candidate', name, candidates)}"
        claims = [claim.name for claim in self.claims]
        for name in self.answer:
            if name not in claims:
                yield f"answer: {unknown_name('claim', name, claims)}"
        baselines = [baseline.name for baseline in self.baselines]
        for baseline in self.baselines:
            if baseline.match and baseline.match.baseline not in baselines:
                wrong = unknown_name("match", baseline.match.baseline, baselines)
                yield f"baseline {baseline.name}: {wrong}"


def unknown_name(what: str, name: str, known: Iterable[str]) -> str:
    """The sentence about a name that is none of the known ones, with the nearest one; where they
    are many, with a few near ones in the place of all."""
    known = list(known)
    hint = did_you_mean(name, known)
    if len(known) <= LISTED:
        return f"{what} must be one of {', '.join(known)}; got {name!r}.{hint}"
    nearest = ", ".join(difflib.get_close_matches(str(name), known, n=NEAREST, cutoff=0.0))
    return (
        f"{what} must be one of {len(known)} names; got {name!r}.{hint} The nearest are {nearest}."
    )


def _repeated(what: str, field: str, values: list[Any]) -> Iterator[str]:
    counts = Counter(value for value in values if isinstance(value, str))
    for value in sorted(value for value, count in counts.items() if count > 1):
        yield f"each {what} needs a {field} of its own; {value!r} is there twice"


def _repeated_claims(claims: Iterable[Claim]) -> Iterator[str]:
    """Claims that say the same: each would count in the correction for several claims."""
    seen: list[Claim] = []
    for claim in claims:
        same = next((one for one in seen if one.says_the_same(claim)), None)
        if same is None:
            seen.append(claim)
        else:
            yield f"claim {claim.name}: says what claim {same.name} says; leave one out"


def _of_class(values: Any, kind: type[T]) -> list[T]:
    """Those of the kind, whatever stands in the place of a tuple."""
    values = values if isinstance(values, Iterable) else ()
    return [value for value in values if isinstance(value, kind)]
