"""Changing to another model while one is in use: whatever is wrong with the other, the one in use stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from modelkit import LLAMA, RealGguf, gguf_bytes, lora_bytes

from ragapp.app import App
from ragapp.errors import ModelError
from ragapp.llm.engine import Engine
from ragapp.models import memory
from ragapp.models.packs import get_pack
from ragapp.settings import load_settings

pytestmark = pytest.mark.real

NAME = "smollm2-135m-instruct"
CHAT = [{"role": "user", "content": "What is 2+2?"}]
MIB = 1 << 20


@pytest.fixture(scope="module")
def app(models_dir: Path):
    settings = load_settings(None, {"paths": {"models": models_dir}, "llm": {"model": NAME, "context": 512}})
    with App(settings) as app:
        app.engine()
        yield app


@pytest.fixture(scope="module")
def real(models_dir: Path) -> RealGguf:
    return RealGguf(get_pack(NAME).target(models_dir))


@pytest.fixture(scope="module")
def answer(app: App) -> str:
    return said(app)


def said(app: App) -> str:
    return "".join(app.engine().generate(CHAT, max_tokens=6))


TEMPLATE = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
MADE_UP = [
    ("cut off", gguf_bytes()[:-60], "weights end at"),
    ("cut in its header", gguf_bytes()[:200], "header"),
    ("of an unknown architecture", gguf_bytes(LLAMA | {"general.architecture": "warp9"}), "does not know: warp9"),
    ("an embedding model", gguf_bytes(LLAMA | {"general.architecture": "nomic-bert"}), "an embedding model"),
    ("a vision projector", gguf_bytes({"general.architecture": "clip"}), "image projector"),
    ("a projector by its type", gguf_bytes(LLAMA | {"general.type": "mmproj"}), "image projector"),
    ("an adapter", lora_bytes(64), "an adapter"),
    ("empty", b"", "it is empty"),
    ("with weights that nobody can use", gguf_bytes(), "llama.cpp cannot load"),
]


@pytest.mark.parametrize(("content", "words"), [case[1:] for case in MADE_UP], ids=[case[0] for case in MADE_UP])
def test_a_bad_file_leaves_the_old_model(app: App, answer: str, tmp_path: Path, content: bytes, words: str) -> None:
    bad, old = tmp_path / "bad.gguf", app.engine()
    bad.write_bytes(content)
    with pytest.raises(ModelError, match=words) as caught:
        app.use_model(str(bad))
    assert str(bad) in caught.value.message
    assert caught.value.hint
    assert app.engine() is old
    assert app.settings.llm.model == NAME
    assert said(app) == answer


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{% if %}", "is not valid"),
        ("{{ messages[0].content }}", "loses or reorders turns"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}" + TEMPLATE, "failed"),
        ("{{ 9 ** (9 ** 9) }}" + TEMPLATE, "is not valid|failed"),
        ("{% for a in range(99999999) %}{% for b in range(99999999) %}{% endfor %}{% endfor %}" + TEMPLATE, "failed"),
    ],
    ids=["an error in it", "loses turns", "an attack", "a number without end", "never ends"],
)
def test_a_bad_template_leaves_the_old_model(app, answer, real, tmp_path, template: str, words: str) -> None:
    old = app.engine()
    bad = real.write(tmp_path / "bad.gguf", tokenizer__chat_template=template)
    with pytest.raises(ModelError, match=f"chat template.*({words})"):
        app.use_model(str(bad))
    assert app.engine() is old
    assert said(app) == answer


def test_a_file_that_may_not_be_read(app: App, answer: str, tmp_path: Path, monkeypatch) -> None:
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(gguf_bytes())
    bad.chmod(0)
    whole = Path.open

    def refuse(path: Path, *args, **kwargs):  # who runs the tests as root may read everything
        if path == bad:
            raise PermissionError(13, "Permission denied", str(path))
        return whole(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ModelError, match=r"bad\.gguf cannot be read: Permission denied"):
        app.use_model(str(bad))
    assert said(app) == answer


def test_one_that_does_not_fit_even_alone(app: App, answer: str, monkeypatch) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda: 20 * MIB)
    with pytest.raises(ModelError, match=r"[GM]B are free") as caught:
        app.use_model(NAME)
    assert "smaller" in caught.value.hint
    assert app.engine().loaded
    assert said(app) == answer


@pytest.fixture
def loads(monkeypatch) -> list[str]:
    """What is loaded and let go, in order."""
    order: list[str] = []
    load, close = Engine.load, Engine.close

    def loading(engine: Engine) -> None:
        order.append(f"load {engine.path.stem}")
        load(engine)

    def closing(engine: Engine) -> None:
        order.append(f"close {engine.path.stem}")
        close(engine)

    monkeypatch.setattr(Engine, "load", loading)
    monkeypatch.setattr(Engine, "close", closing)
    return order


def changing(models_dir: Path) -> App:
    return App(load_settings(None, {"paths": {"models": models_dir}, "llm": {"model": NAME, "context": 512}}))


def test_the_new_one_is_loaded_before_the_old_one_goes(models_dir: Path, tmp_path: Path, loads: list[str]) -> None:
    other = tmp_path / "other.gguf"
    other.symlink_to(get_pack(NAME).target(models_dir))
    with changing(models_dir) as app:
        old = app.engine()
        first = said(app)
        loads.clear()
        new = app.use_model(str(other))
        assert loads == ["load other", "close SmolLM2-135M-Instruct.Q4_1"]
        assert app.engine() is new is not old
        assert app.settings.llm.model == str(other)
        assert not old.loaded
        assert said(app) == first


def test_where_the_memory_is_not_enough_for_both_the_old_one_goes_first(
    models_dir: Path, tmp_path: Path, loads: list[str], monkeypatch
) -> None:
    other = tmp_path / "other.gguf"
    other.symlink_to(get_pack(NAME).target(models_dir))
    with changing(models_dir) as app:
        app.engine()
        loads.clear()
        monkeypatch.setattr(memory, "free_memory", lambda: 230 * MIB)
        app.use_model(str(other))
        assert loads == ["close SmolLM2-135M-Instruct.Q4_1", "load other", "close SmolLM2-135M-Instruct.Q4_1"]


def test_and_comes_back_when_the_other_one_fails(
    models_dir: Path, tmp_path: Path, loads: list[str], real: RealGguf, monkeypatch
) -> None:
    bad = real.write(tmp_path / "bad.gguf", tokenizer__chat_template="{% if %}")
    with changing(models_dir) as app:
        old, first = app.engine(), said(app)
        loads.clear()
        monkeypatch.setattr(memory, "free_memory", lambda: 230 * MIB)
        with pytest.raises(ModelError, match="is not valid"):
            app.use_model(str(bad))
        old_name = "SmolLM2-135M-Instruct.Q4_1"
        assert loads == [f"close {old_name}", "load bad", "close bad", f"load {old_name}"]
        assert app.engine() is old
        assert old.loaded
        assert said(app) == first


def test_a_model_that_was_not_there_at_the_start_can_be_put_right(models_dir: Path) -> None:
    settings = load_settings(None, {"paths": {"models": models_dir}, "llm": {"model": "nothing", "context": 512}})
    with App(settings) as app:
        with pytest.raises(ModelError, match="nothing"):
            app.engine()
        app.use_model(NAME)
        assert said(app)
