"""The chat templates of model families by name, and detecting which of them a GGUF file without template needs.

Both are listed in ``named_templates.yaml``. Most templates are built into llama.cpp; the Jinja texts are those that it
does not have, or has with other white space or end marks than the family's publisher.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from ragapp.data_files import load_yaml


class NamedTemplate(NamedTuple):
    """The chat template of one model family; the fields are explained in ``named_templates.yaml``."""

    stop: tuple[str, ...]
    jinja: str = ""
    takes_system: bool = True
    bos: bool = False
    words: frozenset[str] = frozenset()


class _Rule(NamedTuple):
    template: str
    names: str = ""
    tokens: Collection[str] = ()
    architectures: Collection[str] = ()
    base_has_them: bool = True


def _jinja(system: str, user: str, assistant: str, opening: str, *, begin: str = "''", no_system: str = "''") -> str:
    """A template that writes each turn by the Jinja expression for its role; ``text`` is what the turn says."""
    return (
        f"{{{{ {begin} }}}}{{% if messages[0].role != 'system' %}}{{{{ {no_system} }}}}{{% endif %}}"
        "{% for turn in messages %}{% set text = turn.content %}"
        f"{{% if turn.role == 'system' %}}{{{{ {system} }}}}{{% elif turn.role == 'user' %}}{{{{ {user} }}}}"
        f"{{% else %}}{{{{ {assistant} }}}}{{% endif %}}{{% endfor %}}"
        f"{{% if add_generation_prompt %}}{{{{ {opening} }}}}{{% endif %}}"
    )


def _read_template(name: str, row: dict[str, Any]) -> NamedTemplate:
    try:
        fields = {field: value for field, value in row.items() if field != "turns"}
        if "turns" in row:
            fields["jinja"] = _jinja(**row["turns"])
        words = frozenset(fields.pop("words", ()))
        return NamedTemplate(tuple(fields.pop("stop")), words=words, **fields)
    except (TypeError, KeyError) as error:
        raise ValueError(f"named_templates.yaml, {name}: {error}") from error


_DATA = load_yaml("named_templates.yaml", __file__)
#: the templates by name
NAMED_TEMPLATES: dict[str, NamedTemplate] = {
    name: _read_template(name, row) for name, row in _DATA["templates"].items()
}
#: what may stand in the settings besides: the member of the family is chosen by the file's vocabulary
FAMILY_MISTRAL = "mistral"
#: every value that ``llm.template`` takes
CHOICES = ("auto", *NAMED_TEMPLATES, FAMILY_MISTRAL)
_TUNED = re.compile(rf"(?<![a-z])({'|'.join(_DATA['tuned'].split())})(?![a-z])")
_RULES = tuple(_Rule(**row) for row in _DATA["rules"])


def detect_template(metadata: Mapping[str, str], tokens: Collection[str], file_name: str = "") -> str | None:
    """The name of the template that a model wants, by header, special tokens and file name; None where none tells."""
    keys = ("general.name", "general.basename", "general.finetune")
    names = " ".join([*(metadata.get(key, "") for key in keys), file_name]).lower().replace("_", "-")
    architecture = metadata.get("general.architecture", "")
    tuned = bool(_TUNED.search(names))
    for rule in _RULES:
        if (
            (tuned or not rule.base_has_them)
            and re.search(rule.names, names)
            and all(token in tokens for token in rule.tokens)
            and (not rule.architectures or architecture in rule.architectures)
        ):
            return mistral_version(metadata, tokens) if rule.template == FAMILY_MISTRAL else rule.template
    return None


def mistral_version(metadata: Mapping[str, str], tokens: Collection[str]) -> str:
    """Which of Mistral's templates a file wants: they differ in spaces, and in whether they know a system turn."""
    tekken = metadata.get("tokenizer.ggml.pre") == "tekken" or metadata.get("tokenizer.ggml.model") == "gpt2"
    if "[SYSTEM_PROMPT]" in tokens:
        return "mistral-v7-tekken" if tekken else "mistral-v7"
    if "[INST]" in tokens:
        return "mistral-v3-tekken" if tekken else "mistral-v3"
    return "mistral-v1"
