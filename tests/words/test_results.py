"""What commands print when all goes well, in every language: found in their source by its syntax tree."""

import ast
import itertools
import re
from typing import get_args, get_type_hints

import pytest
import typer.main
from test_messages import OTHERS, filled
from wordskit import PACKAGE, _Module

from ragapp.cli import models
from ragapp.cli.ask import GRADES
from ragapp.cli.chat import COMMANDS
from ragapp.cli.help_language import _BROKEN
from ragapp.cli.main import app
from ragapp.cli.typer_adapter import _TYPES, Group
from ragapp.contract import CAUTIONS
from ragapp.contract.events import Stage
from ragapp.contract.ingestion import FileStatus
from ragapp.maintenance.doctor import CheckResult
from ragapp.models.checks import FileCheck
from ragapp.models.discovery import FoundModel
from ragapp.models.packs import PACKS
from ragapp.reading.document import Coverage, UnitKind
from ragapp.words.messages import unknown
from ragapp.words.texts import phrase, section_of

CLI = PACKAGE / "cli"
# the stages of an answer are told to other programs, too
SOURCES = [*sorted(CLI.glob("*.py")), PACKAGE / "answer" / "stages.py"]
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}
FIELD = re.compile(r"{(\w+)}")
#: functions that print what they are given as it is, or look it up themselves
PRINTING = {"say", "say_text", "say_coloured", "say_rows", "line"}
TRANSLATED = {"phrase", "spoken"}
TABLES = {"say_table"}
#: whose texts are no words of ragapp: of the shell, of Python, of a model's prompt, of what is written as JSON
NO_WORDS = re.compile(r"(\s|[^A-Za-z]|\{\w+\})*|ragapp(-error-)?( \{.*)?|[a-z_]+|--?[a-z-]+|\.?[\w./-]+")
#: scripts of shells, and what Typer's own words become; these errors are messages, see test_messages.py
OTHERWISE = {"completion.py", "typer_adapter.py"}
#: pieces of messages that are told as one
PIECES = {
    "The page at {x} answers.",
    "{x}Ask, or /help. Ctrl-C stops an answer, Ctrl-D ends.",
    "and {x} more",
    "{x} fit {x}; name one by its number:",
    "document named",
    "There is no {x} {x}.",
    ", which is not there yet",
    "Missing command.",
    "NEXT QUESTION",
    "OLD=NEW",
}


def name_of(node):
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def template(node):
    """A text as it stands in the source, with braces for what is filled in."""
    if isinstance(node, ast.Constant):
        return node.value
    parts = [part.value if isinstance(part, ast.Constant) else "{x}" for part in node.values]
    return "".join(parts)


def literals(tree, skip=()):
    """Texts that stand in a tree, f-strings as one, but not what is below the nodes in ``skip``."""
    found = []

    def visit(node):
        if node in skip:
            return
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            found.append(node)
            for part in getattr(node, "values", ()):
                if isinstance(part, ast.FormattedValue):
                    visit(part.value)
            return
        for inner in ast.iter_child_nodes(node):
            visit(inner)

    visit(tree)
    return found


def docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)) and ast.get_docstring(node):
            yield node.body[0]


def calls(tree, names):
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and name_of(node.func) in names]


def phrases():
    """Every text that is given to ``phrase``, also by a variable or a condition, and the columns of tables."""
    found = {}
    for path, tree in TREES.items():
        for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
            module = _Module(path, tree, set(), {})
            local = {}
            for node in ast.walk(function):
                if isinstance(node, ast.Assign):
                    for target in node.targets:
                        if isinstance(target, ast.Name):
                            local.setdefault(target.id, []).append(node.value)
                elif isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name):
                    local.setdefault(node.target.id, []).append(node.value)
            local["names that text is added to"] = set()
            for node in calls(function, {"phrase"}):
                for text, line in module._texts(node.args[0], local):
                    found.setdefault(text.replace("{{", "{").replace("}}", "}"), f"{path.name}:{line}")
            for node in calls(function, TABLES):
                columns = [node.args[0]]
                for column in itertools.chain(columns, local.get("columns", ()), local.get("details", ())):
                    for literal in literals(column):
                        if literal.value:
                            found.setdefault(literal.value, f"{path.name}:{literal.lineno}")
    return found


def measures():
    """The names of scores that ``ragapp eval`` prints."""
    tree = ast.parse((PACKAGE / "evaluation" / "runner.py").read_text(encoding="utf-8"))
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and function.name in ("aggregate", "calibrate"):
            for node in ast.walk(function):
                if isinstance(node, ast.Dict):
                    yield from (key.value for key in node.keys if isinstance(key, ast.Constant))
                elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
                    yield from filter(lambda key: isinstance(key, str), [getattr(node.slice, "value", None)])


def kinds(record, field):
    """The values of a field that is one of several words."""

    def values(hint):
        return [value for one in get_args(hint) for value in ([one] if isinstance(one, str) else values(one))]

    return values(get_type_hints(record)[field])


def facts():
    """What ``ragapp models show`` tells of a model, by name."""
    for function in TREES[CLI / "models.py"].body:
        if isinstance(function, ast.FunctionDef) and (function.name == "show" or function.name.endswith("_facts")):
            for node in ast.walk(function):
                if isinstance(node, ast.Dict) and function.name != "_prompt_facts":
                    yield from (key.value for key in node.keys if isinstance(key, ast.Constant))
                elif isinstance(node, ast.Return) and isinstance(node.value, ast.Dict):
                    yield from (key.value for key in node.value.keys if isinstance(key, ast.Constant))
                elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
                    yield node.slice.value
                elif isinstance(node, ast.Assign) and name_of(node.targets[0]) == "names":
                    yield from (one.value for one in node.value.elts)


def stages_of_search():
    """The names under which a search tells how long it took."""
    tree = ast.parse((PACKAGE / "retrieval" / "retriever.py").read_text(encoding="utf-8"))
    return [node.args[1].value for node in calls(tree, {"_timed"})]


def names():
    """Names of states, kinds and fields that are shown as words."""
    yield from (words for words, _ in GRADES.values())
    yield from itertools.chain(COMMANDS, COMMANDS.values(), CAUTIONS, measures())
    yield from itertools.chain(get_args(FileStatus), get_args(Coverage), get_args(UnitKind))
    yield from kinds(Stage, "name")
    yield from kinds(CheckResult, "status")
    yield from itertools.chain(kinds(FoundModel, "status"), kinds(FileCheck, "status"), kinds(FoundModel, "role"))
    yield from (name.replace("_", " ") for name in itertools.chain(facts(), models._SHOWN))
    yield from stages_of_search()
    yield from (pack.llm.thinks for pack in PACKS.values() if pack.llm)


PHRASES = phrases()


def test_what_is_printed_is_found_in_the_code():
    assert len(PHRASES) > 100
    assert "There are no documents yet. Add some: ragapp ingest ./docs" in PHRASES
    # of a variable, of a condition, of a table
    assert "{n} passage in {seconds} s ({stages})|{n} passages in {seconds} s ({stages})" in PHRASES
    assert {"yes", "no", "what to do", "reading, tokens/s"} <= PHRASES.keys()


@pytest.mark.parametrize("language", OTHERS)
def test_every_result_is_there(language):
    known = section_of(language, "results")
    wanted = {**PHRASES, **{name: "a name" for name in names()}}
    missing = [f"{place}: {text!r}" for text, place in wanted.items() if text and text not in known]
    assert not missing, f"put these into ragapp/words/{language}.yaml, below results:\n" + "\n".join(missing)
    written = {template(literal) for tree in TREES.values() for literal in literals(tree)}
    assert not known.keys() - wanted.keys() - written


@pytest.mark.parametrize("language", OTHERS)
def test_results_have_the_values_of_their_english(language):
    for english, other in section_of(language, "results").items():
        for form in other.split("|"):
            assert set(FIELD.findall(form)) == set(FIELD.findall(english)), english


@pytest.mark.parametrize("language", OTHERS)
def test_columns_of_a_table_are_told_apart(language):
    for tree in TREES.values():
        for node in calls(tree, TABLES):
            columns = [phrase(language, one.value) for one in literals(node.args[0]) if one.value]
            assert len(set(columns)) == len(columns)


def printed_bare():
    """Texts that are printed, and looked up nowhere."""
    for path, tree in TREES.items():
        for node in calls(tree, PRINTING):
            below = calls(node, TRANSLATED) + [keyword for keyword in node.keywords if keyword.arg == "end"]
            for literal in itertools.chain(*(literals(one, below) for one in [*node.args, *node.keywords])):
                text = template(literal)
                if not NO_WORDS.fullmatch(text):
                    yield f"{path.name}:{literal.lineno}: {text}"


def test_no_text_is_printed_without_being_looked_up():
    assert not list(printed_bare())


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_of_the_commands_is_known(language):
    """Whatever way it takes to the terminal: all that has more than one word is a result, a message, or help."""
    known = section_of(language, "results").keys() | section_of(language, "help").keys()
    helps = "\n".join(known)
    unknown_here = []
    for path, tree in TREES.items():
        if path.name in OTHERWISE:
            continue
        for literal in literals(tree, set(docstrings(tree))):
            if template(literal) in known:
                continue
            for text in template(literal).strip().split("\n\n"):
                command = re.match(r"Example:|ragapp [a-z]+ |{task|ID\|new", text)
                if command or text in helps or text in PIECES or NO_WORDS.fullmatch(text):
                    continue
                if len(re.findall(r"[A-Za-z]{2,}", FIELD.sub("", text))) > 1 and unknown(filled(text), language):
                    unknown_here.append(f"{path.name}:{literal.lineno}: {text}")
    assert not unknown_here, "\n".join(unknown_here)


def words_of_help():
    """What stands around the help: titles, names of arguments and of what options take, limits."""
    tree = TREES[CLI / "typer_adapter.py"]
    yield from (one.value for node in calls(tree, {"said"}) for one in literals(node))
    yield from (one.value for one in literals(tree) if re.fullmatch(r"[A-Z][a-z]+:", template(one)))
    yield from itertools.chain(Group.sections, filter(lambda kind: len(kind) > 1, _TYPES.values()))

    def arguments(command):
        for param in command.params:
            yield param.display_name_raw if param.param_type_name == "argument" else param.metavar or ""
        for inner in getattr(command, "commands", {}).values():
            yield from arguments(inner)

    for name in arguments(typer.main.get_command(app)):
        yield from re.findall(r"\b[A-Z]{2,}\b", name.upper().replace("ID|NEW", ""))


@pytest.mark.parametrize("language", OTHERS)
def test_every_word_of_the_help_is_there(language):
    known = section_of(language, "help")
    assert [word for word in dict.fromkeys(words_of_help()) if word not in known] == []
    written = {*words_of_help(), *helps(typer.main.get_command(app)), "Example:", "COMMAND [ARGS]..."}
    assert not known.keys() - written


def helps(command):
    """All sentences of a command's help, and of those below it."""
    for text in [command.help or "", *(getattr(one, "help", None) or "" for one in command.params)]:
        yield from filter(None, _BROKEN.sub(" ", text).split("\n\n"))
    shown = command.context_class(command, help_option_names=["--help"])
    yield command.get_help_option(shown).help
    for inner in getattr(command, "commands", {}).values():
        yield from helps(inner)


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_said_of_models_is_known(language):
    told = [pack.description for pack in PACKS.values()]
    told += [str(pack.embedder.languages) for pack in PACKS.values() if pack.embedder]
    told += [variant.weights for pack in PACKS.values() for variant in pack.variants]
    assert not [text for text in dict.fromkeys(told) if unknown(text, language)]
