"""Nuisance hyper-parameters: each candidate of a claim at the values that suit it.

One model may be better than another only because the learning rate that they share suits it.
`Study.tune` names such hyper-parameters. Each candidate of a claim then gets a search that tunes
them, and the claim is judged on what these searches choose. Beside that stands what it says of the
candidates as they are (`Study.untuned`), and whether the verdict hangs on the tuning.

The budget is equal: one search for each candidate, all with the same number of trials, in which the
candidate as it is comes first. What one of the study's own searches varies is searched together
with what is tuned. Were its winner tuned afterwards, it would be the one that the shared values
suit best, and would have had twice the trials of a baseline. As its trials are spread over more
hyper-parameters, an equal number of them counts against a search, never for it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, cast

from hw3.engine import TUNABLE
from hw3.models import FAMILIES
from hw3.shape import Shape
from study.search.hyperparameters import complete_values
from study.search.matching import solved_config
from study.spec.baseline import Baseline
from study.spec.claim import Claim
from study.spec.field_types import mistakes_of, type_mistakes
from study.spec.search import Search
from study.spec.space import If
from study.spec.study import Study, unknown_name

TUNED = "_tuned"  # ends the name of a candidate that is tuned
Member = Baseline | Search


def tuned_study(study: Study) -> Study:
    """The study with a search that tunes each candidate of a claim, and its claims about what these
    choose. The study itself where it tunes nothing, has these searches already, or has mistakes.

    Claims that were made at a scale stay as they are, since what was said is about the recipe of
    that time; so do those about the cheapest candidate of a search, and those that name a tuned
    candidate themselves, NAME_tuned.
    """
    if not study.tune or _has_mistakes(study) or any(one.tunes for one in study.searches):
        return study
    found = [_tuned(member, study) for member in _members(study)]
    searches = [search for search in found if search is not None]
    names = {search.tunes: search.name for search in searches}
    claims = tuple(
        _renamed(claim, names) if _is_to_tune(claim, study) else claim for claim in study.claims
    )
    tuned = replace(study, searches=(*study.searches, *searches), claims=claims)
    has_default_figures = study.figures == replace(study, figures=cast(Any, None)).figures
    return replace(tuned, figures=cast(Any, None)) if has_default_figures else tuned


def planned_study(study: Study, shape: Shape) -> Study:
    """The `tuned_study` on data of this shape: a baseline of equal scale is tuned at the size that
    it has there."""
    study = tuned_study(study)
    if not study.tune or _has_mistakes(study):
        return study
    by_name = {baseline.name: baseline for baseline in study.baselines}

    def sized(search: Search) -> Search:
        baseline = by_name.get(search.tunes)
        if baseline is None or baseline.match is None:
            return search
        try:
            config = solved_config(baseline, by_name, shape)
        except (KeyError, ValueError):  # no such baseline or measure, a mistake of its own
            return search
        sizes = {name: config[name] for name in baseline.match.sizes}
        return replace(search, fixed={**search.fixed, **sizes})

    return replace(study, searches=tuple(map(sized, study.searches)))


def tune_mistakes(study: Study) -> list[str]:
    """What is wrong with what the study tunes, a sentence each.

    Args:
        study: its records have no mistakes in themselves, see `Study.sound`.
    """
    if not study.tune:
        return []
    mistakes = [
        f"{name}: {mistake}"
        for name, dimension in study.tune.items()
        for mistake in mistakes_of(dimension)
    ]
    members = [one for one in _members(study) if one.family in FAMILIES]
    if not any(claim.scale is None for claim in study.claims):
        mistakes.append("no claim has candidates to tune (one with a scale stays as it was said)")
    mistakes = mistakes or _unknown_names(study, members)
    mistakes = mistakes or [each for one in members for each in _member_mistakes(one, study)]
    return [f"tune: {mistake}" for mistake in mistakes or _equal_when_tuned(study)]


def _has_mistakes(study: Study) -> bool:
    return bool(list(type_mistakes(study))) or study.sound() != study


def _is_to_tune(claim: Claim, study: Study) -> bool:
    members = {member.name for member in (*study.baselines, *study.searches)}
    return claim.scale is None and set(claim.candidates) <= members


def _members(study: Study) -> list[Member]:
    """The baselines and searches that are tuned."""
    own = study.labels()
    named: set[str] = set()
    for claim in study.claims:
        if _is_to_tune(claim, study):
            named.update(claim.candidates)
        else:
            named.update(one.removesuffix(TUNED) for one in claim.candidates if one not in own)
    return [one for one in (*study.baselines, *study.searches) if one.name in named]


def _tuned(member: Member, study: Study) -> Search | None:
    """The search that tunes it; None where its configuration is none, or has nothing to tune."""
    config = member.config if isinstance(member, Baseline) else member.fixed
    try:
        own = complete_values(member.family, config)
    except ValueError:  # which is a mistake of its own
        return None
    tuned = {name: one for name, one in study.tune.items() if name in own or name in TUNABLE}
    if not tuned:
        return None
    # where a condition does not hold, its hyper-parameter is what it is without the tuning
    kept = {name: v for name, v in config.items() if isinstance(tuned.get(name), If | None)}
    name = member.name + TUNED
    if isinstance(member, Baseline):
        label, points = f"{member.label}, tuned", ({},)
        search = Search(name, label, member.family, tuned, kept, tunes=member.name)
    else:
        label, points = f"{member.chosen_label} and tuned", member.hand_picked
        space = {**member.space, **tuned}
        search = Search(
            name, label, member.family, space, kept, ties=member.ties, tunes=member.name
        )
    # one that follows from the number of epochs is not known here
    known = points if tuned.keys() <= own.keys() else ()
    return replace(search, hand_picked=tuple(search.point({**own, **one}) for one in known))


def _renamed(claim: Claim, names: Mapping[str, str]) -> Claim:
    """The claim about what tunes its candidates.

    Args:
        names: of the searches, by the candidate's.
    """
    versus = claim.versus and names.get(claim.versus, claim.versus)
    return replace(claim, candidate=names.get(claim.candidate, claim.candidate), versus=versus)


def _unknown_names(study: Study, members: list[Member]) -> list[str]:
    models = {name for member in members for name in _of_models(member.family)}
    known = [*TUNABLE, *sorted(models - {*TUNABLE})]
    return [
        unknown_name("a name", name, known) for name in study.tune if members and name not in known
    ]


def _of_models(family: str) -> set[str]:
    return {item.name for item in fields(FAMILIES[family].config)}


def _member_mistakes(member: Member, study: Study) -> Iterator[str]:
    what = f"{'baseline' if isinstance(member, Baseline) else 'search'} {member.name}"
    if isinstance(member, Search):
        twice = sorted({*member.searched, *member.space} & study.tune.keys())
        if twice:
            yield f"{what} searches {', '.join(twice)} itself; leave it out of one of the two"
            return
    elif member.match is not None:
        yield from (f"{what} {mistake}" for mistake in _match_mistakes(member, study))
    search = _tuned(member, study)
    if search is None and not study.tune.keys() & {*_of_models(member.family), *TUNABLE}:
        yield f"{what} has no {', '.join(study.tune)}, so it would be compared untuned"
    points = search.hand_picked if search is not None else ()
    for name, dimension in study.tune.items():
        for value in {point[name]: None for point in points if name in point}:
            if not dimension.contains(value):
                rule = dimension.describe()
                yield f"{what} has {name} = {value}, which must be among what is tried: {rule}"


def _match_mistakes(member: Baseline, study: Study) -> Iterator[str]:
    """A cost that is met must not change by the tuning of either side."""
    assert member.match is not None
    other = next((one for one in study.baselines if one.name == member.match.baseline), member)
    families = {one.family for one in (member, other)} & FAMILIES.keys()
    of_models = {name for family in families for name in _of_models(family)} & study.tune.keys()
    if of_models:
        names = ", ".join(sorted(of_models))
        yield f"is matched with {other.name}, so only their recipe can be tuned; got {names}"


def _equal_when_tuned(study: Study) -> Iterator[str]:
    """Claims that compare what differs in nothing but what is tuned."""
    members = {member.name: member for member in _members(study)}
    for claim in study.claims:
        if claim.versus is None or not _is_to_tune(claim, study):
            continue
        one, other = (_identity(members[name], study) for name in claim.candidates)
        if one is not None and one == other:
            names = ", ".join(study.tune)
            yield (
                f"claim {claim.name} compares {claim.candidate} with {claim.versus}, which differ "
                f"in nothing but what is tuned, {names}"
            )


def _identity(member: Member, study: Study) -> Any:
    """What two members have in common that are the same when they are tuned."""
    search = _tuned(member, study)
    match = member.match if isinstance(member, Baseline) else None
    return search and (replace(search, name="", label="", hand_picked=(), tunes=""), match)
