"""A participant, as people start one, who waits for a camera as long as it takes to miss it."""

from presence.cli import main
from presence.client import own_tracking

if __name__ == "__main__":
    own_tracking.WAITS_S["camera"] = 6.0
    main()
