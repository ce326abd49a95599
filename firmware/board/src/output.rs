//! Text on the host's terminal, without `core::fmt`, which would bring panics and tables into the image.

#[cfg(target_os = "none")]
use semihosting::sys::arm_compat::sys_writec as put;

#[cfg(target_arch = "wasm32")]
#[link(wasm_import_module = "board")]
unsafe extern "C" {
    /// Writes one byte; the module's host has to bring it.
    safe fn put(byte: u8);
}

/// Writes `text`.
pub fn print(text: &str) {
    for byte in text.bytes() {
        put(byte);
    }
}

/// Writes the last `digits` hexadecimal digits of `bits`.
pub fn print_hex(bits: u64, digits: u32) {
    for place in (0..digits).rev() {
        let digit = (bits >> (4 * place)) as u8 & 0xf;
        put(digit + if digit < 10 { b'0' } else { b'a' - 10 });
    }
}

/// Writes `number` in decimal.
pub fn print_decimal(mut number: u64) {
    // The largest number has 20 digits.
    let mut digits = [b'0'; 20];
    let mut first = digits.len() - 1;
    for (place, digit) in digits.iter_mut().enumerate().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
        if *digit > b'0' {
            first = place;
        }
    }
    for &digit in digits.get(first..).unwrap_or_default() {
        put(digit);
    }
}
