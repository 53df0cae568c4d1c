"""Take pictures of the studio's pages: train runs, serve a studio over them, and take screenshots with Chromium."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

OUT = Path("docs/pictures/studio")
SIZES = {"wide": (1280, 860), "narrow": (390, 844)}
RUNS = [
    "astronaut --budget.seconds 12",
    "coffee --training.optimizer adam --budget.seconds 5",
    "cat --model.activation relu --model.depth 2 --budget.seconds 5",
    "coffee --model.encoding fourier(sigma=8) --budget.seconds 5",
    "astronaut --model.activation sine(20) --model.init siren --budget.seconds 5",
    "coffee --budget.seconds 12",
    "cat --training.optimizer muon --budget.seconds 5",
    "cat --budget.seconds 12",
]
"""Arguments of the runs, with sample pictures that may be published; the last two runs are raced."""

TIMEOUT_MS = 120_000
"""Time limit of an action on a page."""
SETTLE_MS = 3000
"""Time after which a page has stopped changing."""

EXPERIMENT = (
    "--axis model.depth=1,2,4 --picture cat --picture.max-side 48 --tune false "
    "--model.width 32 --budget.epochs 4 --out experiments/depth"
)

SWEEP = (
    "--space model.width=8..96:log --space model.depth=1..5 --space model.activation=relu,sine(5..60) "
    "--space training.optimizer=adam(lr=1e-4..1e-1:log),muon(lr=0.005..0.5:log) --picture astronaut "
    "--picture.max-side 96 --budget.epochs 10 --trials 60 --pruner median --out sweeps/shapes"
)


def sfumato(folder: Path, *arguments: str) -> None:
    """Run one command in a folder."""
    subprocess.run([sys.executable, "-m", "sfumato", *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def pages(names: list[str]) -> dict[str, tuple[str, Callable[[Page], None]]]:
    """Return by name each page's URL path and its preparation before the screenshot."""
    one, other = names[-1], names[-2]

    def loaded(page: Page) -> None:
        page.wait_for_load_state("networkidle")

    def checked(page: Page) -> None:
        page.get_by_text("It will learn").wait_for()

    def inside(page: Page) -> None:
        page.locator(".unit").nth(20).wait_for()
        page.locator(".layers-bar").evaluate("each => scrollTo(0, each.offsetTop - 80)")

    def unit(page: Page) -> None:
        page.locator(".unit").nth(7).click()
        page.locator(".weights li").nth(30).wait_for()

    def beyond(page: Page) -> None:
        for _ in range(2):
            page.keyboard.press("-")
        loaded(page)

    def earlier(page: Page) -> None:
        page.locator(".lane .psnr").first.wait_for()
        page.locator(".timeline input").fill("0.2")

    def searched(page: Page) -> None:
        page.locator("ol.cards img").nth(5).wait_for()
        page.locator(".coordinates-box").evaluate("each => scrollTo(0, each.offsetTop - 130)")

    return {
        "gallery": ("/", lambda page: page.locator(".card").nth(5).wait_for()),
        "run": (f"/runs/{one}", loaded),
        "inside": (f"/runs/{one}/layers?layer=3", inside),
        "unit": (f"/runs/{one}/layers?layer=2", unit),
        "form": ("/new?picture.source=coffee&model.depth=6&model.connectivity=residual&model.init=he", checked),
        "race": (f"/race?runs={one},{other}", earlier),
        "zoom": (f"/runs/{one}/zoom", loaded),
        "beyond": (f"/runs/{one}/zoom", beyond),
        "experiments": ("/experiments", loaded),
        "sweep": ("/sweeps/shapes", searched),
    }


def take_screenshots(browser: Browser, address: str, names: list[str]) -> None:
    """Write all pictures."""
    for scheme in ("light", "dark"):
        for size, (width, height) in SIZES.items():
            context = browser.new_context(
                base_url=address,
                color_scheme=scheme,
                viewport={"width": width, "height": height},
            )
            for name, (path, prepare) in pages(names).items():
                page = context.new_page()
                page.set_default_timeout(TIMEOUT_MS)
                page.goto(path)
                page.locator("main h1").wait_for()
                prepare(page)
                page.wait_for_timeout(SETTLE_MS)
                save(page.screenshot(), f"{name}-{size}-{scheme}")
                page.close()
            context.close()


def save(png: bytes, name: str) -> None:
    """Write a picture as WebP, a tenth of a PNG in size."""
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").save(OUT / f"{name}.webp", quality=80, method=6)
    sys.stdout.write(f"{OUT / name}.webp\n")


def main() -> None:
    """Train the runs, run the experiment, serve the studio, and take the screenshots."""
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else temporary)
        if not (folder / "experiments").exists():
            for arguments in RUNS:
                sfumato(folder, "paint", *arguments.split())
            sfumato(folder, "compare", *EXPERIMENT.split())
            sfumato(folder, "sweep", *SWEEP.split())
        names = sorted(path.name for path in (folder / "runs").iterdir() if not path.name.startswith("."))
        command = [sys.executable, "-m", "sfumato", "studio", "--port", "0"]
        with (
            subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server,
            sync_playwright() as playwright,
        ):
            try:
                assert server.stdout is not None
                url = re.search(r"http://[\d.:]+", server.stdout.readline())
                assert url is not None
                browser = playwright.chromium.launch(
                    executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-background-networking"]
                )
                take_screenshots(browser, url[0], names)
                browser.close()
            finally:
                server.terminate()


if __name__ == "__main__":
    main()
