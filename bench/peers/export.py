"""Turns one Keras file into ONNX with tf2onnx, as its documentation tells: export.py SOURCE OUT.onnx.

Peak resident memory in KiB goes to the file named by EDGEFOLD_BENCH_PEAK. The file is loaded by the Keras that wrote
it: version 2 by tf_keras, 3 by Keras 3. What it writes is opset 17, and has an open batch, as Edgefold's has.
"""

import io
import json
import os
import sys
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"


def keras_version(source):
    if zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            return json.loads(archive.read("metadata.json"))["keras_version"]
    import h5py

    with h5py.File(source) as file:
        version = file.attrs["keras_version"]
    return version.decode() if isinstance(version, bytes) else version


def peak_kib():
    with open("/proc/self/status") as status:
        return next(line.split()[1] for line in status if line.startswith("VmHWM:"))


def main(source, target):
    generation = keras_version(source)[0]
    if generation != "3":
        os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import tensorflow as tf
    import tf2onnx

    model = tf.keras.models.load_model(source, compile=False)
    signature = [tf.TensorSpec([None, *x.shape[1:]], x.dtype, name=x.name.split(":")[0]) for x in model.inputs]
    try:
        tf2onnx.convert.from_keras(model, input_signature=signature, opset=17, output_path=target)
    except KeyError:
        # tf2onnx 1.17 does not find the outputs of a Sequential of Keras 3; its users wrap the model in a function.
        call = tf.function(lambda *x: model(x[0] if len(x) == 1 else list(x), training=False))
        tf2onnx.convert.from_function(call, input_signature=signature, opset=17, output_path=target)


main(*sys.argv[1:])
if "EDGEFOLD_BENCH_PEAK" in os.environ:
    with open(os.environ["EDGEFOLD_BENCH_PEAK"], "w") as file:
        file.write(peak_kib())
