"""Paint a picture, then write learning.png: the painting at five moments of the run, beside the picture."""

from pathlib import Path

import numpy as np

import sfumato as sf
from sfumato import images, models, render

run = sf.paint("cat", budget={"seconds": 20})
height, width, _ = run.picture.shape
moments = run.moments()

pictures = []
for fraction in (0.1, 0.25, 0.45, 0.7, 1.0):
    model, moment = run.model(moments[round(fraction * (len(moments) - 1))])
    outputs = models.outputs(model, models.grid(run.recipe.coordinates, height, width), run.recipe.threads)
    painting = np.clip(outputs, 0, 1).astype(np.float32).reshape(run.picture.shape)
    psnr = images.psnr(images.mse(painting, run.picture))
    print(f"epoch {moment.epoch:.2f}: {psnr:.2f} dB")
    pictures.append(painting)

strip = render.side_by_side([*pictures, run.picture])
render.write_png(Path("learning.png"), strip)
print("learning.png")
