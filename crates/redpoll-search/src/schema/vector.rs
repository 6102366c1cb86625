//! The parameters of a vector field.

/// A field of vectors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VectorField {
    /// How a component is stored in documents.
    pub element: Element,
    /// How many components a vector has.
    pub dimensions: usize,
    /// How far two vectors are apart.
    pub metric: Metric,
    /// How the nearest are found.
    pub algorithm: Algorithm,
}

/// The type of a vector's components.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// `FLOAT32`
    Float32,
    /// `FLOAT64`
    Float64,
    /// `FLOAT16`
    Float16,
    /// `BFLOAT16`
    BFloat16,
    /// `INT8`
    Int8,
    /// `UINT8`
    UInt8,
}

impl Element {
    /// Bytes of a component.
    pub fn bytes(self) -> usize {
        match self {
            Element::Float64 => 8,
            Element::Float32 => 4,
            Element::Float16 | Element::BFloat16 => 2,
            Element::Int8 | Element::UInt8 => 1,
        }
    }

    /// The type of this name, in any case.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        match name.to_ascii_uppercase().as_slice() {
            b"FLOAT32" => Some(Element::Float32),
            b"FLOAT64" => Some(Element::Float64),
            b"FLOAT16" => Some(Element::Float16),
            b"BFLOAT16" => Some(Element::BFloat16),
            b"INT8" => Some(Element::Int8),
            b"UINT8" => Some(Element::UInt8),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Element::Float32 => "FLOAT32",
            Element::Float64 => "FLOAT64",
            Element::Float16 => "FLOAT16",
            Element::BFloat16 => "BFLOAT16",
            Element::Int8 => "INT8",
            Element::UInt8 => "UINT8",
        }
    }
}

/// How far two vectors are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// The square of the Euclidean distance.
    L2,
    /// One minus the inner product.
    InnerProduct,
    /// One minus the cosine of the angle.
    Cosine,
}

impl Metric {
    /// The metric of this name, in any case.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        match name.to_ascii_uppercase().as_slice() {
            b"L2" => Some(Metric::L2),
            b"IP" => Some(Metric::InnerProduct),
            b"COSINE" => Some(Metric::Cosine),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Metric::L2 => "L2",
            Metric::InnerProduct => "IP",
            Metric::Cosine => "COSINE",
        }
    }
}

/// How the nearest vectors are found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Algorithm {
    /// By looking at all.
    Flat,
    /// By a graph of small worlds in layers.
    Hnsw(HnswOptions),
    /// By the same graph, asked for by the parameters of SVS-VAMANA.
    Vamana(VamanaOptions),
}

impl Algorithm {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Flat => "FLAT",
            Algorithm::Hnsw(_) => "HNSW",
            Algorithm::Vamana(_) => "SVS-VAMANA",
        }
    }

    /// The parameters of the graph, if it is one.
    pub fn graph(self) -> Option<HnswOptions> {
        match self {
            Algorithm::Flat => None,
            Algorithm::Hnsw(graph) => Some(graph),
            Algorithm::Vamana(vamana) => Some(HnswOptions {
                m: vamana.degree.div_ceil(2),
                ef_construction: vamana.construction_window,
                ef_runtime: vamana.search_window,
                epsilon: vamana.epsilon,
            }),
        }
    }
}

/// The parameters of SVS-VAMANA.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VamanaOptions {
    /// Edges of a node.
    pub degree: usize,
    /// How many candidates an insertion looks at.
    pub construction_window: usize,
    /// How many candidates a search keeps.
    pub search_window: usize,
    /// How far beyond a range a search looks, relative to the range.
    pub epsilon: f64,
}

impl Default for VamanaOptions {
    fn default() -> Self {
        VamanaOptions { degree: 32, construction_window: 200, search_window: 10, epsilon: 0.01 }
    }
}

/// The parameters of the graph.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HnswOptions {
    /// Edges of a node, in each layer but the lowest, where it may have twice as many.
    pub m: usize,
    /// How many candidates an insertion looks at.
    pub ef_construction: usize,
    /// How many candidates a search keeps.
    pub ef_runtime: usize,
    /// How far beyond a range a search looks, relative to the range.
    pub epsilon: f64,
}

impl Default for HnswOptions {
    fn default() -> Self {
        HnswOptions { m: 16, ef_construction: 200, ef_runtime: 10, epsilon: 0.01 }
    }
}
