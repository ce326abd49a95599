//! A convolutional net without pooling.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
#[board::entry]
fn main() -> ! {
    sizes::conv(ultrawide_core::Readout::Vanilla)
}

#[cfg(not(target_os = "none"))]
fn main() {}
