//! Distances between floats, counted in representable numbers.

/// A float whose bits can be put in the order of its values.
pub trait Ordered: Copy {
    /// An integer that grows with the float: neighbours differ by 1, and −0 and 0 share one.
    fn position(self) -> i128;
    fn is_nan(self) -> bool;
}

macro_rules! ordered {
    ($float:ty) => {
        impl Ordered for $float {
            fn position(self) -> i128 {
                let magnitude = self.abs().to_bits() as i128;
                if self.is_sign_negative() { -magnitude } else { magnitude }
            }
            fn is_nan(self) -> bool {
                <$float>::is_nan(self)
            }
        }
    };
}

ordered!(f32);
ordered!(f64);

/// How many steps from one representable number to the next lead from `a` to `b`; `u64::MAX` if either is NaN.
///
/// Unlike a relative error this knows no exception at 0: where 0 is expected, the least subnormal is 1 away and the
/// rounding residue of a sum some 10⁹.
pub fn ulp_distance<F: Ordered>(a: F, b: F) -> u64 {
    if a.is_nan() || b.is_nan() {
        return u64::MAX;
    }
    u64::try_from(a.position().abs_diff(b.position())).unwrap_or(u64::MAX)
}
