"""The process that renders a model file's chat template: Jinja's immutable sandbox, little memory, little time.

It imports nothing of ragapp, so that it starts quickly; see :mod:`ragapp.llm.sandbox`, which runs it as a script.
One line of JSON in, one line of JSON out: first the template, then one chat after another.
"""

from __future__ import annotations

import json
import signal
import sys
from datetime import datetime


def _limit(memory_bytes: int) -> None:
    try:
        import resource
    except ImportError:  # Windows: the parent watches alone
        return
    try:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ValueError, OSError):  # some systems know the limit but refuse it
        pass


def _allow_cpu(seconds: int) -> None:
    """So many seconds more from now, even if the parent is gone."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _environment():
    import jinja2
    from jinja2.ext import Extension, loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """``{% generation %}`` marks what is trained on; for writing a prompt it means nothing."""

        tags = frozenset({"generation"})

        def parse(self, parser):
            next(parser.stream)
            return parser.parse_statements(("name:endgeneration",), drop_needle=True)

    def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def raise_exception(message):
        raise jinja2.TemplateError(message)

    # the switches that the templates on the hub are written for
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    return environment


def _serve(requests, answers) -> None:
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
                if len(text) > request["characters"]:
                    answer = {"error": f"it writes {len(text)} characters"}
                else:
                    answer = {"text": text}
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
    import jinja2.sandbox  # noqa: F401  before memory is limited

    _limit(int(sys.argv[1]))
    _serve(sys.stdin.buffer, sys.stdout.buffer)
