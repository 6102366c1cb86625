//! What FT.CONFIG tells and sets.

/// What becomes of a query that runs out of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeoutPolicy {
    /// It answers with what it has found.
    Return,
    /// It fails.
    Fail,
}

impl TimeoutPolicy {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            TimeoutPolicy::Return => "return",
            TimeoutPolicy::Fail => "fail",
        }
    }
}

/// Settings of searches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchConfig {
    /// The dialect of queries that name none.
    pub default_dialect: i64,
    /// How long a query may take, in milliseconds; 0: as long as it likes.
    pub timeout_ms: u64,
    /// What becomes of a query that takes longer.
    pub on_timeout: TimeoutPolicy,
    /// The fewest characters before or after a star.
    pub min_prefix: usize,
    /// How many terms a pattern may mean.
    pub max_expansions: usize,
    /// How many results FT.SEARCH gives at most.
    pub max_search_results: usize,
    /// How many results FT.AGGREGATE gives at most.
    pub max_aggregate_results: usize,
    /// How many groups FT.AGGREGATE makes at most.
    pub max_aggregate_groups: usize,
    /// How long a cursor may lie idle, in milliseconds.
    pub cursor_max_idle_ms: u64,
    /// How many results a read of a cursor gives.
    pub cursor_read_size: usize,
}

/// As good as no limit: what RediSearch counts up to.
const UNLIMITED: usize = 1 << 31;

impl Default for SearchConfig {
    fn default() -> Self {
        SearchConfig {
            default_dialect: 1,
            timeout_ms: 500,
            on_timeout: TimeoutPolicy::Return,
            min_prefix: 2,
            max_expansions: 200,
            max_search_results: 1_000_000,
            max_aggregate_results: UNLIMITED,
            max_aggregate_groups: 1 << 20,
            cursor_max_idle_ms: 300_000,
            cursor_read_size: 1000,
        }
    }
}

/// What can be wrong with FT.CONFIG SET.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigError {
    /// There is no such setting.
    Unknown,
    /// It is fixed while the server runs.
    Fixed,
    /// It cannot have this value.
    BadValue,
}

/// A setting: its name and what FT.CONFIG HELP says of it.
#[derive(Debug)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub help: &'static str,
}

/// All settings.
pub static SETTINGS: &[Setting] = &[
    Setting { name: "MINPREFIX", help: "The fewest characters of a prefix that is searched for" },
    Setting { name: "MAXEXPANSIONS", help: "How many terms a pattern may mean" },
    Setting { name: "MAXPREFIXEXPANSIONS", help: "Another name of MAXEXPANSIONS" },
    Setting { name: "MAXSEARCHRESULTS", help: "How many results FT.SEARCH gives at most" },
    Setting { name: "MAXAGGREGATERESULTS", help: "How many results FT.AGGREGATE gives at most" },
    Setting { name: "MAX_AGGREGATE_GROUPS", help: "How many groups FT.AGGREGATE makes at most" },
    Setting { name: "TIMEOUT", help: "How long a query may take, in milliseconds" },
    Setting {
        name: "ON_TIMEOUT",
        help: "What becomes of a query that takes longer: return or fail",
    },
    Setting { name: "DEFAULT_DIALECT", help: "The dialect of queries that name none" },
    Setting { name: "CURSOR_MAX_IDLE", help: "How long a cursor may lie idle, in milliseconds" },
    Setting { name: "CURSOR_READ_SIZE", help: "How many results a read of a cursor gives" },
    Setting { name: "MINSTEMLEN", help: "The fewest bytes of a word that is stemmed" },
    Setting { name: "MIN_PHONETIC_TERM_LEN", help: "The fewest bytes of a word indexed by sound" },
];

impl SearchConfig {
    /// The value of a setting, as FT.CONFIG GET tells it.
    pub fn value(&self, name: &str) -> Option<String> {
        let limit = |limit: usize| match limit {
            UNLIMITED.. => "unlimited".to_owned(),
            limit => limit.to_string(),
        };
        Some(match name {
            "MINPREFIX" => self.min_prefix.to_string(),
            "MAXEXPANSIONS" | "MAXPREFIXEXPANSIONS" => self.max_expansions.to_string(),
            "MAXSEARCHRESULTS" => limit(self.max_search_results),
            "MAXAGGREGATERESULTS" => limit(self.max_aggregate_results),
            "MAX_AGGREGATE_GROUPS" => self.max_aggregate_groups.to_string(),
            "TIMEOUT" => self.timeout_ms.to_string(),
            "ON_TIMEOUT" => self.on_timeout.name().to_owned(),
            "DEFAULT_DIALECT" => self.default_dialect.to_string(),
            "CURSOR_MAX_IDLE" => self.cursor_max_idle_ms.to_string(),
            "CURSOR_READ_SIZE" => self.cursor_read_size.to_string(),
            "MINSTEMLEN" => "4".to_owned(),
            "MIN_PHONETIC_TERM_LEN" => "3".to_owned(),
            _ => return None,
        })
    }

    /// Changes a setting.
    ///
    /// # Errors
    /// If there is none such, or it cannot have the value.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        let number = || value.parse::<u64>().map_err(|_| ConfigError::BadValue);
        let size = || Ok(usize::try_from(number()?).unwrap_or(usize::MAX));
        let at_least_one = || match size()? {
            0 => Err(ConfigError::BadValue),
            size => Ok(size),
        };
        // A limit of -1 is none.
        let limit = || match value {
            "-1" => Ok(UNLIMITED),
            _ => Ok(size()?.min(UNLIMITED)),
        };
        match name {
            "MINPREFIX" => self.min_prefix = at_least_one()?,
            "MAXEXPANSIONS" | "MAXPREFIXEXPANSIONS" => self.max_expansions = at_least_one()?,
            "MAXSEARCHRESULTS" => self.max_search_results = limit()?,
            "MAXAGGREGATERESULTS" => self.max_aggregate_results = limit()?,
            "MAX_AGGREGATE_GROUPS" => self.max_aggregate_groups = at_least_one()?,
            "TIMEOUT" => self.timeout_ms = number()?,
            "ON_TIMEOUT" => {
                self.on_timeout = match value.to_ascii_lowercase().as_str() {
                    "return" => TimeoutPolicy::Return,
                    "fail" => TimeoutPolicy::Fail,
                    _ => return Err(ConfigError::BadValue),
                };
            }
            "DEFAULT_DIALECT" => match number()? {
                dialect @ 1..=4 => self.default_dialect = dialect as i64,
                _ => return Err(ConfigError::BadValue),
            },
            "CURSOR_MAX_IDLE" => self.cursor_max_idle_ms = number()?,
            "CURSOR_READ_SIZE" => self.cursor_read_size = at_least_one()?,
            "MINSTEMLEN" | "MIN_PHONETIC_TERM_LEN" => return Err(ConfigError::Fixed),
            _ => return Err(ConfigError::Unknown),
        }
        Ok(())
    }
}
