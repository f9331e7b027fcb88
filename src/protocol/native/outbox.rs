//! What waits to be sent on one connection, bounded by the memory it takes.

use super::error::ProtocolError;
use bytes::Bytes;
use std::collections::VecDeque;
use std::fmt;

/// What a packet takes beside its bytes.
const PACKET_OVERHEAD_BYTES: usize = 64;

/// Packets in order.
pub(super) struct Outbox {
    packets: VecDeque<Bytes>,
    bytes: usize,
    bytes_most: usize,
}

impl fmt::Debug for Outbox {
    /// Without the packets: there are tokens in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} packets of {} bytes", self.packets.len(), self.bytes)
    }
}

impl Outbox {
    pub(super) fn new(bytes_most: usize) -> Self {
        Self { packets: VecDeque::new(), bytes: 0, bytes_most }
    }

    /// Takes a packet if there is room. One packet always has room.
    pub(super) fn push(&mut self, packet: Bytes) -> Result<(), ProtocolError> {
        let bytes = self.bytes + packet.len() + PACKET_OVERHEAD_BYTES;
        if bytes > self.bytes_most && !self.packets.is_empty() {
            return Err(ProtocolError::OutboxFull(self.bytes_most));
        }
        self.push_last(packet);
        Ok(())
    }

    /// Takes a packet even if there is no room: the last one.
    pub(super) fn push_last(&mut self, packet: Bytes) {
        self.bytes += packet.len() + PACKET_OVERHEAD_BYTES;
        self.packets.push_back(packet);
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn pop(&mut self) -> Option<Bytes> {
        let packet = self.packets.pop_front()?;
        self.bytes -= packet.len() + PACKET_OVERHEAD_BYTES;
        Some(packet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_full_by_bytes_and_by_packets() {
        let mut outbox = Outbox::new(1000);
        let packets = (0..99).take_while(|_| outbox.push(Bytes::new()).is_ok()).count();
        assert_eq!(packets, 1000 / PACKET_OVERHEAD_BYTES);
        while outbox.pop().is_some() {}
        assert_eq!(outbox.push(Bytes::from(vec![0; 5000])), Ok(()));
        assert_eq!(outbox.push(Bytes::new()), Err(ProtocolError::OutboxFull(1000)));
        assert_eq!(outbox.pop().map(|packet| packet.len()), Some(5000));
        assert_eq!(outbox.push(Bytes::new()), Ok(()));
    }
}
