import re
import subprocess
import sys

import pytest

from tumorseg.errors import UserError
from tumorseg.params import load_params

ENSEMBLES = "ensembles: {}"
CATEGORIES = 'tumor_categories: ["0", "1"]  #'


@pytest.fixture
def edited(root, tmp_path):
    """Return a function that replaces one line's value in a copy of the real params.yaml and loads it."""

    def load(old: str, new: str):
        text = (root / "params.yaml").read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} is in params.yaml {text.count(old)} times"
        path = tmp_path / "params.yaml"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return load_params(path)

    return load


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("model: unet ", "model: foo ", "model: 'foo' is not one of location_prior, .*unet"),
        ("data: phantom ", "data: foo ", "data: 'foo' is not one of phantom, kaggle, archive"),
        ("batch_size: 8", "batch_size: abc", "train.batch_size: .*integer, not 'abc'"),
        ("batch_size: 8", "batch_size: 8.0", "train.batch_size: .*integer, not 8.0"),
        ("batch_size: 8", "batch_size: true", "train.batch_size: .*integer, not True"),
        ("batch_size: 8", "batch_size: 0", "train.batch_size: .*greater than or equal to 1, not 0"),
        ("batch_size: 8", "batchsize: 16", "train.batch_size: missing key"),
        ("  ranks: 1 ", "  ranks: 3 ", "train.ranks: 3 does not divide batch_size, 8"),
        (
            "simple_cnn, loss: bce_dice}",
            "simple_cnn, loss: bce_dice, train: {ranks: 4, batch_size: 6}}",
            "models.simple_cnn.train.ranks: 4 does not divide batch_size, 6",
        ),
        ("batch_size: 8", "batch_size: 8\n  colour: red", "train.colour: unknown key"),
        ("seed: 0        #", "seed: -1       #", "seed: .*greater than or equal to 0"),
        ("fail_on: []", "fail_on: [boxes, foo]", "audit.fail_on.1: .*'siblings_test'.* or .*, not 'foo'"),
        ("fail_on: []", "fail_on: boxes", "audit.fail_on: .*list, not 'boxes'"),
        ("hflip: 0.5", "hflip: 1.5", "augment.hflip: .*less than or equal to 1"),
        ("lr: 0.002", "lr: .nan", "train.lr: .*"),
        ("lr: 0.002", "lr: .inf", "train.lr: .*finite"),
        ("weight_decay: 0.01", "weight_decay: .inf", "train.weight_decay: .*finite"),
        ("pos_weight: auto", "pos_weight: lots", "loss.pos_weight: .*"),
        ("pos_weight: auto", "pos_weight: 0", "loss.pos_weight: .*greater than 0"),
        (
            "strategy: auto ",
            "strategy: patients ",
            "split.strategy: .*'auto', 'shipped', 'blocks' or 'similar'",
        ),
        ("folds: 8 ", "folds: 2 ", "split.folds: .*greater than or equal to 3"),
        ("fold: 0 ", "fold: 8 ", "split.fold: 8 is not below folds, which is 8"),
        ("{size: 10, gap: 2}", "{size: 10, gap: -1}", "datasets.phantom.blocks.gap: .*greater than or"),
        (
            CATEGORIES,
            'tumor_categories: {a: ["0"]}  #',
            "datasets.phantom.tumor_categories: .*at least 2 items",
        ),
        (
            CATEGORIES,
            'tumor_categories: {a: ["0"], b: []}  #',
            "datasets.phantom.tumor_categories.b: .*at least",
        ),
        (
            CATEGORIES,
            'tumor_categories: {a: ["0", "2"], b: ["1", "0"]}  #',
            "datasets.phantom.tumor_categories.b: '0' belongs to a already$",
        ),
        (
            CATEGORIES,
            'tumor_categories: {a: ["0"], b: "1"}  #',
            "datasets.phantom.tumor_categories.b: .*list",
        ),
        (
            CATEGORIES,
            'tumor_categories: {a b: ["0"], c: ["1"]}  #',
            "datasets.phantom.tumor_categories.a b: .*match",
        ),
        (
            CATEGORIES,
            'tumor_categories: {background: ["0"], c: ["1"]}  #',
            "datasets.phantom.tumor_categories.back",
        ),
        (CATEGORIES, "tumor_categories: [0]  #", "datasets.phantom.tumor_categories.0: .*string, not 0$"),
        ("beta: 1.0", "beta: 0", "evaluate.beta: .*greater than 0"),
        ("accelerator: auto", "accelerator: tpu", "compute.accelerator: .*'auto', 'cpu', 'gpu' or 'mps'"),
        ("{kind: phantom,", "{kind: fantom,", "datasets.phantom.source: .*'phantom', 'archive', 'kaggle'"),
        ("{kind: phantom, seed: 0,", "{kind: phantom,", "datasets.phantom.source.seed: missing key"),
        ("handle: pkdarabi/", "handle: ../", "datasets.kaggle.source.handle"),
        ("architecture: unet,", "architecture: u_net,", "models.unet.architecture: 'u_net' is not one of"),
        ("width: 16", "width: wide", "models.unet.width: .*integer, not 'wide'"),
        ("width: 16", "breadth: 16", "models.unet.breadth: unknown option of unet; it has: width"),
        (
            "{architecture: simple_cnn, loss: bce_dice}",
            "{architecture: simple_cnn}",
            "models.simple_cnn.loss: missing",
        ),
        (
            "{architecture: simple_cnn, loss: bce_dice}",
            "{architecture: simple_cnn, loss: hinge}",
            "models.simple_cnn.loss",
        ),
        (
            "{architecture: nearest_slice}",
            "{architecture: nearest_slice, loss: bce}",
            "models.nearest_slice.loss: nearest_slice learns nothing",
        ),
        (
            "{architecture: nearest_slice}",
            "{architecture: nearest_slice, members: 2}",
            "models.nearest_slice.members: nearest_slice learns nothing",
        ),
        ("width: 16", "width: 16, members: 0", "models.unet.members: .*greater than or equal to 1"),
        (
            "preprocess: [normalise]",
            "preprocess: [blur]",
            "preprocess.0: .*'crop', 'pad', 'clahe' or 'normalise'",
        ),
        ("siblings: 0", "siblings: -1", "evaluate.siblings: .*greater than or equal to 0"),
        ("neighbors: 0", "neighbors: -1", "evaluate.neighbors: .*greater than or equal to 0"),
        ("  unet: {", "  ../unet: {", "models"),
        ("width: 16", "width: 16, train: {lr: fast}", "models.unet.train.lr: .*number, not 'fast'"),
        ("width: 16", "width: 16, train: {lr: -1.0}", "models.unet.train.lr: .*greater than 0"),
        ("width: 16", "width: 16, train: {speed: 2}", "models.unet.train.speed: unknown key"),
        ("width: 16", "width: 16, augment: {hflip: 2.0}", "models.unet.augment.hflip: .*less than or equal"),
        ("width: 16", "width: 16, epochs: 0", "models.unet.epochs: .*greater than or equal to 1"),
        (ENSEMBLES, "ensembles: {a: {first: unet, second: 3}}", "ensembles.a.second: .*string, not 3"),
        (ENSEMBLES, "ensembles: {a: {first: unet, second: renet, third: b}}", "ensembles.a.third: unknown"),
        (
            ENSEMBLES,
            "ensembles: {a: {first: unet, second: foo}}",
            "ensembles.a.second: 'foo' is not one of simple_cnn, .*unet: models that learn, and ensembles",
        ),
        (
            ENSEMBLES,
            "ensembles: {a: {first: nearest_slice, second: unet}}",
            "ensembles.a.first: 'nearest_slice' is not one of simple_cnn, .*unet: models that learn",
        ),
        (ENSEMBLES, "ensembles: {a: {first: a, second: unet}}", "ensembles.a.first: 'a' is not one of"),
        (
            ENSEMBLES,
            "ensembles: {a: {first: b, second: unet}, b: {first: resnet, second: renet}}",
            "ensembles.a.first: 'b' is not one of .*, and ensembles further up",
        ),
        (
            ENSEMBLES,
            "ensembles: {a: {first: unet, second: renet}, b: {first: a, second: renet}}",
            "ensembles.b: renet is in both parts",
        ),
        (
            ENSEMBLES,
            "ensembles: {Resnet: {first: unet, second: renet}}",
            "ensembles: resnet and Resnet differ in case alone",
        ),
        (ENSEMBLES, "ensembles: {a b: {first: unet, second: renet}}", "ensembles.a b"),
    ],
)
def test_a_bad_value_is_one_line_that_names_key_and_value(edited, old, new, message):
    with pytest.raises(UserError) as caught:
        edited(old, new)
    assert "\n" not in str(caught.value)
    assert re.search(f"params.yaml: {message}", str(caught.value)), str(caught.value)


def test_numbers_are_read_as_dvc_writes_them(edited):
    assert edited("lr: 0.002", "lr: 1e-05").train.lr == 1e-5


def test_a_model_may_train_with_values_of_its_own(edited):
    params = edited("width: 16", "width: 16, epochs: 3, train: {lr: 0.1, ema: 0.9}, augment: {scale: 0.2}")
    model = params.models["unet"]
    assert model.options == {"width": 16, "depth": 4}
    own, common = params.train.changed(model.train), params.train
    assert (own.lr, own.ema, own.batch_size) == (0.1, 0.9, common.batch_size)
    assert params.augment.changed(model.augment) == params.augment.model_copy(update={"scale": 0.2})
    assert params.train.changed(params.models["resnet"].train) == common


def test_an_ensemble_may_be_delivered_and_joined_with_more(edited, tmp_path):
    joined = "ensembles: {a: {first: unet, second: renet}, b: {first: resnet, second: a}}"
    params = edited(ENSEMBLES, joined)
    made_of = [params.made_of(name) for name in ("resnet", "a", "b")]
    assert made_of == [["resnet"], ["unet", "renet"], ["resnet", "unet", "renet"]]
    assert params.ensemble_named("b").second == "a"
    with pytest.raises(UserError, match="ensembles: 'c' is not one of those there are: a, b"):
        params.ensemble_named("c")
    path = tmp_path / "params.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("model: unet ", "model: b "), encoding="utf-8")
    assert load_params(path).model == "b"


def test_classes_keep_the_order_they_are_written_in(edited):
    classes = edited(CATEGORIES, 'tumor_categories: {z: ["1"], a: ["0", "2"]}  #').dataset.tumor_categories
    assert list(classes.items()) == [("z", ["1"]), ("a", ["0", "2"])]


def test_all_mistakes_are_named_at_once(edited):
    with pytest.raises(UserError, match=r"train\.batch_size.*; .*train\.lr") as caught:
        edited("batch_size: 8\n  lr: 0.002", "batch_size: x\n  lr: y")
    assert "\n" not in str(caught.value)


def test_params_cannot_be_changed_after_reading():
    params = load_params()
    with pytest.raises(ValueError, match="frozen"):
        params.train.lr = 1.0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "not found"),
        ("a: [1", "not YAML"),
        ("a: 1\na: 2", "not YAML"),
        ("", "dictionary"),
        ("[1]", "dictionary"),
        ("\x00", "not YAML"),
    ],
)
def test_a_missing_or_broken_file_is_one_line(tmp_path, content, message):
    path = tmp_path / "params.yaml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message) as caught:
        load_params(path)
    assert "\n" not in str(caught.value)


def test_an_unknown_model_is_named_with_the_choices():
    with pytest.raises(UserError, match=r"models: 'foo' is not one of location_prior, .*unet"):
        load_params().model_named("foo")


def test_checking_params_waits_for_no_large_package():
    code = "import sys, tumorseg.params; print({'pandas', 'torch', 'sklearn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
