import pytest

from ragapp.answer.repetition import loop_start


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("The fee is due in May. The fee is due in May. The fee is due in May.", "The fee is due in May."),
        ("- Oak\n- Elm\n- Oak\n- Elm\n- Oak\n", "- Oak\n- Elm\n- Oak\n- Elm\n"),
        ("The gate opens and " + "the gate shuts and " * 8, "The gate opens and the gate shuts and "),
        ("ha" * 60, "ha"),
    ],
)
def test_a_loop_begins_behind_what_was_said_once(text, kept):
    begin = loop_start(text)
    assert begin >= 0
    assert len(text[:begin]) <= len(kept) + 4
    assert kept.startswith(text[:begin].rstrip()[:10])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The fee is due in May. It is paid by card.",
        "Ring 01 01 01 01 01 before noon.",
        "Monday 10:00-12:00, Tuesday 10:00-12:00, Wednesday 10:00-12:00, Thursday 10:00-12:00",
        "1 Intake . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . 4",
        "- Ash\n- Oak\n- Elm\n- Fir\n- Yew",
    ],
)
def test_what_only_looks_alike_is_no_loop(text):
    assert loop_start(text) == -1
