"""A paper from recorded results: it compiles, and its numbers are those of the records."""

import difflib
import re
from dataclasses import replace

import pytest

from study.paper.facts import Facts, find_facts
from study.paper.latex import render
from study.paper.methods import methods_values
from study.paper.numbers import number_values
from study.paper.outputs import write_paper
from study.paper.tables import paper_tables, render_table
from study.search.choose import FinishedTrials
from study.spec.figures import Figure
from study.store.folder import LocalFolder
from tests.paper.conftest import compile_latex, text_of, texts

OVERFULL = re.compile(r"Overfull \\hbox \(([\d.]+)pt")
MOST_OVERFULL = 5.0  # points, which nobody sees
CANDIDATE = "conv_search"  # what the search chose of the CNNs


def with_study(trials: FinishedTrials, **changes) -> FinishedTrials:
    study = replace(trials.plan.study, **changes)
    return FinishedTrials(replace(trials.plan, study=study), trials.records)


def test_it_compiles_without_a_warning_that_matters(golden, tmp_path):
    figures = (Figure("answer", "comparison", "All 100 % of the_candidates"),)
    figures += (Figure("search", "slices", "The search"),)
    write_paper(with_study(golden, figures=figures), LocalFolder(tmp_path))
    said = compile_latex(tmp_path)
    assert [float(width) for width in OVERFULL.findall(said) if float(width) > MOST_OVERFULL] == []
    assert "undefined" not in said and "multiply defined" not in said
    shown = text_of(tmp_path / "main.pdf")
    assert "All 100 % of the_candidates" in shown and "synthetic phantoms" in shown
    assert "[?]" not in shown and "??" not in shown


def test_names_of_all_kinds_are_shown(golden, tmp_path):
    nasty = r"50 %_of & #1 ~ {x} \y −2 × é"
    study = golden.plan.study
    baselines = tuple(
        replace(one, label=f"{nasty} {place}") for place, one in enumerate(study.baselines)
    )
    trials = with_study(golden, title=nasty, question=f"{nasty}?", baselines=baselines)
    write_paper(trials, LocalFolder(tmp_path))
    compile_latex(tmp_path)
    assert text_of(tmp_path / "main.pdf").count(r"50 %_of & #1 ~ {x} \y −2 × é") > 5


@pytest.fixture(scope="module")
def before(golden, tmp_path_factory):
    """The paper's texts."""
    folder = tmp_path_factory.mktemp("paper")
    write_paper(golden, LocalFolder(folder))
    return texts(folder)


def edited(golden: FinishedTrials, name: str) -> FinishedTrials:
    """The trials, but in the worst training of a candidate one more test image is wrong: too little
    to turn what a claim finds in it."""
    candidate = next(one for one in golden.candidates() if one.name == name)
    records = golden.confirmed(candidate).values()
    record = min(records, key=lambda one: one.test[0]["accuracy"])
    last = len(record.rows)
    test = [
        score | {"accuracy": score["accuracy"] - 1 / 60} if score["epoch"] == last else score
        for score in record.test
    ]
    return FinishedTrials(golden.plan, golden.records | {record.key: replace(record, test=test)})


def same_model(golden: FinishedTrials, name: str) -> list[str]:
    """Names of the candidates of its configuration: they share trainings."""
    configs = {one.name: (one.family, one.config) for one in golden.candidates()}
    return [other for other, config in configs.items() if config == configs[name]]


def changed_lines(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line[2:] for line in lines if line[:2] in ("+ ", "- ")]


def test_one_changed_record_changes_the_numbers_that_hang_on_it_alone(
    golden, facts, before, tmp_path
):
    trials = edited(golden, CANDIDATE)
    write_paper(trials, LocalFolder(tmp_path))
    after = texts(tmp_path)
    old, new = number_values(facts), number_values(find_facts(trials))
    changed = {name for name in new if old[name] != new[name]}
    reading = [
        claim.name
        for claim in golden.plan.study.claims
        if CANDIDATE in claim.candidates and claim.metric == "test_accuracy"
    ]
    assert reading
    expected = {f"candidate.{name}.test_accuracy" for name in same_model(golden, CANDIDATE)}
    expected |= {f"claim.{name}.{what}" for name in reading for what in ("effect", "interval")}
    assert changed == expected
    assert set(after) == set(before)
    files = {name for name in after if after[name] != before[name]}
    tables = [f"tables/{name}.tex" for name in ("candidates", "claims", "selection")]
    assert files == {"main.tex", "numbers.tex", *tables}
    assert len(changed_lines(before["numbers.tex"], after["numbers.tex"])) == 2 * len(expected)
    for name in ("main.tex", *tables):
        lines = changed_lines(before[name], after[name])
        stripped = {re.sub(r"[\d.,]+", "0", line).replace("ensuremath{-}", "+") for line in lines}
        assert len(lines) in (2, 4) and len(stripped) <= 2, lines


def methods_of(facts: Facts) -> str:
    return render("methods.tex", **methods_values(facts))


def test_the_methods_are_those_of_the_records(facts, before):
    trained = {"versions": {"torch": "9.8"}, "device": "abacus", "commit": "c0ffee", "fused": 5}
    records = {
        key: replace(record, provenance={**record.provenance, **trained})
        for key, record in facts.trials.records.items()
    }
    trials = FinishedTrials(facts.plan, records)
    changed = methods_of(replace(facts, trials=trials))
    for said in ("PyTorch 9.8", "abacus", "c0ffee", "Up to 5 trainings that differ by seed alone"):
        assert said in changed and said not in before["methods.tex"], said


def test_the_methods_are_those_of_the_plan(facts, before):
    plan = facts.plan
    data = replace(plan.data, counts={"train": {"a": 71, "b": 72}, "val": {"a": 5, "b": 6}})
    recipe = replace(plan.setting.recipe, batch_size=77, learning_rate=0.0123)
    plan = replace(plan, data=data, setting=replace(plan.setting, recipe=recipe), seconds=7201.0)
    trials = FinishedTrials(plan, facts.trials.records)
    changed = methods_of(replace(facts, trials=trials))
    for said in ("154 images", "143 (71 a, 72 b", "of 77", "0.0123", "2 h 0 min"):
        assert said in changed and said not in before["methods.tex"], said


def test_a_smoke_run_has_no_effects(golden, tmp_path):
    budget = replace(golden.plan.budget, judged=False)
    plan = replace(golden.plan, budget=budget)
    write_paper(FinishedTrials(plan, golden.records), LocalFolder(tmp_path))
    written = texts(tmp_path)
    assert "smoke run" in written["main.tex"] and "smoke run" in written["tables/claims.tex"]
    assert "percentage points" not in written["tables/claims.tex"]
    assert "claim." not in written["numbers.tex"].split("\\makeatletter")[1]


def test_a_long_table_goes_on_to_another_page(facts):
    table = next(one for one in paper_tables(facts) if one.name == "claims")
    long = render_table(replace(table, rows=[*table.rows] * 4))
    assert long.count("\\begin{table*}") > 1
    assert long.count("\\label{") == 1 and "continued" in long
