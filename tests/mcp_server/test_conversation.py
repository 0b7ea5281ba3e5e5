"""A whole conversation with ``ragapp mcp``, started and driven by the official client, on the sample documents."""

import json
import os
import shutil
import subprocess
import sys
import time

import anyio
import pytest
from mcp.client.stdio import StdioServerParameters
from mcpkit import talking, text_of

pytestmark = pytest.mark.real
QUESTION = "What is the hotel limit for London in the 2025 travel policy?"


@pytest.fixture(scope="module")
def home(models_dir, sample_store, tmp_path_factory):
    """An installation with the samples; its settings file."""
    folder = tmp_path_factory.mktemp("mcp")
    shutil.copytree(sample_store, folder / "data")
    (folder / "drop").mkdir()
    (folder / "settings.yaml").write_text(
        f"paths: {{data: data, models: {json.dumps(str(models_dir))}, ingest: drop}}\n"
        "embedding: {model: all-minilm-l6-v2}\n"
        "llm: {model: smollm2-135m-instruct, context: 2048}\nanswer: {max_tokens: 24}\nretrieval: {passages: 2}\n",
        encoding="utf-8",
    )
    return folder


def command(home, *options):
    arguments = ["-m", "ragapp", "--settings", str(home / "settings.yaml"), "mcp", *options]
    # the client hands on few variables
    handed_on = ("PYTHONPATH", "OMP_NUM_THREADS", "OMP_THREAD_LIMIT")
    given = {name: os.environ[name] for name in handed_on if name in os.environ}
    return StdioServerParameters(command=sys.executable, args=arguments, env=given)


@pytest.fixture(scope="module")
def talk(home):
    with talking(command(home, "--write")) as talk:
        yield talk


def test_what_is_there(talk):
    assert [tool.name for tool in talk.do("list_tools").tools][-4:] == ["ingest", "remove", "tag", "collect"]
    listed = talk.values("list_documents", search="travel")
    assert {"travel-policy-2025.pdf", "travel-policy-2024.docx"} <= {one["document"] for one in listed["documents"]}
    assert len(talk.do("list_resources").resources) == 12


def test_passages_are_found_and_their_page_is_read_and_seen(talk):
    (first, *_) = talk.values("search", query=QUESTION, k=3)["hits"]
    assert first["document"] == "travel-policy-2025.pdf"
    result = talk.call("read", document=first["path"], page=first["page"], picture=True)
    for section in ("4.1 Hotel limits", "hotel limits"):
        assert talk.values("read", document="travel-policy-2025.pdf", section=section)["page"] == first["page"]
    assert "It has, among others" in talk.refusal("read", document="travel-policy-2025.pdf", section="On Mars")
    assert first["text"].split()[0] in result.structured_content["text"]
    assert result.content[-1].mime_type == "image/jpeg"


def test_a_question_is_answered_or_refused_as_a_result(talk):
    told = talk.values("ask", question=QUESTION, caution="low")
    assert told["model"] == "smollm2-135m-instruct"
    assert talk.progress[0][2] == "searching"
    reached = [one for one, _, _ in talk.progress]
    assert reached == sorted(set(reached))
    assert told["sentences"] or told["nearest"]


def test_a_figure_comes_with_its_query_and_rows(talk):
    result = talk.call("ask", question="How many instruments are in the price list?")
    values = result.structured_content
    assert values["query"].startswith("SELECT COUNT(*)")
    assert values["rows_found"] == len(values["rows"]) == 11
    assert {row["document"] for row in values["rows"]} == {"price-list-2025.xlsx"}
    assert "!A" in values["rows"][0]["where"]
    assert values["query"] in text_of(result)
    restricted = talk.values("ask", question="In the spreadsheets, what is the hotel limit for London?")
    assert restricted["filters"]["proposed"] == ["type:excel"]


def test_what_no_document_says_is_refused(talk):
    refused = talk.call("ask", question="Who won the chess championship of 1927?", caution="high")
    assert not refused.is_error
    assert refused.structured_content["grade"] == "not_found"
    assert refused.structured_content["nearest"]


def test_a_question_that_is_given_up_gives_way(talk):
    async def give_up():
        with anyio.move_on_after(0.5) as scope:
            await talk.client.call_tool("ask", {"question": QUESTION + " And why is that so?" * 20})
        return scope.cancelled_caught

    assert talk.portal.call(give_up)
    began = time.monotonic()
    talk.values("ask", question="How many documents do you have?")
    assert time.monotonic() - began < 30


def test_a_file_comes_and_goes_while_other_commands_use_the_store(talk, home):
    (home / "drop" / "kettle.txt").write_text("The kettle of Ravensbourne is vermilion.", encoding="utf-8")
    report = talk.values("ingest", paths=["kettle.txt"])
    assert report["totals"]["indexed"] == 1
    assert talk.progress[-1][1] == 1.0
    (hit, *_) = talk.values("search", query="the kettle of Ravensbourne")["hits"]
    assert hit["document"] == "kettle.txt"
    # it does not own the store: a command that writes gets it
    options = ["--settings", str(home / "settings.yaml")]
    removed = subprocess.run(
        [sys.executable, "-m", "ragapp", *options, "documents", "remove", "kettle.txt", "--purge", "--json"],
        capture_output=True,
        text=True,
    )
    assert json.loads(removed.stdout)["purged"], removed.stderr
    found = talk.values("search", query="the kettle of Ravensbourne")["hits"]
    assert "kettle.txt" not in {one["document"] for one in found}
    report = talk.values("ingest", paths=["kettle.txt"])
    (document,) = talk.values("list_documents", search="kettle")["documents"]
    gone = talk.values("remove", ids=[document["id"]])
    assert gone["files_kept"] == [str(home / "drop" / "kettle.txt")]
    assert "may change nothing" in talk.refusal("remove", ids=[1])


def test_each_sentence_rests_on_words_of_its_page(talk):
    summary = talk.values("summarize", document="amendment-1-travel-policy.eml")
    assert talk.progress
    assert "summarising part 1" in talk.progress[0][2]
    assert any(sentence["supported"] for sentence in summary["sentences"])
    for sentence in summary["sentences"]:
        assert sentence["supported"] == bool(sentence["sources"])
        for source in sentence["sources"]:
            page = talk.values("read", document=source["path"], page=source["page"])
            assert source["quote"] in page["text"]


def test_a_restore_goes_on_while_nobody_asks(talk, home):
    def run(*arguments):
        options = ["--settings", str(home / "settings.yaml")]
        done = subprocess.run([sys.executable, "-m", "ragapp", *options, *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    run("backup", str(home / "all.zip"))
    before = talk.values("search", query=QUESTION)["hits"]  # its models are loaded, its index is open
    run("restore", str(home / "all.zip"), "--force")
    assert talk.values("search", query=QUESTION)["hits"] == before


def test_nothing_but_the_protocol_reaches_stdout(home):
    """By hand: what the program sends that starts it, line by line, and no word on stderr but what it is told."""
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "by hand", "version": "1"}}
    lines = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        "this is no JSON",
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "list_documents", "arguments": {}}},
    ]
    process = subprocess.Popen(
        [sys.executable, *command(home).args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdin.write("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines))
    process.stdin.flush()
    answers = [json.loads(process.stdout.readline()) for _ in range(2)]
    out, err = process.communicate(timeout=60)
    assert [one["id"] for one in answers] == [1, 2]
    assert answers[1]["result"]["structuredContent"]["total"] >= 12
    assert (process.returncode, out) == (0, "")
    assert err.splitlines() == [
        "ragapp serves its tools by MCP on stdin and stdout. What the program at the other end does with what it gets"
        " is that program's own matter; ragapp itself sends nothing."
    ]


def test_wrong_usage_is_told_before_anything_is_served(home, tmp_path):
    def told(*options):
        done = subprocess.run([sys.executable, *command(home, *options).args], capture_output=True, text=True)
        assert done.stdout == ""
        return done.returncode, done.stderr

    assert told("--folder", str(tmp_path)) == (
        2,
        "ragapp: --folder says where may be ingested from, which --write allows. Add --write.\n",
    )
    code, why = told("--write", "--folder", str(tmp_path / "none"))
    assert code == 1
    assert "There is no folder" in why
