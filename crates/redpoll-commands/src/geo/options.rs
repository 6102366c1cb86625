//! What a search is asked for: the options of GEOSEARCH and GEORADIUS.

use super::arguments;
use crate::prelude::*;
use redpoll_types::geo::{Form, Point};
use redpoll_types::zset::ZSet;

/// Which command it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// GEORADIUS and GEORADIUSBYMEMBER: centre and radius come first.
    Radius {
        /// Whether STORE and STOREDIST are options, as they are not of those that only read.
        may_store: bool,
    },
    /// GEOSEARCH.
    Search,
    /// GEOSEARCHSTORE.
    SearchStore,
}

impl Kind {
    fn is_search(self) -> bool {
        matches!(self, Kind::Search | Kind::SearchStore)
    }
}

/// The order of results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// That in which they are found.
    #[default]
    None,
    /// From near to far.
    Nearest,
    /// From far to near.
    Farthest,
}

/// See the module's head.
#[derive(Default)]
pub struct Options<'a> {
    /// Each result with its distance, its score, its coordinates?
    pub with_distance: bool,
    /// See above.
    pub with_hash: bool,
    /// See above.
    pub with_point: bool,
    /// How many results; 0: all.
    pub count: usize,
    /// Whether the first results that are found suffice.
    pub any: bool,
    /// Their order.
    pub order: Order,
    /// Where they are to be stored.
    pub target: Option<&'a [u8]>,
    /// Whether distances are stored as scores.
    pub store_distances: bool,
    /// FROMMEMBER or FROMLONLAT was given.
    pub from: Option<From>,
    /// The centre, if it is known.
    pub centre: Option<Point>,
    /// BYRADIUS, BYBOX or BYPOLYGON, and meters in a unit.
    pub form: Option<(Form, f64)>,
}

/// How the centre is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// FROMMEMBER.
    Member,
    /// FROMLONLAT.
    Place,
}

/// Where a member is.
pub fn place_of(set: &ZSet, member: &[u8]) -> Result<Point> {
    let score = set.score(member);
    let missing = Error::text("ERR could not decode requested zset member");
    score.map(Point::from_score).ok_or(missing)
}

impl<'a> Options<'a> {
    /// Reads the options from the `at`th word on. `set` is the index, if it is there.
    pub fn read(&mut self, kind: Kind, args: Args<'a>, at: usize, set: Option<&ZSet>) -> Result {
        let mut at = at;
        while at < args.len() {
            at += match self.plain(kind, args, at)? {
                0 => self.area(kind, args, at, set)?,
                words => words,
            };
        }
        self.check(kind, args)
    }

    /// Reads an option that all commands have, or a target. Answers how many words it has; 0: it
    /// is none of these.
    fn plain(&mut self, kind: Kind, args: Args<'a>, at: usize) -> Result<usize> {
        let is = |name| args.is(at, name);
        let may_store = kind == Kind::Radius { may_store: true };
        match args.get(at + 1) {
            Some(word) if is("count") => {
                let count = parse::int(word)?;
                if count <= 0 {
                    return Err(Error::text("ERR COUNT must be > 0"));
                }
                self.count = usize::try_from(count).unwrap_or(usize::MAX);
                return Ok(2);
            }
            Some(word) if may_store && (is("store") || is("storedist")) => {
                (self.target, self.store_distances) = (Some(word), is("storedist"));
                return Ok(2);
            }
            _ => {}
        }
        match () {
            () if is("withdist") => self.with_distance = true,
            () if is("withhash") => self.with_hash = true,
            () if is("withcoord") => self.with_point = true,
            () if is("any") => self.any = true,
            () if is("asc") => self.order = Order::Nearest,
            () if is("desc") => self.order = Order::Farthest,
            () if is("storedist") && kind == Kind::SearchStore => self.store_distances = true,
            () => return Ok(0),
        }
        Ok(1)
    }

    /// Reads an option of GEOSEARCH that tells the area, and answers how many words it has.
    fn area(&mut self, kind: Kind, args: Args<'a>, at: usize, set: Option<&ZSet>) -> Result<usize> {
        let words = args.len() - at - 1;
        let is = |name, least| kind.is_search() && words >= least && args.is(at, name);
        let word = |behind| args.at(at + behind);
        let polygon = matches!(self.form, Some((Form::Polygon(_), _)));
        let circle = matches!(self.form, Some((Form::Circle(_), _)));
        let bounded = matches!(self.form, Some((Form::Box { .. }, _)));
        match () {
            () if is("frommember", 1) && self.from != Some(From::Place) && !polygon => {
                self.centre = set.map(|set| place_of(set, word(1))).transpose()?;
                self.from = Some(From::Member);
                Ok(2)
            }
            () if is("fromlonlat", 2) && self.from != Some(From::Member) && !polygon => {
                self.centre = Some(arguments::point(word(1), word(2))?);
                self.from = Some(From::Place);
                Ok(3)
            }
            () if is("byradius", 2) && !bounded && !polygon => {
                let (radius, unit) = arguments::radius(word(1), word(2))?;
                self.form = Some((Form::Circle(radius), unit));
                Ok(3)
            }
            () if is("bybox", 3) && !circle && !polygon => {
                let (width, height, unit) = arguments::sides(word(1), word(2), word(3))?;
                self.form = Some((Form::Box { width, height }, unit));
                Ok(4)
            }
            () if is("bypolygon", 2) && !circle && !bounded && self.from.is_none() => {
                let corners = corners(args, at + 1)?;
                let words = 2 + 2 * corners.len();
                self.form = Some((Form::Polygon(corners), 1.0));
                Ok(words)
            }
            () => Err(Error::Syntax),
        }
    }

    /// Refuses options that contradict each other.
    fn check(&self, kind: Kind, args: Args<'_>) -> Result {
        let storing = self.target.is_some() || kind == Kind::SearchStore;
        if storing && (self.with_distance || self.with_hash || self.with_point) {
            let who = match kind {
                Kind::SearchStore => "GEOSEARCHSTORE",
                _ => "STORE option in GEORADIUS",
            };
            return Err(Error::text(format!(
                "ERR {who} is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
            )));
        }
        let polygon = matches!(self.form, Some((Form::Polygon(_), _)));
        let choice = match kind {
            Kind::Search | Kind::SearchStore if self.from.is_none() && !polygon => {
                Some("FROMMEMBER or FROMLONLAT")
            }
            Kind::Search | Kind::SearchStore if self.form.is_none() => Some("BYRADIUS and BYBOX"),
            _ => None,
        };
        if let Some(choice) = choice {
            let name = String::from_utf8_lossy(args.at(0));
            let text = format!("ERR exactly one of {choice} can be specified for {name}");
            return Err(Error::text(text));
        }
        if self.any && self.count == 0 {
            return Err(Error::text("ERR the ANY argument requires COUNT argument"));
        }
        Ok(())
    }
}

/// The corners of a polygon: their number, and the coordinates of each.
fn corners(args: Args<'_>, at: usize) -> Result<Vec<Point>> {
    let bad_number = Error::text("ERR invalid number of vertices");
    let count = parse::int(args.at(at)).ok().and_then(|count| i32::try_from(count).ok());
    let count = usize::try_from(count.ok_or(bad_number)?).unwrap_or(0);
    if count < 3 || (args.len() - at - 1) / 2 < count {
        return Err(Error::text("ERR GEOSEARCH BYPOLYGON must have at least 3 vertices"));
    }
    let corner = |index| arguments::point(args.at(index), args.at(index + 1));
    (at + 1..).step_by(2).take(count).map(corner).collect()
}
