"""Web pages, Markdown, books, notebooks and mails: what a browser or a mail program shows of them."""

from __future__ import annotations

import base64
import json
import re
import struct
import sys
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragapp.reading.blocks import BlockBuilder
from ragapp.reading.html.reader import add_html
from ragapp.reading.left_out import LeftOut
from ragapp.reading.mail.cms import signed_content

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from olekit import ole_file
from packagekit import write_epub
from seenkit import Seen, check, table

sys.path.pop(0)

Build = Callable[[Path], object]


def _text(text: str) -> Build:
    return lambda path: path.write_text(text, encoding="utf-8")


def _page(body: str, style: str = "") -> Build:
    return _text(f"<!doctype html><html><head><title>T</title><style>{style}</style></head><body>{body}</body></html>")


HTML = "HTML Standard, "
PAGES = [
    Seen(
        "raised figures stay apart",
        ".html",
        _page(
            "<p>The lift bears 640<sup>5</sup> kg and 3·10<sup>-4</sup> bar of CO<sub>2</sub> on the "
            "2<sup>nd</sup>.</p>"
        ),
        sees=("640^5 kg", "3·10^-4 bar", "of CO2 on", "the 2nd."),
        never=("6405",),
        source=HTML + "15.3.4 (sub, sup)",
    ),
    Seen(
        "raised by a style",
        ".html",
        _page(
            "<p>17<span class='up'>2</span> m and 9<span style='vertical-align:super'>4</span></p>",
            ".up{vertical-align: super}",
        ),
        sees=("17^2 m", "9^4"),
        source="CSS 2.2, 10.8.1 (vertical-align)",
    ),
    Seen(
        "an exponent in two pieces",
        ".html",
        _page("<p>10<sup>−</sup><sup>12</sup> F</p>"),
        sees=("10^−12 F",),
        source="Firefox",
    ),
    Seen(
        "marks of notes",
        ".html",
        _page(
            "<p>Leave is 14<sup><a href='#n2'>2</a></sup> days, sick pay 30<sup class='reference'><a "
            "href='#c'>[7]</a></sup> days,"
            " and 5<a role='doc-noteref' href='#n3'>3</a>.</p><p id='n2'>Notes</p>"
        ),
        sees=("14 [note 2] days", "30[7] days", "5 [note 3]."),
        never=("142", "307"),
        source="WAI-ARIA DPUB 1.1 (doc-noteref); MediaWiki",
    ),
    Seen(
        "struck out by elements",
        ".html",
        _page(
            "<h2>Fares</h2><p>A ticket is <del>11</del> <ins>13</ins> euros, a bag <s>4</s> <strike>5</strike> 6.</p>"
        ),
        sees=("is 13 euros, a bag 6.",),
        never=(re.compile(r"\b11\b"), re.compile(r"\b[45]\b")),
        warns=("3 struck-out passages were left out (Fares).",),
        source=HTML + "4.5.5 (s), 4.7.2 (del)",
    ),
    Seen(
        "struck out by styles",
        ".html",
        _page(
            "<p>Deposit <span class='was'>800</span> 650, fee <b style='text-decoration: red "
            "line-through'>90</b> 70</p>"
            "<p class='was'><em>All of it</em></p><p class='was' style='text-decoration:none'>kept</p>",
            "p{margin:0} .was, .x > y { text-decoration-line: line-through }",
        ),
        sees=("Deposit 650, fee 70", "kept"),
        never=("800", "90", "All of it"),
        warns=("3 struck-out passages",),
        source="CSS Text Decoration 3, 2.1",
    ),
    Seen(
        "hidden text",
        ".html",
        _page(
            "<h1>Rent</h1><p>Rent is 700.</p><p hidden>Rent is 701.</p><p style='DISPLAY:NONE'>Rent is 702.</p>"
            "<p class='off'>Rent is 703.</p><p class='vh'>Rent is 704.</p><p style='visibility:hidden'>Rent is 705.</p>"
            "<p class='off on'>Rent is 706.</p><p aria-hidden='true'>Rent is 707.</p>",
            ".off{display:none}.off.on{display:block}.vh{position:absolute;clip:rect(1px, 1px, 1px, 1px)}",
        ),
        sees=("700", "706", "707"),
        never=("701", "702", "703", "704", "705"),
        warns=("5 hidden passages were left out (Rent).",),
        source=HTML + "6.1 (hidden); CSS Cascade 4, 6.1; WAI-ARIA 1.2 (aria-hidden)",
    ),
    Seen(
        "rules for print and small windows do not hold",
        ".html",
        _page(
            "<p class='a'>one</p><p class='b'>two</p><p class='c'>three three</p>",
            "@media print{.a{display:none}} @media (max-width: 600px){.b{display:none}}"
            "@media screen and (min-width:40em){.c{display:none}}",
        ),
        sees=("one", "two"),
        never=("three",),
        warns=("1 hidden passage",),
        source="Media Queries 4, 2-4",
    ),
    Seen(
        "an important rule beats a style attribute",
        ".html",
        _page("<p class='a' style='display:block'>gone gone</p><p>here</p>", ".a{display:none !important}"),
        sees=("here",),
        never=("gone",),
        warns=("1 hidden passage",),
        source="CSS Cascade 4, 6.1",
    ),
    Seen(
        "templates, scripts and what is for browsers without them",
        ".html",
        _page(
            "<template><p>tpl</p></template><noscript>Switch it on</noscript><script>'js'</script><dialog>dlg</dialog>x"
        ),
        sees=("x",),
        never=("tpl", "Switch", "js", "dlg"),
        source=HTML + "4.12.2 (noscript), 4.12.3 (template), 4.11.4 (dialog)",
    ),
    Seen(
        "folded parts",
        ".html",
        _page(
            "<details><summary>Where is the key?</summary><p>In the blue box.</p></details>"
            "<h3><button aria-expanded='false' aria-controls='a1'>May I park?</button></h3><div "
            "id='a1' hidden>Behind hall 3.</div>"
            "<button>Who pays?</button><div style='display:none'>The buyer.</div>"
            "<div role='tabpanel' hidden>Tab text.</div><div class='tab-pane'>Pane text.</div>"
            "<div hidden='until-found'>Found text.</div>",
            ".tab-pane{display:none}",
        ),
        sees=(
            "Where is the key?",
            "In the blue box.",
            "Behind hall 3.",
            "The buyer.",
            "Tab text.",
            "Pane text.",
            "Found text.",
        ),
        headings=("May I park?",),
        source=HTML + "4.11.1 (details), 6.1 (until-found); Bootstrap 5 (tabs)",
    ),
    Seen(
        "fields and their labels",
        ".html",
        _page(
            "<form><label>Plate <input value='AB-12' placeholder='XX-00'></label><br><label>Colour "
            "<input placeholder='red'></label>"
            "<br>Depot <select><option value=''>choose</option><option>East</option><option selected>"
            "West</option></select>"
            "<br>Size <select><option>Small<option>Large</select><br>Word <input type='password' value='geheim'>"
            "<br><textarea disabled>Ring twice.</textarea><input type='hidden' value='token9'>"
            "<button>Send</button></form>"
        ),
        sees=("Plate AB-12", "Colour ____", "Depot West", "Size Small", "Ring twice."),
        never=("XX-00", "red", "East", "Large", "geheim", "token9", "Send"),
        source=HTML + "4.10.5, 4.10.7, 4.10.11",
    ),
    Seen(
        "ticked boxes",
        ".html",
        _page(
            "<p><input type='checkbox'> gas <input type='checkbox' checked> water</p>"
            "<p>Car: <label for='y'>yes</label><input type='radio' id='y'><label for='n'>no</label>"
            "<input type='radio' id='n' checked></p>"
            "<p><label>Insured <input type='checkbox' checked></label> <label>Abroad <input "
            "type='checkbox'></label></p>"
            "<p><span role='checkbox' aria-checked='true'>Night shift</span></p>"
        ),
        sees=("☐ gas ☒ water", "Car: ☐ yes ☒ no", "☒ Insured ☐ Abroad", "☒ Night shift"),
        source=HTML + "4.10.5.1.15, 4.10.5.1.16; WAI-ARIA 1.2 (checkbox)",
    ),
    Seen(
        "a list box shows each option",
        ".html",
        _page("<select multiple><option selected>Mon<option>Tue<option selected>Wed</select>"),
        sees=("☒ Mon ☐ Tue ☒ Wed",),
        source=HTML + "4.10.7",
    ),
    Seen(
        "numbers of lists",
        ".html",
        _page(
            "<ol start='4' type='a'><li>keys</li><li>locks<ol type='I'><li>iron</li><li>brass</li>"
            "</ol></li><li value='9'>bolts</li></ol>"
            "<ol reversed><li>third</li><li>second</li><li>first</li></ol><ol class='z'><li>zero</li>"
            "</ol><ul><li>dot</li></ul>",
            ".z{list-style: inside decimal-leading-zero}",
        ),
        sees=(
            "d. keys",
            "e. locks\n  I. iron\n  II. brass",
            "i. bolts",
            "3. third\n2. second\n1. first",
            "01. zero",
            "- dot",
        ),
        source=HTML + "4.4.5 (ol), 4.4.8 (li); CSS Counter Styles 3, 6.1",
    ),
    Seen(
        "numbers of a list with headings in it",
        ".html",
        _page("<ol start='3'><li><h2>Notice</h2><p>Six weeks.</p></li><li><h2>Costs</h2><p>None.</p></li></ol>"),
        sees=("Six weeks.",),
        headings=("3. Notice", "4. Costs"),
        source=HTML + "4.4.5 (ol)",
    ),
    Seen(
        "a header of two rows",
        ".html",
        _page(
            "<table><caption>Plants</caption><thead><tr><th rowspan='2'>Site</th><th colspan='2'>"
            "2023</th><th colspan='2'>2024</th></tr>"
            "<tr><th>Staff</th><th>Output</th><th>Staff</th><th>Output</th></tr></thead>"
            "<tfoot><tr><th>Sum</th><td>5</td><td>6</td><td>7</td><td>8</td></tr></tfoot>"
            "<tbody><tr><th>Ulm</th><td>1</td><td>2</td><td>3</td><td>4</td></tr></tbody></table>"
        ),
        sees=(
            "Plants",
            "| Site | 2023 / Staff | 2023 / Output | 2024 / Staff | 2024 / Output |\n| --- | --- | --- | --- | --- |\n"
            "| Ulm | 1 | 2 | 3 | 4 |\n| Sum | 5 | 6 | 7 | 8 |",
        ),
        source=HTML + "4.9.12 (forming a table); CSS 2.2, 17.2 (footer groups)",
    ),
    Seen(
        "a header of two rows without thead",
        ".html",
        _page(
            "<table><tr><td></td><th colspan=2>Zone A</th></tr><tr><td></td><th>Mon</th><th>Tue</th></tr>"
            "<tr><th>Early</th><td>3</td><td>4</td></tr></table>"
        ),
        sees=("|  | Zone A / Mon | Zone A / Tue |", "| Early | 3 | 4 |"),
        source=HTML + "4.9.12",
    ),
    Seen(
        "where links lead",
        ".html",
        _page(
            "<h2><a href='https://x.example/h'>Head</a></h2><p>See <a href='https://kb.example/vpn?a=1'>the guide</a>, "
            "<a href='mailto:desk@x.example?subject=Hi'>the desk</a>, <a href='tel:+431234'>call</a>"
            ", <a href='#top'>top</a>, "
            "<a href='https://www.x.example/'>x.example</a>, <a href='javascript:go()'>go</a></p>"
        ),
        sees=("the guide (https://kb.example/vpn?a=1), the desk (desk@x.example), call (+431234), top, x.example, go",),
        headings=("Head",),
        source="the address that a browser shows for a link",
    ),
    Seen(
        "ruby, quotes and drawings with text",
        ".html",
        _page(
            "<p><ruby>橋<rp>(</rp><rt>はし</rt><rp>)</rp></ruby> <q>as is</q> <svg><title>t</title>"
            "<text x='1'>Dock 4</text></svg></p>"
        ),
        sees=("橋(はし)", "“as is”", "Dock 4"),
        source=HTML + "4.5.10 (ruby), 4.5.7 (q); SVG 2, 11",
    ),
    Seen(
        "formulas on one line",
        ".html",
        _page(
            "<p>v = <math><mfrac><mi>s</mi><mrow><mi>t</mi><mo>+</mo><mn>1</mn></mrow></mfrac></math>, "
            "<math><msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup><mo>=</mo><msqrt><mn>16</mn></msqrt></math>"
            "<span class='katex'><span class='katex-html' aria-hidden='true'>E=mc2</span></span></p>"
        ),
        sees=("v = s/(t+1)", "x_1^2=√16"),
        never=("mc2",),
        source="MathML Core, 3",
    ),
    Seen(
        "frames and pictures inside the page",
        ".html",
        _page(
            "<iframe srcdoc='<p>Tariff 12</p><style>.h{display:none}</style><p class=h>Tariff 13</p>'></iframe>"
            f"<iframe src='https://map.example/'></iframe><img alt='' src='data:image/png;base64,"
            f"{'A' * 9000}'><p>end</p>"
        ),
        sees=("Tariff 12", "end"),
        never=("Tariff 13", "AAAA"),
        warns=("1 hidden passage", "1 embedded document was", "1 picture was"),
        source=HTML + "4.8.5 (iframe)",
    ),
]
PAGES += [
    Seen(
        "rules of many kinds on one page",
        ".html",
        _page(
            "<div id='m'><p class='a'>first first</p><p class='a b'>second</p><p class='c'>third third</p></div>"
            "<p class='c'>fourth</p><p class='d' style='display:none'>fifth</p><p class='e'>sixth sixth</p>",
            "#m>.a:not(.b),#m .c{DISPLAY:None}.missing,.e{display:none}.e:hover,.e::before{display:block}"
            ".d{display:block!important}.x::y(z),.a{visibility:hidden}.b,.c{visibility:visible}",
        ),
        sees=("second", "fourth", "fifth"),
        never=("first", "third", "sixth"),
        warns=("3 hidden passages",),
        source="Selectors 4, 3.1, 4.1-4.3; CSS Cascade 4, 6",
    ),
    Seen(
        "gauges stand apart",
        ".html",
        _page("<p>Full: <meter value=6 max=10>6 of 10</meter><output>42</output><progress>3</progress>7</p>"),
        sees=("6 of 10 42 3 7",),
        source=HTML + "4.10.12-4.10.14; 15.5.12",
    ),
    Seen(
        "strings in style sheets",
        ".html",
        _page(
            "<p class='a'>first first</p><p class='b'>second second</p><p class='c'>third</p>",
            "li::before{content:'' counter(a) '. '}.a{display:none}li::after{content:'it\\'s } \"'}.b{display:none}",
        ),
        sees=("third",),
        never=("first", "second"),
        warns=("2 hidden passages",),
        source="CSS Syntax 3, 4.3.5; Google Docs, download as web page",
    ),
    Seen(
        "lines that only the list of mails shows",
        ".html",
        _page(
            "<div style='max-height:0px; overflow: hidden; opacity:0'>Save 77</div>"
            "<span style='font-size:0'>Save 88</span>"
            "<div style='font-size:0'><span style='font-size:14px'>Now 99</span></div>"
        ),
        sees=("Now 99",),
        never=("77", "88"),
        warns=("2 hidden passages",),
        source="preheaders of newsletters; Thunderbird",
    ),
    Seen(
        "fractions",
        ".html",
        _page("<p>1<sup>3</sup>&frasl;<sub>4</sub> cups, <sup>1</sup>/<sub>2</sub> lemon</p>"),
        sees=("1 3/4 cups, 1/2 lemon",),
        source="Wikipedia and recipe pages",
    ),
    Seen(
        "marks of notes in a saved page",
        ".html",
        _page(
            "<p>Leave is 14<sup><a href='https://x.example/a.html#n2'>2</a></sup> days, sick pay 30<sup>4)</sup> days, "
            "<a href='/km#area'>9 km<sup>2</sup></a></p>"
        ),
        sees=("14 [note 2] days", "30^4) days", "9 km^2"),
        source="Firefox and Chromium, save page (addresses are made whole)",
    ),
]
MARKDOWN = [
    Seen(
        "struck text and boxes",
        ".md",
        _text("## Jobs\n\nThe fee is ~~80~~ 95 euros.\n\n- [ ] paint\n- [x] sweep\n"),
        sees=("The fee is 95 euros.", "☐ paint\n☒ sweep"),
        never=("80",),
        warns=("1 struck-out passage was left out (Jobs).",),
        source="GitHub Flavored Markdown 0.29, 6.5 (strikethrough), 5.3 (task list items)",
    ),
    Seen(
        "notes by their printed numbers",
        ".md",
        _text("Leave is 20[^b] days, in June 25[^a] days.\n\n[^a]: Only once.\n[^b]: From 2026.\n[^c]: Unused.\n"),
        sees=("20 [note 1] days, in June 25 [note 2] days", "[note 1] From 2026.", "[note 2] Only once."),
        never=("201", "Unused"),
        warns=("1 note without a mark in the text was left out.",),
        source="github.com, footnotes",
    ),
    Seen(
        "numbers and addresses",
        ".md",
        _text("7. pack\n8. ship to [the dock](https://dock.example/7)\n\nArea 4<sup>2</sup>\n"),
        sees=("7. pack\n8. ship to the dock (https://dock.example/7)", "Area 4^2"),
        source="CommonMark 0.31.2, 5.3 (lists), 6.3 (links)",
    ),
]


def _mail(path: Path, *, body: str = "", kind: str = "text/plain", head: str = "") -> None:
    path.write_text(
        f"From: Ida <ida@x.example>\nTo: all@x.example\nSubject: Notice\nMIME-Version: "
        f"1.0\n{head}Content-Type: {kind}\n\n{body}",
        encoding="utf-8",
    )


def _parts(kind: str, *parts: str) -> Build:
    inner = "".join(f"--b\n{part}\n" for part in parts) + "--b--\n"
    return lambda path: _mail(path, body=inner, kind=f"multipart/{kind}; boundary=b")


def _whole(body: str, kind: str = "text/plain; charset=utf-8", head: str = "") -> Build:
    return lambda path: _mail(path, body=body, kind=kind, head=head)


def _nested(depth: int) -> Build:
    def build(path: Path) -> None:
        mail = EmailMessage()
        for level in range(depth + 1):
            outer = EmailMessage()
            outer["From"], outer["Subject"] = "ida@x.example", f"level {depth - level}"
            outer.set_content(f"text {depth - level}")
            if level:
                outer.add_attachment(mail)
            mail = outer
        path.write_bytes(mail.as_bytes())

    return build


def _event(lines: str, method: str = "REQUEST") -> str:
    return (
        f"Content-Type: text/calendar; charset=utf-8; "
        f"method={method}\n\nBEGIN:VCALENDAR\nMETHOD:{method}\nBEGIN:VTIMEZONE\n"
        f"TZID:Europe/Oslo\nEND:VTIMEZONE\nBEGIN:VEVENT\n{lines}\nEND:VEVENT\nEND:VCALENDAR"
    )


def _der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = bytes([len(body)]) if len(body) < 128 else bytes([0x82]) + struct.pack(">H", len(body))
    return bytes([tag]) + size + body


SIGNED, DATA, ENVELOPED = (bytes.fromhex(f"2a864886f70d0107{n}") for n in ("02", "01", "03"))


def _cms(content: bytes, in_pieces: bool = False) -> bytes:
    octets = b"\x24\x80" + _der(4, content[:20]) + _der(4, content[20:]) + b"\0\0" if in_pieces else _der(4, content)
    if in_pieces:
        carried = b"\x30\x80" + _der(6, DATA) + b"\xa0\x80" + octets + b"\0\0\0\0"
        return b"\x30\x80" + _der(6, SIGNED) + b"\xa0\x80\x30\x80" + _der(2, b"\1") + _der(0x31) + carried + b"\0" * 6
    carried = _der(0x30, _der(6, DATA), _der(0xA0, octets))
    return _der(0x30, _der(6, SIGNED), _der(0xA0, _der(0x30, _der(2, b"\1"), _der(0x31), carried)))


SMIME = "Content-Type: application/pkcs7-mime; smime-type={}; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n{}"
SIGNED_TEXT = b"Content-Type: text/plain; charset=utf-8\r\n\r\nThe valve opens at 6 bar.\r\n"


def _tnef(body: str) -> bytes:
    def attribute(name: int, kind: int, data: bytes) -> bytes:
        return struct.pack("<BHHI", 1, name, kind, len(data)) + data + struct.pack("<H", sum(data) % 65536)

    codes = attribute(0x9006, 8, struct.pack("<I", 0x10000)) + attribute(0x9007, 6, struct.pack("<II", 1252, 0))
    return struct.pack("<IH", 0x223E9F78, 1) + codes + attribute(0x800C, 2, body.encode("cp1252") + b"\0")


def _attached(kind: str, name: str, data: bytes) -> str:
    return (
        f"Content-Type: {kind}; name={name}\nContent-Disposition: attachment; filename={name}\n"
        f"Content-Transfer-Encoding: base64\n\n{base64.b64encode(data).decode()}"
    )


def _outlook(streams: dict[str, bytes]) -> Build:
    return lambda path: path.write_bytes(ole_file({"__properties_version1.0": bytes(32), **streams}))


def _stream(tag: str, text: str) -> dict[str, bytes]:
    return {f"__substg1.0_{tag}001F": text.encode("utf-16-le")}


def _below(folder: str, streams: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{name}": data for name, data in streams.items()}


RTF = (
    rb"{\rtf1\ansi\ansicpg1252\fromhtml1 {\fonttbl{\f0 Arial;}}{\*\htmltag64 <p>}"
    rb"\htmlrtf {\htmlrtf0 Now {\*\htmltag84 <s>}"
    rb"\htmlrtf\strike \htmlrtf0 31{\*\htmltag92 </s>} 37 euros for caf\'e9 \u8364?"
    rb"{\*\htmltag72 </p>}\htmlrtf\par}\htmlrtf0 }"
)
PACKED = struct.pack("<II4sI", len(RTF) + 12, len(RTF), b"MELA", 0) + RTF
INNER = {"__properties_version1.0": bytes(24)} | _stream("0037", "Quote") | _stream("1000", "It is 55 euros.")
ATTACHED = {"__properties_version1.0": bytes(8)} | _stream("3001", "Quote") | _below("__substg1.0_3701000D", INNER)

PLAIN_STUB = "Content-Type: text/plain\n\nYour program shows no HTML."
RICH = "Content-Type: text/html; charset=utf-8\n\n<p>The bus is line 61, was <s>16</s>.</p>"
FOOTER = "Content-Type: text/plain\n\n-- \nThe staff list"
MAILS = [
    Seen(
        "the HTML is the mail",
        ".eml",
        _parts("alternative", PLAIN_STUB, RICH),
        sees=("line 61",),
        never=("shows no HTML", "16"),
        warns=("1 struck-out passage",),
        source="RFC 2046, 5.1.4; Thunderbird",
    ),
    Seen(
        "a mailing list's footer",
        ".eml",
        _parts(
            "mixed",
            "Content-Type: multipart/alternative; boundary=c\n\n--c\n" + PLAIN_STUB + "\n--c\n" + RICH + "\n--c--",
            FOOTER,
        ),
        sees=("line 61", "The staff list"),
        never=("shows no HTML",),
        warns=("1 struck-out passage",),
        source="RFC 2046, 5.1.3; Mailman",
    ),
    Seen(
        "a page with its pictures",
        ".eml",
        _parts('related; start="<r>"', "Content-Type: text/plain\n\nwrong root", "Content-ID: <r>\n" + RICH),
        sees=("line 61",),
        warns=("1 struck-out passage",),
        source="RFC 2387, 3.2",
    ),
    Seen(
        "bodies with a name",
        ".eml",
        _parts(
            "mixed",
            "Content-Type: text/plain; name=a.txt\nContent-Disposition: inline; filename=a.txt\n\nPump 8 leaks.",
            "Content-Type: text/html; name=b.html\n\n<p>Pump 9 runs.</p>",
            "Content-Type: text/plain; name=c.txt\nContent-Disposition: attachment; filename=c.txt\n\nPump 10.",
        ),
        sees=("Pump 8 leaks.", "Pump 9 runs.", "Attachments: c.txt"),
        never=("Pump 10",),
        warns=("Attachments were not read: c.txt.",),
        source="RFC 2183, 2.1, 2.2",
    ),
    Seen(
        "all there is, marked as an attachment",
        ".eml",
        _whole("Alarm at 04:10.", head="Content-Disposition: attachment; filename=log.txt\n"),
        sees=("Alarm at 04:10.",),
        source="Apple Mail",
    ),
    Seen(
        "kinds of text that are not known",
        ".eml",
        _parts("mixed", "Content-Type: text/x-patch\n\n+valve 7", "Content-Type: text/css; name=a.css\n\nx{}"),
        sees=("+valve 7", "Attachments: a.css"),
        warns=("not read: a.css",),
        source="RFC 2046, 4.1.4",
    ),
    Seen(
        "parts whose mark is nowhere",
        ".eml",
        _whole("Gate 12 is shut.", "multipart/mixed; boundary=zz"),
        sees=("Gate 12 is shut.",),
        source="a mail that a list program cut",
    ),
    Seen(
        "flowed text",
        ".eml",
        _whole("Order 77-1 \n9 is due \nnow.\n> quoted \n> line\n-- \nIda", "text/plain; format=flowed"),
        sees=("Order 77-1 9 is due now.\n> quoted line\n--\nIda",),
        source="RFC 3676, 4",
    ),
    Seen(
        "flowed text with words cut in two",
        ".eml",
        _whole("Meter 5512-0 \n034 is valid.", "text/plain; format=flowed; delsp=yes"),
        sees=("Meter 5512-0034 is valid.",),
        source="RFC 3676, 4.1 (DelSp)",
    ),
    Seen(
        "an invitation",
        ".eml",
        _parts(
            "alternative",
            "Content-Type: text/plain\n\nCome along.",
            _event(
                "DTSTART;TZID=Europe/Oslo:20260309T091500\nDTEND;TZID=Europe/Oslo:20260309T100000\nSUMMARY:Fire drill\n"
                "LOCATION:Yard\\, gate "
                "2\nORGANIZER;CN=Ida:mailto:ida@x.example\nRRULE:FREQ=WEEKLY;BYDAY=MO,TH;COUNT=3\n"
                'ATTENDEE;CN="Bo, Jr";PARTSTAT=DECLINED:mailto:bo@x.example\nDESCRIPTION:Bring a\n  coat.\n'
                "BEGIN:VALARM\n"
                "DESCRIPTION:ring\nEND:VALARM"
            ),
        ),
        sees=(
            "Come along.",
            "When: Mon, 9 Mar 2026 09:15 – 10:00 (Europe/Oslo)",
            "Where: Yard, gate 2",
            "Organiser: Ida <ida@x.example>",
            "Bo, Jr <bo@x.example> (declined)",
            "every week on Mon, Thu, 3 times",
            "Bring a coat.",
        ),
        never=("Description: ring",),
        source="RFC 5545, 3.3.11, 3.6.1, 3.8; RFC 6047",
    ),
    Seen(
        "an event of whole days that is cancelled",
        ".eml",
        _parts(
            "mixed",
            "Content-Type: text/plain\n\nOff.",
            _event("DTSTART;VALUE=DATE:20260401\nDTEND;VALUE=DATE:20260404\nSUMMARY:Fair", "CANCEL"),
        ),
        sees=("State: cancelled", "When: Wed, 1 Apr 2026 – Fri, 3 Apr 2026"),
        source="RFC 5545, 3.6.1 (DTEND is not included)",
    ),
    Seen(
        "a forwarded mail",
        ".eml",
        _parts(
            "mixed",
            "Content-Type: text/plain\n\nSee below.",
            "Content-Type: message/rfc822\n\nFrom: bo@x.example\nSubject: Bolts\n\nM8, not M6.",
        ),
        sees=("See below.", 'Attachments: the mail "Bolts"', "From: bo@x.example", "M8, not M6."),
        source="RFC 2046, 5.2.1",
    ),
    Seen(
        "a mail attached as a file",
        ".eml",
        _parts(
            "mixed",
            "Content-Type: text/plain\n\nA file.",
            _attached("application/octet-stream", "x.eml", b"From: a@b\nSubject: In\n\nSix doors."),
        ),
        sees=("A file.", "Six doors."),
        source="Gmail, forward as attachment",
    ),
    Seen(
        "mails in mails without measure",
        ".eml",
        _nested(60),
        sees=("text 0", "text 20"),
        never=("text 40",),
        warns=("mail inside other mails was left out",),
        source="a bound of ours",
    ),
    Seen(
        "winmail.dat",
        ".eml",
        _parts(
            "mixed",
            "Content-Type: text/plain\n\n",
            _attached("application/ms-tnef", "winmail.dat", _tnef("The toll is 3.10 €.")),
        ),
        sees=("The toll is 3.10 €.",),
        source="[MS-OXTNEF] 2.1",
    ),
    Seen(
        "a damaged winmail.dat",
        ".eml",
        _parts(
            "mixed",
            "Content-Type: text/plain\n\nHello.",
            _attached("application/ms-tnef", "winmail.dat", _tnef("x")[:4] + b"\0" * 40),
        ),
        sees=("Hello.",),
        warns=("winmail.dat",),
        source="[MS-OXTNEF] 2.1",
    ),
    Seen(
        "signed, the content inside",
        ".eml",
        _parts("mixed", SMIME.format("signed-data", base64.b64encode(_cms(SIGNED_TEXT)).decode())),
        sees=("The valve opens at 6 bar.",),
        source="RFC 8551, 3.5.2; RFC 5652, 5.2",
    ),
    Seen(
        "signed, the content in pieces",
        ".eml",
        _parts("mixed", SMIME.format("signed-data", base64.b64encode(_cms(SIGNED_TEXT, in_pieces=True)).decode())),
        sees=("The valve opens at 6 bar.",),
        source="X.690, 8.1.3.6 (indefinite length), 8.7.3",
    ),
    Seen(
        "signed beside the content",
        ".eml",
        _parts(
            "signed",
            "Content-Type: text/plain\n\nGate 12.",
            "Content-Type: application/pkcs7-signature; name=smime.p7s\n\nxx",
        ),
        sees=("Gate 12.",),
        never=("smime",),
        source="RFC 1847, 2.1",
    ),
    Seen(
        "encrypted",
        ".eml",
        _parts(
            "mixed",
            "Content-Type: text/plain\n\nOpen text.",
            SMIME.format("enveloped-data", base64.b64encode(_der(0x30, _der(6, ENVELOPED), _der(0xA0, b"x"))).decode()),
            "Content-Type: multipart/encrypted; boundary=e\n\n--e\nContent-Type: "
            "application/pgp-encrypted\n\nVersion: 1\n--e--",
        ),
        sees=("Open text.",),
        warns=("encrypted (S/MIME)", "encrypted (PGP)"),
        source="RFC 5652, 6; RFC 3156, 4",
    ),
    Seen(
        "signed in the text",
        ".eml",
        _whole(
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n- - 40 crates\n-----BEGIN PGP "
            "SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n"
        ),
        sees=("- 40 crates",),
        never=("PGP", "SHA256", "abc"),
        source="RFC 9580, 7",
    ),
    Seen(
        "a report on a mail that was not delivered",
        ".eml",
        _parts(
            "report",
            "Content-Type: message/delivery-status\n\nReporting-MTA: dns; "
            "mx.example\n\nFinal-Recipient: rfc822; bo@x.example\nStatus: 5.1.1\n",
        ),
        sees=("Final-Recipient: rfc822; bo@x.example\nStatus: 5.1.1",),
        source="RFC 3464, 2.1",
    ),
    Seen(
        "a saved web page",
        ".mhtml",
        _parts(
            "related",
            "Content-Type: text/html\nContent-Location: https://x.example/\n\n<p class=o>Was 41</p><p>Is 43</p>",
            "Content-Type: text/css\nContent-Location: https://x.example/a.css\n\n.o{text-decoration:line-through}",
            "Content-Type: image/png\nContent-Location: https://x.example/a.png\n\nxx",
        ),
        sees=("Is 43",),
        never=("41", "a.png"),
        warns=("1 struck-out passage",),
        source="RFC 2557, 8; Chromium",
    ),
    Seen(
        "Outlook: HTML inside RTF goes before the plain text",
        ".msg",
        _outlook({"__substg1.0_10090102": PACKED} | _stream("0037", "Fee") | _stream("1000", "Now 31 37 euros")),
        sees=("Now 37 euros for café €",),
        never=("31",),
        warns=("1 struck-out passage",),
        source="[MS-OXRTFEX] 3.1; Outlook",
    ),
    Seen(
        "Outlook: a mail inside a mail",
        ".msg",
        _outlook(_stream("0037", "Fwd") | _stream("1000", "Look.") | _below("__attach_version1.0_#00000000", ATTACHED)),
        sees=("Look.", 'Attachments: the mail "Quote"', "It is 55 euros."),
        source="[MS-OXMSG] 2.2.2.1",
    ),
]
CARD = (
    "BEGIN:VCARD\nVERSION:2.1\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Zo=C3=AB =\nLind\n"
    "TEL;WORK;VOICE:+47 5\nADR;HOME:;;Elm 5;Bergen;;5003;\nEND:VCARD\n"
)
CONTENTS = [
    Seen(
        "a card",
        ".vcf",
        _text(CARD),
        sees=("Name: Zoë Lind", "Phone (work): +47 5", "Address (home): Elm 5, Bergen, 5003"),
        headings=("Zoë Lind",),
        source="vCard 2.1, 2.1.3; RFC 6350, 6",
    ),
    Seen(
        "a calendar",
        ".ics",
        _text(
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Tide\nDTSTART:20260201T233000Z\nDURATION:PT1H\nEND:VEVENT\nEND:VCALENDAR\n"
        ),
        sees=("When: Sun, 1 Feb 2026 23:30 (UTC) – Mon, 2 Feb 2026 00:30 (UTC)",),
        headings=("Tide",),
        source="RFC 5545, 3.3.6, 3.8.2.5",
    ),
    Seen(
        "sheets of a book for the screen, and sheets in sheets",
        ".epub",
        lambda path: write_epub(
            path,
            {
                "a.xhtml": "<html><head><link rel='stylesheet' href='s.css'/><link rel='stylesheet' media='print' "
                "href='p.css'/><link rel='alternate stylesheet' href='p.css'/></head><body><p>Fee <i class='x'>80</i> "
                "95</p></body></html>"
            },
            {
                "OEBPS/s.css": "@import url('i.css') screen;",
                "OEBPS/i.css": ".x{display:none}",
                "OEBPS/p.css": "p{display:none}",
            },
        ),
        sees=("Fee 95",),
        never=("80",),
        source="HTML Standard, 4.2.4 (link, media); CSS Cascade 4, 2 (import)",
    ),
    Seen(
        "a page that Word saved in one file",
        ".mht",
        _text(
            "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\nThis is a single file.\n\n--b\n"
            "Content-Location: file:///C:/x.htm\nContent-Type: text/html\n\n<p>Fee 95</p>\n--b--\n"
        ),
        sees=("Fee 95",),
        never=("single file",),
        source="Word, single file web page",
    ),
    Seen(
        "one event of a series that was moved",
        ".ics",
        lambda path: path.write_bytes(
            b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Z\xc3\r\n \xbcrich\r\nSTATUS:TENTATIVE\r\n"
            b"RECURRENCE-ID;TZID=Europe/Oslo:20260302T091500\r\nDTSTART;TZID=Europe/Oslo:20260303T100000\r\n"
            b"RDATE;VALUE=DATE:20260401,20260402\r\nX-ALT-DESC;FMTTYPE=text/html:<p>Bring <s>1</s> 2</p>\r\n"
            b"END:VEVENT\r\nEND:VCALENDAR\r\n"
        ),
        sees=(
            "State: tentative",
            "When: Tue, 3 Mar 2026 10:00 (Europe/Oslo)",
            "In place of the one on: Mon, 2 Mar 2026 09:15 (Europe/Oslo)",
            "Also on: Wed, 1 Apr 2026, Thu, 2 Apr 2026",
            "Description: Bring 2",
        ),
        headings=("Zürich",),
        source="RFC 5545, 3.1, 3.8.1.11, 3.8.4.4, 3.8.5.2; Outlook (X-ALT-DESC)",
    ),
    Seen(
        "outputs of a notebook",
        ".ipynb",
        _text(
            json.dumps(
                {
                    "cells": [
                        {
                            "cell_type": "code",
                            "source": "run()",
                            "outputs": [
                                {"output_type": "stream", "text": ["10 %\r", "55 %\r", "99 %\nend\n"]},
                                {"data": {"text/markdown": "~~A~~ **B7**", "text/plain": "<Markdown>"}},
                                {"data": {"text/latex": "$x_8$"}},
                                {"data": {"application/json": {"rate": 9}}},
                            ],
                        }
                    ]
                }
            )
        ),
        sees=("99 %\nend", "B7", "$x_8$", '{"rate": 9}'),
        never=("10 %", "55 %", "<Markdown>", "A"),
        warns=("1 struck-out passage",),
        source="JupyterLab",
    ),
    Seen(
        "a book with a style sheet and notes",
        ".epub",
        lambda path: write_epub(
            path,
            {
                "a.xhtml": "<html xmlns:epub='http://www.idpf.org/2007/ops'><head>"
                "<link rel='stylesheet' href='s.css'/></head><body><p>He was <i class='x'>91</i> 19"
                "<a epub:type='noteref' href='#f'>4</a>.</p><aside epub:type='footnote' id='f' "
                "hidden='hidden'>In 1901.</aside></body></html>"
            },
            {"OEBPS/s.css": ".x { text-decoration: line-through }"},
        ),
        sees=("He was 19 [note 4].", "In 1901."),
        never=("91 ", "194"),
        warns=("1 struck-out passage",),
        source="EPUB 3.3, 6.1; EPUB Structural Semantics (noteref, footnote)",
    ),
    Seen(
        "a notebook",
        ".ipynb",
        _text(
            json.dumps(
                {
                    "nbformat": 4,
                    "metadata": {},
                    "cells": [
                        {"cell_type": "markdown", "source": ["Use ~~v1~~ v2 and 2<sup>8</sup>"]},
                        {
                            "cell_type": "code",
                            "source": "plot()",
                            "outputs": [{"data": {"image/png": "x", "text/plain": "<Figure>"}}],
                        },
                    ],
                }
            )
        ),
        sees=("Use v2 and 2^8",),
        never=("v1",),
        warns=("1 struck-out passage", "1 picture"),
        source="nbformat 4; JupyterLab",
    ),
]
CASES = [*PAGES, *MARKDOWN, *MAILS, *CONTENTS]


@table(CASES)
def test_what_a_person_sees_is_what_is_read(case: Seen, tmp_path: Path) -> None:
    check(case, tmp_path)


@pytest.mark.parametrize(
    "data", [b"", b"\x30", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80" * 5000, _cms(b"x")[:-3]]
)
def test_damaged_signed_content_ends(data: bytes) -> None:
    assert signed_content(data) == ("other", b"")


# parts of a page, each with a secret that is shown or not
_WORDS = st.text(alphabet="bcdfgh", min_size=5, max_size=9)
_SHOWN = [
    "<p>{}</p>",
    "<b>{}</b>",
    "<ul><li>{}</li></ul>",
    "<td>{}",
    "<p aria-hidden=true>{}</p>",
    "<details>{}</details>",
    "<ins>{}</ins>",
]
_UNSEEN = [
    "<p hidden>{}</p>",
    "<p style='display : none'>{}</p>",
    "<span class='h'>{}</span>",
    "<div class='h'><p>a<b>{}</b></p></div>",
    "<del>{}</del>",
    "<p>x<s>{}</s></p>",
    "<template>{}</template>",
    "<input placeholder='{}'>",
    "<script>{}</script>",
    "<h2 style='visibility:hidden'>{}</h2>",
    "<table><tr><td class='h'>{}</td><td>y</td></tr></table>",
]


@given(
    st.lists(
        st.tuples(st.sampled_from([(True, one) for one in _SHOWN] + [(False, one) for one in _UNSEEN]), _WORDS),
        max_size=12,
    )
)
@settings(max_examples=50, deadline=None)
def test_only_what_is_shown_is_read(parts: list[tuple[tuple[bool, str], str]]) -> None:
    markup = "".join(
        f"<div>{pattern.format(f'{word}{number}z')}</div>" for number, ((_, pattern), word) in enumerate(parts)
    )
    out = BlockBuilder()
    add_html(out, f"<html><head><style>.h{{display:none}}</style></head><body>{markup}</body></html>", LeftOut())
    text = "\n".join(block.text for block in out.blocks)
    for number, ((shown, _), word) in enumerate(parts):
        assert (f"{word}{number}z" in text) == shown
