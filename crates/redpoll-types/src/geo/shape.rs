//! Areas: what they contain, and the cells that cover them.

use super::cell::{Cell, Interval, STEPS_MAX};
use super::{EARTH_RADIUS, Point, RADIANS};

/// Half of the Mercator map's width in meters.
const MERCATOR_MAX: f64 = 20_037_726.37;

/// The form of an area; lengths are in meters.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// All within a radius.
    Circle(f64),
    /// All within half a width to the sides and half a height above and below.
    Box {
        /// The width.
        width: f64,
        /// The height.
        height: f64,
    },
    /// All inside of a line through these corners and back.
    Polygon(Vec<Point>),
}

/// An area around a centre.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    centre: Point,
    pub(super) form: Form,
    /// For a circle: a value of the haversine that is safely outside.
    outside: f64,
}

/// The rectangle of latitudes and longitudes that an area lies in.
struct Bounds {
    west: f64,
    east: f64,
    south: f64,
    north: f64,
}

impl Shape {
    /// A circle or box around a centre; a polygon has a centre of its own.
    pub fn new(centre: Point, form: Form) -> Self {
        let centre = if let Form::Polygon(corners) = &form { centroid(corners) } else { centre };
        let outside = match form {
            Form::Circle(radius) => outside_of(radius),
            _ => f64::INFINITY,
        };
        Shape { centre, form, outside }
    }

    /// The distance of a point from the centre, if it is in the area.
    pub fn distance_inside(&self, point: Point) -> Option<f64> {
        let inside = match &self.form {
            Form::Circle(radius) => {
                // Most points that are tried are outside, and by far: this needs no square root.
                let half = (point.latitude - self.centre.latitude) * RADIANS / 2.0;
                if half * half > self.outside {
                    return None;
                }
                let distance = self.centre.distance(point);
                return (distance <= *radius).then_some(distance);
            }
            Form::Box { width, height } => {
                let beside = Point { latitude: point.latitude, ..self.centre };
                point.latitude_distance(self.centre) <= height / 2.0
                    && point.distance(beside) <= width / 2.0
            }
            Form::Polygon(corners) => is_inside(corners, point),
        };
        inside.then(|| self.centre.distance(point))
    }

    /// The intervals of scores that all points of the area are in, no two the same; that of the
    /// centre first.
    pub fn intervals(&self) -> impl Iterator<Item = Interval> + use<> {
        let bounds = self.bounds();
        let steps = steps_for(self.reach(&bounds), self.centre.latitude);
        let mut cell = Cell::of(self.centre, steps);
        if steps > 1 && !bounds.are_within_neighbours(cell) {
            cell = Cell::of(self.centre, steps - 1);
        }
        let needed = bounds.needed_neighbours(cell);
        let mut cells: Vec<Cell> = Vec::with_capacity(9);
        for (east, north) in NEIGHBOURS {
            let neighbour = cell.beside(east, north);
            if needed(east, north) && !cells.contains(&neighbour) {
                cells.push(neighbour);
            }
        }
        cells.into_iter().map(Cell::interval)
    }

    /// The farthest that the area may reach from its centre, in meters.
    fn reach(&self, bounds: &Bounds) -> f64 {
        match &self.form {
            Form::Circle(radius) => *radius,
            Form::Box { width, height } => {
                ((width / 2.0) * (width / 2.0) + (height / 2.0) * (height / 2.0)).sqrt()
            }
            Form::Polygon(_) => {
                let Bounds { west, east, south, north } = *bounds;
                let corners = [(west, north), (east, north), (west, south), (east, south)];
                let distances = corners.map(|(longitude, latitude)| {
                    self.centre.distance(Point { longitude, latitude })
                });
                distances.into_iter().fold(0.0, f64::max)
            }
        }
    }

    fn bounds(&self) -> Bounds {
        let Point { longitude, latitude } = self.centre;
        let (width, height) = match &self.form {
            Form::Circle(radius) => (*radius, *radius),
            Form::Box { width, height } => (width / 2.0, height / 2.0),
            Form::Polygon(corners) => return Bounds::of(corners),
        };
        // Meridians are closer where the latitude is higher: on the side of the pole.
        let up = height / EARTH_RADIUS / RADIANS;
        let polar = if latitude < 0.0 { latitude - up } else { latitude + up };
        let across = width / EARTH_RADIUS / (polar * RADIANS).cos() / RADIANS;
        Bounds {
            west: longitude - across,
            east: longitude + across,
            south: latitude - up,
            north: latitude + up,
        }
    }
}

/// The cells to search, as steps to the east and north, in the order that results come in.
const NEIGHBOURS: [(i8, i8); 9] =
    [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)];

impl Bounds {
    fn of(corners: &[Point]) -> Bounds {
        let fold = |pick: fn(&Point) -> f64, start: f64, choose: fn(f64, f64) -> f64| {
            corners.iter().map(pick).fold(start, choose)
        };
        let (longitude, latitude) = (|p: &Point| p.longitude, |p: &Point| p.latitude);
        Bounds {
            west: fold(longitude, f64::INFINITY, f64::min),
            east: fold(longitude, f64::NEG_INFINITY, f64::max),
            south: fold(latitude, f64::INFINITY, f64::min),
            north: fold(latitude, f64::NEG_INFINITY, f64::max),
        }
    }

    /// Whether the cells around one reach as far.
    fn are_within_neighbours(&self, cell: Cell) -> bool {
        let (_, (_, north)) = cell.beside(0, 1).sides();
        let (_, (south, _)) = cell.beside(0, -1).sides();
        let ((_, east), _) = cell.beside(1, 0).sides();
        let ((west, _), _) = cell.beside(-1, 0).sides();
        !(north < self.north || south > self.south || east < self.east || west > self.west)
    }

    /// Which of the cells around one are needed: none on a side where the cell itself reaches far
    /// enough. With cells of a fourth of the map, all are.
    fn needed_neighbours(&self, cell: Cell) -> impl Fn(i8, i8) -> bool + use<> {
        let ((west, east), (south, north)) = cell.sides();
        let all = cell.is_huge();
        let enough_west = !all && west < self.west;
        let enough_east = !all && east > self.east;
        let enough_south = !all && south < self.south;
        let enough_north = !all && north > self.north;
        move |x, y| {
            let unneeded = x < 0 && enough_west
                || x > 0 && enough_east
                || y < 0 && enough_south
                || y > 0 && enough_north;
            !unneeded
        }
    }
}

/// How fine the grid is to be so that nine cells cover a radius.
fn steps_for(reach: f64, latitude: f64) -> u32 {
    if reach == 0.0 {
        return STEPS_MAX;
    }
    let (mut reach, mut steps) = (reach, 1i32);
    while reach < MERCATOR_MAX {
        reach *= 2.0;
        steps += 1;
    }
    steps -= 2;
    // Cells are narrower towards the poles.
    steps -= i32::from(latitude.abs() > 66.0) + i32::from(latitude.abs() > 80.0);
    steps.clamp(1, STEPS_MAX as i32) as u32
}

/// A difference of latitudes, halved, in radians and squared, that is outside of a radius beyond
/// any doubt of rounding.
fn outside_of(radius: f64) -> f64 {
    let half = radius / EARTH_RADIUS / 2.0;
    half * half * 1.000_001
}

/// The middle of points on the sphere.
fn centroid(corners: &[Point]) -> Point {
    let (mut x, mut y, mut z) = (0.0, 0.0, 0.0);
    for corner in corners {
        let (longitude, latitude) = (corner.longitude * RADIANS, corner.latitude * RADIANS);
        x += EARTH_RADIUS * latitude.cos() * longitude.cos();
        y += EARTH_RADIUS * latitude.cos() * longitude.sin();
        z += EARTH_RADIUS * latitude.sin();
    }
    let count = corners.len() as f64;
    let (x, y, z) = (x / count, y / count, z / count);
    Point { longitude: y.atan2(x) / RADIANS, latitude: z.atan2((x * x + y * y).sqrt()) / RADIANS }
}

/// Whether a ray from the point to the east crosses the line an odd number of times.
fn is_inside(corners: &[Point], point: Point) -> bool {
    let mut inside = false;
    let mut before = corners[corners.len() - 1];
    for &corner in corners {
        let Point { longitude: x, latitude: y } = corner;
        let (width, height) = (before.longitude - x, before.latitude - y);
        if (y > point.latitude) != (before.latitude > point.latitude)
            && point.longitude < width * (point.latitude - y) / height + x
        {
            inside = !inside;
        }
        before = corner;
    }
    inside
}
