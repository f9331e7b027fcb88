//! Puts the pages into the program: what lies in `client-demo` when it is built.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What browsers ask for.
const SERVED: [&str; 6] = ["html", "css", "js", "svg", "wasm", "md"];

fn list(folder: &Path, prefix: &str, out: &mut String) -> io::Result<()> {
    let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        if entry.file_type()?.is_dir() {
            list(&path, &format!("{prefix}{name}/"), out)?;
        } else if SERVED.contains(&&*ending) {
            let _ =
                writeln!(out, "    ({:?}, include_bytes!({path:?})),", format!("{prefix}{name}"));
        }
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let pages = here.join("../client-demo").canonicalize()?;
    println!("cargo::rerun-if-changed={}", pages.display());
    let mut out = String::from("&[\n");
    list(&pages, "", &mut out)?;
    if !pages.join("rules.wasm").exists() {
        // Whoever asks for it is told in bytes, and not by an error, that there is none.
        out.push_str("    (\"rules.wasm\", &[]),\n");
    }
    out.push_str("]\n");
    let to = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(to.join("pages.rs"), out)
}
