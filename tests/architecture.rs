//! The rules of the house, read from the sources themselves: which folder may use which, what the
//! core never touches, and how files are kept.
//!
//! Within one crate Rust allows import cycles, and they come by themselves if nothing watches.

use std::fs;
use std::path::{Path, PathBuf};

/// Which folders and root modules of `src` may use which others. `lib.rs`, the map, names all.
const ALLOWED: &[(&str, &[&str])] = &[
    ("ids", &[]),
    ("event", &[]),
    ("prelude", &["ids", "event", "sim", "sync", "hub", "journal", "protocol"]),
    ("sim", &["sync", "ids"]),
    ("sync", &["ids"]),
    ("hub", &["ids", "event"]),
    ("journal", &["sim", "sync", "ids"]),
    ("protocol", &["ids", "event"]),
    ("host", &["sim", "sync", "hub", "journal", "protocol", "ids", "event"]),
    ("doors", &["protocol", "host", "ids", "event"]),
    ("load", &["sim", "sync", "protocol", "host", "ids", "event"]),
    (
        "cli",
        &[
            "ids", "event", "prelude", "sim", "sync", "hub", "journal", "protocol", "host",
            "doors", "load",
        ],
    ),
];

/// Macros of the engine live at its root, whatever folder they are written in.
const ROOT_MACROS: &[&str] = &["replicate"];

/// What meets no socket, file, clock, thread or chance of the system, and iterates in order.
const CORE: &[&str] = &["ids", "event", "prelude", "sim", "sync", "hub", "journal", "protocol"];
const WORDS_NOT_IN_CORE: &str = "tokio Instant SystemTime HashMap HashSet RandomState getrandom \
    thread_rng ThreadRng OsRng SysRng";
const PATHS_NOT_IN_CORE: &[&str] =
    &["std::net", "std::thread", "std::fs", "std::env", "std::process", "rand::rng"];
/// File, word, reason: each must be needed.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

const UNFINISHED: &[&str] = &["todo", "unimplemented", "dbg"];
const LINES_MOST: usize = 420;

/// The words and marks of a source without its comments; strings and characters are left out.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        let skipped = skip_comment(rest).or_else(|| skip_quoted(rest));
        if let Some(length) = skipped {
            at += length;
            continue;
        }
        let is_word = |c: &char| c.is_alphanumeric() || *c == '_';
        let length = match rest {
            [':', ':', ..] => 2,
            [first, ..] if is_word(first) => rest.iter().take_while(|c| is_word(c)).count(),
            _ => 1,
        };
        if !rest[0].is_whitespace() {
            tokens.push(rest[..length].iter().collect());
        }
        at += length;
    }
    tokens
}

/// How long the comment is that starts here, if one does.
fn skip_comment(rest: &[char]) -> Option<usize> {
    match rest {
        ['/', '/', ..] => Some(rest.iter().take_while(|c| **c != '\n').count()),
        ['/', '*', ..] => {
            let end = rest.windows(2).skip(2).position(|pair| pair == ['*', '/']);
            Some(end.map_or(rest.len(), |end| end + 4))
        }
        _ => None,
    }
}

/// How long the string or character is that starts here, if one does.
fn skip_quoted(rest: &[char]) -> Option<usize> {
    let hashes = rest.iter().skip(1).take_while(|c| **c == '#').count();
    let ends_with = |end: &[char], from: usize| {
        let found = rest[from..].windows(end.len()).position(|window| window == end);
        found.map_or(rest.len(), |at| from + at + end.len())
    };
    match rest {
        ['r', '#' | '"', ..] if rest.get(1 + hashes) == Some(&'"') => {
            let end: Vec<char> = std::iter::once('"').chain(vec!['#'; hashes]).collect();
            Some(ends_with(&end, 2 + hashes))
        }
        ['"', ..] => {
            let mut at = 1;
            while at < rest.len() && rest[at] != '"' {
                at += if rest[at] == '\\' { 2 } else { 1 };
            }
            Some(at + 1)
        }
        ['\'', '\\', ..] => Some(ends_with(&['\''], 3)),
        ['\'', _, '\'', ..] => Some(3),
        _ => None,
    }
}

/// Follows the path that starts at a token, through all branches of a `use`; gives where it ends.
fn follow(tokens: &[String], mut at: usize, path: &[String], out: &mut Vec<Vec<String>>) -> usize {
    let mut path = path.to_vec();
    loop {
        match tokens.get(at).map(String::as_str) {
            Some("{") => {
                at += 1;
                while at < tokens.len() && tokens[at] != "}" {
                    match tokens[at].as_str() {
                        "," => at += 1,
                        "as" => at += 2,
                        _ => at = follow(tokens, at, &path, out).max(at + 1),
                    }
                }
                return at + 1;
            }
            Some(word) if word == "*" || is_name(word) => path.push(word.into()),
            _ => {
                out.push(path);
                return at;
            }
        }
        at += 1;
        if tokens.get(at).is_none_or(|next| next != "::") {
            out.push(path);
            return at;
        }
        at += 1;
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The module that a file is, from the root of its crate: `src/sim/match.rs` is `sim::match`.
fn module_of(file: &str) -> Vec<String> {
    let inner = file.strip_prefix("src/").unwrap_or(file).trim_end_matches(".rs");
    let names = inner.split('/').filter(|name| !["mod", "lib", "main"].contains(name));
    names.map(String::from).collect()
}

/// All paths in a source; those within the crate from its root, after a first name `crate`.
fn paths(file: &str, tokens: &[String]) -> Vec<Vec<String>> {
    let mut inline: Vec<(usize, String)> = Vec::new();
    let (mut found, mut depth, mut at) = (Vec::new(), 0, 0);
    while at < tokens.len() {
        let before = |back: usize| at.checked_sub(back).map_or("", |at| tokens[at].as_str());
        let next = tokens.get(at + 1).map_or("", String::as_str);
        let is_used = before(if before(1) == "::" { 2 } else { 1 }) == "use";
        let continues = before(1) == "::" && !is_used && (is_name(before(2)) || before(2) == ">");
        match tokens[at].as_str() {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                inline.retain(|(opened, _)| *opened < depth + 1);
            }
            name if before(1) == "mod" && next == "{" => inline.push((depth + 1, name.into())),
            name if is_name(name) && name != "use" && !continues && (next == "::" || is_used) => {
                let mut raw = Vec::new();
                at = follow(tokens, at, &[], &mut raw);
                let mut module = module_of(file);
                module.extend(inline.iter().map(|(_, name)| name.clone()));
                found.extend(raw.into_iter().map(|path| from_root(&module, path)));
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

fn from_root(module: &[String], path: Vec<String>) -> Vec<String> {
    let mut from = match path[0].as_str() {
        "crate" => Vec::new(),
        "self" | "super" => module.to_vec(),
        _ => return path,
    };
    for name in path {
        match name.as_str() {
            "crate" | "self" => {}
            "super" => drop(from.pop()),
            _ => from.push(name),
        }
    }
    from.insert(0, "crate".into());
    from
}

/// What a source of the engine does that it must not.
fn offences(file: &str, text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let paths = paths(file, &tokens);
    let declares = |name: &str| tokens.windows(2).any(|pair| pair[0] == "mod" && pair[1] == name);
    let mut offences = Vec::new();
    for path in &paths {
        if path[0] == "game" && !declares("game") {
            offences.push("the engine knows no game".into());
        }
    }
    if text.contains("client-demo") || text.contains("client_demo") {
        offences.push("the engine knows no demo client: its files are handed in".into());
    }
    let module = module_of(file);
    let Some(folder) = module.first() else { return offences };
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| name == folder) else {
        offences.push(format!("the table does not know `{folder}`"));
        return offences;
    };
    for path in paths.iter().filter(|path| path[0] == "crate") {
        let to = path.get(1).map_or("crate", String::as_str);
        if to != folder && !allowed.contains(&to) && !ROOT_MACROS.contains(&to) {
            offences.push(format!("`{folder}` uses `{to}`"));
        }
    }
    if CORE.contains(&folder.as_str()) {
        let words = WORDS_NOT_IN_CORE.split(' ').filter(|word| tokens.iter().any(|t| t == word));
        let starts = |path: &[String], start: &str| {
            path.iter().map(String::as_str).take(2).collect::<Vec<_>>().join("::") == start
        };
        let uses = |start: &&str| paths.iter().any(|path| starts(path, start));
        let met = words.chain(PATHS_NOT_IN_CORE.iter().copied().filter(uses));
        offences.extend(met.map(|word| format!("the core meets `{word}`")));
    }
    offences.dedup();
    offences
}

/// All sources under these folders: file and text, by name.
fn sources(folders: &[&str]) -> Vec<(String, String)> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    folders.iter().for_each(|folder| collect(&root.join(folder), &mut found));
    found.sort();
    let name = |path: &Path| path.strip_prefix(root).expect("it is below").display().to_string();
    let read = |path: &Path| fs::read_to_string(path).expect("a readable source");
    found.iter().map(|path| (name(path), read(path))).collect()
}

fn all_sources() -> Vec<(String, String)> {
    let fuzz = ["fuzz/src", "fuzz/examples", "fuzz/fuzz_targets"];
    sources(&[&["src", "game/src", "tests", "benches"][..], &fuzz].concat())
}

#[track_caller]
fn assert_none(offences: Vec<String>) {
    assert!(offences.is_empty(), "\n{}\n", offences.join("\n"));
}

#[test]
fn every_folder_uses_only_what_it_may_and_the_core_meets_no_outside() {
    let mut used = vec![false; EXCEPTIONS.len()];
    let mut found = Vec::new();
    for (file, text) in sources(&["src"]) {
        for offence in offences(&file, &text) {
            let exception = EXCEPTIONS
                .iter()
                .position(|(at, word, _)| *at == file && offence.contains(&format!("`{word}`")));
            match exception {
                Some(exception) => used[exception] = true,
                None => found.push(format!("{file}: {offence}")),
            }
        }
    }
    let unused = EXCEPTIONS.iter().zip(used).filter(|(_, used)| !used);
    found.extend(unused.map(|((file, word, _), _)| format!("{file}: `{word}` is no exception")));
    assert_none(found);
}

#[test]
fn what_is_planted_is_found() {
    let cases = [
        ("src/sim/seats.rs", "use crate::journal::Journal;", "`sim` uses `journal`"),
        ("src/sim/seats.rs", "use super::super::host;", "`sim` uses `host`"),
        ("src/sim/mod.rs", "use super::{sync::Delta, doors::Door};", "`sim` uses `doors`"),
        ("src/sync/mod.rs", "use crate::{ids, hub::{Hub, Ack}};", "`sync` uses `hub`"),
        ("src/hub/mod.rs", "fn f(x: Vec<crate::sync::Delta>) {}", "`hub` uses `sync`"),
        ("src/sim/a.rs", "mod tests { use super::super::super::cli; }", "`sim` uses `cli`"),
        ("src/host/mod.rs", "use crate::cli as _;", "`host` uses `cli`"),
        ("src/doors/http.rs", "pub(in crate::sim) fn f() {}", "`doors` uses `sim`"),
        ("src/protocol/mod.rs", "use crate::*;", "`protocol` uses `*`"),
        ("src/attic/mod.rs", "", "the table does not know `attic`"),
        ("src/host/mod.rs", "use game::Arena;", "the engine knows no game"),
        ("src/host/mod.rs", "use ::game as g;", "the engine knows no game"),
        ("src/doors/http.rs", "const F: &str = \"client-demo/\";", "the engine knows no demo"),
        ("src/sim/mod.rs", "use tokio as _;", "the core meets `tokio`"),
        ("src/sync/mod.rs", "use std::{sync::Arc, fs};", "the core meets `std::fs`"),
        ("src/journal/mod.rs", "std::thread::sleep(d)", "the core meets `std::thread`"),
        ("src/sim/mod.rs", "std::time::Instant::now()", "the core meets `Instant`"),
        ("src/hub/mod.rs", "let c = '\"'; HashMap::new()", "the core meets `HashMap`"),
        ("src/ids.rs", "let s = r#\"\"\"#; OsRng", "the core meets `OsRng`"),
    ];
    for (file, text, expected) in cases {
        let found = offences(file, text);
        assert!(found.iter().any(|found| found.starts_with(expected)), "{text}: {found:?}");
    }
}

#[test]
fn what_is_allowed_is_left_alone() {
    let cases = [
        (
            "src/sim/seats.rs",
            "// use crate::journal;\n/* std::fs */ use crate::{ids, sync::Delta};",
        ),
        (
            "src/sim/seats.rs",
            "/// [`x`](crate::host)\nuse super::game::Game; use super::super::ids;",
        ),
        ("src/sim/mod.rs", "mod game;\npub use game::{Game, Phase};"),
        ("src/sim/a.rs", "mod tests { use super::*; use super::super::b; } use super::c;"),
        (
            "src/sync/mod.rs",
            "const S: &str = \"crate::sim \\\" std::fs\"; use std::time::Duration;",
        ),
        ("src/prelude.rs", "pub use crate::replicate; pub use crate::sim::{game::Game, Match};"),
        ("src/lib.rs", "pub mod sim; #[cfg(feature = \"server\")] pub mod cli;"),
        ("src/host/mod.rs", "use std::{fs, time::Instant}; use crate::sim::game::X;"),
        ("src/sync/a.rs", "fn f<'a>(x: &'a str) -> char { 'x' }"),
    ];
    for (file, text) in cases {
        assert_eq!(offences(file, text), [""; 0], "{text}");
    }
}

#[test]
fn every_file_says_what_it_is_and_is_no_longer_than_it_may_be() {
    let mut found = Vec::new();
    for (file, text) in all_sources() {
        let lines = text.lines().count();
        if !text.starts_with("//! ") {
            found.push(format!("{file} does not say what it is in `//!`"));
        }
        if lines > LINES_MOST {
            found.push(format!("{file} has {lines} lines, more than {LINES_MOST}"));
        }
    }
    assert_none(found);
}

#[test]
fn nothing_is_left_unfinished() {
    let mut found = Vec::new();
    for (file, text) in all_sources() {
        for pair in tokens(&text).windows(2).filter(|pair| pair[1] == "!") {
            if UNFINISHED.contains(&pair[0].as_str()) {
                found.push(format!("{file}: {}!", pair[0]));
            }
        }
    }
    assert_none(found);
}

#[test]
fn every_file_is_a_module_of_the_one_above_it() {
    let files = sources(&["src", "game/src", "tests"]);
    let text_of = |name: &str| files.iter().find(|(file, _)| file == name).map(|(_, text)| text);
    let mut found = Vec::new();
    for (file, _) in &files {
        let path = Path::new(file);
        let (mut folder, mut name) = (path.parent().expect("in a folder"), path.file_stem());
        if name.is_some_and(|name| name == "mod") {
            (folder, name) = (folder.parent().expect("in a folder"), folder.file_name());
        }
        let name = name.and_then(|name| name.to_str()).expect("a plain name");
        let is_root = ["src", "game/src", "tests"].contains(&folder.to_str().unwrap_or_default());
        if is_root && ["lib", "main"].contains(&name) {
            continue;
        }
        let parents = if is_root { &["lib.rs", "main.rs"][..] } else { &["mod.rs"] };
        let declares = |parent: &&str| {
            let text = text_of(&folder.join(parent).display().to_string());
            let tokens = text.map(|text| tokens(text)).unwrap_or_default();
            tokens.windows(3).any(|w| w[0] == "mod" && w[1] == name && w[2] == ";")
        };
        if !parents.iter().any(declares) {
            found.push(format!("{file} is no module of {}", folder.display()));
        }
        if text_of(&format!("{}/mod.rs", file.trim_end_matches(".rs"))).is_some() {
            found.push(format!("{file} stands beside a folder of its name"));
        }
    }
    assert_none(found);
}
