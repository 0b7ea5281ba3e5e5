"""Questions and answers as inert HTML: with their grade, citations as buttons, lists and tables as such."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from itertools import zip_longest
from typing import Any

from ragapp.answer.export import Words, entries_markdown
from ragapp.answer.grounding import MARK
from ragapp.answer.layout import Block, Items, Paragraph, Table, is_quotation, lay_out, plain_text, split_marks
from ragapp.answer.table_text import as_prose
from ragapp.contract import CAUTIONS, Answer, Citation, Grade, Place, Proved, Sentence, Stage
from ragapp.web.runs import AnswerRun, Exchange
from ragapp.web.ui.render import act, counted_seconds, render_passage, render_place, table_box
from ragapp.web.ui.render_table import render_rows
from ragapp.web.ui.translations import LANGUAGES, told, tr
from ragapp.words import forms

# of the passage, shown on each side of the quote below a likely answer
ASIDE_CHARACTERS = 160
# of a quote, shown at its mark
TIP_CHARACTERS = 280
# a longer word may be parted from its mark
LONGEST_WORD = 24
_THUMB = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M7 10.5v9.5H3.5v-9.5zM7 11l4-8c1.6 0 2.6 1.2 2.4 2.8L13 9.5'
    'h5.6c1.3 0 2.2 1.2 1.9 2.4l-1.6 6.5c-.3 1-1.1 1.6-2.1 1.6H7"/></svg>'
)


def render_log(exchanges: Sequence[Exchange], language: str) -> str:
    """Finished exchanges."""
    return "".join(render_exchange(exchange, n, language) for n, exchange in enumerate(exchanges))


def render_exchange(exchange: Exchange, number: int, language: str) -> str:
    """A question with its answer, or with why there is none; its number counts from 0."""
    tools = render_tools(exchange, number, language)
    if exchange.answer:
        figures = _figures(exchange.answer, language, exchange.stopped)
        body = render_answer(exchange.answer, number, language) + f'<div class="foot">{figures}{tools}</div>'
    elif exchange.error:
        body = f'<div class="problem" role="alert">{escape(told(exchange.error, language))}</div>{tools}'
    else:
        body = f'<div class="stopped">{tr(language, "chat.stopped")}</div>{tools}'
    feedback = _feedback(exchange, language) if exchange.feedback else ""
    edit = act("edit", tr(language, "chat.edit"), css="tool edit", turn=number)
    return (
        f'<section class="exchange" data-turn="{number}" data-asked="{exchange.number}" id="answer-{number + 1}">'
        f"{_asked(exchange, language, edit)}{body}{feedback}</section>"
    )


def render_run(run: AnswerRun, language: str, percent: int | None = None) -> str:
    """A question on its way: what is proved of its answer so far, and the stage.

    People who hear the page are told of each stage, and of the answer when it is whole.  ``percent`` of the model's
    weights have been read; None while it is not being loaded.
    """
    parts = [_asked(run.asked, language)]
    if run.thought and not run.proved:
        parts.append(
            f'<details class="thought"><summary>{tr(language, "chat.thinking")}</summary>'
            f"<p>{escape(run.thought)}</p></details>"
        )
    if run.proved:
        parts.append(_proved(run.proved, language))
    stage = run.stage or Stage("searching")
    if run.stopping:
        text = tr(language, "stage.stopping")
    elif stage.name == "searching" and percent is not None:
        text = tr(language, "stage.loading", percent=percent)
    else:
        text = stage_text(stage, language)
    parts.append(
        f'<div class="stage"><span class="dot"></span><span role="status">{escape(text)}</span> '
        f"{counted_seconds(run.seconds)}</div>"
    )
    return f'<section class="exchange running" aria-live="off">{"".join(parts)}</section>'


def stage_text(stage: Stage, language: str) -> str:
    """What is being done, in words: which passage is read, from which one is written."""
    if stage.place is None:
        return tr(language, f"stage.{stage.name}", **asdict(stage))
    where = ", ".join(filter(None, (stage.place.document, render_place(stage.place, language))))
    several = "_of" if stage.number and stage.passages > 1 else "_at"
    return tr(language, f"stage.{stage.name}{several}", where=where, number=stage.number, passages=stage.passages)


def _proved(proved: Sequence[Proved], language: str) -> str:
    """The sentences of an answer that stand already; their marks lead to the evidence once it is whole."""
    last = proved[-1]
    so_far = Answer(
        "",
        ("\n" if last.lines else " ").join(one.sentence.text for one in proved),
        False,
        1.0,
        tuple(one.sentence for one in proved),
        tuple(citation for one in proved for citation in one.citations),
    )
    marks = _EarlyMarks(so_far, -1, language)
    inner = "".join(_block(block, marks, language) for block in lay_out(so_far))
    spoken = f' lang="{escape(last.language)}"' if last.language else ""
    doubt = f'<p class="doubt"{spoken}>{escape(last.doubt)}</p>' if last.doubt else ""
    return (
        f'<div class="proved {last.grade}"><p class="proved-note">{tr(language, "chat.proved")}</p>{doubt}'
        f'<div class="answer"{spoken}>{inner}</div></div>'
    )


def render_answer(answer: Answer, number: int, language: str) -> str:
    """A checked answer below its grade: what no passage states is marked as such; or that there is none."""
    understood = ""
    if standalone := answer.understood_as:
        told = escape(tr(language, "answer.understood", question=standalone))
        as_written = act("otherwise", tr(language, "answer.as_written"), css="tool", turn=number, as_written=True)
        understood = f'<div class="understood"><span>{told}</span> {as_written}</div>'
    if answer.basis != "documents":
        return _of_itself(answer, number, language)
    if answer.abstained:
        return understood + render_abstained(answer, number, language)
    spoken = f' lang="{escape(answer.language)}"' if answer.language else ""
    doubt = f'<p class="doubt"{spoken}>{escape(answer.doubt)}</p>' if answer.doubt else ""
    marks = _Marks(answer, number, language)
    inner = "".join(_block(block, marks, language) for block in lay_out(answer))
    quoted = is_quotation(answer)
    if quoted:
        inner = f'<blockquote class="own-words">{inner}</blockquote>'
    aside = "" if quoted or answer.grade != "likely" else _aside(answer, number, language)
    return (
        f'{understood}<div class="graded {answer.grade}">{_grade(answer.grade, language)}{doubt}'
        f'<div class="answer"{spoken}>{inner}</div>{_not_stated(answer, language)}{aside}</div>'
        f"{render_rows(answer, language)}{_notes(answer, language)}"
    )


def sentence_quotes(answer: Answer) -> list[tuple[int, str]]:
    """The quotes of an answer's sentences, each once, with the numbers of their passages."""
    given = (pair for one in answer.sentences for pair in zip(one.citations, one.quotes, strict=False))
    return list(dict.fromkeys(given))


class _Marks:
    """The small numbers of one answer that lead to the evidence: of a sentence to its own words there."""

    def __init__(self, answer: Answer, number: int, language: str):
        self._citations = {citation.n: citation for citation in answer.citations}
        self._quotes = {pair: place for place, pair in enumerate(sentence_quotes(answer), 1)}
        self._number, self._language = number, language

    def of_passage(self, n: int, quote: str = "") -> str:
        """The mark of a passage, which leads to a quote of it, or to that of its citation; nothing for no passage."""
        citation = self._citations.get(n)
        if citation is None:
            return ""
        place = render_place(citation, self._language)
        where = f"{citation.document}, {place}" if place else citation.document
        label = tr(self._language, "answer.source", n=n, where=where)
        values: dict[str, Any] = {
            "turn": self._number,
            "kind": "citation",
            "n": n,
            "quote": self._quotes.get((n, quote), 0),
        }
        button = act("pick", label, inner=str(n), css="mark", **values)
        # shown when the mark is pointed at, focused or tapped, by scripts/answer.js
        told = f'<span class="tip-text" hidden>{self._tip(citation, where, quote)}</span>'
        return f'<span class="cited">{button}{told}</span>'

    def _tip(self, citation: Citation, where: str, quote: str) -> str:
        words = as_prose(quote or citation.quote)
        if len(words) > TIP_CHARACTERS:
            words = f"{words[:TIP_CHARACTERS].rpartition(' ')[0]} …"
        return f'<q>{escape(words)}</q><span class="tip-where">{escape(where)}</span>'

    def of_sentence(self, sentence: Sentence) -> str:
        """The marks behind a sentence."""
        pairs = zip_longest(sentence.citations, sentence.quotes[: len(sentence.citations)], fillvalue="")
        return "".join(self.of_passage(int(n), str(quote)) for n, quote in pairs)


class _EarlyMarks(_Marks):
    """The numbers of an answer that is not whole yet, with the source and its words where they are pointed at."""

    def of_passage(self, n: int, quote: str = "") -> str:
        citation = self._citations.get(n)
        if citation is None:
            return ""
        place = render_place(citation, self._language)
        where = f"{citation.document}, {place}" if place else citation.document
        told = quoted(where, as_prose(quote or citation.quote), self._language)
        return f'<span class="early-mark" title="{escape(told)}">{n}</span>'


def render_abstained(answer: Answer, number: int, language: str) -> str:
    """The answer that the documents do not say it, with what comes nearest."""
    near = "".join(f"<li>{render_passage(passage, number, language)}</li>" for passage in answer.passages[:3])
    nearest = f'<p class="hint">{tr(language, "abstained.nearest")}</p><ul class="near">{near}</ul>' if near else ""
    offer = ""
    if answer.suggested_caution:
        button = act("retry", tr(language, "abstained.bolder"), turn=number, caution=answer.suggested_caution)
        offer = f'<p class="hint perhaps">{tr(language, "abstained.perhaps")} {button}</p>'
    return (
        f'<div class="graded abstained">{_grade(answer.grade, language)}'
        f"{_refusal(answer, language)}{offer}{nearest}"
        f"{render_rows(answer, language)}{_notes(answer, language)}</div>"
    )


def _refusal(answer: Answer, language: str) -> str:
    """What is said of a refusal, all of it in the language that the person asked in."""
    own = answer.language if answer.answer and answer.language else language
    helped = tr(own, "abstained.help") if own in LANGUAGES else ""
    return f'<p lang="{escape(own)}">{escape(f"{answer.answer} {helped}".strip())}</p>'


def _of_itself(answer: Answer, number: int, language: str) -> str:
    """An answer from the list of documents or of ragapp itself, which says so and has no quotes."""
    spoken = f' lang="{escape(answer.language)}"' if answer.language else ""
    inner = "".join(_block(block, _Marks(answer, number, language), language) for block in lay_out(answer))
    listed = "".join(
        f"<li>{act('pick', place.document, css='chip', turn=number, kind='listed', n=n)}</li>"
        for n, place in enumerate(answer.listed, 1)
    )
    opened = ""
    if listed:
        title = escape(tr(language, "answer.listed"))
        opened = f'<details class="listed"><summary>{title}</summary><ul class="chips">{listed}</ul></details>'
    return (
        f'<div class="graded of-itself"><div class="answer"{spoken}>{inner}</div>{opened}'
        f'<p class="basis"{spoken}>{escape(answer.note)}</p></div>'
    )


def _figures(answer: Answer, language: str, stopped: bool) -> str:
    """Below an answer: how probable it is, what made it and how long it took."""
    facts = []
    if not answer.abstained and answer.basis == "documents":
        shown = tr(language, "figures.confidence", percent=format(answer.confidence * 100, ".0f"))
        facts.append(
            f'<span class="confidence" title="{escape(tr(language, "confidence.help"))}">{escape(shown)}</span>'
        )
    if stopped:
        facts.append(tr(language, "chat.stopped"))
    if "total_s" in answer.timings and answer.basis == "documents":
        first = answer.timings.get("first_token_s")
        begun = f", {tr(language, 'figures.first', s=format(first, '.1f'))}" if first else ""
        facts.append(f"{forms.number(answer.timings['total_s'], language, 1)} s{escape(begun)}")
    facts.append(escape(answer.model))
    if dropped := answer.context.passages_dropped:
        facts.append(escape(tr(language, "figures.dropped", n=dropped)))
    shown = " · ".join(f'<span class="fact">{fact}</span>' for fact in facts if fact)
    return f'<span class="figures">{shown}</span>'


def render_tools(exchange: Exchange, number: int, language: str) -> str:
    """What can be done with an answer: copy, link, rate, ask again as before or otherwise."""
    answer, tools = exchange.answer, []
    if answer:
        tools.append(act("copy", tr(language, "chat.copy"), css="tool", text=copied(answer, language), turn=number))
    if exchange.turn:
        tools.append(act("link", tr(language, "chat.link"), css="tool", turn=number))
        if answer and answer.basis == "documents":
            tools += [_thumb(exchange, number, rating, language) for rating in ("up", "down")]
    tools.append(act("retry", tr(language, "chat.retry"), css="tool", turn=number))
    if answer is None or answer.basis == "documents":
        tools.append(_otherwise(exchange, number, language))
    return f'<div class="tools">{"".join(tools)}</div>'


def _thumb(exchange: Exchange, number: int, rating: str, language: str) -> str:
    """Thumbs up or down; pressing it again takes it back."""
    feedback = exchange.feedback
    pressed = feedback.rating == rating
    css = f"tool thumb {rating} pressed" if pressed else f"tool thumb {rating}"
    label = tr(language, f"rate.{rating}")
    refused = bool(exchange.answer and exchange.answer.abstained)
    told = {"note": feedback.note, "expected": feedback.expected, "unanswerable": feedback.unanswerable}
    values: dict[str, Any] = {"turn": number, "rating": rating, "pressed": pressed, "refused": refused, **told}
    button = act("rate", label, inner=_THUMB, tip=label, css=css, **values)
    return button.replace("<button ", f'<button aria-pressed="{"true" if pressed else "false"}" ', 1)


def _feedback(exchange: Exchange, language: str) -> str:
    """What the person said of the answer."""
    feedback = exchange.feedback
    told = [tr(language, f"rate.told_{feedback.rating}")] if feedback.rating else []
    if feedback.unanswerable:
        told.append(tr(language, "rate.told_unanswerable"))
    if feedback.expected:
        told.append(tr(language, "rate.told_expected", answer=feedback.expected))
    if feedback.note:
        told.append(feedback.note)
    return f'<p class="feedback-told">{escape(" · ".join(told))}</p>'


def _otherwise(exchange: Exchange, number: int, language: str) -> str:
    """A menu of other ways to ask the same question."""
    ways = [
        act("otherwise", tr(language, f"otherwise.{caution}"), css="tool", turn=number, caution=caution)
        for caution in CAUTIONS
    ]
    ways.append(act("otherwise", tr(language, "otherwise.chosen"), css="tool", turn=number, where="chosen"))
    if exchange.scope:
        ways.append(act("otherwise", tr(language, "otherwise.everywhere"), css="tool", turn=number, where="all"))
    title = escape(tr(language, "otherwise.title"))
    return f'<details class="menu"><summary class="act tool">{title}</summary><div>{"".join(ways)}</div></details>'


def quoted(where: str, quote: str, language: str) -> str:
    """The words of a source behind where they stand, in the language's quotation marks; figures in them stay."""
    return tr(language, "answer.quoted").format(where=where, quote=quote)


def export_words(language: str) -> Words:
    """The fixed texts of an export."""
    return Words(
        answered=tr(language, "grade.answered"),
        likely=tr(language, "grade.likely"),
        not_found=tr(language, "grade.not_found"),
        not_stated=tr(language, "answer.not_stated"),
        between_parts=tr(language, "answer.between_parts"),
        understood=tr(language, "answer.understood"),
        unsupported=tr(language, "answer.unsupported"),
        sources=tr(language, "export.sources"),
        quoted=tr(language, "answer.quoted"),
        reading=tr(language, "export.reading"),
        nearest=tr(language, "abstained.nearest"),
        place=lambda place: render_place(place, language),
        told=lambda text: told(text, language),
    )


def render_markdown(title: str, day: str, exchanges: Sequence[Exchange], language: str) -> str:
    """A conversation as Markdown, with the quotes that its answers rest on; ``day`` is told below the title."""
    entries = []
    for exchange in exchanges:
        scope = f" ({scope_told(exchange, language)})" if exchange.scope else ""
        answer = exchange.answer or told(exchange.error, language) or tr(language, "chat.stopped")
        entries.append((f"{exchange.question}{scope}", answer))
    below = f"{day}, {tr(language, 'export.questions', n=len(entries))}"
    return entries_markdown(title, entries, below, words=export_words(language))


def _grade(grade: Grade, language: str) -> str:
    """A grade as a heading; its sign is for the eyes alone, the words say the same."""
    return (
        f'<h3 class="grade {grade}"><span class="sign" aria-hidden="true"></span>'
        f"{escape(tr(language, f'grade.{grade}'))}</h3>"
    )


def _block(block: Block, marks: _Marks, language: str) -> str:
    if isinstance(block, Paragraph):
        return f"<p>{_sentences(block.sentences, marks, language)}</p>"
    if isinstance(block, Items):
        tag = "ul" if any(item.number is None for item in block.items) else "ol"
        items = ""
        for item in block.items:
            number = "" if item.number is None or tag == "ul" else f' value="{item.number}"'
            items += f"<li{number}>{_sentences(item.sentences, marks, language)}</li>"
        return f"<{tag}>{items}</{tag}>"
    return _table(block, marks, language)


def _sentences(sentences: Sequence[Sentence], marks: _Marks, language: str) -> str:
    parts = []
    for sentence in sentences:
        text = escape(MARK.sub("", sentence.text))
        if sentence.supported:
            parts.append(f"<span>{_with_marks(text, marks.of_sentence(sentence))}</span>")
        else:
            parts.append(_unsupported(text, language))
    return " ".join(parts)


def _with_marks(text: str, marks: str) -> str:
    """A sentence's HTML with its marks, which stay on one line with its last word."""
    head, space, last = text.rstrip().rpartition(" ")
    if not marks or len(last) > LONGEST_WORD:
        return text + marks
    return f'{head}{space}<span class="cited-end">{last}{marks}</span>'


def _table(table: Table, marks: _Marks, language: str) -> str:
    head = "".join(f'<th scope="col">{_cell(cell, marks)}</th>' for cell in table.header)
    body = ""
    for row in table.rows:
        cells = [_cell(cell, marks) for cell in row.cells]
        if not row.supported:
            cells[-1] = _unsupported(cells[-1], language)
        body += f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
    heading = f"<thead><tr>{head}</tr></thead>" if head else ""
    return table_box(tr(language, "answer.table"), f"<table>{heading}<tbody>{body}</tbody></table>")


def _cell(text: str, marks: _Marks) -> str:
    return "".join(escape(one) if isinstance(one, str) else marks.of_passage(one) for one in split_marks(text))


def _unsupported(html: str, language: str) -> str:
    flag = escape(tr(language, "answer.unsupported"))
    return f'<span class="unsupported" title="{flag}">{html}<span class="flag"> {flag}</span></span>'


def _not_stated(answer: Answer, language: str) -> str:
    if not answer.not_stated:
        return ""
    return f'<p class="not-stated">{escape(_told_not_stated(answer, language))}</p>'


def _told_not_stated(answer: Answer, language: str) -> str:
    return tr(language, "answer.not_stated", parts=tr(language, "answer.between_parts").join(answer.not_stated))


def _aside(answer: Answer, number: int, language: str) -> str:
    """The first quote within the passage's text, for where the page is not beside the answer."""
    if not answer.citations:
        return ""
    citation = answer.citations[0]
    text = next((one.text for one in answer.passages if one.n == citation.n), "")
    before, found, behind = text.partition(citation.quote) if citation.quote else ("", "", "")
    around = [before[-ASIDE_CHARACTERS:], behind[:ASIDE_CHARACTERS]] if found and "|" not in text else ["", ""]
    # cut between words
    if len(before) > ASIDE_CHARACTERS:
        around[0] = f"… {around[0].partition(' ')[2]}"
    if len(behind) > ASIDE_CHARACTERS:
        around[1] = f"{around[1].rpartition(' ')[0]} …"
    place = render_place(citation, language)
    where = f"<strong>{escape(citation.document)}</strong> {escape(place)}"
    label = tr(language, "answer.source", n=citation.n, where=f"{citation.document} {place}".strip())
    button = act("pick", label, inner=where, css="where", turn=number, kind="citation", n=citation.n)
    quote = f"{escape(around[0])}<mark>{escape(citation.quote)}</mark>{escape(around[1])}"
    return f'<div class="aside">{button}<blockquote>{quote}</blockquote></div>'


def copied(answer: Answer, language: str) -> str:
    """An answer as it is copied: with its sources in words; what is to be checked says so, and a refusal is one."""
    if answer.abstained:
        # the answer says so itself, in the language that the person asked in
        grade = "" if answer.answer and answer.language not in ("", language) else f"{tr(language, 'grade.not_found')}."
        head = f"{grade} {answer.answer}".strip()
        near = [f"- {_where(passage, language)}" for passage in answer.passages[:3]]
        return "\n".join([head, *([tr(language, "abstained.nearest"), *near] if near else [])])
    head = f"{tr(language, 'grade.likely')}. {answer.doubt}".strip() if answer.grade == "likely" else ""
    lines = [head] if head else []
    lines.append(plain_text(answer, tr(language, "answer.unsupported")))
    if answer.not_stated:
        lines.append(_told_not_stated(answer, language))
    if answer.basis != "documents" and answer.note:
        lines += ["", answer.note]
    if answer.citations:
        lines += ["", tr(language, "export.sources")]
        for citation in answer.citations:
            words = as_prose(citation.quote)
            lines.append(f"[{citation.n}] {quoted(_where(citation, language), words, language)}")
    if answer.query:
        lines += ["", f"{tr(language, 'answer.query_of')}:", answer.query]
    return "\n".join(lines)


def _where(place: Place, language: str) -> str:
    return ", ".join(part for part in (place.document, render_place(place, language)) if part)


def scope_told(exchange: Exchange, language: str) -> str:
    """What a question was restricted to, in words."""
    return tr(language, "chat.within", name=exchange.scope_name or exchange.scope)


def _asked(exchange: Exchange, language: str, tools: str = "") -> str:
    within = f'<span class="within">{escape(scope_told(exchange, language))}</span>' if exchange.scope else ""
    return f'<div class="asked"><h2>{escape(exchange.question)}</h2>{tools}{within}</div>'


def _notes(answer: Answer, language: str) -> str:
    """What stands beside an answer: its note, and what was not read of the documents that it rests on."""
    notes = f'<p class="answer-note">{escape(answer.note)}</p>' if answer.note else ""
    notes += _proposed(answer, language)
    for read in answer.warnings:
        title = escape(tr(language, "answer.reading", document=read.document, n=len(read.warnings)))
        items = "".join(f"<li>{escape(told(warning, language))}</li>" for warning in read.warnings)
        notes += f'<details class="answer-note"><summary>{title}</summary><ul>{items}</ul></details>'
    return notes


def _proposed(answer: Answer, language: str) -> str:
    """The filter that the question itself named, with a button that asks all documents instead."""
    if not (answer.filters.proposed and answer.filters.used):
        return ""
    chips = ""
    for line in answer.filters.proposed:
        kind, _, value = line.partition(":")
        chips += f'<li class="scope-chip"><span>{escape(tr(language, f"scope.{kind}", name=value))}</span></li>'
    # `*` names every document, so that the question proposes nothing
    label = tr(language, "scope.whole")
    everything = act("ask", label, inner="✕", tip=label, css="tool", question=answer.question, scope=["*"])
    return f'<ul class="proposed">{chips.removesuffix("</li>")}{everything}</li></ul>'
