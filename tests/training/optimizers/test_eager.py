"""Optimizers are built, stepped, saved and loaded without importing PyTorch's compiler, which stays as it is."""

import subprocess
import sys
import textwrap

import pytest

CODE = """
import sys
from concurrent.futures import ThreadPoolExecutor
import torch
from sfumato.recipe import choices
from sfumato.training import optimizers

names = ("add_param_group", "state_dict", "load_state_dict")
methods = [getattr(torch.optim.Optimizer, name).__wrapped__ for name in names]

def use(choice):
    trained = []
    for step in optimizers.eager_step, lambda optimizer, closure: optimizer.step(closure):
        if trained and not compare:
            break
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 3))
        optimizer = optimizers.build(choice, model)

        def closure():
            for parameter in model.parameters():
                parameter.grad = None
            loss = (model(torch.ones(4, 2)) ** 2).sum()
            loss.backward()
            return float(loss.detach())

        before = [parameter.detach().clone() for parameter in model.parameters()]
        step(optimizer, closure if choice.name == "lbfgs" else lambda value=closure(): value)
        with optimizers.eager_methods():
            optimizer.load_state_dict(optimizer.state_dict())
        trained.append([parameter.detach() for parameter in model.parameters()])
        assert all(not torch.equal(*pair) for pair in zip(before, trained[-1]))
    assert all(torch.equal(*pair) for pair in zip(trained[0], trained[-1]))

compare = False
every = [choices.SGD(), choices.Adam(), choices.AdamW(), choices.RMSprop(), choices.Rprop(), choices.LBFGS()]
list(ThreadPoolExecutor().map(use, every[:-1]))
use(every[-1])
print("torch._dynamo" in sys.modules, any("__dynamo_disable" in method.__dict__ for method in methods))

torch.optim.SGD(torch.nn.Linear(2, 3).parameters())
of_pytorch = methods[0].__dict__["__dynamo_disable"]
compare = True
for choice in every: use(choice)
print("torch._dynamo" in sys.modules, methods[0].__dict__["__dynamo_disable"] is of_pytorch is not methods[0])
"""


@pytest.mark.slow
def test_the_compiler_is_neither_imported_nor_changed() -> None:
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(CODE)], capture_output=True, text=True, check=True)
    # The second line shows that PyTorch alone does import it, without which the first would show nothing.
    assert done.stdout.split("\n") == ["False False", "True True", ""]
