import pytest
import torch

from tumorseg.models.registry import build_model
from tumorseg.training.batch_norm import share_batch_norm


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("resnet", {}),
        ("smp", {"encoder": "tu-tf_efficientnet_lite0"}),  # whose batch norms have activations inside
    ],
)
def test_a_net_whose_ranks_share_statistics_predicts_as_before(device, name, options):
    torch.manual_seed(0)
    net, slices = build_model(name, **options).eval(), torch.randn(2, 1, 64, 64)
    names = list(net.state_dict())
    with torch.inference_mode():
        before = net(slices)
        share_batch_norm(net, torch.device(device))
        assert torch.equal(net.eval()(slices), before)
    assert list(net.state_dict()) == names
