//! The parameters of a vector field.

use super::arguments::{BadWord, Words};
use super::definition::DefinitionError;
use super::fields::bad;
use redpoll_search::schema::{Algorithm, Element, HnswOptions, Metric, VamanaOptions, VectorField};

/// No vector has more components.
const DIMENSIONS_MAX: usize = 32_768;
/// No node of a graph has more edges.
const M_MAX: usize = 512;
/// No search of a graph keeps more candidates.
const CANDIDATES_MAX: usize = 4096;

/// Reads what follows VECTOR: the algorithm, how many words its parameters are, and these.
pub(super) fn parse(words: &mut Words<'_>) -> Result<VectorField, DefinitionError> {
    let missing = || bad("vector similarity algorithm", BadWord::Missing);
    let algorithm = words.next_word().ok_or_else(missing)?.to_ascii_uppercase();
    let name = match algorithm.as_slice() {
        b"FLAT" => "FLAT",
        b"HNSW" => "HNSW",
        b"SVS-VAMANA" => "SVS-VAMANA",
        _ => {
            return Err(DefinitionError::new(
                "Bad arguments for vector similarity algorithm: Unknown argument",
            ));
        }
    };
    let mut parameters =
        words.counted().map_err(|what| bad("vector similarity number of parameters", what))?;
    if parameters.len() % 2 != 0 {
        return Err(DefinitionError(format!(
            "Bad number of arguments for vector similarity index: got {} but expected even number \
             as algorithm parameters (should be submitted as named arguments)",
            parameters.len()
        )));
    }
    let mut parsing = Parsing {
        name,
        element: None,
        dimensions: None,
        metric: None,
        graph: HnswOptions::default(),
        vamana: VamanaOptions::default(),
    };
    while let Some(parameter) = parameters.next_word() {
        parsing.parameter(parameter, &mut parameters)?;
    }
    parsing.finish()
}

struct Parsing {
    name: &'static str,
    element: Option<Element>,
    dimensions: Option<usize>,
    metric: Option<Metric>,
    graph: HnswOptions,
    vamana: VamanaOptions,
}

impl Parsing {
    fn parameter(&mut self, name: &[u8], words: &mut Words<'_>) -> Result<(), DefinitionError> {
        let upper = String::from_utf8_lossy(name).to_ascii_uppercase();
        let of = format!("vector similarity {} index {}", self.name, upper.to_lowercase());
        let unreadable = || bad(&of, BadWord::Unreadable);
        let within = |words: &mut Words<'_>, most: usize| {
            let number: usize = words.number().map_err(|what| bad(&of, what))?;
            (1..=most).contains(&number).then_some(number).ok_or_else(unreadable)
        };
        let (graph, vamana) = (self.name == "HNSW", self.name == "SVS-VAMANA");
        let epsilon = |words: &mut Words<'_>| {
            let epsilon: f64 = words.number().map_err(|what| bad(&of, what))?;
            Some(epsilon).filter(|epsilon| *epsilon > 0.0).ok_or_else(unreadable)
        };
        match upper.as_str() {
            "TYPE" => {
                self.element =
                    Some(words.next_word().and_then(Element::from_name).ok_or_else(unreadable)?);
            }
            "DIM" => self.dimensions = Some(within(words, DIMENSIONS_MAX)?),
            "DISTANCE_METRIC" => {
                self.metric =
                    Some(words.next_word().and_then(Metric::from_name).ok_or_else(unreadable)?);
            }
            "INITIAL_CAP" if !vamana => {
                words.number::<u64>().map_err(|what| bad(&of, what))?;
            }
            "BLOCK_SIZE" if !graph && !vamana => {
                words.number::<u64>().map_err(|what| bad(&of, what))?;
            }
            "M" if graph => self.graph.m = within(words, M_MAX)?,
            "EF_CONSTRUCTION" if graph => {
                self.graph.ef_construction = within(words, CANDIDATES_MAX)?;
            }
            "EF_RUNTIME" if graph => self.graph.ef_runtime = within(words, CANDIDATES_MAX)?,
            "EPSILON" if graph => self.graph.epsilon = epsilon(words)?,
            "GRAPH_MAX_DEGREE" if vamana => self.vamana.degree = within(words, 2 * M_MAX)?,
            "CONSTRUCTION_WINDOW_SIZE" if vamana => {
                self.vamana.construction_window = within(words, CANDIDATES_MAX)?;
            }
            "SEARCH_WINDOW_SIZE" if vamana => {
                self.vamana.search_window = within(words, CANDIDATES_MAX)?;
            }
            "EPSILON" if vamana => self.vamana.epsilon = epsilon(words)?,
            "COMPRESSION" if vamana => {
                let kind = words.next_word().ok_or_else(|| bad(&of, BadWord::Missing))?;
                if !kind.eq_ignore_ascii_case(b"NO_COMPRESSION") {
                    let what = "only NO_COMPRESSION is supported";
                    return Err(DefinitionError(format!("Bad arguments for {of}: {what}")));
                }
            }
            _ => {
                return Err(DefinitionError(format!(
                    "Bad arguments for algorithm {}: {}",
                    self.name,
                    String::from_utf8_lossy(name)
                )));
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<VectorField, DefinitionError> {
        let name = self.name;
        let missing = |what: &str| {
            DefinitionError(format!(
                "Missing mandatory parameter: cannot create {name} index without specifying {what} \
                 argument"
            ))
        };
        let element = self.element.ok_or_else(|| missing("TYPE"))?;
        let dimensions = self.dimensions.ok_or_else(|| missing("DIM"))?;
        let metric = self.metric.ok_or_else(|| missing("DISTANCE_METRIC"))?;
        let algorithm = match name {
            "HNSW" => Algorithm::Hnsw(self.graph),
            "SVS-VAMANA" => Algorithm::Vamana(self.vamana),
            _ => Algorithm::Flat,
        };
        if name == "SVS-VAMANA" && !matches!(element, Element::Float16 | Element::Float32) {
            return Err(DefinitionError::new(
                "Not supported data type is given. Expected: FLOAT16, FLOAT32",
            ));
        }
        Ok(VectorField { element, dimensions, metric, algorithm })
    }
}
