//! The `myoflux` command: everything is in [`myoflux::cli`].

fn main() -> std::process::ExitCode {
    myoflux::cli::main()
}
