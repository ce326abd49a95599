//! The command `ultrawide`: exact kernels of infinitely wide networks, and regression with them. `ultrawide --help` tells all.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
