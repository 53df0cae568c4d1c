"""Names inside a run folder. docs/run-folder.md tells what each holds."""

VERSION = 1
"""Of the layout; a folder of a later version is refused."""

RUN = "run.json"
PICTURE = "picture.npy"
METRICS = "metrics.jsonl"
MOMENTS = "moments"
FRAMES = "frames"
LOCK = "lock"
PAINTING = "painting.png"
CURVE = "curve.svg"
FILM = "learning"
"""Without its ending: .mp4, .gif or .webp."""

MOST_MOMENTS = 64


def moment(step: int) -> str:
    """The file of the weights after ``step`` steps."""
    return f"{MOMENTS}/{step:012d}.safetensors"


def frame(step: int) -> str:
    """The file of the film's frame after ``step`` steps."""
    return f"{FRAMES}/{step:012d}.png"
