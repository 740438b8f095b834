"""What bfloat16 and channels_last bring to a training step on this machine, net by net.

Each net takes the same step in four ways, in turn, so that a drift of the machine's speed hits all
alike. Printed is the median over rounds of each way's time as a ratio to plain float32; below 1 is
faster. Run with `make bench`.
"""

import statistics
import time

import torch

from tumorseg.models.registry import build_model, describe
from tumorseg.params import load_params

ROUNDS = 7  # the first warms up and is not counted
BATCH, SIZE = 8, 128
WAYS = {
    "float32": (False, torch.contiguous_format),
    "float32, channels_last": (False, torch.channels_last),
    "bfloat16": (True, torch.contiguous_format),
    "bfloat16, channels_last": (True, torch.channels_last),
}


def step_seconds(name: str, options: dict, bfloat16: bool, memory_format: torch.memory_format) -> float:
    """Seconds of one forward, backward and optimizer step."""
    net = build_model(name, **options).to(memory_format=memory_format)
    images = torch.randn(BATCH, 1, SIZE, SIZE).contiguous(memory_format=memory_format)
    optimizer = torch.optim.AdamW(net.parameters())
    for _ in range(2):  # the first step of a net also allocates
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            logits = net(images)
        logits.float().square().mean().backward()
        optimizer.step()
    return time.perf_counter() - start


def main() -> None:
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    print(f"batch {BATCH}, {SIZE}×{SIZE}, {threads} threads: ms a slice in float32, ratios to that")
    for name, model in load_params().models.items():
        if not describe(model.architecture).learns:
            continue
        rounds = [
            [step_seconds(model.architecture, model.options, *way) for way in WAYS.values()]
            for _ in range(ROUNDS)
        ][1:]
        plain = statistics.median(times[0] for times in rounds)
        ratios = [statistics.median(times[i] / times[0] for times in rounds) for i in range(len(WAYS))]
        shown = ", ".join(f"{way} {ratio:.2f}" for way, ratio in zip(WAYS, ratios, strict=True))
        print(f"{name:12} {1000 * plain / BATCH:6.1f} ms | {shown}")


if __name__ == "__main__":
    main()
