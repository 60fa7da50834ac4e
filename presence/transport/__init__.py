"""Moving envelopes between participants: carriers, the gate before them, links and meshes."""
