"""A conversation in the terminal, kept beside the documents; with the real parts and a small language model."""

import io
import json
import os
import shutil
import signal
import sys
import threading

import pytest

from ragapp.app import App
from ragapp.cli.parts import stoppable
from ragapp.contract import Answer, Citation, Sentence
from ragapp.errors import CancelledError, RagappError
from ragapp.settings import load_settings


@pytest.fixture
def typed(ragapp, monkeypatch):
    """Call it with lines that come in by a pipe; it gives exit code, stdout and stderr."""

    def run(*lines, options=()):
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        return ragapp("chat", *options)

    return run


def answer(text="It is £175. [1]", question="Who?", standalone=""):
    quote = Citation("a.pdf", "/a.pdf", 3, n=1, quote="£175", start=0, end=4)
    sentence = Sentence(text, True, (1,))
    return Answer(question, text, False, 1.0, (sentence,), (quote,), standalone=standalone or question)


@pytest.fixture
def kept(home):
    """Ids of two conversations that are kept, in an installation without models."""
    with App(load_settings(home / "settings.yaml")) as app:
        ids = [app.conversations.create(), app.conversations.create()]
        app.conversations.add_turn(ids[0], answer(question="What is the limit for London?"))
        app.conversations.add_turn(ids[0], answer("It is €190. [1]", "and Paris?", "What is the limit for Paris?"))
        app.conversations.add_turn(ids[1], answer("Nobody.", "Who pays?"))
    return ids


def test_listed_shown_renamed_exported_removed(ragapp, kept, home):
    listed = json.loads(ragapp("conversations", "list", "--json")[1])["conversations"]
    assert [(row["id"], row["turns"]) for row in listed] == [(kept[1], 1), (kept[0], 2)]
    found = json.loads(ragapp("conversations", "list", "--search", "PARIS", "--json")[1])["conversations"]
    assert [row["title"] for row in found] == ["What is the limit for London?"]
    assert "No conversation has 'x y'" in ragapp("conversations", "list", "--search", "x y")[1]

    code, out, _ = ragapp("conversations", "show", kept[0])
    assert code == 0
    assert (
        "> and Paris?\n(understood as: What is the limit for Paris?)\n✓ Answered\nIt is €190. [1]\n[1] a.pdf, p. 3\n"
        in out
    )
    turns = json.loads(ragapp("conversations", "show", kept[0], "--json")[1])["turns_list"]
    assert [turn["answer"]["citations"][0]["quote"] for turn in turns] == ["£175", "£175"]

    assert ragapp("conversations", "rename", kept[0], "Hotels")[:2] == (0, f"renamed {kept[0]}: Hotels\n")
    assert "# Hotels" in ragapp("conversations", "export", kept[0])[1]
    assert ragapp("conversations", "export", kept[0], "--out", "x.md")[0] == 0
    assert (home / "x.md").read_text(encoding="utf-8").startswith("# Hotels\n")
    code, _, err = ragapp("conversations", "export", kept[1], "--out", "x.md")
    assert (code, "is there already" in err) == (1, True)
    assert json.loads(ragapp("conversations", "export", kept[1], "--json")[1])["markdown"].startswith("# Who pays")

    assert ragapp("conversations", "remove", kept[1], 99)[0] == 1
    assert len(json.loads(ragapp("conversations", "list", "--json")[1])["conversations"]) == 2
    assert ragapp("conversations", "remove", *kept)[0] == 0
    assert "no conversations yet" in ragapp("conversations", "list")[1]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["conversations", "show", "7"], 1, "no conversation 7"),
        (["conversations", "rename", "7", "x"], 1, "no conversation 7"),
        (["conversations", "remove", "7"], 1, "no conversation 7"),
        (["conversations", "export", "7"], 1, "no conversation 7"),
        (["conversations", "show", "x"], 2, "ID: a whole number is needed"),
        (["chat"], 1, "ragapp models pull"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_input(ragapp, home, arguments, code, says):
    result = ragapp(*arguments)
    assert result[0] == code
    assert says in result[1] + result[2]
    assert "Traceback" not in result[2]


@pytest.mark.parametrize("out", ["missing/x.md", "missing/../../x/y.md"])
def test_a_file_that_cannot_be_written(ragapp, kept, out):
    code, _, err = ragapp("conversations", "export", kept[0], "--out", out)
    assert (code, "cannot be written" in err) == (1, True)


def test_ctrl_c_stops_an_answer_and_not_the_program():
    before = signal.getsignal(signal.SIGINT)
    with stoppable() as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.wait(5)
        with pytest.raises(KeyboardInterrupt):
            _press_ctrl_c()
    assert signal.getsignal(signal.SIGINT) is before


def _press_ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait(5)


NO_MEANING = [
    ("/nothing", 2, "no /nothing"),
    ("/open x", 2, "not the number of a conversation"),
    ("/open 9", 1, "no conversation 9"),
    ("/rename x", 2, "Nothing has been asked"),
    ("/export x.md", 2, "Nothing has been asked"),
    ("/export", 2, "which file"),
    ("/help", 0, "/export FILE"),
    ("/new", 0, "new conversation"),
]


@pytest.mark.real
class TestTalking:
    @pytest.fixture(scope="class")
    def store(self, models_dir, tmp_path_factory):
        """A data folder with one small document."""
        folder = tmp_path_factory.mktemp("rates")
        (folder / "settings.yaml").write_text("llm:\n  context: 2048\n", encoding="utf-8")
        (folder / "rates.md").write_text(
            "# Rates\n\nThe mileage rate for cars is 45p.\n\nThe mileage rate for bicycles is 20p.\n", encoding="utf-8"
        )
        overrides = {"paths": {"models": models_dir}, "embedding": {"model": "all-minilm-l6-v2"}}
        settings = load_settings(folder / "settings.yaml", overrides)
        with App(settings, write=True) as app:
            assert app.pipeline.run([folder / "rates.md"]).count("indexed") == 1
        return folder / "data"

    @pytest.fixture
    def filled(self, furnished, store, monkeypatch):
        shutil.copytree(store, furnished / "data")
        monkeypatch.setenv("RAGAPP_ANSWER__THRESHOLD", "0")
        monkeypatch.setenv("RAGAPP_ANSWER__MAX_TOKENS", "24")
        return furnished

    def test_a_conversation_by_a_pipe(self, typed, ragapp, filled):
        lines = ["What is the mileage rate for cars?", "and for bicycles?", "/export my trip.md", "/quit", "x?"]
        code, out, err = typed(*lines)
        assert code == 0, err
        assert "> and for bicycles?\n(understood as: What is the mileage rate for bicycles?)\n" in out
        assert out.count("understood as") == 1
        assert "> x?" not in out
        assert "Understood as: What is the mileage rate for bicycles?" in (filled / "my trip.md").read_text("utf-8")
        (row,) = json.loads(ragapp("conversations", "list", "--json")[1])["conversations"]
        assert (row["title"], row["turns"]) == ("What is the mileage rate for cars?", 2)

        code, out, _ = typed("/rename Rates", "and for cars?", "/delete", "/list", options=["--open", row["id"]])
        assert code == 0
        assert "> What is the mileage rate for cars?" in out
        assert "(understood as: What is the mileage rate for bicycles? And for cars?)" in out
        assert f"removed {row['id']}: Rates" in out
        assert "no conversations yet" in out

    def test_commands_that_mean_nothing(self, typed, filled):
        for line, code, says in NO_MEANING:
            result = typed(line)
            assert result[0] == code, result
            assert says in result[1] + result[2]

    def test_what_is_stopped_is_not_kept(self, filled):
        with App(load_settings(filled / "settings.yaml")) as app:
            session = app.chat()
            with pytest.raises(CancelledError):
                list(session.ask("What is the mileage rate for cars?", cancelled=lambda: True))
            assert session.turns == []
            assert app.conversations.list() == []
            list(session.ask("What is the mileage rate for cars?"))
            assert (
                app.assistant.understand("and for bicycles?", session.turns).question
                == "What is the mileage rate for bicycles?"
            )
            # what the model writes is checked
            assert app.assistant.understand("why?", session.turns).how in ("model", "appended")
            with pytest.raises(RagappError, match="no conversation 99"):
                app.chat(99)
            assert len(app.conversations.list()) == 1

    def test_a_second_process_lists_while_the_store_is_owned(self, ragapp, filled):
        with App(load_settings(filled / "settings.yaml"), write=True) as app:
            assert app.store.owner
            id_ = app.conversations.create()
            app.conversations.add_turn(id_, answer())
            assert json.loads(ragapp("conversations", "list", "--json")[1])["conversations"][0]["title"] == "Who?"
            assert ragapp("conversations", "rename", id_, "Mine")[0] == 0
            assert app.conversations.get(id_).title == "Mine"
