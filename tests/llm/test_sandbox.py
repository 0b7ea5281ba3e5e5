import subprocess
import sys
import time

import psutil
import pytest

from ragapp.errors import ModelError
from ragapp.llm import sandbox
from ragapp.llm.sandbox import Sandbox, TemplateFailure
from ragapp.llm.templates import ChatTemplate

BIG = "{% set ns = namespace(x='0123456789') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}"
NESTED = "{% set ns = namespace(x=[]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}"


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(sandbox, "_CPU_S", 1)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{% for i in range(10**9) %}{% endfor %}", "Range too big"),
        ("{{ 'x' * 10**9 }}", "memory"),
        ("{{ messages|length * ('x' * 10**9) }}", "memory"),
        ("{{ 'x'|center(10**9) }}", "memory"),
        ("{{ '%1000000000d' % 1 }}", "memory"),
        ("{{ '{:>1000000000}'.format(1) }}", "memory"),
        ("{{ ([0] * 10**9)|length }}", "memory"),
        (BIG + "{{ ns.x|length }}", "memory|longer"),
        ("{% for i in range(50000) %}{{ '0123456789' * 100 }}{% endfor %}", "it writes 50000000 characters"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "calls itself|recursion"),
        ("{{ messages.__class__.__mro__[1].__subclasses__() }}", "undefined|unsafe"),
        ("{{ ''['__cl' ~ 'ass__'].__mro__ }}", "undefined|unsafe"),
        ("{{ ('' | attr('__class__')).__mro__ }}", "undefined|unsafe"),
        ("{{ '{0.__class__.__mro__}'.format('') }}", "unsafe|undefined"),
        ("{{ messages.append(1) }}", "undefined|safe"),
        ("{{ raise_exception.__globals__.keys() }}", "undefined|unsafe"),
        ("{% include '/etc/passwd' %}", "loader"),
    ],
)
def test_attacks_end_soon_in_a_clear_refusal(source, says, quick):
    started = time.monotonic()
    with pytest.raises(TemplateFailure, match=says):
        Sandbox(source).render({"messages": [{"role": "user", "content": "x"}]})
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in range(99999) %}{% for k in range(99999) %}{% endfor %}{% endfor %}",
        NESTED + "{{ ns.x == [ns.x[0], ns.x[1][:]] }}{{ ns.x|string|length }}",
        "{{ (7 ** (10 ** 8)) % 3 }}",
    ],
)
def test_endless_work_is_stopped(source, quick):
    started, children = time.monotonic(), psutil.Process().children()
    with pytest.raises(ModelError, match=r"it takes (longer|too much)"):
        ChatTemplate(source, "", "", "m")
    assert time.monotonic() - started < 20
    assert set(psutil.Process().children()) <= set(children), "the process was left running"


def test_the_attack_costs_this_process_nothing(quick):
    before = psutil.Process().memory_info().rss
    for source in (BIG + "{{ ns.x }}", "{% for i in range(90000) %}{{ '0123456789' * 400 }}{% endfor %}"):
        with pytest.raises(TemplateFailure):
            Sandbox(source).render({})
    assert psutil.Process().memory_info().rss - before < 100 * 1024 * 1024


def test_an_attack_that_waits_for_the_right_chat_is_stopped_too_and_the_next_chat_works(quick):
    source = (
        "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% if 'now' in m.content %}{% for i in range(99999) %}"
        "{% for k in range(99999) %}{% endfor %}{% endfor %}{% endif %}{% endfor %}<assistant>"
    )
    template = ChatTemplate(source, "", "", "m")
    with pytest.raises(ModelError, match="takes longer"):
        template.render([{"role": "user", "content": "now"}])
    assert template.render([{"role": "user", "content": "later"}]) == "<user>later<assistant>"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{% for i in range(9) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}", "01"),
        ("{{ {'b': 'ü<', 'a': none} | tojson }}", '{"b": "ü<", "a": null}'),
        ("{{ [1] | tojson(indent=1) }}", "[\n 1\n]"),
        ("{{ strftime_now('%Y')|int > 2000 }}", "True"),
        ("a\n  {% if true %}\nb\n  {% endif %}\nc", "a\nb\nc"),
        ("{% generation %}a{% endgeneration %}", "a"),
        ("{{ 'a<b' }}", "a<b"),
    ],
)
def test_what_templates_on_the_hub_are_written_for(source, text):
    assert Sandbox(source).render({}) == text


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems do not limit a process's memory")
def test_the_process_limits_its_own_memory(monkeypatch):
    monkeypatch.setattr(sandbox, "_spent", lambda pid: (0.0, 0))
    with pytest.raises(TemplateFailure, match="memory"):
        Sandbox("{{ ('x' * (6 * n))|length }}").render({"n": 10**8})


def test_a_template_that_is_not_valid_stays_so_and_leaves_no_process():
    template = Sandbox("{% broken")
    for _ in range(2):
        with pytest.raises(TemplateFailure, match="broken"):
            template.start()
        assert template._process is None


def test_long_chats_are_no_attack():
    content = "Wörter \u0001 und 文字 " * 40_000
    rendered = Sandbox("{{ messages[0].content }}").render({"messages": [{"content": content}]})
    assert rendered == content


def test_many_chats_use_one_process():
    template = Sandbox("{{ n }}")
    assert [template.render({"n": n}) for n in range(300)] == [str(n) for n in range(300)]
    assert template._process.poll() is None


def test_a_process_that_died_is_started_again():
    template = Sandbox("{{ n }}")
    template.render({"n": 1})
    template._process.kill()
    template._process.wait()
    assert template.render({"n": 2}) == "2"


def test_the_process_ends_with_the_template():
    template = Sandbox("{{ n }}")
    template.render({"n": 1})
    process = psutil.Process(template._process.pid)
    del template
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    closed = Sandbox("{{ n }}")
    closed.render({"n": 1})
    process = psutil.Process(closed._process.pid)
    closed.close()
    assert not process.is_running()
    assert closed.render({"n": 3}) == "3"


def test_the_process_imports_nothing_heavy():
    code = (
        f"import runpy, sys; runpy.run_path({str(sandbox._CHILD)!r})\n"
        "print([name for name in sys.modules if name.startswith(('ragapp', 'llama_cpp', 'numpy', 'psutil'))])"
    )
    run = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_process_that_ends_by_itself_is_told(monkeypatch, tmp_path):
    broken = tmp_path / "child.py"
    broken.write_text("raise SystemExit(7)")
    monkeypatch.setattr(sandbox, "_CHILD", broken)
    with pytest.raises(TemplateFailure, match=r"ended \(exit 7\)|died"):
        Sandbox("x").render({})


def test_a_process_that_cannot_start_is_told(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(TemplateFailure, match="does not start"):
        Sandbox("x").render({})
