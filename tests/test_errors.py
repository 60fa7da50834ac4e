"""The tree of errors."""

import inspect
import re

from presence import errors
from presence.errors import PresenceError


def drawn_tree():
    """``{name: parent's name}`` as the module's docstring draws it."""
    parents, above = {}, []
    for line in errors.__doc__.splitlines():
        drawn = re.match(r"^    ([│├└─ ]*)(\w+Error)\b", line)
        if drawn:
            depth = len(drawn[1]) // 4
            above[depth:] = [drawn[2]]
            parents[drawn[2]] = above[depth - 1] if depth else "Exception"
    return parents


def test_the_tree_in_the_docstring_is_the_real_one():
    real = {
        name: error.__bases__[0].__name__
        for name, error in vars(errors).items()
        if inspect.isclass(error) and issubclass(error, Exception)
    }
    assert drawn_tree() == real
    assert len(real) > 10


def test_every_error_is_a_presence_error_and_says_what_it_is_for():
    for name in drawn_tree():
        error = getattr(errors, name)
        assert issubclass(error, PresenceError)
        assert error.__doc__.endswith(".")
