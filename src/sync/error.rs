//! Why bytes of a stream are refused.

/// A packet or keyframe has at most this many bytes.
pub const PACKET_BYTES_LIMIT: usize = 1 << 22;

/// A packet or keyframe that no honest sender of this schema writes at this point of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// The packet has more bytes than any honest one.
    #[error("a packet of {0} bytes is longer than {PACKET_BYTES_LIMIT}")]
    TooLong(usize),
    /// The packet ends before what it says does.
    #[error("the packet ends early")]
    Truncated,
    /// Bytes follow that belong to nothing.
    #[error("{0} bytes follow the end of the packet")]
    Trailing(usize),
    /// It names a slot that is empty, or one that is not.
    #[error("no entity is in slot {0}")]
    NoPart(u32),
    /// It names a set of components that was never announced.
    #[error("no shape has the number {0}")]
    NoShape(u32),
    /// It names a section that the receiver does not see.
    #[error("no section has the number {0}")]
    NoSection(u32),
    /// It brings more entities than its bytes justify.
    #[error("more entities than the packet's bytes justify")]
    TooManyParts,
    /// It announces something beyond a limit, or that the schema does not have.
    #[error("an announcement is out of bounds")]
    BadNews,
    /// The first packet of a stream must be a keyframe.
    #[error("a stream starts with a keyframe")]
    NoKeyframe,
    /// The receiver's state is not the sender's; only a keyframe heals that.
    #[error("desync at tick {tick}: the checksum is {found:08x}, not {expected:08x}")]
    Desync {
        /// When it was seen.
        tick: u32,
        /// What the sender has.
        expected: u32,
        /// What the receiver has.
        found: u32,
    },
}
