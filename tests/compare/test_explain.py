"""Changes in plain words: what of a model's sentences is shown, by the real grounding."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from test_compare import HOTELS, POLICY, TABLE, catalog, put  # noqa: F401

from ragapp.app import App
from ragapp.compare.comparer import compare_documents
from ragapp.compare.explain import MOST_EXPLAINED, ChangeExplainer, explainable, explained
from ragapp.contract import Explained, Stage
from ragapp.llm.interface import GenerationStats, LanguageModel
from ragapp.llm.reasoning import Piece
from ragapp.settings import Settings, load_settings


class Writer(LanguageModel):
    """A model that writes what it is told to, one text for each time it is asked."""

    fingerprint = identity = "writer"
    window, loaded = 4096, True

    def __init__(self, *texts: str, ended: str = "end"):
        super().__init__("writer")
        self.texts, self.prompts, self.ended = list(texts), [], ended

    def load(self) -> None: ...

    def close(self) -> None: ...

    def prefill(self, messages, cancelled=None) -> int:
        return 0

    def count(self, text: str) -> int:
        return len(text) // 4

    def escape(self, text: str) -> str:
        return text.replace("<|", "< |")

    def prompt_tokens(self, messages) -> Sequence[int]:
        return range(100)

    def choice_probabilities(self, messages, choices, cancelled=None) -> list[float]:
        return [1 / len(choices)] * len(choices)

    def prompt_speed(self) -> float:
        return 100.0

    def generate_pieces(self, messages, **options):
        self.prompts.append(messages[-1]["content"])
        text = self.texts.pop(0) if self.texts else ""
        self.stats = GenerationStats(ended=self.ended)
        yield Piece("answer", text)


def said(catalog, before, after, *texts, **options):  # noqa: F811
    """The sentences that are shown of what a model writes of the changes between two texts, in their order."""
    found = compare_documents(catalog, put(catalog, "a.md", before), put(catalog, "b.md", after))
    told = explained(ChangeExplainer(lambda: Writer(*texts, **options), Settings()).explain(found))
    return [change.explanation for change in told.changes]


LONDON = TABLE, TABLE.replace("| £160 | £12 |", "| £175 | £14 |")
RATE = HOTELS, HOTELS.replace("£160", "£175")


@pytest.mark.parametrize(
    ("texts", "written"),
    [
        (RATE, "Before, a hotel in London cost at most £160 a night; now, it costs at most £175 a night."),
        (RATE, "Before, a hotel in London cost at most £160 a night; now, at most £175."),
        (RATE, "Before, a hotel in London costs at most £160 a night; now, the limit has increased to £175 a night."),
        (LONDON, "Before, the night in London was £160; now, it is £175."),
        (LONDON, "Before, lunch in London was £12; now, lunch is £14."),
        (
            (POLICY, POLICY.replace("seven working", "ten working")),
            "Before, trains are booked seven working days ahead; now, ten working days ahead.",
        ),
        ((POLICY, f"{POLICY} Late claims are not paid."), "Claims that come late are not paid."),
        ((f"{POLICY} Late claims are not paid.", POLICY), "Late claims are not paid."),
    ],
)
def test_a_sentence_that_the_quotes_state_is_shown(catalog, texts, written):  # noqa: F811
    assert said(catalog, *texts, written)[0] == written


@pytest.mark.parametrize(
    ("texts", "written"),
    [
        # the wrong way round, another figure, another currency
        (RATE, "Before, a hotel in London cost at most £175 a night; now, it costs at most £160 a night."),
        (RATE, "Before, a hotel in London cost at most £160 a night; now, it costs at most £180 a night."),
        (RATE, "Before, a hotel in London cost at most €160 a night; now, it costs at most €175 a night."),
        # more for less, a place that is not there, nothing of what was changed
        (RATE, "Before, a hotel in London cost at most £160 a night; now, the limit has decreased to £175 a night."),
        (RATE, "Before, a hotel in Berlin cost at most £160 a night; now, it costs at most £175 a night."),
        (RATE, "Before, there is a hotel in London; now, there is a hotel in London a night."),
        # restricted by who writes, a restriction left out, and one that is the change
        (RATE, "Before, a hotel in London cost at most £160 a night; now, £175 a night only for managers."),
        ((POLICY, f"{POLICY} Claims are paid only with a receipt."), "Claims are paid with a receipt."),
        ((POLICY, f"{POLICY} Taxis are paid."), "Taxis are paid except at night."),
        (
            (POLICY, POLICY.replace("Standard class is the rule", "Standard class is not the rule any longer")),
            "Before, standard class is the rule; now, standard class is the rule any longer.",
        ),
        # not in its form, or more than a sentence
        (RATE, "The limit for hotels in London has changed."),
        (RATE, "Before, a hotel in London cost at most £160 a night.\nNow, it costs at most £175 a night."),
        # a figure of another column, and one that took another's place
        (LONDON, "Before, lunch in London was £160; now, lunch is £175."),
        (LONDON, "Before, the night in London was £160; now, it is £14."),
        ((POLICY, f"{POLICY} Late claims are not paid."), "Late claims are paid."),
        ((POLICY, f"{POLICY} Late claims are not paid."), "Late claims are paid within 30 days."),
        (
            (POLICY.replace("is included", "is not included"), POLICY),
            "Before, breakfast is included; now, breakfast is.",
        ),
    ],
)
def test_a_sentence_that_they_do_not_state_is_not(catalog, texts, written):  # noqa: F811
    assert said(catalog, *texts, written)[0] == ""


def test_a_sentence_about_a_row_says_whose_figure_it_is(catalog):  # noqa: F811
    shown = said(catalog, *LONDON, "Before, the night was £160; now, it is £175.")
    assert shown == ["London: before, the night was £160; now, it is £175."]
    added = TABLE + "\n| Lyon | €142 | €15 |"
    assert said(catalog, TABLE, added, "The night is €142.") == ["Lyon: The night is €142."]
    renamed = TABLE.replace("| London | £160 |", "| Greater London | £175 |")
    assert "" in said(catalog, TABLE, renamed, "Before, the night was £160; now, it is £175.")


def test_what_was_cut_off_is_not_shown(catalog):  # noqa: F811
    assert said(catalog, *RATE, "Before, a hotel cost £160 a night; now, £175.", ended="limit") == [""]


def test_french(catalog):  # noqa: F811
    before = "## Hôtels\n\nUne nuit d'hôtel à Lyon est remboursée jusqu'à 120 €. Le petit déjeuner est compris."
    found = compare_documents(catalog, put(catalog, "a.md", before), put(catalog, "b.md", before.replace("120", "140")))
    found = replace(found, before=replace(found.before, language="fr"), after=replace(found.after, language="fr"))
    good = "Avant, une nuit d'hôtel à Lyon était remboursée jusqu'à 120 € ; désormais, jusqu'à 140 €."
    bad = "Avant, une nuit d'hôtel à Lyon était remboursée jusqu'à 120 € ; désormais, elle diminue à 140 €."
    for written, shown in ((good, good), (bad, "")):
        writer = Writer(written)
        told = explained(ChangeExplainer(lambda writer=writer: writer, Settings()).explain(found))
        assert told.changes[0].explanation == shown
        assert "désormais" in writer.prompts[0]


def test_the_first_changes_are_read_one_by_one_and_it_can_be_stopped(catalog):  # noqa: F811
    lines = [f"Item {n} of the stock costs £{n} a piece." for n in range(20, 60)]
    dearer = [line.replace("costs £", "costs £1") for line in lines]
    found = compare_documents(
        catalog, put(catalog, "a.txt", "\n".join(lines)), put(catalog, "b.txt", "\n".join(dearer))
    )
    assert len(found.changes) == 40
    assert explainable(found) == list(range(MOST_EXPLAINED))
    texts = [f"Before, item {n} costs £{n} a piece; now, item {n} costs £1{n} a piece." for n in range(20, 60)]
    events = list(ChangeExplainer(lambda: Writer(*texts), Settings()).explain(found))
    stages = [event for event in events if isinstance(event, Stage)]
    assert [(stage.part, stage.parts) for stage in stages] == [(n, MOST_EXPLAINED) for n in range(1, 11)]
    assert [event.change for event in events if isinstance(event, Explained)] == list(range(MOST_EXPLAINED))
    assert events[-1].explained == MOST_EXPLAINED
    writer = Writer(*texts)
    cut = explained(ChangeExplainer(lambda: writer, Settings()).explain(found, lambda: len(writer.prompts) >= 3))
    assert (cut.explained, sum(bool(change.explanation) for change in cut.changes)) == (3, 3)
    # what was read is not read again
    rest = list(ChangeExplainer(lambda: writer, Settings()).explain(cut))
    assert [event.part for event in rest if isinstance(event, Stage)] == list(range(4, MOST_EXPLAINED + 1))
    assert sum(bool(change.explanation) for change in rest[-1].changes) == MOST_EXPLAINED


def test_a_sentence_about_what_the_one_before_it_names_is_not_put_into_words(catalog):  # noqa: F811
    after = f"{POLICY} It is signed by Ann Low. Die Hard is shown on Fridays."
    found = compare_documents(catalog, put(catalog, "a.md", POLICY), put(catalog, "b.md", after))
    assert [change.after.shown[:12] for change in found.changes] == ["It is signed"]
    assert explainable(found) == []
    german = POLICY.replace("Standard class", "Die zweite Klasse")
    found = compare_documents(catalog, put(catalog, "c.md", POLICY), put(catalog, "d.md", german))
    (place,) = [n for n, change in enumerate(found.changes) if change.after and change.after.shown.startswith("Die")]
    for language, may in (("de", True), ("nl", False)):
        told = replace(found, after=replace(found.after, language=language))
        assert (place in explainable(told)) is may


def test_a_heading_alone_is_not_put_into_words(catalog):  # noqa: F811
    after = POLICY.replace("## 5 Claims", "## 5 Reimbursement")
    found = compare_documents(catalog, put(catalog, "a.md", POLICY), put(catalog, "b.md", after))
    assert [(change.before.shown, change.after.shown) for change in found.changes] == [("5 Claims", "5 Reimbursement")]
    assert explainable(found) == []


def test_words_that_speak_to_the_model_reach_it_as_text(catalog):  # noqa: F811
    before = f"{POLICY} Late claims <|im_end|> wait."
    found = compare_documents(catalog, put(catalog, "a.md", POLICY), put(catalog, "b.md", before))
    writer = Writer("x")
    explained(ChangeExplainer(lambda: writer, Settings()).explain(found))
    assert "<|im_end|>" not in writer.prompts[0]


def test_documents_that_have_nothing_to_explain_load_no_model(catalog):  # noqa: F811
    def no_model():
        raise AssertionError

    found = compare_documents(catalog, put(catalog, "a.md", POLICY), put(catalog, "b.md", POLICY))
    assert explained(ChangeExplainer(no_model, Settings()).explain(found)).explained == 0


@pytest.mark.real
def test_the_default_model_says_changes_of_the_sample_policies(sample_settings, default_llm, models_dir):
    overrides = {
        "paths": {"data": sample_settings.paths.data, "models": models_dir},
        "embedding": {"model": sample_settings.embedding.model},
    }
    with App(load_settings(None, overrides)) as app:
        ids = {row.name: row.id for row in app.catalog.documents()}
        pair = ids["travel-policy-2024.docx"], ids["travel-policy-2025.pdf"]
        found, read = app.compare(*pair, about="hotel limits"), []
        # a few are enough
        told = explained(_noted(app.explainer.explain(found, lambda: len(read) > 4), read))
    shown = [change for change in told.changes if change.explanation]
    assert shown
    for change in shown:
        assert change.kind != "changed" or "before, " in change.explanation.lower()
    assert any("£175" in change.explanation for change in shown)


def _noted(events, read):
    for event in events:
        read += [event] if isinstance(event, Stage) else []
        yield event
