"""``sfumato studio``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from sfumato.cli import flags
from sfumato.errors import SfumatoError

DOC = """Watch networks learn in a browser: start runs, see them live, scrub, compare, look inside.

Serves a page on this computer alone, until Ctrl-C. Runs that were started from it train on when it ends. With another
--host, or behind a proxy (--public), others can reach it with the token in the address that is printed.

Examples:  sfumato studio
           sfumato studio --runs old-runs --port 8012
           sfumato studio --open
           sfumato studio --public https://lab.example.org/sfumato
"""

NEEDED = ("starlette", "uvicorn", "sse_starlette", "plotly")


def command(arguments: Sequence[str]) -> int:
    """Serve."""
    parsed = flags.read(
        "studio",
        DOC,
        arguments,
        flags.field("runs", "runs", "DIR", "folder of the runs"),
        flags.field("experiments", "experiments", "DIR", "folder of the experiments"),
        flags.field("port", "8011", "PORT", "of the address; 0: any that is free"),
        flags.field("host", "127.0.0.1", "HOST", "whom it listens to; 0.0.0.0: everybody, with a token"),
        flags.field("public", "", "URL", "the address at which a proxy shows it: https://example.org/sfumato"),
        flags.switch("open", "open the page in a browser"),
    )
    port = flags.number("port", parsed.port, 0, int)
    if port > 65535:
        raise SfumatoError(f"port must be 0 to 65535. Got {port}.")
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise SfumatoError(f"studio needs {', '.join(missing)}: pip install 'sfumato[studio]'.")
    from sfumato.studio.serving import serve
    from sfumato.studio.web.place import Public

    return serve(
        Path(parsed.runs),
        Path(parsed.experiments),
        parsed.host,
        port,
        say=_say,
        browse=parsed.open,
        public=Public.of(parsed.public) if parsed.public else None,
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
