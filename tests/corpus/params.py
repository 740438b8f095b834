"""Bad values of params.yaml, and files that are no params.yaml."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from corpus import Case, Kind

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "params.yaml").read_text(encoding="utf-8")
FILE = "params.yaml"
LONG = "x" * 65
INT64 = "99999999999999999999"

# The text in params.yaml, what takes its place, and what is wrong with it.
VALUES = [
    ("seed: 0        #", "seed: -1  #", "seed: input should be greater than or equal to 0, not -1"),
    ("seed: 0        #", "seed: 1.5  #", "seed: input should be a valid integer, not 1.5"),
    ("seed: 0        #", f"seed: {INT64}  #", f"seed: input should be less than 2147483648, not {INT64}"),
    ("seed: 0        #", "seed: 1e30  #", "seed: input should be a valid integer*"),
    ("seed: 0        #", "seed: 'zero'  #", "seed: input should be a valid integer, not 'zero'"),
    ("seed: 0        #", "sed: 0  #", "seed: missing key; sed: unknown key"),
    ("data: phantom", "data: fantom", "data: 'fantom' is not one of phantom, kaggle, archive"),
    ("data: phantom", "data: [phantom]", "data: input should be a valid string, not ['phantom']"),
    ("model: unet ", "model: Unet ", "model: 'Unet' is not one of location_prior, *"),
    ("model: unet ", "model: null ", "model: input should be a valid string, not None"),
    ("kind: phantom, seed: 0", "kind: fantom, seed: 0", "datasets.phantom.source: input tag 'fantom' *"),
    ("kind: phantom, seed: 0", f"kind: phantom, seed: {INT64}", "datasets.phantom.source.seed: *"),
    ("patients: 32", "patients: 5", "datasets.phantom.source.patients: *greater than or equal to 6, not 5"),
    ("patients: 32", "patients: 1e308", "datasets.phantom.source.patients: *valid integer*"),
    ("slices_per_patient: 5", "slices_per_patient: 0", "datasets.phantom.source.slices_per_patient: *not 0"),
    ("native_size: 256", "native_size: 100000", "datasets.phantom.source.native_size: *1024, not 100000"),
    ("labels: mixed", "labels: box", "datasets.phantom.source.labels: *not 'box'"),
    ("boxes: keep    ", "boxes: ellipse  ", "datasets.phantom.boxes: *'keep' or 'grabcut', not 'ellipse'"),
    ("boxes: keep    ", "boxes: true  ", "datasets.phantom.boxes: *not True"),
    ("version: 1\n", f"version: {INT64}\n", "datasets.kaggle.source.version: *1000000, not *"),
    ("handle: pkdarabi/", "handle: ../../", "datasets.kaggle.source.handle: *match pattern*"),
    ("digest: cabf53", "digest: zabf53", "datasets.kaggle.source.digest: *match pattern*"),
    ("path: data/archive.zip", "path: ''", "datasets.archive.source.path: *at least 1 character*"),
    (
        "path: data/archive.zip",
        r'path: "a\0b"',
        "*.path: *cannot be shown*",
    ),
    (
        "path: data/archive.zip",
        r'path: "a\e[31mb"',
        "*.path: *cannot be shown*",
    ),
    ("path: data/archive.zip", f"path: {'x' * 1001}", "datasets.archive.source.path: *at most 1000*"),
    ("sha256: null", "sha256: 12", "datasets.archive.source.sha256: input should be a valid string, not 12"),
    ("size: 10, gap: 2", "size: 0, gap: 2", "datasets.phantom.blocks.size: *greater than or equal to 1, *"),
    ("size: 10, gap: 2", f"size: 10, gap: {INT64}", "datasets.phantom.blocks.gap: *1000000000, not *"),
    (
        "image_size: 64                #",
        "image_size: 100  #",
        "datasets.phantom.image_size: *multiple of 32*",
    ),
    ("image_size: 64                #", "image_size: 65536  #", "datasets.phantom.image_size: *1024, not *"),
    ("image_size: 64                #", "image_size: 0  #", "datasets.phantom.image_size: *32, not 0"),
    ("  phantom:     # gen", f"  {LONG}:  # gen", f"datasets.{LONG}: *at most 64 characters*"),
    ("preprocess: [normalise]", "preprocess: [normalize]", "preprocess.0: input should be 'crop', *"),
    ("preprocess: [normalise]", "preprocess: normalise", "preprocess: input should be a valid list, *"),
    ("strategy: auto  #", "strategy: random  #", "split.strategy: input should be *, not 'random'"),
    ("folds: 8 ", "folds: 2 ", "split.folds: *greater than or equal to 3, not 2"),
    ("folds: 8 ", "folds: 1e30 ", "split.folds: input should be a valid integer*"),
    ("fold: 0 ", "fold: 8 ", "split.fold: 8 is not below folds, which is 8"),
    ("fail_on: []", "fail_on: [siblings]", "audit.fail_on.0: input should be *, not 'siblings'"),
    ("hflip: 0.5", "hflip: 1.5", "augment.hflip: *less than or equal to 1, not 1.5"),
    ("hflip: 0.5", "hflip: .nan", "augment.hflip: *not nan"),
    ("vflip: 0.0", "vflip: -0.1", "augment.vflip: *greater than or equal to 0, not -0.1"),
    ("rotate: 15", "rotate: 181", "augment.rotate: *less than or equal to 180, not 181"),
    ("scale: 0.0", "scale: 1.0", "augment.scale: *less than 1, not 1.0"),
    ("translate: 0.0", "translate: .inf", "augment.translate: *not inf"),
    ("gamma: 0.0", "gamma: 1e30", "augment.gamma: *less than or equal to 10, not 1e+30"),
    ("brightness: 0.0", "brightness: yes", "augment.brightness: input should be a valid number, not 'yes'"),
    ("elastic: 0.0", "elastic: 0.2", "augment.elastic: *less than or equal to 0.1, not 0.2"),
    ("paste: 0.0", "paste: true", "augment.paste: input should be a valid number, not True"),
    ("boxes: false", "boxes: 0", "augment.boxes: input should be a valid boolean, not 0"),
    ("pos_weight: auto", "pos_weight: car", "loss.pos_weight: *not 'car'*"),
    ("pos_weight: auto", "pos_weight: 1e308", "loss.pos_weight: *1048576, not 1e+308"),
    ("pos_weight: auto", "pos_weight: 0", "loss.pos_weight: *greater than 0, not 0"),
    ("batch_size: 8", "batch_size: 0", "train.batch_size: *greater than or equal to 1, not 0"),
    ("batch_size: 8", "batch_size: 1000000", "train.batch_size: *4096, not 1000000"),
    ("lr: 0.002", "lr: 0", "train.lr: input should be greater than 0, not 0"),
    ("lr: 0.002", "lr: 1e30", "train.lr: input should be less than or equal to 10, not 1e+30"),
    ("lr: 0.002", "lr: .nan", "train.lr: *not nan"),
    ("weight_decay: 0.01", "weight_decay: 1e308", "train.weight_decay: *100, not 1e+308"),
    ("ema: 0.0", "ema: 1", "train.ema: input should be less than 1, not 1"),
    ("patience: 10 ", "patience: 1e9 ", "train.patience: *valid integer*"),
    ("beta: 1.0", "beta: 1e30", "evaluate.beta: *less than or equal to 100, not 1e+30"),
    ("flip: none", "flip: both", "evaluate.flip: input should be *, not 'both'"),
    ("siblings: 0", f"siblings: {INT64}", f"evaluate.siblings: *1000, not {INT64}"),
    ("neighbors: 0", f"neighbors: {INT64}", f"evaluate.neighbors: *1000, not {INT64}"),
    (
        "valid_votes: false",
        "valid_votes: true",
        "evaluate.valid_votes: nobody is asked, *",
    ),
    (
        "per_slice: false",
        "per_slice: maybe",
        "evaluate.per_slice: input should be a valid boolean, not 'maybe'",
    ),
    ("accelerator: auto", "accelerator: tpu", "compute.accelerator: input should be *, not 'tpu'"),
    ("precision: auto", "precision: 16", "compute.precision: input should be *, not 16"),
    ("workers: 0", "workers: 2000", "compute.workers: *128, not 2000"),
    ("workers: 0", "workers: -1", "compute.workers: *greater than or equal to 0, not -1"),
    ("architecture: simple_cnn", "architecture: os", "models.simple_cnn.architecture: 'os' is not one of *"),
    (
        "architecture: simple_cnn",
        "architecture: ../x",
        "models.simple_cnn.architecture: '../x' is not one of *",
    ),
    ("simple_cnn, loss: bce_dice", "simple_cnn", "models.simple_cnn.loss: missing; choose one of bce, *"),
    ("simple_cnn, loss: bce_dice", "simple_cnn, loss: mse", "models.simple_cnn.loss: input should be *"),
    ("location_prior}", "location_prior, loss: bce}", "*location_prior learns nothing, so it takes none"),
    ("location_prior}", "location_prior, members: 2}", "*members: location_prior learns nothing, *"),
    ("width: 16, depth: 4", "width: 1e9, depth: 4", "models.unet.width: *valid integer*"),
    ("width: 16, depth: 4", "width: 1000000, depth: 4", "models.unet.width: *1024, not 1000000"),
    ("width: 16, depth: 4", "width: 16, depth: 9", "models.unet.depth: input should be 1, 2, 3 or 4, not 9"),
    ("width: 16, depth: 4", "wide: 16", "models.unet.wide: unknown option of unet; it has: width, *"),
    ("width: 16, depth: 4", "members: 1000000", "models.unet.members: *100, not 1000000"),
    ("width: 16, depth: 4", f"epochs: {INT64}", "models.unet.epochs: *1000000, not *"),
    ("width: 16, depth: 4", "train: {lr: 1e30}", "models.unet.train.lr: *10, not 1e+30"),
    ("width: 16, depth: 4", "augment: {hflip: 2}", "models.unet.augment.hflip: *1, not 2"),
    ("dropout: 0.2", "dropout: 1", "models.resnet.dropout: *less than 1, not 1"),
    ("hidden: 32", "hidden: 0", "models.renet.hidden: *greater than or equal to 1, not 0"),
    ("  unet: {", f"  {LONG}: {{", "*at most 64 characters*"),
    ("  unet: {", "  ../x: {", "*match pattern*"),
    ("  unet: {", '  "a\\e[31mb": {', "*match pattern*"),
    (
        "  unet: {",
        "  Simple_CNN: {architecture: simple_cnn, loss: bce}\n  unet: {",
        "models: * differ in case alone",
    ),
    ("ensembles: {}", "ensembles: []", "ensembles: input should be a valid dictionary*"),
    ("ensembles: {}", "ensembles: {two: {first: unet}}", "ensembles.two.second: missing key"),
    (
        "ensembles: {}",
        "ensembles: {two: {first: unet, second: unit}}",
        "ensembles.two.second: 'unit' is not one of *",
    ),
    (
        "ensembles: {}",
        "ensembles: {two: {first: unet, second: location_prior}}",
        "*second: 'location_prior' is not one of *: models that learn, and ensembles further up",
    ),
    (
        "ensembles: {}",
        "ensembles: {two: {first: unet, second: two}}",
        "ensembles.two.second: 'two' is not one of *",
    ),
    (
        "ensembles: {}",
        "ensembles: {two: {first: unet, second: unet}}",
        "ensembles.two: unet is in both parts",
    ),
    (
        "ensembles: {}",
        "ensembles: {unet: {first: renet, second: resnet}}",
        "ensembles: unet is the name of a model; choose another",
    ),
    ("ensembles: {}", "ensembles: {../x: {first: unet, second: renet}}", "*match pattern*"),
]

# Files that are no params.yaml.
FILES = [
    ("empty", "", "input should be a valid dictionary or instance of Params"),
    ("a text", "hello", "input should be a valid dictionary or instance of Params"),
    ("a list", "[1, 2]", "input should be a valid dictionary or instance of Params"),
    ("not UTF-8", b"seed: \xff\xfe", "not YAML: 'utf-8' codec can't decode *"),
    ("a zero byte", "a: \0", "not YAML: unacceptable character *"),
    ("a key twice", "a: 1\na: 2", "not YAML: *found duplicate key*"),
    ("a bracket left open", "a: [1", "not YAML: *"),
    ("two documents", "a: 1\n---\nb: 2", "not YAML: expected a single document*"),
    ("code", "a: !!python/object:os.system x", "not YAML: could not determine a constructor for the tag *"),
    ("a date that is none", "a: 2001-99-99", "not YAML: month must be in 1..12"),
    ("a number of 5,000 digits", "a: " + "9" * 5000, "not YAML: Exceeds the limit (4300 digits)*"),
    ("a list as a key", "? {a: 1}\n: b", "not YAML: *found unhashable key*"),
    ("an alias of nothing", "a: *b", "not YAML: found undefined alias*"),
    ("brackets 20,000 deep", "a: " + "[" * 20_000, "not YAML that is meant: nested too deeply, *"),
    ("blocks 20,000 deep", "- " * 20_000, "not YAML that is meant: nested too deeply, *"),
    ("a list within itself", "a: &a [*a]", "not YAML that is meant: nested too deeply, or within itself"),
    (
        "aliases of aliases, 9¹² values",
        "a: &a ["
        + "x," * 9
        + "]\n"
        + "".join(f"{b}: &{b} [{f'*{a},' * 9}]\n" for a, b in pairwise("abcdefghijkl")),
        "has over 20000 values, aliases written out; is it another file?",
    ),
    ("100 MB", "#" * 10**8, "has over 64 kB; is it another file?"),
]


def _replaced(old: str, new: str) -> Callable[[Path], object]:
    assert TEXT.count(old) >= 1, old
    return lambda folder: (folder / FILE).write_text(TEXT.replace(old, new, 1), encoding="utf-8")


def _whole(content: str | bytes) -> Callable[[Path], object]:
    data = content if isinstance(content, bytes) else content.encode()
    return lambda folder: (folder / FILE).write_bytes(data)


def _shown(new: str) -> str:
    text = " ".join(new.split("#")[0].split())
    text = text.replace(LONG, "name-of-65-characters")
    return f"`{text if len(text) <= 60 else text[:59] + '…'}`"


KINDS = [
    Kind(
        "Values of params.yaml",
        "`stages/validate.py`",
        [Case(_shown(new), f"{FILE}: {line}", _replaced(old, new)) for old, new, line in VALUES],
    ),
    Kind(
        "Files in place of params.yaml",
        "`stages/validate.py`",
        [Case(what, f"{FILE}: {line}", _whole(content)) for what, content, line in FILES],
    ),
]
