"""Rates of a device, here of the CPU, and as the program that is started for a GPU gives them."""

import json

import pytest

from hw3 import rates


def test_rates_are_what_is_done_over_the_least_time(monkeypatch):
    seconds = iter([0.0, 4.0, 10.0, 12.0, 20.0, 23.0, 30.0, 35.0, 40.0, 44.0])  # least: 2
    monkeypatch.setattr(rates.time, "perf_counter", lambda: next(seconds))
    assert rates.copy_rate("cpu", size=1000) == 2 * 1000 / 2.0


def test_a_product_has_as_many_multiply_adds_as_its_side_cubed(monkeypatch):
    seconds = iter(range(2 * rates.REPEATS))  # one each
    monkeypatch.setattr(rates.time, "perf_counter", lambda: next(seconds))
    assert rates.matrix_product_rate("cpu", "bfloat16", side=10) == 1000


def test_the_device_is_waited_for_before_and_after_each_time(monkeypatch):
    calls = []
    monkeypatch.setattr(rates.torch.cuda, "synchronize", lambda: calls.append("wait"))
    rates._least_seconds(lambda: calls.append("work"), "cuda")
    assert calls == ["work", *["wait", "work", "wait"] * rates.REPEATS]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_rates_are_printed_as_json(precision, capsys):
    rates.main("cpu", precision, "64", "1000")
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"multiply_adds", "bytes"} and min(found.values()) > 0
