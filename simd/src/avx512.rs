//! AVX-512 F: 16 floats or 8 doubles.

use super::vector::{enter, vector};
use core::arch::x86_64::*;

enter!("avx512f,avx2,fma");

vector! {
    /// 16 lanes of `f32`.
    F32x16, f32, 16, __m512;
    splat _mm512_set1_ps; load _mm512_loadu_ps; store _mm512_storeu_ps;
    add _mm512_add_ps; sub _mm512_sub_ps; mul _mm512_mul_ps; div _mm512_div_ps;
    mul_add _mm512_fmadd_ps; mul_sub _mm512_fmsub_ps; neg_mul_add _mm512_fnmadd_ps;
    sqrt _mm512_sqrt_ps; abs _mm512_abs_ps; min _mm512_min_ps; max _mm512_max_ps;
    select_negative |x, negative, other| {
        _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(x, _mm512_setzero_ps()), other, negative)
    };
    any_negative |x| _mm512_cmp_ps_mask::<_CMP_LT_OQ>(x, _mm512_setzero_ps()) != 0;
}

vector! {
    /// 8 lanes of `f64`.
    F64x8, f64, 8, __m512d;
    splat _mm512_set1_pd; load _mm512_loadu_pd; store _mm512_storeu_pd;
    add _mm512_add_pd; sub _mm512_sub_pd; mul _mm512_mul_pd; div _mm512_div_pd;
    mul_add _mm512_fmadd_pd; mul_sub _mm512_fmsub_pd; neg_mul_add _mm512_fnmadd_pd;
    sqrt _mm512_sqrt_pd; abs _mm512_abs_pd; min _mm512_min_pd; max _mm512_max_pd;
    select_negative |x, negative, other| {
        _mm512_mask_blend_pd(_mm512_cmp_pd_mask::<_CMP_LT_OQ>(x, _mm512_setzero_pd()), other, negative)
    };
    any_negative |x| _mm512_cmp_pd_mask::<_CMP_LT_OQ>(x, _mm512_setzero_pd()) != 0;
}
