"""``python -m presence`` is the ``presence`` command."""

from presence.cli import main

if __name__ == "__main__":
    main()
