//! AVX2 and FMA: 8 floats or 4 doubles.

use super::vector::{enter, vector};
use core::arch::x86_64::*;

enter!("avx2,fma");

vector! {
    /// 8 lanes of `f32`.
    F32x8, f32, 8, __m256;
    splat _mm256_set1_ps; load _mm256_loadu_ps; store _mm256_storeu_ps;
    add _mm256_add_ps; sub _mm256_sub_ps; mul _mm256_mul_ps; div _mm256_div_ps;
    mul_add _mm256_fmadd_ps; mul_sub _mm256_fmsub_ps; neg_mul_add _mm256_fnmadd_ps;
    sqrt _mm256_sqrt_ps; abs |x| _mm256_andnot_ps(_mm256_set1_ps(-0.0), x); min _mm256_min_ps; max _mm256_max_ps;
    select_negative |x, negative, other| {
        _mm256_blendv_ps(other, negative, _mm256_cmp_ps::<_CMP_LT_OQ>(x, _mm256_setzero_ps()))
    };
    any_negative |x| _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LT_OQ>(x, _mm256_setzero_ps())) != 0;
}

vector! {
    /// 4 lanes of `f64`.
    F64x4, f64, 4, __m256d;
    splat _mm256_set1_pd; load _mm256_loadu_pd; store _mm256_storeu_pd;
    add _mm256_add_pd; sub _mm256_sub_pd; mul _mm256_mul_pd; div _mm256_div_pd;
    mul_add _mm256_fmadd_pd; mul_sub _mm256_fmsub_pd; neg_mul_add _mm256_fnmadd_pd;
    sqrt _mm256_sqrt_pd; abs |x| _mm256_andnot_pd(_mm256_set1_pd(-0.0), x); min _mm256_min_pd; max _mm256_max_pd;
    select_negative |x, negative, other| {
        _mm256_blendv_pd(other, negative, _mm256_cmp_pd::<_CMP_LT_OQ>(x, _mm256_setzero_pd()))
    };
    any_negative |x| _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_LT_OQ>(x, _mm256_setzero_pd())) != 0;
}
