#!/usr/bin/env python3
"""Makes host/data/digits-{images,labels}.gz, the bundled digits, from scikit-learn's copy of the UCI test set.

    pip install scikit-learn
    python scripts/make_digits.py host/data

The two files are IDX (the format of MNIST), gzip-compressed: images (1797, 8, 8) of bytes 0..16, labels (1797,) of bytes
0..9, both in scikit-learn's order. The checksums printed at the end are those of the contents before compression,
because a different zlib may compress the same bytes differently; host/src/data/digits.rs and host/data/README.md
carry them.
"""

import gzip
import hashlib
import pathlib
import struct
import sys

from sklearn.datasets import load_digits


def main(folder):
    digits = load_digits()
    images = digits.images.astype("uint8")
    labels = digits.target.astype("uint8")
    # The source is floating point: a value lost in the conversion would go unnoticed.
    assert (images == digits.images).all() and (labels == digits.target).all()
    assert images.shape == (1797, 8, 8) and images.max() == 16 and labels.max() == 9

    contents = {
        "digits-images.gz": struct.pack(">4I", 0x803, *images.shape) + images.tobytes(),
        "digits-labels.gz": struct.pack(">2I", 0x801, *labels.shape) + labels.tobytes(),
    }
    for name, data in contents.items():
        # No time stamp: the same input gives the same file.
        packed = gzip.compress(data, compresslevel=9, mtime=0)
        pathlib.Path(folder, name).write_bytes(packed)
        print(f"{hashlib.sha256(data).hexdigest()}  {name} unpacked, {len(data)} bytes ({len(packed)} packed)")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) == 2 else "host/data")
