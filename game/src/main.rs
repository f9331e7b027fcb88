//! The demo: `cargo run --release` hosts matches; with `-- watch` it plays one in the terminal.

fn main() -> std::process::ExitCode {
    match tickwire::cli::run::<game::arena::Arena>() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
