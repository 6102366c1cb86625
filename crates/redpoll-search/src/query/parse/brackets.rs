//! `@field:[…]`: ranges of numbers, circles, shapes, vectors within a distance.

use super::super::{
    FieldInfo, GeoRadius, GeoUnit, Node, NodeKind, NumericRange, QueryError, ShapePredicate,
    ShapeQuery, VectorQuery, VectorSearch, VectorTuning,
};
use super::Parser;
use super::field::Named;
use super::lexer::{Kind, Token};

/// The greatest latitude that there is, in degrees. Documents go no further than about 85.
const MAX_LATITUDE: f64 = 90.0;

impl Parser<'_> {
    pub(super) fn brackets(&mut self, named: &Named) -> Result<Option<Node>, QueryError> {
        self.next();
        if self.peek() == Kind::Term && self.options.dialect.is_modern() {
            return self.predicate(named);
        }
        let (at, late) = (self.at, self.late.clone());
        let first = self.bound(false)?;
        if self.options.dialect.is_modern() && first.1 && self.take(Kind::CloseBracket) {
            return self.range(named, first, first);
        }
        let second = self.bound(true)?;
        if self.take(Kind::CloseBracket) {
            return self.range(named, first, second);
        }
        if !first.1 || !second.1 {
            return Err(self.unexpected());
        }
        // It is no range: what is wrong with parameters is said in other words.
        (self.at, self.late) = (at, late);
        let (longitude, latitude) = (self.numeric()?, self.numeric()?);
        self.circle(named, longitude, latitude)
    }

    fn range(
        &mut self,
        named: &Named,
        (min, min_inclusive): (f64, bool),
        (max, max_inclusive): (f64, bool),
    ) -> Result<Option<Node>, QueryError> {
        let complaint = "Expected a NUMERIC field";
        let Some(info) = self.of_kind(named, |kinds| kinds.numeric, complaint)? else {
            return Ok(Some(Node::new(NodeKind::Empty)));
        };
        if min > max {
            let field = self.fields.name(info.id).to_vec();
            self.late.get_or_insert(QueryError::EmptyRange { field, min, max });
        }
        let range = NumericRange { field: info.id, min, max, min_inclusive, max_inclusive };
        Ok(Some(Node::new(NodeKind::Numeric(range))))
    }

    fn circle(
        &mut self,
        named: &Named,
        longitude: f64,
        latitude: f64,
    ) -> Result<Option<Node>, QueryError> {
        let radius = self.numeric()?;
        let token = self.next();
        let unit = match token.kind {
            Kind::Attribute { .. } if self.options.dialect.is_modern() => self.parameter(&token),
            Kind::Term | Kind::As | Kind::IsMissing => self.text(&token).to_vec(),
            Kind::Number(_) | Kind::Size(_) => Vec::new(),
            _ => return Err(self.error_at(&token, "Syntax error")),
        };
        self.expect(Kind::CloseBracket)?;
        let Some(info) = self.of_kind(named, |kinds| kinds.geo, "Expected a GEO field")? else {
            return Ok(Some(Node::new(NodeKind::Empty)));
        };
        let circle = GeoRadius {
            field: info.id,
            longitude,
            latitude,
            radius,
            unit: self.or_later(
                GeoUnit::from_name(&unit).ok_or(QueryError::BadGeo("unit")),
                GeoUnit::Metres,
            ),
        };
        let checked = check(&circle);
        self.or_later(checked, ());
        Ok(Some(Node::new(NodeKind::Geo(circle))))
    }

    /// `[within $shape]`, `[VECTOR_RANGE 0.5 $vector]`
    fn predicate(&mut self, named: &Named) -> Result<Option<Node>, QueryError> {
        let token = self.next();
        if matches!(self.peek(), Kind::Attribute { .. }) && self.peek_second() == Kind::CloseBracket
        {
            return self.shape(named, &token);
        }
        if !matches!(
            self.peek(),
            Kind::Attribute { .. } | Kind::Number(_) | Kind::Size(_) | Kind::Minus
        ) {
            return Err(self.unexpected());
        }
        let radius = self.numeric()?;
        if !matches!(self.peek(), Kind::Attribute { .. }) {
            return Err(self.unexpected());
        }
        let vector = self.next();
        self.expect(Kind::CloseBracket)?;
        if !self.text(&token).eq_ignore_ascii_case(b"VECTOR_RANGE") {
            let what = "Syntax error: expecting vector similarity range command";
            return Err(self.error_at(&token, what));
        }
        if radius < 0.0 {
            self.late.get_or_insert(QueryError::NegativeRadius(radius));
        }
        let info = self.vector_field(named)?;
        Ok(Some(Node::new(NodeKind::Vector(Box::new(VectorQuery {
            field: info.id,
            search: VectorSearch::Within(radius),
            parameter: self.text(&vector).to_vec(),
            vector: self.parameter(&vector),
            score_as: None,
            filter: None,
            tuning: VectorTuning::default(),
        })))))
    }

    fn shape(&mut self, named: &Named, token: &Token) -> Result<Option<Node>, QueryError> {
        let text = self.next();
        self.expect(Kind::CloseBracket)?;
        let predicate = match self.text(token).to_ascii_uppercase().as_slice() {
            b"WITHIN" => ShapePredicate::Within,
            b"CONTAINS" => ShapePredicate::Contains,
            b"INTERSECTS" => ShapePredicate::Intersects,
            b"DISJOINT" => ShapePredicate::Disjoint,
            _ => {
                return Err(self.error_at(&text, "Syntax error: Expecting a geoshape predicate"));
            }
        };
        let complaint = "Expected a GEOSHAPE field";
        let Some(info) = self.of_kind(named, |kinds| kinds.shape, complaint)? else {
            return Ok(Some(Node::new(NodeKind::Empty)));
        };
        let text = self.parameter(&text);
        Ok(Some(Node::new(NodeKind::Shape(ShapeQuery { field: info.id, predicate, text }))))
    }

    /// The field, which must be one of vectors.
    pub(super) fn vector_field(&self, named: &Named) -> Result<FieldInfo, QueryError> {
        let complaint = "Expected a VECTOR field";
        let info = self.of_kind(named, |kinds| kinds.vector, complaint)?;
        info.ok_or_else(|| self.error_at(&named.token, complaint))
    }
}

fn check(circle: &GeoRadius) -> Result<(), QueryError> {
    let on_globe = circle.longitude.abs() <= 180.0 && circle.latitude.abs() <= MAX_LATITUDE;
    if !on_globe {
        return Err(QueryError::BadGeo("lat/lon"));
    }
    match circle.radius > 0.0 {
        true => Ok(()),
        false => Err(QueryError::BadGeo("radius")),
    }
}
