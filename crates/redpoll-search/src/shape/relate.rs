//! How two shapes stand to each other.
//!
//! A polygon is within another if every piece of its line lies in the other, no line of the other
//! runs through its inside, and a point of its inside is in the other. Pieces are cut where lines
//! meet, so that the middle of a piece speaks for all of it.

use super::{Position, Shape};

/// Where a position is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Inside,
    OnLine,
    Outside,
}

impl Shape {
    pub(super) fn intersects(&self, other: &Shape) -> bool {
        if !self.bounds.meet(&other.bounds) {
            return false;
        }
        let own = self.rings[0][0];
        let others = other.rings[0][0];
        other.place(own) != Place::Outside
            || self.place(others) != Place::Outside
            || self.sides().any(|side| other.sides().any(|with| meet(side, with)))
    }

    pub(super) fn is_within(&self, other: &Shape) -> bool {
        let (inner, outer) = (&self.bounds, &other.bounds);
        let fits = inner.min.x >= outer.min.x
            && inner.min.y >= outer.min.y
            && inner.max.x <= outer.max.x
            && inner.max.y <= outer.max.y;
        if !fits {
            return false;
        }
        match (self.is_point(), other.is_point()) {
            (true, true) => self.rings[0] == other.rings[0],
            (true, false) => other.place(self.rings[0][0]) == Place::Inside,
            (false, true) => false,
            (false, false) => {
                self.pieces_against(other, |place| place != Place::Outside)
                    && other.pieces_against(self, |place| place != Place::Inside)
                    && self.inner_position().is_some_and(|p| other.place(p) == Place::Inside)
            }
        }
    }

    fn sides(&self) -> impl Iterator<Item = (Position, Position)> {
        self.rings.iter().flat_map(|ring| ring.windows(2).map(|pair| (pair[0], pair[1])))
    }

    /// Whether the middles of all pieces of the own lines, cut by the other's, are where they
    /// should.
    fn pieces_against(&self, other: &Shape, should: impl Fn(Place) -> bool) -> bool {
        let mut cuts = Vec::new();
        self.sides().all(|(from, to)| {
            cuts.clear();
            cuts.extend([0.0, 1.0]);
            other.sides().for_each(|with| cut((from, to), with, &mut cuts));
            cuts.sort_by(f64::total_cmp);
            cuts.windows(2).all(|pair| {
                let middle = (pair[0] + pair[1]) / 2.0;
                // What is shorter than this is not told apart from a point.
                pair[1] - pair[0] < 1e-12 || should(other.place(between(from, to, middle)))
            })
        })
    }

    fn place(&self, position: Position) -> Place {
        if self.is_point() {
            return if self.rings[0][0] == position { Place::OnLine } else { Place::Outside };
        }
        let mut inside = false;
        for (a, b) in self.sides() {
            if is_on(position, (a, b)) {
                return Place::OnLine;
            }
            if (a.y > position.y) != (b.y > position.y) {
                let x = a.x + (position.y - a.y) / (b.y - a.y) * (b.x - a.x);
                inside ^= position.x < x;
            }
        }
        if inside { Place::Inside } else { Place::Outside }
    }

    /// A position inside: in the widest gap between the lines at some height.
    fn inner_position(&self) -> Option<Position> {
        let mut heights: Vec<f64> = self.rings.iter().flatten().map(|p| p.y).collect();
        heights.sort_by(f64::total_cmp);
        let gap = |pair: &[f64]| pair[1] - pair[0];
        let pair = heights.windows(2).max_by(|a, b| gap(a).total_cmp(&gap(b)))?;
        let y = (pair[0] + pair[1]) / 2.0;
        let crossing = |(a, b): (Position, Position)| {
            ((a.y > y) != (b.y > y)).then(|| a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x))
        };
        let mut crossings: Vec<f64> = self.sides().filter_map(crossing).collect();
        crossings.sort_by(f64::total_cmp);
        let pair = crossings.chunks_exact(2).max_by(|a, b| gap(a).total_cmp(&gap(b)))?;
        Some(Position { x: (pair[0] + pair[1]) / 2.0, y })
    }
}

fn between(from: Position, to: Position, part: f64) -> Position {
    Position { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }
}

/// Twice the area of the triangle, positive if it turns to the left.
fn turn(a: Position, b: Position, c: Position) -> f64 {
    (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

fn is_on(position: Position, (a, b): (Position, Position)) -> bool {
    let in_box = position.x >= a.x.min(b.x)
        && position.x <= a.x.max(b.x)
        && position.y >= a.y.min(b.y)
        && position.y <= a.y.max(b.y);
    let size = (b.x - a.x).abs() + (b.y - a.y).abs();
    in_box && turn(a, b, position).abs() <= 1e-12 * size * size.max(1.0)
}

fn meet(one: (Position, Position), other: (Position, Position)) -> bool {
    let a = turn(one.0, one.1, other.0);
    let b = turn(one.0, one.1, other.1);
    let c = turn(other.0, other.1, one.0);
    let d = turn(other.0, other.1, one.1);
    let cross = ((a > 0.0) != (b > 0.0)) && ((c > 0.0) != (d > 0.0));
    cross && a != 0.0 && b != 0.0 && c != 0.0 && d != 0.0
        || is_on(other.0, one)
        || is_on(other.1, one)
        || is_on(one.0, other)
        || is_on(one.1, other)
}

/// Adds where on `side`, from 0 to 1, the side `with` meets it.
fn cut(side: (Position, Position), with: (Position, Position), cuts: &mut Vec<f64>) {
    let (from, to) = side;
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let length = dx * dx + dy * dy;
    if length == 0.0 || !meet(side, with) {
        return;
    }
    let (ex, ey) = (with.1.x - with.0.x, with.1.y - with.0.y);
    let cross = dx * ey - dy * ex;
    let mut add = |part: f64| cuts.push(part.clamp(0.0, 1.0));
    if cross.abs() > 1e-12 * length {
        add(((with.0.x - from.x) * ey - (with.0.y - from.y) * ex) / cross);
    } else {
        // On one line: cut where the other begins and ends.
        for end in [with.0, with.1] {
            add(((end.x - from.x) * dx + (end.y - from.y) * dy) / length);
        }
    }
}
