//! The command `ultrawide`: exact kernels of infinitely wide networks, and regression with them. `ultrawide --help` tells all.

fn main() -> std::process::ExitCode {
    ultrawide::cli::main()
}
