"""Pictures of the studio's pages: runs are painted, a studio is served over them, and Chromium looks at it."""

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
"""Samples that may be shown; the last two are raced."""

LONGEST = 120_000
"""ms that anything may take."""
STILL = 3000
"""ms after which a page has come to rest."""

COMPARED = (
    "--axis model.depth=1,2,4 --picture cat --picture.max-side 48 --tune false "
    "--model.width 32 --budget.epochs 4 --out experiments/depth"
)


def sfumato(folder: Path, *words: str) -> None:
    """One command in a folder."""
    subprocess.run([sys.executable, "-m", "sfumato", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def pages(names: list[str]) -> dict[str, tuple[str, Callable[[Page], None]]]:
    """Every page: (address, what is done there before it is looked at)."""
    one, other = names[-1], names[-2]

    def still(page: Page) -> None:
        page.wait_for_load_state("networkidle")

    def learns(page: Page) -> None:
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
        still(page)

    def earlier(page: Page) -> None:
        page.locator(".lane .psnr").first.wait_for()
        page.locator(".timeline input").fill("0.2")

    return {
        "gallery": ("/", lambda page: page.locator(".card").nth(5).wait_for()),
        "run": (f"/runs/{one}", still),
        "inside": (f"/runs/{one}/layers?layer=3", inside),
        "unit": (f"/runs/{one}/layers?layer=2", unit),
        "form": ("/new?picture.source=coffee&model.depth=6&model.connectivity=residual&model.init=he", learns),
        "race": (f"/race?runs={one},{other}", earlier),
        "zoom": (f"/runs/{one}/zoom", still),
        "beyond": (f"/runs/{one}/zoom", beyond),
        "experiments": ("/experiments", still),
    }


def look(browser: Browser, address: str, names: list[str]) -> None:
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
                page.set_default_timeout(LONGEST)
                page.goto(path)
                page.locator("main h1").wait_for()
                prepare(page)
                page.wait_for_timeout(STILL)
                keep(page.screenshot(), f"{name}-{size}-{scheme}")
                page.close()
            context.close()


def keep(png: bytes, name: str) -> None:
    """As WebP, a tenth of a PNG."""
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").save(OUT / f"{name}.webp", quality=80, method=6)
    sys.stdout.write(f"{OUT / name}.webp\n")


def main() -> None:
    """Paint, compare, serve, look."""
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else made)
        if not (folder / "experiments").exists():
            for words in RUNS:
                sfumato(folder, "paint", *words.split())
            sfumato(folder, "compare", *COMPARED.split())
        names = sorted(path.name for path in (folder / "runs").iterdir() if not path.name.startswith("."))
        command = [sys.executable, "-m", "sfumato", "studio", "--port", "0"]
        with (
            subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as served,
            sync_playwright() as play,
        ):
            try:
                assert served.stdout is not None
                said = re.search(r"http://[\d.:]+", served.stdout.readline())
                assert said is not None
                browser = play.chromium.launch(
                    executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-background-networking"]
                )
                look(browser, said[0], names)
                browser.close()
            finally:
                served.terminate()


if __name__ == "__main__":
    main()
