"""Writes keras2-recurrent-goldens.json: recurrent layers as Keras 2 has them, and what it computes for them.

    python make-keras2-goldens.py

The cases are like those of make-layer-goldens.py, as the TF.js converter writes models of Keras 2: weights by their
names. CuDNN's layers need a GPU; their weights are made here, and Keras's own conversion says what they mean.

Made with tf_keras 2.21 on TensorFlow 2.21 (CPU).
"""

import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tf_keras
from golden_values import numbers, stripped, values
from tf_keras import layers as L
from tf_keras.src.saving.legacy.hdf5_format import _convert_rnn_weights

OUTPUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "keras2-recurrent-goldens.json")
CASES = {}


def randomised(model, random):
    def fresh(weight):
        low, high = (4, 40) if "variance" in weight.name else (-12, 13)
        return numbers(random, weight.shape, low, high)

    for layer in model.layers:
        layer.set_weights([fresh(weight) for weight in layer.weights])


def weights_of(model):
    return {w.name.removesuffix(":0"): values(w) for layer in model.layers for w in layer.weights}


def case(name, model, data=None, topology=None, weights=None):
    random = np.random.default_rng(sum(name.encode()))
    if weights is None:
        randomised(model, random)
    given = data or [numbers(random, (2, *tensor.shape[1:])) for tensor in model.inputs]
    produced = model(given if len(given) > 1 else given[0], training=False)
    produced = produced if isinstance(produced, (list, tuple)) else [produced]
    config = topology or stripped(json.loads(model.to_json()))
    CASES[name] = {
        "topology": {"keras_version": config.pop("keras_version"), "backend": config.pop("backend"), "model_config": config},
        "weights": weights or weights_of(model),
        "inputs": {tensor.name: values(x) for tensor, x in zip(model.inputs, given)},
        "outputs": [values(y) for y in produced],
    }


def one(name, shape, *layers, **options):
    x = tf_keras.Input(shape, name="x")
    y = x
    for layer in layers:
        y = layer(y)
    case(name, tf_keras.Model(x, y), **options)


def layers_alone():
    for layer in (L.LSTM, L.GRU):
        one(f"{layer.__name__} hard sigmoid", (5, 3), layer(4, recurrent_activation="hard_sigmoid", go_backwards=True,
            return_sequences=True))
        one(f"{layer.__name__} time major", (5, 3), layer(4, time_major=True, return_sequences=True))
        one(f"{layer.__name__} time major backwards last", (5, 3), layer(4, time_major=True, go_backwards=True))
    one("GRU reset before", (5, 3), L.GRU(4, reset_after=False, implementation=1))
    one("SimpleRNN no activation", (5, 3), L.SimpleRNN(4, activation=None, use_bias=False))
    one("SimpleRNN LeakyReLU", (5, 3), L.SimpleRNN(4, activation=L.LeakyReLU(alpha=0.125)))
    one("RNN of cell", (5, 3), L.RNN(L.GRUCell(4), return_sequences=True), L.RNN(L.LSTMCell(2)))
    one("unrolled", (5, 3), L.LSTM(4, unroll=True, dropout=0.5, recurrent_dropout=0.25))
    x = tf_keras.Input((5, 3), batch_size=2, name="x")
    case("stateful", tf_keras.Model(x, L.GRU(4, stateful=True)(x)))


def wrappers():
    one("Bidirectional", (5, 3), L.Bidirectional(L.LSTM(4, return_sequences=True)), L.Bidirectional(L.GRU(2), merge_mode="ave"))
    one("Bidirectional of another", (5, 3), L.Bidirectional(L.LSTM(4), backward_layer=L.GRU(3, go_backwards=True)))
    one("Bidirectional both with states", (5, 3), L.Bidirectional(L.GRU(4, return_sequences=True, return_state=True),
        merge_mode=None))
    inner = tf_keras.Sequential([L.Conv2D(4, 2, input_shape=(6, 5, 3)), L.BatchNormalization(), L.Flatten(), L.Dense(3)])
    one("TimeDistributed", (4, 6, 5, 3), L.TimeDistributed(L.Conv2D(3, 2)), L.TimeDistributed(L.BatchNormalization()),
        L.TimeDistributed(L.GlobalMaxPooling2D()), L.TimeDistributed(L.Dense(2)), L.LSTM(3))
    one("TimeDistributed model", (4, 6, 5, 3), L.TimeDistributed(inner), L.GRU(3))


def masks():
    ids = np.array([[1, 4, 2, 3, 5], [0, 0, 6, 1, 2], [3, 5, 0, 0, 0], [4, 0, 2, 0, 1], [0, 0, 0, 0, 0]], "float32")
    embedding = lambda: L.Embedding(7, 3, mask_zero=True)
    for sequences in (True, False):
        for backwards in (True, False):
            x, states = tf_keras.Input((5,), name="x"), [tf_keras.Input((4,), name=f"s{i}") for i in range(2)]
            layer = L.LSTM(4, return_sequences=sequences, go_backwards=backwards, return_state=True)
            initial = (np.arange(40).reshape(2, 5, 4) / 32).astype("float32")
            case(f"mask and states {sequences} {backwards}", tf_keras.Model([x, *states], layer(embedding()(x), initial_state=states)),
                 data=[ids, *initial])
        one(f"mask Bidirectional {sequences}", (5,), embedding(), L.Bidirectional(L.LSTM(4, return_sequences=sequences)), data=[ids])
        one(f"mask zero output {sequences}", (5,), embedding(), L.GRU(4, return_sequences=sequences, zero_output_for_mask=True), data=[ids])
    x, states = tf_keras.Input((5,), name="x"), [tf_keras.Input((4,), name=f"s{i}") for i in range(2)]
    layer = L.Bidirectional(L.GRU(4, return_sequences=True, return_state=True))
    initial = (np.arange(40).reshape(2, 5, 4) / 32).astype("float32")
    case("mask Bidirectional states", tf_keras.Model([x, *states], layer(embedding()(x), initial_state=states)), data=[ids, *initial])
    steps = (np.random.default_rng(3).integers(-9, 9, (5, 5, 3)) / 8).astype("float32")
    steps[ids == 0] = 0.5
    one("Masking", (5, 3), L.Masking(0.5), L.TimeDistributed(L.Dense(4)), L.SimpleRNN(2), data=[steps])


def cudnn():
    for kind, gates in (("LSTM", 4), ("GRU", 3)):
        random = np.random.default_rng(gates)
        name = f"cu_dnn_{kind.lower()}"
        stored = [numbers(random, shape, -12, 13) for shape in ((3, 5 * gates), (5, 5 * gates), (2 * 5 * gates,))]
        x = tf_keras.Input((4, 3), name="x")
        layer = getattr(L, kind)(5, return_sequences=True, go_backwards=True, name=name)
        model = tf_keras.Model(x, layer(x))
        layer.set_weights(_convert_rnn_weights(layer, stored))
        topology = stripped(json.loads(model.to_json()))
        written = topology["config"]["layers"][1]
        kept = ("name", "trainable", "dtype", "return_sequences", "return_state", "go_backwards", "stateful", "units")
        written.update(class_name=f"CuDNN{kind}", config={k: written["config"][k] for k in kept})
        names = ("kernel", "recurrent_kernel", "bias")
        weights = {f"{name}/{n}": values(w) for n, w in zip(names, stored)}
        case(f"CuDNN{kind}", model, topology=topology, weights=weights)


for group in (layers_alone, wrappers, masks, cudnn):
    group()
with open(OUTPUT, "w") as file:
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(c, separators=(',', ':'))}" for name, c in CASES.items())
    file.write(f'{{"framework": "tf_keras {tf_keras.__version__}", "cases": {{\n{lines}\n}}}}\n')
print(len(CASES), "cases,", os.path.getsize(OUTPUT), "bytes")
