import pytest
from answerkit import passage

from ragapp.answer.grounding import ground
from ragapp.answer.yes_no import agreed, asks_yes_or_no, decided, split_particle, with_particle

RULES = passage(
    "The store is open on Sundays. Visitors may not bring dogs. The deposit is 2 monthly rents.", "rules.md"
)
REGELN = passage("Besucher dürfen keine Hunde mitbringen. Das Lager ist sonntags geöffnet.", "regeln.md", language="de")


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("Yes, it is.", ("yes", "it is.")),
        ("No.", ("no", "")),
        ("Nein, das nicht.", ("no", "das nicht.")),
        ("Sí: está permitido.", ("yes", "está permitido.")),
        ("Não, é proibido.", ("no", "é proibido.")),
        ("Nee, dat mag niet.", ("no", "dat mag niet.")),
        ("No dogs are allowed.", ("", "No dogs are allowed.")),
        ("Si le client paie, c'est gratuit.", ("", "Si le client paie, c'est gratuit.")),
    ],
)
def test_the_particle_of_an_answer(sentence, parts):
    assert split_particle(sentence) == parts


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("May visitors bring dogs?", True),
        ("Is it open?", True),
        ("Les chiens sont-ils admis ?", True),
        ("Est-ce que le magasin est ouvert ?", True),
        ("Darf ich Hunde mitbringen?", True),
        ("¿Puedo traer perros?", True),
        ("Posso portare cani?", True),
        ("Mag ik honden meenemen?", True),
        ("Há um depósito?", True),
        ("When is it open?", False),
        ("Wie hoch ist die Kaution?", False),
        ("Quel est le tarif ?", False),
    ],
)
def test_questions_that_yes_or_no_answers(question, asks):
    assert asks_yes_or_no(question) is asks


@pytest.mark.parametrize(
    ("question", "answer", "stated"),
    [
        ("May visitors bring dogs?", "No, visitors may not bring dogs.", True),
        ("May visitors bring dogs?", "No.", True),
        ("May visitors bring dogs?", "Yes.", False),
        ("May visitors bring dogs?", "Yes, visitors may bring dogs.", False),
        ("May visitors bring dogs?", "Yes, visitors may not bring dogs.", False),
        ("Is the store open on Sundays?", "Yes, the store is open on Sundays.", True),
        ("Is the store open on Sundays?", "Yes.", True),
        ("Is the store open on Sundays?", "No.", False),
        ("Is the store open on Sundays?", "No, the store is open on Sundays.", False),
        ("Is the deposit 3 monthly rents?", "No, the deposit is 2 monthly rents.", True),
        ("Is the cellar open on holidays?", "Yes.", False),
    ],
)
def test_a_yes_or_no_is_held_against_the_sentence_that_decides(question, answer, stated):
    sentences, citations = ground(answer, question, [RULES], "en")
    assert [sentence.supported for sentence in sentences] == [stated]
    if stated:
        assert citations[0].quote in RULES.chunk.text


@pytest.mark.parametrize(
    ("question", "answer", "language", "shown", "stated"),
    [
        ("Dürfen Besucher Hunde mitbringen?", "Nein, Besucher dürfen keine Hunde mitbringen.", "de", REGELN, True),
        ("Dürfen Besucher Hunde mitbringen?", "Ja, Besucher dürfen Hunde mitbringen.", "de", REGELN, False),
        ("Ist das Lager sonntags geöffnet?", "Ja, das Lager ist sonntags geöffnet.", "de", REGELN, True),
        ("Dürfen Besucher Hunde mitbringen?", "Nein, Besucher dürfen keine Hunde mitbringen.", "de", RULES, True),
        ("Dürfen Besucher Hunde mitbringen?", "Ja, Besucher dürfen Hunde mitbringen.", "de", RULES, False),
    ],
)
def test_in_other_languages_and_across_them(question, answer, language, shown, stated):
    def similar(text, others):
        return [0.6 if "dogs" in other or "Hunde" in other else 0.1 for other in others]

    assert ground(answer, question, [shown], language, similar)[0][0].supported is stated


@pytest.mark.parametrize(
    ("text", "yes", "question", "language", "quoted", "said"),
    [
        ("Ropes and oars are extra.", False, "Are oars included?", "en", True, "No: Ropes and oars are extra."),
        ("Oars are not included.", False, "Are oars included?", "en", True, "No, oars are not included."),
        ("The oars are included.", True, "Are the oars included?", "en", True, "Yes, the oars are included."),
        ("Oslo is served.", True, "Is Oslo served?", "en", False, "Yes, Oslo is served."),
        ("Rames et avirons sont en sus.", False, "Les avirons sont-ils inclus ?", "fr", True,
         "Non : Rames et avirons sont en sus."),
    ],
)  # fmt: skip
def test_what_is_quoted_keeps_a_capital_behind_a_colon(text, yes, question, language, quoted, said):
    assert with_particle(text, yes, question, language, quoted=quoted) == said


@pytest.mark.parametrize(
    ("question", "quote", "language", "says"),
    [
        ("May trainees take the van?", "Trainees may take the van in the second year.", "en", True),
        ("May trainees take the van?", "Trainees cannot take the van in the first year.", "en", False),
        # only a condition or an exception denies
        ("May trainees take the van?", "Trainees may take the van unless they do not hold a licence.", "en", None),
        (
            "Les apprentis prennent-ils la camionnette ?",
            "Les apprentis prennent la camionnette, sous réserve que le chef ne soit pas parti.",
            "fr",
            None,
        ),
        # only what is said of something else does
        ("May trainees take the van?", "Trainees may take the van, but no trainee may take the lorry.", "en", None),
    ],
)
def test_a_denial_counts_where_all_that_is_said_of_it_denies(question, quote, language, says):
    probability = 0.2 if says is False else 0.9
    assert agreed(question, quote, probability, language) is says
    if says is None:
        assert agreed(question, quote, 0.2, language) is None
        assert decided(question, quote, language) is None
