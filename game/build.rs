//! Puts the pages into the program: what lies in `client-demo` when it is built.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{env, fs, io};

/// What browsers ask for.
const SERVED: [&str; 5] = ["html", "css", "js", "svg", "md"];

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

/// When a file, or the newest file of a folder, was written.
fn newest(path: &Path) -> io::Result<SystemTime> {
    let mut newest = fs::metadata(path)?.modified()?;
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            newest = newest.max(self::newest(&entry?.path())?);
        }
    }
    Ok(newest)
}

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let pages = here.join("../client-demo").canonicalize()?;
    println!("cargo::rerun-if-changed={}", pages.display());
    let rules = here.join("rules/src");
    println!("cargo::rerun-if-changed={}", rules.display());
    let wasm = pages.join("rules.wasm");
    // One that is older than the rules would predict another game.
    let has_wasm = newest(&wasm).is_ok_and(|built| newest(&rules).is_ok_and(|then| then < built));
    let mut out = String::from("&[\n");
    list(&pages, "", &mut out)?;
    if !has_wasm {
        // Whoever asks for it is told in bytes, and not by an error, that there is none.
        out.push_str("    (\"rules.wasm\", &[]),\n");
    } else {
        let _ = writeln!(out, "    (\"rules.wasm\", include_bytes!({wasm:?})),");
    }
    out.push_str("]\n");
    let to = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(to.join("pages.rs"), out)
}
