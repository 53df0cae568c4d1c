"""Train a custom network: two hidden layers side by side whose outputs are multiplied."""

import torch
from torch import Tensor, nn

import sfumato as sf


class Product(nn.Module):
    """A map (N, 2) -> (N, channels): the product of two sine layers."""

    def __init__(self, width: int = 128, channels: int = 3) -> None:
        super().__init__()
        self.left = nn.Linear(2, width)
        self.right = nn.Linear(2, width)
        self.out = nn.Linear(width, channels)

    def forward(self, coordinates: Tensor) -> Tensor:
        return self.out(torch.sin(10 * self.left(coordinates)) * torch.sin(10 * self.right(coordinates)))


torch.manual_seed(1)
run = sf.fit(Product(), "cat", budget={"seconds": 5}, training={"optimizer": "adam(lr=0.01)"})
print(run.summary())
