//! WebAssembly's vectors of 128 bits as numbers: 4 floats or 2 doubles.
//!
//! They have no fused multiply-add, so it rounds twice, and every lane has the bits that a float has. Only for programs compiled with
//! `-C target-feature=+simd128`: a module that has vectors does not load where the engine has none.

use crate::number::Number;
use core::arch::wasm32::*;

macro_rules! vector {
    (
        $(#[$doc:meta])*
        $name:ident, $float:ty, [$($index:literal)* | $last:literal];
        splat $splat:ident; lanes $lanes:ident; extract $extract:ident;
        add $add:ident; sub $sub:ident; mul $mul:ident; div $div:ident; sqrt $sqrt:ident; abs $abs:ident;
        min $min:ident; max $max:ident; less $less:ident;
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        #[repr(transparent)]
        pub struct $name(v128);

        impl Number for $name {
            type Scalar = $float;
            const LANES: usize = $last + 1;

            #[inline(always)]
            fn splat(value: $float) -> Self {
                $name($splat(value))
            }
            #[inline(always)]
            fn from_lanes(mut lane: impl FnMut(usize) -> $float) -> Self {
                $name($lanes($(lane($index),)* lane($last)))
            }
            #[inline(always)]
            fn lane(self, index: usize) -> $float {
                match index {
                    $($index => $extract::<$index>(self.0),)*
                    _ => $extract::<$last>(self.0),
                }
            }
            #[inline(always)]
            fn write(self, lanes: &mut [$float]) {
                for (lane, value) in lanes.iter_mut().zip([$($extract::<$index>(self.0),)* $extract::<$last>(self.0)]) {
                    *lane = value;
                }
            }
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                $name($add(self.0, other.0))
            }
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                $name($sub(self.0, other.0))
            }
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                $name($mul(self.0, other.0))
            }
            #[inline(always)]
            fn div(self, other: Self) -> Self {
                $name($div(self.0, other.0))
            }
            #[inline(always)]
            fn mul_add(self, factor: Self, term: Self) -> Self {
                self.mul(factor).add(term)
            }
            #[inline(always)]
            fn mul_sub(self, factor: Self, term: Self) -> Self {
                self.mul(factor).sub(term)
            }
            #[inline(always)]
            fn neg_mul_add(self, factor: Self, term: Self) -> Self {
                term.sub(self.mul(factor))
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $name($sqrt(self.0))
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $name($abs(self.0))
            }
            // The pseudo-minimum of (a, b) is b < a ? b : a, hence the order.
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                $name($min(other.0, self.0))
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                $name($max(other.0, self.0))
            }
            #[inline(always)]
            fn select_negative(self, negative: Self, other: Self) -> Self {
                $name(v128_bitselect(negative.0, other.0, $less(self.0, $splat(0.0))))
            }
            #[inline(always)]
            fn any_negative(self) -> bool {
                v128_any_true($less(self.0, $splat(0.0)))
            }
        }
    };
}

vector! {
    /// 4 lanes of `f32`, on WebAssembly with the target feature `simd128`; multiply-add rounds twice.
    F32x4, f32, [0 1 2 | 3];
    splat f32x4_splat; lanes f32x4; extract f32x4_extract_lane;
    add f32x4_add; sub f32x4_sub; mul f32x4_mul; div f32x4_div; sqrt f32x4_sqrt; abs f32x4_abs;
    min f32x4_pmin; max f32x4_pmax; less f32x4_lt;
}

vector! {
    /// 2 lanes of `f64`, on WebAssembly with the target feature `simd128`; multiply-add rounds twice.
    F64x2, f64, [0 | 1];
    splat f64x2_splat; lanes f64x2; extract f64x2_extract_lane;
    add f64x2_add; sub f64x2_sub; mul f64x2_mul; div f64x2_div; sqrt f64x2_sqrt; abs f64x2_abs;
    min f64x2_pmin; max f64x2_pmax; less f64x2_lt;
}
