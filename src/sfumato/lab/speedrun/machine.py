"""The machine that a speedrun ran on."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from typing import Any

from llvmlite.binding import get_host_cpu_name

from sfumato.runs.provenance import provenance


def machine(threads: int) -> dict[str, Any]:
    """Return plain data: processor, cores, threads, versions, commit, and the load of the machine."""
    made = provenance(threads)
    made["cpu"] = f"{made['cpu']} ({get_host_cpu_name()})"
    made["system"] = f"{platform.system()} {platform.machine()}"
    busy = {"load_average_1_minute": round(os.getloadavg()[0], 2)} if hasattr(os, "getloadavg") else {}
    return {"date": datetime.now(UTC).isoformat(timespec="seconds"), **made, **busy}
