//! Values of every kind of field, the lanes that they become, and what comes back.

use super::schema_line;
use serde::Serialize;
use serde_json::{Value, json};
use tickwire::prelude::*;
use tickwire::sync::codec::{Codec, Describe};
use tickwire::sync::replicate::{Packer, Unpacker};
use tickwire::sync::schema::{Audience, ComponentSchema, FieldSchema, Motion, Schema};

const SAMPLES: u32 = 25;

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
enum Mood {
    #[default]
    Calm,
    Hungry,
    Angry,
}

#[derive(Default)]
struct Book {
    components: Vec<ComponentSchema>,
    lines: Vec<Value>,
}

impl Book {
    /// Notes what a codec makes of values. A component has one field, `it`.
    fn note<T: Serialize, C: Codec<T> + Describe>(
        &mut self,
        name: &str,
        codec: &C,
        values: impl IntoIterator<Item = T>,
    ) {
        let field = FieldSchema { name: "it".into(), kind: codec.kind(), motion: Motion::Hold };
        let component = ComponentSchema::new(name, Audience::Everyone, vec![field]);
        self.components.push(component.expect("a field that lanes can hold"));
        for value in values {
            let mut lanes = Vec::new();
            codec.pack(&value, &mut Packer::new(&mut lanes, &|_| NetId(0)));
            let back = codec.unpack(&mut Unpacker::new(&lanes));
            self.lines.push(json!([name, value, lanes, back]));
        }
    }

    /// Notes numbers in a range, on its grid and beside it, and some outside.
    fn note_float(&mut self, name: &str, [min, max, step]: [f64; 3], random: &mut Random) {
        let edges = [min, max, min - step, max + step, 0.0, 1e30, -1e30];
        let mut values: Vec<f32> = edges.iter().map(|value| *value as f32).collect();
        for _ in 0..SAMPLES {
            let value = min + (max - min) * f64::from(random.between(0.0, 1.0));
            let on_grid = min + ((value - min) / step).floor() * step;
            values.extend([value as f32, on_grid as f32, (on_grid + step / 2.0) as f32]);
        }
        self.note(name, &float(min, max, step), values);
    }
}

fn note_numbers(book: &mut Book, random: &mut Random) {
    book.note("bool", &boolean(), [false, true]);
    book.note("byte", &integer(0, 200), [0u8, 1, 200, 255]);
    book.note("short", &integer(-300, 300), [-300i16, -1, 0, 300, 9999, -9999]);
    book.note("word", &integer(0, 0xffff_ffff), [0u32, 1, 1 << 31, u32::MAX]);
    let most = (1i64 << 53) - 1;
    book.note("long", &integer(most - 1000, most), [0, most - 1000, most - 1, most]);
    book.note_float("centimetre", [-20.0, 20.0, 0.01], random);
    book.note_float("fine", [0.0, 64.0, 0.001], random);
    book.note_float("third", [-1.0, 1.0, 1.0 / 3.0], random);
    book.note_float("large", [-1e9, 1e9, 1000.0], random);
    for steps in [2, 360, 512, 1 << 24] {
        let values = (0..SAMPLES).map(|_| random.between(-30.0, 30.0));
        let turn = std::f32::consts::TAU;
        let edges = [0.0, turn, -turn, turn - 1e-6, turn / 2.0, -1e-9, 1e30];
        let values: Vec<f32> = values.chain(edges).collect();
        book.note(&format!("angle {steps}"), &angle(steps), values);
    }
}

fn note_vectors(book: &mut Book, random: &mut Random) {
    let mut some = |least, most| random.between(least, most);
    let flat: Vec<[f32; 2]> = (0..SAMPLES).map(|_| [some(-9.0, 70.0), some(-9.0, 70.0)]).collect();
    book.note("flat", &vector::<2>(0.0, 64.0, 0.5), flat);
    let deep: Vec<[f32; 3]> = (0..SAMPLES).map(|_| [0; 3].map(|_| some(-1.2, 1.2))).collect();
    book.note("deep", &vector::<3>(-1.0, 1.0, 0.01), deep);
    for bits in [2, 3, 9, 20] {
        let mut turns: Vec<[f32; 4]> =
            (0..SAMPLES).map(|_| [0; 4].map(|_| some(-1.0, 1.0))).collect();
        turns.extend([
            [0.0; 4],
            [1.0; 4],
            [-1.0; 4],
            [0.5, -0.5, 0.5, -0.5],
            [0.0, -1.0, 0.0, 0.0],
        ]);
        turns.extend([[1.0, 1.0, 0.0, 0.0], [0.0, -1.0, 1.0, 0.0], [1e30, 1.0, 1.0, 1.0]]);
        book.note(&format!("rotation {bits}"), &rotation(bits), turns);
    }
}

fn note_others(book: &mut Book) {
    let moods = [Mood::Calm, Mood::Hungry, Mood::Angry];
    book.note("choice", &choice(&[Mood::Calm, Mood::Angry]), moods);
    let texts = ["", "ann", "\u{feff}mark", "Zoë is long", "ééééé", "a𝄞𝄞𝄞"];
    book.note("text", &text(9), texts.map(String::from));
    book.note("bytes", &bytes(3), [vec![], vec![0u8, 255], vec![1, 2, 3, 4]]);
    book.note("entity", &entity(), [NetId(1), NetId(77), NetId(u32::MAX >> 1)]);
    book.note("moment", &moment(), [Tick(0), Tick(1), Tick(u32::MAX)]);
    book.note("maybe", &optional(integer(-5, 200)), [None, Some(-5i16), Some(0), Some(200)]);
    book.note("maybe turned", &optional(rotation(9)), [None, Some([0.0f32, 0.0, 1.0, 0.0])]);
    book.note("maybe placed", &optional(float(1.0, 2.0, 0.5)), [None, Some(1.5f32)]);
}

pub(super) fn tape() -> Vec<Value> {
    let (mut book, mut random) = (Book::default(), Random::from_seed(3));
    note_numbers(&mut book, &mut random);
    note_vectors(&mut book, &mut random);
    note_others(&mut book);
    let schema = Schema::new(book.components).expect("a schema within its limits");
    [schema_line(&schema)].into_iter().chain(book.lines).collect()
}
