"""Paint a sample picture for five seconds, and print the rising PSNR."""

import sfumato as sf

run = sf.paint(
    "cat",
    budget={"seconds": 5},
    observers=[lambda snapshot: print(f"epoch {snapshot.epoch:5.2f}   {snapshot.running_psnr:5.2f} dB")],
)
print(run.summary())
