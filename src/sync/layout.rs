//! Which tables there are: one for every question that a stream answers, in every situation that
//! makes the answer likelier or not. Follows from the schema alone, so both sides agree on it.

use super::schema::{ComponentId, LaneSpec, Motion, Schema};
use super::token;

/// The number of a table.
pub(crate) type TableId = u32;

/// A lane with at most this many values is coded by the value it had.
const SMALL: u64 = 16;
/// A lane with at most this many values has a symbol for each residual.
const DIRECT: u64 = 32;

/// Situations of a component flag and of a steady lane: 5 risks x 3 unrests.
const STEADY_CONTEXTS: u32 = 15;
/// Situations of a lane that holds: 3 ages x 3 unrests.
const HOLD_CONTEXTS: u32 = 9;
/// Situations of a part's presence: 10 risks x 5 ages.
const PRESENCE_CONTEXTS: u32 = 50;
/// Ages and intervals are told up to this; more is as much.
pub(crate) const AGE_LIMIT: u32 = 12;

/// What the symbols of a table mean, and with that its size and first guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Alphabet {
    /// No or yes.
    Flag,
    /// One of so many; the first is likeliest.
    Choice(u32),
    /// A residual up to a magnitude; likely none.
    Residual(u32),
    /// A first value, as a residual up to a magnitude; any is as likely.
    Value(u32),
    /// A code length against its neighbour's; very likely the same.
    Length,
    /// A count, age or gap up to a number; likely small.
    Number(u32),
}

impl Alphabet {
    pub(crate) fn symbols(self) -> usize {
        match self {
            Self::Flag => 2,
            Self::Choice(count) => count as usize,
            Self::Length => token::signed_symbols(31),
            Self::Residual(most) | Self::Value(most) => token::signed_symbols(most),
            Self::Number(most) => token::unsigned_symbols(most),
        }
    }

    /// The code length of a symbol before anything is known, in half bits.
    pub(crate) fn prior(self, symbol: usize) -> u8 {
        let length = match self {
            Self::Flag => 2,
            Self::Choice(count) if symbol > 0 => 4 + 2 * count.ilog2() as usize,
            Self::Choice(_) => 1,
            Self::Residual(_) if symbol > 0 => 7 + symbol / 2,
            Self::Residual(_) => 2,
            Self::Length if symbol > 0 => 10 + symbol / 2,
            Self::Length => 1,
            Self::Value(_) => 10,
            Self::Number(_) => 1 + 2 * symbol,
        };
        length.min(30) as u8
    }
}

/// The tables of one lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaneTables {
    /// For the value it comes with.
    pub(crate) first: TableId,
    /// The first of those for its residuals.
    pub(crate) residual: TableId,
    /// How its values and residuals are written.
    pub(crate) form: Form,
}

/// How a lane's values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The step to the new value is a symbol; the situation is the old value.
    Small,
    /// The step to the new value is a symbol.
    Direct,
    /// The residual is a token.
    Wide,
}

impl Form {
    pub(crate) fn of(modulus: u64) -> Self {
        if modulus <= SMALL {
            Self::Small
        } else if modulus <= DIRECT {
            Self::Direct
        } else {
            Self::Wide
        }
    }
}

/// The tables of one component.
#[derive(Clone, Debug)]
pub(crate) struct ComponentTables {
    /// The first of those that say whether any of its lanes has a residual.
    pub(crate) flag: TableId,
    pub(crate) lanes: Vec<LaneTables>,
}

/// All tables of a schema.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    alphabets: Vec<Alphabet>,
    pub(crate) presence: TableId,
    pub(crate) gap: TableId,
    /// For free slots between the parts of a whole section.
    pub(crate) free: TableId,
    /// For ids against the one before in a whole section.
    pub(crate) next_id: TableId,
    /// Four: for what is removed, reshaped, new, and arrives.
    pub(crate) count: TableId,
    pub(crate) shape: TableId,
    pub(crate) id: TableId,
    pub(crate) owned: TableId,
    pub(crate) owner: TableId,
    pub(crate) fresh: TableId,
    pub(crate) resting: TableId,
    pub(crate) age: TableId,
    pub(crate) velocity: TableId,
    /// Two for code lengths: after a symbol in use, after one that is not.
    pub(crate) length: TableId,
    pub(crate) components: Vec<ComponentTables>,
}

impl Layout {
    pub(crate) fn new(schema: &Schema) -> Self {
        let mut layout = Self {
            alphabets: Vec::new(),
            presence: 0,
            gap: 0,
            free: 0,
            next_id: 0,
            count: 0,
            shape: 0,
            id: 0,
            owned: 0,
            owner: 0,
            fresh: 0,
            resting: 0,
            age: 0,
            velocity: 0,
            length: 0,
            components: Vec::new(),
        };
        layout.presence = layout.add(Alphabet::Flag, PRESENCE_CONTEXTS);
        layout.gap = layout.add(Alphabet::Number(1 << 24), 1);
        layout.free = layout.add(Alphabet::Number(1 << 24), 1);
        layout.next_id = layout.add(Alphabet::Residual(1 << 31), 1);
        layout.count = layout.add(Alphabet::Number(1 << 24), 4);
        layout.shape = layout.add(Alphabet::Number(1 << 16), 1);
        layout.id = layout.add(Alphabet::Residual(1 << 31), 1);
        layout.owned = layout.add(Alphabet::Choice(3), 1);
        layout.owner = layout.add(Alphabet::Number(u32::MAX), 1);
        layout.fresh = layout.add(Alphabet::Choice(3), 1);
        layout.resting = layout.add(Alphabet::Flag, 1);
        layout.age = layout.add(Alphabet::Number(AGE_LIMIT), 1);
        layout.velocity = layout.add(Alphabet::Residual(1 << 31), 1);
        layout.length = layout.add(Alphabet::Length, 2);
        for component in schema.components() {
            let flag = layout.add(Alphabet::Flag, STEADY_CONTEXTS);
            let mut lanes: Vec<LaneTables> = Vec::new();
            for lane in component.lanes() {
                let same = lanes.last().copied().filter(|_| lane.repeats);
                lanes.push(same.unwrap_or_else(|| layout.add_lane(lane)));
            }
            layout.components.push(ComponentTables { flag, lanes });
        }
        layout
    }

    fn add(&mut self, alphabet: Alphabet, contexts: u32) -> TableId {
        let first = self.alphabets.len() as u32;
        self.alphabets.extend((0..contexts).map(|_| alphabet));
        first
    }

    fn add_lane(&mut self, lane: &LaneSpec) -> LaneTables {
        let values = lane.modulus as u32;
        let most = (lane.modulus / 2) as u32;
        let may_be_steady = lane.motion != Motion::Hold;
        let form = Form::of(lane.modulus);
        let contexts = if may_be_steady { STEADY_CONTEXTS } else { HOLD_CONTEXTS };
        match form {
            Form::Small => LaneTables {
                first: self.add(Alphabet::Choice(values), 1),
                residual: self.add(Alphabet::Choice(values), 2 * values),
                form,
            },
            Form::Direct => LaneTables {
                first: self.add(Alphabet::Choice(values), 1),
                residual: self.add(Alphabet::Choice(values), contexts),
                form,
            },
            Form::Wide => LaneTables {
                first: self.add(Alphabet::Value(most), 1),
                residual: self.add(Alphabet::Residual(most), contexts),
                form,
            },
        }
    }

    /// How many tables there are.
    pub(crate) fn tables(&self) -> usize {
        self.alphabets.len()
    }

    /// The tables that are of no component are those below this one.
    pub(crate) fn of_parts(&self) -> TableId {
        self.length + 2
    }

    /// The tables of a component.
    pub(crate) fn of_component(&self, component: ComponentId) -> std::ops::Range<TableId> {
        let at = usize::from(component.0);
        let end = self.components.get(at + 1).map_or(self.tables() as TableId, |next| next.flag);
        self.components[at].flag..end
    }

    pub(crate) fn alphabet(&self, table: TableId) -> Alphabet {
        self.alphabets[table as usize]
    }
}
