//! Every tolerance of the tests of all crates, each with its reason: `accuracy/tests/tolerances.rs` fails where one stands elsewhere. Limits of commands
//! (`accel-sim validate` and `instructions`, `.ci/accuracies.py`) belong to no test and stand in those commands.
//! Lower limits stand here too: how near to its tolerance an error must come, or to 1 a score, for a test to prove something.

/// κ0 and κ1, in this order, in `f32`, every argument in [−1, 1], against the nearest `f32` to the exact value.
///
/// Measured over all of them: κ0 2 (94 % are 0), κ1 4 (89 % are 0, 0.0002 % are 4, near λ = −0.15 and −0.45). Where
/// λ < 0 the result is a bare product of √u, the polynomial and, for κ1, u: each of them brings half a unit or more, and
/// the rounding of 1 − |λ| up to one and a half, as κ1 grows like u^(3/2).
pub const KAPPA_F32_ULP: [u64; 2] = [2, 4];

/// The same in `f64`. The same steps as in `f32`, in another precision.
///
/// Measured: κ0 1, κ1 2 at the arguments of `data/kappa_f64.csv`; at 10⁸ random arguments (`accuracy kappa --precision f64`) κ0 2 (82 % are 0), κ1 4 (74 % are 0, 0.006 % are 4,
/// most of them just beside λ = −15/32, −31/64 and −1/2, where many last digits of u and of its powers are alike).
pub const KAPPA_F64_ULP: [u64; 2] = [2, 4];

/// By how much κ0 or κ1 may fall from one argument to a larger one. The exact functions increase; two results that
/// are each within [`KAPPA_F32_ULP`] could fall by twice that, but neighbours round much alike.
pub const KAPPA_FALL_ULP: u64 = 4;

/// The references for `f32` (`common/reference.rs`) against multi-precision, in units in the last place of `f64`: they state 2^-51 for κ0, and a
/// unit is at least 2^-53.
pub const REFERENCE_KAPPA0_ULP: u64 = 4;

/// The same for κ1, of which they state 2^-49.
pub const REFERENCE_KAPPA1_ULP: u64 = 16;

/// Sums of the same entries by two readouts in `f64`, weighted by different counts, or in another order.
/// Measured: 5.4e-16 of two readouts, 0 in another order.
pub const SUM_F64: f64 = 1e-14;

/// The same entries added in another order in `f32`: near one ulp, 1.2e-7, as the sums are compensated. Measured: 0, so that none may be met but that.
pub const SUM_F32: f64 = 1.3e-7;

/// Sums of 2^15 positive terms by `add_exactly` in `f32`, relative: the pair is rounded once, by 2^-24 = 6.0e-8 at most; what `low` itself loses is far below.
/// A plain sum of the same terms must miss it. Measured: 4.1e-8; plain sums 1.7e-7 to 6.0e-6.
pub const LONG_SUM_F32: f64 = 1e-7;

/// The same in `f64`: 2^-53 = 1.1e-16. Measured: 5.6e-17; plain sums 5.6e-16 to 7.8e-15.
pub const LONG_SUM_F64: f64 = 2e-16;

/// By how much rounding may lift the NNGP |K(x, y)| above √(K(x, x) K(y, y)), relative, in `f64`: parallel images reach the
/// bound. That of the NTK is [`PARALLEL_F64`]: 6.0e-10 was met. Measured: below 1e-15.
pub const BOUND_F64: f64 = 4e-15;

/// Kernels in `f64` against the definitions in `f64` (`common/naive.rs`), relative, up to depth 21, for images without
/// nearly parallel patches.
///
/// Measured: 8.9e-15 for different images. For an image with itself 1.0e-13, with 1×1 filters and two channels, where
/// two of its pixels happen to be nearly parallel.
pub const KERNEL_F64: f64 = 1e-12;

/// The same in `f32`.
///
/// Measured: 1.2e-6; over a million nets and pairs of many kinds (`accuracy search`, `docs/accuracy.md`) 1.8e-6.
/// With micromath 2.2e-6.
pub const KERNEL_F32: f64 = 2e-6;

/// The smallest 1 − |λ| of two patches that images may have for [`KERNEL_F32`] to hold: an error e of λ is one of e/(π√(2u)) in κ0.
/// Measured, of the pairs it is tested on: 6.7e-3.
pub const GENERIC: f64 = 5e-3;

/// Kernels in `f64` where a filter sees fewer than 8 numbers, with or without black regions. The fewer the numbers, the
/// more often are two patches nearly parallel, and an error e in λ makes one of e/√(2(1 − λ)) in κ0.
///
/// Measured: 9.9e-13.
pub const SMALL_PATCH_F64: f64 = 1e-11;

/// The same in `f32`. Measured: 9.1e-7.
pub const SMALL_PATCH_F32: f64 = 2e-6;

/// Dense kernels in `f64` against the definitions, relative to the largest term. Measured: 2.9e-14, with 3,072 features,
/// whose plain sum in the reference is the less accurate of the two.
pub const DENSE_F64: f64 = 1e-13;

/// The same in `f32`. Measured: 7.0e-7, with 3 features.
pub const DENSE_F32: f64 = 1e-6;

/// Kernels in `f64` where pixels are parallel, nearly so, or opposite without being equal: λ is ±1 up to its rounding error e, which
/// κ0 turns into √(2e)/π at the first layer. That is what the `acos` of the naive reference loses; the recursion does where pixels are opposite.
///
/// Measured: 9.5e-8.
pub const PARALLEL_F64: f64 = 3e-7;

/// The same of images, and inputs of dense nets, 1e-2 apart, whose λ is 1 nowhere. Measured: 1.1e-11.
pub const NEAR_F64: f64 = 1e-10;

/// Kernels in `f32` where pixels are opposite: e is 2^29 times larger and its root 2^14.5. [`KERNEL_F32`] holds where they are parallel. Measured: 4.4e-5, at depth 2, and by hand
/// 2.6e-4, of flat images at depth 3; an e of four roundings makes 2.2e-4 at depth 2.
pub const OPPOSITE_F32: f64 = 3e-4;

/// The same in `f64` against multi-precision, which loses nothing. Measured: 1.5e-9, at depth 2; see above.
pub const OPPOSITE_F64: f64 = 1e-8;

/// Kernels in `f64` against multi-precision, up to depth 21, of all patches but opposite ones: generic, parallel, shared, black.
///
/// Measured: 8.3e-16; what [`KERNEL_F64`], [`SMALL_PATCH_F64`], [`DENSE_F64`] and [`PARALLEL_F64`] allow beyond that is the other program's error.
pub const EXACT_F64: f64 = 3e-15;

/// The same in `f32`, of patches of 8 numbers and more. Measured: 6.3e-7.
pub const EXACT_F32: f64 = 1e-6;

/// Kernels in `f64` of images, and inputs of dense nets, between one unit in one number and 0.1 in all apart, and of multiples of such. Measured: 1.8e-15.
pub const CLOSE_F64: f64 = 3e-15;

/// The same in `f32`. Measured: 9.0e-7.
pub const CLOSE_F32: f64 = 1e-6;

/// NNGP kernels of dense nets in `f32` at depth 200, of inputs close or nearly opposite to each other. Measured: 1.3e-6; where K is carried through all layers, 1.9e-5.
pub const DEEP_NNGP: f64 = 2e-6;

/// Gram matrices of a backend with fused multiply-add against single pairs without it, in `f32`: each may be
/// [`KERNEL_F32`] from the truth, but most of that they share. Measured: 4.3e-7.
pub const SCALAR_F32: f64 = 1e-6;

/// The same in `f64`. Measured: 8.4e-16.
pub const SCALAR_F64: f64 = 3e-15;

/// How far below 0, relative to the largest, an eigenvalue of a Gram matrix of 24 images may lie in `f64`. Two of the
/// images are equal, so that the exact matrix is singular: rounding decides the sign of its least eigenvalue.
/// Measured: 8.7e-17.
pub const EIGENVALUE_F64: f64 = 1e-15;

/// How far below 0, relative to the largest, an eigenvalue of a Gram matrix of hundreds of real images may lie in `f64`. Measured: none
/// is negative, the least is 4.2e-8 (`accuracy spectrum`); what remains for this are the eigenvalues' own roundings.
pub const GRAM_F64: f64 = 1e-14;

/// What the least eigenvalue of a tested Gram matrix must exceed, relative to the largest: a matrix of which rounding leaves nothing
/// would say nothing about its sign. Measured: 1.6e-6, of 60 digits.
pub const GRAM_SEEN: f64 = 1e-7;

/// ‖K − K̂‖₂ of a Gram matrix of real images in `f32`, relative to the largest eigenvalue of K.
///
/// Measured: 2.8e-7, of digits at depth 2, whose even background makes pixels parallel without being equal; 1.5e-7 from depth 3 on. Of CIFAR-10
/// 7.2e-8, but 1.2e-6 for lap at depth 2 where so few images are taken that saturated regions of one are a large part (6 and 17 of them; 16, 24
/// and 48 stay below 2.0e-7). 2^-24 is 6.0e-8.
pub const GRAM_F32: f64 = 3e-6;

/// An entry of a Gram matrix of real images in `f32`, relative to the larger of it and the NNGP's, at any depth from 2 to 21. At depth 21
/// [`KERNEL_F32`] holds. Measured: 2.0e-6, of pooled digits, whose even background makes pixels parallel; CIFAR-10 1.7e-6.
pub const REAL_F32: f64 = 1e-5;

/// The fixtures of `host/tests/data` in `f64`: what both programs may lose, at depth 11. Measured:
/// 5.9e-15.
pub const FIXTURE_F64: f64 = 3e-14;

/// The same in `f32`. Measured: 4.2e-7.
pub const FIXTURE_F32: f64 = 1e-6;

/// The `f32` square root of the feature `micromath`, relative, over all normal numbers. Measured: 1.6e-6; the error of
/// 6.1 % that its approximation begins with is halved and squared twice.
pub const MICROMATH_SQRT: f64 = 2e-6;

/// κ0 in `f32` with it, relative, for λ in [−0.9999, 1]: for λ < 0 a product with the root. Measured: 1.6e-6.
pub const MICROMATH_KAPPA0: f64 = 2e-6;

/// κ1 in `f32` with it, relative, on the same range: for λ < 0 a product with the root too. Measured: 1.7e-6.
pub const MICROMATH_KAPPA1: f64 = 2e-6;

/// Kernels in `f32` with it, relative, of different images of patches of 18 numbers or more. Measured: 1.3e-6.
pub const MICROMATH_KERNEL: f64 = 5e-6;

/// Takes the place of [`KERNEL_F32`] with it where pixels are parallel or nearly so, before the factor below: in the plain n − Σ, √v √v' is further off.
/// Measured: 1.4e-4 with the factor, of images of one channel under 1×1 filters at depth 2.
pub const MICROMATH_NEAR: f64 = 5e-5;

/// Takes the place of [`SMALL_PATCH_F32`] with it, before the factor below, for the same reason. Measured: 1.7e-5 with the factor, of images of two pixels
/// under 1×1 filters.
pub const MICROMATH_SMALL_PATCH: f64 = 4e-6;

/// How much wider every other tolerance of `f32` kernels is with it. Measured: 4.6 times [`KERNEL_F32`] for an image with
/// itself under 1×1 filters.
pub const MICROMATH_FACTOR: f64 = 8.0;

/// Kernels of random networks by back-propagation against the same by differences, both in `f32`, relative: rounding of f,
/// divided by steps of 2^-2 and less; where a bend is near, much less. Measured: 2.0e-5 of plain nets, 6.0e-4 of leaky ReLUs.
pub const FINITE_DIFFERENCE: f64 = 1e-3;

/// How straight f, as a function of one weight, must be between the steps of a difference, relative to the sum of the sizes of its terms, whose
/// rounding does not fall where they cancel: far below the bend of a ReLU, and some 10 ε of `f32`.
pub const FINITE_STRAIGHT: f64 = 1e-6;

/// Kernels of random networks against the closed form at the largest width (4,096; on images of two dimensions 1,024; of nets with tricks 2,048, 1,024
/// and, on images, 512), relative, root mean square over 8 seeds or more. It is scatter alone, of up to 2.3/√1024 = 0.072 where gap is read out and the
/// first and the last layer are frozen; 16 seeds show 1.5 times that once in a thousand times (χ²). Measured: 0.072, and 0.076 of nets with tricks.
pub const FINITE_ERROR: f64 = 0.11;

/// The half-width of the 99.9 % interval of their slope against the width on log axes. An interval no wider that contains
/// −½ reaches neither 0 nor −1. Measured: 0.156.
pub const FINITE_SLOPE: f64 = 0.2;

/// The same of the experiment `tricks` at 95 %, and the mean error at the largest width: of 16 dense nets of each width from 128 to 2,048, and of 48
/// of 128 and of 512 for the other kernels. Measured: 0.127 and 0.039, 0.165 and 0.118; held against the plain net's kernel, leaky ReLUs of slope 0.1 are 0.065 off.
pub const TRICKS_DENSE: [[f64; 2]; 2] = [[0.15, 0.05], [0.2, 0.13]];
/// Of 24 convolutional nets of each width from 32 to 256, and of 48 of 32 and of 128. Measured: 0.22 and 0.13, 0.28 and 0.12, both of pooled nets: such an interval says little by itself, and the mean error the more.
pub const TRICKS_CONV: [[f64; 2]; 2] = [[0.25, 0.15], [0.3, 0.13]];

/// Of 20,000 simulated studies, those whose interval may miss: 20 at 99.9 %, and three standard deviations more.
pub const FINITE_MISSED: usize = 34;

/// The core's recursion on numbers of 384 bits against the definitions on numbers of 448, relative: 2^-384 is 2.5e-116. Where
/// pixels are parallel, κ0 turns an error e of λ into √(2e)/π, some 1e-58.
///
/// Measured: 2.4e-115, and 1.5e-59 where pixels are parallel.
pub const AGREEMENT: f64 = 1e-50;

/// Kernels of generic images, in any precision, at any depth d: relative to their exact values they are off by at most
/// `ROUNDINGS + SUMMANDS √min(n, 128) + (NNGP_LAYERS d, NTK_LAYERS d² or, dense, DENSE_NTK_LAYERS d)` times ε (2^-24 in `f32`, 2^-53 in `f64`), where n is the
/// length of the inner products that Σ⁰ consists of: C·q², or a dense net's features, of which sixteen at a time are summed plainly.
///
/// The d² of the NTK: u = 1 − λ falls as 44/h² in layer h, and an error e of λ makes one of e/(π√(2u)), near 0.034 h e, in κ0; over all layers
/// they sum to d² e/59. e is some ε. That NNGP's errors grow at all is due to √v and 1/√v, whose roundings all entries share.
///
/// Measured by `accuracy growth`, in units of ε: at depth 200 NNGP 15 in `f32` and 16 in `f64`, NTK 1,024 and 1,280; at depth 21 all 9 and 8 (5.1e-7 in `f32`).
/// At most 0.64 of the bound was met, and 0.75 by the tests.
pub const ROUNDINGS: f64 = 6.0;
/// See [`ROUNDINGS`].
pub const SUMMANDS: f64 = 1.5;
/// See [`ROUNDINGS`].
pub const NNGP_LAYERS: f64 = 1.0 / 8.0;
/// See [`ROUNDINGS`].
pub const NTK_LAYERS: f64 = 1.0 / 20.0;
/// The same for the NTK of dense nets, times d and not d²: they keep n − Σ from layer to layer, so that u has the same relative error in
/// all of them, and what is left are the roundings of d sums. Holds of any inputs, relative to √(K(x, x) K(x', x')) where they are opposite. Measured: 84 ε at
/// depth 200, of two features and inputs a thousandth apart; 127 ε of 16 features that were changed until errors added up.
pub const DENSE_NTK_LAYERS: f64 = 3.0 / 4.0;

/// Takes the place of [`NNGP_LAYERS`] and [`DENSE_NTK_LAYERS`] for nets of any slope, dense ones with residual connections of any strength; the NTK of convolutional ones has its
/// own part besides. Where λ hardly changes from layer to
/// layer, each rounds nearly the same sums as the one before, so that errors add. Measured: 201 ε at depth 200, of a slope of 0.99 and a strength of 0.001; 22 ε
/// (1.3e-6 in `f32`) at depth 21, of a slope of 1.001 and a strength of 3.
pub const ANY_LAYERS: f64 = 1.25;

/// Takes the place of [`NTK_LAYERS`] for convolutional nets and images of any kind but opposite ones, close to each other or in part, beside [`ANY_LAYERS`]: nearly parallel patches have one λ, and
/// errors of one sign. Measured: NNGP 5.8e-6 and NTK 1.4e-4 at depth 200 in `f32`, 0.4 and 0.8 of the bound.
pub const CLOSE_NTK_LAYERS: f64 = 1.0 / 15.0;

/// Shares of a few numbers, in `f64`, and the limits that follow from them: some roundings.
pub const OF_SHARES: f64 = 1e-14;

/// A share of an image from a sample of its pixels: within this factor, either way.
pub const OF_SAMPLES: f64 = 2.0;

/// 1 − cos of an angle from vectors one of which is 2e-4 too long, absolute: what is left is that times the square of the excess. Measured: 1.3e-9.
pub const OF_GAP: f64 = 3e-9;

/// What part of K κ0 Θ is at most in a test of such as are far less: 3e-3 were met.
pub const FAR_LESS: f64 = 1e-2;

/// What part of that bound the worst kernel of a test must reach: a bound that nothing comes near says little.
pub const BOUND_USED: f64 = 0.1;
/// The bound itself, in units of ε, against what was computed by hand with two decimals.
pub const BOUND_DIGITS: f64 = 0.01;

/// What part of its stated error a fast reference of κ0 and κ1 must reach, in `f64` and in two `f64`: statements that are far too wide would
/// send everything to multi-precision.
pub const REFERENCE_USED: [f64; 2] = [0.1, 0.05];

/// Where kernels of pixels of any size must be as exact as others: from so many times the least normal number, as the sums of a readout
/// consist of smaller terms, ...
pub const RANGE_FROM: f64 = 8.0;
/// ... to this part of the largest, as rounding may reach it.
pub const RANGE_TO: f64 = 0.99;

/// Kernels in `f32` are compared where the exact one is larger: the least normal number, 1.2e-38, with room for the terms of the readout's sum.
pub const LEAST_F32: f64 = 1e-33;

/// Kernel 2^24 + 16 in `f32`, absolute: one unit in the last place.
pub const COVARIANCE_F32: f32 = 2.0;

/// Exponents of the factors that undo the scaling, of up to 1,000 layers: sums of logarithms of some 10⁴, each rounded. Measured: below 1e-12.
pub const EXPONENT: f64 = 1e-11;

/// The limits of `core/src/close.rs` are powers of two, the values of u that stand beside them round numbers: 10 % apart at most.
pub const OF_LIMITS: f64 = 0.1;

/// By how many powers of two the carried numbers may exceed the growth of one period and of a layer: the divisors are even powers of two, together
/// at most two powers below the growth.
pub const CARRIED: f64 = 2.0;

/// By how many powers of two a half of a factor, squared, may exceed the factor: the exponent is halved towards 0, and what remains of the factor
/// lies between two powers.
pub const HALVES: f64 = 4.0;

/// How much farther from each other two approximations may be than either from the truth.
pub const BETWEEN_TWO: f64 = 2.0;

/// √v and 1/√v of the variance maps, in units in the last place, after 39 layers: sums of squares, all positive, where each layer rounds two
/// sums of q numbers and the root halves what they bring.
///
/// Measured: 2.6 in `f32`, 5.4 in `f64`, with pixels in one line.
pub const VARIANCE: f64 = 10.0;

/// Σ x y of a block of 128 products, relative to Σ |x y|, in units in the last place: as many roundings, which mostly cancel. Measured: 1.3.
pub const PRODUCTS: f64 = 8.0;

/// √(x·x) and its inverse, in units in the last place: blocks of 128 positive terms summed plainly, whose error the root halves.
/// Measured: 1.6.
pub const DEVIATION: f64 = 8.0;

/// The weights of a regression, relative to the largest, per unit of condition number: two backward stable solves of up to 600 equations differ by
/// a few ε times the condition number. Measured: 4.6e-16.
pub const SOLVE: f64 = 1e-14;

/// The weights of the solvers that iterate against those of the factorisation in `f64`, relative to the largest: what the project promises. A
/// residual of 1e-10 leaves more in directions of small eigenvalues, but there the weights are large. Measured: 1.3e-10, of 1,400 digits by conjugate gradients.
pub const METHODS: f64 = 1e-8;

/// The relative residual at which an iteration ends: its stopping rule.
pub const RESIDUAL: f64 = 1e-10;
/// Where f64 does not reach that: what an iteration that ends with a warning leaves at most, as much as a kernel in f32 is worth.
pub const RESIDUAL_WARNED: f64 = 1e-6;

/// Means, slopes and correlations of a few numbers against the same by hand: some ten operations of `f64`, logarithms among them.
/// Measured: 8.9e-16.
pub const TEXTBOOK: f64 = 1e-14;

/// What follows from an eigendecomposition, relative to its largest number and per unit of condition number: eigenvalues are off by some ε of the
/// largest, as a backward stable solve is, and the plain eliminations beside them by as much.
/// Measured: 3.4e-15, of weights; eigenvalues 1.2e-15.
pub const SPECTRUM: f64 = 1e-13;

/// The predictions after training for a time t, per unit of 1 + t λ_max, against a matrix exponential written out: its power series is squared eight
/// times, and each squaring may double its rounding error. Measured: 4.5e-14.
pub const FLOW: f64 = 1e-12;

/// The least part of eighty digits that the others of them recognise: most are like others of their class. A wrong formula gives near a tenth.
pub const LEFT_OUT: f64 = 0.5;

/// The largest mean square of what those predictions are off by: that of the zero function, (0.9² + 9·0.1²)/10 = 0.09.
pub const LEFT_OUT_ERROR: f64 = 0.09;

/// What is left of the variance of a Gaussian process at a training image, where the noise is 1e-9 and kernels are near 1: the noise, and the rounding of
/// k(x, x).
pub const KNOWN: f64 = 1e-8;

/// The normwise backward error of a solve: Cholesky's is below n·ε in theory and near ε in practice. Measured: 5.4e-16.
pub const BACKWARD: f64 = 1e-14;

/// The reported backward error against its definition, for weights that were changed by 0.5: a residual that cancels no digits, but for the
/// solution's own error of 1e-13.
pub const BACKWARD_ITSELF: f64 = 1e-10;

/// By how much the condition estimate, a lower bound in exact arithmetic, may exceed the condition number, relative: rounding, which grows with
/// the condition number itself. Measured: 4.8e-12.
pub const CONDITION_ABOVE: f64 = 1e-9;

/// The same per unit of condition number, where that is beyond 1e8: the solves of the estimate err by some ten ε times the condition number. Measured: below ε.
pub const CONDITION_ROUNDING: f64 = 1e-14;

/// How many times below the condition number the estimate may lie: nearly always at most 3 (Higham and Tisseur 2000); the generated matrices, with
/// near duplicates among them, stay below this. No number holds for all matrices.
pub const CONDITION_BELOW: f64 = 3.0;

/// Pivots that cancel no digits, and the eigenvalue's bound that is made of one, relative: sums of up to 400 products. Measured: 4.4e-16.
pub const PIVOT: f64 = 1e-14;

/// The ridge suggested for a kernel with two equal rows and a diagonal of 1: near the rounding of `f32`, 1.2e-7 √150, rounded up to one digit,
/// not a large number that would change the predictions.
pub const SUGGESTED_RIDGE: f64 = 1e-5;

/// Scores, relative to Σ |k α|: a sum of up to 59 products in another order, which loses n ε = 1e-14 at most. Measured: 4.1e-16.
pub const SCORE: f64 = 1e-14;

/// The part of the digits that a small run of the command must recognise: far below what the kernels reach (97 % and more), far above a wrong kernel.
pub const LEAST_ACCURACY: f64 = 0.90;

/// Mean and standard deviation of pixels in [0, 1] against plain sums of 300 of them in `f64`, absolute: these lose a few ε.
/// Measured: 1.7e-16.
pub const STATISTICS: f64 = 3e-15;

/// Mean and variance of normalised pixels against 0 and 1, by plain sums of up to 92,032 of them: the sums lose a few √n ε.
/// Measured: 5.7e-13, of the variance.
pub const NORMALISED: f64 = 1e-12;

/// Mean and standard deviation of the well-known data sets against the published ones, absolute: half a unit of their fourth decimal, the last
/// that is given for all of them.
pub const PUBLISHED: f64 = 5e-5;

/// Of the distance of a pixel from the byte that stands for it, in steps: half of one, and what computing with it in `f32` rounds.
pub const QUANTISATION: f32 = 0.501;

/// Gradients of random networks by back-propagation against central differences with a step of 1e-3, relative to the larger of the slope and 1: f in `f32`,
/// rounded to some 1e-6, over that step; where a ReLU bends between its ends, more. Measured: 1.4e-2, of half of the nets below 3e-5.
pub const NET_GRADIENT: f64 = 0.02;

/// Kernels of random networks against the products of the gradients or features that they consist of, relative to the geometric mean of the kernels of both
/// images with themselves: the order of sums of some hundred products in `f32`. Measured: 2.1e-7.
pub const NET_KERNEL: f64 = 1e-6;

/// Outputs of random networks against the products of the weights of each layer with the gradient, relative to the norm of that gradient: f is of this size, as
/// weights are of 1. Sums of some hundred products in `f32`. Measured: 1.0e-6.
pub const NET_OUTPUT: f64 = 5e-6;

/// The kernel of a difference of two nets over √2 against that of one of them, relative: 1/√2 in `f32`, squared. Measured: 3.4e-8.
pub const NET_HALVES: f64 = 1e-7;

/// What part of its loss a net of width 32 may have left after 400 steps, whose size is the inverse of the kernel's trace: a wrong gradient leaves most of
/// it. Measured: 5.4e-4.
pub const NET_LEARNT: f64 = 0.01;

/// A tenth of all weights of a layer, relative: each is rounded to 2^-24, and no more. Measured: 2.7e-9.
pub const NET_SUM: f64 = 1e-8;

/// The loss at an output of 0, 2.46, against the targets' squares by hand, absolute: targets are rounded to `f32`. Measured: 7.0e-8.
pub const NET_LOSS: f64 = 2e-7;

/// The distances of weights, of each layer and of all, against those by a plain loop, and that of all against that from the layers', relative: sums of
/// some hundred squares in `f64`, in another order. Measured: 1.8e-15.
pub const NET_DISTANCE: f64 = 1e-14;

/// The products of all weights of a layer against those by a plain loop, relative to Σ |x y|: some hundred sums in `f64`, in another order, whose
/// roundings mostly cancel. Measured: 3.7e-17.
pub const NET_PRODUCTS: f64 = 1e-15;

/// The half-width of the 95 % interval of the slope of the kernel's error against the width, of dense nets: no wider, and it tells −½ from 0 and −1.
/// Measured: 0.091.
pub const SLOPE_HALF: f64 = 0.15;

/// The same of convolutional nets, which are narrow: of two of them [`ERROR_FALLS`] tells −½ from 0. Measured: 0.23 flattened, 0.29 pooled.
pub const SLOPE_HALF_POOLED: f64 = 0.33;

/// What part of the error of such a kernel may be left at four times the width, where ½ is expected and 1 would be no fall: with what 24 nets scatter.
/// Measured: 0.58.
pub const ERROR_FALLS: f64 = 0.7;

/// How far the interval of the slope of what moves in training may reach from the power that theory has: the −½ of the last layer, the −¾ of the kernel and the
/// −1 of a hidden layer are ¼ apart. Measured: 0.13.
pub const SLOPE_DRIFT: f64 = 0.2;

/// The same of the difference of trained nets from the closed form, by three widths and five nets of each: it tells −½ from 0 and −1. Measured: 0.16.
pub const SLOPE_TRAINING: f64 = 0.25;

/// How many times farther from the closed form nets as drawn must end than nets with a tenth of the initial output: ten times, but for what the width leaves of
/// both. Measured: 8.2.
pub const DRAWN_LARGER: f64 = 4.0;

/// What the correlation of the outputs of nets of width 512 with those of kernel regression must exceed, with 95 % confidence. Measured: 0.964.
pub const CORRELATION_SEEN: f64 = 0.95;

/// The same of the share of forty images whose classes are equal. Measured: 0.862.
pub const EQUAL_CLASSES: f64 = 0.8;

/// Where the test error peaks, in features over training images: at 1, or at the next width that is tried, 0.9 or 1.1. Measured: 1.
pub const PEAK: [f64; 2] = [0.85, 1.15];

/// What must be left of noisy targets where there are 0.6 features for an image, relative. Measured: 0.58.
pub const RESIDUAL_LEFT: f64 = 0.4;

/// What may be left of them where there are three. Measured: 3e-8, the rounding of targets to f32.
pub const FITTED: f64 = 1e-6;

/// How near the test error of the widest nets must be to that of the limit, its interval included, relative: narrow nets are several times as far. Measured: 0.052.
pub const LIMIT_NEAR: f64 = 0.1;

/// How many of a hundred digits each kernel must recognise, in %: far above a wrong kernel. Measured: 88.
pub const TABLE_KERNELS: f64 = 80.0;

/// How far a flattened net may be from its kernel there: three standard deviations of such a difference. Measured: 1.
pub const TABLE_APART: f64 = 13.0;

/// How many a pooled net, which learns more slowly, must recognise after twenty epochs: the 10 % of chance and seven standard deviations. Measured: 43.
pub const TABLE_POOLED: f64 = 31.0;

/// Kernels in a format of few digits against those in `f64`, relative, in units of 2^-digits: products, roots and eleven layers, whose errors mostly cancel.
/// Measured: 0.60.
pub const NARROW: f64 = 2.0;

/// How many times the instructions and the time of plain ReLUs leaky ones must take on the simulated Cortex-M4F: the loop that carries D, in every layer.
/// Measured: 1.27 and 1.22.
pub const LEAKY_COST: [f64; 2] = [1.2, 1.15];
