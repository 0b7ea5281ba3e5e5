"""``ragapp compare`` as a person sees it."""

import json

import pytest
from commandkit import Command

from ragapp.app import App
from ragapp.cli.compare import _explained, _say_comparison
from ragapp.contract import Explained, Stage
from ragapp.errors import CancelledError

pytestmark = pytest.mark.real


@pytest.fixture
def ragapp(monkeypatch, capsys, sample_store, models_dir, tmp_path):
    settings = tmp_path / "settings.yaml"
    settings.write_text(
        f"paths: {{data: {sample_store}, models: {models_dir}, ingest: {tmp_path / 'drop'}}}\n"
        "embedding: {model: all-minilm-l6-v2}\n",
        encoding="utf-8",
    )
    command = Command(monkeypatch, capsys)
    return lambda *arguments: command("--settings", settings, *arguments)


def test_figures_first_with_both_quotes_and_marks(ragapp):
    code, out, _ = ragapp("compare", "travel-policy-2024", "travel-policy-2025")
    assert code == 0
    assert "    - Place: London; Hotel, per night: [-£160-]; Lunch: [-£12-]; Evening meal: [-£29-]\n" in out
    assert "    + Place: London; Hotel, per night: {+£175+}; Lunch: {+£14+}; Evening meal: {+£32+}\n" in out
    assert "travel-policy-2024.docx → travel-policy-2025.pdf, p. 3" in out
    assert out.index("Amounts, dates and numbers") < out.index("£175") < out.index("Wording, and what is new or gone")
    assert "4.3 Long stays" in out


def test_json_about_a_topic(ragapp):
    code, out, _ = ragapp("compare", "travel-policy-2024", "travel-policy-2025", "--about", "mileage rates", "--json")
    assert code == 0
    found = json.loads(out)
    assert any("Private vehicles" in section for section in found["sections"])
    assert {change["section"] for change in found["changes"] if change["facts"]} == {"5 Cars > 5.1 Private vehicles"}


@pytest.mark.parametrize(
    ("names", "code", "told"),
    [
        (("travel-policy-2025", "travel-policy-2025"), 2, "compared with itself"),
        (("travel-policy", "annuaire"), 2, "fit 'travel-policy'"),
        (("nowhere.pdf", "annuaire"), 1, "no document named nowhere.pdf"),
        (("annuaire", "hm200"), 0, "next to nothing in common"),
    ],
)
def test_what_cannot_be_compared_is_told(ragapp, names, code, told):
    ended, _, err = ragapp("compare", *names)
    assert (ended, told in err) == (code, True), err


def test_plain_words_that_were_made_until_it_was_stopped_are_printed(capsys, sample_settings):
    with App(sample_settings) as app:
        ids = {row.name: row.id for row in app.catalog.documents()}
        found = app.compare(ids["travel-policy-2024.docx"], ids["travel-policy-2025.pdf"])
    place = next(n for n, change in enumerate(found.changes) if change.before and "London" in change.before.shown)
    sentence = "Before, a night in London was £160; now, it is £175."

    def events():
        yield Stage("explaining", part=1, parts=10)
        yield Explained(place, sentence)
        yield Stage("explaining", part=2, parts=10)
        raise CancelledError("Stopped.")

    told = _explained(found, events())
    assert "putting change 1 of 10 into words" in capsys.readouterr().err
    assert (told.explained, told.changes[place].explanation) == (1, sentence)
    _say_comparison(told)
    out = capsys.readouterr().out
    lines = out.split("\n")
    at = lines.index(f"    = {sentence}")
    assert lines[at - 1].startswith("  ~ travel-policy-2024.docx")
    assert "[-£160-]" in lines[at + 1]
    assert "= 1 of 1 change in the language model’s words; only what the quotes state is shown." in lines
