"""Summaries of one document: a model that says what it is told to, and the real catalog."""

import re

import pytest
from answerkit import passage

from ragapp.answer.summary import ENOUGH_SENTENCES, Summarizer
from ragapp.contract import Answer, Stage
from ragapp.errors import EmptyStoreError, PathError, UsageError
from ragapp.llm.engine import GenerationStats
from ragapp.settings import Settings


class Copyist:
    """Stands in for the engine: repeats the first sentence of each passage that it is shown, and adds a lie."""

    name = "copyist"
    window = 4096

    def __init__(self, lie="The moon is made of 7 cheeses."):
        self.lie, self.stats, self.prompts = lie, GenerationStats(), []

    def generate(self, messages, **options):
        content = messages[-1]["content"]
        self.prompts.append(content)
        for text in re.findall(r"^\[\d+\].*\n(.+)$", content, re.MULTILINE)[: 2 if "important" in content else None]:
            yield f"- {text}\n"
        yield self.lie

    def count(self, text):
        return len(text.split())

    def escape(self, text):
        return text


class Shelf:
    """Stands in for the catalog."""

    def __init__(self, rows, chunks):
        self.rows, self.held = rows, chunks

    def documents(self):
        return self.rows

    def chunk_ids(self, ids):
        return [chunk.id for chunk in self.held if chunk.document_id in ids]

    def chunks(self, ids):
        return {chunk.id: chunk for chunk in self.held if chunk.id in ids}


class Row:
    def __init__(self, id, name):
        self.id, self.name, self.path, self.language = id, name, f"/docs/{name}", "en"
        self.collections: tuple[str, ...] = ()


def shelf(pages, words=300):
    filler = " and so on" * (words // 3)
    chunks = [
        passage(f"Rule {n} allows {n * 11} days of leave{filler}.", "a.pdf", n).chunk for n in range(1, pages + 1)
    ]
    return Shelf([Row(1, "a.pdf"), Row(2, "b.pdf")], chunks)


def summarize(shelf, engine, pattern="a.pdf", **options):
    return list(Summarizer(shelf, lambda: engine, Settings()).summarize(pattern, **options))


def test_every_part_is_read_and_every_sentence_has_its_page():
    engine = Copyist()
    *stages, answer = summarize(shelf(4), engine)
    assert [(stage.part, stage.parts) for stage in stages if isinstance(stage, Stage)] == [(1, 2), (2, 2)]
    assert len(answer.sentences) == 4
    assert [citation.page for citation in answer.citations] == [1, 2, 3, 4]
    for sentence, citation in zip(answer.sentences, answer.citations, strict=True):
        assert sentence.citations == (citation.n,)
        assert f"{citation.page * 11} days" in sentence.text
        assert citation.quote in answer.passages[citation.n - 1].text


def test_of_a_short_document_every_section_is_summarised():
    *stages, answer = summarize(shelf(3, words=30), Copyist())
    assert [(stage.part, stage.parts) for stage in stages] == [(1, 3), (2, 3), (3, 3)]
    assert [citation.page for citation in answer.citations] == [1, 2, 3]


def test_what_no_part_states_is_left_out():
    *_, answer = summarize(shelf(2), Copyist())
    assert "moon" not in answer.answer


def test_a_document_of_which_nothing_stated_is_said_gives_no_summary():
    *_, answer = summarize(shelf(1), _Liar())
    assert answer.abstained
    assert answer.sentences == ()


class _Liar(Copyist):
    def generate(self, messages, **options):
        yield self.lie


def test_a_long_document_is_summarised_again():
    engine = Copyist()
    *_, answer = summarize(shelf(20), engine)
    assert 1 <= len(answer.sentences) <= ENOUGH_SENTENCES
    assert any("most important" in prompt for prompt in engine.prompts)
    assert all(sentence.supported for sentence in answer.sentences)


def test_a_model_that_cannot_shorten_still_gives_an_end():
    class Parrot(Copyist):
        def generate(self, messages, **options):
            content = messages[-1]["content"]
            yield from (f"{text}\n" for text in re.findall(r"^\[\d+\].*\n(.+)$", content, re.MULTILINE))

    *_, answer = summarize(shelf(20), Parrot())
    assert len(answer.sentences) == ENOUGH_SENTENCES
    assert [citation.page for citation in answer.citations] == sorted(citation.page for citation in answer.citations)


def test_stopping_gives_what_there_is_so_far():
    calls = iter(range(100))
    *_, answer = summarize(shelf(8), Copyist(), cancelled=lambda: next(calls) >= 1)
    assert isinstance(answer, Answer)
    assert len(answer.sentences) == 2


@pytest.mark.parametrize(
    ("pattern", "error"), [("*.pdf", UsageError), ("c.pdf", PathError), ("b.pdf", EmptyStoreError)]
)
def test_one_document_with_text_is_needed(pattern, error):
    with pytest.raises(error):
        summarize(shelf(1), Copyist(), pattern)


class Beginner(Copyist):
    """Shortens by repeating what stands first, as a small model does."""

    def generate(self, messages, **options):
        content = messages[-1]["content"]
        texts = re.findall(r"^\[\d+\].*\n(.+)$", content, re.MULTILINE)
        if "important" in content:
            yield "\n".join(texts[:5])
        else:
            for text in texts:
                yield "The passage describes a rule.\n" + text.replace(". ", ".\n") + "\n"


def test_a_model_that_repeats_the_beginning_leaves_no_section_out():
    sections = [
        f"Section {n} grants {n} keys. It also wants {n + 20} signatures. Visitors get {n + 40} badges."
        for n in range(1, 7)
    ]
    chunks = [passage(text, "a.pdf", n).chunk for n, text in enumerate(sections, 1)]
    *_, answer = summarize(Shelf([Row(1, "a.pdf")], chunks), Beginner(lie=""))
    assert len(answer.sentences) == ENOUGH_SENTENCES
    assert {citation.page for citation in answer.citations} == {1, 2, 3, 4, 5, 6}
    assert all(f"Section {n} grants {n} keys" in answer.answer for n in range(1, 7))
    assert "passage describes" not in answer.answer
