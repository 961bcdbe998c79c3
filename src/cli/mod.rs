//! Arguments in; messages and exit code out: one file per subcommand.

use std::process::ExitCode;

/// Runs the command line and returns the process's exit code:
/// 0 done, 1 failed, 2 usage or bad file, 3 some members failed, 4 an expectation missed.
pub fn main() -> ExitCode {
    ExitCode::from(2)
}
