import dataclasses
import json
import os

import pytest

from study.store.folder import LocalFolder
from study.store.records import CHECKSUM, RecordStore, _checksum, record_key
from tests.made import SETTING, WIDTH_SEARCH, explored

RECORD = explored(WIDTH_SEARCH, 0, {"channels": 32}, [0.7, 0.6])


def file_of(results, key):
    return results / "trials" / f"{key}.json"


def test_record_survives_the_store(tmp_path):
    store = RecordStore(LocalFolder(tmp_path))
    store.write(RECORD)
    assert file_of(tmp_path, RECORD.key).exists()
    assert store.find(RECORD.key) == RECORD
    assert list(store) == [RECORD]


def truncate(path):
    path.write_bytes(path.read_bytes()[:-40])


def flip(path):
    """One digit of a loss, so that the file stays valid JSON."""
    path.write_text(path.read_text().replace("0.6", "0.5", 1))


def empty(path):
    path.write_bytes(b"")


def scramble(path):
    path.write_bytes(bytes(255 - byte for byte in path.read_bytes()))


def strip(path):
    path.write_text("{}")


@pytest.mark.parametrize("damage", [truncate, flip, empty, scramble, strip])
def test_a_damaged_record_is_set_aside_with_a_warning(tmp_path, caplog, damage):
    store = RecordStore(LocalFolder(tmp_path))
    store.write(RECORD)
    path = file_of(tmp_path, RECORD.key)
    damage(path)
    damaged = path.read_bytes()
    assert list(store) == []
    assert path.name in caplog.text
    assert "until a run trains it again" in caplog.text  # a report trains nothing
    aside = path.with_name(path.name + ".damaged")
    assert list(path.parent.iterdir()) == [aside]
    assert aside.read_bytes() == damaged
    assert store.find(RECORD.key) is None
    store.write(RECORD)
    assert list(store) == [RECORD]


def written_by_others(record, **changes):
    """The file of a record as another checkout writes it: whole, with its own checksum."""
    values = {**vars(record), **changes}
    return json.dumps(values | {CHECKSUM: _checksum(values)})


ROW = RECORD.rows[0]
SCORE = {"epoch": 1, "loss": 0.5, "accuracy": 0.5, "auroc": 0.5}
OTHER_SHAPES = {
    "an unknown field": {"mood": "good"},
    "no rows": {"rows": {}},
    "a row without a loss": {"rows": [{"epoch": 1}]},
    "a row with text": {"rows": [ROW | {"seconds": "2"}]},
    "epochs that are missing": {"rows": [ROW | {"epoch": 2}]},
    "complete without a loss": {"rows": [ROW | {"val_loss": None}]},
    "an unknown status": {"status": "splendid"},
    "a test without a loss": {"test": [{"epoch": 1}]},
    "a validation without a loss": {"val": [{"epoch": 1}]},
    "logits that are text": {"val": [SCORE | {"logits": ["much"]}]},
    "logits of other images": {"val": [SCORE | {"logits": [0.5], "correct": "10"}]},
    "a cost that is a stage": {"cost": {"stage": 1}},
    "a number that is none": {"provenance": {"number": "first"}},
    "an error that is none": {"error": ["no"]},
    "a time that is none": {"provenance": {"finished": "yesterday"}},
    "a time that no calendar adds to": {"provenance": {"finished": "0001-01-01T00:00:00+23:59"}},
    "an epoch longer than all times": {"rows": [ROW | {"seconds": 1e308}]},
    "an epoch without a length": {"rows": [ROW | {"seconds": None}]},
    "answers that are none": {
        "test": [{"epoch": 1, "loss": 0.1, "accuracy": 1.0, "auroc": 1.0} | {"correct": "yes"}]
    },
    "a budget that is none": {"provenance": {"planned": {"seeds": "many"}}},
}


@pytest.mark.parametrize("changes", OTHER_SHAPES.values(), ids=OTHER_SHAPES)
def test_a_whole_record_of_another_shape_is_set_aside_and_named(tmp_path, caplog, changes):
    store = RecordStore(LocalFolder(tmp_path))
    store.write(RECORD)
    path = file_of(tmp_path, RECORD.key)
    path.write_text(written_by_others(RECORD, **changes))
    assert list(store) == []
    assert path.name in caplog.text
    assert os.listdir(path.parent) == [f"{path.name}.other-version"]


def test_a_second_damaged_file_does_not_replace_the_first(tmp_path):
    store = RecordStore(LocalFolder(tmp_path))
    path = file_of(tmp_path, RECORD.key)
    path.parent.mkdir()
    for content in ("first", "second", "third"):
        path.write_text(content)
        assert store.find(RECORD.key) is None
    aside = {file.name.removeprefix(path.name): file.read_text() for file in path.parent.iterdir()}
    assert aside == {".damaged": "first", ".damaged-2": "second", ".damaged-3": "third"}


def test_what_a_record_says_names_no_file(tmp_path):
    """It once named the one that the record was renamed to."""
    victim = tmp_path / "victim"
    victim.write_text("thesis")
    ingredients = RECORD.ingredients | {"engine": "/../../../victim", "code": "/../../victim"}
    other = dataclasses.replace(RECORD, ingredients=ingredients, error="\x1b[2J")
    path = file_of(tmp_path / "results", "0" * 20)
    path.parent.mkdir(parents=True)
    path.write_text(written_by_others(other))
    assert list(RecordStore(LocalFolder(tmp_path / "results"))) == []
    assert victim.read_text() == "thesis"
    assert os.listdir(path.parent) == [f"{path.name}.damaged"]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_set_aside_without_waiting_for_it(tmp_path, make):
    store = RecordStore(LocalFolder(tmp_path))
    path = file_of(tmp_path, RECORD.key)
    path.parent.mkdir()
    make(path)
    store.write(RECORD)
    assert list(store) == [RECORD]
    assert path.with_name(f"{path.name}.damaged").exists()


def test_a_file_that_is_too_large_is_set_aside_unread(tmp_path, caplog):
    path = file_of(tmp_path, RECORD.key)
    path.parent.mkdir()
    with path.open("wb") as file:
        file.truncate(10**12)
    assert list(RecordStore(LocalFolder(tmp_path))) == []
    assert "1000000.0 MB" in caplog.text


def test_nothing_is_written_through_a_link(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "trials").symlink_to(tmp_path / "elsewhere")
    store = RecordStore(LocalFolder(tmp_path))
    with pytest.raises(OSError, match="link"):
        store.write(RECORD)
    with pytest.raises(OSError, match="link"):
        store.sweep()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_a_damaged_file_holds_reaches_no_terminal(tmp_path, caplog):
    path = file_of(tmp_path, "\x1b[2J")
    path.parent.mkdir()
    path.write_text(written_by_others(RECORD, **{"\x1b[31m": 1}))
    assert list(RecordStore(LocalFolder(tmp_path))) == []
    assert "\\x1b[2J" in caplog.messages[0]
    assert "\x1b" not in caplog.text


def test_a_complete_record_is_never_replaced(tmp_path):
    store = RecordStore(LocalFolder(tmp_path))
    failed = dataclasses.replace(RECORD, status="failed", rows=[], error="no memory")
    store.write(failed)
    store.write(RECORD)
    assert store.find(RECORD.key) == RECORD
    store.write(failed)
    assert store.find(RECORD.key) == RECORD


def test_a_record_under_anothers_name_is_not_taken_for_it(tmp_path):
    store = RecordStore(LocalFolder(tmp_path))
    store.write(RECORD)
    file_of(tmp_path, RECORD.key).rename(file_of(tmp_path, "0" * 20))
    assert store.find("0" * 20) is None


def test_store_without_a_folder_is_empty(tmp_path):
    assert list(RecordStore(LocalFolder(tmp_path / "none"))) == []
    assert RecordStore(LocalFolder(tmp_path / "none")).find("0") is None


def test_key_depends_on_every_ingredient_and_not_on_their_order():
    ingredients = dict(RECORD.ingredients)
    assert record_key(dict(reversed(ingredients.items()))) == RECORD.key
    for name, value in ingredients.items():
        changed = ingredients | {name: [value, "changed"]}
        assert record_key(changed) != RECORD.key, name


def test_key_does_not_depend_on_what_only_describes():
    described = dataclasses.replace(RECORD, provenance={"number": 5}, status="stopped")
    assert described.key == RECORD.key


@pytest.mark.parametrize(
    "change",
    [{"data": "other"}, {"image_size": 24}, {"seed": 1}],
    ids=lambda change: next(iter(change)),
)
def test_setting_decides_the_key(change):
    changed = dataclasses.replace(SETTING, **change)
    seeds = [setting.explore_seed(WIDTH_SEARCH) for setting in (SETTING, changed)]
    keys = {
        record_key(setting.ingredients("gap", {}, seed))
        for setting, seed in zip((SETTING, changed), seeds, strict=True)
    }
    assert len(keys) == 2


def test_records_hold_no_number_that_json_has_not():
    with pytest.raises(ValueError, match="JSON"):
        record_key({"x": float("nan")})


def test_record_file_names_its_ingredients_in_clear(tmp_path):
    RecordStore(LocalFolder(tmp_path)).write(RECORD)
    content = json.loads(file_of(tmp_path, RECORD.key).read_text())
    assert content["ingredients"]["config"] == {"channels": 32, "hidden": 0}
    assert content["ingredients"]["recipe"]["epochs"] == 8
