//! The number a recursion runs on: a float, a vector of floats, or anything else that can add, multiply and take a root.

use crate::coefficients;

/// A number, or a vector of numbers that stands where a number stands.
///
/// The recursions of this crate are written once over this trait. Every operation acts on each lane alone, so what
/// a lane holds never depends on its neighbours, and a kernel computed in lane 3 of a vector has the bits of the
/// same kernel computed in lane 0.
///
/// # Accuracy
/// Implementors promise: `add`, `sub`, `mul`, `div` and `sqrt` round correctly (`sqrt` of `f32` does not with the
/// feature `micromath`: 2e-6, `core/tests/micromath.rs`); the three multiply-add forms all round once (fused) or all round twice. The vectors
/// of the host have the bits of floats (`simd/tests/simd.rs`).
pub trait Number: Copy {
    /// One lane of this number.
    type Scalar: Scalar;

    /// The number of lanes.
    const LANES: usize;

    /// `value` in every lane.
    fn splat(value: Self::Scalar) -> Self;

    /// `lane(i)` in lane `i`.
    fn from_lanes(lane: impl FnMut(usize) -> Self::Scalar) -> Self;

    /// Lane `index`, or the last one where `index` is too large.
    fn lane(self, index: usize) -> Self::Scalar;

    /// Writes the lanes in their order; `lanes` that are left over stay as they are.
    fn write(self, lanes: &mut [Self::Scalar]);

    /// `self + other`.
    fn add(self, other: Self) -> Self;
    /// `self − other`.
    fn sub(self, other: Self) -> Self;
    /// `self · other`.
    fn mul(self, other: Self) -> Self;
    /// `self / other`.
    fn div(self, other: Self) -> Self;
    /// `self · factor + term`.
    fn mul_add(self, factor: Self, term: Self) -> Self;
    /// `self · factor − term`.
    fn mul_sub(self, factor: Self, term: Self) -> Self;
    /// `term − self · factor`.
    fn neg_mul_add(self, factor: Self, term: Self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
    /// The absolute value.
    fn abs(self) -> Self;
    /// The smaller of the two; `other` where `self` is NaN.
    fn min(self, other: Self) -> Self;
    /// The larger of the two; `other` where `self` is NaN.
    fn max(self, other: Self) -> Self;
    /// In each lane `negative` where `self` is below zero, `other` elsewhere.
    fn select_negative(self, negative: Self, other: Self) -> Self;

    /// Whether any lane is below zero.
    #[inline(always)]
    fn any_negative(self) -> bool {
        let zero = Self::Scalar::from_f64(0.0);
        (0..Self::LANES).any(|lane| self.lane(lane) < zero)
    }

    /// P(u) = acos(1 − u) / (π √u) for u in [0, 1]; see [`crate::dual`]. `unit` is 1, see [`polynomial`].
    #[inline(always)]
    fn kappa0_factor(self, unit: Self::Scalar) -> Self {
        polynomial(self, Self::Scalar::KAPPA0, unit)
    }

    /// R(u) = (κ1(1 − u) − (1 − u)) / u^(3/2) for u in [0, 1]; see [`crate::dual`]. `unit` is 1, see [`polynomial`].
    #[inline(always)]
    fn kappa1_factor(self, unit: Self::Scalar) -> Self {
        polynomial(self, Self::Scalar::KAPPA1, unit)
    }

    /// Zero in every lane.
    #[inline(always)]
    fn zero() -> Self {
        Self::splat(Self::Scalar::from_f64(0.0))
    }

    /// This number as a term of a sum of many: a machine whose accumulators are wider than its numbers computes with it there, as it
    /// does with all that follows from it, until it is [`narrowed`](Self::narrowed). Most types have no wider one.
    #[inline(always)]
    fn widened(self) -> Self {
        self
    }

    /// What an accumulator holds as an ordinary number again; see [`widened`](Self::widened).
    #[inline(always)]
    fn narrowed(self) -> Self {
        self
    }
}

/// A number of one lane that can be compared, and converted from and to `f64`.
///
/// # Accuracy
/// Conversions give the nearest number (`host/src/data/tests/images.rs`).
pub trait Scalar: Number<Scalar = Self> + PartialOrd + core::fmt::Debug + 'static {
    /// Coefficients of P for this precision, highest power first.
    const KAPPA0: &'static [Self];
    /// Coefficients of R for this precision, highest power first.
    const KAPPA1: &'static [Self];

    /// The smallest positive number of full precision.
    const SMALLEST_NORMAL: Self;

    /// The same for a type whose format is chosen at run time.
    #[inline(always)]
    fn smallest_normal() -> Self {
        Self::SMALLEST_NORMAL
    }

    /// The e of the 2^e that all numbers are below, where that is so little that the layers' growth has to be divided out at once and
    /// images have to be made smaller than 1 (`core/src/scale.rs`); `None` for 128 and more.
    #[inline(always)]
    fn narrow_limit() -> Option<u16> {
        None
    }

    /// The type in which the constant factor of an output is computed, once for each pair, before it is rounded to this one:
    /// `f64`, or this type where it has more digits or a wider range.
    type Constant: Scalar<Constant = Self::Constant>;

    /// The nearest number of this type.
    fn from_constant(value: Self::Constant) -> Self;

    /// The nearest number of this type.
    fn from_f64(value: f64) -> Self;
    /// The nearest `f64`.
    fn to_f64(self) -> f64;
    /// Neither infinite nor NaN.
    fn is_finite(self) -> bool;
}

/// The most coefficients that Horner's rule takes in one chain of dependent operations. A shorter one is hidden behind the square
/// root that goes on beside it.
const CHAIN: usize = 10;

/// `unit · Σ_k c_k u^k`, the coefficients given highest power first.
///
/// `c_0`, by far the largest, comes last and alone, so that a sum of its size is rounded only once. Long polynomials are
/// summed as `c_0 + u (odd + u even)`, the even (from `c_2` on) and the odd powers each by Horner's rule in u²: the chain is half
/// as long for two operations more.
///
/// For implementers of [`Number::kappa0_factor`] and [`Number::kappa1_factor`] whose coefficients are chosen at run time.
///
/// `unit` is 1: in a loop one that the compiler does not know. The products `unit · c_k` then are values to be kept, in
/// registers or ready on the stack; coefficients it knows it would rather broadcast anew in every step.
///
/// # Accuracy
/// With the coefficients of P and R and u in [0, 1] what κ0 and κ1 need to be within 2 and 4 ULP, see [`crate::dual`]: the rounding of the last product
/// and sum, and little of those before.
///
/// # Cost
/// One multiply-add a coefficient, and for long ones a product and two more.
#[inline(always)]
pub fn polynomial<N: Number>(u: N, coefficients: &'static [N::Scalar], unit: N::Scalar) -> N {
    if coefficients.len() <= CHAIN {
        return horner::<N, 1>(u, coefficients, unit);
    }
    let Some((&constant, higher)) = coefficients.split_last() else { return N::zero() };
    let square = u.mul(u);
    let (highest_first, highest_second) = (higher, higher.get(1..).unwrap_or_default());
    let [odd, even] =
        if higher.len() % 2 == 1 { [highest_first, highest_second] } else { [highest_second, highest_first] };
    let higher = u.mul_add(horner::<N, 2>(square, even, unit), horner::<N, 2>(square, odd, unit));
    u.mul_add(higher, N::splat(constant.mul(unit)))
}

/// Horner's rule for every `STEP`th coefficient.
#[inline(always)]
fn horner<N: Number, const STEP: usize>(u: N, coefficients: &'static [N::Scalar], unit: N::Scalar) -> N {
    let mut coefficients = coefficients.iter().step_by(STEP);
    let Some(highest) = coefficients.next() else { return N::zero() };
    let mut sum = N::splat(highest.mul(unit));
    for c in coefficients {
        sum = u.mul_add(sum, N::splat(c.mul(unit)));
    }
    sum
}

macro_rules! float {
    ($float:ty, $sqrt:expr, $kappa0:path, $kappa1:path) => {
        /// One lane; multiply-add rounds twice, because a machine without the instruction would emulate it slowly.
        impl Number for $float {
            type Scalar = $float;
            const LANES: usize = 1;

            #[inline(always)]
            fn splat(value: $float) -> $float {
                value
            }
            #[inline(always)]
            fn from_lanes(mut lane: impl FnMut(usize) -> $float) -> $float {
                lane(0)
            }
            #[inline(always)]
            fn lane(self, _index: usize) -> $float {
                self
            }
            #[inline(always)]
            fn write(self, lanes: &mut [$float]) {
                if let Some(lane) = lanes.first_mut() {
                    *lane = self;
                }
            }
            #[inline(always)]
            fn add(self, other: $float) -> $float {
                self + other
            }
            #[inline(always)]
            fn sub(self, other: $float) -> $float {
                self - other
            }
            #[inline(always)]
            fn mul(self, other: $float) -> $float {
                self * other
            }
            #[inline(always)]
            fn div(self, other: $float) -> $float {
                self / other
            }
            #[inline(always)]
            fn mul_add(self, factor: $float, term: $float) -> $float {
                self * factor + term
            }
            #[inline(always)]
            fn mul_sub(self, factor: $float, term: $float) -> $float {
                self * factor - term
            }
            #[inline(always)]
            fn neg_mul_add(self, factor: $float, term: $float) -> $float {
                term - self * factor
            }
            #[inline(always)]
            fn sqrt(self) -> $float {
                $sqrt(self)
            }
            #[inline(always)]
            fn abs(self) -> $float {
                if self < 0.0 { -self } else { self }
            }
            #[inline(always)]
            fn min(self, other: $float) -> $float {
                if self < other { self } else { other }
            }
            #[inline(always)]
            fn max(self, other: $float) -> $float {
                if self > other { self } else { other }
            }
            #[inline(always)]
            fn select_negative(self, negative: $float, other: $float) -> $float {
                if self < 0.0 { negative } else { other }
            }
        }

        impl Scalar for $float {
            const KAPPA0: &'static [$float] = &$kappa0;
            const KAPPA1: &'static [$float] = &$kappa1;
            const SMALLEST_NORMAL: $float = <$float>::MIN_POSITIVE;
            type Constant = f64;

            #[inline(always)]
            fn from_constant(value: f64) -> $float {
                value as $float
            }

            #[inline(always)]
            fn from_f64(value: f64) -> $float {
                value as $float
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                <$float>::is_finite(self)
            }
        }
    };
}

#[cfg(not(feature = "micromath"))]
use libm::sqrtf as sqrt_f32;
/// The square root of the feature `micromath`: its approximation, within 6.1 %, improved by two steps of Newton's method.
///
/// The approximation alone would make kernels wrong by 10 % and more, and that of 0 is not 0, as a variance of 0 needs.
///
/// # Accuracy
/// Relative error at most 1.6e-6 for normal numbers, 1.6e-6 in κ0, 1.7e-6 in κ1. Kernels up to depth 21 were measured within
/// 2.2e-6 for images without nearly parallel patches, where libm's root gives 1.1e-6 (`core/tests/micromath.rs`).
#[cfg(feature = "micromath")]
#[inline(always)]
fn sqrt_f32(x: f32) -> f32 {
    if x == 0.0 {
        return 0.0;
    }
    let improve = |root: f32| 0.5 * (root + x / root);
    improve(improve(micromath::F32Ext::sqrt(x)))
}

float!(f32, sqrt_f32, coefficients::KAPPA0_F32, coefficients::KAPPA1_F32);
float!(f64, libm::sqrt, coefficients::KAPPA0_F64, coefficients::KAPPA1_F64);
