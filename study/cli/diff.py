"""`python -m study diff`: what changed between two runs of a study, and why it may have."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from rich.console import Console

from hw3.files import UnusableFile
from hw3.text import count_of
from study.cli.columns import flatten, print_columns, print_heading, print_plain
from study.search.plan import PLAN, Plan
from study.search.saved import saved_plan
from study.spec.errors import StudyError
from study.store.folder import Folder
from study.store.open import open_folder
from study.store.reading import MAX_BYTES, Damaged, parse_json

VERDICTS = "verdicts.json"
# Fields of a verdict that are needed.
NEEDED = ("claim", "tested", "verdict", "effect", "unit", "held", "n_seeds")
# What a claim says, of a verdict's fields; its label and citation change nothing.
SAID = ("tested", "margin", "one_sided", "about", "scale")
UNKNOWN = "–"
Row = tuple[str, ...]  # name, what of it, and the first and the second side's value
Facts = dict[str, dict[str, Any]]  # name -> value, by what they are of


@dataclass(frozen=True)
class Side:
    """One of the two runs.

    Attributes:
        place: its folder, for people.
        verdicts: of its report, by claim; empty where it has none yet.
        plan: of its last run; None where only its report was kept.
    """

    place: str
    verdicts: Mapping[str, Mapping[str, Any]]
    plan: Plan | None


def diff(first: str, second: str, name: str | None, console: Console) -> None:
    """Say for each study that both have which verdicts, effects and settings differ.

    Args:
        first, second: a results folder, a study's folder in one, or a file of such a folder.
        name: of the study; all that both have if None.

    Raises:
        StudyError: there is no report or plan, they have no study in common, or a file is damaged.
        OSError: one cannot be read.
    """
    found = [_studies(location, name) for location in (first, second)]
    common = _common(found, (first, second))
    for mine, other in common:
        _diff_study(_read(found[0][mine]), _read(found[1][other]), mine, console)


def _studies(location: str, name: str | None) -> dict[str, Folder]:
    """The folders of the studies at a location, by name.

    Raises:
        StudyError: there is none.
    """
    path, suffix = PurePosixPath(location), (".json", ".html", ".md", ".csv", ".parquet")
    folder = open_folder(location[: -len(path.name)] or "." if path.suffix in suffix else location)
    if _is_study(folder):
        return {PurePosixPath(str(folder)).name or str(folder): folder}
    inside = {each: folder / each for each in folder.folders()}
    found = {each: one for each, one in inside.items() if _is_study(one)}
    if name is not None and found:
        if name not in found:
            raise StudyError(f"{folder} has no study {name}; it has {', '.join(found)}")
        return {name: found[name]}
    if not found:
        raise StudyError(
            f"{folder} holds neither {VERDICTS} nor {PLAN}, nor a folder that does. Name a results "
            "folder, a study's folder in one, or a file of such a folder"
        )
    return found


def _is_study(folder: Folder) -> bool:
    return folder.has(VERDICTS) or folder.has(PLAN)


def _common(
    found: Sequence[Mapping[str, Folder]], locations: Sequence[str]
) -> list[tuple[str, str]]:
    """The names of the studies to compare, in the first and in the second location. Two that are
    alone are compared whatever their folders are called: one was copied, perhaps."""
    names = [(name, name) for name in found[0] if name in found[1]]
    if not names and len(found[0]) == len(found[1]) == 1:
        return [(next(iter(found[0])), next(iter(found[1])))]
    if not names:
        held = "; ".join(
            f"{location} has {', '.join(those)}"
            for location, those in zip(locations, found, strict=True)
        )
        raise StudyError(f"two runs of one study are compared, and there is none in both: {held}")
    return names


def _read(folder: Folder) -> Side:
    """What a study's folder holds.

    Raises:
        StudyError: a file of it is damaged.
    """
    try:
        content = folder.read(VERDICTS, MAX_BYTES)
        listed = [] if content is None else _verdicts(parse_json(content))
    except (Damaged, UnusableFile) as error:
        raise StudyError(
            f"{folder}/{VERDICTS} is damaged or of another version ({error}). report writes it "
            "again from the records"
        ) from error
    return Side(str(folder), {one["claim"]: one for one in listed}, saved_plan(folder))


def _verdicts(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise Damaged("must be a list of verdicts")
    for one in value:
        missing = set(NEEDED) - set(one) if isinstance(one, dict) else set(NEEDED)
        if missing:
            raise Damaged(f"holds a verdict without {', '.join(sorted(missing))}")
    return value


def _diff_study(first: Side, second: Side, name: str, console: Console) -> None:
    """Print what differs of one study, in a sentence where that is nothing."""
    plans = [side.plan for side in (first, second) if side.plan]
    names = {plan.study.name for plan in plans}
    if len(names) > 1:
        raise StudyError(
            f"two runs of one study are compared, and these are of {' and of '.join(sorted(names))}"
        )
    verdicts, claims = list(_changed_verdicts(first, second)), list(_changed_claims(first, second))
    settings = list(_changed_settings(*plans)) if len(plans) == 2 else []
    title = f"{next(iter(names), name)}: {first.place} and {second.place}"
    if not (verdicts or claims or settings):
        print_plain(console, f"{title}: nothing changed{_unknown(plans)}")
        return
    print_heading(console, title)
    for what, rows in (("verdicts", verdicts), ("claims", claims), ("settings", settings)):
        if rows:
            print_columns(console, (what, "", "first", "second"), rows)
    print_plain(console, _how_many(verdicts, first, second))
    print_plain(console, _why(verdicts, claims, settings, plans))


def _unknown(plans: Sequence[Plan]) -> str:
    return "" if len(plans) == 2 else f"; of settings nothing is known without {PLAN} on both sides"


def _how_many(changed: Sequence[Row], first: Side, second: Side) -> str:
    """How many verdicts read as before."""
    common, named = len(first.verdicts.keys() & second.verdicts.keys()), {row[0] for row in changed}
    equal = common - len(named - {""})
    agree = common - sum(row[1] == "verdict" for row in changed)
    both = f"Of {count_of(common, 'claim')} that both have"
    return f"{both}, {agree} got the same verdict, {equal} with the same numbers."


def _changed_verdicts(first: Side, second: Side) -> Iterator[Row]:
    """What reads otherwise of claims that both have: verdict, effect, or in how many trainings it
    held; the claim's name stands in the first line of it."""
    for name, one in first.verdicts.items():
        other = second.verdicts.get(name)
        if other is None:
            continue
        label = name
        for what, here in _words(one).items():
            there = _words(other)[what]
            if here != there:
                yield label, what, here, there
                label = ""


def _words(verdict: Mapping[str, Any]) -> dict[str, str]:
    """Verdict, effect with its interval, and in how many trainings the claim held."""
    held = f"{verdict['held']} of {verdict['n_seeds']}"
    return {"verdict": str(verdict["verdict"]), "effect": _effect(verdict), "held in": held}


def _effect(verdict: Mapping[str, Any]) -> str:
    numbers = [verdict.get(name) for name in ("effect", "ci_low", "ci_high")]
    effect, *ends = (_number(value, verdict) for value in numbers)
    unit = {"share": "percentage points" if _is_difference(verdict) else "%", "ratio": "times"}
    if effect == UNKNOWN:
        return UNKNOWN
    said = f"{effect} {unit.get(verdict['unit'], verdict['unit'])}".rstrip()
    return said if UNKNOWN in ends else f"{said} ({ends[0]} to {ends[1]})"


def _number(value: Any, verdict: Mapping[str, Any]) -> str:
    if not isinstance(value, int | float) or not math.isfinite(value):
        return UNKNOWN
    sign = "+" if _is_difference(verdict) else ""
    if verdict["unit"] == "share":
        said = f"{100 * value:{sign}z.1f}"
    else:
        said = f"{value:{sign}z.3f}" if verdict["unit"] == "nats" else f"{value:{sign}.3g}"
    return said.replace("-", "−")


def _is_difference(verdict: Mapping[str, Any]) -> bool:
    """Whether two candidates are compared: of these the sentence has another's score."""
    return verdict["unit"] != "ratio" and " that of " in str(verdict["tested"])


def _changed_claims(first: Side, second: Side) -> Iterator[Row]:
    if not (first.verdicts and second.verdicts):
        return
    for name in dict.fromkeys((*first.verdicts, *second.verdicts)):
        one, other = first.verdicts.get(name), second.verdicts.get(name)
        if one is None or other is None:
            how = "added" if one is None else "dropped"
            yield name, how, *(str(each["tested"]) if each else UNKNOWN for each in (one, other))
        elif any(one.get(part) != other.get(part) for part in SAID):
            yield name, "changed", str(one["tested"]), str(other["tested"])


def _changed_settings(first: Plan, second: Plan) -> Iterator[Row]:
    """What the settings are of, their names, and both values."""
    sides = _facts(first), _facts(second)
    for what in sides[0]:
        here, there = (flatten(side[what]) for side in sides)
        for name in dict.fromkeys((*here, *there)):
            one, other = (_short(side.get(name, UNKNOWN)) for side in (here, there))
            if one != other:
                yield what, name.replace("_", " "), one, other


def _facts(plan: Plan) -> Facts:
    """All that decides a run, by what it is of."""
    setting, budget, origin = asdict(plan.setting), asdict(plan.budget), dict(plan.provenance)
    seeds = {"base": setting.pop("seed"), "number": budget.pop("seeds")}
    seeds |= {"first look": budget.pop("first_seeds") or seeds["number"]}
    code = {"training": setting.pop("code"), "splits": setting.pop("resampling")}
    code |= {"metric": setting.pop("measured"), "commit": origin.get("commit")}
    del setting["data"], setting["trials"], setting["image_size"], budget["phantoms"]
    counts = {part: sum(of.values()) for part, of in plan.data.counts.items()}
    return {
        "data": {
            "source": plan.data.source,
            "fingerprint": plan.data.fingerprint,
            "examples": counts,
        },
        "code": code | {"uncommitted changes": origin.get("dirty")},
        "seeds": seeds,
        "budget": budget,
        "training": setting,
        "versions": {"python": origin.get("python"), **origin.get("versions", {})},
    }


def _short(value: Any) -> str:
    """A commit or fingerprint by its first digits."""
    text = UNKNOWN if value in (None, "") else str(value)
    return text[:12] if len(text) > 16 and text.isalnum() else text


def _why(
    verdicts: Sequence[Any],
    claims: Sequence[Any],
    settings: Sequence[Sequence[str]],
    plans: Sequence[Plan],
) -> str:
    """What may be the reason, of all that decides verdicts."""
    reasons = list(dict.fromkeys(row[0] for row in settings)) + ["claims"] * bool(claims)
    if not verdicts:
        return f"No verdict changed, though these did: {', '.join(reasons)}."
    if reasons:
        return f"Verdicts and effects may differ because of {', '.join(reasons)}{_unknown(plans)}."
    if len(plans) < 2:
        return f"Why is not known without {PLAN} on both sides."
    return (
        "No setting and no claim differs: one of the two lacks trainings, or judged by other code."
    )
