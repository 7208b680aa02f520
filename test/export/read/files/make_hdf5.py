"""Writes the HDF5 files of this folder: shapes of the format that Keras and h5py write, and hostile ones.

Run: python3 make_hdf5.py (h5py 3.x, numpy). Every float dataset holds sin(0), sin(1), ….
"""

import os

import h5py
import numpy as np

os.chdir(os.path.dirname(os.path.abspath(__file__)))


def wave(*shape, dtype="f4"):
    return np.sin(np.arange(np.prod(shape))).reshape(shape).astype(dtype)


def contents(f):
    f.attrs["text"] = "héllo"
    f.attrs["fixed"] = np.array([b"a", b"bb", b""])
    f.attrs["variable"] = ["x", "yy", ""]
    f.attrs["empty"] = np.array([])
    group = f.create_group("types")
    for dtype in ["f2", "f4", "f8", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", ">f4", ">f8", ">i2", ">f2"]:
        name = dtype.replace(">", "big-")
        group.create_group(name).create_dataset("data", data=(wave(3, 5, dtype="f8") * 50 + 60).astype(dtype))
    group.create_dataset("bfloat16", data=np.array([0x3F80, 0xC000], "<u2").view("V2"))
    f.create_dataset("chunked", data=wave(13, 7), chunks=(4, 3))
    f.create_dataset("deflated", data=wave(9, 5, 3), chunks=(4, 3, 3), compression="gzip", shuffle=True, fletcher32=True)
    f.create_dataset("scalar", data=np.float32(3))
    f.create_dataset("none", data=np.zeros((0, 4), "f4"))
    f.create_dataset("words", data="text")
    f.create_dataset("flags", data=np.array([True, False]))
    compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    compact.set_layout(h5py.h5d.COMPACT)
    space = h5py.h5s.create_simple((4,))
    dataset = h5py.h5d.create(f.id, b"compact", h5py.h5t.NATIVE_FLOAT, space, compact)
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, wave(4))


for libver in ["earliest", "v108", "latest"]:
    with h5py.File(f"{libver}.h5", "w", libver=libver) as f:
        contents(f)

with h5py.File("compact-links.h5", "w", libver="v108") as f:  # headers of version 2
    f.attrs["text"] = "in a version 2 header"
    f["inside/data"] = wave(2, 3)
    f["inside"].attrs["name"] = "x"
    f.create_dataset("deflated", data=wave(6, 5), chunks=(4, 3), compression="gzip")
    f["soft"] = h5py.SoftLink("/inside")

with h5py.File("chunk-index.h5", "w", libver="latest") as f:
    f.create_dataset("chunked", data=wave(6, 5), chunks=(4, 3), compression="gzip")

with h5py.File("many.h5", "w") as f:  # symbol tables and chunk indices of several levels
    for index in range(120):
        f.create_dataset(f"d{index}", data=np.float32([index]))
    f.create_dataset("chunked", data=wave(60, 40), chunks=(2, 3), compression="gzip", compression_opts=9)

with h5py.File("foreign.h5", "w") as f:
    f.create_dataset("lzf", data=wave(64), compression="lzf")
    f.create_dataset("compound", data=np.zeros(2, [("a", "f4"), ("b", "i4")]))
    f.create_dataset("ragged", shape=(1,), dtype=h5py.vlen_dtype("f4"))
    f.create_dataset("reference", data=np.array([f.ref], dtype=object), dtype=h5py.ref_dtype)

with h5py.File("hostile.h5", "w") as f:
    f["inside/data"] = wave(4)
    f["links/soft"] = h5py.SoftLink("/inside")
    f["links/external"] = h5py.ExternalLink("other.h5", "/")
    f["links/self"] = f["/"]
    group = f.create_group("values")
    group.create_dataset("elsewhere", (4,), "f4", external=[("/etc/hostname", 0, 16)])
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "data", (4,))
    group.create_virtual_dataset("virtual", layout)
    group.create_dataset("huge", (2**34,), "f4")
    group.create_dataset("huge-chunked", (2**40,), "f4", chunks=(2**20,), compression="gzip")
    group.create_dataset("unwritten", (4,), "f4")

# What only newer versions of the format have: links and attributes in heaps, and every index of chunks.
with h5py.File("dense.h5", "w", libver="latest") as f:
    for index in range(20):
        f.attrs[f"text{index}"] = f"text {index}"
    f.attrs["large"] = np.array([f"{index:04}".encode() * 4 for index in range(300)])  # too large for the heap's blocks
    group = f.create_group("many")
    for index in range(150):
        group[f"{index:03}"] = h5py.SoftLink("/x") if index == 7 else np.float32(index)
    f["type"] = np.dtype("f4")
    f["named"] = f["many"]
    f.create_dataset("typed", data=wave(3), dtype=f["type"])
    f.attrs.create("typed", np.zeros(2, "f4"), dtype=f["type"])
    chunks = f.create_group("chunks")
    chunks.create_dataset("single", data=wave(5, 3), chunks=(5, 3), compression="gzip", shuffle=True)
    chunks.create_dataset("fixed", data=wave(7, 5), chunks=(2, 3))
    chunks.create_dataset("fixed-larger", (7, 5), "f4", data=wave(7, 5), chunks=(2, 3), maxshape=(9, 20), compression="gzip")
    chunks.create_dataset("pages", data=wave(1100), chunks=(1,))
    chunks.create_dataset("growing", data=wave(7, 5), chunks=(2, 3), maxshape=(None, 5), compression="gzip")
    chunks.create_dataset("growing-last", data=wave(3, 40), chunks=(2, 1), maxshape=(4, None))
    chunks.create_dataset("growing-far", data=wave(3000), chunks=(1,), maxshape=(None,))
    chunks.create_dataset("growing-both", data=wave(30, 40), chunks=(1, 3), maxshape=(None, None), compression="gzip")
    early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    early.set_chunk((2, 3))
    early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    dataset = h5py.h5d.create(chunks.id, b"implicit", h5py.h5t.NATIVE_FLOAT, h5py.h5s.create_simple((7, 5)), early)
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, wave(7, 5))
