"""Writes models to compare exporters on, with seeded random weights: make-models.py FOLDER.

MobileNetV2 as Keras ships it (14 MB), and recurrent models, each saved by Keras 3 as .keras and .h5. With
TF_USE_LEGACY_KERAS=1 in the environment, tf_keras saves them, as .h5 only.
"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

keras = tf.keras
L = keras.layers


def randomised(model):
    random = np.random.default_rng(1)
    for variable in model.weights:
        name = getattr(variable, "path", variable.name)
        if "moving_variance" in name or "gamma" in name:
            variable.assign(random.uniform(0.5, 1.5, variable.shape))
        elif "moving_mean" in name or "beta" in name:
            variable.assign(random.uniform(-0.3, 0.3, variable.shape))
    return model


def sequence(*layers, shape=(30, 8)):
    return keras.Sequential([keras.Input(shape), *layers])


MODELS = {
    "mobilenet-v2": lambda: keras.applications.MobileNetV2(weights=None),
    "lstm": lambda: sequence(L.LSTM(32, return_sequences=True), L.LSTM(16), L.Dense(4, activation="softmax")),
    "gru": lambda: sequence(L.GRU(32, return_sequences=True), L.GRU(16), L.Dense(4, activation="softmax")),
    "simple-rnn": lambda: sequence(L.SimpleRNN(32), L.Dense(4, activation="softmax")),
    "bidirectional-lstm": lambda: sequence(
        L.Embedding(500, 16), L.Bidirectional(L.LSTM(24, return_sequences=True)), L.Bidirectional(L.LSTM(16)),
        L.Dense(1, activation="sigmoid"), shape=(40,)),
    "masked-lstm": lambda: sequence(L.Embedding(500, 16, mask_zero=True), L.LSTM(24), L.Dense(3), shape=(40,)),
    "conv-gru": lambda: sequence(
        L.Conv1D(24, 5, activation="relu"), L.BatchNormalization(), L.MaxPooling1D(2), L.GRU(24), L.Dense(5)),
    "time-distributed": lambda: sequence(
        L.TimeDistributed(L.Conv2D(6, 3, activation="relu")), L.TimeDistributed(L.BatchNormalization()),
        L.TimeDistributed(L.Flatten()), L.LSTM(12), L.Dense(3), shape=(5, 9, 11, 2)),
    "transformer-block": lambda: transformer(),
}


def transformer():
    x = keras.Input((20, 32))
    y = L.LayerNormalization()(L.Add()([x, L.MultiHeadAttention(4, 8)(x, x)]))
    z = L.Dense(32)(L.Dense(64, activation="gelu")(y))
    return keras.Model(x, L.Dense(3)(L.GlobalAveragePooling1D()(L.LayerNormalization()(L.Add()([y, z])))))


folder = sys.argv[1]
legacy = os.environ.get("TF_USE_LEGACY_KERAS") == "1"
for name, make in MODELS.items():
    keras.utils.set_random_seed(1)
    model = randomised(make())
    for ending in ["h5"] if legacy else ["keras", "h5"]:
        model.save(os.path.join(folder, f"keras{2 if legacy else 3}-{name}.{ending}"))
    print(name, model.count_params())
