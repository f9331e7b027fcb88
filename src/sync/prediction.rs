//! What a client predicted its own entities to be after a tick.

use super::checksum::lanes_checksum;
use super::schema::ComponentId;
use crate::ids::NetId;
use std::collections::BTreeMap;

/// A client's own lanes after one tick, as it predicted them. Its checksum goes to the match with
/// the input; if the match comes to the same, it leaves these lanes out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prediction {
    lanes: BTreeMap<(NetId, ComponentId), Vec<u32>>,
}

impl Prediction {
    /// Notes the lanes of a component.
    pub fn set(&mut self, id: NetId, component: ComponentId, lanes: &[u32]) {
        self.lanes.insert((id, component), lanes.to_vec());
    }

    /// The lanes that were predicted for a component.
    #[must_use]
    pub fn get(&self, id: NetId, component: ComponentId) -> Option<&[u32]> {
        self.lanes.get(&(id, component)).map(Vec::as_slice)
    }

    /// What is sent with the input of this tick.
    #[must_use]
    pub fn checksum(&self) -> u32 {
        self.lanes.iter().fold(0u32, |sum, ((id, component), lanes)| {
            sum.wrapping_add(lanes_checksum(*id, *component, lanes.iter().copied()))
        })
    }
}
