"""One minute of the recipe dcgan: the figures of 1,000 samples, and peak memory."""

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

COEVO = str(Path(sys.executable).parent / "coevo")

with tempfile.TemporaryDirectory() as runs:
    place = ["--runs-dir", runs]
    subprocess.run([COEVO, "run", "dcgan", "--minutes", "1", "--name", "minute", *place], check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (2**20 if sys.platform == "linux" else 2**30)
    done = subprocess.run(
        [COEVO, "evaluate", "minute", "--json", *place], check=True, stdout=subprocess.PIPE, text=True
    )
    print(json.dumps(json.loads(done.stdout), indent=2))
    print(f"peak memory of the run: {peak:.2f} GB")
