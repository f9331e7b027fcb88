//! Why the server says no: stable numbers, in groups by who is to do something about it.
//!
//! A number never changes its meaning and is never used again. A client that does not know one goes
//! by its hundreds.

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $sentence:literal;)*) => {
        /// Why the server says no.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Refusal {
            $($(#[$doc])* $name = $code,)*
        }

        impl Refusal {
            /// All of them, by number.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// One sentence for humans.
            #[must_use]
            pub fn sentence(self) -> &'static str {
                match self {
                    $(Self::$name => $sentence,)*
                }
            }
        }
    };
}

refusals! {
    /// The client speaks another version.
    UnknownVersion = 100, "This version of the protocol is not spoken here.";
    /// Bytes that are no message.
    BadPacket = 101, "The packet is not a message.";
    /// A message that does not belong there.
    OutOfOrder = 102, "The message does not belong there.";
    /// A packet or a text that is too long.
    TooLong = 103, "The message is too long.";
    /// Too many attachments, or messages too fast.
    TooMany = 104, "That is too much at once.";
    /// Nothing was heard for too long.
    Silent = 105, "Nothing was heard from you for too long.";
    /// The handshake took too long.
    HandshakeTimeout = 106, "The handshake took too long.";
    /// A text message; only binary ones are understood.
    TextMessage = 107, "Only binary messages are understood here.";

    /// The token is not valid, or not any more.
    BadToken = 200, "The token is not valid.";
    /// The user may not do that.
    Forbidden = 201, "You may not do that.";
    /// The socket that the client comes back to is another user's.
    ResumeRefused = 202, "You cannot come back to that.";

    /// There is no such match, or the user may not know of it.
    NoSuchMatch = 300, "There is no such match.";
    /// No seat is free.
    Full = 301, "The match is full.";
    /// Nobody is let in any more.
    Locked = 302, "The match lets nobody in.";
    /// Who wants to join is in a match already.
    AlreadyInMatch = 303, "You are in a match already.";
    /// That can only be said in a match.
    NotInMatch = 304, "You are in no match.";
    /// The match is over.
    Ended = 305, "The match has ended.";
    /// The client cannot play this version of the game.
    Schema = 306, "Your client does not fit this match.";
    /// Somebody took the player out of the match.
    Removed = 307, "You were removed from the match.";

    /// The same player is there with another connection.
    Replaced = 308, "Another connection of yours has taken your seat.";

    /// Options that the game does not have.
    BadOptions = 309, "There are no such options.";

    /// The server is about to stop.
    ShuttingDown = 400, "The server is shutting down.";
    /// There is no room now; later there may be.
    Busy = 401, "The server is busy; try again later.";
    /// The client receives too slowly.
    OutboxFull = 402, "Your connection is too slow.";
    /// From this address or in all.
    TooManyConnections = 403, "There are too many connections.";
    /// The server's own fault.
    Internal = 404, "Something went wrong in the server.";
}

impl Refusal {
    /// Its number.
    #[must_use]
    pub fn code(self) -> u16 {
        self as u16
    }

    /// The refusal with this number, if it is known here.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|refusal| refusal.code() == code)
    }

    /// What the WebSocket is closed with: 4000 and the number.
    #[must_use]
    pub fn close_code(self) -> u16 {
        4000 + self.code()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_ascend_and_lead_back_to_their_refusals() {
        assert!(Refusal::ALL.is_sorted_by(|a, b| a.code() < b.code()));
        for refusal in Refusal::ALL {
            assert_eq!(Refusal::from_code(refusal.code()), Some(*refusal));
            assert!((4100..4500).contains(&refusal.close_code()));
            assert!(refusal.sentence().ends_with('.'));
        }
        assert_eq!(Refusal::from_code(0), None);
    }
}
