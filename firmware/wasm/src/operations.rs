//! Every operation of the vectors, lane by lane, against that of a float.

use board::{print, print_decimal};
use ultrawide_core::{F32x4, F64x2, Number, Scalar};

/// Numbers of every kind, in `f64`; in `f32` some of them are 0 or infinite.
const VALUES: [f64; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.1,
    -0.7,
    3.25,
    -1e5,
    1e-39,
    -5e-324,
    1e300,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    1.0 + f64::EPSILON,
    1.0 + f32::EPSILON as f64,
];

/// Whether the vectors do in each lane what floats do.
pub fn agree() -> bool {
    let wrong = disagreements::<F32x4>() + disagreements::<F64x2>();
    print("operations: ");
    print_decimal(wrong);
    print(" wrong lanes\n");
    wrong == 0
}

/// The operations that differ between a vector and its lanes, over all triples of values.
fn disagreements<N: Number>() -> u64 {
    let mut wrong = 0;
    let values = VALUES.map(N::Scalar::from_f64);
    // Each lane gets another value.
    let at = |first: usize| move |lane: usize| values[(first + 5 * lane) % VALUES.len()];
    for (a, &value) in values.iter().enumerate() {
        for b in 0..VALUES.len() {
            for c in 0..VALUES.len() {
                let (x, y, z) = (N::from_lanes(at(a)), N::from_lanes(at(b)), N::from_lanes(at(c)));
                let vectors = operations(x, y, z);
                for lane in 0..N::LANES {
                    let floats = operations(at(a)(lane), at(b)(lane), at(c)(lane));
                    for (vector, float) in vectors.iter().zip(floats) {
                        wrong += u64::from(!same(vector.lane(lane), float));
                    }
                    wrong += u64::from(!same(N::splat(value).lane(lane), value));
                    // Past the end comes the last lane.
                    wrong += u64::from(!same(x.lane(N::LANES + lane), x.lane(N::LANES - 1)));
                }
                let mut written = [N::Scalar::zero(); 8];
                x.write(&mut written);
                for (lane, &value) in written.iter().enumerate() {
                    let right = if lane < N::LANES { x.lane(lane) } else { N::Scalar::zero() };
                    wrong += u64::from(!same(value, right));
                }
            }
        }
    }
    wrong
}

fn operations<N: Number>(x: N, y: N, z: N) -> [N; 12] {
    [
        x.add(y),
        x.sub(y),
        x.mul(y),
        x.div(y),
        x.mul_add(y, z),
        x.mul_sub(y, z),
        x.neg_mul_add(y, z),
        x.sqrt(),
        x.abs(),
        x.min(y),
        x.max(y),
        x.select_negative(y, z),
    ]
}

/// Equal numbers; a NaN is as good as another, and the sign of |−0| is the number type's affair.
fn same<S: Scalar>(a: S, b: S) -> bool {
    a == b || (a.to_f64().is_nan() && b.to_f64().is_nan())
}
