"""The room host: signalling, room links and pages. It never sees a pose, a voice or a secret."""
