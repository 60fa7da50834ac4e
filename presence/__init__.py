"""presence: a mixed-reality social presence engine."""
