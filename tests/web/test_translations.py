import re
from pathlib import Path
from string import Formatter

import pytest

import ragapp.web.ui.translations as translations
from ragapp.web.ui.translations import TEXTS, tr

WEB = Path(translations.__file__).parent.parent
CODE = "".join(
    path.read_text(encoding="utf-8") for path in [*WEB.rglob("*.py"), *WEB.rglob("*.js")] if path.stem != "translations"
)


def names(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_say_the_same_with_the_same_values(key):
    english, french = TEXTS[key]
    assert english.strip()
    assert french.strip()
    forms = [*english.split("|"), *french.split("|")]
    assert max(english.count("|"), french.count("|")) <= 1
    assert all(form.strip() and names(form) == names(forms[0]) for form in forms)


@pytest.mark.parametrize("key", TEXTS)
def test_every_text_is_used(key):
    section, _, _ = key.partition(".")
    assert f'"{key}"' in CODE or f"'{key}'" in CODE or re.search(rf"""["']{section}\.\{{""", CODE)


def test_every_text_that_is_used_is_there():
    used = set(re.findall(r"""tr\((?:[a-z.]*language, )?["']([a-z]+\.[a-z_0-9]+)["']""", CODE))
    used |= set(re.findall(r'\btext\("([a-z]+\.[a-z_]+)"\)', CODE))
    assert len(used) > 100
    assert used <= TEXTS.keys()


def test_an_unknown_language_is_english():
    assert tr("de", "chat.stop") == "Stop"
    assert tr("fr", "documents.count", n=2, all=3) == "2 documents sur 3"


@pytest.mark.parametrize(
    ("language", "count", "text"),
    [
        ("en", 0, "0 documents are ready"),
        ("en", 1, "1 document is ready"),
        ("en", 2, "2 documents are ready"),
        ("fr", 0, "0 document est prêt"),
        ("fr", 1, "1 document est prêt"),
        ("fr", 2, "2 documents sont prêts"),
    ],
)
def test_one_is_not_many(language, count, text):
    assert tr(language, "guide.documents_done", n=count) == text


def test_the_number_beside_the_noun_decides():
    assert tr("en", "documents.count", n=0, all=1) == "0 of 1 document"
    assert tr("en", "documents.count", n=1, all=3) == "1 of 3 documents"
    assert tr("fr", "documents.count", n=1, all=3) == "1 document sur 3"
