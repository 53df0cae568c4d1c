"""Optimizers are built, stepped, saved and loaded without importing PyTorch's compiler, which stays as it is."""

import subprocess
import sys
import textwrap

CODE = """
import sys, threading
import torch
from sfumato.recipe import choices
from sfumato.training import optimizers

names = ("add_param_group", "state_dict", "load_state_dict")
methods = [getattr(torch.optim.Optimizer, name).__wrapped__ for name in names]

def use(choice):
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 3))
    optimizer = optimizers.build(choice, model)
    model(torch.ones(4, 2)).sum().backward()
    optimizers.eager_step(optimizer, lambda: 0.0)
    with optimizers.eager_methods():
        optimizer.load_state_dict(optimizer.state_dict())

every = [choices.SGD(), choices.Adam(), choices.AdamW(), choices.RMSprop(), choices.Rprop(), choices.LBFGS()]
threads = [threading.Thread(target=use, args=(choice,)) for choice in every]
for thread in threads: thread.start()
for thread in threads: thread.join()
print("torch._dynamo" in sys.modules, any("__dynamo_disable" in method.__dict__ for method in methods))

torch.optim.SGD(torch.nn.Linear(2, 3).parameters())
of_pytorch = methods[0].__dict__["__dynamo_disable"]
use(choices.Adam())
print("torch._dynamo" in sys.modules, methods[0].__dict__["__dynamo_disable"] is of_pytorch is not methods[0])
"""


def test_the_compiler_is_neither_imported_nor_changed() -> None:
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(CODE)], capture_output=True, text=True, check=True)
    # The second line shows that PyTorch alone does import it, without which the first would show nothing.
    assert done.stdout.split("\n") == ["False False", "True True", ""]
