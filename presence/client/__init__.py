"""One participant: wires the stages together, and nothing else."""
