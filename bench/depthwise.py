"""What a depthwise convolution costs in bfloat16 and in float32, forwards and backwards, on one thread.

    python bench/depthwise.py

Layers are those of EfficientNet-Lite 0 for 16 slices of 128×128, as `train` has them: channels last. Times
are medians of 7, in milliseconds; the ratio is of bfloat16 to float32. Then the whole net, as `smp` has it
with the decoder Linknet, with and without what `tumorseg.training.depthwise` does.
"""

import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext

import segmentation_models_pytorch as smp
import torch

from tumorseg.text import markdown_table
from tumorseg.training.depthwise import depthwise_in_float32

# Channels, side, kernel, stride.
LAYERS = [(32, 64, 3, 1), (96, 64, 3, 2), (144, 32, 3, 1), (144, 32, 5, 2), (240, 16, 5, 1)]
LAYERS += [(240, 16, 3, 2), (480, 8, 3, 1), (672, 8, 5, 1), (672, 8, 5, 2), (1152, 4, 5, 1), (1152, 4, 3, 1)]
SLICES, REPEATS = 16, 7
PARTS = ("forward", "gradient of input", "gradient of weights")


def milliseconds(run: Callable[[], object]) -> float:
    run()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def layer(channels: int, side: int, kernel: int, stride: int, dtype: torch.dtype) -> list[float]:
    """Milliseconds of PARTS."""
    x = torch.randn(SLICES, channels, side, side, dtype=dtype).contiguous(memory_format=torch.channels_last)
    weight = torch.randn(channels, 1, kernel, kernel, dtype=dtype)
    where = [[stride] * 2, [kernel // 2] * 2, [1, 1]]
    out = torch.nn.functional.conv2d(x, weight, None, *where, channels)
    gradient = torch.randn_like(out)

    def backward(*wanted: bool) -> object:
        backward_of = torch.ops.aten.convolution_backward
        return backward_of(gradient, x, weight, None, *where, False, [0, 0], channels, [*wanted, False])

    return [
        milliseconds(lambda: torch.nn.functional.conv2d(x, weight, None, *where, channels)),
        milliseconds(lambda: backward(True, False)),
        milliseconds(lambda: backward(False, True)),
    ]


def whole_net(helped: bool) -> float:
    """Milliseconds of a training step, a slice."""
    net = smp.create_model("Linknet", "tu-tf_efficientnet_lite0", None, in_channels=1, classes=1)
    net = net.train().to(memory_format=torch.channels_last)
    x = torch.randn(SLICES, 1, 128, 128).contiguous(memory_format=torch.channels_last)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16):
            loss = net(x).float().square().mean()
        loss.backward()

    with depthwise_in_float32(net, torch.device("cpu")) if helped else nullcontext():
        return milliseconds(step) / SLICES


def main() -> None:
    torch.set_num_threads(1)
    rows = []
    for shape in LAYERS:
        half, full = (layer(*shape, dtype) for dtype in (torch.bfloat16, torch.float32))
        cells = [f"{a:.1f} / {b:.1f}: {a / b:.1f}" for a, b in zip(half, full, strict=True)]
        rows.append(
            [f"{shape[0]} of {shape[1]}×{shape[1]}, {shape[2]}×{shape[2]}, stride {shape[3]}", *cells]
        )
    print(markdown_table(["layer", *(f"{part}, bfloat16 / float32" for part in PARTS)], rows))
    plain, helped = whole_net(False), whole_net(True)
    print(f"\na slice of a training step: {plain:.1f} ms, with depthwise in float32 {helped:.1f} ms")


if __name__ == "__main__":
    main()
