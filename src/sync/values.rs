//! Lanes as people read them: for operators and tools.

use super::field::FieldKind;
use super::schema::ComponentSchema;
use serde_json::{Map, Value, json};

impl ComponentSchema {
    /// The fields and what these lanes make them hold; what does not fit is left out.
    #[must_use]
    pub fn values(&self, lanes: &[u32]) -> Map<String, Value> {
        let mut rest = lanes;
        let mut values = Map::new();
        for field in self.fields() {
            let Some(value) = field.kind.value(&mut rest) else { break };
            values.insert(field.name.clone(), value);
        }
        values
    }
}

fn take<'a>(lanes: &mut &'a [u32], count: usize) -> Option<&'a [u32]> {
    let (taken, rest) = lanes.split_at_checked(count)?;
    *lanes = rest;
    Some(taken)
}

/// A number without what quantising leaves behind its last digit.
fn rounded(value: f64, step: f64) -> Value {
    let digits = 10_f64.powf((-step.log10()).ceil().max(0.0) + 1.0);
    json!((value * digits).round() / digits)
}

impl FieldKind {
    fn value(&self, lanes: &mut &[u32]) -> Option<Value> {
        let one = |lanes: &mut &[u32]| take(lanes, 1).map(|lane| lane[0]);
        let float = |lane: u32, min: f64, step: f64| rounded(min + f64::from(lane) * step, step);
        Some(match self {
            Self::Bool => json!(one(lanes)? != 0),
            Self::Int { min, .. } => json!(min + i64::from(one(lanes)?)),
            Self::Float { min, step, .. } => float(one(lanes)?, *min, *step),
            Self::Angle { steps } => {
                let turn = std::f64::consts::TAU;
                rounded(f64::from(one(lanes)?) * turn / f64::from(*steps), turn / f64::from(*steps))
            }
            Self::Vector { axes, min, step, .. } => {
                take(lanes, (*axes).into())?.iter().map(|lane| float(*lane, *min, *step)).collect()
            }
            Self::Rotation { .. } => json!(take(lanes, 4)?),
            Self::Choice { names } => json!(names.get(one(lanes)? as usize)?),
            Self::Text { max } | Self::Bytes { max } => {
                let length = one(lanes)?.min(*max) as usize;
                let bytes: Vec<u8> =
                    take(lanes, *max as usize)?[..length].iter().map(|lane| *lane as u8).collect();
                match self {
                    Self::Text { .. } => json!(String::from_utf8_lossy(&bytes)),
                    _ => json!(bytes),
                }
            }
            Self::Entity => match one(lanes)? {
                0 => Value::Null,
                id => json!(id),
            },
            Self::Moment => json!(one(lanes)?),
            Self::Optional(inner) => {
                let is_there = one(lanes)? != 0;
                let value = inner.value(lanes)?;
                if is_there { value } else { Value::Null }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::{Audience, FieldSchema, Motion};
    use super::*;

    #[test]
    fn lanes_are_what_their_fields_say() {
        let field =
            |name: &str, kind| FieldSchema { name: name.into(), kind, motion: Motion::default() };
        let fields = vec![
            field("x", FieldKind::Float { min: -8.0, max: 8.0, step: 0.01 }),
            field("hp", FieldKind::Int { min: 0, max: 100 }),
            field("mode", FieldKind::Choice { names: vec!["red".into(), "blue".into()] }),
            field("name", FieldKind::Text { max: 4 }),
            field("target", FieldKind::Optional(Box::new(FieldKind::Entity))),
            field("is_up", FieldKind::Bool),
        ];
        let schema = ComponentSchema::new("Body", Audience::Everyone, fields).unwrap();
        let lanes = [812, 70, 1, 2, 97, 98, 0, 0, 0, 9, 1];
        let expected = json!({
            "x": 0.12, "hp": 70, "mode": "blue", "name": "ab", "target": null, "is_up": true,
        });
        assert_eq!(Value::Object(schema.values(&lanes)), expected);
        assert_eq!(schema.values(&lanes[..3]).len(), 3);
    }
}
