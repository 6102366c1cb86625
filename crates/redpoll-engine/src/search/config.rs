//! What searches are set to: directives of the configuration, and what FT.CONFIG calls them.
//!
//! FT.CONFIG has names of its own for what `search-…` directives say, some of them for things that
//! RediSearch had at one time: they mean what comes nearest.

use redpoll_config::{Config, SearchMode, SearchScorer, SearchTimeout};

/// Settings of searches, taken from the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchConfig {
    /// Where queries run.
    pub mode: SearchMode,
    /// On how many threads of the background, at most.
    pub threads: usize,
    /// How many threads index and merge.
    pub index_threads: usize,
    /// The cost from which on a query is long.
    pub threshold: usize,
    /// The dialect of queries that name none.
    pub default_dialect: i64,
    /// The scorer of queries that name none.
    pub default_scorer: SearchScorer,
    /// What scores of BM25STD.TANH are divided by first.
    pub tanh_factor: u32,
    /// How long a query may take, in milliseconds; 0: as long as it likes.
    pub timeout_ms: u64,
    /// What becomes of a query that takes longer.
    pub on_timeout: SearchTimeout,
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
        SearchConfig::of(&Config::new(), 1)
    }
}

impl SearchConfig {
    /// What the configuration says; `background_threads` are there for long commands.
    pub fn of(config: &Config, background_threads: usize) -> Self {
        let limit = |limit: i64| usize::try_from(limit).map_or(UNLIMITED, |n| n.min(UNLIMITED));
        let or = |threads: usize, all: usize| if threads == 0 { all } else { threads };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        SearchConfig {
            mode: config.search_mode(),
            threads: or(config.search_threads(), background_threads),
            index_threads: or(config.search_index_threads(), cores).min(cores),
            threshold: config.background_threshold(),
            default_dialect: config.search_default_dialect(),
            default_scorer: config.search_default_scorer(),
            tanh_factor: u32::try_from(config.search_bm25std_tanh_factor()).unwrap_or(1),
            timeout_ms: config.search_timeout() as u64,
            on_timeout: config.search_on_timeout(),
            min_prefix: config.search_min_prefix(),
            max_expansions: config.search_max_prefix_expansions(),
            max_search_results: limit(config.search_max_search_results()),
            max_aggregate_results: limit(config.search_max_aggregate_results()),
            max_aggregate_groups: config.search_max_aggregate_groups(),
            cursor_max_idle_ms: config.search_cursor_max_idle() as u64,
            cursor_read_size: config.search_cursor_read_size(),
        }
    }
}

/// What can be wrong with FT.CONFIG SET.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigError {
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
    of: Of,
}

/// What a setting is about.
#[derive(Debug, Clone, Copy)]
enum Of {
    /// A directive.
    Same(&'static str),
    /// A directive that is a limit: none is called unlimited.
    Limit(&'static str),
    /// A directive of which 0 means what there is.
    Threads(&'static str, fn(&SearchConfig) -> usize),
    /// Whether searches run in this mode, and that otherwise they run beside each other.
    Mode(SearchMode),
    /// Threads for queries; without any, queries run at once.
    Workers,
    /// Nothing that could be set.
    Fixed(&'static str),
}

const fn setting(name: &'static str, of: Of, help: &'static str) -> Setting {
    Setting { name, help, of }
}

/// All settings.
pub static SETTINGS: &[Setting] = &[
    setting(
        "MINPREFIX",
        Of::Same("search-min-prefix"),
        "The fewest characters of a prefix that is searched for",
    ),
    setting(
        "MAXEXPANSIONS",
        Of::Same("search-max-prefix-expansions"),
        "How many terms a pattern may mean",
    ),
    setting(
        "MAXPREFIXEXPANSIONS",
        Of::Same("search-max-prefix-expansions"),
        "Another name of MAXEXPANSIONS",
    ),
    setting(
        "MAXSEARCHRESULTS",
        Of::Limit("search-max-search-results"),
        "How many results FT.SEARCH gives at most",
    ),
    setting(
        "MAXAGGREGATERESULTS",
        Of::Limit("search-max-aggregate-results"),
        "How many results FT.AGGREGATE gives at most",
    ),
    setting(
        "MAX_AGGREGATE_GROUPS",
        Of::Same("search-max-aggregate-groups"),
        "How many groups FT.AGGREGATE makes at most",
    ),
    setting("TIMEOUT", Of::Same("search-timeout"), "How long a query may take, in milliseconds"),
    setting(
        "ON_TIMEOUT",
        Of::Same("search-on-timeout"),
        "What becomes of a query that takes longer: return or fail",
    ),
    setting(
        "DEFAULT_DIALECT",
        Of::Same("search-default-dialect"),
        "The dialect of queries that name none",
    ),
    setting(
        "DEFAULT_SCORER",
        Of::Same("search-default-scorer"),
        "The scorer of queries that name none",
    ),
    setting(
        "BM25STD_TANH_FACTOR",
        Of::Same("search-bm25std-tanh-factor"),
        "What scores of BM25STD.TANH are divided by first, if a query does not say",
    ),
    setting(
        "CURSOR_MAX_IDLE",
        Of::Same("search-cursor-max-idle"),
        "How long a cursor may lie idle, in milliseconds",
    ),
    setting(
        "CURSOR_READ_SIZE",
        Of::Same("search-cursor-read-size"),
        "How many results a read of a cursor gives",
    ),
    setting(
        "SAFEMODE",
        Of::Mode(SearchMode::Safe),
        "Whether queries run at once, each by itself (search-mode safe)",
    ),
    setting(
        "CONCURRENT_WRITE_MODE",
        Of::Fixed("true"),
        "Documents are taken apart without any lock, on the threads of their writers",
    ),
    setting(
        "WORKERS",
        Of::Workers,
        "Threads for long queries; 0 lets all queries run at once (search-mode safe)",
    ),
    setting(
        "SEARCH_THREADS",
        Of::Threads("search-threads", |config| config.threads),
        "Threads for long queries",
    ),
    setting(
        "INDEX_THREADS",
        Of::Threads("search-index-threads", |config| config.index_threads),
        "Threads that index keys that are there already, and merge",
    ),
    setting("MINSTEMLEN", Of::Fixed("4"), "The fewest bytes of a word that is stemmed"),
    setting("MIN_PHONETIC_TERM_LEN", Of::Fixed("3"), "The fewest bytes of a word indexed by sound"),
];

impl Setting {
    /// Its value, as FT.CONFIG GET tells it.
    pub fn value(&self, config: &Config, settings: &SearchConfig) -> String {
        let shown = |directive| {
            let value = config.get_one(directive).unwrap_or_default();
            String::from_utf8_lossy(&value).into_owned()
        };
        match self.of {
            Of::Same(directive) => shown(directive),
            Of::Limit(directive) => match shown(directive) {
                limit if limit == "-1" => "unlimited".to_owned(),
                limit => limit,
            },
            Of::Threads(_, threads) => threads(settings).to_string(),
            Of::Mode(mode) => (settings.mode == mode).to_string(),
            Of::Workers if settings.mode == SearchMode::Safe => "0".to_owned(),
            Of::Workers => settings.threads.to_string(),
            Of::Fixed(value) => value.to_owned(),
        }
    }

    /// What the configuration is to be set to, for the setting to be `value`.
    ///
    /// # Errors
    /// If it cannot be.
    pub fn directives(
        &self,
        settings: &SearchConfig,
        value: &str,
    ) -> Result<Vec<(&'static str, String)>, ConfigError> {
        let parallel = ("search-mode", SearchMode::Parallel.name().to_owned());
        let safe = ("search-mode", SearchMode::Safe.name().to_owned());
        Ok(match self.of {
            Of::Same(directive) | Of::Threads(directive, _) => vec![(directive, value.to_owned())],
            Of::Limit(directive) => {
                let value = if value.eq_ignore_ascii_case("unlimited") { "-1" } else { value };
                vec![(directive, value.to_owned())]
            }
            Of::Mode(mode) => match value.to_ascii_lowercase().as_str() {
                "true" | "yes" => vec![("search-mode", mode.name().to_owned())],
                "false" | "no" if settings.mode == mode => vec![parallel],
                "false" | "no" => Vec::new(),
                _ => return Err(ConfigError::BadValue),
            },
            Of::Workers => match value.parse::<u16>().map_err(|_| ConfigError::BadValue)? {
                0 => vec![safe],
                workers => {
                    let threads = ("search-threads", workers.to_string());
                    let was_safe = settings.mode == SearchMode::Safe;
                    [threads].into_iter().chain(was_safe.then_some(parallel)).collect()
                }
            },
            Of::Fixed(_) => return Err(ConfigError::Fixed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redpoll_config::SetContext;

    fn set(config: &Config, name: &str, value: &str) -> Result<(), ConfigError> {
        let setting = SETTINGS.iter().find(|setting| setting.name == name).unwrap();
        let pairs = setting.directives(&SearchConfig::of(config, 2), value)?;
        let set = config.set_many(SetContext::default(), &pairs);
        set.map(drop).map_err(|_| ConfigError::BadValue)
    }

    fn get(config: &Config, name: &str) -> String {
        let setting = SETTINGS.iter().find(|setting| setting.name == name).unwrap();
        setting.value(config, &SearchConfig::of(config, 2))
    }

    #[test]
    fn settings_are_directives() {
        let config = Config::new();
        assert_eq!(get(&config, "MAXAGGREGATERESULTS"), "unlimited");
        assert_eq!(set(&config, "MAXSEARCHRESULTS", "unlimited"), Ok(()));
        assert_eq!(config.search_max_search_results(), -1);
        assert_eq!(set(&config, "ON_TIMEOUT", "fail"), Ok(()));
        assert_eq!(get(&config, "ON_TIMEOUT"), "fail");
        assert_eq!(set(&config, "DEFAULT_DIALECT", "5"), Err(ConfigError::BadValue));
        assert_eq!(set(&config, "MINSTEMLEN", "5"), Err(ConfigError::Fixed));
    }

    #[test]
    fn no_workers_means_safe_mode() {
        let config = Config::new();
        assert_eq!(
            (get(&config, "WORKERS"), get(&config, "SAFEMODE")),
            ("2".into(), "false".into())
        );
        assert_eq!(set(&config, "WORKERS", "0"), Ok(()));
        assert_eq!(
            (get(&config, "WORKERS"), get(&config, "SAFEMODE")),
            ("0".into(), "true".into())
        );
        assert_eq!(set(&config, "WORKERS", "3"), Ok(()));
        assert_eq!(
            (get(&config, "WORKERS"), get(&config, "SAFEMODE")),
            ("3".into(), "false".into())
        );
        assert_eq!(set(&config, "SAFEMODE", "yes"), Ok(()));
        assert_eq!(config.search_mode(), SearchMode::Safe);
        assert_eq!(set(&config, "SAFEMODE", "perhaps"), Err(ConfigError::BadValue));
        assert_eq!(set(&config, "SAFEMODE", "false"), Ok(()));
        assert_eq!(config.search_mode(), SearchMode::Parallel);
    }
}
