from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ragapp.llm.reasoning import (
    TAGS,
    StopTexts,
    ThinkingSplitter,
    find_tags,
    opens_thinking,
    skip_thinking,
    split_thinking,
)

THINK = TAGS[0]
HARMONY = TAGS[-1]
FINAL = "<|channel|>final<|message|>"


@pytest.mark.parametrize(
    ("text", "opened", "thinking", "answer"),
    [
        ("<think>\nSo.\n</think>\n\nYes.", False, "So.", "Yes."),
        ("\n <think>So.</think>Yes.", False, "So.", "Yes."),
        ("\nSo.\n\nThen.\n</think>\n\nYes.\n", True, "So.\n\nThen.", "Yes.\n"),
        ("<think>\nSo.\n</think>\n\nYes.", True, "So.", "Yes."),  # the model repeats the tag of the prompt
        ("<think>\n\n</think>\n\nYes.", False, "", "Yes."),
        ("</think>\n\nYes.", True, "", "Yes."),
        ("So it goes on", True, "So it goes on", ""),
        ("<think>So it goes on </thi", False, "So it goes on </thi", ""),
        ("<thi", True, "<thi", ""),
        ("Yes.", False, "", "Yes."),
        ("  Yes.", False, "", "  Yes."),
        ("<thi", False, "", "<thi"),
        ("<thing> is a tag.", False, "", "<thing> is a tag."),
        ("Write <think>so</think> in it.", False, "", "Write <think>so</think> in it."),
        ("<think>a</think>b <think>c</think> d", False, "a", "b <think>c</think> d"),
        ("<think>a < b </ c</think>d", False, "a < b </ c", "d"),
        ("<think><think>a</think>b", False, "<think>a", "b"),
        ("  \n", False, "", "  \n"),
        ("", False, "", ""),
        ("", True, "", ""),
    ],
)
def test_thinking_and_answer(text, opened, thinking, answer):
    assert split_thinking(text, opened=opened) == (thinking, answer)


@pytest.mark.parametrize(
    ("text", "thinking", "answer"),
    [
        (f"<|channel|>analysis<|message|>So.<|end|><|start|>assistant{FINAL}Yes.", "So.", "Yes."),
        (f"{FINAL}Yes.", "", "Yes."),
        ("<|channel|>analysis<|message|>So.<|end|>", "So.", ""),
        ("Yes.", "", "Yes."),
    ],
)
def test_the_frame_of_gpt_oss_is_no_part_of_the_answer(text, thinking, answer):
    assert split_thinking(text, tags=HARMONY) == (thinking, answer)


@pytest.mark.parametrize(
    "text",
    [
        "<think>So.</think><response>Yes.</response>",
        "<think>So.</think>\n<|START_RESPONSE|>Yes.<|END_RESPONSE|>",
        "<response>Yes.</response> more",
    ],
)
def test_the_frame_of_an_answer_is_no_part_of_it(text):
    assert split_thinking(text)[1] == "Yes."


PARTS = st.sampled_from(
    [
        "<think>",
        "</think>",
        "<thi",
        "nk>",
        "</",
        "think>",
        " ",
        "\n",
        "a",
        "b.",
        "<",
        ">",
        "/",
        "t",
        "<|",
        FINAL,
        "<response>",
        "</response>",
    ]
)
FRAME = st.sampled_from(["<response>", "</response>"])
TEXTS = st.lists(PARTS | FRAME, max_size=14).map("".join)


@given(text=TEXTS, cuts=st.lists(st.integers(0, 60), max_size=12), opened=st.booleans(), tags=st.sampled_from(TAGS))
@example(text="<think>\na \n</think>\n b", cuts=list(range(25)), opened=False, tags=THINK)
@example(text="<think>a</think>b", cuts=[3], opened=True, tags=THINK)
@example(text=f"<|channel|>analysis<|message|>a<|end|>{FINAL}b", cuts=list(range(60)), opened=False, tags=HARMONY)
def test_where_the_stream_is_cut_changes_nothing(text, cuts, opened, tags):
    splitter = ThinkingSplitter(opened=opened, tags=tags)
    edges = [0, *sorted(cut for cut in cuts if cut <= len(text)), len(text)]
    pieces = [piece for begin, end in pairwise(edges) for piece in splitter.feed(text[begin:end])]
    pieces += splitter.finish()
    assert all(piece.text for piece in pieces)
    found = tuple("".join(piece.text for piece in pieces if piece.kind == kind) for kind in ("thinking", "answer"))
    assert found == split_thinking(text, opened=opened, tags=tags)
    assert [piece.kind for piece in pieces] == sorted((piece.kind for piece in pieces), reverse=True)


@given(thinking=st.text("ab<>/ \n", max_size=20), answer=st.text("ab<>/ \n", max_size=20), opened=st.booleans())
def test_what_was_put_together_comes_apart(thinking, answer, opened):
    text = ("" if opened else "<think>") + thinking + "</think>" + answer
    assert split_thinking(text, opened=opened) == (thinking.strip(), answer.lstrip())


@given(text=TEXTS)
def test_the_stream_is_not_held_back_longer_than_a_tag(text):
    splitter = ThinkingSplitter()
    shown = sum(len(piece.text) for piece in splitter.feed("Yes, " + text))
    assert shown == len("Yes, " + text)
    thinker = ThinkingSplitter(opened=True)
    thought = thinker.feed("a" * 50)
    assert [piece.text for piece in thought] == ["a" * 50]
    assert thinker.unfinished


@pytest.mark.parametrize(
    ("prompt", "switched", "skipped"),
    [
        ("<|im_start|>assistant\n", False, "<|im_start|>assistant\n<think>\n\n</think>\n\n"),
        ("<|im_start|>assistant\n", True, "<|im_start|>assistant\n"),
        ("<｜Assistant｜><think>\n", False, "<｜Assistant｜><think>\n\n</think>\n\n"),
        ("<｜Assistant｜><think>\n", True, "<｜Assistant｜><think>\n\n</think>\n\n"),
        ("assistant\n<think>\n\n</think>\n\n", True, "assistant\n<think>\n\n</think>\n\n"),
        ("assistant\n</think>", False, "assistant\n</think>"),
    ],
)
def test_skipping_the_thinking(prompt, switched, skipped):
    assert skip_thinking(prompt, switched=switched) == skipped
    assert not opens_thinking(skipped)


def test_skipping_the_thinking_of_gpt_oss():
    assert skip_thinking("<|start|>assistant", HARMONY) == f"<|start|>assistant{FINAL}"


@pytest.mark.parametrize(
    ("template", "opening"),
    [
        ("{{ '<|im_start|>assistant\n<think>\n' }}", "<think>"),
        ("{{ content.split('</think>')[-1] }}", "<think>"),
        ("[INST]{{ m }}[/INST][THINK]", "[THINK]"),
        ("<|channel|>analysis<|message|>", "<|channel|>analysis<|message|>"),
        ("<|user|>\n{{ m }}<|end|>", None),
        ("{{ messages }}", None),
    ],
)
def test_templates_of_models_that_think_are_known_by_their_tags(template, opening):
    tags = find_tags(template)
    assert (tags and tags.open) == opening


@pytest.mark.parametrize(
    ("pieces", "shown", "reached"),
    [
        (["Yes.", "<|im_end|>", "more"], "Yes.", True),
        (["Yes.<|im", "_end|", "> more"], "Yes.", True),
        (["Yes.<|im", "_stop"], "Yes.<|im_stop", False),
        (["Yes.\nUse", "r: and"], "Yes.", True),
        (["Yes.\nUse", "ful."], "Yes.\nUseful.", False),
        (["a\n\nUser:<|im_end|>"], "a\n", True),
        (["Yes.<|im_end"], "Yes.<|im_end", False),
        ([], "", False),
    ],
)
def test_stop_texts(pieces, shown, reached):
    stops = StopTexts(["<|im_end|>", "\nUser:", ""])
    assert "".join(map(stops.feed, pieces)) + stops.finish() == shown
    assert stops.reached is reached


STOPS = ("<ab", "a<bb", "<b", "bba<")


@given(text=st.text("ab<", max_size=12), cuts=st.lists(st.integers(0, 12), max_size=6))
@example(text="a<bb", cuts=[])
def test_stop_texts_wherever_the_stream_is_cut(text, cuts):
    stops = StopTexts(STOPS)
    edges = [0, *sorted(cut for cut in cuts if cut <= len(text)), len(text)]
    shown = "".join(stops.feed(text[begin:end]) for begin, end in pairwise(edges)) + stops.finish()
    expected = text
    for end in range(len(text) + 1):
        if complete := [stop for stop in STOPS if text[:end].endswith(stop)]:
            expected = text[: end - max(map(len, complete))]
            break
    assert shown == expected
