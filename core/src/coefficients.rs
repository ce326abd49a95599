//! Coefficients of P and R, highest power first. Written by `scripts/kappa_coefficients.py`: change that instead.
//!
//! With u = 1 − |λ| in [0, 1],
//!
//! ```text
//! P(u) = acos(1 − u) / (π √u)           R(u) = (κ1(1 − u) − (1 − u)) / (u √u)
//! ```
//!
//! acos has a square-root branch point at λ = 1; dividing it out leaves a smooth function, as the series shows:
//!
//! ```text
//! P(u) = Σ p_k u^k,   p_k = (√2/π) · binom(2k, k) / (8^k (2k + 1))
//! R(u) = Σ r_k u^k,   r_k = p_k / (k + 3/2)
//! ```
//!
//! The second line follows from the first: κ1' = κ0 = 1 − √u P(u) for λ ≥ 0, so κ1(1 − u) − (1 − u) is the integral of
//! √v P(v) over v from 0 to u. As binom(2k, k) grows like 4^k, both series converge for |u| < 2; the singularity is
//! the other branch point, λ = −1, that is u = 2. Mapped to [−1, 1] the interval has it at 3, on the Bernstein
//! ellipse with ρ = 3 + √8 ≈ 5.83: the best polynomial of degree n has an error of order ρ^−n, and each degree is worth
//! log2 ρ ≈ 2.5 bits.
//!
//! Each operation of the evaluation may be wrong by one unit in the last place of a significand, 2^-24 (`f32`) or
//! 2^-53 (`f64`). The degrees keep the polynomial's own error below a quarter of that where every multiplication counts
//! (`f32`), and out of sight where none does (`f64`). Largest relative error on [0, 1] in these units: of the best
//! polynomial of the degree, and of the stored one, whose coefficients are rounded and which is exact at u = 1, so that
//! κ0(0) = 1/2 and κ1(0) = 1/π. What rounding adds is the constant term's, which no other coefficient can mend at u = 0.
//!
//! | polynomial | degree | best | stored |
//! |---|---|---|---|
//! | `KAPPA0_F32` | 7 | 0.24 | 0.36 |
//! | `KAPPA1_F32` | 6 | 0.24 | 0.77 |
//! | `KAPPA0_F64` | 19 | 0.022 | 0.14 |
//! | `KAPPA1_F64` | 18 | 0.0077 | 0.71 |

/// P, degree 7.
pub(crate) const KAPPA0_F32: [f32; 8] = [
    4.1668027e-4,  // u^7
    -7.3869515e-4, // u^6
    1.2025705e-3,  // u^5
    3.782898e-4,   // u^4
    2.6468895e-3,  // u^3
    8.421966e-3,   // u^2
    3.751415e-2,   // u^1
    4.5015815e-1,  // u^0
];

/// R, degree 6.
pub(crate) const KAPPA1_F32: [f32; 7] = [
    7.664989e-5,  // u^6
    -6.210564e-5, // u^5
    2.4298353e-4, // u^4
    5.2440324e-4, // u^3
    2.417634e-3,  // u^2
    1.5004869e-2, // u^1
    3.0010545e-1, // u^0
];

/// P, degree 19.
pub(crate) const KAPPA0_F64: [f64; 20] = [
    1.0096815891500661e-6,  // u^19
    -8.0252628105877e-6,    // u^18
    3.0348719991568235e-5,  // u^17
    -7.109858280487302e-5,  // u^16
    1.1522042837609933e-4,  // u^15
    -1.3579211048808507e-4, // u^14
    1.209431541735469e-4,   // u^13
    -8.115790902601858e-5,  // u^12
    4.445268030558391e-5,   // u^11
    -1.3629486611494737e-5, // u^10
    1.3964727387809225e-5,  // u^9
    1.904019534966089e-5,   // u^8
    4.933757569090694e-5,   // u^7
    1.2202546589505065e-4,  // u^6
    3.1472169102813034e-4,  // u^5
    8.547923509932199e-4,   // u^4
    2.5120432986670657e-3,  // u^3
    8.440465463859948e-3,   // u^2
    3.751317983988029e-2,   // u^1
    4.5015815807855303e-1,  // u^0
];

/// R, degree 18.
pub(crate) const KAPPA1_F64: [f64; 19] = [
    6.069428130151559e-8,   // u^18
    -4.4641259785902803e-7, // u^17
    1.573331043570483e-6,   // u^16
    -3.417903541164344e-6,  // u^15
    5.1306087889177184e-6,  // u^14
    -5.5332820116102585e-6, // u^13
    4.547202766208939e-6,   // u^12
    -2.626268406562545e-6,  // u^11
    1.607537749471327e-6,   // u^10
    3.5989803533320053e-7,  // u^9
    2.2610077183740835e-6,  // u^8
    5.753428712817798e-6,   // u^7
    1.6277481609118607e-5,  // u^6
    4.841795762147255e-5,   // u^5
    1.5541684400868696e-4,  // u^4
    5.582318418693038e-4,   // u^3
    2.4115615611563714e-3,  // u^2
    1.5005271935951586e-2,  // u^1
    3.0010543871903533e-1,  // u^0
];
