"""Writes `formats.zip`: one small model in every format that real Keras writes, and what Keras computes with it.

    python3 make_formats.py            (tensorflow 2.21, keras 3.15, tf_keras 2.21, h5py)

`keras2/` is by tf_keras (Keras 2), `keras3/` by Keras 3; both hold the same layers with weights that count up in the
same way. Two inputs; a model in a model, partly frozen; a layer called twice; BatchNormalizations with and without
scale; a Bidirectional. TF.js files are laid out as tensorflowjs 4.22 lays them out (keras_h5_conversion.py), which does
not install beside this TensorFlow.
"""
import io
import json
import os
import shutil
import tempfile
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import h5py
import keras
import numpy as np
import tensorflow as tf
import tf_keras
from keras.src.saving import saving_lib
from tensorflow.core.protobuf import saved_model_pb2
from tf_keras.protobuf import saved_metadata_pb2

HERE = os.path.dirname(os.path.abspath(__file__))


def build(lib):
    layers = lib.layers
    a = lib.Input((7, 6, 2), name="picture")
    x = layers.Conv2D(3, 3, strides=2, padding="same", use_bias=False, name="conv")(a)
    x = layers.BatchNormalization(name="conv_norm")(x)
    x = layers.ReLU(max_value=6.0, name="relu")(x)
    block = lib.Sequential(
        [layers.Input((4, 3, 3)) if lib is keras else layers.InputLayer((4, 3, 3)), layers.DepthwiseConv2D(2, name="depth"),
         layers.BatchNormalization(scale=False, name="depth_norm")], name="block")
    features = lib.Model(a, block(x), name="features")
    features.get_layer("conv").trainable = False

    image, vector = lib.Input((7, 6, 2), name="image"), lib.Input((4,), name="vector")
    steps = layers.Reshape((3, 6), name="steps")(features(image))
    both = layers.Bidirectional(layers.LSTM(2), name="both")(steps)
    shared = layers.Dense(5, activation="relu", name="shared")
    first, second = shared(both), shared(vector)
    merged = layers.Concatenate(name="merged")([first, second])
    merged = layers.BatchNormalization(epsilon=0.01, name="norm")(merged)
    head = layers.Dense(3, activation="softmax", name="head")(merged)
    gate = layers.Dense(1, activation="sigmoid", name="gate")(merged)
    return lib.Model([image, vector], [head, gate], name="whole")


def fill(model):
    """Values that follow from their place; variances are positive."""
    start = 1
    for variable in model.weights:
        size = int(np.prod(variable.shape))
        values = np.sin(np.arange(start, start + size) * 0.7)
        path = getattr(variable, "path", variable.name)
        variable.assign((np.abs(values) + 0.3 if "variance" in path else values).reshape(variable.shape).astype("float32"))
        start += size
    return model


def golden(model):
    k = lambda *shape: (((np.arange(np.prod(shape)) * 69069 + 1) % 2**24) / 2**24).reshape(shape).astype("float32")
    image, vector = k(2, 7, 6, 2), k(2, 4)
    head, gate = model.predict([image, vector], verbose=0)
    return {"head": head.flatten().tolist(), "gate": gate.flatten().tolist()}


def tfjs(folder, topology, weights, quantize=None):
    os.makedirs(folder)
    manifest, shard = [], b""
    for name, value in weights:
        manifest.append({"name": name, "shape": list(value.shape), "dtype": str(value.dtype)})
        shard += value.tobytes()
    cut = len(shard) // 2 + 1
    paths = ["group1-shard1of2.bin", "group1-shard2of2.bin"]
    for path, part in zip(paths, (shard[:cut], shard[cut:])):
        open(f"{folder}/{path}", "wb").write(part)
    model = {"format": "layers-model", "generatedBy": f"keras v{topology['keras_version']}",
             "convertedBy": "TensorFlow.js Converter v4.22.0", "modelTopology": topology,
             "weightsManifest": [{"paths": paths, "weights": manifest}]}
    json.dump(model, open(f"{folder}/model.json", "w"))


def tfjs_from_h5(path, folder):
    """`h5_merged_saved_model_to_tfjs_format`: layers in the order of HDF5, which is by name."""
    with h5py.File(path) as file:
        topology = {"keras_version": file.attrs["keras_version"], "backend": file.attrs["backend"],
                    "model_config": json.loads(file.attrs["model_config"])}
        weights = []
        for layer in file["model_weights"].values():
            for name in layer.attrs.get("weight_names", []):
                weights.append((name[:-2] if name.endswith(":0") else name, np.array(layer[name])))
    tfjs(folder, topology, weights)


def tfjs_from_keras(path, folder):
    """`h5_v3_merged_saved_model_to_tfjs_format`: weights by path, and no module anywhere."""
    def discard(value):
        if isinstance(value, dict):
            return {k: discard(v) for k, v in value.items() if k not in ("module", "registered_name", "date_saved")}
        return [discard(v) for v in value] if isinstance(value, list) else value

    archive = zipfile.ZipFile(path)
    weights = []
    with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
        file.visititems(lambda name, item: weights.append((name, np.array(item))) if isinstance(item, h5py.Dataset) else None)
    topology = {"keras_version": json.loads(archive.read("metadata.json"))["keras_version"],
                "model_config": discard(json.loads(archive.read("config.json")))}
    tfjs(folder, topology, weights)


def keras2(folder):
    os.makedirs(folder)
    model = fill(build(tf_keras))
    model.save(f"{folder}/model.keras")
    model.save(f"{folder}/model.h5")
    model.save(f"{folder}/saved_model", save_format="tf", save_traces=False)
    saved_model_24(f"{folder}/saved_model", f"{folder}/saved_model_24")
    traced(folder)
    os.makedirs(f"{folder}/apart")
    open(f"{folder}/apart/model.json", "w").write(model.to_json())
    model.save_weights(f"{folder}/apart/model.h5")
    tfjs_from_h5(f"{folder}/model.h5", f"{folder}/tfjs")
    json.dump(golden(model), open(f"{folder}/golden.json", "w"))


def saved_model_24(source, folder):
    """As TensorFlow 2.0 to 2.4 wrote it: what later stands in keras_metadata.pb stands in the graph of objects."""
    shutil.copytree(source, folder)
    metadata, model = saved_metadata_pb2.SavedMetadata(), saved_model_pb2.SavedModel()
    metadata.ParseFromString(open(f"{source}/keras_metadata.pb", "rb").read())
    model.ParseFromString(open(f"{source}/saved_model.pb", "rb").read())
    for node in metadata.nodes:
        model.meta_graphs[0].object_graph_def.nodes[node.node_id].user_object.metadata = node.metadata
    open(f"{folder}/saved_model.pb", "wb").write(model.SerializeToString())
    os.remove(f"{folder}/keras_metadata.pb")
    without_graph(folder)


def without_graph(folder):
    """Takes the TensorFlow graph out, which is large and which nobody here reads."""
    model = saved_model_pb2.SavedModel()
    model.ParseFromString(open(f"{folder}/saved_model.pb", "rb").read())
    model.meta_graphs[0].graph_def.Clear()
    model.meta_graphs[0].object_graph_def.concrete_functions.clear()
    open(f"{folder}/saved_model.pb", "wb").write(model.SerializeToString())


def traced(folder):
    """With functions (save_traces), the checkpoint lists the variables of each layer, and a GRU has no cell there."""
    model = tf_keras.Sequential(
        [tf_keras.layers.GRU(2, input_shape=(3, 2), name="gru"), tf_keras.layers.Dense(1, name="out")], name="traced")
    fill(model).save(f"{folder}/traced", save_format="tf")
    without_graph(f"{folder}/traced")
    values = {f"{layer.name}/{w.name.split('/')[-1][:-2]}": w.numpy().flatten().tolist() for layer in model.layers for w in layer.weights}
    json.dump(values, open(f"{folder}/traced.json", "w"))


def keras3(folder):
    os.makedirs(folder)
    model = fill(build(keras))
    model.save(f"{folder}/model.keras")
    model.save(f"{folder}/model.h5")
    model.save(f"{folder}/unzipped", zipped=False)
    os.makedirs(f"{folder}/apart")
    open(f"{folder}/apart/model.json", "w").write(model.to_json())
    model.save_weights(f"{folder}/apart/model.weights.h5")
    os.makedirs(f"{folder}/sharded")
    for name in ("config.json", "metadata.json"):
        shutil.copy(f"{folder}/unzipped/{name}", f"{folder}/sharded/{name}")
    saving_lib.save_weights_only(model, f"{folder}/sharded/model.weights.json", max_shard_size=400 / 1024**3)
    with zipfile.ZipFile(f"{folder}/sharded.keras", "w") as archive:
        for name in sorted(os.listdir(f"{folder}/sharded")):
            archive.write(f"{folder}/sharded/{name}", name)
    shutil.rmtree(f"{folder}/sharded")
    tfjs_from_keras(f"{folder}/model.keras", f"{folder}/tfjs")
    small = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    small.export(f"{folder}/exported", verbose=False)
    json.dump(golden(model), open(f"{folder}/golden.json", "w"))


with tempfile.TemporaryDirectory() as top:
    keras2(f"{top}/keras2")
    keras3(f"{top}/keras3")
    with zipfile.ZipFile(f"{HERE}/formats.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for folder, _, names in sorted(os.walk(top)):
            for name in sorted(names):
                if name != "fingerprint.pb":
                    path = os.path.join(folder, name)
                    archive.write(path, os.path.relpath(path, top))
