import json

from ragapp.contract import SettingList
from ragapp.contract.codec import from_values
from ragapp.settings import load_settings


def test_a_setting_is_set_shown_and_taken_back(ragapp, home):
    shipped = (home / "settings.yaml").read_bytes()
    code, out, _ = ragapp("settings", "set", "retrieval.passages", "6")
    assert (code, "settings.local.yaml" in out) == (0, True)
    assert load_settings().retrieval.passages == 6
    code, out, err = ragapp("settings", "show", "--changed")
    assert code == 0
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert "6" in lines["retrieval.passages"]
    assert "settings.local.yaml, line" in lines["retrieval.passages"]
    assert "settings.yaml, line 2" in lines["llm.context"]
    assert set(lines) == {"setting", "retrieval.passages", "llm.context"}
    assert "settings.local.yaml" in err
    assert ragapp("settings", "unset", "retrieval.passages")[0] == 0
    assert load_settings().retrieval.passages == 4
    assert (home / "settings.yaml").read_bytes() == shipped


def test_values_are_yaml_and_a_text_that_looks_like_a_number_stays_one(ragapp, home):
    for key, text in (
        ("ingest.ocr_languages", "[en, fr]"),
        ("llm.thinking", "true"),
        ("llm.model", "2024"),
        ("answer.threshold", "null"),
        ("embedding.query_prompt", "query: "),
    ):
        assert ragapp("settings", "set", key, text)[0] == 0, key
    settings = load_settings()
    assert settings.ingest.ocr_languages == ["en", "fr"]
    assert settings.llm.thinking is True
    assert settings.llm.model == "2024"
    _, out, _ = ragapp("settings", "show", "llm.thinking", "ingest.passwords", "llm.gpu_layers")
    assert {tuple(line.split()[:2]) for line in out.splitlines()[1:]} == {
        ("llm.thinking", "true"),
        ("ingest.passwords", "[]"),
        ("llm.gpu_layers", "auto"),
    }


def test_json_is_the_contract_and_tells_file_and_line(ragapp, home, monkeypatch):
    monkeypatch.setenv("RAGAPP_LLM__SEED", "7")
    assert ragapp("settings", "set", "answer.caution", "high")[0] == 0
    code, out, _ = ragapp("settings", "show", "--json")
    assert code == 0
    told = from_values(SettingList, json.loads(out))
    found = {row.key: row for row in told.settings}
    assert (found["llm.seed"].value, found["llm.seed"].variable) == (7, "RAGAPP_LLM__SEED")
    caution = found["answer.caution"]
    text = (home / "settings.local.yaml").read_text(encoding="utf-8").splitlines()
    assert caution.source == "local"
    assert "caution: high" in text[caution.line - 1]
    assert found["llm.context"].source == "file"
    assert found["server.port"].source == "default"


def test_what_cannot_be_set_says_what_can(ragapp, home, monkeypatch):
    for arguments, code, says in (
        (("set", "retrieval.pasages", "3"), 1, "`passages`"),
        (("set", "passages", "3"), 2, "llm.model"),
        (("set", "retrieval.passages", "many"), 1, "retrieval.passages cannot be 'many'"),
        (("set", "server.password", "secret words"), 2, "ragapp ui --set-password"),
        (("show", "llm.modle"), 1, "`model`"),
        (("unset", "nowhere.model"), 1, "nowhere"),
    ):
        got = ragapp("settings", *arguments)
        assert got[0] == code, got
        assert says in got[2], got
    assert not (home / "settings.local.yaml").exists()
    monkeypatch.setenv("RAGAPP_LLM__SEED", "7")
    _, _, err = ragapp("settings", "set", "llm.seed", "8")
    assert "RAGAPP_LLM__SEED" in err


def test_where_nothing_is_changed_it_says_so(ragapp, home):
    (home / "settings.yaml").write_text("", encoding="utf-8")
    code, out, err = ragapp("settings", "show", "--changed")
    assert (code, out) == (0, "Every setting is at its default.\n")
    assert "not there yet" in err
