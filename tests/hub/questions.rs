//! Questions that were put to clients, and what their answers must be.

use super::ready;
use std::collections::BTreeSet;
use std::time::Duration;
use tickwire::event::Args;
use tickwire::hub::{AckError, Partial, Reply};

/// What comes of a question.
pub(super) enum Answer {
    One(Reply<Result<Args, AckError>>),
    Many(Reply<Result<Vec<Args>, Partial>>),
}

/// A question that was put to clients.
pub(super) struct Question {
    pub(super) space: usize,
    pub(super) number: u64,
    pub(super) until: Duration,
    /// Those who have not answered yet.
    pub(super) open: BTreeSet<usize>,
    pub(super) replies: Vec<String>,
    pub(super) missing: usize,
    pub(super) is_late: bool,
    pub(super) answer: Answer,
}

impl Question {
    /// Whether it is answered; the answer is the right one.
    pub(super) fn is_answered(&mut self) -> bool {
        match &mut self.answer {
            Answer::One(reply) => {
                let Some(answer) = ready(reply) else { return false };
                let expected = match self.replies.pop() {
                    Some(reply) => Ok(reply),
                    None if self.is_late => Err(AckError::Timeout),
                    None => Err(AckError::Disconnected),
                };
                assert_eq!(answer.map(|args| args.json().to_owned()), expected);
            }
            Answer::Many(reply) => {
                let Some(answer) = ready(reply) else { return false };
                let (replies, missing) = match answer {
                    Ok(replies) => (replies, 0),
                    Err(partial) => (partial.replies, partial.missing),
                };
                let replies: Vec<String> =
                    replies.iter().map(|args| args.json().to_owned()).collect();
                assert_eq!((replies, missing), (std::mem::take(&mut self.replies), self.missing));
            }
        }
        true
    }
}
