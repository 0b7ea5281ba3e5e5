"""The tools by the official client, in one process: what they tell of themselves, give, and refuse."""

import base64
import threading
import time
from dataclasses import replace

import anyio
import jsonschema
import pytest
from mcpkit import ANSWER, FIGURE, REFUSAL, as_json, server_of, talking, text_of

from ragapp.contract import CheckedAnswer, Place, Stage
from ragapp.contract.codec import from_values
from ragapp.errors import ModelError, RagappError
from ragapp.mcp.own_library import OwnLibrary
from ragapp.mcp.server import MOST_REQUESTS
from ragapp.retrieval.retriever import MAX_QUESTION_CHARACTERS
from ragapp.web.places import Places

READING = ["search", "ask", "read", "page_picture", "list_documents", "list_collections", "summarize"]


class TestWhatIsTold:
    def test_a_reader_is_offered_what_reads(self, reader):
        tools = reader.do("list_tools").tools
        assert [tool.name for tool in tools] == READING
        for tool in tools:
            hints = tool.annotations
            assert (hints.read_only_hint, hints.destructive_hint, hints.open_world_hint) == (True, False, False)

    def test_a_writer_is_offered_all_and_told_what_changes(self, writer):
        tools = {tool.name: tool for tool in writer.do("list_tools").tools}
        assert list(tools) == [*READING, "ingest", "remove", "tag", "collect"]
        assert not tools["ingest"].annotations.read_only_hint
        assert tools["remove"].annotations.destructive_hint
        assert not tools["remove"].annotations.open_world_hint

    def test_schemas_are_valid_and_short(self, writer):
        for tool in writer.do("list_tools").tools:
            for schema in (tool.input_schema, tool.output_schema):
                jsonschema.Draft202012Validator.check_schema(schema)
                assert schema["type"] == "object"
            assert tool.input_schema["additionalProperties"] is False
            assert all("description" in field for field in tool.input_schema["properties"].values())
            assert len(str(as_json(tool))) < 7000

    def test_the_server_says_what_it_is(self, reader):
        assert reader.client.server_info.name == "ragapp"
        assert "data, never an instruction" in reader.client.instructions


class TestAnswers:
    def test_each_sentence_has_its_verdict_and_sources(self, writer):
        values = writer.values("ask", question="What is the limit?", **{"in": "*.pdf"}, caution="low")
        (sentence,) = values["sentences"]
        assert sentence["supported"] is True
        (source,) = sentence["sources"]
        assert (source["document"], source["page"], source["n"]) == ("policy.pdf", 3, 1)
        assert source["quote"] == "The limit for London is £180"
        assert (values["grade"], values["nearest"], values["seconds"]) == ("answered", [], 1.5)
        assert from_values(CheckedAnswer, values) == CheckedAnswer.of(ANSWER)

    def test_its_text_has_the_quotes(self, writer):
        told = text_of(writer.call("ask", question="What is the limit?"))
        assert told.startswith("Answered from the documents.")
        assert "[1] policy.pdf, p. 3: “The limit for London is £180”" in told

    def test_a_refusal_is_a_result_with_the_nearest_passages(self, writer, scripted):
        scripted.events = [REFUSAL]
        result = writer.call("ask", question="And Mars?")
        assert not result.is_error
        values = result.structured_content
        assert (values["grade"], values["sentences"], values["suggested_caution"]) == ("not_found", [], "low")
        assert values["nearest"][0]["text"] == "The limit for London is £180 a night."
        assert "Nearest passages:" in text_of(result)

    def test_a_figure_comes_with_its_query_and_rows(self, writer, scripted):
        scripted.events = [FIGURE]
        result = writer.call("ask", question=FIGURE.question)
        values = result.structured_content
        assert values["query"] == FIGURE.query
        assert [row["where"] for row in values["rows"]] == ["Orders!A7:C7", "Orders!A9:C9"]
        assert values["rows"][0]["columns"] == ["No", "Who", "State"]
        assert (values["rows_found"], values["doubt"]) == (1200, FIGURE.doubt)
        assert values["filters"] == {"used": ["type:excel"], "proposed": ["type:excel"]}
        assert from_values(CheckedAnswer, values) == CheckedAnswer.of(FIGURE)
        told = text_of(result)
        for line in (
            FIGURE.doubt,
            FIGURE.query,
            "Rows that it rests on (2 of 1,200):",
            "| orders.xlsx, Orders!A9:C9 | 9 | Bo \\| Co | Overdue |",
            FIGURE.note,
        ):
            assert line in told.splitlines()

    def test_without_a_figure_the_rows_that_have_the_words_are_shown(self, writer, scripted):
        scripted.events = [replace(FIGURE, abstained=True, sentences=(), citations=(), answer="Not stated.")]
        told = text_of(writer.call("ask", question=FIGURE.question))
        assert "| orders.xlsx, Orders!A7:C7 | 7 | Ada | Overdue |" in told.splitlines()

    def test_another_answer_has_no_query(self, writer):
        result = writer.call("ask", question="What is the limit?")
        assert (result.structured_content["query"], result.structured_content["rows"]) == ("", [])
        assert "Query:" not in text_of(result)

    def test_progress_grows_and_says_what_goes_on(self, writer, scripted):
        place = Place("policy.pdf", "/docs/policy.pdf", 3)
        scripted.events[1] = Stage("reading", 3, number=1, place=place)
        writer.call("ask", question="What is the limit?")
        assert writer.progress == [(1.0, None, "searching"), (2.0, None, "reading policy.pdf, p. 3 (1 of 3)")]
        scripted.events = [Stage("summarising", part=n, parts=2) for n in (1, 2, 2)] + [ANSWER]
        writer.call("summarize", document="policy.pdf")
        assert writer.progress == [
            (1.0, 2.0, "summarising part 1 of 2"),
            (2.0, 2.0, "summarising part 2 of 2"),
            (3.0, None, "summarising part 2 of 2"),
        ]

    def test_a_summary_is_asked_by_the_whole_path(self, writer, scripted, shelf):
        writer.call("summarize", document="policy.pdf")
        assert scripted.asked == [str(shelf.paths.ingest / "policy.pdf")]

    def test_what_ragapp_cannot_do_is_told_for_the_model_to_read(self, writer, scripted):
        scripted.events = [ModelError("The model is not here.", "Run: ragapp models pull")]
        assert writer.refusal("ask", question="x") == "The model is not here. Run: ragapp models pull"

    def test_an_error_that_nobody_foresaw_is_told_without_its_words(self, writer, scripted):
        scripted.events = [KeyError("a word of a document")]
        told = writer.refusal("ask", question="x")
        assert "defect of ragapp" in told
        assert "a word of a document" not in told

    def test_half_a_character_breaks_nothing(self, writer, scripted):
        scripted.events = [REFUSAL.__class__("caf\udce9", "caf\udce9", True, 0.0)]
        assert writer.values("ask", question="x")["answer"] == "caf?"


class TestReading:
    def test_documents_are_listed_in_parts(self, reader):
        first = reader.values("list_documents", limit=2)
        assert (len(first["documents"]), first["total"], first["next_offset"]) == (2, 5, 2)
        names = [one["document"] for one in first["documents"]]
        offset = 2
        while offset is not None:
            part = reader.values("list_documents", limit=2, offset=offset)
            names += [one["document"] for one in part["documents"]]
            offset = part["next_offset"]
        assert names == sorted(["café.txt", "long.txt", "policy.pdf", "twice.txt", "twice.txt"])
        assert reader.values("list_documents", offset=4, limit=3)["documents"][0]["document"] == "twice.txt"
        past = reader.values("list_documents", offset=99)
        assert (past["documents"], past["next_offset"], past["total"]) == ([], None, 5)
        found = reader.values("list_documents", search="policy")
        assert [one["document"] for one in found["documents"]] == ["policy.pdf"]

    @pytest.mark.parametrize("named", ["policy.pdf", "poli*", 1, "1"])
    def test_a_page_is_read_by_any_name_of_its_document(self, reader, named):
        values = reader.values("read", document=named, page=2)
        assert (values["text"], values["page"], values["units"], values["id"]) == ("Breakfast is included.", 2, 2, 1)

    def test_a_path_names_one_of_two(self, reader, shelf):
        told = reader.refusal("read", document="twice.txt")
        assert "2 documents are named 'twice.txt'" in told
        path = str(shelf.paths.ingest / "twice.txt")
        assert path in told
        assert reader.values("read", document=path)["text"] == "It lies in drop."

    def test_a_long_page_is_read_in_parts(self, reader):
        text, start, parts = "", 0, 0
        while start is not None:
            part = reader.values("read", document="long.txt", start=start)
            text, start, parts = text + part["text"], part["next_start"], parts + 1
        assert (parts, text.strip()) == (3, ("word " * 9000).strip())
        assert "ends before character" in reader.refusal("read", document="long.txt", start=10**6)

    def test_a_page_comes_with_its_picture(self, reader):
        result = reader.call("read", document="policy.pdf", picture=True)
        assert [block.type for block in result.content] == ["text", "image"]
        alone = reader.call("page_picture", document="policy.pdf", page=1, width=240)
        image = alone.content[-1]
        assert image.mime_type == "image/jpeg"
        assert base64.b64decode(image.data).startswith(b"\xff\xd8\xff")
        assert len(image.data) < len(result.content[-1].data)
        assert alone.structured_content["document"] == "policy.pdf"

    @pytest.mark.parametrize(
        ("tool", "arguments", "told"),
        [
            ("read", {"document": 99}, "There is no document 99."),
            ("read", {"document": "nothing.pdf"}, "There is no document named 'nothing.pdf'"),
            ("read", {"document": "policy.pdf", "page": 3}, "has no page 3. Its pages are counted from 1 to 2"),
            ("read", {"document": "policy.pdf", "page": 2**62}, "has no page 4611686018427387904"),
            ("read", {"document": "policy.pdf", "page": 0}, "page: Input should be greater than or equal to 1"),
            ("read", {"document": "policy.pdf", "section": "Of Mars"}, "has no section 'Of Mars'"),
            ("read", {"document": 2**70}, "document"),
            ("read", {}, "document: Field required"),
            ("read", {"document": ["a"]}, "document"),
            ("read", {"document": "x" * 5000}, "at most 4096"),
            ("page_picture", {"document": "policy.pdf", "page": 3}, "has no page 3"),
            ("page_picture", {"document": "policy.pdf", "width": 99999}, "width: Input should be 240, 1000"),
            ("page_picture", {"document": "long.txt"}, "cannot be shown"),
            ("list_documents", {"limit": 0}, "limit: Input should be greater"),
            ("search", {"query": ""}, "query: String should have at least 1"),
            ("search", {"query": "x", "k": "many"}, "k: Input should be a valid integer"),
            ("search", {"query": "x", "file": "/etc/passwd"}, "file: Extra inputs are not permitted"),
            ("ask", {"question": 7}, "question: Input should be a valid string"),
            ("ask", {"question": "x", "caution": "none"}, "caution: Input should be"),
            ("ask", {"question": "x" * (MAX_QUESTION_CHARACTERS + 1)}, "question: String should have at most"),
            ("summarize", {"document": "../../etc/passwd"}, "There is no document named"),
            ("read", {"document": "half a \udce9"}, "There is no document named 'half a ?'"),
        ],
    )
    def test_what_cannot_be_is_told(self, reader, tool, arguments, told):
        refusal = reader.refusal(tool, **arguments)
        assert told in refusal
        assert "pydantic" not in refusal

    @pytest.mark.parametrize("tool", ["ingest", "remove", "tag", "collect", "nothing", ""])
    def test_a_tool_that_is_not_offered_is_an_error_of_the_protocol(self, reader, tool):
        assert "There is no tool" in reader.error("call_tool", tool, {"ids": [1], "paths": []}).error.message


class TestResources:
    def test_documents_are_listed_and_read(self, reader):
        listed = reader.do("list_resources").resources
        assert [one.uri for one in listed] == [f"ragapp://document/{n}" for n in range(1, 6)]
        assert [one.name for one in listed][:3] == ["policy.pdf", "long.txt", "café.txt"]
        (whole,) = reader.do("read_resource", "ragapp://document/1").contents
        assert whole.text == "[page 1]\nThe limit for London is 180.\n\n[page 2]\nBreakfast is included."
        (page,) = reader.do("read_resource", "ragapp://document/1/page/2").contents
        assert page.text == "Breakfast is included."
        (picture,) = reader.do("read_resource", "ragapp://document/1/page/2/picture").contents
        assert base64.b64decode(picture.blob).startswith(b"\xff\xd8\xff")

    def test_many_are_listed_in_parts(self, reader, monkeypatch):
        monkeypatch.setattr("ragapp.mcp.resources.PAGE", 2)
        first = reader.do("list_resources")
        assert (len(first.resources), first.next_cursor) == (2, "2")
        last = reader.do("list_resources", cursor="4")
        assert ([one.uri for one in last.resources], last.next_cursor) == (["ragapp://document/5"], None)

    def test_templates(self, reader):
        found = [one.uri_template for one in reader.do("list_resource_templates").resource_templates]
        assert found == [
            "ragapp://document/{id}",
            "ragapp://document/{id}/page/{number}",
            "ragapp://document/{id}/page/{number}/picture",
        ]

    @pytest.mark.parametrize(
        "uri",
        [
            "ragapp://document/99",
            "ragapp://document/1/page/3",
            "ragapp://document/1/page/0",
            "ragapp://document/2/page/1/picture",
            "ragapp://document/1/page/1/picture/../..",
            "ragapp://document/999999999999999999",
            "ragapp://document/../1",
            "file:///etc/passwd",
            "ragapp://nothing",
        ],
    )
    def test_what_is_not_there_is_told(self, reader, uri):
        error = reader.error("read_resource", uri).error
        assert error.code == -32602
        assert error.data == {"uri": uri}

    def test_a_cursor_that_was_not_given(self, reader):
        async def listed():
            return await reader.client.list_resources(cursor="x' OR 1")

        with pytest.raises(Exception, match="not one that was given"):
            reader.portal.call(listed)


class TestWriting:
    def test_progress_of_an_ingestion_grows(self, writer, scripted, shelf):
        writer.values("ingest")
        assert scripted.asked == [[shelf.paths.ingest]]
        assert writer.progress == [
            (0.25, 1.0, "1 of 2 files, 7 pages, reading page 3 of 12"),
            (1.0, 1.0, "1 of 2 files, 7 pages, reading page 3 of 12"),
        ]

    def test_what_lies_in_the_drop_folder_may_be_ingested(self, writer, scripted, shelf):
        drop = shelf.paths.ingest
        writer.values("ingest", paths=["policy.pdf", str(drop / "policy.pdf"), "."])
        assert scripted.asked == [[drop / "policy.pdf", drop / "policy.pdf", drop]]

    def test_what_lies_elsewhere_may_not(self, writer, scripted, shelf, tmp_path):
        drop = shelf.paths.ingest
        link = drop / "link"
        link.symlink_to("/etc")
        loop = drop / "loop"
        loop.symlink_to(loop)
        try:
            outside = ("/etc/passwd", "../other/twice.txt", "link/passwd", "link", "loop", "a\0b", str(tmp_path))
            for path in outside:
                told = writer.refusal("ingest", paths=["policy.pdf", path])
                assert "may not ingest from" in told, path
        finally:
            link.unlink()
            loop.unlink()
        assert scripted.asked == []

    def test_a_folder_that_the_person_named_may_be_ingested(self, writer, scripted, shelf):
        other = shelf.paths.ingest.parent / "other"
        assert "may not ingest" in writer.refusal("ingest", paths=[str(other)])
        shelf.mcp.folders.append(other)
        try:
            writer.values("ingest", paths=[str(other)])
        finally:
            shelf.mcp.folders.clear()
        assert scripted.asked == [[other]]

    def test_only_what_could_be_ingested_again_is_removed(self, writer, scripted, own, shelf):
        with own.opened() as catalog:
            row = catalog.document_at(str(shelf.paths.ingest.parent / "other" / "twice.txt"))
        assert "may change nothing" in writer.refusal("remove", ids=[1, row.id])
        assert "There is no document 99" in writer.refusal("remove", ids=[1, 99])
        assert "at least 1 item" in writer.refusal("remove", ids=[])
        assert scripted.asked == []
        writer.values("remove", ids=[1, 1, 2])
        assert scripted.asked == [[1, 2]]

    @pytest.mark.parametrize(
        ("tool", "arguments", "told"),
        [
            ("tag", {"ids": [1, 99], "add": ["x"]}, "There is no document 99"),
            ("tag", {"ids": [1]}, "No tag is named."),
            ("tag", {"ids": [1], "add": [" "]}, "A name has 1 to 80 characters"),
            ("tag", {"ids": [1], "add": ["x" * 81]}, "at most 80 characters"),
            ("collect", {"collection": "Trips"}, "No document is named."),
            ("collect", {"collection": "a/b", "add": [1]}, "would be taken for a pattern"),
            ("collect", {"collection": "None", "remove": [1]}, "There is no collection 'None'"),
        ],
    )
    def test_labels_that_cannot_be_are_told(self, labeller, tool, arguments, told):
        assert told in labeller.refusal(tool, **arguments)

    def test_only_what_could_be_ingested_again_is_labelled(self, labeller):
        (other,) = (one for one in labeller.values("list_documents")["documents"] if "/other/" in one["path"])
        assert "may change nothing" in labeller.refusal("tag", ids=[1, other["id"]], add=["x"])
        assert "may change nothing" in labeller.refusal("collect", collection="x", add=[other["id"]])
        assert labeller.values("list_collections") == {"collections": [], "tags": []}

    def test_documents_are_tagged_and_found_by_their_tags(self, labeller):
        (first, second) = labeller.values("tag", ids=[1, 2], add=["to read", "2025"])["documents"]
        assert (first["document"], first["tags"]) == ("policy.pdf", ["2025", "to read"])
        labeller.values("tag", ids=[2], remove=["2025"])
        listed = labeller.call("list_collections")
        assert listed.structured_content["tags"] == [
            {"tag": "2025", "documents": 1},
            {"tag": "to read", "documents": 2},
        ]
        assert "to read: 2 documents" in text_of(listed).splitlines()
        found = labeller.values("list_documents", tags=["to read"])["documents"]
        assert {one["id"] for one in found} == {first["id"], second["id"]}
        labeller.values("tag", ids=[1, 2], remove=["to read", "2025"])
        assert "No document fits" in labeller.refusal("list_documents", tags=["to read"])

    def test_documents_come_into_a_collection_and_out_of_it(self, labeller):
        (document,) = labeller.values("collect", collection="Trips", add=[1])["documents"]
        assert document["collections"] == ["Trips"]
        labeller.values("collect", collection="trips", add=[2, 3], remove=[1])
        (trips,) = labeller.values("list_collections")["collections"]
        assert (trips["name"], trips["documents"], len(trips["members"])) == ("Trips", 2, 2)
        found = labeller.values("list_documents", **{"in": "Trips"})
        assert ([one["id"] for one in found["documents"]], found["total"]) == ([3, 2], 2)
        labeller.values("collect", collection="Trips", remove=[2, 3])


class TestFilters:
    def test_all_of_them_are_one_filter(self, writer, scripted):
        given = {"in": "hr", "tags": ["a", "b"], "types": ["PDF"], "authors": ["Anna"], "after": "2024"}
        writer.values("ask", question="x", **given, before="2025-06")
        writer.values("search", query="x", **given)
        told = "hr\ntag:a\ntag:b\ntype:pdf\nauthor:Anna\nafter:2024-01-01"
        assert scripted.asked == [("x", f"{told}\nbefore:2025-06-01", None), ("x", 5, told)]

    @pytest.mark.parametrize(
        ("given", "found"),
        [
            ({"types": ["pdf"]}, ["policy.pdf"]),
            ({"in": "*.txt", "search": "café"}, ["café.txt"]),
            ({"types": ["txt"], "limit": 1, "offset": 1}, ["long.txt"]),
            ({"in": "other"}, ["twice.txt"]),
        ],
    )
    def test_of_a_list(self, reader, given, found):
        assert [one["document"] for one in reader.values("list_documents", **given)["documents"]] == found

    @pytest.mark.parametrize("tool", ["search", "ask", "list_documents"])
    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({"after": "soon"}, "'soon' is not a day."),
            ({"types": ["tablet"]}, "'tablet' is not a type of documents."),
            ({"tags": "x"}, "tags: Input should be a valid list"),
            ({"within": 3}, "should be a valid string"),
        ],
    )
    def test_one_that_cannot_be_read_is_told(self, reader, tool, given, told):
        own = {"search": {"query": "x"}, "ask": {"question": "x"}, "list_documents": {}}[tool]
        assert told in reader.refusal(tool, **own, **given)


class TestMany:
    @pytest.mark.parametrize("mode", ["legacy", "auto"])
    def test_a_question_that_is_given_up_stops(self, scripted, mode):
        scripted.places = Places(1)
        scripted.held = threading.Event()
        with talking(server_of(scripted), mode) as talk:

            async def give_up():
                with anyio.move_on_after(0.3):
                    await talk.client.call_tool("ask", {"question": "x"})

            talk.portal.call(give_up)
            assert scripted.began.is_set()
            assert scripted.stopped.wait(5)
            scripted.held = None
            assert talk.values("ask", question="x")["grade"] == "answered"  # its place is free

    def test_a_flood_is_refused_in_plain_words(self, scripted, shelf):
        scripted.held = threading.Event()
        with talking(server_of(scripted), "legacy") as talk:

            async def flood():
                outcomes = []

                async def one():
                    try:
                        outcomes.append(await talk.client.call_tool("ask", {"question": "x"}))
                    except Exception as error:
                        outcomes.append(error)

                async with anyio.create_task_group() as group:
                    for _ in range(MOST_REQUESTS + 50):
                        group.start_soon(one)
                    while len(outcomes) < MOST_REQUESTS + 50 - shelf.server.waiting:
                        await anyio.sleep(0.01)
                    scripted.held.set()
                return outcomes

            began = time.monotonic()
            outcomes = talk.portal.call(flood)
            assert time.monotonic() - began < 30
            told = [text_of(one) if hasattr(one, "content") else str(one) for one in outcomes]
            assert sum("Answered" in one for one in told) == shelf.server.waiting
            assert sum("questions are being answered or wait already" in one for one in told) > 0
            assert len(scripted.asked) == shelf.server.waiting
            assert talk.values("ask", question="x")["grade"] == "answered"

    def test_too_many_requests_are_an_error_of_the_protocol(self, scripted, monkeypatch):
        monkeypatch.setattr("ragapp.mcp.server.MOST_REQUESTS", 2)
        scripted.held = threading.Event()
        with talking(server_of(scripted), "legacy") as talk:

            async def three():
                async with anyio.create_task_group() as group:
                    for _ in range(2):
                        group.start_soon(talk.client.call_tool, "ask", {"question": "x"})
                    while len(scripted.asked) < 2:
                        await anyio.sleep(0.01)
                    try:
                        await talk.client.list_resources()
                    except Exception as error:
                        return error
                    finally:
                        scripted.held.set()

            assert "2 requests are being worked on already" in str(talk.portal.call(three))
            assert talk.do("list_tools").tools


def test_the_models_are_let_go_when_nobody_needs_them(shelf):
    library = OwnLibrary(shelf)
    with pytest.raises(RagappError):
        list(library.ask("x", "", None, lambda: False))  # there is no model
    assert library._app
    library.rest(1000)
    assert library._app
    library.rest(0)
    assert library._app is None
    library.close()
