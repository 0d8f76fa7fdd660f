"""What is cited is there, and nothing else; this project as CITATION.cff has it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from hw3.data import SOURCES
from study.paper import references
from study.paper.latex import TEMPLATES, render
from study.paper.methods import methods_values
from study.paper.references import ENTRY, bibliography, used_references
from study.search.choose import FinishedTrials
from study.search.samplers import SAMPLERS

KNOWN = (TEMPLATES / "references.bib").read_text()


def facts_of(facts, sampler="tpe", source="phantom", command=""):
    plan = facts.plan
    plan = replace(
        plan,
        setting=replace(plan.setting, sampler=sampler),
        data=replace(plan.data, source=source),
        command=command,
    )
    return replace(facts, trials=FinishedTrials(plan, facts.trials.records))


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_what_is_cited_is_in_the_file_and_nothing_else(facts, sampler):
    facts = facts_of(facts, sampler)
    methods = render("methods.tex", **methods_values(facts))
    cited = {key for keys in re.findall(r"\\cite\{([^}]*)\}", methods) for key in keys.split(",")}
    there = {found[1] for found in ENTRY.finditer(bibliography(facts))}
    assert cited == there


def test_ray_is_cited_where_it_ran(facts):
    assert "ray" in used_references(facts_of(facts))
    assert "ray" not in used_references(facts_of(facts, command="x --workers inline"))


@pytest.mark.parametrize(("source", "key"), [("medmnist", "medmnist"), ("kaggle", "kermany")])
def test_data_are_cited_as_their_source_says(facts, source, key):
    assert f"{{{key}," in bibliography(facts_of(facts, source=source))


def test_entries_are_whole_and_each_is_cited_somewhere():
    entries = [*ENTRY.finditer(KNOWN)]
    assert len(entries) == KNOWN.count("@")
    code = Path(references.__file__).read_text()
    for text in [found[0] for found in entries] + [one.bibtex for one in SOURCES.values()]:
        assert text.count("{") == text.count("}")
        assert text.count("doi = ") == len(re.findall(r"^  doi = \{10\.\d{4,}/\S+\}$", text, re.M))
        assert not re.search(r"\}\n  \w+ = ", text), "a comma is missing"
    assert [found[1] for found in entries if f'"{found[1]}"' not in code] == []


def test_this_project_is_cited_as_its_citation_file_says():
    said = yaml.safe_load((Path(__file__).parents[2] / "CITATION.cff").read_text())
    entry = next(found[0] for found in ENTRY.finditer(KNOWN) if found[1] == "hw3study")
    assert said["title"] in entry and f"Version {said['version']}" in entry
    assert f"year = {{{said['date-released'].year}}}" in entry
    assert all(author["name"] in entry for author in said["authors"])
