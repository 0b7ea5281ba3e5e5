"""``ragapp bundle``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragapp.cli.documents import Json
from ragapp.cli.language import phrase, size_of, spoken
from ragapp.cli.models import models_in_use
from ragapp.cli.names import model_names
from ragapp.cli.output import note, say, say_json
from ragapp.cli.parts import settings_of
from ragapp.cli.progress import progress_line
from ragapp.errors import BundleError

if TYPE_CHECKING:
    from ragapp.bundle.manifest import Manifest, Progress

# its file descriptor
_STDERR = 2
Folder = Annotated[Path, typer.Argument(help="The bundle: the folder that was made.", file_okay=False)]
Signer = Annotated[
    str | None, typer.Option(help="Fingerprint of the key that must have signed it, as told when it was made.")
]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(
        help="Everything that a machine without network needs, in one folder.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command(epilog="Example: ragapp bundle create /media/usb/ragapp-bundle")(create)
    group.command(epilog="Example: ragapp bundle verify /media/usb/ragapp-bundle")(verify)
    group.command(epilog="Example: ragapp bundle install /media/usb/ragapp-bundle ~/ragapp")(install)
    app.add_typer(group, name="bundle")


def create(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="Where to; a new folder, or a bundle to bring up to date.")],
    packs: Annotated[
        list[str] | None,
        typer.Option("--pack", help="Model packs to take along; default: the two in use.", autocompletion=model_names),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option("--for", help="Another kind of machine, such as linux-x86_64-py311; default: one like this."),
    ] = None,
    with_data: Annotated[
        bool, typer.Option("--with-data", help="Take your documents along, too, but no conversations.")
    ] = False,
    since: Annotated[
        Path | None, typer.Option(help="An earlier bundle, or its manifest.json: carry only what has changed since.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a bundle on a machine with network: ragapp, all packages, models, and an installer.

    What was interrupted goes on where it stopped. Exit code 3: something could not be had for that kind of machine.
    """
    from ragapp.bundle.create import Making, Wanted
    from ragapp.bundle.manifest import MANIFEST, sha256_of
    from ragapp.bundle.signing import KEY_NAME, sign
    from ragapp.bundle.targets import target_named
    from ragapp.models.packs import get_pack
    from ragapp.settings import home_folder

    settings = settings_of(context)
    chosen = [get_pack(name) for name in dict.fromkeys(packs or models_in_use(settings))]
    store = settings.paths.data if with_data else None
    wanted = Wanted(target_named(target), chosen, store, since)
    with _progress() as progress:
        manifest = Making(settings, out, wanted, note, progress).make()
    signer = sign(out, home_folder() / KEY_NAME)
    digest = sha256_of(out / MANIFEST)
    if as_json:
        say_json({**_described(out, manifest), "manifest_sha256": digest, "signed_by": signer})
    else:
        say(f"{out}: {_summary(manifest)}")
        for one in manifest.missing:
            say(phrase("missing: {name} ({why})", name=one.name, why=spoken(one.why)))
        say(phrase("SHA-256 of its manifest: {digest}", digest=digest))
        say(phrase("signed by your key: {key}", key=signer))
        if not manifest.missing:
            told = "On the other machine, with Python {version}: sh install.sh FOLDER, in Windows install.ps1"
            say(phrase(told, version=manifest.python))
    if manifest.missing:
        raise typer.Exit(3)


def verify(context: typer.Context, bundle: Folder, signer: Signer = None, as_json: Json = False) -> None:
    """Check every byte of a bundle, and install nothing."""
    from ragapp.bundle.manifest import MANIFEST, damaged_files, read_manifest

    settings_of(context)
    manifest = read_manifest(bundle / MANIFEST)
    signed_by = _signer(bundle, signer)
    with _progress() as progress:
        damaged = list(damaged_files(bundle, manifest, progress))
    if as_json:
        rows = [{"file": name, "status": status} for name, status in damaged]
        say_json({**_described(bundle, manifest), "signed_by": signed_by or None, "damaged": rows})
    else:
        for name, status in damaged:
            say(f"{_damage(status)}: {name}")
        say(f"{bundle}: {_summary(manifest)}")
        say(phrase("signed by the key {key}", key=signed_by) if signed_by else phrase("not signed"))
    if damaged:
        told = f"Files of the bundle that are not as they were made: {len(damaged)}."
        raise BundleError(told, "Copy it again, or make it anew.")


def install(
    context: typer.Context,
    bundle: Folder,
    folder: Annotated[Path, typer.Argument(help="Where to; a new folder, or an installation to bring up to date.")],
    signer: Signer = None,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Have it answer a question in the end.")] = True,
    as_json: Json = False,
) -> None:
    """Install a bundle into a folder of its own, without network; deleting the folder uninstalls it.

    Where there is no ragapp yet, the script install.sh or install.ps1 in the bundle does the same.
    """
    from ragapp import guard
    from ragapp.bundle.installer import Installation

    settings_of(context)
    _signer(bundle, signer)
    with _progress() as progress:
        installation = Installation(bundle, folder, note, progress, guard.allow_program)
        installation.install()
    if demo:
        installation.ask_demo(_STDERR if as_json else None)
    if as_json:
        about = {"folder": str(installation.folder), "start": str(installation.launcher)}
        say_json({**_described(bundle, installation.manifest), **about})
    else:
        say(phrase("Start it: {command}", command=str(installation.launcher)))


def _signer(bundle: Path, wanted: str | None) -> str:
    """Who signed a bundle.  Raises BundleError: the signature is wrong, or another's than the one that was wanted."""
    from ragapp.bundle.signing import signer_of

    found = signer_of(bundle)
    if wanted and found != wanted.strip().lower():
        told = f"The bundle was signed by the key {found}." if found else "The bundle is not signed."
        raise BundleError(told, "Ask whoever made it.")
    return found


def _described(folder: Path, manifest: Manifest) -> dict[str, Any]:
    missing = [{"name": one.name, "why": one.why} for one in manifest.missing]
    about = {"bundle": str(folder), "ragapp": manifest.ragapp, "target": manifest.target, "packs": manifest.packs}
    sizes = {"files": len(manifest.files), "size": manifest.size, "packages": len(manifest.wheels)}
    return {**about, **sizes, "unchanged": len(manifest.elsewhere), "missing": missing}


def _damage(status: str) -> str:
    named = {"missing": phrase("missing"), "changed": phrase("changed"), "unreadable": phrase("unreadable")}
    return named.get(status) or phrase("extra")


def _summary(manifest: Manifest) -> str:
    told = "ragapp {version} for {target}"
    parts = [
        phrase(told, version=manifest.ragapp, target=manifest.target),
        phrase("{n} file|{n} files", n=len(manifest.files)),
        size_of(manifest.size),
    ]
    if manifest.since:
        parts.append(phrase("{n} more are those of the bundle before", n=len(manifest.elsewhere)))
    return ", ".join(parts)


@contextmanager
def _progress() -> Iterator[Progress]:
    """Show how far a step is, in MB."""
    with progress_line() as tell:
        last = ""

        def show(what: str, done: int, total: int) -> None:
            nonlocal last
            amount = f"{size_of(done)} / {size_of(total)}" if total else size_of(done)
            if (line := f"{spoken(what)}: {amount}") != last:
                last = line
                tell(line)

        yield show
