"""``ragapp completion``, and what it answers to a shell that wants to go on with a word."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any, Literal

import typer

from ragapp.cli.output import say

#: set by the scripts below; its value is the shell, and the command's own words are those typed so far
VARIABLE = "_RAGAPP_COMPLETE"
_SCRIPTS = {
    "bash": r"""# Completion of ragapp for bash, for good:
# ragapp completion bash > ~/.local/share/bash-completion/completions/ragapp
_ragapp() {
    local word typed="${COMP_WORDS[COMP_CWORD]}"
    COMPREPLY=()
    while IFS= read -r word; do
        word="${word%%$'\t'*}"
        case "$typed" in [\"\']*) ;; *) printf -v word %q "$word" ;; esac
        COMPREPLY+=("$word")
    done < <(_RAGAPP_COMPLETE=bash "$1" "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o bashdefault -o default -F _ragapp ragapp
""",
    "zsh": r"""#compdef ragapp
# Completion of ragapp for zsh, for good, in a folder of $fpath:
# ragapp completion zsh > ~/.zfunc/_ragapp
_ragapp() {
    local line
    local -a values shown
    for line in "${(@f)$(_RAGAPP_COMPLETE=zsh ${words[1]} "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        [[ -n $line ]] || continue
        values+=("${line%%$'\t'*}")
        shown+=("${line/$'\t'/  -- }")
    done
    if (( $#values )); then
        compadd -l -d shown -- "${values[@]}"
    else
        _files
    fi
}
if [[ $funcstack[1] == _ragapp ]]; then _ragapp "$@"; else compdef _ragapp ragapp; fi
""",
    "fish": r"""# Completion of ragapp for fish, for good:
# ragapp completion fish > ~/.config/fish/completions/ragapp.fish
function __ragapp_complete
    set -l words (commandline -opc)
    set -l found (_RAGAPP_COMPLETE=fish $words[1] $words[2..] (commandline -ct) 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c ragapp -f -a '(__ragapp_complete)'
""",
}


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Example: ragapp completion bash >> ~/.bashrc")(completion)


def completion(shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(help="Your shell.")]) -> None:
    """Print a script that lets the shell complete commands, options, documents and models.

    In fish: ragapp completion fish | source. That is for the shell that is open now; the first lines of the script say
    how to keep it.
    """
    say(_SCRIPTS[shell], end="")


def complete(command: Any, arguments: Sequence[str], shell: str) -> None:
    """Print what the last argument could go on as, one a line, with what it does behind a tab."""
    from ragapp.cli.typer_adapter import continuations
    from ragapp.terminal_text import sanitize_text

    *words, begun = [_unquoted(word, shell) for word in arguments] or [""]
    for value, told in continuations(command, words, begun):
        if sanitize_text(value) == value and "\n" not in value and "\t" not in value:
            say(f"{value}\t{' '.join(told.split())}".rstrip("\t"))


def _unquoted(word: str, shell: str) -> str:
    """A word as the command would get it; bash and zsh give it as it was typed."""
    if shell == "fish":
        return word
    for closing in ("", "'", '"'):  # a quotation may be open still
        with suppress(ValueError):
            return "".join(shlex.split(word + closing))
    return word


def wanted() -> str:
    """The shell that asks for a completion; empty where this is a command to be done."""
    return os.environ.get(VARIABLE, "") if len(sys.argv) > 1 else ""
