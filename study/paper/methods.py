"""The values of the methods section, each of them from the run's records and plan."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from hw3.data import SOURCES
from hw3.engine import Recipe
from hw3.models import FAMILIES
from hw3.text import count_of
from study.paper.facts import Facts, in_words
from study.paper.references import Citations, used_references, uses_ray
from study.report.cells import frame_rows
from study.report.claims import describe_looks
from study.report.making import format_seconds
from study.search.plan import describe_splits
from study.search.registration import study_digest
from study.search.samplers import SAMPLERS
from study.search.trial import REDUCTION_FACTOR
from study.stats.rule import ALPHA
from study.table.formatting import column_name, format_setting
from study.table.summary import summarise_cost, summarise_search

PARTS = {"train": "training", "val": "validation", "test": "test"}
OPTIMISERS = {"adam": "Adam", "adamw": "AdamW", "sgd": "stochastic gradient descent"}
NAMES = {
    "torch": "PyTorch",
    "ray": "Ray",
    "optuna": "Optuna",
    "numpy": "NumPy",
    "scipy": "SciPy",
    "pandas": "pandas",
    "python": "Python",
}


def methods_values(facts: Facts) -> dict[str, Any]:
    """What the template `methods.tex` says."""
    plan, used = facts.plan, used_references(facts)
    return {
        "plan": plan,
        "cite": Citations(used),
        "uses_ray": uses_ray(facts),
        "uses_sklearn": "sklearn" in used,
        "has_test": bool(facts.table["test_accuracy"].notna().any()),
        "count_of": count_of,
        **_data(facts),
        **_training(facts),
        **_search(facts),
        **_confirmation(facts),
        **_compute(facts),
    }


def _data(facts: Facts) -> dict[str, Any]:
    plan, data = facts.plan, facts.plan.data
    source = SOURCES.get(data.source)
    return {
        "source": source.title if source else data.source,
        "examples": plan.examples,
        "shape": plan.shape.describe(),
        "parts": [_part(facts, part) for part in data.counts],
        "splits": describe_splits(plan),
        "total": sum(sum(counts.values()) for counts in data.counts.values()),
    }


def _part(facts: Facts, part: str) -> str:
    data = facts.plan.data
    counts, patients = data.counts[part], data.patients.get(part)
    each = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    of = "patients not known" if patients is None else count_of(patients, "patient")
    return f"{PARTS.get(part, part)} {sum(counts.values()):,} ({each}; {of})"


def _training(facts: Facts) -> dict[str, Any]:
    families = [name for name in facts.table["family"].dropna().unique() if name in FAMILIES]
    own = [FAMILIES[name].title for name in families if FAMILIES[name].engine is not None]
    recipe = facts.plan.setting.recipe
    said = {item.name: getattr(recipe, item.name) for item in fields(Recipe)}
    return {
        "families": [FAMILIES[name].title for name in families],
        "own_engines": own,
        "recipe": recipe,
        "optimiser": OPTIMISERS.get(recipe.optimiser, recipe.optimiser),
        "schedule": _schedule(said),
        "varied": [
            column_name(name)
            for name in facts.table.columns
            if name.removeprefix("config_") in said and name.startswith("config_")
        ],
    }


def _schedule(recipe: dict[str, Any]) -> str:
    if recipe["schedule"] == "step":
        step = recipe["step_size"]
        every = "epoch" if step == 1 else f"{step} epochs"
        return f"multiplied by {format_setting(recipe['gamma'])} every {every}"
    return {"cosine": "following a cosine to nearly 0", "constant": "constant"}[recipe["schedule"]]


def _search(facts: Facts) -> dict[str, Any]:
    plan, rows = facts.plan, frame_rows(summarise_search(facts.plan.study, facts.table))
    sums = {name: sum(row[name] for row in rows) for name in ("trials", "stopped", "complete")}
    ends = facts.table.loc[facts.table["stage"].eq("explore") & facts.table["is_final"]]
    stopped = ends.loc[ends["status"] == "stopped", "epoch"]
    return {
        "searches": [search.label for search in plan.study.searches],
        "sampler": SAMPLERS[plan.setting.sampler].description
        if plan.setting.sampler in SAMPLERS
        else plan.setting.sampler,
        "objective": column_name(plan.setting.objective),
        "sums": sums,
        "rungs": sorted(set(stopped.astype(int))),
        "factor": REDUCTION_FACTOR,
        "unpruned": int(ends["pruned_by"].eq("none").sum()),
        "tuned": [name.replace("_", " ") for name in plan.study.tune],
    }


def _confirmation(facts: Facts) -> dict[str, Any]:
    rows, verdicts = facts.confirmed, facts.verdicts
    once = rows.drop_duplicates("key")
    statuses = Counter(once["status"].to_list())
    judged = [each for each in verdicts if each.rule is not None and each.outcome != "not judged"]
    per_candidate = Counter(rows["candidate"].to_list())
    return {
        "trainings": len(once),
        "diverged": statuses["diverged"],
        "failed": statuses["failed"],
        "seeds": len(set(rows["seed"].to_list())),
        "least_seeds": min(per_candidate.values(), default=0),
        "candidates": len(facts.plan.study.labels()),
        "alpha": ALPHA,
        "percent": f"{100 * (1 - ALPHA):.0f} %",
        "claims": len(verdicts),
        "judged": len(judged),
        "n_claims": max((each.rule.n_claims for each in verdicts if each.rule), default=0),
        "about_means": sum(each.claim.about == "mean" for each in verdicts),
        "one_sided": sum(each.claim.one_sided for each in verdicts),
        "looks": describe_looks(facts.plan.looks),
        "digest": study_digest(facts.plan.study),
    }


def _compute(facts: Facts) -> dict[str, Any]:
    costs = frame_rows(summarise_cost(facts.table))
    first, last = facts.times
    wall = facts.plan.seconds
    return {
        "devices": in_words(facts.devices),
        "fused": facts.fused,
        "hosts": len(facts.hosts),
        "commits": in_words(facts.commits),
        "versions": list(_versions(facts)),
        "all_trainings": sum(row["trainings"] for row in costs),
        "all_epochs": sum(row["epochs"] for row in costs),
        "all_time": format_seconds(sum(row["seconds"] for row in costs)),
        "wall": "" if wall is None else format_seconds(wall),
        "when": _between(first[:10], last[:10]),
    }


def _versions(facts: Facts) -> Iterator[tuple[str, str]]:
    """Package and its version; the keys of its reference stand in `references`."""
    for name, several in facts.versions.items():
        yield NAMES.get(name, name), " or ".join(several)


def _between(first: str, last: str) -> str:
    """Days in words; empty where they are not known."""
    if first == last:
        return f"on {first}" if first else ""
    return f"between {first} and {last}"
