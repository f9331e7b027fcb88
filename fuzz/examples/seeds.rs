//! Writes honest packets, keyframes, schemas, checkpoints, journals, the examples of the native
//! protocol's standard and what Socket.IO's clients say into `corpus/`, for the targets to start
//! from: `cargo run --example seeds`. Run it again when a format has changed; earlier seeds, whose
//! names are eight hex digits, are removed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tickwire::event::{Args, DEPTH_LIMIT, Event};
use tickwire::journal::Journal;
use tickwire::protocol::engine_io::Message;
use tickwire::protocol::socket_io::{Format, Outgoing, encode};
use tickwire::sync::hash_bytes;
use tickwire_fuzz::{STARTED, Start, join, play, wire};

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
    let singers: Vec<&Start> = starts.iter().filter(|start| !start.predicts).collect();
    for (choice, pair) in singers.chunks(2).enumerate() {
        let all: Vec<&[u8]> =
            pair.iter().cycle().take(4).map(|start| start.next.as_slice()).collect();
        write("chorus", &[&[choice as u8][..], &join(&all)].concat())?;
    }
    write_native()?;
    write_engine_io()?;
    write_socket_io()?;
    write_msgpack()?;
    write_event()?;
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

/// Conversations as the target takes them: settings, then steps, each what, how, and a text for some.
fn write_engine_io() -> std::io::Result<()> {
    const TEXT: u8 = 0;
    const PROBE: &[u8] = &[11, 0, 5, 0, 12, 3];
    let post = |payload: &str| [&[TEXT, 0, payload.len() as u8], payload.as_bytes()].concat();
    let message = |text: &str| [&[1, 0, text.len() as u8], text.as_bytes()].concat();
    let conversations: [Vec<u8>; 14] = [
        // Polls, posts, a heartbeat that is answered, and the end.
        [
            &[0, 8, 0, 9, 0][..],
            &post("40"),
            &[6, 0, 8, 0, 9, 0, 8, 0, 17, 0, 9, 0],
            &post("3"),
            &[14, 0, 19, 0],
        ]
        .concat(),
        [&[0][..], &post("4a\u{1e}bAQID\u{1e}4\u{1e}6\u{1e}3"), &[18, 2, 18, 3], &post("1")]
            .concat(),
        [&[8][..], &post("4\u{1e}4\u{1e}4\u{1e}4"), &[3, 2, 5, b'6', 0x1e, b'b', 0x1e, b'6']]
            .concat(),
        // A WebSocket takes over with a message half sent, before and after its probe is answered.
        [&[4, 6, 0x90, 8, 0, 9, 0, 6, 0x50][..], PROBE, &[8, 0, 5, 1, 12, 3, 9, 0, 19, 0]].concat(),
        [&[0, 6, 0, 8, 0][..], &[11, 0, 5, 0, 5, 1, 12, 3, 9, 0, 6, 0xc1, 12, 3, 13, 3]].concat(),
        // Probes that are late, lost, released, and refused.
        [&[0, 8, 0, 9, 0, 8, 0][..], PROBE, &[16, 3, 9, 0, 8, 0, 17, 0, 9, 0, 16, 5, 16, 5, 19, 0]]
            .concat(),
        [&[0][..], PROBE, &[13, 3, 11, 0, 5, 3, 11, 0, 2, 3, 1, b'x', 13, 4]].concat(),
        vec![2, 11, 0, 8, 0, 8, 0, 9, 0],
        vec![0, 8, 0, 10, 0, 8, 0],
        // A WebSocket from the start: texts, bytes, heartbeats, blocked, closed with something waiting.
        [
            &[1, 12, 0][..],
            &message("4hi"),
            &[2, 0, 2, 7, 8, 17, 0, 12, 0],
            &message("3"),
            &[7, 9, 15, 2, 14, 0, 12, 0],
        ]
        .concat(),
        [&[1, 19, 0, 7, 255, 7, 0x40, 19, 0, 17, 0, 17, 0, 17, 0][..], &message("4late")].concat(),
        // More than may wait, and a message that is longer than all of it.
        vec![32, 6, 3, 6, 4, 6, 4, 6, 4],
        vec![1, 19, 0, 7, 7, 7, 7, 19, 0],
        // Payloads with a limit of bytes; pings that nobody fetches.
        [&[16, 6, 3, 6, 0x52, 6, 2, 19, 0, 8, 0, 9, 0][..], &[17, 0, 18, 2].repeat(20), &[19, 0]]
            .concat(),
    ];
    conversations.iter().try_for_each(|steps| write("engine_io", steps))
}

/// What clients say as text, with attachments behind it.
fn write_socket_io() -> std::io::Result<()> {
    const LATE: &[u8] = &[3, 101, 0];
    let step = |kind: u8, content: &[u8]| {
        [&[kind][..], &(content.len() as u16).to_le_bytes(), content].concat()
    };
    let plain = [
        "0",
        r#"0{"token":"a"}"#,
        "0/chat,{}",
        "1",
        "1/chat,",
        r#"2["hello"]"#,
        r#"2/chat,12["say",1,"two",{"three":[4.5,null,true]}]"#,
        r#"2[7,-0,1e999,"\ud800"]"#,
        r#"312["ok"]"#,
        "3/a,9007199254740993[]",
        r#"2/chat?x=1,["a b",[[[]]]]"#,
        r#"2["connect"]"#,
        r#"2["x",{"_placeholder":true,"num":0}]"#,
        r#"4{"message":"no"}"#,
    ];
    for text in plain {
        for choice in [0, 1] {
            write("socket_io", &[&[choice][..], &step(0, text.as_bytes())].concat())?;
        }
    }
    let one = br#"51-["file",{"_placeholder":true,"num":0}]"#;
    let two = br#"62-/a,3[{"b":{"_placeholder":true,"num":1},"a":{"num":0,"_placeholder":true}}]"#;
    let twice = br#"51-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#;
    let conversations: [&[Vec<u8>]; 6] = [
        &[step(0, one), step(2, b"bytes"), step(0, br#"2["next"]"#)],
        &[step(0, two), step(2, b"a"), step(2, b"")],
        &[step(0, twice), step(2, b"shared")],
        &[step(0, one), step(0, one)],
        &[step(2, b"stray")],
        &[step(0, one), [LATE, &[0; 101]].concat()],
    ];
    conversations
        .iter()
        .try_for_each(|steps| write("socket_io", &[&[0], &*steps.concat()].concat()))
}

/// What a client that speaks msgpack says: packets as the server writes them, and what only
/// JavaScript writes.
fn write_msgpack() -> std::io::Result<()> {
    let attachments = || vec![Vec::new().into(), vec![7; 5].into()];
    let json = r#"["x",0,127,128,65536,4294967296,-1,-33,-129,-32769,-2147483649,0.5,1e300,"long text of more than 31 bytes",{"a":[true,null]},[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]]"#;
    let binary = r#"["x",{"_placeholder":true,"num":1},{"a":{"_placeholder":true,"num":0}}]"#;
    let events = [
        Event::parse(json, vec![], DEPTH_LIMIT).expect("an event"),
        Event::parse(binary, attachments(), DEPTH_LIMIT).expect("an event"),
    ];
    let args = Args::parse(binary, attachments(), DEPTH_LIMIT).expect("arguments");
    let mut packets =
        vec![("/", Outgoing::Disconnect), ("/a", Outgoing::Ack { id: 300, args: &args })];
    for event in &events {
        packets.push(("/", Outgoing::Event { event, ack: None, offset: None }));
        packets.push(("/chat", Outgoing::Event { event, ack: Some(1 << 40), offset: Some("o") }));
    }
    packets.push(("/", Outgoing::Connect { sid: "a", pid: None }));
    for (namespace, packet) in &packets {
        let frames = wire::frames(encode(Format::Msgpack, namespace, packet));
        for message in wire::cut_frames(&frames) {
            let Message::Binary(bytes) = message else { panic!("msgpack is one binary message") };
            for choice in [0, 1] {
                write("msgpack", &[&[choice], &*bytes].concat())?;
            }
        }
    }
    let begin = b"\x84\xa4type\x02\xa3nsp\xa1/\xa2id\xd4\x00\x00\xa4data\x92\xa1x";
    let values: [&[u8]; 9] = [
        b"\xd4\x00\x00",
        b"\xd7\x00\x00\x00\x01\x8c\xc2\x51\xf4\x00",
        b"\xc7\x02\x00ab",
        b"\xca\x3f\xc0\x00\x00",
        b"\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00",
        b"\xcb\x80\x00\x00\x00\x00\x00\x00\x00",
        b"\xdd\x00\x00\x00\x01\xdf\x00\x00\x00\x01\xdb\x00\x00\x00\x01k\xc6\x00\x00\x00\x01v",
        b"\x82\xac_placeholder\xc3\xa3num\x00",
        b"\xd7\x00\x7f\xff\xff\xff\xff\xff\xff\xff",
    ];
    values.iter().try_for_each(|value| write("msgpack", &[&[0], &begin[..], value].concat()))
}

/// Arguments as text, with none, one and three attachments.
fn write_event() -> std::io::Result<()> {
    let texts = [
        "[]",
        r#"["name"]"#,
        " [ 1 , 2 ] ",
        "[[1,2],[3]]",
        r#"[null,"a",[true]]"#,
        "[-0,1.0,1e15,1e16,0.1]",
        r#"["\u00e9\ud83d\ude00\ud800","\u001e"]"#,
        "[18446744073709551615,-9223372036854775808]",
        "[1e999]",
        r#"[{"by":"me","at":[0.5,-1],"proof":null}]"#,
        r#"["stop"]"#,
        r#"[{"wait":3}]"#,
        r#"[{"go":[1,-1]},{"t":"A","x":1}]"#,
        r#"[{"turn":{"by":2.5}},{"t":"B"}]"#,
        r#"[{"id":5,"on":true,"off":null}]"#,
        r#"[{"1":"stop","2":{"wait":null}}]"#,
        r#"[{"k":[{"t":"B"}]}]"#,
        r#"["wait"]"#,
        r#"["n",[1,2]]"#,
        "[[1,2,3],4]",
        r#"["x",[[[[]]]]]"#,
        r#"["p",{"_placeholder":true,"num":0}]"#,
        r#"[{"_placeholder":true,"num":0}]"#,
        r#"[{"a":{"_placeholder":true,"num":2}},{"num":1,"_placeholder":true},[{"_placeholder":true,"num":0}]]"#,
        r#"[{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#,
    ];
    for text in texts {
        let attachments = match text.matches("_placeholder").count() {
            0 => &[0, 128][..],
            3 => &[3],
            _ => &[0, 1],
        };
        for choice in attachments {
            write("event", &[&[*choice][..], text.as_bytes()].concat())?;
        }
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
