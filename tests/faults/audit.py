"""Known vulnerabilities in coevo's dependencies, by pip-audit in an environment of its own.

    make audit

Exit code 1 says that there are some. Where the database of vulnerabilities, or pip-audit, cannot be reached, it says
so and ends with exit code 0: what cannot be asked cannot fail.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from importlib.metadata import distributions
from pathlib import Path


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="coevo-audit-") as folder:
        python = Path(folder) / "bin" / "python"
        venv.create(folder, with_pip=True)
        installed = run([python, "-m", "pip", "install", "--quiet", "pip-audit"])
        if installed.returncode:
            return skipped("pip-audit could not be installed", installed)
        needs = Path(folder) / "requirements.txt"
        pinned = sorted({f"{one.name}=={one.version.split('+')[0]}" for one in distributions() if one.name != "coevo"})
        needs.write_text("\n".join(pinned))
        for service in ("pypi", "osv"):
            words = [python, "-m", "pip_audit", "--no-deps", "--disable-pip", "-r", needs, "-s", service]
            found = run([*words, "--progress-spinner", "off", "--timeout", "15"])
            unknown = (found.stdout + found.stderr).count("could not be audited")
            if (found.returncode == 0 and unknown < len(pinned) / 2) or "Found " in found.stderr:
                print(found.stdout + found.stderr, end="")
                return found.returncode
        return skipped("no database of vulnerabilities can be reached", found)


def run(words: list[object]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in words], capture_output=True, text=True)


def skipped(why: str, done: subprocess.CompletedProcess[str]) -> int:
    last = (done.stderr.strip().splitlines() or ["?"])[-1]
    print(f"Audit skipped: {why} ({last[:160]}).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
