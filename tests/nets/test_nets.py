import pytest
import torch

from tumorseg.models.registry import architectures, build_model, describe
from tumorseg.params import load_params

LEARNERS = [name for name in architectures() if describe(name).learns]
OPTIONS = [(name, {}) for name in LEARNERS] + [
    ("renet", {"cell": "rnn", "hidden": 8}),
    ("unet", {"depth": 1}),
    ("unet", {"depth": 2, "stem": 2}),
]

# Parameters of each layer with any, in order, from the founding report.
LAYERS = {
    "simple_cnn": [320, 18_496, 8_224, 129],
    "deep_cnn": [320, 18_496, 73_856, 32_832, 8_224, 129],
    "resnet": [320, 64, 9_248, 9_248, 36_992, 256, 147_584, 147_584, 65_568, 64, 9_248, 9_248, 129],
}
TOTALS = {"simple_cnn": 27_169, "deep_cnn": 133_857, "resnet": 435_553}
LATENT = {"simple_cnn": (64, 64, 64), "deep_cnn": (128, 32, 32), "resnet": (128, 32, 32)}


@pytest.mark.parametrize("name", LAYERS)
def test_the_reports_nets_layer_for_layer(name):
    net = build_model(name)
    layers = [sum(p.numel() for p in m.parameters()) for m in net.modules() if not list(m.children())]
    assert [count for count in layers if count] == LAYERS[name]
    assert sum(layers) == TOTALS[name]


@pytest.mark.parametrize("name", architectures())
def test_every_net_takes_slices_in_colour(name):
    net, images = build_model(name, 1, 3), torch.rand(2, 3, 64, 64)
    if not describe(name).learns:
        net.fit(images, torch.zeros(2, 1, 64, 64))
    with torch.inference_mode():
        assert net.eval()(images).shape == (2, 1, 64, 64)


@pytest.mark.parametrize("name", LATENT)
def test_the_reports_latent_image_at_256(name):
    net, smallest = build_model(name).eval(), []
    for module in net.modules():
        if isinstance(module, torch.nn.MaxPool2d):
            module.register_forward_hook(
                lambda _module, _input, output: smallest.append(tuple(output.shape[1:]))
            )
    with torch.inference_mode():
        net(torch.zeros(1, 1, 256, 256))
    assert smallest[-1] == LATENT[name]


@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_every_net_forward_and_backward(name, options):
    torch.manual_seed(0)
    net = build_model(name, **options)
    images = torch.randn(2, 1, 48, 64)
    logits = net(images)
    assert logits.shape == images.shape
    assert logits.dtype == torch.float32
    logits.square().mean().backward()
    for parameter_name, parameter in net.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert torch.isfinite(parameter.grad).all(), parameter_name
    net.eval()
    # In eval mode a slice's logits do not depend on its neighbours, but for rounding in 34 layers.
    with torch.inference_mode():
        torch.testing.assert_close(net(images)[:1], net(images[:1]), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", LEARNERS)
def test_every_net_has_the_channels_asked_for(name):
    with torch.inference_mode():
        assert build_model(name, outputs=3).eval()(torch.zeros(1, 1, 64, 64)).shape == (1, 3, 64, 64)


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNERS)
def test_every_net_fits_one_slice(name):
    torch.manual_seed(0)
    net = build_model(name)
    image = torch.randn(1, 1, 64, 64)
    mask = torch.zeros_like(image)
    mask[..., 16:48, 16:48] = 1
    image = image * 0.3 + 2 * mask
    optimizer = torch.optim.Adam(net.parameters(), 0.003)
    losses = []
    for _ in range(40):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(net(image), mask)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_deep_supervision_adds_the_logits_of_every_level_while_training():
    torch.manual_seed(0)
    net, images = (
        build_model("unet", 3, width=4, depth=3, stem=2, deep_supervision=True),
        torch.randn(2, 1, 64, 64),
    )
    sizes = [tuple(each.shape) for each in net(images)]
    assert sizes == [(2, 3, 64, 64), (2, 3, 16, 16), (2, 3, 8, 8)]
    sum(each.square().mean() for each in net(images)).backward()
    assert all(parameter.grad is not None for parameter in net.parameters())
    assert net.eval()(images).shape == (2, 3, 64, 64)


def test_renet_sees_the_whole_slice_and_simple_cnn_does_not():
    def reach(name):
        torch.manual_seed(0)
        net, image = build_model(name), torch.randn(1, 1, 128, 128, requires_grad=True)
        net(image)[0, 0, 64, 64].backward()
        rows = image.grad[0, 0].abs().sum(1).nonzero()
        return int(rows.max() - rows.min() + 1)

    assert reach("renet") > 120
    assert reach("simple_cnn") <= 10


def test_location_prior_by_hand():
    net = build_model("location_prior")
    masks = torch.tensor([[[[0.0, 1.0]]], [[[0.0, 0.0]]]])
    net.fit(torch.zeros_like(masks), masks)
    torch.testing.assert_close(
        torch.sigmoid(net(torch.randn(3, 1, 1, 2)))[2, 0, 0], torch.tensor([1e-4, 0.5])
    )


def test_nearest_slice_copies_the_mask_whatever_the_brightness():
    torch.manual_seed(0)
    net = build_model("nearest_slice")
    images, masks = torch.rand(4, 1, 64, 64), (torch.rand(4, 1, 64, 64) < 0.1).float()
    net.fit(images, masks)
    query = 0.5 * images[[2, 0]] + 0.1
    assert torch.equal((net(query) > 0).float(), masks[[2, 0]])


def test_baselines_tell_classes_apart():
    prior, nearest = (build_model(name, outputs=3) for name in ("location_prior", "nearest_slice"))
    masks = torch.tensor([[[[0.0, 1.0]]], [[[2.0, 1.0]]], [[[0.0, 2.0]]], [[[0.0, 0.0]]]])
    prior.fit(torch.zeros_like(masks), masks)
    # Of four slices, background has 3 and 1, the first class 0 and 2, the second 1 and 1.
    expected = torch.tensor([[0.75, 0.25], [0, 0.5], [0.25, 0.25]])
    found = torch.softmax(prior(torch.randn(5, 1, 1, 2)), dim=1)
    torch.testing.assert_close(found[4, :, 0], expected, atol=1e-3, rtol=0)
    torch.manual_seed(0)
    images, masks = torch.rand(4, 1, 64, 64), torch.randint(0, 3, (4, 1, 64, 64)).float()
    nearest.fit(images, masks)
    assert torch.equal(nearest(images[[2, 0]]).argmax(1, keepdim=True).float(), masks[[2, 0]])


def test_params_yaml_builds_every_model_it_names():
    for name, model in load_params().models.items():
        assert build_model(model.architecture, **model.options) is not None, name


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("u_net", {}, "architecture: 'u_net' is not one of deep_cnn, .*unet"),
        ("registry", {}, "is not one of"),
        ("../unet", {}, "is not one of"),
        ("unet", {"widht": 8}, "widht: unknown option of unet; it has: width, depth, dropout"),
        ("unet", {"width": "8"}, "width: .*integer.*'8'"),
        ("unet", {"width": 0}, "width: .*greater than or equal to 1"),
        ("unet", {"depth": 7}, "depth: .*1, 2, 3 or 4"),
        ("renet", {"cell": "lstm"}, "cell: .*'rnn' or 'gru'"),
        ("resnet", {"dropout": 1.0}, "dropout: .*less than 1"),
        ("simple_cnn", {"width": 8}, "it has: none"),
    ],
)
def test_bad_options_are_named(name, options, message):
    with pytest.raises(ValueError, match=message):
        build_model(name, **options)
