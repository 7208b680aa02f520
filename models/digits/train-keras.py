"""
Trains the two digit models with Keras 3 and, anew, with Keras 2 (tf_keras), and writes next to this script, per form:

  model.keras, model.h5, golden-keras.json      Keras 3, TensorFlow backend
  model-keras2.h5, golden-keras2.json           Keras 2

No optimizer state is saved. A golden holds inputs, the outputs `predict` gave for them, and the accuracy reached on
images that were not trained on.

  pip install -r requirements.txt
  EDGEFOLD_SHARED=../shared python models/digits/train-keras.py

Needs `corpus/data/t10k-{images,labels}-idx*-ubyte.gz` of EDGEFOLD_SHARED (the MNIST test set, 10,000 digits).
"""

import gzip
import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf
import tf_keras

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("EDGEFOLD_SHARED", HERE.parents[2] / "shared"))
FORMS = ("norm-before-activation", "norm-after-activation")

MOMENTUM = 0.99
EPSILON = 0.001
TRAINED_ON = 9000
EPOCHS = 8
BATCH_SIZE = 50
SEED = 42


def read_idx(name, header_bytes):
    with gzip.open(SHARED / "corpus" / "data" / name) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header_bytes)


def read_digits():
    """Images [10000, 28, 28], pixel / 255 as float32, and labels [10000]."""
    pixels = read_idx("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)
    return pixels.astype(np.float32) / np.float32(255), read_idx("t10k-labels-idx1-ubyte.gz", 8)


def build(api, form):
    """The model of this form, by the Keras generation `api`: `keras` or `tf_keras`."""
    layers = api.layers

    def norm():
        return layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON)

    def hidden(units):
        if form == "norm-before-activation":
            dense = layers.Dense(units, use_bias=False, kernel_initializer="he_normal")
            return [dense, norm(), layers.Activation("elu")]
        return [layers.Dense(units, activation="elu", kernel_initializer="he_normal"), norm()]

    return api.Sequential(
        [
            api.Input(shape=(28, 28)),
            layers.Flatten(),
            norm(),
            *hidden(300),
            *hidden(100),
            layers.Dense(10, activation="softmax"),
        ],
        name=form.replace("-", "_"),
    )


def train(api, form, images, labels):
    """A trained model without optimizer, as a deployed one has none."""
    api.backend.clear_session()
    api.utils.set_random_seed(SEED)
    trained = build(api, form)
    trained.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    trained.fit(images[:TRAINED_ON], labels[:TRAINED_ON], batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=0)
    api.backend.clear_session()
    bare = build(api, form)
    bare.set_weights(trained.get_weights())
    return bare


def formula_input(shape, amplitude):
    """x[k] = ((k · 69069 + 1) mod 2²⁴) / 2²⁴ · amplitude, row-major: exact in float32."""
    k = np.arange(np.prod(shape), dtype=np.int64)
    return ((k * 69069 + 1) % 2**24 / 2**24 * amplitude).astype(np.float32).reshape(shape)


def tensor(array):
    """Each float32 by the shortest decimal that reads back as itself."""
    return {"shape": list(array.shape), "data": [float(str(value)) for value in array.reshape(-1)]}


def golden(model, framework, form, files, images, labels):
    held_out = labels[TRAINED_ON:]
    correct = model.predict(images[TRAINED_ON:], verbose=0).argmax(-1) == held_out
    cases = [
        ("digits", images[TRAINED_ON : TRAINED_ON + 4]),
        ("formula", formula_input((2, 28, 28), 1)),
        ("faint-formula", formula_input((2, 28, 28), 1 / 16)),
    ]
    return {
        "framework": framework,
        "form": form,
        "files": files,
        "batchNormalization": {"momentum": MOMENTUM, "epsilon": EPSILON},
        "training": {"images": TRAINED_ON, "epochs": EPOCHS, "batchSize": BATCH_SIZE, "seed": SEED},
        "accuracy": {"images": len(held_out), "correct": int(correct.sum()), "share": float(correct.mean())},
        "labels": held_out[:4].tolist(),
        "cases": [
            {"name": name, "input": tensor(x), "output": tensor(model.predict(x, verbose=0))} for name, x in cases
        ],
    }


def write_json(path, value):
    path.write_text(json.dumps(value, separators=(",", ":")) + "\n")


def main():
    tf.config.experimental.enable_op_determinism()
    images, labels = read_digits()
    generations = [
        (keras, f"keras {keras.__version__}, tensorflow {tf.__version__}", "keras", ["model.keras", "model.h5"]),
        (tf_keras, f"tf_keras {tf_keras.__version__}, tensorflow {tf.__version__}", "keras2", ["model-keras2.h5"]),
    ]
    for form in FORMS:
        folder = HERE / form
        folder.mkdir(exist_ok=True)
        for api, framework, label, files in generations:
            model = train(api, form, images, labels)
            for file in files:
                model.save(folder / file)
            result = golden(model, framework, form, files, images, labels)
            write_json(folder / f"golden-{label}.json", result)
            print(f"{form}, {framework}: {result['accuracy']['share']:.1%} of {result['accuracy']['images']}")


if __name__ == "__main__":
    main()
