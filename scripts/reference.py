"""The kernels of `ultrawide`, as plainly as numpy can say them: four-dimensional arrays, f64, no attention to speed.

An independent implementation to test against: it shares no method with the library (which never forms the
four-dimensional array) and none with neural-tangents. Conventions: images have the shape (C, P, Q), depth d counts the
d − 1 convolutions (or hidden layers) and the output layer, and every result is in the scale of Arora et al. 2019.
`neural_tangents_values.py` compares the two.
"""

import math

import numpy as np

KERNELS = ("nngp", "ntk", "ntk_hidden")


def kappa0(correlation):
    return (np.pi - np.arccos(correlation)) / np.pi


def kappa1(correlation):
    return (correlation * (np.pi - np.arccos(correlation)) + np.sqrt(1 - correlation**2)) / np.pi


def box(t, q):
    """Sum over a, b of t[i+a, j+b, i'+a, j'+b] with |a|, |b| <= (q − 1)/2, terms outside the image dropped."""
    r = q // 2
    rows, columns = t.shape[:2]
    padded = np.pad(t, r)
    total = np.zeros_like(t)
    for a in range(q):
        for b in range(q):
            total += padded[a : a + rows, b : b + columns, a : a + rows, b : b + columns]
    return total


def read_out(t, readout):
    """`vanilla`, `gap` or `lapC` of an array of shape (P, Q, P, Q)."""
    if readout == "vanilla":
        return np.einsum("ijij->", t)
    if readout == "gap":
        return t.mean()
    c = int(readout.removeprefix("lap"))
    rows, columns = (np.arange(size) for size in t.shape[:2])
    # window[k, i] is 1 where pixel k lies in the window around i; that around another image's i is the same.
    height, width = (1.0 * (abs(k[:, None] - k[None, :]) <= c) for k in (rows, columns))
    return np.einsum("pqrs,pi,qj,ri,sj->", t, height, width, height, width, optimize=True) / (2 * c + 1) ** 4


def relu_layer(sigma, variance_x, variance_y, same, scale):
    """K and K̇ of a ReLU layer; `same` marks the entries whose two inputs are one and the same."""
    n = np.sqrt(variance_x * variance_y)
    correlation = np.divide(sigma, n, out=np.zeros_like(sigma), where=n > 0).clip(-1, 1)
    correlation[same & (n > 0)] = 1
    # The product of two roots need not be the variance itself.
    n[same] = sigma[same]
    return n * kappa1(correlation) * scale, kappa0(correlation) * scale


def variances(image, q, layers):
    """Σ[i, j, i, j] of an image with itself before each layer: where λ = 1, κ1 = 1, so a layer divides by q² alone."""
    rows, columns = image.shape[1:]
    r = q // 2
    current = np.einsum("cij,cij->ij", image, image)
    found = []
    for layer in range(layers):
        padded = np.pad(current, r)
        current = sum(padded[a : a + rows, b : b + columns] for a in range(q) for b in range(q))
        found.append(current / q**2 if layer else current)
        current = found[-1]
    return found


def conv_pair(x, y, depths, q, readout):
    """The three kernels of two images: {kernel: [value per depth]}."""
    rows, columns = x.shape[1:]
    pixel = np.arange(rows * columns).reshape(rows, columns)
    same = np.array_equal(x, y) & (pixel[:, :, None, None] == pixel)
    layers = max(depths) - 1
    sigma = box(np.einsum("cij,ckl->ijkl", x, y), q)
    theta, theta_hidden = sigma, np.zeros_like(sigma)
    result = {kernel: [] for kernel in KERNELS}
    for h, variance_x, variance_y in zip(range(1, layers + 1), variances(x, q, layers), variances(y, q, layers)):
        k, k_dot = relu_layer(sigma, variance_x[:, :, None, None], variance_y, same, 1 / q**2)
        if h + 1 in depths:
            result["nngp"].append(read_out(k, readout))
            result["ntk"].append(read_out(k_dot * theta + k, readout))
            result["ntk_hidden"].append(read_out(k_dot * theta_hidden, readout))
        sigma = box(k, q)
        theta = box(k_dot * theta + k, q)
        theta_hidden = box(k_dot * theta_hidden + k, q)
    return result


def dense_pair(x, y, depths):
    """The same of two vectors and a dense network: that of images of one pixel and a filter of one."""
    return conv_pair(x[:, None, None], y[:, None, None], depths, 1, "vanilla")


def kernels(xs, ys, depths, readout, q=3, flip=False):
    """{kernel: array of shape (depths, n, m)}; `readout` is `dense`, `vanilla`, `gap` or `lapC`."""

    def pair(x, y):
        return dense_pair(x, y, depths) if readout == "dense" else conv_pair(x, y, depths, q, readout)

    result = {kernel: np.zeros((len(depths), len(xs), len(ys))) for kernel in KERNELS}
    for i, x in enumerate(xs):
        for j, y in enumerate(ys):
            pairs = [pair(x, y), pair(x[:, :, ::-1], y)] if flip else [pair(x, y)]
            for kernel in KERNELS:
                result[kernel][:, i, j] = np.mean([p[kernel] for p in pairs], axis=0)
    return result


def relation(readout, shape):
    """What neural-tangents' value is to be multiplied by: its layers take means where the paper takes sums.

    The factor 1/q² does not appear: neural-tangents divides by q² at each convolution, the paper at each ReLU.
    """
    return shape[0] if readout == "gap" else math.prod(shape)
