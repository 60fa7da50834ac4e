"""``presence``, and ``python -m presence``."""

import sys


def main() -> None:
    """Run the ``presence`` command; Ctrl-C while it is being loaded ends it without a word, too."""
    try:
        from presence.cli import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
