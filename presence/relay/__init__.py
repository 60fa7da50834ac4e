"""A relay: passes sealed envelopes on by their clear headers, and never sees a pose."""
