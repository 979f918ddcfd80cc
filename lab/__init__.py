"""The laboratory: trains and evaluates what the engine serves. It imports `ml`; nothing imports
it."""

import os

# As in a worker (manage.py): OpenBLAS waits for its threads by spinning. Before NumPy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
