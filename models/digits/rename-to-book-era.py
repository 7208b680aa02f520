"""
Makes, from each form's `model-keras2.h5`, a file in the vocabulary of TensorFlow 1.13 and the alpha of 2.0:

  norm-before-activation/model-book-v1.h5   class BatchNormalizationV1, weights batch_normalization_v1/gamma:0, …
  norm-after-activation/model-book-v2.h5    class BatchNormalizationV2, weights batch_normalization_v2/gamma:0, …

Only names change: classes, layers, groups, weights, the stated version; and the input shape stands on the first layer
(`batch_input_shape`), where files of that time had it, not on an InputLayer. The numbers are the source's bytes, so
golden-keras2.json is the golden of these files too, and lists them.

  python models/digits/rename-to-book-era.py
"""

import json
from pathlib import Path

import h5py
import numpy as np

HERE = Path(__file__).resolve().parent
FILES = [
    ("norm-before-activation", "V1", "2.1.6-tf"),
    ("norm-after-activation", "V2", "2.2.4-tf"),
]


def renamed(name, suffix):
    return name.replace("batch_normalization", f"batch_normalization_{suffix.lower()}")


def book_config(config, suffix):
    """The Sequential config with the classes and layer names of the time, and without an InputLayer."""
    input_layer, *layers = config["config"]["layers"]
    for layer in layers:
        for key in ("module", "registered_name", "build_config"):
            layer.pop(key, None)
        layer["config"]["name"] = renamed(layer["config"]["name"], suffix)
        if layer["class_name"] == "BatchNormalization":
            layer["class_name"] += suffix
    layers[0]["config"]["batch_input_shape"] = input_layer["config"]["batch_input_shape"]
    return {"class_name": "Sequential", "config": {"name": config["config"]["name"], "layers": layers}}


def fixed_strings(names):
    return np.array([name.encode() for name in names])


def write_weights(source, target, suffix):
    target.attrs["layer_names"] = fixed_strings(renamed(layer, suffix) for layer in source.attrs["layer_names"])
    for layer, group in source.items():
        if layer == "top_level_model_weights":
            continue
        copy = target.create_group(renamed(layer, suffix))
        weights = group.attrs["weight_names"]
        copy.attrs["weight_names"] = fixed_strings(renamed(weight, suffix) for weight in weights)
        for weight in weights:
            copy[renamed(weight, suffix)] = group[weight][()]


def write_model(source, target, suffix, version):
    config = book_config(json.loads(source.attrs["model_config"]), suffix)
    target.attrs["model_config"] = json.dumps(config).encode()
    weights = target.create_group("model_weights")
    for group in (target, weights):
        group.attrs["keras_version"] = version.encode()
        group.attrs["backend"] = b"tensorflow"
    write_weights(source["model_weights"], weights, suffix)


def list_in_golden(path):
    golden_path = path.with_name("golden-keras2.json")
    golden = json.loads(golden_path.read_text())
    golden["files"] = ["model-keras2.h5", path.name]
    golden_path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


def main():
    for form, suffix, version in FILES:
        path = HERE / form / f"model-book-{suffix.lower()}.h5"
        with h5py.File(HERE / form / "model-keras2.h5") as source, h5py.File(path, "w") as target:
            write_model(source, target, suffix, version)
        list_in_golden(path)
        print(path.relative_to(HERE))


if __name__ == "__main__":
    main()
