"""``ragapp settings``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragapp.cli.documents import Json
from ragapp.cli.language import phrase
from ragapp.cli.output import note, say, say_record, say_table, shown_path
from ragapp.cli.parts import page_of, settings_of
from ragapp.errors import SettingsError, UsageError

if TYPE_CHECKING:
    from ragapp.contract import SettingInfo

_KEY = typer.Argument(metavar="KEY", help="Section and name, such as llm.model.")


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(
        help="Settings: what each is, where that comes from; changed in your own file.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command(epilog="Example: ragapp settings show --changed")(show)
    group.command("set", epilog="Example: ragapp settings set retrieval.passages 6")(set_)
    group.command(epilog="Example: ragapp settings unset retrieval.passages")(unset)
    app.add_typer(group, name="settings")


def show(
    context: typer.Context,
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY]...", help="Sections or settings; default: all.")
    ] = None,
    changed: Annotated[bool, typer.Option("--changed", help="Only what is not at its default.")] = False,
    as_json: Json = False,
) -> None:
    """Show the settings, and what decides each.

    That is a file and its line, a variable, an option, or the default.
    """
    from ragapp.contract import SettingList
    from ragapp.setting_sources import setting_rows
    from ragapp.settings import find_settings_file, known_setting, local_settings_file

    rows = [row for part in setting_rows(settings_of(context), context.obj).values() for row in part]
    for name in keys or ():
        section, _, key = name.partition(".")
        if not any(row.key == name or row.key.startswith(f"{name}.") for row in rows):
            known_setting(section, key)
    if keys:
        rows = [row for row in rows if any(row.key == name or row.key.startswith(f"{name}.") for name in keys)]
    if changed:
        rows = [row for row in rows if row.source != "default"]
    file, local = find_settings_file(context.obj), local_settings_file(context.obj)
    if as_json:
        say_record(SettingList(str(file or ""), str(local), tuple(rows)))
        return
    from ragapp.settings_file import as_yaml

    if not rows:
        say(phrase("Every setting is at its default."))
    else:
        say_table(("setting", "value", "from"), [(row.key, as_yaml(row.value), _origin(row)) for row in rows])
    note(f"Your own settings are in {shown_path(str(local))}{'' if local.is_file() else ', which is not there yet'}.")


def set_(
    context: typer.Context,
    key: Annotated[str, _KEY],
    value: Annotated[str, typer.Argument(help="As YAML: 6, true, null, [en, fr], or a text.")],
) -> None:
    """Change a setting in your own file.

    The shipped settings.yaml and every other line stay as they are.
    """
    from ragapp.setting_sources import decided_elsewhere
    from ragapp.settings import write_setting

    section, name = _split(key)
    if key == "server.password":
        raise UsageError("The file holds a hash, not the password itself.", "Run: ragapp ui --set-password")
    file = write_setting(section, name, _parsed(section, name, value), context.obj)
    say(phrase("{key} is set in {file}.", key=key, file=shown_path(str(file))))
    if other := decided_elsewhere(section, name, context.obj):
        note(f"{shown_path(other)} says otherwise and is stronger.")
    _tell_page(context)


def unset(context: typer.Context, key: Annotated[str, _KEY]) -> None:
    """Take a setting out of your own file.

    The shipped value, or the default, holds again.
    """
    from ragapp.settings import remove_setting

    section, name = _split(key)
    file = remove_setting(section, name, context.obj)
    say(phrase("{key} is not set in {file} (any more).", key=key, file=shown_path(str(file))))
    _tell_page(context)


def _split(key: str) -> tuple[str, str]:
    section, dot, name = key.partition(".")
    if not dot:
        raise UsageError(f"`{key}` names no setting.", "Write section and name, such as llm.model.")
    return section, name


def _parsed(section: str, key: str, text: str) -> Any:
    """The value that a text stands for: the text itself where the setting takes one and YAML would read a number."""
    import yaml

    from ragapp.settings import checked_value

    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        value = text
    try:
        return checked_value(section, key, value)
    except SettingsError:
        if isinstance(value, str):
            raise
        try:
            return checked_value(section, key, text)
        except SettingsError:
            return checked_value(section, key, value)


def _tell_page(context: typer.Context) -> None:
    if page_of(context):
        note("The page that is running heeds it from its next start on.")


def _origin(row: SettingInfo) -> str:
    if row.file:
        file = shown_path(row.file)
        return phrase("{file}, line {line}", file=file, line=str(row.line)) if row.line else file
    return row.variable or phrase("the command line" if row.source == "command" else "default")
