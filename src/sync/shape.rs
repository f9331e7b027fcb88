//! Which components a part has, and the way through its lanes.
//!
//! A shape is a set of components. Shapes are numbered as they are first seen; the numbers are
//! told to the whole room and never reused.

use super::layout::{Form, TableId};
use super::model::Model;
use super::schema::{ComponentId, Motion, Schema};
use std::collections::BTreeMap;

/// A room knows at most this many shapes.
pub(crate) const SHAPES_LIMIT: usize = 1 << 12;
/// All its shapes have at most this many lanes together.
pub(crate) const SHAPE_LANES_LIMIT: usize = 1 << 16;
/// No lane drives this one.
pub(crate) const NO_DRIVER: u32 = u32::MAX;

/// The number of a shape in its room.
pub(crate) type ShapeId = u32;

/// What the coder must know of one lane, gathered from schema and model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LanePlan {
    pub(crate) modulus: u64,
    pub(crate) first: TableId,
    pub(crate) residual: TableId,
    pub(crate) form: Form,
    pub(crate) wraps: bool,
    pub(crate) steady: bool,
    /// Whether the sender finds out how it moves.
    pub(crate) auto: bool,
    pub(crate) home: u32,
    /// The lane of this shape that drives it, or [`NO_DRIVER`].
    pub(crate) driver: u32,
    pub(crate) gain: i32,
}

/// Where the lanes of one component lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ComponentPlan {
    pub(crate) id: ComponentId,
    pub(crate) start: u32,
    pub(crate) len: u32,
    pub(crate) flag: TableId,
    /// Whether any lane is steady.
    pub(crate) steady: bool,
}

impl ComponentPlan {
    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        self.start as usize..(self.start + self.len) as usize
    }

    /// Whether a flag says if the component has residuals; one lane says it by itself.
    pub(crate) fn has_flag(&self) -> bool {
        self.len > 1
    }
}

/// A set of components and the plan of its lanes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    pub(crate) components: Vec<ComponentPlan>,
    /// The order in which components are coded: a driver before what it drives.
    pub(crate) order: Vec<u16>,
    pub(crate) lanes: Vec<LanePlan>,
    /// Whether any lane is steady.
    pub(crate) steady: bool,
    /// Whether the sender finds out how any lane moves.
    pub(crate) auto: bool,
}

impl Shape {
    fn new(components: &[ComponentId], schema: &Schema, model: &Model) -> Self {
        let mut shape = Self::default();
        for id in components {
            let index = usize::from(id.0);
            let specs = schema.components()[index].lanes();
            let modes = &model.modes[index];
            let tables = &model.layout.components[index];
            shape.components.push(ComponentPlan {
                id: *id,
                start: shape.lanes.len() as u32,
                len: specs.len() as u32,
                flag: tables.flag,
                steady: modes.iter().any(|mode| mode.steady),
            });
            for ((spec, mode), tables) in specs.iter().zip(modes).zip(&tables.lanes) {
                shape.lanes.push(LanePlan {
                    modulus: spec.modulus,
                    first: tables.first,
                    residual: tables.residual,
                    form: tables.form,
                    wraps: spec.wraps,
                    steady: mode.steady,
                    auto: spec.motion == Motion::Auto,
                    home: mode.home,
                    driver: NO_DRIVER,
                    gain: 0,
                });
            }
        }
        shape.steady = shape.components.iter().any(|component| component.steady);
        shape.auto = shape.lanes.iter().any(|lane| lane.auto);
        shape.connect_drivers(model);
        shape
    }

    fn connect_drivers(&mut self, model: &Model) {
        let is_driven = |plan: &ComponentPlan| {
            model.modes[usize::from(plan.id.0)].iter().any(|mode| mode.driver.is_some())
        };
        for plan in self.components.clone() {
            let modes = &model.modes[usize::from(plan.id.0)];
            for (mode, lane) in modes.iter().zip(plan.range()) {
                let Some(driver) = mode.driver else { continue };
                let source = self.find(ComponentId(driver.component));
                if let Some(source) = source.map(|at| self.components[at])
                    && !is_driven(&source)
                {
                    self.lanes[lane].driver = source.start + u32::from(driver.lane);
                    self.lanes[lane].gain = driver.gain;
                }
            }
        }
        self.order = (0..self.components.len() as u16).collect();
        self.order.sort_by_key(|index| is_driven(&self.components[usize::from(*index)]));
    }

    /// The place of a component in this shape.
    pub(crate) fn find(&self, id: ComponentId) -> Option<usize> {
        self.components.binary_search_by_key(&id, |component| component.id).ok()
    }

    /// The lanes of a component in this shape.
    pub(crate) fn range(&self, id: ComponentId) -> Option<std::ops::Range<usize>> {
        self.find(id).map(|at| self.components[at].range())
    }
}

/// All shapes of a room.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shapes {
    shapes: Vec<Shape>,
    numbers: BTreeMap<Vec<ComponentId>, ShapeId>,
}

impl Shapes {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.shapes.len()
    }

    /// How many lanes they have together.
    pub(crate) fn lanes(&self) -> usize {
        self.shapes.iter().map(|shape| shape.lanes.len()).sum()
    }

    /// Whether another room has the same ones.
    pub(crate) fn are_like(&self, other: &Self) -> bool {
        self.numbers == other.numbers
    }

    /// The shape with a number.
    #[inline]
    pub(crate) fn get(&self, id: ShapeId) -> Option<&Shape> {
        self.shapes.get(id as usize)
    }

    /// The number of a set of components in ascending order, if it was seen before.
    pub(crate) fn find(&self, components: &[ComponentId]) -> Option<ShapeId> {
        self.numbers.get(components).copied()
    }

    /// Numbers a new set of components in ascending order.
    pub(crate) fn add(
        &mut self,
        components: &[ComponentId],
        schema: &Schema,
        model: &Model,
    ) -> ShapeId {
        let id = self.shapes.len() as ShapeId;
        self.shapes.push(Shape::new(components, schema, model));
        self.numbers.insert(components.to_vec(), id);
        id
    }

    /// Makes all plans anew, after the model's modes changed.
    pub(crate) fn replan(&mut self, schema: &Schema, model: &Model) {
        for (components, id) in &self.numbers {
            self.shapes[*id as usize] = Shape::new(components, schema, model);
        }
    }
}
