"""The process that renders a model file's chat template: Jinja's immutable sandbox, little memory, little time.

It imports nothing of ragapp, so that it starts quickly; see :mod:`ragapp.llm.sandbox`, which runs it as a script.
One line of JSON in, one line of JSON out: first the template, then one chat after another.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import IO, Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

if sys.platform != "win32":  # there the parent watches alone
    import resource


class Generation(Extension):
    """``{% generation %}`` marks what is trained on; for writing a prompt it means nothing."""

    tags = {"generation"}  # noqa: RUF012  as Jinja has it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """The statements inside."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _limit_memory(size: int) -> None:
    if sys.platform != "win32":
        with contextlib.suppress(ValueError, OSError):  # some systems know the limit but refuse it
            resource.setrlimit(resource.RLIMIT_AS, (size, size))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _allow_cpu(seconds: int) -> None:
    """So many seconds more from now, even if the parent is gone."""
    if sys.platform != "win32":
        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = int(used.ru_utime + used.ru_stime) + seconds + 1
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _environment() -> ImmutableSandboxedEnvironment:
    """With the switches and functions that the templates on the hub are written for."""

    def tojson(value: object, ensure_ascii: bool = False, **options: Any) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, **options)

    def raise_exception(message: str) -> None:
        raise jinja2.TemplateError(message)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    return environment


def _serve(requests: Iterable[bytes], answers: IO[bytes]) -> None:
    template = None
    for line in requests:
        request = json.loads(line)
        _allow_cpu(request["cpu_s"])
        try:
            if template is None:
                template = _environment().from_string(request["source"])
                answer = {"text": ""}
            else:
                text = template.render(request["variables"])
                long = len(text) > request["characters"]
                answer = {"error": f"it writes {len(text)} characters"} if long else {"text": text}
        except MemoryError:
            answer = {"error": "it takes too much memory"}
        except RecursionError:
            answer = {"error": "it calls itself without end"}
        except Exception as error:
            answer = {"error": (str(error) or type(error).__name__)[:500]}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends this process
    _limit_memory(int(sys.argv[1]))
    _serve(sys.stdin.buffer, sys.stdout.buffer)
