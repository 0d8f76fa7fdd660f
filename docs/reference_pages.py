"""The pages of docs/reference that are made from the code, each as parts of Markdown."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

import click
from docstrings import code, first_paragraph, parse, record, table
from record_pages import python, records

from study.table.column import Column


def command_line() -> Iterator[str]:
    """The commands, from click."""
    from study.__main__ import ACTIONS, DOES, main
    from study.cli.command import command
    from study.task_c import STUDY

    yield "# Command line\n"
    yield (
        "`python -m study COMMAND`, or `hw3-study COMMAND`. Without a command it lists tasks, data "
        "sources, model families and samplers. `python -m study.task_c ACTION` is "
        "`python -m study ACTION task_c`. `--help` shows the same as this page.\n"
    )
    yield "## run, plan, report\n"
    yield "\n".join(f"- `{action}`: {DOES[action]}" for action in ACTIONS) + "\n"
    yield (
        "`python -m study run TARGET [OPTIONS]`, and the same with `plan` and `report`. TARGET is "
        "`task_a`, `task_b` or `task_c`; a file of your own, `my_study.py`; or a module, "
        "`package.module:STUDY`. `report` takes `--results` alone of the options that decide what "
        "a run trains.\n"
    )
    yield _options(command(STUDY))
    for name, one in _commands(main):
        if name not in ACTIONS:
            yield f"## {name}\n"
            yield from _command(name, one)


def _commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, one in sorted(group.commands.items()):
        if isinstance(one, click.Group):
            yield from _commands(one, f"{before}{name} ")
        else:
            yield before + name, one


def _command(name: str, one: click.Command) -> Iterator[str]:
    usage = " ".join(one.collect_usage_pieces(click.Context(one)))
    yield f"```text\npython -m study {name} {usage}\n```\n"
    yield inspect.cleandoc(one.help or "").replace("\b\n", "") + "\n"
    yield _options(one)


def _options(one: click.Command) -> str:
    rows = [
        (code(_words(item)), f"{item.help or ''}{_default(item)}")
        for item in one.params
        if isinstance(item, click.Option)
    ]
    return table(("option", "meaning"), rows)


def _words(option: click.Option) -> str:
    """The option and what it takes: "-v, --verbose", "--profile quick|paper|smoke"."""
    names = ", ".join(sorted(option.opts, key=len))
    if option.is_flag:
        return names
    kind = option.type
    values = "|".join(kind.choices) if isinstance(kind, click.Choice) else option.metavar
    return f"{names} {values or kind.name.replace(' or ', '|').split()[0].upper()}"


def _default(option: click.Option) -> str:
    """In brackets, as `--help` says it; those that are not shown stand in the option's text."""
    if option.required:
        return "  (required)"
    return f"  [default: {option.default}]" if option.show_default else ""


def columns() -> Iterator[str]:
    """The table's columns."""
    from hw3.engine import TUNABLE
    from study.table.columns import all_columns

    yield "# Columns of the table\n"
    yield (
        "`table.parquet` and `table.csv` have one row for each epoch of every trial. A trial that "
        "failed before its first epoch has one row with epoch 0. Test scores, and those of single "
        "images, stand in the rows of the epochs that were scored. Columns that a study of your "
        "own adds (its models' hyper-parameters, its metrics) follow the same pattern. A share is "
        "from 0 to 1; an empty unit is that of counts, text and plain numbers.\n"
    )
    rows = [
        (code(name), one.dtype, one.unit, one.range, f"{one.meaning}{_called(one)}")
        for name, one in all_columns(shown=TUNABLE).items()
    ]
    head = ("column", "type", "unit", "range", "meaning")
    yield (
        "`study.table.describe()` is the same as a DataFrame, `columns.csv` as a file; the fields "
        "of `table.parquet` have it as metadata.\n"
    )
    yield "## Trials and scores\n"
    yield table(head, (row for row in rows if not row[0].startswith("`config_")))
    yield "## Hyper-parameters\n"
    yield (
        "Those of the model families are always there; those of the recipe where a trial of the "
        "run names them.\n"
    )
    yield table(head, (row for row in rows if row[0].startswith("`config_")))


def _called(column: Column) -> str:
    return f". In figures: {column.label}" if column.label else ""


def metrics() -> Iterator[str]:
    """The metrics that claims, searches and figures can name."""
    from hw3.metrics import METRICS

    yield "# Metrics\n"
    yield (
        "A claim, a figure or a search's objective names a metric with its part before it: "
        "`val_auroc`, `test_f1`. Metrics are computed from what was recorded of each image, at the "
        "last and at the best epoch, so that a new one needs no new training. "
        "[How to add one](../how-to/extend.md#a-metric). Other numbers that a claim can be about, "
        "such as `gap_loss` and `parameters`, are [columns of the table](columns.md).\n"
    )
    rows = [
        (
            code(name),
            metric.label,
            metric.unit,
            "higher" if metric.higher_is_better else "lower",
            "two" if metric.two_classes else "two or more",
            first_paragraph(metric.score),
        )
        for name, metric in METRICS.items()
    ]
    yield table(("name", "label", "unit", "better", "classes", "what it is"), rows)


def search() -> Iterator[str]:
    """Dimensions of a space, and samplers."""
    from study.search.samplers import SAMPLERS
    from study.spec import space

    yield "# Search spaces and samplers\n"
    yield "## Dimensions\n"
    yield "Each value of `Search.space` and of `Study.tune` is one of these.\n"
    for kind in (space.Float, space.Int, space.Choice, space.If):
        yield record(kind, "###")
    yield "## Samplers\n"
    yield "`--sampler` names one; see [how searches work](../explanation/search.md).\n"
    rows = [
        (
            code(name),
            one.description,
            "yes" if one.conditional else "no",
            "yes" if one.renewed else "no",
            "yes" if one.budgeted else "no",
        )
        for name, one in SAMPLERS.items()
    ]
    head = ("name", "what it is", "takes conditions", "can be reproducible", "needs the budget")
    yield table(head, rows)
    yield (
        "*Takes conditions*: spaces with `If`. *Can be reproducible*: with `--reproducible`. "
        "*Needs the budget*: a search with another number of trials is another search.\n"
    )


def profiles() -> Iterator[str]:
    """What a run may spend."""
    from study.spec.budget import PROFILES, Budget

    meanings = parse(Budget)[1]["Attributes"]
    yield "# Profiles\n"
    yield (
        "`--profile` says what a run may spend; `--trials`, `--epochs`, `--seeds` and "
        "`--image-size` replace single values. "
        "[How to plan a run](../how-to/plan-a-run.md).\n"
    )
    rows = [
        (
            code(item.name),
            *(getattr(one, item.name) for one in PROFILES.values()),
            meanings[item.name],
        )
        for item in fields(Budget)
    ]
    yield table(("", *map(code, PROFILES), "meaning"), rows)


def models() -> Iterator[str]:
    """Families, their hyper-parameters, and the recipe's."""
    from hw3.engine import TUNABLE, Recipe
    from hw3.models import FAMILIES

    yield "# Models and their hyper-parameters\n"
    yield (
        "A baseline or a search names a family, and hyper-parameters of the family or of the "
        "recipe. What it does not name has the default. A study of your own adds "
        "[families of its own](../how-to/own-model.md).\n"
    )
    for name, family in FAMILIES.items():
        yield f"## {name}: {family.title}\n"
        text, sections = parse(family.config)
        yield text + "\n"
        if family.size_step > 1:
            yield f"Images must have sides that are multiples of {family.size_step} pixels.\n"
        yield _hyperparameters(family.config, sections.get("Attributes", {}))
    yield "## The recipe: how models are trained\n"
    text, sections = parse(Recipe)
    yield text + "\n"
    yield _hyperparameters(Recipe, sections["Attributes"])
    rest = " and ".join(code(item.name) for item in fields(Recipe) if item.name not in TUNABLE)
    yield f"{rest} are the run's, the same for all candidates, and cannot be searched.\n"


def _hyperparameters(config: type[Any], meanings: dict[str, str]) -> str:
    rows = []
    for item in fields(config):
        allowed = item.metadata
        values = (
            ", ".join(code(value) for value in allowed["choices"])
            if "choices" in allowed
            else f"{allowed['low']:g} to {allowed['high']:g}"
        )
        rows.append((code(item.name), code(item.default), values, meanings.get(item.name, "")))
    return table(("name", "default", "values", "meaning"), rows)


def data_sources() -> Iterator[str]:
    """What --data takes."""
    from hw3.data import SOURCES

    yield "# Data sources\n"
    yield "What `--data` and `Study.data` take. [How to use your own](../how-to/own-data.md).\n"
    rows = [(code(name), one.title, one.takes) for name, one in SOURCES.items()]
    yield table(("name", "title", "location"), rows)


def figures() -> Iterator[str]:
    """The kinds of figures."""
    from study.figures.kinds import FIGURES

    yield "# Figures\n"
    yield (
        "A study's `Figure` names a kind and its options. A study that names no figures gets a "
        "default set (`study.spec.figures.default_figures`). Each is kept as PNG, SVG and CSV.\n"
    )
    for name, kind in FIGURES.items():
        text, sections = parse(kind.frame)
        yield f"## {name}\n"
        yield f"{text}\n\nIt needs {kind.needs}.\n"
        options = {k: v for k, v in sections.get("Args", {}).items() if k not in ("table", "shape")}
        if options:
            yield table(("option", "meaning"), ((code(k), v) for k, v in options.items()))


PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "command-line": command_line,
    "columns": columns,
    "metrics": metrics,
    "search": search,
    "profiles": profiles,
    "models": models,
    "data-sources": data_sources,
    "figures": figures,
    "records": records,
    "python": python,
}
