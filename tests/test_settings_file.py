"""Single values changed in the text of a settings file."""

import pytest
import yaml

from ragapp.errors import SettingsError
from ragapp.settings_file import as_yaml, key_lines, remove_value, set_value

MINE = """\
# what I changed
llm:            # the model
    # a good one
    model: "big.gguf"   # aside
    thinking: no

ingest:
    ignore:     # names
      # of files
    - "~$*"
    - '*.bak'
    # behind
    passwords: []
answer: {caution: high, prompts: {en: {answer: "Short."}}}   # tuned
retrieval:
    # all commented out
#    passages: 3
store: null
"""


def changed_lines(before, after):
    old, new = before.splitlines(), after.splitlines()
    return [line for line in new if line not in old], [line for line in old if line not in new]


@pytest.mark.parametrize(
    ("section", "key", "value", "added", "removed"),
    [
        ("llm", "model", "other.gguf", ["    model: other.gguf   # aside"], ['    model: "big.gguf"   # aside']),
        ("llm", "thinking", True, ["    thinking: true"], ["    thinking: no"]),
        ("llm", "seed", 7, ["    seed: 7"], []),
        ("ingest", "ignore", ["*.tmp"], ["    ignore: ['*.tmp']     # names"], None),
        ("ingest", "passwords", ["a: b", "été"], ["    passwords: ['a: b', été]"], ["    passwords: []"]),
        ("ingest", "ocr", "off", ["    ocr: 'off'"], []),
        ("answer", "caution", "low", None, None),
        ("answer", "max_tokens", 99, None, None),
        ("retrieval", "passages", 5, ["  passages: 5"], []),
        ("store", "chroma", "http://127.0.0.1:8000", ["store:", "  chroma: http://127.0.0.1:8000"], ["store: null"]),
        ("server", "port", 8000, ["server:", "  port: 8000"], []),
        ("embedding", "query_prompt", None, ["embedding:", "  query_prompt: null"], []),
    ],
)
def test_one_value_changes_and_every_other_line_stays(section, key, value, added, removed):
    after = set_value(MINE, section, key, value)
    wanted = yaml.safe_load(MINE)
    wanted[section] = {**(wanted[section] or {}), key: value} if section in wanted else {key: value}
    assert yaml.safe_load(after) == wanted
    new, gone = changed_lines(MINE, after)
    assert added is None or new == added
    assert removed is None or gone == removed
    comments = [line.split("#")[1] for line in MINE.splitlines() if "#" in line]
    assert [line.split("#")[1] for line in after.splitlines() if "#" in line] == comments
    # a second time nothing changes
    assert set_value(after, section, key, value) == after


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a remark",
        "llm:",
        "llm: ~\n",
        "llm: {}",
        "{}\n",
        "{llm: {seed: 1}}",
        "llm:\n  model: a",
        "---\nllm:\n  seed: 1\n",
    ],
)
def test_any_way_of_writing_can_be_changed(text):
    after = set_value(text, "llm", "model", "x")
    assert yaml.safe_load(after)["llm"]["model"] == "x"
    gone = remove_value(after, "llm", "model")
    assert "model" not in ((yaml.safe_load(gone) or {}).get("llm") or {})


@pytest.mark.parametrize(
    ("section", "key"), [("llm", "model"), ("ingest", "ignore"), ("answer", "caution"), ("answer", "prompts")]
)
def test_a_value_is_taken_out_with_its_lines_alone(section, key):
    after = remove_value(MINE, section, key)
    wanted = yaml.safe_load(MINE)
    del wanted[section][key]
    assert yaml.safe_load(after) == wanted
    assert "# tuned" in after
    assert after.count("\n") <= MINE.count("\n")


def test_a_section_goes_with_its_last_value():
    text = "llm:\n  seed: 1\n# below\nserver:\n  port: 80\n"
    assert remove_value(text, "server", "port") == "llm:\n  seed: 1\n# below\n"
    assert remove_value(text, "server", "host") == text


def test_what_cannot_be_changed_safely_is_left_to_the_person():
    shared = "llm: &shared\n  seed: 1\nserver: *shared\n"
    with pytest.raises(SettingsError, match="by hand"):
        set_value(shared, "server", "seed", 2)
    for broken in ("llm: [\n", "- a\n", "llm: 3\n"):
        with pytest.raises(SettingsError, match="by hand"):
            set_value(broken, "llm", "seed", 2)


def test_lines_are_those_a_person_sees():
    lines = key_lines(MINE)
    text = MINE.splitlines()
    for (_, key), line in lines.items():
        assert f"{key}:" in text[line - 1]
    assert lines["llm", "model"] == 4
    assert key_lines("llm: [") == {}


@pytest.mark.parametrize(
    ("value", "shown"),
    [(True, "true"), (None, "null"), (1.0, "1.0"), (["a", "b"], "[a, b]"), ("yes", "'yes'"), ("", "''")],
)
def test_values_are_shown_as_yaml(value, shown):
    assert as_yaml(value) == shown
