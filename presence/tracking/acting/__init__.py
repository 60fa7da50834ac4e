"""What a performer's behaviour is made of: each module one thing that people do.

Everything here is a pure function of a seed and of the time: whatever happens at a moment is
drawn from a hash of the seed, of what it is for, and of its number in an endless row, so any time
can be asked for and nothing repeats.
"""
