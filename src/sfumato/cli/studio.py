"""The ``sfumato studio`` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from sfumato.cli import flags
from sfumato.errors import SfumatoError

DOC = """Train networks in a browser: start runs, watch them live, compare them, and inspect them.

Serves a page to this computer only, until Ctrl-C. Runs that were started from it continue when it ends. With another
--host, or behind a proxy (--public), other computers can reach it with the token in the printed address.

Examples:  sfumato studio
           sfumato studio --runs old-runs --port 8012
           sfumato studio --open
           sfumato studio --public https://lab.example.org/sfumato
"""

REQUIRED_MODULES = ("starlette", "uvicorn", "sse_starlette", "plotly")


def command(arguments: Sequence[str]) -> int:
    """Serve the studio until Ctrl-C; return the exit status."""
    parsed = flags.read(
        "studio",
        DOC,
        arguments,
        flags.field("runs", "runs", "DIR", "folder of the runs"),
        flags.field("experiments", "experiments", "DIR", "folder of the experiments"),
        flags.field("sweeps", "sweeps", "DIR", "folder of the sweeps"),
        flags.field("port", "8011", "PORT", "port to listen on; 0: any free port"),
        flags.field("host", "127.0.0.1", "HOST", "address to listen on; 0.0.0.0: all computers, with a token"),
        flags.field("public", "", "URL", "public address behind a proxy: https://example.org/sfumato"),
        flags.switch("open", "the page opened in a browser"),
    )
    port = flags.number("port", parsed.port, 0, int)
    if port > 65535:
        raise SfumatoError(f"port must be 0 to 65535. Got {port}.")
    if missing := [name for name in REQUIRED_MODULES if find_spec(name) is None]:
        raise SfumatoError(f"studio needs {', '.join(missing)}: pip install 'sfumato[studio]'.")
    from sfumato.studio.server import serve
    from sfumato.studio.web.root_path import Public

    return serve(
        Path(parsed.runs),
        Path(parsed.experiments),
        Path(parsed.sweeps),
        parsed.host,
        port,
        say=_print,
        browse=parsed.open,
        public=Public.of(parsed.public) if parsed.public else None,
    )


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
