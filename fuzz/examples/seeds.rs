//! Writes honest packets, keyframes, schemas, checkpoints, journals and the examples of the native
//! protocol's standard into `corpus/`, for the targets to start from: `cargo run --example seeds`. Run it again when a format has changed;
//! earlier seeds, whose names are eight hex digits, are removed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tickwire::journal::Journal;
use tickwire::sync::hash_bytes;
use tickwire_fuzz::{STARTED, join, play};

const STANDARD: &str = include_str!("../../docs/native-protocol.md");

fn main() -> std::io::Result<()> {
    for target in std::fs::read_dir(corpus())? {
        for file in std::fs::read_dir(target?.path())? {
            let file = file?;
            let is_seed = file.file_name().to_str().is_some_and(|name| {
                name.len() == 8 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
            });
            if is_seed {
                std::fs::remove_file(file.path())?;
            }
        }
    }
    let (schema, starts) = &*STARTED;
    write("schema", &schema.to_bytes())?;
    for (choice, start) in starts.iter().enumerate() {
        write("packet", &[&[choice as u8][..], &join(&[&start.next])].concat())?;
        if choice < 6 {
            let packets: Vec<&[u8]> = start.packets().collect();
            write("keyframe", &[&[choice as u8 % 2][..], &join(&packets)].concat())?;
        }
    }
    write_native()?;
    let mut journal = None;
    let mut result = Ok(());
    play(|playing, inputs| {
        let journal = journal.get_or_insert_with(|| Journal::new(playing));
        let tick = playing.tick_number().0;
        if tick <= 30 {
            journal.note_inputs(inputs);
        }
        let mut write = |target, bytes: &[u8]| {
            if let Err(error) = write(target, bytes) {
                result = Err(error);
            }
        };
        if tick == 4 {
            journal.note_hash(playing);
            write("journal", &journal.to_bytes());
        }
        if tick == 10 {
            journal.note_checkpoint(playing);
        }
        if tick == 30 {
            journal.note_hash(playing);
            write("journal", &journal.to_bytes());
        }
        if [1, 20, 70].contains(&tick) {
            let checkpoint = playing.checkpoint();
            write("checkpoint", &checkpoint[..checkpoint.len() - 4]);
        }
    });
    result
}

/// The standard's examples: a conversation, all of the client's, all of the server's.
fn write_native() -> std::io::Result<()> {
    let byte = |word: &str| u8::from_str_radix(word, 16).ok().filter(|_| word.len() == 2);
    let bytes_of = |line: &str| -> Vec<u8> { line.split(' ').map_while(byte).collect() };
    let mut examples: BTreeMap<&str, Vec<Vec<u8>>> = BTreeMap::new();
    for block in STANDARD.split("```").skip(1).step_by(2) {
        let (info, inside) = block.split_once('\n').expect("a fenced block");
        let kind = info.rsplit_once(' ').map_or(info, |(kind, _)| kind);
        let packets = examples.entry(kind).or_default();
        match kind {
            "hex client" | "hex server" => {
                packets.push(inside.lines().flat_map(bytes_of).collect());
            }
            "conversation" => packets.extend(inside.lines().map(|line| bytes_of(&line[2..]))),
            _ => {}
        }
    }
    for packets in examples.values().filter(|packets| !packets.is_empty()) {
        let packets: Vec<&[u8]> = packets.iter().map(Vec::as_slice).collect();
        write("native", &join(&packets))?;
    }
    Ok(())
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// Writes a seed under the hash of its bytes.
fn write(target: &str, bytes: &[u8]) -> std::io::Result<()> {
    let folder = corpus().join(target);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(format!("{:08x}", hash_bytes(bytes) as u32)), bytes)
}
