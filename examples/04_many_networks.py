"""Train many networks at once, and see which learning rate does best, over three seeds each."""

from statistics import mean, stdev

import sfumato as sf

RATES = (0.001, 0.003, 0.01, 0.03)
SEEDS = range(3)

recipes = [{"seed": seed, "training": {"optimizer": f"adam(lr={rate})"}} for rate in RATES for seed in SEEDS]
small = {"width": 32, "init": "gaussian(1)"}
found = {}
for index, snapshot in sf.train_many("cat", recipes=recipes, model=small, budget={"seconds": 5}):
    if snapshot.ended is not None and snapshot.evaluation is not None:
        found[index] = snapshot.evaluation.psnr

for number, rate in enumerate(RATES):
    psnr = [found[number * len(SEEDS) + k] for k in range(len(SEEDS))]
    print(f"adam(lr={rate}): {mean(psnr):.2f} dB, standard deviation {stdev(psnr):.2f}")
