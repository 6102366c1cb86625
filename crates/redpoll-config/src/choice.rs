//! Directives that take one of a few words: an enum each, made with its words by one macro.
//!
//! A choice is kept as a number like all hot values; the enum is what getters return. Where Redis
//! has two words for one meaning, the first is the one it shows.

/// A word and the number it stands for.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// The word, compared without case.
    pub name: &'static str,
    /// Its number; for sets of words one bit, or 0 for the empty set.
    pub value: i64,
}

/// Declares an enum of words.
macro_rules! choices {
    ($(
        $(#[$about:meta])*
        $type:ident {
            $( $(#[$doc:meta])* $variant:ident = $name:literal $(| $other:literal)* ),+ $(,)?
        }
    )*) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type { $( $(#[$doc])* $variant ),+ }

        impl $type {
            /// All words with their numbers, in the order of error messages.
            pub const CHOICES: &'static [Choice] = &[$(
                Choice { name: $name, value: Self::$variant as i64 },
                $( Choice { name: $other, value: Self::$variant as i64 }, )*
            )+];

            /// The word as CONFIG GET shows it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name ),+ }
            }

            /// The variant behind a stored number. Only numbers of `CHOICES` are ever stored.
            pub(crate) fn from_number(number: i64) -> Self {
                $( if number == Self::$variant as i64 { return Self::$variant; } )+
                Self::CHOICES_FIRST
            }

            const CHOICES_FIRST: Self = {
                let all = [$( Self::$variant ),+];
                all[0]
            };
        }
    )*};
}

choices! {
    /// How commands run that take long.
    LongCommands {
        /// In the background, on what was there at one moment.
        Snapshot = "snapshot",
        /// In the background, on live data in slices where that is cheaper.
        Yield = "yield",
        /// At once, while others wait.
        Inline = "inline",
    }

    /// Where searches run.
    SearchMode {
        /// Long ones in the background, several at once.
        Parallel = "parallel",
        /// Long ones in the background, by turns.
        Slices = "slices",
        /// All at once, each by itself.
        Safe = "safe",
    }

    /// What becomes of a search that takes too long.
    SearchTimeout {
        /// It answers with what it has found.
        Return = "return",
        /// It fails.
        Fail = "fail",
    }

    /// How searches score documents, if they do not say.
    SearchScorer {
        /// Okapi BM25.
        Bm25Std = "BM25STD",
        /// The same, pressed into 0 to 1.
        Bm25StdTanh = "BM25STD.TANH",
        /// The same, divided by the best score.
        Bm25StdNorm = "BM25STD.NORM",
        /// BM25 as RediSearch had it first.
        Bm25 = "BM25",
        /// Frequency times rarity.
        TfIdf = "TFIDF",
        /// The same, by the document's length.
        TfIdfDocNorm = "TFIDF.DOCNORM",
        /// Sums of frequencies.
        DisMax = "DISMAX",
        /// The document's own score.
        DocScore = "DOCSCORE",
        /// How far payloads differ.
        Hamming = "HAMMING",
    }

    /// Whom to follow where Redis and Valkey define the same thing differently.
    Compat {
        /// Redis.
        Redis = "redis",
        /// Valkey.
        Valkey = "valkey",
    }

    /// Which values go to far memory.
    AllocPolicy {
        /// None.
        OnlyDram = "only-dram",
        /// All but the smallest.
        OnlyPmem = "only-pmem" | "only-far",
        /// Those from a fixed size on.
        Threshold = "threshold",
        /// Those from a size on that moves, to keep a ratio of the tiers.
        Ratio = "ratio",
        /// Those that are used least.
        Tiered = "tiered",
    }

    /// What happens to a write when `maxmemory` is reached.
    MaxmemoryPolicy {
        /// Evict least recently used keys among those with an expiry.
        VolatileLru = "volatile-lru",
        /// Evict least recently modified keys among those with an expiry.
        VolatileLrm = "volatile-lrm",
        /// Evict least frequently used keys among those with an expiry.
        VolatileLfu = "volatile-lfu",
        /// Evict random keys among those with an expiry.
        VolatileRandom = "volatile-random",
        /// Evict keys that expire soonest.
        VolatileTtl = "volatile-ttl",
        /// Evict least recently used keys.
        AllkeysLru = "allkeys-lru",
        /// Evict least recently modified keys.
        AllkeysLrm = "allkeys-lrm",
        /// Evict least frequently used keys.
        AllkeysLfu = "allkeys-lfu",
        /// Evict random keys.
        AllkeysRandom = "allkeys-random",
        /// Evict nothing: commands that need memory fail.
        Noeviction = "noeviction",
    }

    /// The syslog facility to log under.
    SyslogFacility {
        /// `user`
        User = "user",
        /// `local0`
        Local0 = "local0",
        /// `local1`
        Local1 = "local1",
        /// `local2`
        Local2 = "local2",
        /// `local3`
        Local3 = "local3",
        /// `local4`
        Local4 = "local4",
        /// `local5`
        Local5 = "local5",
        /// `local6`
        Local6 = "local6",
        /// `local7`
        Local7 = "local7",
    }

    /// How much is logged, from most to least.
    LogLevel {
        /// Everything, for development.
        Debug = "debug",
        /// Much that is rarely useful.
        Verbose = "verbose",
        /// What one wants to know in production.
        Notice = "notice",
        /// Only what is important or critical.
        Warning = "warning",
        /// Nothing at all.
        Nothing = "nothing",
    }

    /// Which supervisor the server tells that it is ready.
    Supervised {
        /// Stop oneself once ready, as Upstart expects.
        Upstart = "upstart",
        /// Send READY=1 to systemd.
        Systemd = "systemd",
        /// Find out from the environment.
        Auto = "auto",
        /// None.
        No = "no",
    }

    /// When the append-only file is flushed to disk.
    AppendFsync {
        /// Once a second.
        Everysec = "everysec",
        /// Before each reply to a write.
        Always = "always",
        /// When the operating system likes.
        No = "no",
    }

    /// How a replica takes in a full sync that comes without a file.
    ReplDisklessLoad {
        /// Through a file.
        Disabled = "disabled",
        /// Directly if there is no data to lose.
        OnEmptyDb = "on-empty-db",
        /// Directly, keeping the old data until the new is complete.
        Swapdb = "swapdb",
    }

    /// How a first sync between two Redpolls goes.
    ReplSync {
        /// From a table if that is possible, and else as a stream.
        Auto = "auto",
        /// From a table.
        Onesided = "onesided",
        /// As a stream, as with Redis.
        Stream = "stream",
    }

    /// Whether TLS clients must show a certificate.
    TlsAuthClients {
        /// They need none.
        No = "no",
        /// They must.
        Yes = "yes",
        /// One is checked if shown.
        Optional = "optional",
    }

    /// What of a TLS client's certificate names the user it is logged in as.
    TlsAuthClientsUser {
        /// Nothing does.
        Off = "off",
        /// The common name of the subject.
        CommonName = "CN",
        /// The first URI of the subject's alternative names that is a user.
        Uri = "URI",
    }

    /// In which form the log is written.
    LogFormat {
        /// Lines as Redis writes them.
        Text = "text" | "legacy",
        /// One JSON object a line.
        Json = "json",
        /// Lines of `name=value`.
        Logfmt = "logfmt",
    }

    /// In which form the log tells the time.
    LogTimestampFormat {
        /// As Redis does.
        Legacy = "legacy",
        /// ISO 8601.
        Iso8601 = "iso8601",
        /// Milliseconds since 1970.
        Milliseconds = "milliseconds",
    }

    /// Whether the kernel's out-of-memory score of the process is set.
    OomScoreAdj {
        /// Left alone.
        No = "no",
        /// Set relative to the value at start.
        Relative = "yes" | "relative",
        /// Set to the given values.
        Absolute = "absolute",
    }

    /// Which channels a new ACL user may use.
    AclPubsubDefault {
        /// All.
        Allchannels = "allchannels",
        /// None.
        Resetchannels = "resetchannels",
    }

    /// Whether payloads of RESTORE and full syncs are checked in depth.
    SanitizeDumpPayload {
        /// Never.
        No = "no",
        /// Always.
        Yes = "yes",
        /// Only those of clients without `skip-sanitize-payload`.
        Clients = "clients",
    }

    /// Who may use a protected feature.
    ProtectedAction {
        /// Nobody.
        No = "no",
        /// Everybody.
        Yes = "yes",
        /// Connections from this host.
        Local = "local",
    }

    /// By what clients of the cluster are told to find a node.
    ClusterEndpointType {
        /// Its address.
        Ip = "ip",
        /// Its announced host name.
        Hostname = "hostname",
        /// The address they already use.
        UnknownEndpoint = "unknown-endpoint",
    }

    /// What happens when a replicated or logged command fails.
    PropagationErrorBehavior {
        /// It is counted and ignored.
        Ignore = "ignore",
        /// The server stops.
        Panic = "panic",
        /// The server stops if it is a replica.
        PanicOnReplicas = "panic-on-replicas",
    }
}

impl MaxmemoryPolicy {
    /// Whether any key is evicted at all.
    #[must_use]
    pub const fn evicts(self) -> bool {
        !matches!(self, Self::Noeviction)
    }

    /// Whether only keys with an expiry are evicted.
    #[must_use]
    pub const fn is_volatile(self) -> bool {
        matches!(
            self,
            Self::VolatileLru
                | Self::VolatileLrm
                | Self::VolatileLfu
                | Self::VolatileRandom
                | Self::VolatileTtl
        )
    }

    /// Whether the time of the last use is what counts.
    #[must_use]
    pub const fn is_lru(self) -> bool {
        matches!(self, Self::VolatileLru | Self::AllkeysLru)
    }

    /// Whether the time of the last change is what counts.
    #[must_use]
    pub const fn is_lrm(self) -> bool {
        matches!(self, Self::VolatileLrm | Self::AllkeysLrm)
    }

    /// Whether the frequency of use is what counts.
    #[must_use]
    pub const fn is_lfu(self) -> bool {
        matches!(self, Self::VolatileLfu | Self::AllkeysLfu)
    }
}

/// How a signal shuts the server down: the set of words of `shutdown-on-sigint` and its twin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShutdownFlags(i64);

impl ShutdownFlags {
    const SAVE: i64 = 1;
    const NOSAVE: i64 = 2;
    const NOW: i64 = 4;
    const FORCE: i64 = 8;

    /// The words with their bits. `default` is the empty set.
    pub const CHOICES: &'static [Choice] = &[
        Choice { name: "default", value: 0 },
        Choice { name: "save", value: Self::SAVE },
        Choice { name: "nosave", value: Self::NOSAVE },
        Choice { name: "now", value: Self::NOW },
        Choice { name: "force", value: Self::FORCE },
    ];

    pub(crate) const fn from_number(bits: i64) -> Self {
        Self(bits)
    }

    /// Save even if no `save` rule is set.
    #[must_use]
    pub const fn save(self) -> bool {
        self.0 & Self::SAVE != 0
    }

    /// Do not save.
    #[must_use]
    pub const fn nosave(self) -> bool {
        self.0 & Self::NOSAVE != 0
    }

    /// Do not wait for replicas.
    #[must_use]
    pub const fn now(self) -> bool {
        self.0 & Self::NOW != 0
    }

    /// Go on despite errors.
    #[must_use]
    pub const fn force(self) -> bool {
        self.0 & Self::FORCE != 0
    }
}

/// The number behind `words`, or `None` if a word is unknown or their count is wrong.
pub(crate) fn parse(choices: &[Choice], combine: bool, words: &[Vec<u8>]) -> Option<i64> {
    if words.is_empty() || (!combine && words.len() != 1) {
        return None;
    }
    words.iter().try_fold(0, |bits, word| {
        let found =
            choices.iter().find(|choice| choice.name.as_bytes().eq_ignore_ascii_case(word))?;
        Some(bits | found.value)
    })
}

/// The words behind a number.
pub(crate) fn format(choices: &[Choice], number: i64) -> String {
    if let Some(exact) = choices.iter().find(|choice| choice.value == number) {
        return exact.name.to_string();
    }
    let parts = choices.iter().filter(|choice| choice.value != 0 && choice.value & number != 0);
    parts.map(|choice| choice.name).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Vec<u8>> {
        text.split_whitespace().map(|word| word.as_bytes().to_vec()).collect()
    }

    #[test]
    fn one_word() {
        let choices = MaxmemoryPolicy::CHOICES;
        let number = parse(choices, false, &words("AllKeys-LFU")).unwrap();
        assert_eq!(MaxmemoryPolicy::from_number(number), MaxmemoryPolicy::AllkeysLfu);
        assert_eq!(format(choices, number), "allkeys-lfu");
        assert_eq!(MaxmemoryPolicy::AllkeysLfu.name(), "allkeys-lfu");
        for text in ["", "lru", "allkeys-lru allkeys-lru"] {
            assert_eq!(parse(choices, false, &words(text)), None, "{text}");
        }
    }

    #[test]
    fn two_words_for_one_meaning_show_the_first() {
        let number = parse(OomScoreAdj::CHOICES, false, &words("relative")).unwrap();
        assert_eq!(OomScoreAdj::from_number(number), OomScoreAdj::Relative);
        assert_eq!(format(OomScoreAdj::CHOICES, number), "yes");
    }

    #[test]
    fn sets_of_words() {
        let number = parse(ShutdownFlags::CHOICES, true, &words("force SAVE default")).unwrap();
        let flags = ShutdownFlags::from_number(number);
        assert!(flags.save() && flags.force() && !flags.nosave() && !flags.now());
        assert_eq!(format(ShutdownFlags::CHOICES, number), "save force");
        assert_eq!(format(ShutdownFlags::CHOICES, 0), "default");
    }

    #[test]
    fn policies_tell_their_nature() {
        use MaxmemoryPolicy as Policy;
        assert!(!Policy::Noeviction.evicts() && Policy::AllkeysLru.evicts());
        assert!(Policy::VolatileTtl.is_volatile() && !Policy::AllkeysRandom.is_volatile());
        assert!(Policy::VolatileLfu.is_lfu() && !Policy::VolatileLru.is_lfu());
    }
}
