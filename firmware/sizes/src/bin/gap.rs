//! A convolutional net with global average pooling.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
#[board::entry]
fn main() -> ! {
    sizes::conv(ultrawide_core::Readout::Gap)
}

#[cfg(not(target_os = "none"))]
fn main() {}
