//! The bytes of a packet, taken apart and put together piece by piece.
//!
//! Pieces are bincode 2 in its standard configuration. Nothing is reserved for a length that a
//! packet claims: texts and bytes are borrowed from it, which fails if they are not there. Each value
//! has one way to be written, so a packet that is accepted is the one its message encodes to.

use super::error::ProtocolError;
use super::limits::{Limits, PACKET_BYTES_LIMIT};
use crate::event::{Args, DEPTH_LIMIT};
use crate::ids::{PlayerId, Tick};
use bincode::config::{Configuration, Limit, LittleEndian, Varint, standard};
use bincode::de::BorrowDecoder;
use bincode::enc::write::SizeWriter;
use bincode::enc::{Encoder, EncoderImpl};
use bincode::error::{DecodeError, EncodeError};
use bincode::{BorrowDecode, Encode};
use bytes::Bytes;

/// bincode counts a number as long as it is in memory; no honest packet comes near twice its bytes.
const PIECE_BYTES_LIMIT: usize = 2 * PACKET_BYTES_LIMIT;

const CONFIG: Configuration<LittleEndian, Varint, Limit<PIECE_BYTES_LIMIT>> =
    standard().with_limit::<PIECE_BYTES_LIMIT>();

/// What is left of a packet.
pub(super) struct Body<'a> {
    pub(super) tag: u8,
    rest: &'a [u8],
}

impl<'a> Body<'a> {
    pub(super) fn open(packet: &'a [u8], limits: &Limits) -> Result<Self, ProtocolError> {
        let (bytes, most) = (packet.len(), limits.packet_bytes.min(PACKET_BYTES_LIMIT));
        if bytes > most {
            return Err(ProtocolError::PacketTooLong { bytes, most });
        }
        let (tag, rest) = packet.split_first().ok_or(ProtocolError::Empty)?;
        Ok(Self { tag: *tag, rest })
    }

    /// The next value, if it is written as shortly as it can be.
    pub(super) fn take<T: BorrowDecode<'a, ()> + Encode>(&mut self) -> Result<T, ProtocolError> {
        let (value, used) = self.peek::<T>()?;
        // Varints are all that can be longer than they must be: what has the right length in all
        // has it everywhere.
        if used != size_of(&value) {
            return Err(ProtocolError::NotShortest(self.tag));
        }
        self.rest = &self.rest[used..];
        Ok(value)
    }

    /// Refuses other versions, whatever they have behind their number.
    pub(super) fn check_version(&self, spoken: u16) -> Result<(), ProtocolError> {
        match self.peek::<u16>()?.0 {
            version if version == spoken => Ok(()),
            version => Err(ProtocolError::UnknownVersion(version)),
        }
    }

    /// So many raw bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], ProtocolError> {
        let (array, rest) =
            self.rest.split_first_chunk().ok_or(ProtocolError::Malformed(self.tag))?;
        self.rest = rest;
        Ok(*array)
    }

    /// All that is left, raw.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// Arguments: text, then attachments. Each of these has at least the byte of its length in the
    /// packet, so their count is believed only up to the bytes that are left.
    pub(super) fn args(&mut self, limits: &Limits) -> Result<Args, ProtocolError> {
        let json: &str = self.take()?;
        let (count, most) = (self.take::<u64>()?, limits.attachments);
        if count > most as u64 {
            return Err(ProtocolError::TooManyAttachments { count, most });
        }
        if count > self.rest.len() as u64 {
            return Err(ProtocolError::Malformed(self.tag));
        }
        let mut attachments = Vec::with_capacity(count as usize);
        for _ in 0..count {
            attachments.push(Bytes::copy_from_slice(self.take()?));
        }
        Ok(Args::parse(json, attachments, limits.depth.min(DEPTH_LIMIT))?)
    }

    pub(super) fn end(self) -> Result<(), ProtocolError> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(ProtocolError::Trailing { tag: self.tag, left }),
        }
    }

    fn peek<T: BorrowDecode<'a, ()>>(&self) -> Result<(T, usize), ProtocolError> {
        bincode::borrow_decode_from_slice(self.rest, CONFIG)
            .map_err(|_| ProtocolError::Malformed(self.tag))
    }
}

/// Appends a value.
pub(super) fn put(out: &mut Vec<u8>, value: &impl Encode) {
    bincode::encode_into_std_write(value, out, CONFIG).expect("memory takes all that is written");
}

/// Appends arguments as [`Body::args`] takes them.
pub(super) fn put_args(out: &mut Vec<u8>, args: &Args) {
    put(out, &(args.json(), args.attachments().len() as u64));
    args.attachments().iter().for_each(|attachment| put(out, &&attachment[..]));
}

fn size_of(value: &impl Encode) -> usize {
    let mut encoder = EncoderImpl::new(SizeWriter::default(), CONFIG);
    value.encode(&mut encoder).expect("counting takes all that is written");
    encoder.into_writer().bytes_written
}

macro_rules! as_its_number {
    ($($id:ident)*) => {
        $(impl Encode for $id {
            fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
                self.0.encode(encoder)
            }
        }

        impl<'de, C> BorrowDecode<'de, C> for $id {
            fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(
                decoder: &mut D,
            ) -> Result<Self, DecodeError> {
                BorrowDecode::borrow_decode(decoder).map(Self)
            }
        })*
    };
}

as_its_number! { PlayerId Tick }
