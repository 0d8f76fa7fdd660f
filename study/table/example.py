"""A made-up table for any study, so that its figures can be tried before anything is trained."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from hw3.engine import recipe_for
from hw3.metrics import METRICS
from study.search.objective import SCORES, is_extra, metric_of, rank_of, value_of
from study.search.trial import TIMED_EPOCHS, Setting, config_of, rung_epochs
from study.spec.search import Search
from study.spec.status import Status
from study.spec.study import Study
from study.store.records import Record
from study.table.members import Member
from study.table.rows import make_table

EPOCHS, SEEDS, TRIALS = 12, 8, 32  # enough for every kind of figure
IMAGES = 200  # in each of the parts val and test
SHIFTS = {"val": (0.0, 0.0, 0.0), "test": (0.02, -0.008, -0.005)}  # of loss, accuracy, AUROC
SETTING = Setting(data="made up", image_size=32, recipe=recipe_for(EPOCHS))
SPOILT: dict[int, Status] = {
    7: "diverged",
    15: "failed",
}  # by a trial's number; every fourth is stopped
GRID = 32  # values of a searched hyper-parameter, as far as it has so many
MADE_UP = "made up"  # an attribute of the table
PROVENANCE = {"host": "made up", "device": "none"}


def example_table(study: Study) -> pd.DataFrame:
    """The table that a run of the study could give, with made-up numbers: no model is built.

    Each search has up to TRIALS trials at different points of its space, some of them stopped,
    diverged and failed; each candidate is confirmed and timed on SEEDS seeds, with scores of
    images. Equal
    studies give equal tables. Baselines of equal scale keep the sizes that they have before
    matching.

    Raises:
        ValueError: a family or configuration of the study is not valid.
    """
    configs = {one.name: (one.family, dict(one.config)) for one in study.baselines}
    members: list[Member] = []
    for place, search in enumerate(study.searches):
        explored = [
            _with_scores(record, study.objective)
            for record in _explored(search, np.random.default_rng(place))
        ]
        members += [
            Member(
                *("explore", search.name, search.label, record),
                hand_picked=record.params in search.hand_picked,
                objective=study.objective,
            )
            for record in explored
        ]
        full = [record for record in explored if record.is_full_length]
        best = min(full, key=partial(_rank, study.objective))
        chosen = search.family, config_of(search, best)
        configs |= dict.fromkeys(search.choices, chosen)
    members += [
        Member("confirm", name, label, _confirmed(place, *configs[name], seed), seed_number=seed)
        for place, (name, label) in enumerate(study.labels().items())
        for seed in range(SEEDS)
    ]
    members += [
        Member("timing", name, label, _timed(place, *configs[name], number), seed_number=number)
        for place, (name, label) in enumerate(study.labels().items())
        for number in range(SEEDS)
    ]
    table = make_table(members, _made_up_metrics)
    table.attrs[MADE_UP] = True
    return table


def _made_up_metrics(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Of the images of a part: the share of right answers for all of them, at once."""
    return dict.fromkeys(METRICS, float(((logits > 0) == labels).mean()))


def make_epoch_rows(
    rng: np.random.Generator, level: float, ahead: float, seconds: float, epochs: int = EPOCHS
) -> list[dict[str, Any]]:
    """Epoch rows of a record whose scores rise towards a level.

    Args:
        level: validation accuracy at the end, about (share).
        ahead: by how much training is ahead of it (share).
        seconds: of an epoch, about.
        epochs: after which it ends, up to EPOCHS.
    """
    level += rng.normal(0, 0.004)
    rows = []
    for epoch in range(1, epochs + 1):
        done = 1 - math.exp(-epoch / 2.5)
        val = 0.5 + (level - 0.5) * done + rng.normal(0, 0.006)
        train = val + ahead * done + rng.normal(0, 0.003)
        val_loss = 3.0 * (1.02 - val) + 1.5 * ahead * done
        train_loss = val_loss - 3.0 * ahead * done + 0.01
        scored = epoch % 5 == 0 or epoch == EPOCHS
        rows.append(
            {
                "epoch": epoch,
                "learning_rate": 10.0 ** -(3 + (epoch - 1) // 4),
                "train_loss": train_loss + 0.02,
                "train_accuracy": min(1.0, train - 0.01),
                "train_eval_loss": train_loss if scored else None,
                "train_eval_accuracy": min(1.0, train) if scored else None,
                "val_loss": val_loss,
                "val_accuracy": min(1.0, val),
                "val_auroc": min(1.0, val + 0.02),
                "seconds": seconds * rng.uniform(0.9, 1.1),
            }
        )
    return rows


def make_image_scores(
    rng: np.random.Generator, rows: Sequence[Mapping[str, Any]], part: str
) -> list[dict[str, Any]]:
    """Scores of a part's images of the record with these epoch rows: at its best and at its last
    epoch.

    Args:
        part: "val" or "test".
    """
    best = min(rows, key=lambda row: row["val_loss"])
    scored = {row["epoch"]: row for row in (best, rows[-1])}.values()
    loss, accuracy, auroc = SHIFTS[part]
    return [
        {
            "epoch": row["epoch"],
            "loss": row["val_loss"] + loss,
            "accuracy": row["val_accuracy"] + accuracy,
            "auroc": row["val_auroc"] + auroc,
            **_answers(rng, row["val_accuracy"] + accuracy),
        }
        for row in scored
    ]


def _answers(rng: np.random.Generator, accuracy: float) -> dict[str, Any]:
    """To images of both classes in turn."""
    correct = rng.random(IMAGES) < accuracy
    signs = np.where(correct == np.arange(IMAGES) % 2, 1, -1)
    return {
        "logits": [int(sign) * (1 + place % 7 / 2) for place, sign in enumerate(signs)],
        "correct": "".join("01"[int(hit)] for hit in correct),
    }


def _explored(search: Search, rng: np.random.Generator) -> Iterator[Record]:
    """Records of the search's trials, at least one of them at full length."""
    rungs = rung_epochs(EPOCHS)
    for number, params in enumerate(_points(search, rng)):
        status: Status = SPOILT.get(number, "stopped" if number % 4 == 2 else "complete")
        epochs = {"complete": EPOCHS, "failed": 0}.get(status, rungs[number // 4 % len(rungs)])
        rows = make_epoch_rows(rng, rng.uniform(0.85, 0.97), 0.01, 2.0, epochs)
        if status == "diverged":
            rows[-1] |= dict.fromkeys(("train_loss", "val_loss", "val_auroc"))
        yield Record(
            ingredients=SETTING.ingredients(search.family, search.config(params), 0),
            status=status,
            rows=rows,
            cost=_cost(number),
            params=params,
            pruned_by="asha" if number % 4 else "none",
            error="made up" if status == "failed" else None,
            provenance=PROVENANCE | {"number": number},
        )


def _with_scores(record: Record, objective: str) -> Record:
    """The record with what its search optimises at each epoch, where its rows do not have that."""
    if not is_extra(objective):
        return record
    scored = [
        row | {SCORES: {metric_of(objective): row["val_loss"] and row["val_accuracy"]}}
        for row in record.rows
    ]
    return replace(record, rows=scored)


def _rank(objective: str, record: Record) -> float:
    return rank_of(objective, value_of(objective, record.rows[-1]))


def _points(search: Search, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Up to TRIALS different points of the search's space, the hand-picked ones first."""
    grids = {name: dimension.grid(GRID) for name, dimension in search.space.items()}
    drawn = [
        search.point({name: values[rng.integers(len(values))] for name, values in grids.items()})
        for _ in range(4 * TRIALS)
    ]
    points = [dict(point) for point in search.hand_picked] + drawn
    different = {tuple(point.get(name) for name in grids): point for point in points}
    return list(different.values())[:TRIALS]


def _confirmed(place: int, family: str, config: Mapping[str, Any], seed: int) -> Record:
    """A record of the candidate at that place of the study."""
    rng = np.random.default_rng([place, seed])
    rows = make_epoch_rows(rng, 0.9 + 0.01 * (place % 8), 0.005 * place, 2.0 + place)
    test, val = (make_image_scores(rng, rows, part) for part in ("test", "val"))
    return Record(
        ingredients=SETTING.ingredients(family, config, seed),
        status="complete",
        rows=rows,
        val=val,
        test=test,
        cost=_cost(place),
        provenance=PROVENANCE,
    )


def _timed(place: int, family: str, config: Mapping[str, Any], seed: int) -> Record:
    """The record of a timing's round."""
    rng = np.random.default_rng([place, seed, TIMED_EPOCHS])
    return Record(
        ingredients=SETTING.timing_ingredients(family, config, seed),
        status="complete",
        rows=make_epoch_rows(rng, 0.6, 0.0, 2.0 + place, TIMED_EPOCHS),
        cost=_cost(place),
        provenance=PROVENANCE,
    )


def _cost(place: int) -> dict[str, int]:
    return {
        "parameters": 1000 * (place + 1),
        "multiply_adds": 30_000 * (place + 1),
        "activation_bytes": 8000 * (place + 1),
    }
