"""Finds in the code, by its syntax tree, the texts that a person may be shown: errors with hints, warnings, notices."""

import ast
import itertools
import re
from dataclasses import dataclass
from pathlib import Path

import ragapp

PACKAGE = Path(ragapp.__file__).parent
#: records, and which of their arguments are told: by position, by keyword
RECORDS = {
    "BackupProgress": ((0,), {"stage"}),
    "CheckResult": ((0, 2, 3), {"name", "detail", "hint"}),
    "DiskEncryption": ((1,), {"seen"}),
    "FileReport": ((2,), {"reason"}),
    "Difference": ((0, 1), set()),
    "refuse": ((1,), set()),
    "HTTPException": ((1,), {"detail"}),
    "FoundFile": ((), {"problem"}),
    "UnreadRow": ((2, 3), {"reason", "hint"}),
    "_failed_reason": ((0,), set()),
}
#: functions and methods whose first arguments are told, and how many
SINKS = {"tell": 1, "note": 1, "_note": 1, "_warn": 1, "warn": 1, "_tell": 2, "_refusal": 2}
#: lists that hold what is told
LISTS = ("warnings", "notes", "notices", "told", "problems", "done")
KEYWORDS = {"told", "hint", "note", "stage"}
#: names of functions whose returned texts are told
RETURNS = ("reason", "told", "hint", "described", "_seems", "_why", "chosen_engine", "_unable", "_refusal", "fault_of")
MOST_FORMS = 24
#: what parameters are called that are told
TOLD_NAMES = {"problem", "message", "told", "hint", "what", "why", "reason", "done"}
GROWN = "names that text is added to"
#: texts of documents, HTML, and keys of texts, which are taken for messages here
NOT_TOLD = re.compile(r"<|(?:Endnote|Footnote|Trend line) ?.*|[a-z]+\.[a-z_{}]+")


@dataclass(frozen=True)
class Template:
    """A text with ``{name}`` where something is filled in, and where it stands."""

    text: str
    place: str


def error_classes(trees):
    """The names of RagappError and what inherits from it."""
    found = {"RagappError"}
    while True:
        more = {
            node.name
            for tree in trees.values()
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef) and any(_name(base) in found for base in node.bases)
        } - found
        if not more:
            return found
        found |= more


def _name(node):
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


class _Module:
    def __init__(self, path, tree, errors, shared):
        self.path, self.tree, self.errors = path, tree, errors
        self.shared = {
            alias.asname or alias.name: shared[node.module, alias.name]
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if (node.module, alias.name) in shared
        }
        self.constants = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        self.found = {}

    def _handing_on(self):
        """Functions that tell what they are given, by name: at which places, and under which names."""
        found = {}
        for function in ast.walk(self.tree):
            if not isinstance(function, ast.FunctionDef):
                continue
            given = [one.arg for one in function.args.args]
            told = {
                one.id
                for node in ast.walk(function)
                if isinstance(node, ast.Call) and _name(node.func) in self.errors
                for argument in node.args[:2]
                for one in ast.walk(argument)
                if isinstance(one, ast.Name) and one.id in given and one.id in TOLD_NAMES
            }
            if told:
                first = 1 if given[:1] == ["self"] else 0
                found[function.name] = (tuple(given.index(one) - first for one in told), told)
        return found

    def look(self):
        self.handing_on = self._handing_on()
        self._scope(self.tree, {})
        return self.found

    def _scope(self, owner, outer):
        """Look through a function (or the module), then through those inside it."""
        inner, local, grown = [], dict(outer), set()
        own = list(self._walk(owner, inner))
        for node in own:
            pairs = []
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                        pairs += zip(target.elts, node.value.elts, strict=False)
                    elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.IfExp):
                        for branch in (node.value.body, node.value.orelse):
                            if isinstance(branch, ast.Tuple):
                                pairs += zip(target.elts, branch.elts, strict=False)
                    else:
                        pairs.append((target, node.value))
            elif isinstance(node, ast.NamedExpr) or (isinstance(node, ast.AnnAssign) and node.value):
                pairs.append((node.target, node.value))
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                grown.add(node.target.id)
                pairs.append((node.target, node))
            for target, value in pairs:
                if isinstance(target, ast.Name) and owner is not self.tree:
                    local.setdefault(target.id, []).append(value)
        local[GROWN] = grown
        name = getattr(owner, "name", "")
        for node in own:
            if isinstance(node, ast.Call):
                self._call(node, local)
            elif isinstance(node, ast.Return) and node.value is not None and any(one in name for one in RETURNS):
                # what is one word is a name
                self._take(node.value, local, frozenset({""}))
            elif isinstance(node, ast.AugAssign) and _name(node.target) in LISTS:
                self._take(node.value, local)
        for one in inner:
            self._scope(one, local)

    def _walk(self, owner, inner):
        for node in ast.iter_child_nodes(owner):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                inner.append(node)
            else:
                yield node
                yield from self._walk(node, inner)

    def _call(self, node, local):
        name = _name(node.func)
        positions, keywords = (), KEYWORDS
        if name in self.errors:
            positions, keywords = (0, 1), {"message", "hint"}
        elif name in RECORDS:
            positions, keywords = RECORDS[name]
        elif name in SINKS:
            positions = range(SINKS[name])
        elif name in ("append", "insert") and any(one in _name(node.func.value) for one in LISTS):
            positions = (len(node.args) - 1,)
        elif name == "add" and "left_out" in ast.unparse(node.func):
            positions, keywords = (0, 1), {"hint", "one", "many"}
        elif name == "Document":
            keywords = {"warnings"}
        if name in self.handing_on:
            positions = {*positions, *self.handing_on[name][0]}
            keywords = keywords | self.handing_on[name][1]
        for position in positions:
            if position < len(node.args):
                self._take(node.args[position], local)
        for keyword in node.keywords:
            if keyword.arg in keywords:
                self._take(keyword.value, local)

    def _take(self, node, local, seen=frozenset()):
        for text, line in self._texts(node, local, seen):
            if any(map(str.isalpha, _literal(text))) and (" " in text.strip() or not seen) and not NOT_TOLD.match(text):
                self.found.setdefault(text.strip(), f"{self.path}:{line}")

    def _texts(self, node, local, seen=frozenset()):
        """The templates that an expression may give."""
        if isinstance(node, ast.Constant):
            return [(_escape(node.value), node.lineno)] if isinstance(node.value, str) and node.value else []
        if isinstance(node, ast.JoinedStr):
            return self._joined(node.values, node.lineno, local, seen)
        if isinstance(node, ast.IfExp):
            return self._texts(node.body, local, seen) + self._texts(node.orelse, local, seen)
        if isinstance(node, ast.BoolOp):
            return [text for value in node.values for text in self._texts(value, local, seen)]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._joined([node.left, node.right], node.lineno, local, seen)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in ("strip", "rstrip", "removeprefix", "removesuffix"):
                return self._texts(node.func.value, local, seen)
            return []
        if isinstance(node, (ast.List, ast.Tuple)):
            for one in node.elts:
                self._take(one, local, seen)
            return []
        if isinstance(node, ast.AugAssign):
            added = self._texts(node.value, local, seen)
            return [(text if text[0] == " " else f"{{{node.target.id}}}{text}", line) for text, line in added if text]
        if isinstance(node, ast.Starred):
            return self._texts(node.value, local, seen)
        if isinstance(node, ast.Name) and node.id not in seen:
            inside = seen | {node.id}
            if node.id in local:
                return [text for value in local[node.id] for text in self._texts(value, local, inside)]
            constant = self.constants.get(node.id, self.shared.get(node.id))
            if constant is not None:
                return self._texts(constant, local, inside)
        return []

    def _joined(self, values, line, local, seen):
        forms, used = [""], set()
        for value in values:
            expression = value.value if isinstance(value, ast.FormattedValue) else value
            if isinstance(value, ast.FormattedValue) or not isinstance(value, (ast.Constant, ast.JoinedStr, ast.BinOp)):
                choices = self._filled(expression, local, seen, used, value)
            else:
                choices = [text for text, _ in self._texts(value, local, seen)]
                if isinstance(value, ast.Constant) and not value.value:
                    choices = [""]
            if len(forms) * max(1, len(choices)) > MOST_FORMS:
                choices = choices[:1]
            forms = [form + choice for form, choice in itertools.product(forms, choices or [""])]
        return [(form, line) for form in dict.fromkeys(forms) if form]

    def _filled(self, node, local, seen, used, value):
        """What may stand for a value: texts that are written right there, or its name in braces."""
        if isinstance(node, ast.IfExp):
            branches = []
            for branch in (node.body, node.orelse):
                if isinstance(branch, ast.Constant) and branch.value == "":
                    branches.append("")
                elif isinstance(branch, (ast.Constant, ast.JoinedStr)):
                    branches += [text for text, _ in self._texts(branch, local, seen)]
                else:
                    branches += self._filled(branch, local, seen, used, value)
            return branches
        if isinstance(node, ast.Name) and node.id.isupper() | node.id.startswith("_") and node.id not in local:
            constant = self.constants.get(node.id, self.shared.get(node.id))
            if constant is not None and (texts := self._texts(constant, local, seen | {node.id})):
                return [text for text, _ in texts]
        if isinstance(node, ast.Name) and node.id in local and node.id not in local[GROWN] | seen:
            given = local[node.id]
            if all(map(_is_written_out, given)):
                texts = [text for one in given for text, _ in self._texts(one, local, seen | {node.id})]
                empty = any(
                    isinstance(part, ast.Constant) and part.value == "" for one in given for part in ast.walk(one)
                )
                if texts and all(any(map(str.isalpha, _literal(text))) for text in texts):
                    return [*texts, ""] if empty else texts
        self._take(node, local, seen | {""})  # what it may hold is told, too
        name = _placeholder(node)
        n = 2
        while name in used:
            name = f"{_placeholder(node)}{n}"
            n += 1
        used.add(name)
        return [f"{{{name}}}"]


def _is_written_out(node):
    """Whether an expression is a text that is written right there, or one of several."""
    if isinstance(node, ast.IfExp):
        return _is_written_out(node.body) and _is_written_out(node.orelse)
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _placeholder(node):
    if isinstance(node, ast.BoolOp):
        node = node.values[0]
    if isinstance(node, ast.Attribute) and node.attr in ("strerror", "name", "message", "hint") and _name(node.value):
        return f"{_name(node.value)}_{node.attr}".strip("_")
    if isinstance(node, ast.Call):
        function = _name(node.func).strip("_")
        arguments = [_placeholder(one) for one in node.args[:1]]
        return "_".join(["n" if function == "len" else function, *arguments])
    if isinstance(node, ast.BinOp):
        return _placeholder(node.left)
    if isinstance(node, ast.Subscript):
        return _placeholder(node.value)
    return _name(node).strip("_") or "value"


def _escape(text):
    return text.replace("{", "{{").replace("}", "}}")


def _literal(text):
    return re.sub(r"\{\w+\}", "", text)


def templates_in_code(package=PACKAGE):
    """Every text that is told, each once, in the order of the files."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(package.rglob("*.py"))}
    errors = error_classes(trees)
    shared = {}  # constants of all modules, by module and name
    for path, tree in trees.items():
        module = ".".join(path.relative_to(package.parent).with_suffix("").parts)
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
                shared[module, node.targets[0].id] = node.value
    found = {}
    for path, tree in trees.items():
        for text, place in _Module(path.relative_to(package.parent), tree, errors, shared).look().items():
            found.setdefault(text, place)
    return [Template(text, place) for text, place in found.items()]
