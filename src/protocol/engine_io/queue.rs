//! What waits for one client: bounded in bytes, taken out packet by packet or frame by frame, so
//! that a change of carrier in the middle of a message loses and doubles nothing.

use super::bundle::{Bundle, frames};
use super::packet::{Part, append};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;

/// What the least of packets is taken to cost.
const COST_LEAST: usize = 64;

#[derive(Debug)]
enum Item {
    /// Of the session's own.
    Control(Part),
    Bundle(Arc<Bundle>),
}

impl Item {
    fn parts(&self) -> &[Part] {
        match self {
            Self::Control(part) => std::slice::from_ref(part),
            Self::Bundle(bundle) => bundle.parts(),
        }
    }

    fn cost(&self) -> usize {
        COST_LEAST + self.parts().iter().map(Part::bytes).sum::<usize>()
    }
}

/// The outbox of a session.
#[derive(Debug, Default)]
pub(super) struct Queue {
    items: VecDeque<Item>,
    /// How many packets of the first item are gone.
    sent: usize,
    bytes: usize,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// A client that answers pings without fetching them lets only one of them wait.
    pub(super) fn push_control(&mut self, packet: &str) {
        let last = self.items.back().map_or(&[][..], Item::parts);
        if !matches!(last, [Part::Text(text)] if **text == *packet) {
            self.push(Item::Control(Part::Text(packet.into())));
        }
    }

    /// Says whether there was room; a queue that is empty has room for anything.
    pub(super) fn push_bundle(&mut self, bundle: Arc<Bundle>, most: usize) -> bool {
        let has_room = self.bytes == 0 || self.bytes + COST_LEAST + bundle.bytes() <= most;
        if has_room {
            self.push(Item::Bundle(bundle));
        }
        has_room
    }

    fn push(&mut self, item: Item) {
        self.bytes += item.cost();
        self.items.push_back(item);
    }

    /// Takes the first so many packets as a payload.
    pub(super) fn take_payload(&mut self, packets: usize, bytes: usize) -> String {
        let mut payload = String::new();
        for _ in 0..packets {
            let Some(item) = self.items.front() else { break };
            let part = &item.parts()[self.sent];
            if !payload.is_empty() && payload.len() + 1 + part.payload_bytes() > bytes {
                break;
            }
            append(&mut payload, part);
            self.sent += 1;
            if self.sent == item.parts().len() {
                self.drop_front();
            }
        }
        payload
    }

    /// Takes the first item as WebSocket frames.
    pub(super) fn take_frames(&mut self) -> Option<Bytes> {
        let frames = match self.items.front()? {
            Item::Bundle(bundle) if self.sent == 0 => bundle.frames(),
            item => frames(&item.parts()[self.sent..]),
        };
        self.drop_front();
        Some(frames)
    }

    fn drop_front(&mut self) {
        if let Some(item) = self.items.pop_front() {
            self.bytes -= item.cost();
        }
        self.sent = 0;
        // An idle connection keeps nothing.
        if self.items.is_empty() {
            self.items = VecDeque::new();
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pings_that_nobody_fetches_do_not_pile_up() {
        let mut queue = Queue::default();
        for _ in 0..99 {
            queue.push_control("2");
        }
        assert_eq!(queue.bytes(), COST_LEAST + 1);
        assert!(queue.push_bundle(Arc::new(Bundle::text("4a".into(), &[])), 1000));
        queue.push_control("2");
        assert_eq!(queue.take_payload(9, 1000), "2\u{1e}4a\u{1e}2");
        assert_eq!(queue.bytes(), 0);
    }
}
