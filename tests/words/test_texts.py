import re
from pathlib import Path
from string import Formatter

import pytest

import ragapp.web
from ragapp.words import texts
from ragapp.words.texts import choose_language, languages, texts_in, tr, words_of

WEB = Path(ragapp.web.__file__).parent
FILES = [*WEB.rglob("*.py"), *WEB.rglob("*.js"), Path(texts.__file__)]
CODE = "".join(path.read_text(encoding="utf-8") for path in FILES)
OTHERS = [code for code in languages() if code != "en"]


def names(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_english_comes_first_and_each_is_called_by_its_own_name():
    assert next(iter(languages())) == "en"
    assert languages()["fr"] == "Français"


@pytest.mark.parametrize("language", OTHERS)
def test_languages_have_the_same_texts(language):
    assert words_of(language)["texts"].keys() == words_of("en")["texts"].keys()
    assert words_of(language)["page"].keys() == words_of("en")["page"].keys()


@pytest.mark.parametrize("language", OTHERS)
def test_both_languages_say_the_same_with_the_same_values(language):
    for key, english in texts_in("en").items():
        other = texts_in(language)[key]
        forms = [*english.split("|"), *other.split("|")]
        assert max(english.count("|"), other.count("|")) <= 1, key
        assert all(form.strip() and names(form) == names(forms[0]) for form in forms), key


@pytest.mark.parametrize("key", texts_in("en"))
def test_every_text_is_used(key):
    section, _, _ = key.partition(".")
    assert f'"{key}"' in CODE or f"'{key}'" in CODE or re.search(rf"""["']{section}\.\{{""", CODE)


def test_every_text_that_is_used_is_there():
    used = set(re.findall(r"""tr\((?:[a-z.]*language, )?["']([a-z]+\.[a-z_0-9]+)["']""", CODE))
    used |= set(re.findall(r'\btext\("([a-z]+\.[a-z_]+)"\)', CODE))
    assert len(used) > 100
    assert used <= texts_in("en").keys()


def test_an_unknown_language_is_english():
    assert tr("xx", "chat.stop") == "Stop"
    assert tr("fr", "chat.stop") == "Arrêter"


def test_a_language_is_one_file_and_what_it_lacks_is_english(tmp_path, monkeypatch):
    for code in languages():
        source = Path(texts.__file__).with_name(f"{code}.yaml")
        (tmp_path / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "it.yaml").write_text('name: Italiano\ntexts:\n  chat.send: "Chiedi"\n', encoding="utf-8")
    monkeypatch.setattr(texts, "_FOLDER", tmp_path)
    cached = (texts.words_of, texts.codes, texts.languages, texts.texts_in)
    try:
        for one in cached:
            one.cache_clear()
        assert languages() == {"en": "English", "fr": "Français", "it": "Italiano"}
        assert (tr("it", "chat.send"), tr("it", "chat.stop")) == ("Chiedi", "Stop")
        assert choose_language("it-IT,en;q=0.5") == "it"
    finally:
        for one in cached:
            one.cache_clear()


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ("fr", "fr"),
        ("fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("en-GB,fr;q=0.9", "en"),
        ("ja,fr;q=0.4,en;q=0.6", "en"),
        ("fr;q=0,en;q=0.1", "en"),
        ("fr_FR.UTF-8", "fr"),
        ("C.UTF-8", "en"),
        ("*", "en"),
        ("", "en"),
        ("fr;q=high", "fr"),
        ("fr;q=1.2.3", "en"),
    ],
)
def test_the_language_that_is_wanted_first(wanted, language):
    assert choose_language(wanted) == language


@pytest.mark.parametrize(
    ("language", "count", "text"),
    [
        ("en", 0, "0 documents are ready"),
        ("en", 1, "1 document is ready"),
        ("en", 2, "2 documents are ready"),
        ("en", 12345, "12,345 documents are ready"),
        ("fr", 0, "0 document est prêt"),
        ("fr", 1, "1 document est prêt"),
        ("fr", 2, "2 documents sont prêts"),
        ("fr", 12345, "12\u202f345 documents sont prêts"),
    ],
)
def test_one_is_not_many(language, count, text):
    assert tr(language, "guide.documents_done", n=count) == text


def test_the_number_beside_the_noun_decides():
    assert tr("en", "job.running", done=0, files=1) == "Indexing: 0 of 1 file"
    assert tr("en", "job.running", done=1, files=3) == "Indexing: 1 of 3 files"
    assert tr("fr", "job.running", done=1, files=3) == "Indexation\u00a0: 1 fichier sur 3"


def test_figures_are_written_as_the_language_writes_them():
    assert tr("fr", "figures.first", s="1.5") == "premier mot après 1,5 s"
    assert tr("fr", "models.needs", need="1.2 GiB") == "demande environ 1,2\u202fGio"
    assert tr("en", "models.needs", need="1.2 GiB") == "needs about 1.2 GiB"
    assert "12345.pdf" in tr("fr", "conversations.rename") + tr("fr", "answer.understood", question="12345.pdf")


# a space before a colon or inside quotes that a line may break at, an apostrophe of a typewriter
UNTIDY = re.compile(r"[ ][;:!?»%]|[\w}][;!?]|« |\w'\w|\.\.\.")
CODE_WORDS = re.compile(r"\[\w+\]\.{3}|`[^`]*`|https?://\S+|'[^' ]*'|\w+\.\w+: \{\w+\}|allow: \[|\{\{.*?\}\}+|\w+:\w+")


def test_french_is_set_as_french_is():
    french = words_of("fr")
    told = [text for name, section in french.items() if name != "name" for text in section.values()]
    wrong = [text for text in told if UNTIDY.search(CODE_WORDS.sub("", text).replace("|", " "))]
    assert not wrong
