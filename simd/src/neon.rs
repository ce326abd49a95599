//! NEON: 4 floats or 2 doubles.

use super::vector::{enter, vector};
use core::arch::aarch64::*;

enter!("neon");

// The smaller and the larger by a comparison, as everywhere else: of a signalling NaN and a number, NEON's own instructions for them
// make a NaN, and not the number.

vector! {
    /// 4 lanes of `f32`.
    F32x4, f32, 4, float32x4_t;
    splat vdupq_n_f32; load vld1q_f32; store vst1q_f32;
    add vaddq_f32; sub vsubq_f32; mul vmulq_f32; div vdivq_f32;
    mul_add |a, b, c| vfmaq_f32(c, a, b); mul_sub |a, b, c| vfmaq_f32(vnegq_f32(c), a, b);
    neg_mul_add |a, b, c| vfmsq_f32(c, a, b);
    sqrt vsqrtq_f32; abs vabsq_f32;
    min |a, b| vbslq_f32(vcltq_f32(a, b), a, b); max |a, b| vbslq_f32(vcgtq_f32(a, b), a, b);
    select_negative |x, negative, other| vbslq_f32(vcltzq_f32(x), negative, other);
    any_negative |x| vmaxvq_u32(vcltzq_f32(x)) != 0;
}

vector! {
    /// 2 lanes of `f64`.
    F64x2, f64, 2, float64x2_t;
    splat vdupq_n_f64; load vld1q_f64; store vst1q_f64;
    add vaddq_f64; sub vsubq_f64; mul vmulq_f64; div vdivq_f64;
    mul_add |a, b, c| vfmaq_f64(c, a, b); mul_sub |a, b, c| vfmaq_f64(vnegq_f64(c), a, b);
    neg_mul_add |a, b, c| vfmsq_f64(c, a, b);
    sqrt vsqrtq_f64; abs vabsq_f64;
    min |a, b| vbslq_f64(vcltq_f64(a, b), a, b); max |a, b| vbslq_f64(vcgtq_f64(a, b), a, b);
    select_negative |x, negative, other| vbslq_f64(vcltzq_f64(x), negative, other);
    any_negative |x| vmaxvq_u32(vreinterpretq_u32_u64(vcltzq_f64(x))) != 0;
}
