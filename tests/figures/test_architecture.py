from study.figures.architecture import describe_architecture, frame_of_architecture


def test_architecture_marks_what_the_second_model_adds_and_changes(table):
    frame = frame_of_architecture(table, candidates=["lab4", "modified"])
    modified = frame[frame["candidate"] == "modified"]
    marked = modified[modified["changed"] != ""]
    assert list(zip(marked["changed"], marked["kind"], marked["parameters"], strict=True)) == [
        ("changed", "Conv2d", 36_992),
        ("new", "Linear", 16_512),
        ("new", "ReLU", 0),
        ("changed", "Linear", 129),
    ]
    assert set(frame.loc[frame["candidate"] == "lab4", "changed"]) == {""}
    costs = table.groupby("candidate")["parameters"].first()
    assert frame.groupby("candidate")["parameters"].sum().to_dict() == {
        name: costs[name] for name in ("lab4", "modified")
    }
    last = frame.groupby("candidate")["row"].max()
    assert last["lab4"] == last["modified"]  # partners stand on one row
    assert "new ReLU at place 13" in describe_architecture(frame)


def test_architecture_compares_no_two_families(table):
    frame = frame_of_architecture(table, candidates=["convmodel", "lab4", "gap"])
    assert set(frame["changed"]) == {""}
    assert list(frame["row"]) == [
        place for count in frame.groupby("candidate", sort=False).size() for place in range(count)
    ]


def test_architecture_has_all_of_its_candidates_or_nothing(table):
    assert frame_of_architecture(table, candidates=["lab4", "absent"]).empty
