"""Write the seeds of the fuzz target `npy` that NumPy itself makes: fuzz/seeds/npy/numpy-*."""

import pathlib

import numpy as np

FOLDER = pathlib.Path(__file__).parent.parent / "fuzz" / "seeds" / "npy"
VALUES = np.arange(12)
ARRAYS = {
    "float32": (VALUES / 8).astype("<f4").reshape(3, 4),
    "big-endian": (VALUES / 8).astype(">f8").reshape(4, 3),
    "fortran": np.asfortranarray((VALUES / 8).reshape(2, 3, 2, 1)),
    "float16": (VALUES / 8).astype("<f2").reshape(3, 4),
    "labels": (VALUES % 10).astype("<i8"),
    "bytes": VALUES.astype("u1").reshape(3, 1, 2, 2),
    "empty": np.zeros((0, 4)),
    "scalar": np.float64(1.5),
    "record": np.zeros(2, dtype=[("a", "<f4"), ("b", "<i2")]),
}

for name, array in ARRAYS.items():
    np.save(FOLDER / f"numpy-{name}.npy", array)
with open(FOLDER / "numpy-version-2.npy", "wb") as file:
    np.lib.format.write_array(file, ARRAYS["float32"], version=(2, 0))
