"""A headset's readings as what is known of a person: each extension's axes and names made ours.

Knows nothing of the OpenXR library: :mod:`presence.headset` reads, this understands.
"""
