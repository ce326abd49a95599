/* Exact kernels of infinitely wide ReLU networks (NNGP, NTK, CNTK) in the caller's buffers. Version 0.1.
 *
 * Nothing is allocated, there is no global state, every function is reentrant, and none unwinds or aborts. All lengths are counted in
 * numbers (float or double), not in bytes. Descriptions are plain data: fill in uw_conv or uw_dense, ask for the lengths, and call.
 *
 * What every function checks: NULL, alignment, lengths, outputs that overlap with other buffers, and each number of a description. What
 * none can check is that as many numbers lie at a pointer as the caller says: that must be true.
 *
 * This file is made by cbindgen: `cargo run --manifest-path c/header/Cargo.toml`. Do not edit it.
 */

#ifndef ULTRAWIDE_H
#define ULTRAWIDE_H

#include <stddef.h>
#include <stdint.h>

/**
 * The length of the list of depths.
 */
#define UW_MAX_DEPTHS 32

/**
 * The length of the list of kernels.
 */
#define UW_MAX_KERNELS 2

/**
 * The length of the list of readouts.
 */
#define UW_MAX_READOUTS 8

/**
 * What can be wrong. The numbers of the constants stay what they are in later versions; new ones may come.
 */
enum uw_error
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * All went well.
     */
    UW_OK = 0,
    /**
     * A pointer is NULL.
     */
    UW_ERROR_NULL = 1,
    /**
     * A pointer is not aligned to what it points to.
     */
    UW_ERROR_ALIGNMENT = 2,
    /**
     * An output or the scratch overlaps with another buffer.
     */
    UW_ERROR_OVERLAP = 3,
    /**
     * A buffer has the wrong length; the functions that tell lengths name the right one.
     */
    UW_ERROR_LENGTH = 4,
    /**
     * A number stands for nothing: a kernel, pooling or choice of trained layers that does not exist, a lap where no local pooling is
     * asked for, images in two formats, residual connections other than 0 and 1 or a strength without them.
     */
    UW_ERROR_VALUE = 5,
    /**
     * Something follows the zero that ends a list.
     */
    UW_ERROR_LIST = 6,
    /**
     * A dimension of the shape is zero.
     */
    UW_ERROR_EMPTY_SHAPE = 7,
    /**
     * The buffers would be larger than the address space.
     */
    UW_ERROR_TOO_LARGE = 8,
    /**
     * The size of the filter is even.
     */
    UW_ERROR_EVEN_FILTER = 9,
    /**
     * The half width of the local average pooling is above 4096.
     */
    UW_ERROR_POOLING_TOO_LARGE = 10,
    /**
     * A list holds nothing: kernels, depths, readouts, classes, support images.
     */
    UW_ERROR_EMPTY_LIST = 11,
    /**
     * A kernel or a readout is listed twice.
     */
    UW_ERROR_DUPLICATE = 12,
    /**
     * A depth is 1: such a net is linear.
     */
    UW_ERROR_SHALLOW_DEPTH = 13,
    /**
     * A depth is above 16384.
     */
    UW_ERROR_DEEP_DEPTH = 14,
    /**
     * The depths do not increase.
     */
    UW_ERROR_UNORDERED_DEPTHS = 15,
    /**
     * At depth 2 with the first and the last layer frozen nothing is trained, and the NTK is zero.
     */
    UW_ERROR_NOTHING_TRAINED = 16,
    /**
     * An error that this version has no code for.
     */
    UW_ERROR_OTHER = 17,
    /**
     * A slope or a strength is infinite or NaN.
     */
    UW_ERROR_NOT_FINITE = 18,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum uw_error uw_error;
#else
typedef int32_t uw_error;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The kernel of an infinitely wide network.
 */
enum uw_kernel
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The covariance of the output at random initialisation.
     */
    UW_NNGP = 1,
    /**
     * The neural tangent kernel: training by gradient flow.
     */
    UW_NTK = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum uw_kernel uw_kernel;
#else
typedef uint32_t uw_kernel;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Which layers are trained; it concerns the NTK alone.
 */
enum uw_trained
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Every layer.
     */
    UW_TRAIN_ALL = 0,
    /**
     * Every layer but the first and the last.
     */
    UW_TRAIN_HIDDEN = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum uw_trained uw_trained;
#else
typedef uint32_t uw_trained;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How the P x Q x P x Q array T of a convolutional net becomes one number.
 */
enum uw_pooling
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Flatten and a dense layer: the sum of `T[i,j,i,j]` over all pixels (i,j).
     */
    UW_VANILLA = 1,
    /**
     * Global average pooling: the mean over all P^2 Q^2 entries.
     */
    UW_GAP = 2,
    /**
     * Local average pooling with windows of (2c+1)^2 pixels, c = lap: (2c+1)^-4 times the sum of `T[i+a,j+b,i+a',j+b']` over all pixels
     * (i,j) and all a, b, a', b' from -c to c, terms outside the image dropped.
     */
    UW_LAP = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum uw_pooling uw_pooling;
#else
typedef uint32_t uw_pooling;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * A readout of a convolutional net.
 */
typedef struct uw_readout {
    /**
     * A constant of uw_pooling.
     */
    uint32_t pooling;
    /**
     * The half width c of UW_LAP, at most 4096; 0 for the others.
     */
    uint32_t lap;
} uw_readout;

/**
 * pixel = `number * scale[c] + offset[c]`, one pair for each channel c.
 */
typedef struct uw_affine {
    /**
     * As many as there are channels.
     */
    const float *scale;
    /**
     * As many as there are channels.
     */
    const float *offset;
} uw_affine;

/**
 * A trained classifier: f(x) = sum over i of k(x, image_i) weight_i, the class is the argmax.
 *
 * `ultrawide export --target c` writes one as C source. Everything it points to can lie in read-only memory.
 */
typedef struct uw_classifier {
    /**
     * C, the channels of an image.
     */
    uint32_t channels;
    /**
     * P, its rows.
     */
    uint32_t height;
    /**
     * Q, its columns.
     */
    uint32_t width;
    /**
     * The size of the filters, odd; 0 for a fully connected net.
     */
    uint32_t filter;
    /**
     * The readout; {0, 0} for a fully connected net.
     */
    struct uw_readout readout;
    /**
     * A constant of uw_kernel.
     */
    uint32_t kernel;
    /**
     * A constant of uw_trained.
     */
    uint32_t trained;
    /**
     * Layers with weights.
     */
    uint32_t depth;
    /**
     * The number of classes.
     */
    uint32_t classes;
    /**
     * The number of support images.
     */
    uint32_t support;
    /**
     * Normalises an image that is to be classified.
     */
    struct uw_affine input;
    /**
     * The support images as normalised pixels, or NULL.
     */
    const float *images_f32;
    /**
     * The support images as bytes, or NULL; one of the two is not NULL.
     */
    const uint8_t *images_u8;
    /**
     * Normalises the bytes; two NULL where there are none.
     */
    struct uw_affine bytes;
    /**
     * A row of `classes` weights for each support image.
     */
    const float *weights;
} uw_classifier;

/**
 * The outputs of one pass: every kernel at every depth. The lists end at their first zero.
 *
 * All depths together cost what the largest one costs.
 */
typedef struct uw_request {
    /**
     * Constants of uw_kernel, none twice.
     */
    uint32_t kernels[UW_MAX_KERNELS];
    /**
     * Depths, increasing, from 2 to 16384. A depth counts the layers with weights: depth - 1 hidden layers, each with a ReLU, and the
     * output layer.
     */
    uint32_t depths[UW_MAX_DEPTHS];
    /**
     * A constant of uw_trained.
     */
    uint32_t trained;
} uw_request;

/**
 * A convolutional ReLU net without biases: filter x filter weights, stride 1, zero padding.
 *
 * Example: `uw_conv net = {1, 8, 8, 3, {{UW_VANILLA, 0}}, {{UW_NTK}, {3, 5}, UW_TRAIN_ALL}, 0};`
 */
typedef struct uw_conv {
    /**
     * C, the channels of an image.
     */
    uint32_t channels;
    /**
     * P, its rows.
     */
    uint32_t height;
    /**
     * Q, its columns.
     */
    uint32_t width;
    /**
     * The size of the filters, odd.
     */
    uint32_t filter;
    /**
     * What is read out, none twice; the list ends at the first readout with pooling 0.
     */
    struct uw_readout readouts[UW_MAX_READOUTS];
    /**
     * The kernels and depths.
     */
    struct uw_request request;
    /**
     * b of leaky ReLUs in place of the ReLUs: sqrt(2/(1 + b^2)) z where z > 0, b times that where z < 0. 0 is the ReLU, -1 the absolute
     * value; all but 0 take longer.
     */
    double slope;
} uw_conv;

/**
 * The lengths of the buffers of a convolutional net, in numbers (float or double), not in bytes.
 */
typedef struct uw_lengths {
    /**
     * An image: C P Q pixels in the order channel, row, column.
     */
    size_t pixels;
    /**
     * A prepared image.
     */
    size_t prepared;
    /**
     * The scratch of a pair, at least.
     */
    size_t scratch;
    /**
     * The kernels of a pair: kernels x readouts x depths, the depth running fastest.
     */
    size_t outputs;
} uw_lengths;

/**
 * A fully connected ReLU net without biases.
 *
 * Example: `uw_dense net = {{{UW_NTK}, {3, 5}, UW_TRAIN_ALL}, 0, 0, 0};`
 */
typedef struct uw_dense {
    /**
     * The kernels and depths.
     */
    struct uw_request request;
    /**
     * b of leaky ReLUs, as in uw_conv.
     */
    double slope;
    /**
     * s of the residual connections, where there are any.
     */
    double strength;
    /**
     * 1: connections around every hidden layer but the first, `z = (z + s W phi(z))/sqrt(1 + s^2)`; 0: none, and s must be 0.
     */
    uint32_t residual;
} uw_dense;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library, such as "0.1.0". Cannot fail.
 */
const char *uw_version(void);

/**
 * The floats of workspace that uw_classify needs.
 *
 * Errors: UW_ERROR_NULL and UW_ERROR_ALIGNMENT; what is wrong with the classifier.
 */
uw_error uw_classifier_workspace(const struct uw_classifier *classifier, size_t *len);

/**
 * The class of an image, counted from 0, the lowest one where several have the largest score; and the scores of all classes.
 *
 *     score_c = sum over i of k(x, image_i) weight_(i,c)
 *
 * Shapes: `pixels`: C P Q numbers, not yet normalised: for data of bytes 0 to 255, for the bundled digits 0 to 16. `workspace`: at
 * least what uw_classifier_workspace says, of any content. `scores`: one for each class.
 * Accuracy: the bits are those that `ultrawide export` computed, on every machine.
 * Errors: UW_ERROR_NULL, UW_ERROR_ALIGNMENT, UW_ERROR_OVERLAP, UW_ERROR_LENGTH; what is wrong with the classifier. After an error
 * `scores` and `class_index` are as they were.
 * Cost: for each support image what uw_conv_prepare_f32 and uw_conv_pair_f32 cost, or uw_dense_pair_f32.
 */
uw_error uw_classify(const struct uw_classifier *classifier,
                     const float *pixels,
                     size_t pixels_len,
                     float *workspace,
                     size_t workspace_len,
                     float *scores,
                     size_t scores_len,
                     uint32_t *class_index);

/**
 * The buffers that a net needs.
 *
 * Errors: UW_ERROR_NULL and UW_ERROR_ALIGNMENT; what is wrong with the net.
 * Cost: the check of the net, which every function does: some hundred instructions, the two logarithms in double among them.
 */
uw_error uw_conv_lengths(const struct uw_conv *net,
                         struct uw_lengths *lengths);

/**
 * Prepares one image: what it contributes to every pair that it takes part in.
 *
 *     v_0[i,j] = box(sum over c of pixel_c[i,j]^2),   v_h = box(v_(h-1)) / filter^2;   written: sqrt(v_h), 1 / sqrt(v_h)
 *
 * with box the sum over filter x filter pixels, those outside the image dropped. A prepared image serves for all its pairs, in this
 * process and on this machine: its layout may change from version to version.
 *
 * Shapes: `pixels_len` is uw_lengths.pixels, `prepared_len` is uw_lengths.prepared. Pixels are finite; usually of mean 0 and standard
 * deviation 1. `prepared` may hold anything before.
 * Errors: UW_ERROR_NULL, UW_ERROR_ALIGNMENT, UW_ERROR_OVERLAP, UW_ERROR_LENGTH; what is wrong with the net. After an error `prepared` is
 * as it was.
 * Cost: P Q (2 filter + 3) operations a layer, one root and one division among them.
 */
uw_error uw_conv_prepare_f32(const struct uw_conv *net,
                             const float *pixels,
                             size_t pixels_len,
                             float *prepared,
                             size_t prepared_len);

/**
 * As uw_conv_prepare_f32, in double.
 */
uw_error uw_conv_prepare_f64(const struct uw_conv *net,
                             const double *pixels,
                             size_t pixels_len,
                             double *prepared,
                             size_t prepared_len);

/**
 * The kernels of two images: every kernel, readout and depth of the net in one pass.
 *
 *     S = box(sum over c of x_c[i,j] y_c[i',j']),   T = S or 0 (first layer frozen)
 *     for each ReLU layer, with n = sqrt(v_x[i,j] v_y[i',j']):
 *         K = n kappa1(S/n) / filter^2,   T = kappa0(S/n) / filter^2 * T + K,   then S = box(K), T = box(T)
 *
 * The NNGP kernel reads out K, the NTK reads out T, or T - K where the last layer is frozen (Arora et al. 2019, arXiv 1904.11955,
 * section 4 and appendix G, in its scale: no 1/C). Where the images are equal, S/n is exactly 1.
 *
 * Shapes: `x`, `y`: prepared by uw_conv_prepare_f32 for the same net, uw_lengths.prepared numbers each; they may be the same buffer.
 * `scratch`: at least uw_lengths.scratch, of any content. `kernels`: uw_lengths.outputs, in the order kernel, readout, depth.
 * Accuracy: within 2e-6 relative of the exact value up to depth 21, for images of whose patches no two are nearly opposite; with a slope, relative to the root
 * of the product of the images' own kernels (docs/accuracy.md, which also tells what is lost of opposite patches and of greater depths). The bits are those of every machine without fused multiply-add.
 * Errors: UW_ERROR_NULL, UW_ERROR_ALIGNMENT, UW_ERROR_OVERLAP, UW_ERROR_LENGTH; what is wrong with the net. After an error `kernels` is
 * as it was.
 * Cost: about 20 multiplications, 20 sums and a square root for each entry and layer; P Q entries for UW_VANILLA, P^2 Q^2 for UW_GAP.
 */
uw_error uw_conv_pair_f32(const struct uw_conv *net,
                          const float *x,
                          size_t x_len,
                          const float *y,
                          size_t y_len,
                          float *scratch,
                          size_t scratch_len,
                          float *kernels,
                          size_t kernels_len);

/**
 * As uw_conv_pair_f32, in double: within 3e-15 of the exact value, and within 3e-9 where patches are opposite (up to depth 21; docs/accuracy.md).
 */
uw_error uw_conv_pair_f64(const struct uw_conv *net,
                          const double *x,
                          size_t x_len,
                          const double *y,
                          size_t y_len,
                          double *scratch,
                          size_t scratch_len,
                          double *kernels,
                          size_t kernels_len);

/**
 * The number of kernels that a fully connected net gives for a pair: kernels x depths.
 *
 * Errors: UW_ERROR_NULL and UW_ERROR_ALIGNMENT; what is wrong with the net.
 */
uw_error uw_dense_outputs(const struct uw_dense *net, size_t *outputs);

/**
 * The kernels of two inputs of a fully connected ReLU net without biases: every kernel and depth of its request in one pass.
 *
 *     S = x.y,   T = S or 0 (first layer frozen);   for each ReLU layer, with n = |x| |y|:
 *         K = n kappa1(S/n),   T = kappa0(S/n) T + K,   S = K
 *
 * That is the formula of ReLUs; that of leaky ReLUs and residual connections: docs/theory.md. The NNGP kernel is K, the NTK is T, or
 * T - K where the last layer is frozen. Nothing needs to be prepared, and there is no scratch.
 *
 * Shapes: `x`, `y`: `features` numbers each, at least one, finite; they may be the same buffer. `kernels`: as many as uw_dense_outputs
 * says, in the order kernel, depth.
 * Accuracy: within 2e-6 up to depth 21, relative to the exact value, or to the root of the product of the inputs' own kernels where S < 0, with a slope
 * and with residual connections (docs/accuracy.md).
 * Errors: UW_ERROR_NULL, UW_ERROR_ALIGNMENT, UW_ERROR_OVERLAP, UW_ERROR_LENGTH; what is wrong with the net. After an error
 * `kernels` is as it was.
 * Cost: 7 operations a feature; about 20 multiplications, a sum and a square root a layer.
 */
uw_error uw_dense_pair_f32(const struct uw_dense *net,
                           const float *x,
                           const float *y,
                           size_t features,
                           float *kernels,
                           size_t kernels_len);

/**
 * As uw_dense_pair_f32, in double: within 5e-15 of the exact value (up to depth 21; docs/accuracy.md).
 */
uw_error uw_dense_pair_f64(const struct uw_dense *net,
                           const double *x,
                           const double *y,
                           size_t features,
                           double *kernels,
                           size_t kernels_len);

/**
 * The name of an error code as it stands in this header, such as "UW_ERROR_NULL"; "unknown" for any other number.
 *
 * The text is static: it is never to be freed. Cannot fail.
 */
const char *uw_error_name(int32_t error);

/**
 * One line in English that tells what an error code means.
 *
 * The text is static: it is never to be freed. Cannot fail.
 */
const char *uw_error_message(int32_t error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ULTRAWIDE_H */
