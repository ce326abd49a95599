//! What the vector types of all instruction sets have in common, written once.

/// Defines a vector type as a number of the core.
///
/// The intrinsics are named one by one, in the order of the trait's methods. A value of the type is only ever made
/// inside a backend's entry, after the machine was found to have its instructions: that is what makes the calls sound.
macro_rules! vector {
    (
        $(#[$doc:meta])*
        $name:ident, $float:ty, $lanes:literal, $register:ty;
        splat $splat:expr; load $load:expr; store $store:expr;
        add $add:expr; sub $sub:expr; mul $mul:expr; div $div:expr;
        mul_add $mul_add:expr; mul_sub $mul_sub:expr; neg_mul_add $neg_mul_add:expr;
        sqrt $sqrt:expr; abs $abs:expr; min $min:expr; max $max:expr;
        select_negative $select_negative:expr; any_negative $any_negative:expr;
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        #[repr(transparent)]
        pub struct $name($register);

        impl $name {
            #[inline(always)]
            fn to_array(self) -> [$float; $lanes] {
                let mut lanes = [0.0; $lanes];
                // SAFETY: the array holds as many floats as the register; the machine has the instructions (see `vector!`).
                unsafe { $store(lanes.as_mut_ptr(), self.0) };
                lanes
            }
        }

        impl ultrawide_core::Number for $name {
            type Scalar = $float;
            const LANES: usize = $lanes;

            #[inline(always)]
            fn splat(value: $float) -> Self {
                // SAFETY: the machine has the instructions (see `vector!`).
                unsafe { $name($splat(value)) }
            }
            #[inline(always)]
            fn from_lanes(lane: impl FnMut(usize) -> $float) -> Self {
                let lanes: [$float; $lanes] = core::array::from_fn(lane);
                // SAFETY: the array holds as many floats as the register; the machine has the instructions (see `vector!`).
                unsafe { $name($load(lanes.as_ptr())) }
            }
            #[inline(always)]
            fn lane(self, index: usize) -> $float {
                self.to_array()[index.min($lanes - 1)]
            }
            #[inline(always)]
            fn write(self, lanes: &mut [$float]) {
                for (lane, value) in lanes.iter_mut().zip(self.to_array()) {
                    *lane = value;
                }
            }
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                // SAFETY: the machine has the instructions (see `vector!`).
                unsafe { $name($add(self.0, other.0)) }
            }
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                // SAFETY: the machine has the instructions (see `vector!`).
                unsafe { $name($sub(self.0, other.0)) }
            }
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                // SAFETY: the machine has the instructions (see `vector!`).
                unsafe { $name($mul(self.0, other.0)) }
            }
            #[inline(always)]
            fn div(self, other: Self) -> Self {
                // SAFETY: the machine has the instructions (see `vector!`).
                unsafe { $name($div(self.0, other.0)) }
            }
            #[inline(always)]
            fn mul_add(self, factor: Self, term: Self) -> Self {
                // SAFETY: the machine has the instructions (see `vector!`).
                unsafe { $name($mul_add(self.0, factor.0, term.0)) }
            }
            #[inline(always)]
            fn mul_sub(self, factor: Self, term: Self) -> Self {
                // SAFETY: the machine has the instructions (see `vector!`).
                unsafe { $name($mul_sub(self.0, factor.0, term.0)) }
            }
            #[inline(always)]
            fn neg_mul_add(self, factor: Self, term: Self) -> Self {
                // SAFETY: the machine has the instructions (see `vector!`).
                unsafe { $name($neg_mul_add(self.0, factor.0, term.0)) }
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                // SAFETY: the machine has the instructions (see `vector!`).
                unsafe { $name($sqrt(self.0)) }
            }
            #[inline(always)]
            fn abs(self) -> Self {
                // SAFETY: the machine has the instructions (see `vector!`).
                unsafe { $name($abs(self.0)) }
            }
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                // SAFETY: the machine has the instructions (see `vector!`).
                unsafe { $name($min(self.0, other.0)) }
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                // SAFETY: the machine has the instructions (see `vector!`).
                unsafe { $name($max(self.0, other.0)) }
            }
            #[inline(always)]
            fn select_negative(self, negative: Self, other: Self) -> Self {
                // SAFETY: the machine has the instructions (see `vector!`).
                unsafe { $name($select_negative(self.0, negative.0, other.0)) }
            }
            #[inline(always)]
            fn any_negative(self) -> bool {
                // SAFETY: the machine has the instructions (see `vector!`).
                unsafe { $any_negative(self.0) }
            }
        }
    };
}

/// Defines the entry into code compiled for an instruction set.
macro_rules! enter {
    ($features:literal) => {
        /// Runs `job` compiled for this instruction set.
        ///
        /// # Safety
        /// The machine has the instructions.
        #[target_feature(enable = $features)]
        pub(super) unsafe fn enter<S, N, J>(job: J) -> J::Output
        where
            S: ultrawide_core::Scalar,
            N: ultrawide_core::Number<Scalar = S>,
            J: super::Job<S>,
        {
            job.run::<N>()
        }
    };
}

pub(super) use {enter, vector};
