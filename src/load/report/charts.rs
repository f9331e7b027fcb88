//! Charts as inline SVG: curves over an axis that is even or logarithmic. All that is drawn lies
//! within the box, and what was not measured is a break in its curve.

use super::figures::told;
use super::ruler::{Axis, Ruler, Scale};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 275.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 606.0;
const BOTTOM: f64 = 226.0;
/// Without names of places above it.
const TOP: f64 = 34.0;
const NAME_HEIGHT: f64 = 18.0;
/// About, at the size of the names.
const LETTER: f64 = 8.2;
/// How many parts tell their values when pointed at, at most.
const BANDS_MOST: usize = 120;
/// How many looks of curves there are.
pub(super) const LOOKS: usize = 6;

/// A line of values.
#[derive(Clone, Debug, Default)]
pub(super) struct Curve {
    pub(super) name: String,
    pub(super) look: usize,
    pub(super) is_filled: bool,
    pub(super) points: Vec<(f64, Option<f64>)>,
    /// What is told when pointed at, if that is not the points.
    pub(super) told: Vec<(f64, Option<f64>)>,
}

/// A value to compare with.
#[derive(Clone, Debug)]
pub(super) struct Level {
    pub(super) name: String,
    pub(super) look: usize,
    pub(super) at: f64,
}

/// One chart.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    pub(super) title: String,
    /// How it is read, in a sentence.
    pub(super) reading: String,
    pub(super) across: Axis,
    pub(super) up: Axis,
    pub(super) curves: Vec<Curve>,
    /// Lines across.
    pub(super) levels: Vec<Level>,
    /// Lines upwards.
    pub(super) places: Vec<Level>,
}

/// Text as it may stand in HTML, between tags and in attributes.
#[must_use]
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // What HTML has no way to say.
            it if it.is_control() && it != '\n' => out.push('\u{fffd}'),
            it => out.push(it),
        }
    }
    out
}

impl Chart {
    /// Whether there is nothing to draw.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        let has_value = |(_, y): &(f64, Option<f64>)| y.is_some_and(f64::is_finite);
        !self.curves.iter().any(|it| it.points.iter().any(has_value))
    }

    /// As a figure of HTML.
    #[must_use]
    pub(super) fn draw(&self) -> String {
        let names = rows_of(&self.places, &self.across_ruler());
        let rows = names.iter().map(|(row, _)| row + 1).max().unwrap_or(0);
        let top = f64::from(rows).mul_add(NAME_HEIGHT, TOP);
        let across = self.across_ruler();
        let up = self.up_ruler(top);
        let title = escaped(&self.title);
        let height = HEIGHT + top - TOP;
        let drop = top - TOP;
        let inner = [
            self.grid(&across, &up, top, drop),
            self.curves.iter().map(|it| path(it, &across, &up, drop)).collect(),
            self.lines(&across, &up, &names, top, drop),
            self.bands(&across, top, drop),
        ];
        format!(
            "<figure><h3>{title}</h3>{}<div class=\"scroll\"><svg viewBox=\"0 0 {WIDTH} {height}\" \
             role=\"img\" aria-label=\"{title}\">{}</svg></div><figcaption>{}</figcaption></figure>\n",
            self.legend(),
            inner.concat(),
            escaped(&self.reading),
        )
    }

    fn across_ruler(&self) -> Ruler {
        let points = self.curves.iter().flat_map(|it| it.points.iter().map(|(x, _)| *x));
        let places = self.places.iter().map(|it| it.at);
        Ruler::of(self.across, points.chain(places), (LEFT, RIGHT))
    }

    fn up_ruler(&self, top: f64) -> Ruler {
        let points = self.curves.iter().flat_map(|it| it.points.iter().filter_map(|(_, y)| *y));
        let levels = self.levels.iter().map(|it| it.at);
        Ruler::of(self.up, points.chain(levels), (BOTTOM + top - TOP, top))
    }

    fn legend(&self) -> String {
        if self.curves.len() < 2 {
            return String::new();
        }
        let key = |curve: &Curve| {
            let (name, look) = (&curve.name, curve.look % LOOKS);
            format!(
                "<li><svg class=\"key\" viewBox=\"0 0 36 8\" aria-hidden=\"true\"><path \
                 class=\"look{look}\" d=\"M0 4H36\"/></svg>{}</li>",
                escaped(name)
            )
        };
        format!("<ul class=\"legend\">{}</ul>", self.curves.iter().map(key).collect::<String>())
    }

    fn grid(&self, across: &Ruler, up: &Ruler, top: f64, drop: f64) -> String {
        let bottom = BOTTOM + drop;
        let rising = up.ticks.iter().filter_map(|tick| Some((tick, up.at(*tick)?)));
        let rising = rising.map(|(tick, y)| {
            let text = told(*tick, self.up.unit);
            format!(
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/><text class=\"tick\" x=\"{}\" \
                 y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
                LEFT - 8.0,
                y + 4.5
            )
        });
        let along = across.ticks.iter().filter_map(|tick| Some((tick, across.at(*tick)?)));
        let along = along.map(|(tick, x)| {
            let text = told(*tick, self.across.unit);
            format!(
                "<path class=\"grid\" d=\"M{x:.1} {top}V{}\"/><text class=\"tick\" x=\"{x:.1}\" \
                 y=\"{}\" text-anchor=\"middle\">{text}</text>",
                bottom + 5.0,
                bottom + 20.0
            )
        });
        let log = |axis: Axis| if axis.scale == Scale::Log { " (logarithmic)" } else { "" };
        let names = format!(
            "<text class=\"axis\" x=\"4\" y=\"14\">{}{}</text><text class=\"axis\" x=\"{RIGHT}\" \
             y=\"{}\" text-anchor=\"end\">{}{}</text>",
            self.up.label,
            log(self.up),
            bottom + 42.0,
            self.across.label,
            log(self.across),
        );
        rising.chain(along).chain([names]).collect()
    }

    fn lines(
        &self,
        across: &Ruler,
        up: &Ruler,
        names: &[(u8, f64)],
        top: f64,
        drop: f64,
    ) -> String {
        let level = |level: &Level| {
            let y = up.at(level.at)?;
            let above = if y - 6.0 < top + 10.0 { y + 16.0 } else { y - 6.0 };
            Some(format!(
                "<path class=\"level\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/><text class=\"name\" \
                 x=\"{}\" y=\"{above:.1}\" text-anchor=\"end\">{}</text>",
                RIGHT - 4.0,
                escaped(&level.name)
            ))
        };
        let place = |(place, (row, middle)): (&Level, &(u8, f64))| {
            let x = across.at(place.at)?;
            let y = f64::from(*row).mul_add(NAME_HEIGHT, TOP + 2.0);
            let (look, name) = (place.look % LOOKS, escaped(&place.name));
            let (from, to) = (y + 4.0, BOTTOM + drop);
            Some((
                format!("<path class=\"place look{look}\" d=\"M{x:.1} {from:.1}V{to}\"/>"),
                format!(
                    "<text class=\"name\" x=\"{middle:.1}\" y=\"{y:.1}\" \
                     text-anchor=\"middle\">{name}</text>"
                ),
            ))
        };
        // Names lie on all lines.
        let places = self.places.iter().zip(names).filter_map(place);
        let (lines, names): (Vec<_>, Vec<_>) = places.unzip();
        self.levels.iter().filter_map(level).chain(lines).chain(names).collect()
    }

    /// Strips that tell the values of all curves when they are pointed at.
    fn bands(&self, across: &Ruler, top: f64, drop: f64) -> String {
        let told_of = |curve: &Curve| {
            if curve.told.is_empty() { curve.points.clone() } else { curve.told.clone() }
        };
        let all: Vec<_> = self.curves.iter().map(told_of).collect();
        let mut places: Vec<f64> = all.iter().flatten().map(|(x, _)| *x).collect();
        places.retain(|x| across.at(*x).is_some());
        places.sort_by(f64::total_cmp);
        places.dedup_by(|a, b| (*a - *b).abs() < 1e-9);
        let step = places.len().div_ceil(BANDS_MOST).max(1);
        let places: Vec<_> = places.into_iter().step_by(step).collect();
        let middle = |at: usize| {
            let (a, b) = (across.at(*places.get(at)?)?, across.at(*places.get(at + 1)?)?);
            Some(f64::midpoint(a, b))
        };
        let band = |(at, place): (usize, &f64)| {
            let from = at.checked_sub(1).and_then(middle).unwrap_or(LEFT);
            let to = middle(at).unwrap_or(RIGHT);
            let value = |(curve, points): (&Curve, &Vec<(f64, Option<f64>)>)| {
                let (_, y) = points.iter().find(|(x, _)| (x - place).abs() < 1e-9)?;
                let y = y.map_or_else(|| "–".into(), |y| told(y, self.up.unit));
                Some(format!("\n{}: {y}", escaped(&curve.name)))
            };
            let values: String = self.curves.iter().zip(&all).filter_map(value).collect();
            format!(
                "<rect class=\"band\" x=\"{from:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{}\">\
                 <title>{}{values}</title></rect>",
                (to - from).max(0.0),
                BOTTOM + drop - top,
                told(*place, self.across.unit),
            )
        };
        places.iter().enumerate().map(band).collect()
    }
}

/// In which row the name of each place is, and its middle, so that none lies on another.
fn rows_of(places: &[Level], across: &Ruler) -> Vec<(u8, f64)> {
    let mut taken: Vec<(u8, f64, f64)> = Vec::new();
    let row = |place: &Level| {
        #[expect(clippy::cast_precision_loss, reason = "letters of a name")]
        let half = place.name.chars().count() as f64 * LETTER / 2.0;
        let x = across.at(place.at).unwrap_or(LEFT);
        let middle = x.min(WIDTH - half).max(half);
        let (from, to) = (middle - half - 4.0, middle + half + 4.0);
        let is_free = |row: &u8| {
            taken.iter().all(|(other, start, end)| other != row || *start > to || *end < from)
        };
        let row = (0..12).find(is_free).unwrap_or(0);
        taken.push((row, from, to));
        (row, middle)
    };
    places.iter().map(row).collect()
}

fn path(curve: &Curve, across: &Ruler, up: &Ruler, drop: f64) -> String {
    let place = |(x, y): &(f64, Option<f64>)| Some((across.at(*x)?, up.at((*y)?)?));
    let placed: Vec<_> = curve.points.iter().map(place).collect();
    let runs = placed.split(Option::is_none).map(|run| run.iter().flatten().collect::<Vec<_>>());
    let draw = |run: Vec<&(f64, f64)>| {
        let [(first_x, _), .., (last_x, _)] = run[..] else {
            // One value alone is a dot.
            let dot = |(x, y): &(f64, f64)| format!("M{x:.1} {y:.1}h.1");
            return (run.first().map(|it| dot(it)).unwrap_or_default(), String::new());
        };
        let line: Vec<_> = run.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        let line = format!("M{}", line.join("L"));
        let bottom = BOTTOM + drop;
        let area = format!("{line}L{last_x:.1} {bottom}L{first_x:.1} {bottom}Z");
        (line, area)
    };
    let (lines, areas): (Vec<_>, Vec<_>) = runs.map(draw).unzip();
    let look = curve.look % LOOKS;
    let area = match curve.is_filled {
        true => format!("<path class=\"area look{look}\" d=\"{}\"/>", areas.concat()),
        false => String::new(),
    };
    format!("{area}<path class=\"curve look{look}\" d=\"{}\"/>", lines.concat())
}

#[cfg(test)]
mod tests {
    use super::super::figures::Unit;
    use super::*;

    fn chart(points: Vec<(f64, Option<f64>)>) -> Chart {
        let axis = |label, scale| Axis { label, unit: Unit::Milliseconds, scale };
        let name = "p99 <b>".to_string();
        let curve = Curve { name: name.clone(), points, is_filled: true, ..Curve::default() };
        let level = |name: &str, at| Level { name: name.into(), look: 0, at };
        Chart {
            title: "Gap & <more>".into(),
            reading: "Lower is better.".into(),
            across: axis("time", Scale::Even),
            up: axis("gap", Scale::Log),
            curves: vec![curve],
            levels: vec![level("period", 33.3)],
            places: [1.0, 1.1, 1.2, 9.0].map(|at| level("a place with a name", at)).into(),
        }
    }

    /// All places in a path.
    fn places(drawn: &str) -> Vec<(f64, f64)> {
        let paths = drawn.split("<path class=\"").filter(|it| !it.starts_with("key"));
        let paths = paths.filter(|it| it.starts_with("curve") || it.starts_with("area"));
        let data = paths.filter_map(|it| it.split("d=\"").nth(1)?.split('"').next());
        let pairs = data.flat_map(|data| data.split(['M', 'L', 'Z']));
        let pair = |text: &str| {
            let (x, y) = text.split_once(' ')?;
            Some((x.parse().ok()?, y.split('h').next()?.parse().ok()?))
        };
        pairs.filter_map(pair).collect()
    }

    #[test]
    fn curves_stay_within_their_box() {
        let wild = [1e-12, 4.0, f64::INFINITY, 1e12, -3.0, 33.0, 0.0, f64::NAN];
        let points = wild.iter().enumerate();
        #[expect(clippy::cast_precision_loss, reason = "a few")]
        let chart = chart(points.map(|(at, y)| (at as f64, Some(*y))).collect());
        let drawn = chart.draw();
        let places = places(&drawn);
        assert!(places.len() >= 4, "{drawn}");
        // Four names that lie on one another take four rows.
        let drop = 3.0 * NAME_HEIGHT + NAME_HEIGHT;
        for (x, y) in places {
            assert!(
                (LEFT..=RIGHT + 0.1).contains(&x) && (TOP..=BOTTOM + drop).contains(&y),
                "{x} {y}"
            );
        }
        assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
    }

    #[test]
    fn what_was_not_measured_breaks_the_curve() {
        let whole =
            chart(vec![(0.0, Some(1.0)), (1.0, Some(2.0)), (2.0, Some(3.0)), (3.0, Some(3.0))]);
        let broken = chart(vec![(0.0, Some(1.0)), (1.0, Some(2.0)), (2.0, None), (3.0, Some(3.0))]);
        let pieces = |chart: &Chart| {
            let drawn = chart.draw();
            let line = drawn.split("<path class=\"curve look0\" d=\"").nth(1).unwrap();
            line.split('"').next().unwrap().matches('M').count()
        };
        assert_eq!((pieces(&whole), pieces(&broken)), (1, 2));
        assert!(chart(vec![(1.0, None), (2.0, Some(f64::NAN))]).is_empty() && !whole.is_empty());
    }

    #[test]
    fn names_of_places_do_not_lie_on_one_another() {
        let chart = chart(vec![(0.0, Some(1.0)), (10.0, Some(2.0))]);
        let mut rows = rows_of(&chart.places, &chart.across_ruler());
        assert_eq!(rows.pop().map(|(row, _)| row), Some(0));
        let rows: Vec<_> = rows.into_iter().map(|(row, _)| row).collect();
        assert_eq!(rows, [0, 1, 2]);
    }

    #[test]
    fn names_are_escaped_and_values_can_be_pointed_at() {
        let drawn = chart(vec![(0.0, Some(1.0)), (10.0, Some(2.0))]).draw();
        assert!(drawn.contains("Gap &amp; &lt;more&gt;") && !drawn.contains("<b>"));
        assert!(drawn.contains("<title>10 ms\np99 &lt;b&gt;: 2 ms</title>"), "{drawn}");
    }
}
