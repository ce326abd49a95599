//! What nothing refers to is left out of the library; what is left must be defined (memcpy and memset are in the C library).

fn main() {
    for argument in ["-Wl,--gc-sections", "-Wl,--no-undefined", "-lc"] {
        println!("cargo:rustc-link-arg-cdylib={argument}");
    }
}
