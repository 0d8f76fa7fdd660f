"""What a paper cites: BibTeX entries of what its study used."""

import re
from dataclasses import dataclass

from markupsafe import Markup

from hw3.data import SOURCES
from hw3.models import FAMILIES
from study.paper.facts import Facts
from study.paper.latex import TEMPLATES

ENTRY = re.compile(r"^@\w+\{(\w+),.*?^\}$", re.MULTILINE | re.DOTALL)
BY_SAMPLER = {  # keys of what each sampler is after
    "auto": ("gp", "logei", "tpe"),
    "tpe": ("tpe",),
    "gp": ("gp", "logei"),
    "random": ("random",),
    "cmaes": ("cmaes",),
}
INLINE = "inline"  # in the command of a run without Ray


def used_references(facts: Facts) -> dict[str, tuple[str, ...]]:
    """What the methods cite at each place, keys of BibTeX entries; nothing where nothing of the
    kind was used."""
    plan, table = facts.plan, facts.table
    families = [FAMILIES[name] for name in table["family"].dropna().unique() if name in FAMILIES]
    measured = table["val_f1"].notna().any() or table["test_f1"].notna().any()
    searched, judged = bool(plan.study.searches), bool(facts.verdicts) and plan.budget.judged
    used = {
        "own": ("hw3study",),
        "data": tuple(data_entries(facts)),
        "torch": ("pytorch",) * any(family.engine is None for family in families),
        "optuna": ("optuna",) * searched,
        "sampler": BY_SAMPLER.get(plan.setting.sampler, ()) * searched,
        "ray": ("tune", "ray") * (searched and uses_ray(facts)),
        "asha": ("asha",) * bool(table["pruned_by"].eq("asha").any()),
        "holm": ("holm",) * judged,
        "share": ("clopper",) * judged,
        "resampled": ("nadeau",) * bool(judged and plan.ratio),
        "scipy": ("scipy",) * judged,
        "numpy": ("numpy",) * judged,
        "pandas": ("pandas",) * judged,
        "matplotlib": ("matplotlib",) * judged,
        "seaborn": ("seaborn",) * judged,
        "sklearn": ("sklearn",) * bool(judged and measured),
    }
    return {place: keys for place, keys in used.items() if keys}


def uses_ray(facts: Facts) -> bool:
    """Whether the run's trials were Ray's; its command says it."""
    return INLINE not in facts.plan.command


def data_entries(facts: Facts) -> dict[str, str]:
    """Key -> entry of what the data's source asks to be cited."""
    source = SOURCES.get(facts.plan.data.source)
    return _entries(source.bibtex) if source else {}


def bibliography(facts: Facts) -> str:
    """The BibTeX file: the entries that are cited, in the order of their keys."""
    known = _entries((TEMPLATES / "references.bib").read_text()) | data_entries(facts)
    keys = {key for several in used_references(facts).values() for key in several}
    return "\n\n".join(known[key] for key in sorted(keys)) + "\n"


@dataclass(frozen=True)
class Citations:
    """In a template, `cite("place")` is the citation of what was used there; empty for nothing."""

    used: dict[str, tuple[str, ...]]

    def __call__(self, place: str) -> Markup:
        keys = self.used.get(place, ())
        return Markup(rf"~\cite{{{','.join(keys)}}}") if keys else Markup("")


def _entries(text: str) -> dict[str, str]:
    return {found[1]: found[0] for found in ENTRY.finditer(text)}
