"""What travels between participants, in bytes: envelopes, bundles, control messages, signalling.

Sans-IO, and knows no pose: a relay and a host run on this package alone. ``docs/wire.md`` is the
standard that it follows.
"""
