"""A plain camera: what its pictures tell of the person in front of it.

A process of its own looks (:mod:`~presence.tracking.camera.process`), so that neither networks nor
a driver that hangs hold up a call; :class:`~presence.tracking.camera.sensor.CameraSensor` starts it
and reads what it found. No picture leaves that process, unless a preview is asked for.
"""
