//! Coordinates, distances and units; and coordinates in replies.

use crate::prelude::*;
use redpoll_resp::Reply;
use redpoll_types::geo::{self, Point};

/// The units of distances, as arguments.
pub const UNIT: Arg = Arg::one_of(
    "unit",
    &[Arg::flag("m", "m"), Arg::flag("km", "km"), Arg::flag("ft", "ft"), Arg::flag("mi", "mi")],
);

/// A longitude and a latitude.
pub fn point(longitude: &[u8], latitude: &[u8]) -> Result<Point> {
    let (longitude, latitude) = (parse::float(longitude)?, parse::float(latitude)?);
    Point::new(longitude, latitude).ok_or_else(|| {
        let text = format!("ERR invalid longitude,latitude pair {longitude:.6},{latitude:.6}");
        Error::text(text)
    })
}

/// How many meters a unit has.
pub fn unit(word: &[u8]) -> Result<f64> {
    match word {
        _ if parse::is(word, "m") => Ok(1.0),
        _ if parse::is(word, "km") => Ok(1000.0),
        _ if parse::is(word, "ft") => Ok(0.3048),
        _ if parse::is(word, "mi") => Ok(1609.34),
        _ => Err(Error::text("ERR unsupported unit provided. please use M, KM, FT, MI")),
    }
}

/// A radius and its unit; the radius in meters, and the unit.
pub fn radius(word: &[u8], unit: &[u8]) -> Result<(f64, f64)> {
    let radius = parse::float(word).map_err(|_| Error::text("ERR need numeric radius"))?;
    if radius < 0.0 {
        return Err(Error::text("ERR radius cannot be negative"));
    }
    let unit = self::unit(unit)?;
    Ok((radius * unit, unit))
}

/// A width, a height and their unit; the lengths in meters, and the unit.
pub fn sides(width: &[u8], height: &[u8], unit: &[u8]) -> Result<(f64, f64, f64)> {
    let width = parse::float(width).map_err(|_| Error::text("ERR need numeric width"))?;
    let height = parse::float(height).map_err(|_| Error::text("ERR need numeric height"))?;
    if width < 0.0 || height < 0.0 {
        return Err(Error::text("ERR height or width cannot be negative"));
    }
    let unit = self::unit(unit)?;
    Ok((width * unit, height * unit, unit))
}

/// Answers a point: an array of longitude and latitude, numbers in RESP3.
pub fn answer(reply: &mut Reply<'_>, point: Point) {
    reply.array(2);
    for value in [point.longitude, point.latitude] {
        reply.double_text(geo::coordinate(value).as_bytes());
    }
}
