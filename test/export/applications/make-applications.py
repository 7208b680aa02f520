"""Writes what the models of keras.applications compute, with weights that any language can make again.

    python make-applications.py 3               # Keras 3:  keras3.json and topologies/keras3-*.json.gz
    python make-applications.py 2               # tf_keras: keras2.json and topologies/keras2-*.json.gz
    python make-applications.py 3 VGG16 ResNet50                  # only these; the others keep their lines
    python make-applications.py 3 --files FOLDER                  # the model files too, .keras and .h5
    python make-applications.py 3 --check                         # compare with what is written, write nothing

Weights, statistics and inputs are integers of a hash, scaled; formula.ts says the same in TypeScript, bit for bit.
What keeps activations in range is one number a BatchNormalization, the mean square of what it normalises, found by
one run and written down beside the outputs. Images are as small as the families allow, and
neither square nor even.

Made with Keras 3.15.1 and tf_keras 2.21.0 on TensorFlow 2.21 (CPU).
"""

import argparse
import gc
import gzip
import json
import os
import sys
from math import prod, sqrt

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
CLASSES = 24
BATCH = 7

SMALL, LARGE = (35, 37), (77, 79)
MOBILE = {"MobileNet": {"alpha": 0.25}, "MobileNetV2": {"alpha": 0.35}, "MobileNetV3Small": {"alpha": 0.75},
          "MobileNetV3Large": {"alpha": 0.75}}
# Family: its models, the smallest first. Each name is an attribute of keras.applications.
BOTH = {
    "VGG": ["VGG16", "VGG19"],
    "ResNet": ["ResNet50", "ResNet101", "ResNet152"],
    "ResNetV2": ["ResNet50V2", "ResNet101V2", "ResNet152V2"],
    "InceptionV3": ["InceptionV3"],
    "InceptionResNetV2": ["InceptionResNetV2"],
    "Xception": ["Xception"],
    "MobileNet": ["MobileNet"],
    "MobileNetV2": ["MobileNetV2"],
    "MobileNetV3": ["MobileNetV3Small", "MobileNetV3Large"],
    "EfficientNet": [f"EfficientNetB{i}" for i in range(8)],
    "EfficientNetV2": [f"EfficientNetV2{s}" for s in ("B0", "B1", "B2", "B3", "S", "M", "L")],
    "NASNet": ["NASNetMobile", "NASNetLarge"],
    "DenseNet": ["DenseNet121", "DenseNet169", "DenseNet201"],
    "ConvNeXt": [f"ConvNeXt{s}" for s in ("Tiny", "Small", "Base", "Large", "XLarge")],
}
SIZES = ["002", "004", "006", "008", "016", "032", "040", "064", "080", "120", "160", "320"]
KERAS2_ONLY = {
    "ResNetRS": [f"ResNetRS{depth}" for depth in (50, 101, 152, 200, 270, 350, 420)],
    "RegNetX": [f"RegNetX{size}" for size in SIZES],
    "RegNetY": [f"RegNetY{size}" for size in SIZES],
}
# Families that scale their pixels themselves.
TAKES_PIXELS = ("MobileNetV3", "EfficientNet", "ConvNeXt", "RegNet", "ResNetRS")


def hashed(seed, size):
    """`size` integers of 32 bits: MurmurHash3's finaliser of k + seed · 0x9E3779B9."""
    h = np.arange(size, dtype=np.uint32) + np.uint32(seed * 0x9E3779B9 % 2**32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        h ^= h >> np.uint32(shift)
        h *= np.uint32(factor)
    return h ^ (h >> np.uint32(16))


def uniform(seed, shape, centre, reach):
    """centre + reach · u with u of 24 bits in [-1, 1), in float64, rounded to float32 once."""
    u = (hashed(seed, prod(shape)) >> np.uint32(8)) * 2.0**-23 - 1
    return (centre + reach * u).astype("float32").reshape(shape)


def weight(kind, seed, shape, square):
    """`square` is the mean square of what a BatchNormalization normalises."""
    if kind == "moving_mean":
        return uniform(seed, shape, 0, 0.25 * sqrt(square))
    if kind == "moving_variance":
        return uniform(seed, shape, square, 0.5 * square)
    if kind == "variance":
        return uniform(seed, shape, 1, 0.5)
    if kind == "gamma":
        return uniform(seed, shape, 1, 0.25)
    if kind in ("bias", "beta", "mean"):
        return uniform(seed, shape, 0, 0.2)
    if kind == "count":
        return np.zeros(shape, "int64")
    # Keras 3 calls a depthwise kernel, [h, w, C, multiplier], a kernel too; its multiplier is 1 in all these models.
    depthwise = "depthwise" in kind or (len(shape) == 4 and shape[3] == 1)
    fan = prod(shape[:2]) if depthwise else prod(shape[:-1])
    return uniform(seed, shape, 0, sqrt(6 / fan))


def pixels(shape):
    """Noise on squares of 16 points, each sample with squares of its own: images, not only noise, tell samples apart."""
    samples, height, width, channels = shape
    noise = (hashed(0, prod(shape)) >> np.uint32(25)).reshape(shape)
    rows, columns = -(-height // 16), -(-width // 16)
    squares = (hashed(1 << 20, samples * rows * columns * channels) >> np.uint32(25)).reshape(samples, rows, columns, channels)
    coarse = squares.repeat(16, 1).repeat(16, 2)[:, :height, :width]
    return (noise + coarse).astype("uint8")


def input_of(name, shape):
    x = pixels(shape)
    return x.astype("float32") if name.startswith(TAKES_PIXELS) else (x / 127.5 - 1).astype("float32")


def leaves(model):
    """All layers that are no models, nested ones in the place of their model."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from leaves(layer)
        else:
            yield layer


def weights_of(model):
    """[variable, its layer, its kind], in the order of the layers; the place in this list is the seed, from 1 on."""
    listed = []
    for layer in leaves(model):
        for variable in layer.weights:
            kind = variable.name.split("/")[-1].split(":")[0]
            if not kind.startswith("seed_generator"):
                listed.append((variable, layer, kind))
    return listed


def assign(listed, squares):
    for index, (variable, layer, kind) in enumerate(listed):
        variable.assign(weight(kind, index + 1, tuple(variable.shape), squares.get(layer.name, 1)))
        if kind == "count":
            layer.finalize_state()


def mean_squares(model, name):
    """What each BatchNormalization normalises, found from the input on: each is set before the next one is seen."""
    squares = {}

    def seen(layer, seeds, call):
        def first(x, *rest, **named):
            square = squares.setdefault(layer.name, float(f"{float(np.mean(np.square(np.asarray(x, 'float64')))):.3g}"))
            for (variable, kind), seed in seeds:
                variable.assign(weight(kind, seed, tuple(variable.shape), square))
            return call(x, *rest, **named)
        return first

    listed = weights_of(model)
    assign(listed, {})
    norms = [layer for layer in leaves(model) if layer.__class__.__name__ == "BatchNormalization"]
    for layer in norms:
        seeds = [((v, kind), i + 1) for i, (v, owner, kind) in enumerate(listed) if owner is layer]
        layer.call = seen(layer, seeds, layer.call)
    if norms:
        model(input_of(name, (BATCH, *model.input_shape[1:])), training=False)
    for layer in norms:
        del layer.call
    return squares


def build(applications, name):
    size = LARGE if name.startswith(("Inception", "Xception")) else SMALL
    return getattr(applications, name)(weights=None, classes=CLASSES, input_shape=(*size, 3), **MOBILE.get(name, {}))


def golden(model, name):
    x = input_of(name, (BATCH, *model.input_shape[1:]))
    y = np.asarray(model(x, training=False)).astype("float64")
    first, last = y[0], y[-1]
    reach = np.abs(y).max()
    assert np.isfinite(y).all() and np.ptp(y, axis=0).max() > 5e-3 * reach, f"{name}: the output ignores its input"
    return [[float(f"{v:.8g}") for v in sample] for sample in (first, last)]


def record(keras, name, squares=None):
    """Everything about one model but its weights."""
    model = build(keras.applications, name)
    listed = weights_of(model)
    squares = mean_squares(model, name) if squares is None else squares
    assign(listed, squares)
    entry = {"input": list(model.input_shape[1:]), "pixels": name.startswith(TAKES_PIXELS),
             "parameters": sum(prod(v.shape) for v, _, _ in listed), "outputs": golden(model, name), "squares": squares}
    return model, listed, entry


def write_topology(path, model, listed, version):
    topology = {"model_config": json.loads(model.to_json()), "keras_version": version}
    weights = [[layer.name, kind, list(v.shape)] for v, layer, kind in listed]
    text = json.dumps({"topology": topology, "weights": weights}, separators=(",", ":"))
    with open(path, "wb") as file:
        file.write(gzip.compress(text.encode(), 9, mtime=0))


def check(name, entry, known):
    a, b = (np.array(e["outputs"]) for e in (entry, known))
    error = np.abs(a - b).max() / np.abs(b).max()
    print(f"{name:20} {error:.1e}", flush=True)
    return error <= 1e-5


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("generation", choices=["2", "3"])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--files", metavar="FOLDER")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if options.generation == "3":
        import keras
    else:
        import tf_keras as keras
    families = {**BOTH, **(KERAS2_ONLY if options.generation == "2" else {})}
    listing = os.path.join(HERE, f"keras{options.generation}.json")
    known = json.load(open(listing))["models"] if os.path.exists(listing) else {}
    wanted = [n for family in families.values() for n in family if not options.names or n in options.names]
    good = True
    for name in wanted:
        model, listed, entry = record(keras, name, known[name]["squares"] if options.check or options.files and name in known else None)
        if options.check:
            good = check(name, entry, known[name]) and good
        elif not options.files or name not in known:
            known[name] = entry
            write_listing(listing, keras.__version__, families, known)
            if any(family[0] == name for family in families.values()):
                topology = f"keras{options.generation}-{name}.json.gz"
                write_topology(os.path.join(HERE, "topologies", topology), model, listed, keras.__version__)
        if options.files:
            for ending in ("keras", "h5"):
                model.save(os.path.join(options.files, f"keras{options.generation}-{name}.{ending}"))
        print(f"{name:20} {entry['parameters'] / 1e6:6.1f} M", flush=True)
        del model, listed, entry
        keras.backend.clear_session()
        gc.collect()
    sys.exit(0 if good else 1)


def write_listing(path, version, families, known):
    order = [name for family in families.values() for name in family if name in known]
    lines = ",\n".join(f"{json.dumps(n)}: {json.dumps(known[n], separators=(',', ':'))}" for n in order)
    with open(path, "w") as file:
        file.write(f'{{"framework": "Keras {version}", "models": {{\n{lines}\n}}}}\n')


main()
