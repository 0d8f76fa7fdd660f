import pickle

import pytest

from study.spec.errors import StudyError
from study.spec.secrets import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("s3://KEY:secret@bucket/r", "s3://KEY:***@bucket/r"),
        ("s3://KEY:se/cr+et@bucket/r?region=x", "s3://KEY:***@bucket/r?region=x"),
        ("s3://KEY:secret%40bucket", "s3://KEY:***%40bucket"),  # as pyarrow's messages quote it
        ("postgres://user:p@ss@host:5432/db", "postgres://user:***@host:5432/db"),
        ("s3://a:b@c/d and 's3://e:f@g'", "s3://a:***@c/d and 's3://e:***@g'"),
        ("https://h/x?a=1&Token=abc&b=2", "https://h/x?a=1&Token=***&b=2"),
        ("gs://b?access_key=abc'", "gs://b?access_key=***'"),
    ],
)
def test_passwords_in_uris_are_masked(text, masked):
    assert mask(text) == mask(masked) == masked


@pytest.mark.parametrize(
    "text",
    ["s3://bucket/a@b:c@d", "http://127.0.0.1:8265/a@b", "at 12:30 a@b", "/results/a:b@c?x=1"],
)
def test_what_is_no_password_stays(text):
    assert mask(text) == text


def test_no_error_that_ends_a_command_has_one():
    error = StudyError("no Ray answers at ray://user:secret@host")
    assert "secret" not in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
