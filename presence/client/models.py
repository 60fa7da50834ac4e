"""Models that a user may fetch: ``presence models fetch``. Each has a hash, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from presence.errors import PresenceError, UsageError
from presence.resources import models_folder

models = typer.Typer(
    help="Models of others', fetched when you ask for them, and never otherwise.",
    no_args_is_help=True,
    add_completion=False,
)


@dataclass(frozen=True, slots=True)
class Model:
    """A file that somebody else made."""

    file: str
    address: str
    sha256: str
    use: str
    """What it is for."""
    licence: str
    """Whose it is, and under which licence."""


MODELS: dict[str, Model] = {
    # Address: https://ai.google.dev/edge/mediapipe/solutions/vision/face_landmarker#models;
    # its first version, which stays as it is.
    "face": Model(
        file="face_landmarker.task",
        address=(
            "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/"
            "float16/1/face_landmarker.task"
        ),
        sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
        use="all 52 shapes of a face by a plain camera",
        licence="Google, Apache License 2.0",
    ),
}
"""Every model, by the name by which it is asked for."""


def kept_model(name: str) -> Path | None:
    """The file of a model, if it was fetched."""
    path = models_folder() / MODELS[name].file
    return path if path.is_file() else None


def fetch_model(name: str) -> Path:
    """The file of a model, fetched unless it is there already; checked by its hash either way.

    Raises:
        UsageError: there is no such model.
        PresenceError: it could not be fetched, or is not what it should be.
    """
    if name not in MODELS:
        raise UsageError(f"there is no model {name!r}; choose from {', '.join(MODELS)}")
    model = MODELS[name]
    import pooch
    import requests

    try:
        path = pooch.retrieve(
            model.address,
            known_hash=f"sha256:{model.sha256}",
            fname=model.file,
            path=models_folder(),
        )
    except requests.RequestException as error:
        raise PresenceError(
            f"{model.address} could not be fetched ({type(error).__name__}); is there a network? "
            f"Or put the file to {models_folder() / model.file} by hand"
        ) from error
    except ValueError as error:
        # So pooch says that a hash is wrong; it keeps no such file.
        raise PresenceError(
            f"what {model.address} gave is not the model that it should be, and was not kept; try "
            "again later, from another network if need be"
        ) from error
    except OSError as error:
        raise PresenceError(
            f"{models_folder()} cannot be written ({error.strerror}); make room there, or set "
            "XDG_CACHE_HOME"
        ) from error
    return Path(path)


@models.command()
def fetch(
    name: Annotated[str, typer.Argument(metavar="MODEL", help=f"{', '.join(MODELS)}.")],
) -> None:
    """Fetch a model of somebody else's: it is checked by its hash and kept in your cache."""
    if name in MODELS:
        model = MODELS[name]
        typer.echo(f"{model.file}, for {model.use}: {model.licence}; from {model.address}")
    typer.echo(f"kept as {fetch_model(name)}")


@models.command("list")
def list_models() -> None:
    """Show which models there are, and which are kept here."""
    for name, model in MODELS.items():
        kept = kept_model(name)
        typer.echo(f"{name}: for {model.use}; {model.licence}; {kept or 'not fetched'}")
