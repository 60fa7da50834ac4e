"""A relay's configuration file: TOML, in which everything is called as its option is."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from presence.errors import UsageError


def read_config(file: Path, known: Collection[str]) -> dict[str, Any]:
    """What a configuration file says, by the names of parameters.

    Args:
        file: It is TOML.
        known: The parameters there are, as Python writes them.

    Raises:
        UsageError: the file cannot be read, or says what nobody knows.
    """
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"the configuration in {file} cannot be read: {error.strerror}; name a file that this "
            "user may read"
        ) from None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is no text in UTF-8, and so no configuration") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file} is no TOML: {error}") from None
    found: dict[str, Any] = {}
    for name, value in said.items():
        parameter = name.replace("-", "_")
        if parameter not in known:
            raise UsageError(
                f"{file} sets {name!r}, which a relay does not know{_meant(name, known)}"
            )
        if isinstance(value, dict):
            raise UsageError(f"{file} has a table {name!r}; all names stand at the top")
        found[parameter] = value
    return found


def _meant(name: str, known: Collection[str]) -> str:
    names = sorted(parameter.replace("_", "-") for parameter in known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; it knows {', '.join(names)}"
