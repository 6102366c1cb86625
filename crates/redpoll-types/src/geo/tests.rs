//! Tests of the whole, against plain computations.

use super::*;
use proptest::prelude::*;

fn point(longitude: f64, latitude: f64) -> Point {
    Point::new(longitude, latitude).expect("a point on the map")
}

#[test]
fn scores_and_geohashes() {
    for (longitude, latitude, score, hash) in [
        (13.361389, 38.115556, 3479099956230698.0, "sqc8b49rny0"),
        (15.087269, 37.502669, 3479447370796909.0, "sqdtr74hyu0"),
        (-180.0, -85.05112878, 0.0, "00bh0hbj200"),
    ] {
        let place = point(longitude, latitude);
        assert_eq!(place.score(), score);
        let text = geohash(Point::from_score(place.score()));
        assert_eq!(String::from_utf8_lossy(&text), hash);
    }
    assert_eq!((Point::new(180.1, 0.0), Point::new(0.0, 85.06)), (None, None));
    assert_eq!((Point::new(f64::NAN, 0.0), Point::new(0.0, f64::INFINITY)), (None, None));
}

#[test]
fn numbers_as_text() {
    for (value, text) in [
        (0.0, "0"),
        (-0.0, "0"),
        (180.0, "180"),
        (-0.5, "-0.5"),
        (13.361389338970184, "13.36138933897018433"),
        (1e-17, "0.00000000000000001"),
        (4e-18, "0"),
        (f64::MIN_POSITIVE, "0"),
    ] {
        assert_eq!(coordinate(value), text);
    }
    for (value, text) in [
        (0.0, "0.0000"),
        (166274.15156960033, "166274.1516"),
        (6.06e-5, "0.0001"),
        (0.775, "0.7750"),
        (-1.5, "-1.5000"),
    ] {
        assert_eq!(distance_text(value), text);
    }
}

/// Points of the whole map, and of a small part of it.
fn places() -> impl Strategy<Value = Vec<Point>> {
    let near = |x: f64, y: f64, width: f64| {
        let (x, y) = (x - width..x + width, y - width..y + width);
        prop::collection::vec((x, y).prop_filter_map("off the map", |(x, y)| Point::new(x, y)), 100)
    };
    (-180.0..180.0f64, -85.0..85.0f64, prop::sample::select(vec![0.01, 1.0, 10.0, 200.0]))
        .prop_flat_map(move |(x, y, width)| near(x, y, width))
}

fn covers(shape: &Shape, place: Point) -> bool {
    let score = place.score() as u64;
    shape.intervals().any(|interval| (interval.start..interval.end).contains(&score))
}

proptest! {
    #![proptest_config(ProptestConfig { max_local_rejects: 1 << 24, ..ProptestConfig::default() })]

    #[test]
    fn positions_are_exact_to_a_step(longitude in -180.0..180.0f64, latitude in -85.0..85.0f64) {
        let place = point(longitude, latitude);
        let back = Point::from_score(place.score());
        prop_assert!((back.longitude - longitude).abs() <= 360.0 / 67_108_864.0);
        prop_assert!((back.latitude - latitude).abs() <= 171.0 / 67_108_864.0);
        prop_assert_eq!(Point::from_score(back.score()), back);
    }

    #[test]
    fn any_score_is_a_place(bits: u64, whole: i64) {
        for score in [f64::from_bits(bits), whole as f64] {
            let place = Point::from_score(score);
            prop_assert_eq!(Point::new(place.longitude, place.latitude), Some(place));
            prop_assert!(place.score() >= 0.0);
        }
    }

    #[test]
    fn coordinates_as_printf_writes_them(value in -180.0..180.0f64, bits: u64) {
        for value in [value, f64::from_bits(bits) % 180.0, value / 1e9] {
            prop_assume!(value.is_finite());
            let text = format!("{value:.17}");
            let text = text.trim_end_matches('0').trim_end_matches('.');
            prop_assert_eq!(coordinate(value), if text == "-0" { "0" } else { text });
        }
    }

    #[test]
    fn cells_cover_circles_and_boxes(
        places in places(),
        reach in prop::sample::select(vec![10.0, 1e3, 1e5, 1e6, 3e6]),
        ratio in 0.1..1.0f64,
    ) {
        let centre = places[0];
        // Where the circle touches a pole or the 180th meridian, Redis's nine cells may miss some.
        let up = reach / 111_000.0;
        let east = centre.longitude.abs() + 4.0 * up;
        prop_assume!(centre.latitude.abs() + up < 75.0 && east < 180.0);
        let forms = [
            Form::Circle(reach),
            Form::Box { width: reach, height: reach * ratio },
            Form::Box { width: reach * ratio, height: reach },
        ];
        for form in forms {
            let shape = Shape::new(centre, form);
            for &place in &places {
                let place = Point::from_score(place.score());
                let inside = shape.distance_inside(place);
                if let Form::Circle(radius) = &shape.form {
                    prop_assert_eq!(inside.is_some(), centre.distance(place) <= *radius);
                }
                if inside.is_some() {
                    prop_assert!(covers(&shape, place), "{:?} {:?}", shape, place);
                }
            }
        }
    }

    #[test]
    fn cells_cover_polygons(
        places in places(),
        corners in prop::collection::vec((-1.0..1.0f64, -1.0..1.0f64), 3..8),
        size in 0.001..20.0f64,
    ) {
        let corners: Vec<Point> = corners
            .into_iter()
            .filter_map(|(x, y)| {
                Point::new(places[0].longitude + x * size, places[0].latitude + y * size)
            })
            .collect();
        prop_assume!(corners.len() >= 3);
        let shape = Shape::new(Point::default(), Form::Polygon(corners));
        for place in places {
            if shape.distance_inside(place).is_some() {
                prop_assert!(covers(&shape, place), "{:?} {:?}", shape, place);
            }
        }
    }
}
