import ast
import json
import pickle
import re
from pathlib import Path

import pytest
import yaml
from wordskit import templates_in_code

import ragapp.reading
from ragapp import plain_words
from ragapp.errors import ReadingError
from ragapp.reading.text import _SIGNATURES
from ragapp.words import messages
from ragapp.words.messages import in_language, unknown
from ragapp.words.texts import languages, words_of

OTHERS = [code for code in languages() if code != "en"]
FIELD = re.compile(r"{(\w+)(?::([df]))?}")
# what goes between words, or stands for words that are found elsewhere: formats.yaml, kinds of passages
JOINTS = {
    "failed: {rstrip_value}",
    "is not valid: {rstrip_value}",
    "the file {what}",
    "{kind} passage",
    "{kind} passages",
}
# commands that a page has no button for
NO_BUTTON = ("ragapp doctor --fix", "ragapp models pull {pack_name} &&", "ragapp documents remove")


def filled(template):
    """A template with a number of its own for each value."""
    numbers = iter(range(3, 99))
    return re.sub(r"{{|}}|{\w+}", lambda at: {"{{": "{", "}}": "}"}.get(at[0]) or str(next(numbers)), template)


# a part that may be empty is told with something in it
TEMPLATES = [one for one in templates_in_code() if one.text not in JOINTS and "()" not in one.text]


def test_what_is_told_is_found_in_the_code():
    assert len(TEMPLATES) > 600
    texts = {one.text for one in TEMPLATES}
    assert "The catalog {path} cannot be opened: {reason_of_error}." in texts
    # of a variable, of a condition, of a constant of another module, of an adjacent part
    assert "the PDF is protected by a password, and none is known" in texts
    assert "Open it in its own program and save it again, or get a new copy." in texts


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_of_the_code_is_there(language):
    missing = [f"{one.place}: {one.text}" for one in TEMPLATES if unknown(filled(one.text), language)]
    assert not missing, "put these into ragapp/words/" + language + ".yaml, below messages:\n" + "\n".join(missing)


@pytest.mark.parametrize("language", OTHERS)
def test_every_format_is_named(language):
    file = Path(ragapp.reading.__file__).with_name("formats.yaml")
    values = yaml.safe_load(file.read_text(encoding="utf-8"))
    told = [f"the file is {one['name']}, which is not read" for one in values["formats"]]
    told += [f"the file {one['what']}" for one in values["unread"] if one["what"]]
    told += [f"the file is {name}, not a PDF" for _, name in _SIGNATURES]
    told += [one["hint"] for one in [*values["formats"], *values["unread"]] if one.get("hint")]
    assert not [text for text in told if unknown(text, language)]
    names = {name for _, name in _SIGNATURES} | {one["name"] for one in values["formats"]}
    same = {name for name in names if in_language(f"the file is {name}, not {name}", language).count(name) > 1}
    assert same <= {"XML", "JSON", "JSON Lines", "Markdown"}


@pytest.mark.parametrize("language", OTHERS)
def test_every_reason_is_there(language):
    """What the system reports, and what is wrong with a value, is a part of many messages."""
    tree = ast.parse(Path(plain_words.__file__).read_text(encoding="utf-8"))
    documented = (ast.FunctionDef, ast.Module)
    words = {one.value for one in ast.walk(tree) if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    words -= {ast.get_docstring(one, clean=False) for one in ast.walk(tree) if isinstance(one, documented)}
    words -= {
        part.value
        for one in ast.walk(tree)
        if isinstance(one, ast.JoinedStr)
        for part in one.values
        if isinstance(part, ast.Constant)
    }
    told = [text for text in words if len(re.findall("[a-z]+", text)) > 2]
    assert len(told) > 25
    assert not [text for text in told if unknown(text.strip(), language)]
    assert not unknown("it must be at least 1, or 'auto'", language)


@pytest.mark.parametrize("language", OTHERS)
def test_translations_have_the_values_of_their_messages(language):
    words = words_of(language)
    for english, other in [*words["messages"].items(), *words["places"].items(), *words["page"].items()]:
        given = {name for name, _ in FIELD.findall(english)}
        for form in other.split("|"):
            assert {name for name, _ in FIELD.findall(form)} <= given, english
        if english not in words["page"]:
            assert {name for name, _ in FIELD.findall(other)} == given, english


@pytest.mark.parametrize("language", OTHERS)
def test_a_message_is_not_taken_for_another(language):
    """Each is found by its own text, whatever others are like it."""
    known = messages._messages(language, False)
    for english, other in words_of(language)["messages"].items():
        values = {
            name: {"d": "7", "f": "2.5", "": f"Xq{n}"}[kind] for n, (name, kind) in enumerate(FIELD.findall(english))
        }
        text = messages._unescaped(FIELD.sub(lambda at, values=values: values[at[1]], english))
        shown = {name: "2,5" if value == "2.5" else value for name, value in values.items()}
        assert known.whole(text) == messages._fill(messages._form(other, values, language), shown), english


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_filled_in_is_not_most_of_a_message(language):
    """Or a sentence of a document, or a file's name, would be taken for it."""
    weak = [
        text
        for text in words_of(language)["messages"]
        if any(not kind for _, kind in FIELD.findall(text)) and len(re.findall(r"[A-Za-z]", FIELD.sub("", text))) < 7
        and not re.fullmatch(r"(ragapp|Note|HTTP|privacy\.allow|Known|Packs|Run|Choose|There is|, |\(|\{).*", text)
    ]  # fmt: skip
    assert not weak


@pytest.mark.parametrize("language", languages())
def test_the_page_names_no_command(language):
    commands = []
    for one in TEMPLATES:
        places = tuple(f"ragapp/{name}/" for name in ("cli", "maintenance", "backup", "bundle"))
        if one.place.startswith(places) or any(command in one.text for command in NO_BUTTON):
            continue
        shown = in_language(filled(one.text), language, page=True)
        if re.search(r"\bragapp (ask|ingest|documents|models|conversations|calibrate|eval|demo|search)\b", shown):
            commands.append(f"{one.place}: {shown}")
    assert not commands, commands


def test_what_the_page_says_instead_belongs_to_a_message():
    known = words_of("fr")["messages"].keys()
    assert words_of("en")["page"].keys() <= known


@pytest.mark.parametrize(
    ("english", "french"),
    [
        (
            "There are no documents in the store /data. Add some: ragapp ingest ./docs",
            "La base /data ne contient aucun document. Ajoutez-en : ragapp ingest ./docs",
        ),
        (
            "6 hidden rows were left out (p. 1; p. 2 and 1 more place).",
            "Non lu : 6 lignes masquées (p. 1 ; p. 2 et un autre endroit).",
        ),
        (
            "12,345 hidden rows were left out (sheet Costs, rows 2-9; p. 4 and 7 more places). "
            "Unhide them in Excel and save the file if they are to be read.",
            "Non lu : 12 345 lignes masquées (feuille Costs, lignes 2-9 ; p. 4 et 7 autres endroits). "
            "Pour qu’elles soient lues, affichez-les dans Excel et enregistrez le fichier.",
        ),
        (
            "the file is named .pdf but is a Word document. Give it the suffix .docx.",
            "le fichier porte l’extension .pdf, mais c’est un document Word. Donnez-lui l’extension .docx.",
        ),
        (
            "The body of the mail was not read: the file is truncated or damaged (ValueError: bad).",
            "Le corps du courriel n’a pas été lu : le fichier est tronqué ou endommagé (ValueError : bad).",
        ),
        (
            "Of 40 questions that m.gguf wrote, 5 can be used, and 24 are needed: "
            "no question (3), gives its answer away (2).",
            "Questions utilisables parmi celles que m.gguf a rédigées : 5 sur 40 ; il en faut 24 : "
            "ce n’est pas une question (3), contient sa propre réponse (2).",
        ),
        (
            "The file holds an OpenDocument spreadsheet; it was read as that.",
            "Le fichier contient une feuille de calcul OpenDocument ; il a été lu comme tel.",
        ),
        ("Une phrase. Stopped.", "Une phrase. Arrêté."),
        ("a file that nobody knows of", "a file that nobody knows of"),
        ("", ""),
    ],
)
def test_french_of_what_was_told_in_english(english, french):
    assert in_language(english, "fr").replace("\u202f", " ").replace("\u00a0", " ") == french


def test_names_in_a_message_stay_what_they_are():
    for name in ("Stopped. Now.pdf", "12,345.pdf", "R and D.docx", "{path}.txt", "rows 1-2.csv", "a: b.txt"):
        shown = in_language(f"Another ragapp process is using the store in /x/{name}.", "fr")
        assert shown == f"Un autre processus ragapp utilise la base du dossier /x/{name}."


def test_a_long_text_is_no_long_work():
    import time

    text = "A sentence of no message, which goes on. " * 200
    begun = time.process_time()
    assert in_language(text, "fr") == text
    assert time.process_time() - begun < 4  # of this process alone; minutes where patterns run wild


def test_what_a_reading_process_raises_is_told_in_french():
    error = pickle.loads(pickle.dumps(ReadingError("it is nested too deeply", "Save it without a password.")))
    assert in_language(f"{error.message}. {error.hint}", "fr") == (
        "il comporte trop de niveaux imbriqués. Enregistrez-le sans mot de passe."
    )


def test_english_and_unknown_languages_are_the_text_itself():
    assert in_language("Stopped.", "en") == in_language("Stopped.", "xx") == "Stopped."


def test_a_stored_warning_of_any_time_is_shown_in_french():
    from ragapp.index.listing import Counts, Line, Page
    from ragapp.web.ui.documents_table import render_table
    from ragapp.web.visitors import Listing

    stored = json.loads(json.dumps(["2 pictures were left out (p. 3; p. 9). It is not in the file."]))
    fields = {"id": 1, "path": "/d/a.pdf", "name": "a.pdf", "title": "A", "size": 1, "day": "2026-11-29T10:00:00"}
    fields |= {"units": 2, "without_text": 0, "units_ocr": 0, "needing_ocr": 0, "warnings": tuple(stored)}
    line = Line(**fields, state="warnings", reason="", hint="")
    table = render_table(Page((line,), 1), Counts({"warnings": 1}, {}, 1), Listing(), "fr")
    assert "Non lu : 2 images (p. 3 ; p. 9)." in table.replace("\u202f", " ").replace("\u00a0", " ")
    assert "pictures" not in table
