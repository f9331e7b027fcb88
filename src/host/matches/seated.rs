//! One seat of a running match: its inputs, and how its client keeps up with the stream.

use super::client::{Client, Person};
use super::window::{Stamped, Window};
use crate::protocol::native::Applied;
use std::sync::Arc;
use std::time::Duration;

/// With so much waiting for it a client is sent no more of the stream, until it has taken all.
const BACKLOG_MOST: usize = 32 << 10;
/// A client may ask for a keyframe this often.
const KEYFRAME_PAUSE: Duration = Duration::from_secs(1);

/// How a client keeps up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Feed {
    /// Its next packet must be a keyframe.
    Lost,
    /// It has all packets so far.
    Follows,
    /// It takes too little; since then it is sent nothing.
    Stalled(Duration),
}

/// What is to be done about a client in this tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Delta,
    Keyframe,
    /// It was stalled for too long.
    Cut,
}

/// A seat that is taken.
pub(super) struct Seated {
    /// Whoever sits there, while connected.
    pub(super) client: Option<Arc<dyn Client>>,
    /// The id of the socket that has the seat, or had it last.
    pub(super) socket: Arc<str>,
    pub(super) person: Person,
    pub(super) window: Window,
    /// Since when nobody is connected.
    pub(super) away_since: Option<Duration>,
    pub(super) applied: Option<Applied>,
    pub(super) feed: Feed,
    asked_at: Option<Duration>,
}

impl Seated {
    pub(super) fn new(client: Arc<dyn Client>, person: Person) -> Self {
        Self {
            socket: client.socket().into(),
            client: Some(client),
            person,
            window: Window::default(),
            away_since: None,
            applied: None,
            feed: Feed::Lost,
            asked_at: None,
        }
    }

    /// Somebody else has the seat from now on; gives who had it.
    pub(super) fn seat(&mut self, client: Arc<dyn Client>) -> Option<Arc<dyn Client>> {
        self.socket = client.socket().into();
        self.away_since = None;
        self.feed = Feed::Lost;
        self.asked_at = None;
        self.window.clear();
        self.client.replace(client)
    }

    /// Nobody is connected any more.
    pub(super) fn unseat(&mut self, now: Duration) {
        self.client = None;
        self.away_since = Some(now);
        self.window.clear();
    }

    /// The client lost the thread; heeded as often as may be.
    pub(super) fn ask_keyframe(&mut self, now: Duration) {
        let may = self.asked_at.is_none_or(|before| now >= before + KEYFRAME_PAUSE);
        if may && self.feed == Feed::Follows {
            self.asked_at = Some(now);
            self.feed = Feed::Lost;
        }
    }

    /// Takes the input for a tick, and notes how early it came.
    pub(super) fn input(
        &mut self,
        take: impl FnOnce(&mut Window) -> Option<(Stamped, i64)>,
    ) -> Option<Stamped> {
        let (input, lead) = take(&mut self.window)?;
        self.applied = Some(Applied::new(input.tick, lead));
        Some(input)
    }

    /// What its client is due now, with so many bytes waiting for it.
    pub(super) fn due(&mut self, backlog: usize, patience: Duration, now: Duration) -> Due {
        match self.feed {
            Feed::Stalled(since) if backlog > 0 => {
                return if now >= since + patience { Due::Cut } else { Due::Nothing };
            }
            _ if backlog > BACKLOG_MOST => {
                self.feed = Feed::Stalled(now);
                return Due::Nothing;
            }
            Feed::Follows => return Due::Delta,
            Feed::Lost | Feed::Stalled(_) => self.feed = Feed::Follows,
        }
        Due::Keyframe
    }
}

#[cfg(test)]
mod tests {
    use super::super::client::{SchemaText, SeatOf};
    use super::*;
    use crate::protocol::native::{Joined, Refusal};

    struct Nobody;

    impl Client for Nobody {
        fn socket(&self) -> &str {
            "nobody"
        }
        fn sit(&self, _: SeatOf) {}
        fn join(&self, _: &Joined<'_>, _: &SchemaText) {}
        fn send_state(&self, _: Option<Applied>, _: &mut dyn FnMut(&mut Vec<u8>)) {}
        fn backlog(&self) -> usize {
            0
        }
        fn leave(&self, _: Option<Refusal>) {}
        fn cut(&self, _: Refusal) {}
    }

    const AT: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn who_takes_too_little_is_sent_nothing_until_it_has_taken_all_and_then_a_keyframe() {
        let mut seat = Seated::new(Arc::new(Nobody), Person::default());
        let patience = AT(10);
        assert_eq!(seat.due(0, patience, AT(1)), Due::Keyframe);
        assert_eq!(seat.due(BACKLOG_MOST, patience, AT(2)), Due::Delta);
        assert_eq!(seat.due(BACKLOG_MOST + 1, patience, AT(3)), Due::Nothing);
        assert_eq!(seat.due(1, patience, AT(12)), Due::Nothing, "less is not none");
        assert_eq!(seat.due(0, patience, AT(12)), Due::Keyframe);
        assert_eq!(seat.due(0, patience, AT(12)), Due::Delta);
        assert_eq!(seat.due(BACKLOG_MOST + 1, patience, AT(13)), Due::Nothing);
        assert_eq!(seat.due(1, patience, AT(23)), Due::Cut);
    }

    #[test]
    fn keyframes_are_sent_as_often_as_they_may_be_asked_for() {
        let mut seat = Seated::new(Arc::new(Nobody), Person::default());
        seat.due(0, AT(10), AT(1));
        let mut keyframes = 0;
        for tick in 0..100 {
            let now = AT(2) + Duration::from_millis(50) * tick;
            seat.ask_keyframe(now);
            keyframes += u32::from(seat.due(0, AT(10), now) == Due::Keyframe);
        }
        assert_eq!(keyframes, 5);
    }
}
