"""A database gets a new content while others have it open, or hold it, or it is damaged."""

import sqlite3
from contextlib import closing

import pytest

from study.store import database
from study.store.database import write_database
from study.store.folder import LocalFolder


def content(*numbers):
    with closing(sqlite3.connect(":memory:")) as made:
        made.execute("create table found (number)")
        made.executemany("insert into found values (?)", [(number,) for number in numbers])
        made.commit()
        return made.serialize()


def numbers_of(connection):
    return [number for (number,) in connection.execute("select number from found")]


@pytest.fixture
def folder(tmp_path):
    folder = LocalFolder(tmp_path)
    write_database(folder, "a.db", content(1))
    return folder


def test_who_has_it_open_sees_the_new_content(folder, tmp_path):
    with closing(sqlite3.connect(tmp_path / "a.db")) as other:
        assert numbers_of(other) == [1]
        write_database(folder, "a.db", content(1, 2))
        assert numbers_of(other) == [1, 2]


def test_an_equal_content_leaves_every_byte_as_it_is(folder, tmp_path):
    write_database(folder, "a.db", content(1, 2))
    before = (tmp_path / "a.db").read_bytes()
    write_database(folder, "a.db", content(1, 2))
    assert (tmp_path / "a.db").read_bytes() == before


def test_who_holds_it_does_not_hold_up_the_writer(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(database, "LOCKED_WITHIN", 0.1)
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
        other.execute("begin exclusive")
        write_database(folder, "a.db", content(1, 2))
    with closing(sqlite3.connect(tmp_path / "a.db")) as now:
        assert numbers_of(now) == [1, 2]


def test_a_damaged_file_and_one_that_is_no_database_are_replaced(folder, tmp_path):
    for damaged in (b"", b"no database", content(1)[:5000]):
        (tmp_path / "a.db").write_bytes(damaged)
        write_database(folder, "a.db", content(1, 2))
        with closing(sqlite3.connect(tmp_path / "a.db")) as now:
            assert numbers_of(now) == [1, 2]


def test_a_link_is_not_followed(folder, tmp_path):
    (tmp_path / "other.db").write_bytes(content(7))
    (tmp_path / "b.db").symlink_to(tmp_path / "other.db")
    write_database(folder, "b.db", content(1))
    assert (tmp_path / "other.db").read_bytes() == content(7)
    assert not (tmp_path / "b.db").is_symlink()
