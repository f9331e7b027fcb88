//! Hostile packets for viewers who sing together: what a chorus makes of them is what each viewer
//! makes of them alone.

use crate::{STARTED, Start, cut, heal};
use tickwire::sync::{Chorus, Replica, SingerId, StreamError};

/// So many viewers sing together, two of them the other two's doubles.
const SINGERS: usize = 4;

/// One viewer in a chorus, and the same one alone.
struct Singer {
    id: SingerId,
    start: &'static Start,
    told: Vec<Vec<u8>>,
    alone: Replica,
    /// Whether a packet was refused alone.
    is_wrong: bool,
    /// Whether the chorus had something to say against a packet.
    is_refused: bool,
}

impl Singer {
    /// Takes a packet in alone; its checksum is made right first, if nothing else is wrong with it.
    fn hear(&mut self, packet: &mut Vec<u8>) {
        let mut heard = self.alone.receive(packet).map(drop);
        if let Err(StreamError::Desync { expected, found, .. }) = heard
            && heal(packet, expected, found)
        {
            self.alone = self.start.replica();
            for packet in &self.told {
                let _ = self.alone.receive(packet);
            }
            heard = self.alone.receive(packet).map(drop);
        }
        self.told.push(packet.clone());
        self.is_wrong |= heard.is_err();
    }
}

/// Viewers who started honestly are sent hostile packets in turn. The first byte chooses the start
/// and who is the first.
pub fn chorus(bytes: &[u8]) {
    let Some((choice, rest)) = bytes.split_first() else { return };
    let starts: Vec<&Start> = STARTED.1.iter().filter(|start| !start.predicts).collect();
    let pair = usize::from(choice % 4) * 2 % starts.len();
    let mut chorus = Chorus::default();
    let mut singers: Vec<Singer> = (0..SINGERS)
        .map(|index| {
            let start = starts[pair + index % 2];
            let id = chorus.enter(STARTED.0.clone(), start.player);
            let alone = start.replica();
            Singer { id, start, told: Vec::new(), alone, is_wrong: false, is_refused: false }
        })
        .collect();
    let honest = singers[0].start.packets.len();
    for tick in 0..honest {
        for singer in &singers {
            let taken = chorus.receive(singer.id, &singer.start.packets[tick]);
            assert_eq!(taken, Ok(()), "an honest packet");
        }
    }
    assert_eq!(chorus.together(), (SINGERS, SINGERS), "who holds the same sings together");
    let mut packets = cut(rest);
    // Some ticks in which nothing happened.
    packets.extend((0..SINGERS * 2).map(|_| vec![0; 8]));
    for (at, packet) in packets.iter_mut().enumerate() {
        let singer = &mut singers[(at + usize::from(choice / 4)) % SINGERS];
        singer.hear(packet);
        singer.is_refused |= chorus.receive(singer.id, packet).is_err();
    }
    for singer in &mut singers {
        singer.is_refused |= chorus.fault(singer.id).is_some();
        if singer.is_refused {
            continue;
        }
        assert!(!singer.is_wrong, "alone it refuses what it takes with others");
        let Some(seen) = chorus.view(singer.id) else { panic!("it knows nothing any more") };
        if seen.tick() == singer.alone.tick() {
            assert_eq!(seen.held(), singer.alone.seen().held());
        }
    }
    for singer in singers {
        chorus.leave(singer.id);
    }
    assert_eq!(chorus.together(), (0, 0));
}
