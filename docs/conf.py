"""How Sphinx builds these pages."""

import re
from importlib.metadata import version as version_of

project = "presence"
author = "the presence authors"
project_copyright = f"{author}, Apache-2.0"
version = release = version_of("presence")

extensions = [
    "myst_parser",
    "sphinx.ext.apidoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build"]

# Thousands of functions in the navigation of every page help nobody, and take most of the time.
toc_object_entries = False

# A short name in an annotation (`Picture`, `Source`) may be that of several packages; each page
# shows its own beside it, and there is nothing to repair in the code.
suppress_warnings = ["ref.python"]

html_theme = "furo"
html_title = "presence"
html_show_sphinx = False

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# One page a package, made of its modules' docstrings.
apidoc_modules = [
    {
        "path": "../presence",
        "destination": "api",
        "max_depth": 2,
        "module_first": True,
        "include_private": False,
        "automodule_options": {"members", "undoc-members"},
    }
]
# Names that a package re-exports are described where they are defined, and nowhere else.
autodoc_default_options = {"ignore-module-all": True}
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_type_aliases = {"Floats": "Floats", "Ints": "Ints"}
napoleon_numpy_docstring = False


def _plain_aliases(app, what, name, obj, options, signature, returns):
    """Autodoc wraps an alias inside another type; show its name alone."""
    return tuple(
        part and re.sub(r"TypeAliasForwardRef\('(\w+)'\)", r"\1", part)
        for part in (signature, returns)
    )


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-process-signature", _plain_aliases)
