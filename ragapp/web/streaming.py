"""Answers that are sent while they are made: events from a thread of their own, and text in pieces that stand."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from starlette.concurrency import run_in_threadpool

from ragapp.answer.layout import is_quotation
from ragapp.contract import Answer, Citation, Event, Proved
from ragapp.errors import NotYetError
from ragapp.llm.fair_lock import Ticket

if TYPE_CHECKING:
    from ragapp.web.app_state import AppState
    from ragapp.web.metrics import Surface

T = TypeVar("T")
#: a client that is told nothing for so long is told that its question is still being answered
KEEP_ALIVE_S = 5.0
#: a question that comes before the first document waits so long for it: clients give up after a minute or more
FIRST_DOCUMENT_S = 50.0
# a row of a table or a numbered point: how it is written depends on those behind it
_LATER = re.compile(r"\s*(?:\||\d{1,3}[.)]\s)")


async def first_documents(state: AppState) -> None:
    """Wait for the first document where none is stored and the drop folder is being read for the first time.

    Raises NotYetError: it has not come after `FIRST_DOCUMENT_S`.
    """
    until = time.monotonic() + FIRST_DOCUMENT_S
    while state.job.beginning and not await run_in_threadpool(state.document_count):
        if time.monotonic() >= until:
            raise NotYetError("The first documents are still being read.", "Ask again in a moment.")
        await asyncio.sleep(0.2)


async def in_queue(state: AppState, surface: Surface, ask: Callable[[Ticket], Iterator[Event]]) -> Iterator[Event]:
    """The events of a question that has its place in the queue from now on, whichever thread is free first.

    Raises NotYetError: see :func:`first_documents`; StoppingError: the server ends; and what ``ask`` raises, which is
    called on a thread of the pool.
    """
    if state.app.questions.ending:
        raise state.app.questions.refusal()
    ticket, came = state.app.questions.ticket(), time.monotonic()
    try:
        await first_documents(state)
        return state.metrics.watched(await run_in_threadpool(ask, ticket), surface, came)
    except BaseException:
        ticket.leave()
        raise


def on_own_thread(work: Callable[[], T]) -> Awaitable[T]:
    """What some work gives that may take minutes: the threads of the pool are for what is short."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)

    threading.Thread(target=run, name="ragapp-ask", daemon=True).start()
    return asyncio.wrap_future(future)


async def events_or_silence(events: Iterator[T], hung_up: list[bool]) -> AsyncGenerator[T | None, None]:
    """Events as they come, and None where there was none for a while; ``hung_up`` is set when nobody listens any more.

    Raises what the iteration raises.
    """
    loop, told = asyncio.get_running_loop(), asyncio.Queue[T | BaseException | None]()

    def tell(one: T | BaseException | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: the server has ended
            loop.call_soon_threadsafe(told.put_nowait, one)

    def run() -> None:
        try:
            for event in events:
                tell(event)
            tell(None)
        except BaseException as error:
            tell(error)
        finally:
            if close := getattr(events, "close", None):
                close()  # now: what they hold is waited for

    threading.Thread(target=run, name="ragapp-ask", daemon=True).start()
    try:
        while True:
            try:
                one = await asyncio.wait_for(told.get(), KEEP_ALIVE_S)
            except TimeoutError:
                yield None
                continue
            if one is None:
                return
            if isinstance(one, BaseException):
                raise one
            yield one
    finally:
        hung_up[0] = True


class ChatText:
    """The text of an answer for a chat program, in pieces of which no word is taken back.

    A doubt stands above the answer where the first sentence tells of it.  One that only a further part brings stands
    below: all sentences would else have to wait for the last part.

    Args:
        whole: an answer as one text.
        doubted: the line of a doubt.
    """

    def __init__(self, whole: Callable[[Answer], str], doubted: Callable[[str], str]):
        self._whole, self._doubted = whole, doubted
        self._proved: list[Proved] = []
        self._sent = ""

    def add(self, proved: Proved) -> str:
        """What can be sent now that a sentence is proved; empty where more has to be known."""
        self._proved.append(proved)
        first, texts = self._proved[0], [one.sentence.text for one in self._proved]
        if first.grade == "not_found" or any(map(_LATER.match, texts)):
            return ""
        pairs = [
            pair for one in self._proved for pair in zip(one.sentence.citations, one.sentence.quotes, strict=False)
        ]
        so_far = Answer(
            "",
            ("\n" if first.lines else " ").join(texts),
            False,
            1.0,
            tuple(one.sentence for one in self._proved),
            tuple(Citation("", "", 0, n=n, quote=quote, start=0, end=0) for n, quote in pairs),
            language=first.language,
            grade=first.grade,
            doubt=first.doubt,
        )
        if is_quotation(so_far):  # one that is nothing else is written as such
            return ""
        return self._next(self._whole(replace(so_far, citations=())).rstrip())

    def finish(self, answer: Answer) -> str:
        """The rest."""
        text = self._whole(answer)
        if not text.startswith(self._sent):
            told = self._proved[0]
            plain = self._whole(replace(answer, grade=told.grade, doubt=told.doubt, passages=(), citations=(), note=""))
            text = plain.rstrip() + self._behind(answer)
        if not text.startswith(self._sent):
            text = f"{self._sent}\n\n{text}"
        return self._next(text)

    def _behind(self, answer: Answer) -> str:
        """What stands below the words of an answer whose doubt does not stand above them: it, the quotes, a note."""
        bare = replace(answer, grade="answered", doubt="")
        with_quotes, without = self._whole(bare), self._whole(replace(bare, citations=(), note="")).rstrip()
        known = answer.doubt in self._sent or answer.grade != "likely"
        doubt = "" if known else f"\n\n{self._doubted(answer.doubt)}"
        return doubt + with_quotes[len(without) :]

    def _next(self, text: str) -> str:
        if not text.startswith(self._sent):
            return ""
        piece, self._sent = text[len(self._sent) :], text
        return piece
