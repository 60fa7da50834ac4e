"""The commands ``presence avatar new``, ``show`` and ``check``."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from presence.errors import PresenceError, UsageError

if TYPE_CHECKING:
    from presence.scene.avatar import Avatar

avatar = typer.Typer(
    help="People: make one by code, look at one, see what a file lacks.",
    no_args_is_help=True,
    add_completion=False,
)

LARGEST_SEED = 0xFFFF_FFFF
_MOST_PEOPLE = 64


@avatar.command()
def new(
    out: Annotated[Path, typer.Option("-o", "--out", help="The file to write, a .vrm or .glb.")],
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, max=LARGEST_SEED, help="Of everything that is not asked for; drawn when absent."
        ),
    ] = None,
    age: Annotated[str | None, typer.Option(metavar="YEARS", help="6 to 85.")] = None,
    height: Annotated[str | None, typer.Option(metavar="LENGTH", help="As 1.72 or 172cm.")] = None,
    build: Annotated[
        str | None,
        typer.Option(metavar="BUILD", help="slim, average, sturdy, heavy, or −1 to 1."),
    ] = None,
    figure: Annotated[
        str | None,
        typer.Option(metavar="FIGURE", help="broad, even, curved, or 0 to 1."),
    ] = None,
    skin: Annotated[
        str | None,
        typer.Option(
            metavar="COLOUR", help="pale, fair, tan, olive, brown, dark, deep, or #rrggbb."
        ),
    ] = None,
    eyes: Annotated[
        str | None,
        typer.Option(metavar="COLOUR", help="brown, dark, hazel, green, blue, grey, or #rrggbb."),
    ] = None,
    hair: Annotated[
        str | None,
        typer.Option(
            metavar="STYLE:COLOUR",
            help="Either or both, as bob, bob:auburn or :grey. Styles: bald, buzz, receding, crop, "
            "side-part, quiff, curls, afro, pixie, bob, long, waves, ponytail, bun, braids, scarf. "
            "Colours: black, brown, chestnut, auburn, red, blond, grey, white, or #rrggbb.",
        ),
    ] = None,
    beard: Annotated[
        str | None,
        typer.Option(metavar="BEARD", help="none, stubble, moustache, short, full."),
    ] = None,
    glasses: Annotated[
        str | None,
        typer.Option(metavar="RIMS:COLOUR", help="none, round, square; as round:brown."),
    ] = None,
    clothes: Annotated[
        str | None,
        typer.Option(
            metavar="GARMENTS",
            help="Joined by +, each with a colour if you like, as hoodie:teal+jeans+boots. "
            "Above: t-shirt, shirt, sweater, hoodie, tunic. Below: trousers, jeans, shorts, skirt. "
            "Shoes: sneakers, boots, flats. Patterns: plain, stripes, checks, dots, yoke, print. "
            "Colours: white, cream, beige, grey, black, navy, blue, teal, green, olive, yellow, "
            "orange, red, pink, purple, brown, or #rrggbb.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Make a person by code: a VRM 1.0 file for this and any other program.

    The same seed and wishes give the same person.
    """
    begun = time.perf_counter()
    _check_out(out, (".vrm", ".glb"), force)
    from presence.client.looks import Wishes, shown_height, traits_of
    from presence.scene.body.generate import build_body
    from presence.scene.body.measures import draw_measures
    from presence.scene.body.plan import make_plan
    from presence.scene.gltf import to_glb

    chosen = secrets.randbelow(10_000) if seed is None else seed
    wishes = Wishes(age, height, build, figure, skin, hair, beard, eyes, glasses, clothes)
    traits = traits_of(chosen, wishes)
    person = build_body(out.stem, make_plan(draw_measures(traits), traits))
    data = to_glb(person)
    _write(out, data)
    seconds = time.perf_counter() - begun
    again = "" if seed is not None else f"; to have them again: --seed {chosen}"
    _say(
        f"{out}: {round(traits.age)} years, {shown_height(traits):.2f} m, "
        f"{len(person.mesh.triangles):,} triangles, {len(data) / 1e6:.1f} MB, made in "
        f"{seconds:.1f} s{again}"
    )


@avatar.command()
def show(
    who: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE|SEED", help="A .vrm or .glb file, a seed, or the name of one who ships."
        ),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(metavar="SEEDS", help="Several people, with --sheet: as 1-8 or 1,4,9."),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(
            metavar="PICTURE",
            help="Leave a contact sheet instead: all sides, poses, and the 52 face shapes.",
        ),
    ] = None,
) -> None:
    """Look at a person: a turntable in a window, or a contact sheet with --sheet."""
    if (who is None) == (seeds is None):
        raise UsageError("name one person, FILE or SEED, or several with --seeds 1-8")
    if sheet is None:
        if who is None:
            raise UsageError("--seeds needs --sheet PICTURE: a window shows one person")
        from presence.client.turntable import turn

        turn(_person(who))
        return
    _check_out(sheet, (".png",), force=True)
    from presence.client import contact_sheet
    from presence.render.picture import save_png

    if seeds is not None:
        picture = contact_sheet.sheet_of_people([_generated(s) for s in seed_list(seeds)])
    else:
        assert who is not None
        picture = contact_sheet.sheet(_person(who))
    try:
        save_png(picture, sheet)
    except OSError as error:
        raise _unwritable(sheet, error) from error
    _say(f"{sheet}: {picture.shape[1]}×{picture.shape[0]} pixels")


@avatar.command()
def check(
    file: Annotated[Path, typer.Argument(help="A .vrm or .glb file, whoever made it.")],
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """What does a VRM or glTF file lack for a call?

    Ends with 1 if it lacks something that a call needs; a warning is no lack.
    """
    from presence.client.avatar_check import examine
    from presence.client.doctor import findings_json, findings_table, healthy

    findings = examine(file)
    if json:
        typer.echo(findings_json(findings))
    else:
        Console().print(findings_table(findings))
    if not healthy(findings):
        raise typer.Exit(1)


def seed_list(text: str) -> list[int]:
    """The seeds in ``1-4,9``.

    Raises:
        UsageError: the text holds something else, or too many.
    """
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise UsageError(f"--seeds {text!r} is no list of numbers; write 1-8 or 1,4,9")
        low, high = int(first), int(last or first)
        if not low <= high <= LARGEST_SEED or high - low + len(seeds) >= _MOST_PEOPLE:
            raise UsageError(
                f"--seeds {text!r}: name at most {_MOST_PEOPLE} people, the smaller number first"
            )
        seeds += range(low, high + 1)
    return seeds


def _person(who: str) -> Avatar:
    """The avatar of a file or a seed."""
    if who.isdecimal() and not Path(who).exists():
        if int(who) > LARGEST_SEED:
            raise UsageError(f"{who} is too large for a seed; the largest is {LARGEST_SEED}")
        return _generated(int(who))
    from presence.scene.gltf import load_glb
    from presence.scene.shipped import SHIPPED, shipped_person

    if who in SHIPPED and not Path(who).exists():
        return load_glb(shipped_person(who))
    return load_glb(Path(who))


def _generated(seed: int) -> Avatar:
    from presence.scene.body import generate_body

    return generate_body(seed)


def _check_out(path: Path, suffixes: tuple[str, ...], force: bool) -> None:
    """Find what stands in the way of a file before anything is made for it."""
    if path.suffix.lower() not in suffixes:
        raise UsageError(f"{path} is to be a {' or '.join(suffixes)} file; name it so")
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file")
    if path.exists() and not force:
        raise UsageError(f"{path} exists; name another file, or add --force to replace it")


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> PresenceError:
    return PresenceError(f"{path} could not be written ({error.strerror}); name another place")


def _say(sentence: str) -> None:
    Console(highlight=False, soft_wrap=True, markup=False).print(sentence)
