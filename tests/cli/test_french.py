"""Commands in French: what they print when all goes well, their help, and their mistakes have no English left."""

import re

import pytest
from storekit import WordEmbedder, identity_of, put_text
from test_commands import commands

from ragapp.cli import language
from ragapp.contract import Answer, Citation, Sentence, Turn
from ragapp.index.store import Store

# words that no French sentence has; names of files, settings and commands are taken out before
ENGLISH = re.compile(
    r"\b(the|is|are|was|were|and|with|from|by|not|this|that|its|there|to|of|an|be|no|none|has|have|in|for|yet|what"
    r"|see|run|are|yet|unknown|removed|written|units?|chunks?|seconds|folder|file|files|left|never|made|name|status|warning)\b",
    re.IGNORECASE,
)
NAMES = re.compile(
    r"ragapp [a-z]+( [a-z]+)?( --?[a-z-]+)*|\S*[./\\_]\S*|--?[a-z][a-z-]*|«[^»]*»|\"[^\"]*\"|'[^']*'|--no-browser"
    r"|^  [a-z]+ (?= )|\b(low|normal|high|auto|off|always|true|null)(\|\w+)+|\[en, fr\]",
    re.MULTILINE,
)


def english(text):
    """The English words of a French text."""
    return [found[0] for found in ENGLISH.finditer(NAMES.sub(" ", text))]


@pytest.fixture
def french(monkeypatch):
    monkeypatch.setenv("RAGAPP_UI__LANGUAGE", "fr")
    monkeypatch.setattr(language, "_chosen", "")
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def stored(home):
    """Two documents, a conversation, a file that could not be read."""
    (home / "docs").mkdir()
    with Store(home / "data", identity_of(WordEmbedder()), write=True) as store:
        for name in ("Notes de frais.pdf", "Astreintes.txt"):
            put_text(store, WordEmbedder(), home / "docs" / name, f"Texte de {name}.")
    return home


def test_the_search_for_english_finds_it():
    assert english("There are no documents yet here.") == ["There", "are", "no", "yet"]
    assert not english("Voir : ragapp documents list --json, puis settings.yaml et « not this »")


SAID = [
    (["documents", "list"], "avertissements|document\tlangue\tpages"),
    (["documents", "show", "Astreintes"], "1 page, 1 passage, langue"),
    (["documents", "remove", "1"], "retiré, n° 1 : "),
    (["documents", "remove", "1", "--purge"], "Il ne reste rien de ce qui a été retiré"),
    (["conversations", "list"], "Aucune conversation"),
    (["conversations", "list", "--search", "congés"], "Aucune conversation ne contient « congés »"),
    (["settings", "show"], "réglage\tvaleur\torigine"),
    (["settings", "show", "--changed"], "llm.context\t2048\tsettings.yaml, ligne 2"),
    (["settings", "set", "retrieval.passages", "6"], "retrieval.passages est défini dans settings.local.yaml."),
    (["token", "list"], "Aucun jeton d’accès"),
    (["token", "new", "Bureau"], "ne pourra plus être affiché"),
    (["models", "list"], "Pour en télécharger un : ragapp models pull NOM"),
    (["models", "show", "qwen2.5-coder-1.5b-instruct"], "usage : réponses|étalonnage : étalonnage fourni avec ragapp"),
    (["models", "show", "multilingual-e5-small"], "pour le télécharger : ragapp models pull|de l’éditeur en 4 bits"),
    (["models", "verify"], "Aucun modèle n’est présent"),
    (["doctor"], "état\télément\tconstat\tà faire"),
]


@pytest.mark.parametrize(("arguments", "says"), SAID, ids=[" ".join(arguments) for arguments, _ in SAID])
def test_a_result(ragapp, stored, french, arguments, says):
    _, out, err = ragapp(*arguments)
    told = (out + err).replace("\u00a0", " ").replace("\u202f", " ")
    assert all(one in told for one in says.split("|")), told
    assert not english(out + err), told


def test_tokens_have_their_days_in_figures(ragapp, stored, french):
    assert ragapp("token", "new", "Bureau")[0] == 0
    assert re.search(r"^Bureau\t\d\d/\d\d/\d{4}\tjamais$", ragapp("token", "list")[1], re.MULTILINE)


@pytest.mark.parametrize("name", ["", *(name for name, _ in commands())])
def test_help(ragapp, home, french, name):
    _, out, err = ragapp(*name.split(), "--help")
    assert "Utilisation\u00a0: ragapp" in out
    assert not err
    assert not english(re.sub(r"Exemple\u00a0: .*", "", out)), out


MISTAKES = [
    (["serch", "x"], "La commande « serch » n’existe pas. Vouliez-vous dire : ragapp search"),
    (["ask", "--jsn", "x"], "ragapp ask n’a pas d’option --jsn. Vouliez-vous dire : --json"),
    (["search"], 'Il manque un argument à ragapp search : REQUÊTE. Exemple : ragapp search "notice period" -k 3'),
    (["search", "x", "-k", "0"], "-k : la valeur doit être d’au moins 1"),
    (["search", "x", "-k", "many"], "-k : il faut un nombre entier"),
    (["ask", "x", "--caution", "wild"], "choisissez parmi"),
    (["ask", "what", "now"], 'Mettez les mots entre guillemets : ragapp ask "what now"'),
    (["completion", "tcsh"], "choisissez parmi"),
    (["documents"], "Utilisation : ragapp documents [OPTIONS] COMMANDE [ARGUMENTS]..."),
]


@pytest.mark.parametrize(("arguments", "says"), MISTAKES, ids=[" ".join(arguments) for arguments, _ in MISTAKES])
def test_a_mistake(ragapp, home, french, arguments, says):
    code, out, err = ragapp(*arguments)
    assert (code, out) == (2, "")
    assert says in err.replace("\u00a0", " ").replace("\u202f", " ")
    assert not english(err), err


def test_with_json_it_stays_english(ragapp, home, french):
    out = ragapp("search", "--json")[1]
    assert "ragapp search needs QUERY." in out
    assert "Example: ragapp search" in out


def turn():
    """A turn with all that can stand around an answer."""
    quote = Citation(
        "Notes de frais.pdf", "/d/Notes de frais.pdf", 3, n=1, quote="Le plafond est de 175 €.", start=0, end=24
    )
    sentences = (Sentence("Le plafond est de 175 €. [1]", True, (1,)), Sentence("Il a changé.", False, ()))
    made = Answer(
        question="Quel est le plafond ?",
        standalone="Quel est le plafond des hôtels ?",
        timings={"total_s": 12.34},
        answer="Le plafond est de 175 €. [1] Il a changé.",
        sentences=sentences,
        citations=(quote,),
        not_stated=("la date", "le motif"),
        abstained=False,
        confidence=0.9,
        grade="likely",
    )
    return Turn("Quel est le plafond ?", made, made.standalone, asked_at="2026-11-29T10:00:00")


def test_an_answer_that_is_kept(french, capsys):
    from ragapp.cli.conversations import exported, say_turn
    from ragapp.contract import Conversation

    say_turn(turn())
    kept = Conversation(1, "Hôtels", "2026-11-29T10:00:00", "2026-11-29T10:00:00", 1)
    shown, text = capsys.readouterr().out, exported(kept, [turn()])
    for told in (shown, text.replace("\\", "")):
        assert "uestion comprise ainsi\u00a0: Quel est le plafond des hôtels ?" in told
        assert "Réponse probable\u00a0: à vérifier sur la page" in told
        assert "Non précisé\u00a0: la date\u202f; le motif" in told
        assert "introuvable dans les passages" in told
        assert not english(told), told
    assert "«\u202fLe plafond est de 175 €.\u202f»" in shown
    assert text.splitlines()[2] == "29/11/2026, 1 question"


def test_a_line_is_not_broken_before_a_sign(french):
    from ragapp.cli.table import fitted, wrapped

    assert wrapped("Voir\u00a0: ragapp documents list", 8) == ["Voir\u00a0:", "ragapp", "document", "s list"]
    header, lines = fitted(["état", "à faire"], [["échec", "1\u202f234 fichiers\u00a0; relancez"]], 100)
    assert (header, lines) == (["état   à faire"], ["échec  1\u202f234 fichiers\u00a0; relancez"])


def test_the_shell_is_told_in_french(ragapp, home, french, monkeypatch):
    monkeypatch.setenv("_RAGAPP_COMPLETE", "zsh")
    out = ragapp("docu")[1]
    assert out.startswith("documents\tCe qui est indexé")


class TestReal:
    """With real models, from an empty store to an answer."""

    def test_from_files_to_an_answer(self, ragapp, furnished, french, monkeypatch):
        docs = furnished / "dossier"
        docs.mkdir()
        (docs / "frais.txt").write_text("Les repas sont remboursés jusqu’à 22 € par personne.", encoding="utf-8")
        (docs / "tool.exe").write_bytes(b"MZ")
        (docs / "abîmé.pdf").write_bytes(b"%PDF-1.7 broken")
        (furnished / "q.jsonl").write_text(
            '{"question": "Combien pour un repas ?", "answers": ["22 €"], "document": "frais.txt", "pages": [1]}\n',
            encoding="utf-8",
        )
        monkeypatch.setenv("RAGAPP_ANSWER__THRESHOLD", "0")
        for arguments, says in (
            (["ingest", "--dry-run", docs], "Ce qui serait fait : "),
            (["ingest", docs], "état\tpages\tsans texte\tOCR\tpassages\tsecondes\tfichier\tremarque"),
            (["ingest", docs], "1 inchangé"),
            (["documents", "list"], "en échec\tdossier/abîmé.pdf"),
            (["search", "repas"], "1 passage en 0,"),
            (["ask", "Combien pour un repas ?"], "premier mot après "),
            (["eval", "q.jsonl", "--no-llm"], "recherche : document@5 1,0"),
            (["models", "list"], "usage\ttaille\tmémoire\tétat"),
            (["models", "show", "smollm2-135m-instruct"], "exécution : sur le processeur"),
            (["models", "verify"], "état\tmodèle\tfichier"),
            (["doctor"], "à vérifier\tbase\t1 document, 1 passage ; 1 fichier en échec"),
            (["doctor", "--fix"], "L’index vectoriel a été reconstruit à partir du catalogue"),
            (["documents", "remove", "frais.txt", "--purge"], "Le fichier lui-même vous appartient"),
        ):
            _, out, err = ragapp(*arguments)
            told = (out + err).replace("\u00a0", " ").replace("\u202f", " ")
            assert says in told, told
            assert not english(out + err), told
