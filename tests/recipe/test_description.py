"""Descriptions and drawings of networks, against networks that are built."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from sfumato import models
from sfumato.errors import RecipeError
from sfumato.recipe import Recipe, changed, preset
from sfumato.recipe.description import describe, pixels_of
from sfumato.recipe.report import drawing, one_line, report
from sfumato.training import resolve
from tests.small import SMALL, picture, trainer


@pytest.mark.parametrize(
    ("changes", "channels"),
    [
        ({}, 3),
        ({"model": {"depth": 0}}, 3),
        ({"model": {"width": (30, 20, 5)}, "picture": {"channels": "rgba"}}, 4),
        ({"model": {"width": 9, "biases": False}, "picture": {"channels": "gray"}, "dtype": "float64"}, 1),
        ({"model": {"width": 9, "encoding": "fourier(features=34)"}}, 3),
        ({"model": {"width": 9, "encoding": "fourier(features=34)", "connectivity": "skip"}}, 3),
        ({"model": {"width": 9, "connectivity": "residual"}}, 3),
        ({"model": {"width": (9, 7), "normalization": "layer", "biases": False}}, 3),
        ({"model": {"width": (9, 7), "normalization": "weight"}}, 3),
        ({"model": {"width": (9, 7, 8), "connectivity": "multiplicative_filter"}}, 3),
        (
            {
                "model": {
                    "width": (9, 7),
                    "connectivity": "multiplicative_filter(gabor)",
                    "encoding": "fourier(features=34)",
                }
            },
            3,
        ),
        ({"model": {"width": (9, 7, 8, 6), "connectivity": "bacon"}}, 3),
        ({"model": {"width": (9, 7), "connectivity": "bacon(outputs=last)"}}, 3),
        ({"model": {"width": (9, 7, 8), "encoding": "fourier(features=34)", "connectivity": "dense"}}, 3),
    ],
)
def test_numbers_match_the_module(changes: dict[str, Any], channels: int) -> None:
    recipe = changed(Recipe(), changes)
    found = describe(recipe)
    module = models.build(recipe.model, channels, 0, models.DTYPES.get(recipe.dtype, torch.float32))
    assert isinstance(module, models.LayeredNetwork)
    parameters = [each for each in module.parameters() if each.requires_grad]
    assert found.parameters == sum(each.numel() for each in parameters)
    assert found.bytes_per_number == parameters[0].element_size()
    linear = module.linear_layers()
    assert [(each.inputs, each.units) for each in found.layers] == [(x.in_features, x.out_features) for x in linear]
    # PyTorch counts products alone, two operations per multiply-add.
    with FlopCounterMode(display=False) as counter:
        out = module(torch.zeros((8, 2), dtype=parameters[0].dtype))
    assert counter.get_total_flops() == 8 * 2 * found.multiply_adds
    assert out.shape == (8, found.channels)


def test_activations_are_the_outputs_of_hidden_units() -> None:
    assert describe(changed(Recipe(), {"model": {"width": (30, 20, 5)}})).activations == 55


def test_a_custom_network_is_not_described() -> None:
    recipe = changed(Recipe(), {"model": {"module": "package.module:Net(width=3)"}})
    with pytest.raises(RecipeError, match="not known before it is built"):
        describe(recipe)


def test_replica_is_float64() -> None:
    assert describe(changed(preset("blog-2012"), {"engine": "replica"})).bytes_per_number == 8


@pytest.mark.slow
@settings(max_examples=20)
@given(
    st.sampled_from([1, 7, 16, 1000, "all"]),
    st.sampled_from([0.0, 0.3, "checkerboard", "area_average"]),
    st.sampled_from([{"epochs": 2}, {"epochs": 0.6}, {"steps": 5}, {"epochs": 1, "steps": 3}, {"steps": 0}]),
)
def test_the_reach_of_the_budget_matches_training(batch: Any, split: str | float, budget: dict[str, float]) -> None:
    changes = {
        "training": {"batch": batch},
        "data": {"split": split},
        "budget": budget,
        "evaluation": {"interval": "end"},
    }
    recipe = changed(changed(Recipe(), {**SMALL, "engine": "autograd"}), changes)
    *_, last = trainer(resolve(recipe), picture()).snapshots()
    reach = describe(recipe).reach(7, 9)
    assert (reach.steps, reach.samples, reach.epochs) == (last.step, last.samples, last.epoch)


def test_a_budget_in_seconds_has_no_steps() -> None:
    reach = describe(Recipe()).reach(300, 429)
    assert (reach.steps, reach.epochs, reach.samples) == (None, None, None)
    assert reach.batching.steps_per_epoch == 252


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, (300, 429)),
        ({"size": "40x50"}, (40, 50)),
        ({"max_side": 143}, (100, 143)),
        ({"size": "40x50", "max_side": 100}, (40, 50)),
        ({"size": "80x50", "max_side": 40}, (40, 25)),
    ],
)
def test_pixels(settings: dict[str, Any], expected: tuple[int, int]) -> None:
    assert pixels_of(changed(Recipe(), {"picture": settings})) == expected


@pytest.mark.parametrize(
    ("model", "line"),
    [
        ({}, "2 -> [300 leaky_relu] x4 -> 3"),
        ({"depth": 0}, "2 -> 3"),
        ({"width": (64, 64, 32), "activation": "sine(30)", "output_activation": "sigmoid"},
         "2 -> [64 sine] x2 -> [32 sine] -> 3 sigmoid"),
        ({"connectivity": "residual"}, "2 -> [300 leaky_relu] -> [300 leaky_relu + its input] x3 -> 3"),
        ({"connectivity": "skip", "depth": 3},
         "2 -> [300 leaky_relu] -> [300 leaky_relu, 2 joined] -> [300 leaky_relu] -> 3"),
        ({"connectivity": "multiplicative_filter"}, "2 -> [300 fourier filter] -> [300 times fourier filter] x3 -> 3"),
        ({"normalization": "layer", "depth": 2}, "2 -> [300 leaky_relu, layer norm] x2 -> 3"),
        ({"connectivity": "dense", "width": (9, 8)}, "2 -> [9 leaky_relu] -> [8 leaky_relu, 2 joined] -> 3, 11 joined"),
        ({"encoding": "fourier(sigma=3)", "depth": 1}, "2 -> fourier(sigma=3) 256 -> [300 leaky_relu] -> 3"),
    ],
)  # fmt: skip
def test_one_line(model: dict[str, Any], line: str) -> None:
    assert one_line(describe(changed(Recipe(), {"model": model}))) == line


def test_the_drawing() -> None:
    model = {"width": (20, 20, 8), "encoding": "fourier(features=4)", "activation": "relu"}
    assert drawing(describe(changed(Recipe(), {"model": model}))) == [
        "       row, column",
        "            |",
        "+-----------------------+",
        "| 4 fourier(features=4) |  fixed: no trained parameters",
        "+-----------------------+",
        "            |",
        "+-----------------------+",
        "| 20 relu               |  x 2   520 parameters",
        "+-----------------------+",
        "            |",
        "+-----------------------+",
        "| 8 relu                |  168 parameters",
        "+-----------------------+",
        "            |",
        "+-----------------------+",
        "| 3 linear              |  27 parameters",
        "+-----------------------+",
        "            |",
        "     red, green, blue",
    ]


def test_the_middle_of_a_deep_drawing_is_left_out() -> None:
    description = describe(changed(Recipe(), {"model": {"width": tuple(range(1, 1001))}}))
    lines = drawing(description)
    assert len(lines) < 60
    assert any("| 6 leaky_relu" in line for line in lines)
    assert any("| 1000 leaky_relu" in line for line in lines)
    assert not any("| 500 leaky_relu" in line for line in lines)
    assert " -> ... -> " in one_line(description)
    assert all(line.isascii() for line in lines)


def test_the_report_warns_of_more_parameters_than_values() -> None:
    description = describe(changed(Recipe(), {"model": {"width": 16, "encoding": "dense_grid(15, features=4)"}}))
    assert description.parameters == 16**2 * 4 + 4 * 16 + 16 + 3 * (16 * 16 + 16) + 16 * 3 + 3
    for width, height in ((10, 100), (36, 18)):
        lines = [line for line in report(description, width, height) if line.startswith("warning")]
        values = 3 * width * height
        assert (lines != []) == (description.parameters > values)
        assert all(f"more parameters than the picture's {values:,} values" in line for line in lines)


def test_the_report() -> None:
    text = "\n".join(report(describe(preset("blog-2012")), 300, 429))
    for part in (
        "initialization  gaussian(scale=0.3)",
        "optimizer       sgd(lr=0.1, momentum=0.0, nesterov=false, fan_in_scaling=true)",
        "training        loss mse, sampler shuffled, schedule constant(warmup=0.0), batches of 1",
        "272,703, 1.09 MB as float32",
        "271,500 per sample forward, about 814,500 in training",
        "1,200 per sample, 4.8 kB per step of 1 sample",
        "300x429, 128,700 pixels",
        "128,700 steps, 210 GFLOP",
        "64,350,000 steps (500 epochs), 105 TFLOP",
    ):
        assert part in text
    both = changed(
        Recipe(), {"budget": {"seconds": 5, "psnr": 30}, "training": {"batch": "all"}, "data": {"split": 0.5}}
    )
    text = "\n".join(report(describe(both), 10, 10))
    assert "whichever comes first: 5 s of training or 30 dB" in text
    assert "1 step," in text
    assert "per step of 50 samples" in text
    assert "100 pixels, 50 samples to train on (rgb assumed)" in text
