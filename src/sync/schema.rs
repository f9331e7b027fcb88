//! What is replicated, as data: the same for every match of a game, the same on both sides.
//!
//! The schema travels as JSON, so that a client in any language reads it with what it has. Its
//! hash is in the handshake: two sides with the same hash need not send it.

use super::field::{FieldKind, SchemaError};
use serde::{Deserialize, Serialize};

const COMPONENTS_LIMIT: usize = 4096;
const LANES_LIMIT: usize = 4096;
const NAME_LIMIT: usize = 64;
/// A schema has at most this many bytes of JSON.
pub const SCHEMA_BYTES_LIMIT: usize = 1 << 20;

/// The number of a component in its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ComponentId(pub u16);

/// Who is told of a component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// All who see the entity.
    #[default]
    Everyone,
    /// Those of them who are on the entity's team.
    Team,
    /// The entity's owner.
    Owner,
}

/// How a lane goes on when nothing is said of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Motion {
    /// It keeps its value.
    #[default]
    Hold,
    /// It keeps its velocity.
    Steady,
    /// The sender finds out which of the two is cheaper, and whether another lane drives it.
    Auto,
}

/// One field of a component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldSchema {
    /// Its name in the game.
    pub name: String,
    /// What it holds.
    pub kind: FieldKind,
    /// How those of its lanes go on that can move.
    #[serde(default)]
    pub motion: Motion,
}

/// One lane: a whole number from 0 to below `modulus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneSpec {
    /// How many values it has.
    pub modulus: u64,
    /// Whether 0 follows the greatest value.
    pub wraps: bool,
    /// How it goes on.
    pub motion: Motion,
    /// Whether it is one of a row of bytes, alike to the one before: they share their tables.
    pub repeats: bool,
}

/// One replicated component.
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentSchema {
    name: String,
    audience: Audience,
    fields: Vec<FieldSchema>,
    lanes: Vec<LaneSpec>,
}

impl ComponentSchema {
    /// A component with these fields, if lanes can hold them.
    pub fn new(
        name: &str,
        audience: Audience,
        fields: Vec<FieldSchema>,
    ) -> Result<Self, SchemaError> {
        let mut lanes = Vec::new();
        let mut made = Vec::new();
        for field in &fields {
            if field.name.len() > NAME_LIMIT {
                return Err(SchemaError::TooLarge);
            }
            made.clear();
            field.kind.lanes(&field.name, &mut made)?;
            if field.motion != Motion::Hold && made.iter().all(|lane| !lane.moves) {
                return Err(SchemaError::Motion(field.name.clone()));
            }
            lanes.extend(made.iter().map(|lane| LaneSpec {
                modulus: lane.modulus,
                wraps: lane.wraps,
                motion: if lane.moves { field.motion } else { Motion::Hold },
                repeats: lane.repeats,
            }));
        }
        if name.len() > NAME_LIMIT || lanes.len() > LANES_LIMIT {
            return Err(SchemaError::TooLarge);
        }
        Ok(Self { name: name.into(), audience, fields, lanes })
    }

    /// Its name in the game.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Who is told of it.
    #[must_use]
    pub fn audience(&self) -> Audience {
        self.audience
    }

    /// Its fields, in the order of their lanes.
    #[must_use]
    pub fn fields(&self) -> &[FieldSchema] {
        &self.fields
    }

    /// Its lanes.
    #[must_use]
    pub fn lanes(&self) -> &[LaneSpec] {
        &self.lanes
    }
}

/// All replicated components of a game.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    components: Vec<ComponentSchema>,
}

/// How a component is written in JSON.
#[derive(Serialize, Deserialize)]
struct ComponentData {
    name: String,
    #[serde(default)]
    audience: Audience,
    fields: Vec<FieldSchema>,
}

impl Schema {
    /// A schema of these components; their order is their number.
    pub fn new(components: Vec<ComponentSchema>) -> Result<Self, SchemaError> {
        let lanes: usize = components.iter().map(|component| component.lanes.len()).sum();
        if components.len() > COMPONENTS_LIMIT || lanes > LANES_LIMIT {
            return Err(SchemaError::TooLarge);
        }
        Ok(Self { components })
    }

    /// Its components; a [`ComponentId`] is an index into them.
    #[must_use]
    pub fn components(&self) -> &[ComponentSchema] {
        &self.components
    }

    /// The component with a number.
    #[must_use]
    pub fn component(&self, id: ComponentId) -> Option<&ComponentSchema> {
        self.components.get(usize::from(id.0))
    }

    /// The number of the component with a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<ComponentId> {
        let index = self.components.iter().position(|component| component.name == name)?;
        Some(ComponentId(index as u16))
    }

    /// The schema as JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let data: Vec<ComponentData> = self
            .components
            .iter()
            .map(|component| ComponentData {
                name: component.name.clone(),
                audience: component.audience,
                fields: component.fields.clone(),
            })
            .collect();
        serde_json::to_vec(&data).expect("a schema is plain data with finite numbers")
    }

    /// Reads a schema from JSON.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SchemaError> {
        if bytes.len() > SCHEMA_BYTES_LIMIT {
            return Err(SchemaError::TooLarge);
        }
        let data: Vec<ComponentData> = serde_json::from_slice(bytes)
            .map_err(|error| SchemaError::Malformed(error.to_string()))?;
        let components = data
            .into_iter()
            .map(|component| {
                ComponentSchema::new(&component.name, component.audience, component.fields)
            })
            .collect::<Result<_, _>>()?;
        Self::new(components)
    }

    /// A number that two schemas share when they are the same.
    #[must_use]
    pub fn hash(&self) -> u64 {
        super::checksum::hash_bytes(&self.to_bytes())
    }
}
