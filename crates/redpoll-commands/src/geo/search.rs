//! Searching an area, and what is done with the places in it.

use super::arguments;
use super::options::{Options, Order};
use crate::answer;
use crate::prelude::*;
use redpoll_engine::background::step;
use redpoll_keyspace::Owned;
use redpoll_resp::Reply;
use redpoll_types::geo::{self, Interval, Point, Shape};
use redpoll_types::limits::Limits;
use redpoll_types::listpack::Element;
use redpoll_types::zset::{ScoreRange, ZSet};
use std::cmp::Ordering;

/// A place in the area.
struct Found<'a> {
    member: Element<'a>,
    score: f64,
    point: Point,
    /// In meters.
    distance: f64,
}

/// Searches an index, if it is there; then the centre and form of the options are known. Answers
/// the places, or returns them where they are to be stored.
pub fn run(
    reply: &mut Reply<'_>,
    limits: &Limits,
    set: Option<&ZSet>,
    options: &Options<'_>,
) -> Option<ZSet> {
    let storing = options.target.is_some();
    let (Some(set), Some((form, unit))) = (set, &options.form) else {
        if !storing {
            reply.array(0);
        }
        return storing.then(ZSet::new);
    };
    let shape = Shape::new(options.centre.unwrap_or_default(), form.clone());
    let found = search(set, &shape, options);
    if !storing {
        reply.array(found.len());
        found.iter().for_each(|place| {
            write(reply, place, *unit, options);
            reply.flow();
        });
        return None;
    }
    let members = found.iter().map(|place| {
        let score = if options.store_distances { place.distance / unit } else { place.score };
        (place.member.to_vec(), score)
    });
    Some(ZSet::from_distinct(members.collect(), limits))
}

fn write(reply: &mut Reply<'_>, place: &Found<'_>, unit: f64, options: &Options<'_>) {
    let Options { with_distance, with_hash, with_point, .. } = *options;
    let extras = [with_distance, with_hash, with_point].into_iter().filter(|on| *on).count();
    if extras > 0 {
        reply.array(1 + extras);
    }
    answer::element(reply, place.member);
    if with_distance {
        reply.bulk(geo::distance_text(place.distance / unit).as_bytes());
    }
    if with_hash {
        reply.int(place.score as i64);
    }
    if with_point {
        arguments::answer(reply, place.point);
    }
}

/// How many places the cells around the area hold; those that the shape leaves out are looked at,
/// too.
pub fn cost(set: &ZSet, options: &Options<'_>) -> usize {
    /// What a place costs, whose distance is computed.
    const PLACE: usize = 4;
    let Some((form, _)) = &options.form else { return 0 };
    let shape = Shape::new(options.centre.unwrap_or_default(), form.clone());
    let within = |interval| set.ranks_by_score(&scores(interval)).len();
    let places = shape.intervals().map(within).sum::<usize>() * PLACE;
    if options.any { places.min(options.count * PLACE) } else { places }
}

/// Puts the places at the target, or removes it if there are none; answers how many there are.
pub fn store(ctx: &mut Ctx<'_>, target: &[u8], set: ZSet, event: &'static str) {
    let len = set.len();
    if len > 0 {
        ctx.keys.put(target, Owned::Value(set.into()), None);
        ctx.wrote(target, Class::ZSet, event, len as u64);
    } else if ctx.keys.delete(target) {
        ctx.wrote(target, Class::Generic, "del", 1);
    }
    ctx.reply.count(len);
}

/// The places of the area in the order that is asked for.
fn search<'a>(set: &'a ZSet, shape: &Shape, options: &Options<'_>) -> Vec<Found<'a>> {
    let most = if options.any { options.count } else { usize::MAX };
    let mut found = Vec::new();
    let mut try_one = |(member, score): (Element<'a>, f64)| {
        step(1);
        let point = Point::from_score(score);
        if let Some(distance) = shape.distance_inside(point) {
            found.push(Found { member, score, point, distance });
        }
        found.len() < most
    };
    if set.as_listpack().is_some() {
        // A small index is read once; each interval is a part of it.
        let all: Vec<_> = set.iter().collect();
        for Interval { start, end } in shape.intervals() {
            let from = all.partition_point(|(_, score)| *score < start as f64);
            let within = all[from..].iter().take_while(|(_, score)| *score < end as f64);
            if !within.copied().all(&mut try_one) {
                break;
            }
        }
    } else {
        for interval in shape.intervals() {
            let ranks = set.ranks_by_score(&scores(interval));
            if !set.range(ranks).all(&mut try_one) {
                break;
            }
        }
    }
    order(&mut found, options);
    found
}

fn scores(interval: Interval) -> ScoreRange {
    let (min, max) = (interval.start as f64, interval.end as f64);
    ScoreRange { min, max, min_excluded: false, max_excluded: true }
}

/// Brings the places in order and leaves as many as are wanted. Places equally far stay as they
/// were found.
fn order(found: &mut Vec<Found<'_>>, options: &Options<'_>) {
    let order = match options.order {
        // A count without an order means the nearest ones.
        Order::None if options.count > 0 && !options.any => Order::Nearest,
        order => order,
    };
    let compare = |a: &Found<'_>, b: &Found<'_>| match order {
        Order::Farthest => b.distance.total_cmp(&a.distance),
        Order::Nearest => a.distance.total_cmp(&b.distance),
        Order::None => Ordering::Equal,
    };
    if order != Order::None {
        found.sort_by(compare);
    }
    if options.count > 0 {
        found.truncate(options.count);
    }
}
