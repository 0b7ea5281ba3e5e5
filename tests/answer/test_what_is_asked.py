"""Answers by what a question asks for: parts, yes or no, lists, comparisons; and models that misbehave."""

import re
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from answerkit import StandIn, passage

from ragapp.answer.assistant import Assistant
from ragapp.answer.prompts import PROMPTS
from ragapp.answer.yes_no import agreed, decided
from ragapp.contract import Proved
from ragapp.errors import CancelledError
from ragapp.index.catalog import Catalog
from ragapp.index.records import Chunk, EmbedderIdentity
from ragapp.llm.engine import GenerationStats
from ragapp.reading.document import Block, Document, Unit
from ragapp.retrieval.passage import RetrievalResult, ScoredChunk
from ragapp.settings import load_settings

SETTINGS = Path(__file__).parents[2] / "settings.yaml"
EN, FR = PROMPTS["en"], PROMPTS["fr"]


class Model(StandIn):
    """Stands in for the engine: it answers by the first rule whose words all stand in what it is asked.

    ``writes`` are rules of ``(words, text)``; ``states`` those of ``(words, probability)`` for the probe, three of them
    for yes, no and unknown; ``polar`` is its probability of yes.
    """

    name = "model"

    def __init__(self, writes, states=(), polar=0.9):
        self.writes, self.states, self.polar = writes, states, polar
        self.stats, self.asked, self.judged = GenerationStats(), [], []

    def choice_probabilities(self, messages, choices, cancelled=None):
        shown = messages[-1]["content"]
        if shown.endswith((EN.polarity, FR.polarity)):
            return [self.polar, 1 - self.polar]
        self.judged.append(shown)
        found = next((p for words, p in self.states if all(word in shown for word in words)), 0.02)
        if len(choices) == 3:
            return list(found) if isinstance(found, tuple) else [found, 0.0, 1 - found]
        return [found, 1 - found]

    def generate(self, messages, **options):
        shown = messages[-1]["content"]
        self.asked.append(shown)
        text = next((text for words, text in self.writes if all(word in shown for word in words)), "")
        yield from re.findall(r"\s*\S+|\s+", text)


class Search:
    """Stands in for the retriever: the same passages for every question."""

    def __init__(self, *passages):
        self.passages, self.questions = passages, []

    def search(self, question, k, within):
        self.questions.append(question)
        return RetrievalResult(self.passages[:k], {}, 5, 5, 5)


def ask(question, passages, model, similar=None, **answer):
    settings = load_settings(SETTINGS, {"answer": {"threshold": 0.5, **answer}})
    search = Search(*passages)
    events = list(Assistant(search, lambda: model, settings, similar=similar).ask(question))
    return events[-1], events, search


FEES = passage("The annual fee is €40. It is due on 1 March.", "club.pdf", 1)
BOATS = passage("Boats are inspected by Ines Falk every spring.", "boats.pdf", 2)


def test_each_part_is_answered_from_the_passage_that_states_it():
    model = Model(
        [
            (("club.pdf", "annual fee"), "The annual fee is €40."),
            (("boats.pdf", "inspects"), "Ines Falk inspects the boats."),
        ],
        [(("club.pdf", "What is the annual fee?"), 0.9), (("boats.pdf", "who inspects"), 0.9)],
    )
    answer, events, _ = ask("What is the annual fee and who inspects the boats?", (FEES, BOATS), model)
    assert not answer.abstained
    assert [sentence.text for sentence in answer.sentences] == [
        "The annual fee is €40. [1]",
        "Ines Falk inspects the boats. [2]",
    ]
    assert [citation.document for citation in answer.citations] == ["club.pdf", "boats.pdf"]
    assert {answer.passages[citation.n - 1].document for citation in answer.citations} == {"club.pdf", "boats.pdf"}
    assert answer.not_stated == ()
    # each was written from its own passage alone
    assert all(("club.pdf" in shown) != ("boats.pdf" in shown) for shown in model.asked)
    assert any(isinstance(event, Proved) for event in events)


def test_a_passage_is_asked_for_all_open_parts_before_the_next_is_read():
    model = Model([], [((), 0.02)])
    ask("What is the annual fee and who inspects the boats?", (FEES, BOATS), model)
    documents = ["club" if "club.pdf" in shown else "boats" for shown in model.judged]
    assert documents[:2] == ["club", "club"]
    assert documents[2:4] == ["boats", "boats"]


def test_a_part_that_nothing_states_is_named_in_the_words_of_the_question():
    model = Model([(("annual fee",), "The annual fee is €40.")], [(("club.pdf", "annual fee?"), 0.9)])
    answer, *_ = ask("What are the annual fee and the waiting period?", (FEES, BOATS), model)
    assert answer.answer == "The annual fee is €40. [1]"
    assert answer.not_stated == ("the waiting period",)


def test_where_no_part_is_stated_the_whole_question_is_refused():
    answer, *_ = ask("What are the deposit and the waiting period?", (FEES, BOATS), Model([]))
    assert answer.abstained
    assert answer.not_stated == ()


def test_a_part_whose_sentence_fails_the_check_is_quoted():
    model = Model(
        [(("annual fee?",), "The annual fee is €99."), (("due?",), "It is due on 1 March.")], [(("club.pdf",), 0.9)]
    )
    answer, *_ = ask("What is the annual fee and when is it due?", (FEES,), model)
    assert "€99" not in answer.answer
    assert "The annual fee is €40." in answer.answer
    assert answer.doubt == EN.own_words


def test_a_question_of_twenty_parts_is_bounded_and_told():
    model = Model([((), "The annual fee is €40.")], [(("club.pdf",), 0.9)])
    answer, *_ = ask(" ".join(f"{n}. What is the annual fee of boat {n}?" for n in range(1, 21)), (FEES,), model)
    assert "20 parts" in answer.note
    assert len(model.asked) <= 6
    assert answer.answer.count("€40") == 1  # what was said once is not said again


RULES = passage("Keys are lent for a week. A lost key costs £15. Keys are never posted.", "keys.pdf", 1)


def test_an_open_question_is_answered_in_as_many_sentences_as_hold():
    model = Model(
        [(("several" and EN.several,), "Keys are lent for a week. A lost key costs £15. A new key takes 3 days.")]
    )
    model.states = [(("keys.pdf",), 0.9)]
    answer, *_ = ask("What are the rules for keys?", (RULES,), model)
    assert [sentence.text for sentence in answer.sentences] == [
        "Keys are lent for a week. [1]",
        "A lost key costs £15. [1]",
    ]
    assert "3 days" not in answer.answer


def test_a_simple_question_asks_for_one_sentence_and_reads_no_more():
    model = Model([((EN.answer,), "A lost key costs £15.")], [(("keys.pdf",), 0.9)])
    answer, _, search = ask("What does a lost key cost?", (RULES, BOATS), model)
    assert answer.answer == "A lost key costs £15. [1]"
    assert len(model.judged) == len(model.asked) == len(search.questions) == 1


def test_another_passage_that_surely_states_something_is_written_from_as_well():
    more = passage("Keys of the boat house are kept by Jon Aker.", "boathouse.pdf", 4)
    model = Model(
        [
            (("keys.pdf",), "Keys are lent for a week."),
            (("boathouse.pdf",), "Keys of the boat house are kept by Jon Aker."),
        ],
        [(("keys.pdf",), 0.9), (("boathouse.pdf",), 0.85)],
    )
    answer, *_ = ask("What are the rules for keys?", (RULES, more, BOATS), model)
    assert [sentence.citations for sentence in answer.sentences] == [(1,), (2,)]
    assert "Jon Aker" in answer.answer


SEALS = passage("The warranty covers the motor. Seals are not covered.", "warranty.pdf", 1)


@pytest.mark.parametrize(
    ("question", "written", "polar", "said"),
    [
        ("Are seals covered by the warranty?", "Seals are not covered.", 0.3, "No, seals are not covered. [1]"),
        ("Are seals covered by the warranty?", "No, seals are not covered.", 0.7, "No, seals are not covered. [1]"),
        ("Are seals covered by the warranty?", "Yes, seals are not covered.", 0.3, "No, seals are not covered. [1]"),
        ("Is the motor covered?", "The warranty covers the motor.", 0.9, "Yes, the warranty covers the motor. [1]"),
        (
            "Is the motor covered?",
            "Yes, the warranty covers the motor.",
            0.6,
            "Yes, the warranty covers the motor. [1]",
        ),
    ],
)
def test_yes_or_no_stands_before_the_sentence_that_decides_it(question, written, polar, said):
    model = Model([((EN.decide,), written)], [(("warranty.pdf",), (0.4, 0.5, 0.1))], polar)
    answer, *_ = ask(question, (SEALS,), model)
    assert answer.answer == said
    assert not answer.abstained


FLOODS = passage("The policy covers theft. Loss by flood is not covered either.", "policy.pdf", 1)


@pytest.mark.parametrize(
    ("question", "written", "polar", "said"),
    [
        # what the model writes is not stated, but a sentence of the passage decides
        ("Is flood loss covered?", "Yes, flood loss is covered.", 0.3, "No, loss by flood is not covered either. [1]"),
        ("Is flood loss covered?", "The owner pays for it.", 0.3, "No, loss by flood is not covered either. [1]"),
        ("Is flood loss covered?", "Yes, flood loss is covered.", 0.9, "No, loss by flood is not covered either. [1]"),
        ("Is theft covered?", "No, theft is not covered.", 0.9, "Yes, the policy covers theft. [1]"),
        # where the model holds the opposite, the person reads the sentence and decides
        ("Is theft covered?", "No, theft is not covered.", 0.2, "The policy covers theft. [1]"),
    ],
)
def test_a_sentence_that_decides_takes_the_place_of_one_that_is_not_stated(question, written, polar, said):
    model = Model([((EN.decide,), written)], [(("policy.pdf",), (0.4, 0.5, 0.1))], polar)
    answer, *_ = ask(question, (FLOODS,), model)
    assert answer.answer == said
    assert (answer.grade, answer.doubt) == ("likely", EN.own_words)


@pytest.mark.parametrize(
    ("question", "unknown", "said"),
    [
        ("Is it covered?", 0.25, ""),  # what is?
        ("Is flood loss covered?", 0.25, "No, loss by flood is not covered either. [1]"),
        ("Does the policy cover theft?", 0.25, "Yes, the policy covers theft. [1]"),
        ("Is hail loss covered?", 0.25, ""),  # has all words but one
        ("Is flood loss covered?", 0.5, ""),
    ],
)
def test_of_a_passage_that_is_not_sure_enough_a_plain_sentence_decides(question, unknown, said):
    model = Model([], [(("policy.pdf",), (0.4, 0.6 - unknown, unknown))])
    answer, *_ = ask(question, (FLOODS,), model)
    assert answer.confidence < 0.5
    assert (answer.grade, answer.doubt) == (("likely", EN.own_words) if said else ("not_found", ""))
    assert not said or answer.answer == said
    assert model.asked == []


def test_words_that_meet_by_chance_do_not_decide_a_question_of_which_no_passage_is_sure():
    text = "Stay at home with liquid stools, unless they ended a day ago."
    ill = passage(text, "nursery.pdf", 3, headings=("Payment of the nursery",))
    model = Model([((EN.decide,), "Stay at home with liquid stools.")], [(("nursery.pdf",), (0.4, 0.35, 0.25))], 0.6)
    answer, *_ = ask("Can the nursery payment be liquid?", (ill,), model)
    assert answer.abstained


@pytest.mark.parametrize("question", ["Is hail covered?", "Is flood loss of boats covered?", "Is the policy cheap?"])
def test_a_sentence_about_something_else_decides_nothing(question):
    model = Model([((EN.decide,), "The owner pays 7 euros.")], [(("policy.pdf",), (0.4, 0.5, 0.1))], 0.3)
    answer, *_ = ask(question, (FLOODS,), model)
    assert answer.abstained


@pytest.mark.parametrize(
    ("question", "language", "quote", "yes"),
    [
        ("Is a permit needed for the roof?", "en", "A permit is needed for the roof.", True),
        ("Is a permit needed for the roof?", "en", "No permit is needed for the roof.", False),
        ("Do the fees include tax?", "en", "All fees exclude tax.", None),
        ("Are dogs allowed in the office?", "en", "Dogs in the office: only guide dogs are allowed.", None),
        ("Are dogs allowed in the office?", "en", "The canteen opens at noon.", None),
        ("Is a permit needed for the roof?", "en", "3. Work on the roof.", None),
        ("May I eat behind hall 2?", "en", "Eating is forbidden in all halls; there is a bench behind hall 2.", None),
        ("May I eat behind hall 2?", "en", "Eating is forbidden behind hall 2; the bench is new.", False),
        ("Is it not forbidden to park there?", "en", "Parking is not allowed there.", None),
        ("Can I unlock the gate myself?", "en", "You can unlock the gate yourself.", True),
        ("Les repas sont-ils remboursés ?", "fr", "Les repas sont remboursés.", True),
        ("Les repas sont-ils remboursés ?", "fr", "Les repas ne sont pas remboursés.", False),
        ("Les repas sont-ils remboursés ?", "fr", "Les repas sont remboursés sauf le soir.", None),
        ("Werden Mahlzeiten erstattet?", "de", "Mahlzeiten werden nicht erstattet.", False),
    ],
)
def test_the_words_of_a_sentence_decide_or_do_not(question, language, quote, yes):
    assert decided(question, quote, language) is yes


def test_what_a_sentence_is_about_may_stand_above_it():
    quote = "The tenant may not keep animals, and smoking is not permitted."
    assert decided("Is smoking in hall 3 allowed?", quote, "en") is None
    assert decided("Is smoking in hall 3 allowed?", quote, "en", "Lease of hall 3") is False
    other = "The tenant may not keep animals, but smoking is permitted."
    assert decided("Is smoking in hall 3 allowed?", other, "en", "Lease of hall 3") is True


def test_a_yes_that_the_passage_does_not_bear_out_is_not_said():
    taxed = passage("All fees exclude tax. Fees are due in May.", "fees.pdf", 1)
    model = Model([((), "Yes, the fees include tax.")], [(("fees.pdf",), (0.9, 0.05, 0.05))], 0.9)
    answer, *_ = ask("Do the fees include tax?", (taxed,), model)
    assert answer.answer == "All fees exclude tax. [1]"
    assert answer.grade == "likely"


def test_a_passage_that_says_no_decides_a_question_as_one_that_says_yes():
    for probabilities, answered in (((0.05, 0.9, 0.05), True), ((0.9, 0.05, 0.05), True), ((0.1, 0.1, 0.8), False)):
        model = Model([((), "Seals are not covered.")], [(("warranty.pdf",), probabilities)], 0.2)
        answer, *_ = ask("Are seals covered?", (SEALS,), model)
        assert answer.abstained != answered


def test_yes_or_no_in_french():
    meals = passage("Les repas ne sont pas remboursés.", "frais.pdf", 1, language="fr")
    model = Model([((FR.decide,), "Les repas ne sont pas remboursés.")], [(("frais.pdf",), (0.2, 0.7, 0.1))], 0.1)
    answer, *_ = ask("Les repas sont-ils remboursés ?", (meals,), model)
    assert answer.answer == "Non, les repas ne sont pas remboursés. [1]"


@pytest.mark.parametrize(
    ("question", "quote", "probability", "yes"),
    [
        ("Can I put my mother on the plan?", "Parents cannot be enrolled, even if they live with you.", 0.2, False),
        ("Can I put my mother on the plan?", "Parents cannot be enrolled, even if they live with you.", 0.7, None),
        ("Will a polyp cost me something?", "A removal of polyps is paid in full.", 0.8, True),
        ("Will a polyp cost me something?", "A removal of polyps is paid in full.", 0.5, None),
        ("Will a polyp cost me something?", "A removal of polyps is paid only in hospitals.", 0.9, None),
        ("Is it not allowed to swim alone?", "Children swim with their parents.", 0.9, None),
    ],
)
def test_where_words_do_not_decide_the_model_must_agree_with_the_form(question, quote, probability, yes):
    assert agreed(question, quote, probability, "en") is yes


def test_a_quote_in_other_words_says_no_where_the_model_does():
    text = "Parents cannot be enrolled, even if they live with you and you claim them."
    relatives = passage(text, "plan.pdf", 1)
    question = "My mother stays in our house since May, so can I add her to my health insurance?"
    model = Model([((), "Yes, she can be added in May.")], [(("plan.pdf",), (0.1, 0.85, 0.05))], 0.2)
    answer, *_ = ask(question, (relatives,), model, similar=lambda _, others: [0.6] * len(others))
    assert (answer.grade, answer.answer) == ("likely", f"No: {text} [1]")


def test_a_long_question_may_have_words_that_the_sure_passage_has_not():
    text = "Members who hire a skipper pay the harbour dues of the boat themselves, whatever the weather is like."
    dues = passage(text, "club.pdf", 1)
    question = "Does the club cover the harbour dues of the boat when members hire a skipper?"
    model = Model([((), "Yes, everything is covered by the club.")], [(("club.pdf",), (0.1, 0.85, 0.05))], 0.3)
    answer, *_ = ask(question, (dues,), model)
    assert (answer.grade, answer.answer) == ("likely", f"{text} [1]")


def test_yes_or_no_that_no_passage_states_is_not_said():
    model = Model([((), "Yes, the gearbox is covered for 9 years.")], [(("warranty.pdf",), (0.8, 0.1, 0.1))])
    assert ask("Is the gearbox covered?", (SEALS,), model)[0].abstained


TABLE = passage(
    "| Firm | Country | Goods |\n| --- | --- | --- |\n| Arvo | Norway | paint |\n| Brenta | Italy | paint |\n"
    "| Norway Glass | Italy | glass |\n| Dorsk | Norway | glass |",
    "firms.xlsx",
    1,
)


def test_a_list_keeps_the_rows_that_meet_the_condition_and_says_of_how_many():
    model = Model([((), "- Arvo\n- Brenta")], [((), 0.4)])
    answer, *_ = ask("List all firms from Norway.", (TABLE,), model)
    assert [line.split(";")[0] for line in answer.answer.splitlines()] == ["- Arvo", "- Dorsk"]
    assert "2 of 4 rows of firms.xlsx" in answer.note
    assert model.asked == []
    assert ask("List all firms with paint from Norway.", (TABLE,), model)[0].answer.startswith("- Arvo")
    nothing = passage(TABLE.chunk.text.replace("| Brenta | Italy | paint |", "| Brenta | Italy | wood |"), "firms.xlsx")
    answer, *_ = ask("List all firms with paint from Italy.", (nothing,), model)
    assert answer.abstained
    assert "0 of 4 rows" in answer.note


def test_what_the_words_of_rows_do_not_tell_is_left_to_the_model():
    model = Model([((EN.list,), "- Arvo\n- Arvo\n- Dorsk\n- Celsior")], [((), 0.9)])
    answer, *_ = ask("List all firms that deliver within a week.", (TABLE,), model)
    assert answer.answer == "- Arvo [1]\n- Dorsk [1]"
    assert "1 of 1 passages" in answer.note


OLD = passage("The ceiling in Rome is €150.", "travel-2023.pdf", 1)
NEW = passage("The ceiling in Rome is €170.", "travel-2024.pdf", 1)


def compare(
    question="What is the difference between the 2023 and the 2024 travel rules for hotels in Rome?",
    passages=(OLD, NEW),
):
    model = Model(
        [
            (("travel-2023.pdf",), "The ceiling in Rome is €150."),
            (("travel-2024.pdf",), "The ceiling in Rome is €170."),
        ],
        [((), 0.9)],
    )
    return ask(question, passages, model)[0]


def test_a_comparison_stands_side_by_side_with_a_citation_in_each_cell():
    old, new = (passage(one.chunk.text + " Travel rules.", one.chunk.document) for one in (OLD, NEW))
    answer = compare(passages=(new, old))
    assert (
        answer.answer.splitlines()
        == [
            "| The 2023 travel rules | The 2024 travel rules |",
            "| --- | --- |",
            "| The ceiling in Rome is €150. [2] | The ceiling in Rome is €170. [1] |",
        ]
        or answer.answer.splitlines()[2] == "| The ceiling in Rome is €150. [1] | The ceiling in Rome is €170. [2] |"
    )
    cited = {citation.n: citation.document for citation in answer.citations}
    first, second = answer.sentences
    assert first.text.startswith("The 2023 travel rules: The ceiling in Rome is €150.")
    assert cited[first.citations[0]] == "travel-2023.pdf"
    assert cited[second.citations[0]] == "travel-2024.pdf"
    assert "2 passages" in answer.note


def test_a_comparison_of_which_one_is_not_there_is_answered_as_any_question():
    model = Model([((), "The ceiling in Rome is €150.")], [((), 0.9)])
    answer, *_ = ask("Compare the 2023 and the 1999 travel rules.", (OLD,), model)
    assert "|" not in answer.answer
    assert not answer.abstained
    assert len(answer.not_stated) == 1
    assert "1999" in answer.not_stated[0]


TREES = ("Ash", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gorse", "Hazel")


def test_things_beyond_those_that_are_compared_are_named():
    passages = [passage(f"{name} grows {n} metres tall.", f"{name}.pdf", n) for n, name in enumerate(TREES, 4)]
    texts = [((f"{name}.pdf",), f"{name} grows {n} metres tall.") for n, name in enumerate(TREES, 4)]
    answer, *_ = ask(f"Compare {', '.join(TREES[:-1])} and {TREES[-1]}.", passages, Model(texts, [((), 0.9)]))
    assert all(f"| {name}" in answer.answer for name in TREES[:6])
    assert answer.not_stated == TREES[6:]


def test_what_is_shown_of_a_comparison_is_never_graded_as_not_found():
    model = Model(
        [((f"travel-{year}.pdf",), f"The ceiling in Rome is €{sum_}.") for year, sum_ in ((2023, 150), (2024, 170))],
        [((), 0.0001)],
    )
    question = "What is the difference between the 2023 and the 2024 travel rules?"
    answer, *_ = ask(question, (OLD, NEW), model, threshold=None)
    assert (answer.abstained, answer.grade) == (False, "likely")
    assert answer.doubt


def test_a_long_list_of_rows_says_how_many_are_shown():
    lines = [f"| Firm {n} | {'Norway' if n % 2 else 'Italy'} |" for n in range(1, 101)]
    firms = passage("\n".join(["| Firm | Country |", "| --- | --- |", *lines]), "firms.xlsx", 1)
    answer, *_ = ask("List all firms from Norway.", (firms,), Model([], [((), 0.9)]))
    assert len(answer.answer.splitlines()) == 40
    assert "50 of 100 rows of firms.xlsx" in answer.note
    assert "The first 40 of 50 rows are shown." in answer.note


@pytest.mark.parametrize(
    ("ended", "written", "told"),
    [
        ("limit", "A lost key costs £15. The deposit is kept on Mondays and", "A lost key costs £15. [1]"),
        ("time", "A lost key costs £15. [1] The deposit", "A lost key costs £15. [1]"),
        ("end", "A lost key costs £15", "A lost key costs £15 [1]"),
        ("limit", "A lost key costs £15", "A lost key costs £15 [1]"),
    ],
)
def test_a_sentence_that_was_cut_off_by_a_limit_is_left_out(ended, written, told):
    class CutOff(Model):
        def generate(self, messages, **options):
            yield from re.split(r"(?=\s)", written)
            self.stats.ended = ended

    text = "A lost key costs £15. The deposit is kept on Mondays and on Tuesdays."
    answer, *_ = ask("What does a lost key cost?", (passage(text, "keys.pdf"),), CutOff([], [((), 0.9)]))
    assert answer.answer == told


def test_a_model_that_repeats_itself_is_stopped_and_cut():
    class Looping(Model):
        def generate(self, messages, **options):
            self.pieces = 0
            for word in ["A", " lost", " key", " costs", " £15."] + [" A", " lost", " key", " costs", " £15."] * 500:
                self.pieces += 1
                yield word

    model = Looping([], [(("keys.pdf",), 0.9)])
    answer, *_ = ask("What does a lost key cost?", (RULES,), model)
    assert model.pieces < 30
    assert answer.answer == "A lost key costs £15. [1]"


def test_an_answer_in_another_language_is_asked_for_once_more():
    french = "Une clé perdue coûte £15 et elle est à la charge de la personne qui la perd."
    model = Model([((EN.in_language,), "A lost key costs £15."), ((), french)], [(("keys.pdf",), 0.9)])
    answer, *_ = ask("What does a lost key cost?", (RULES,), model)
    assert answer.answer == "A lost key costs £15. [1]"
    assert len(model.asked) == 2


def test_one_that_stays_in_another_language_leaves_the_passage_its_own_words():
    french = "Une clé perdue coûte £15 et elle est à la charge de la personne qui la perd."
    answer, *_ = ask("What does a lost key cost?", (RULES,), Model([((), french)], [(("keys.pdf",), 0.9)]))
    assert answer.answer == "A lost key costs £15. [1]"
    assert answer.doubt == EN.own_words


def test_parts_of_one_passage_are_written_together():
    model = Model([(("when is it due",), "The annual fee is €40 and is due on 1 March.")], [(("club.pdf",), 0.9)])
    answer, *_ = ask("What is the annual fee and when is it due?", (FEES, BOATS), model)
    assert len(model.asked) == 1
    assert answer.answer == "The annual fee is €40 and is due on 1 March. [1]"
    assert answer.not_stated == ()


TARIFF = passage("Hall hire: €80 a day, 12 days a year at the most. Keys: deposit €30.", "tariff.pdf", 1)


def test_a_part_that_the_sentence_of_another_part_answers_is_not_told_as_missing():
    model = Model(
        [((), "Hall hire is €80 a day.")],
        [(("tariff.pdf", "who signs"), 0.9), (("tariff.pdf", "What is the hall hire a day?"), 0.1)],
    )
    answer, *_ = ask("What is the hall hire a day and who signs?", (TARIFF,), model)
    assert answer.not_stated == ()
    assert "€80" in answer.answer


def test_what_is_said_for_one_part_is_no_answer_to_another():
    model = Model([((), "Hall hire is €80 a day.")], [(("tariff.pdf",), 0.9)])
    answer, *_ = ask("What is the hall hire a day and what is the deposit for keys?", (TARIFF,), model)
    assert answer.not_stated == ()
    assert "€80" in answer.answer
    assert "deposit €30" in answer.answer


def test_a_part_with_hardly_a_word_is_answered_by_the_sentence_that_is_written_for_it():
    loans = passage("Boats are lent for two hours. A boat costs £6. The hut is green.", "loans.pdf", 1)
    model = Model([((), "Boats are lent for two hours.")], [(("loans.pdf",), 0.9)])
    answer, *_ = ask("What is lent, and for how long?", (loans,), model)
    assert answer.answer == "Boats are lent for two hours. [1]"
    assert answer.not_stated == ()


def test_a_part_that_asks_for_several_things_is_written_by_itself():
    model = Model(
        [
            (("What are the rules for keys?",), "Keys are lent for a week. Keys are never posted."),
            (("what does a lost key cost?",), "A lost key costs £15."),
        ],
        [(("keys.pdf",), 0.9)],
    )
    answer, *_ = ask("What are the rules for keys, and what does a lost key cost?", (RULES,), model)
    assert [sentence.text for sentence in answer.sentences] == [
        "Keys are lent for a week. [1]",
        "Keys are never posted. [1]",
        "A lost key costs £15. [1]",
    ]


def test_a_passage_about_something_else_is_not_written_from_beside_the_likeliest():
    other = passage("The canteen is open from noon to two.", "canteen.pdf", 5)
    model = Model(
        [(("keys.pdf",), "Keys are lent for a week."), (("canteen.pdf",), "The canteen is open from noon.")],
        [(("keys.pdf",), 0.9), (("canteen.pdf",), 0.85)],
    )
    answer, *_ = ask("What are the rules for lost keys?", (RULES, other), model)
    assert answer.answer == "Keys are lent for a week. [1]"


def test_a_part_that_was_forgotten_is_written_alone():
    model = Model(
        [
            (("What is the annual fee and when",), "The annual fee is €40."),
            (("when is it due?",), "It is due on 1 March."),
        ],
        [(("club.pdf",), 0.9)],
    )
    answer, *_ = ask("What is the annual fee and when is it due?", (FEES, BOATS), model)
    assert answer.answer == "The annual fee is €40. [1] It is due on 1 March. [1]"


@pytest.mark.parametrize(
    "question",
    [
        "What does a lost key cost?",
        "What are the rules for keys?",
        "Are keys posted?",
        "List all keys.",
        "What does a lost key cost and who keeps the keys?",
        "What is the difference between keys and boats?",
    ],
)
def test_whoever_stops_while_passages_are_read_is_told(question):
    settings = load_settings(SETTINGS, {"answer": {"threshold": 0.0}})
    assistant = Assistant(Search(RULES, BOATS), lambda: Model([]), settings)
    with pytest.raises(CancelledError):
        list(assistant.ask(question, cancelled=lambda: True))


TENTS = passage("The club lends tents to its members.", "tents.pdf", 3)


@pytest.mark.parametrize(
    ("question", "written"),
    [
        ("What does the club lend to its members?", "The club lends tents to its members."),
        ("List everything that the club lends to its members", "- tents"),
    ],
)
def test_what_is_cited_is_numbered_from_one_in_the_order_of_the_answer(question, written):
    model = Model([(("tents",), written)], [(("fee",), 0.5), (("tents",), 0.49)])
    answer, *_ = ask(question, (FEES, TENTS), model)
    assert [(one.n, one.document) for one in answer.citations] == [(1, "tents.pdf")]
    assert [one.document for one in answer.passages] == ["tents.pdf", "club.pdf"]
    # the likeliest first, which is not the cited one
    assert answer.judged == (2, 1)
    assert [one["probe"] for one in answer.signals] == [0.0, -0.04]


def test_a_list_beyond_the_budget_is_not_lost():
    fees = passage("Fees are due. " + "And so on. " * 60, "fees.pdf")
    tents = passage("The club lends:\n- tents\n- lamps\n" + "And so on. " * 60, "tents.pdf", 3)
    model = Model([(("tents",), "- tents\n- lamps")], [(("tents",), 0.9)])
    settings = load_settings(SETTINGS, {"answer": {"threshold": 0.5}, "retrieval": {"context_tokens": 250}})
    answer = Assistant(Search(fees, tents), lambda: model, settings).answer("List everything that the club lends")
    assert answer.answer == "- tents [1]\n- lamps [1]"
    assert answer.context.passages_dropped == 0


@pytest.mark.parametrize(
    ("text", "goes_on"), [("The club lends:\n- oars\n- ropes", True), ("The club lends oars and ropes.", False)]
)
def test_a_list_that_goes_on_overleaf_is_listed_to_its_end(text, goes_on):
    with closing(Catalog(Path(":memory:"))) as catalog:
        pages = (text, "- tents\n- lamps")
        units = [Unit(n, "page", "", [Block(page)]) for n, page in enumerate(pages, 1)]
        chunks = [Chunk(n, ("Loans",), page, 0, len(page)) for n, page in enumerate(pages, 1)]
        identity = catalog.identity_id(EmbedderIdentity("words", 4, True, "0" * 64, "version 1"))
        path = Path("/loans.pdf")
        vectors = np.ones((2, 4), np.float32)
        _, ids, _ = catalog.put_document(path, Document("Loans", units), chunks, vectors, identity, 1, 1, "loans")
        found = ScoredChunk(catalog.chunks(ids)[ids[0]], 1.0, 0.5, 1.0, similarity=0.4)
        model = Model([(("tents",), "- oars\n- ropes\n- tents\n- lamps"), ((), "- oars\n- ropes")], [((), 0.9)])
        settings = load_settings(SETTINGS, {"answer": {"threshold": 0.5}})
        assistant = Assistant(Search(found), lambda: model, settings, catalog=catalog)
        answer = assistant.answer("List everything that the club lends")
    assert [(one.n, one.page) for one in answer.citations] == [(1, 1), (2, 2)][: 1 + goes_on]
    assert ("lamps [2]" in answer.answer) == goes_on
