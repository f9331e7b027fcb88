//! Every kind of field: what comes back is within a quantum of what went in, and packs the same.

use bevy_ecs::entity::Entity;
use proptest::prelude::*;
use tickwire::prelude::*;
use tickwire::sync::codec::{Codec, Describe, EntityReference};
use tickwire::sync::field::FieldKind;
use tickwire::sync::replicate::{Packer, Replicate, Unpacker};
use tickwire::sync::schema::{Audience, ComponentSchema, FieldSchema, Motion, Schema};

/// The lanes of one value, each within its modulus.
fn lanes<T>(codec: &(impl Codec<T> + Describe), value: &T) -> Vec<u32> {
    let field = FieldSchema { name: "it".into(), kind: codec.kind(), motion: Motion::Hold };
    let schema = ComponentSchema::new("It", Audience::Everyone, vec![field]).expect("a field");
    let mut lanes = Vec::new();
    codec.pack(value, &mut Packer::new(&mut lanes, &|entity| NetId(entity.index_u32())));
    assert_eq!(lanes.len(), schema.lanes().len(), "as many lanes as the schema says");
    for (lane, spec) in lanes.iter().zip(schema.lanes()) {
        assert!(u64::from(*lane) < spec.modulus, "{lane} of {}", spec.modulus);
    }
    lanes
}

/// Packs, unpacks and packs again: the lanes must be the same.
#[track_caller]
fn round_trip<T>(codec: impl Codec<T> + Describe, value: T) -> T {
    let first = lanes(&codec, &value);
    let back = codec.unpack(&mut Unpacker::new(&first));
    assert_eq!(lanes(&codec, &back), first, "what came back packs the same");
    back
}

fn reference() -> EntityReference {
    entity()
}

proptest! {
    #[test]
    fn booleans_come_back(value: bool) {
        prop_assert_eq!(round_trip(boolean(), value), value);
    }

    #[test]
    fn integers_come_back_or_stop_at_the_edge(
        value: i64,
        min in -1_000_000i64..1000,
        width in 0i64..5_000_000,
    ) {
        let max = min + width;
        prop_assert_eq!(round_trip(integer(min, max), value), value.clamp(min, max));
        prop_assert_eq!(round_trip(integer(0, 200), value as u8), (value as u8).min(200));
        prop_assert_eq!(round_trip(integer(0, 0xffff_ffff), value as u32), value as u32);
        let all = integer(i32::MIN.into(), i32::MAX.into());
        prop_assert_eq!(round_trip(all, value as i32), value as i32);
        prop_assert_eq!(round_trip(integer(-5, 5), value as i16), (value as i16).clamp(-5, 5));
        let player = PlayerId(value as u32);
        prop_assert_eq!(round_trip(integer(0, 77), player).0, player.0.min(77));
    }

    #[test]
    fn floats_come_back_within_half_a_step(value in -300.0f32..300.0, step in 0.0005f64..2.0) {
        let back = round_trip(float(-200.0, 200.0, step), value);
        let inside = value.clamp(-200.0, 200.0);
        let off = (back - inside).abs();
        // The last step may end short of the edge.
        let near_edge = value > 198.0;
        let quantum = if near_edge { step } else { step / 2.0 } as f32;
        prop_assert!(off <= quantum * 1.001 + 5e-5, "{value} came back as {back}");
    }

    #[test]
    fn what_is_no_number_is_one_afterwards(bits: u32) {
        let value = f32::from_bits(bits);
        prop_assert!(round_trip(float(-1.0, 1.0, 0.1), value).is_finite());
        prop_assert!(round_trip(angle(100), value).is_finite());
        let turned = round_trip(rotation(8), [value; 4]);
        prop_assert!(turned.iter().all(|part| part.is_finite()));
    }

    #[test]
    fn angles_come_back_as_the_same_direction(value in -50.0f32..50.0, steps in 2u32..100_000) {
        let back = f64::from(round_trip(angle(steps), value));
        let off = (f64::from(value) - back).rem_euclid(std::f64::consts::TAU);
        let off = off.min(std::f64::consts::TAU - off);
        prop_assert!(off <= std::f64::consts::PI / f64::from(steps) + 1e-5);
    }

    #[test]
    fn vectors_come_back_axis_by_axis(value: [i16; 3]) {
        let value = value.map(|axis| f32::from(axis) / 400.0);
        let back = round_trip(vector::<3>(-82.0, 82.0, 0.02), value);
        prop_assert!(value.iter().zip(back).all(|(a, b)| (a - b).abs() <= 0.0101));
        let flat = round_trip(vector::<2>(-82.0, 82.0, 0.02), [value[0], value[1]]);
        prop_assert!((flat[1] - value[1]).abs() <= 0.0101);
    }

    #[test]
    fn rotations_come_back_as_nearly_the_same_rotation(
        parts in prop::array::uniform4(-1.0f32..1.0),
        bits in 6u32..16,
    ) {
        let length = parts.iter().map(|part| part * part).sum::<f32>().sqrt();
        prop_assume!(length > 0.01);
        let unit = parts.map(|part| part / length);
        let back = round_trip(rotation(bits), unit);
        let alike = unit.iter().zip(back).map(|(a, b)| a * b).sum::<f32>().abs();
        let step = std::f32::consts::SQRT_2 / ((1u32 << bits) - 2) as f32;
        prop_assert!(alike >= 1.0 - 8.0 * step * step - 1e-5, "{unit:?} came back as {back:?}");
    }

    #[test]
    fn strings_come_back_or_are_cut_at_a_character(value in ".{0,20}", max in 1u32..40) {
        let back = round_trip(text(max), value.clone());
        prop_assert!(value.starts_with(&back) && back.len() <= max as usize);
        prop_assert!(value.len() > max as usize || back == value);
    }

    #[test]
    fn byte_strings_come_back_or_are_cut(value: Vec<u8>, max in 1u32..=255) {
        let end = value.len().min(max as usize);
        prop_assert_eq!(round_trip(bytes(max), value.clone()), &value[..end]);
    }

    #[test]
    fn optional_fields_come_back(value: Option<u16>) {
        prop_assert_eq!(round_trip(optional(integer(0, 65535)), value), value);
    }

    #[test]
    fn references_and_moments_come_back(id in 1u32..u32::MAX >> 1, tick: u32) {
        let friend = Entity::from_raw_u32(id);
        prop_assert_eq!(round_trip(reference(), friend), friend);
        prop_assert_eq!(round_trip(reference(), None::<Entity>), None);
        prop_assert_eq!(round_trip(reference(), NetId(id)), NetId(id));
        prop_assert_eq!(round_trip(moment(), Tick(tick)), Tick(tick));
    }

    #[test]
    fn any_lanes_can_be_unpacked(lanes in prop::collection::vec(any::<u32>(), 0..60)) {
        let _ = crate::zoo::Traits::from_lanes(&lanes);
        let _ = crate::zoo::Body::from_lanes(&lanes);
    }
}

#[test]
fn choices_come_back_and_a_stranger_becomes_the_first() {
    let letters = choice(&['a', 'b', 'c']);
    for letter in ['a', 'b', 'c'] {
        assert_eq!(round_trip(letters, letter), letter);
    }
    assert_eq!(lanes(&letters, &'z'), [0]);
}

#[test]
fn fields_that_no_lane_can_hold_are_refused() {
    let refused = [
        FieldKind::Int { min: 3, max: 2 },
        FieldKind::Int { min: i64::MIN, max: i64::MAX },
        FieldKind::Float { min: 0.0, max: f64::NAN, step: 1.0 },
        FieldKind::Float { min: 0.0, max: 1.0, step: 0.0 },
        FieldKind::Float { min: 0.0, max: 1e9, step: 0.01 },
        FieldKind::Float { min: -3e93, max: 92.0, step: 0.09 },
        FieldKind::Angle { steps: 1 },
        FieldKind::Vector { axes: 4, min: 0.0, max: 1.0, step: 0.1 },
        FieldKind::Rotation { bits: 31 },
        FieldKind::Choice { names: Vec::new() },
        FieldKind::Text { max: 0 },
        FieldKind::Bytes { max: 4000 },
        FieldKind::Optional(Box::new(FieldKind::Optional(Box::new(FieldKind::Bool)))),
    ];
    for kind in refused {
        let field = FieldSchema { name: "it".into(), kind: kind.clone(), motion: Motion::Hold };
        let schema = ComponentSchema::new("It", Audience::Everyone, vec![field]);
        assert!(schema.is_err(), "{kind:?}");
    }
    let still = FieldSchema { name: "it".into(), kind: FieldKind::Bool, motion: Motion::Steady };
    assert!(ComponentSchema::new("It", Audience::Everyone, vec![still]).is_err());
}

#[test]
fn a_schema_comes_back_from_its_bytes_with_the_same_hash() {
    let game = Match::new(crate::zoo::Zoo::default(), crate::zoo::Options::default(), 1);
    let schema = game.schema();
    let back = Schema::from_bytes(&schema.to_bytes()).expect("what was written");
    assert_eq!((&back, back.hash()), (&**schema, schema.hash()));
    let other = Match::new(crate::first_game::Pond, (), 1);
    assert_ne!(other.schema().hash(), schema.hash());
    assert!(Schema::from_bytes(b"[{\"name\":7}]").is_err());
}
