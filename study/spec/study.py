"""The record that a task file is made of: baselines, searches, claims and figures."""

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from hw3.names import did_you_mean
from study.spec.baseline import Baseline
from study.spec.claim import Claim
from study.spec.field_types import mistakes_of
from study.spec.figures import FILE_NAME, FILE_NAME_RULE, Figure, default_figures
from study.spec.search import Search
from study.spec.space import Dimension

T = TypeVar("T")
LISTED, NEAREST = 16, 6  # known names that a message lists at most; those of more that it names
VALIDATION = "val_"  # begins the names of the columns of the validation part
LOSS = f"{VALIDATION}loss"


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
