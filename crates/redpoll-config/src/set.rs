//! CONFIG SET: several directives at once, all or none.

use crate::choice::ProtectedAction;
use crate::config::{Config, split_value};
use crate::directive::{Directive, Flags, Found, find};
use crate::error::{SetError, ValueError};
use crate::kind::Stage;
use crate::table::DIRECTIVES;
use crate::value::Value;

/// Who sets, and when: some directives depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetContext {
    /// Whether data is being loaded.
    pub loading: bool,
    /// Whether the client is on this host, through loopback or a Unix socket.
    pub local: bool,
}

/// A directive whose value CONFIG SET has changed.
#[derive(Clone, Copy, Debug)]
pub struct Changed {
    /// The directive, by its current name.
    pub directive: &'static Directive,
}

impl Changed {
    /// The directive's current name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.directive.name
    }
}

/// A hook that found it cannot carry out a change.
#[derive(Debug)]
pub struct ApplyError {
    /// The directive it could not carry out.
    pub name: String,
    /// Why.
    pub reason: String,
}

impl Config {
    /// Sets directives at run time, all or none. Returns those whose value is now another one;
    /// certificates and keys count always, as their files may have changed.
    ///
    /// # Errors
    ///
    /// The first problem found. Nothing is changed then.
    pub fn set_many<N: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        context: SetContext,
        pairs: &[(N, V)],
    ) -> Result<Vec<Changed>, SetError> {
        self.set_many_with(context, pairs, |_| Ok(()))
    }

    /// As [`set_many`](Self::set_many), with a hook that carries the changes out: it sees the new
    /// values through the getters. If it fails, the old values come back, and it is called once
    /// more to go back to them; what it says then is ignored. Changes wait for each other, so that
    /// the hook must not change the configuration itself.
    ///
    /// # Errors
    ///
    /// The first problem found, the hook's included. Nothing is changed then.
    pub fn set_many_with<N: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        context: SetContext,
        pairs: &[(N, V)],
        mut apply: impl FnMut(&[Changed]) -> Result<(), ApplyError>,
    ) -> Result<Vec<Changed>, SetError> {
        let found = self.admit(context, pairs)?;
        let _changing = self.lock_changes();
        let new = self.parse_all(&found, pairs)?;
        let changed: Vec<Changed> = new
            .iter()
            .map(|(index, value)| (&DIRECTIVES[*index], *value != self.value(*index)))
            .filter(|(directive, differs)| *differs || directive.flags.contains(Flags::VOLATILE))
            .map(|(directive, _)| Changed { directive })
            .collect();
        if changed.is_empty() {
            return Ok(changed);
        }
        let old = new.iter().map(|(index, _)| (*index, self.value(*index))).collect();
        self.store(new);
        if let Err(error) = apply(&changed) {
            self.store(old);
            // The hook may have carried out some of the changes before it failed.
            let _ = apply(&changed);
            let reason = ValueError::Apply(error.reason);
            return Err(SetError::Refused { name: error.name.into_bytes(), reason });
        }
        Ok(changed)
    }

    /// Whether each directive exists and may be set now by this client, before any value is read.
    fn admit<N: AsRef<[u8]>, V>(
        &self,
        context: SetContext,
        pairs: &[(N, V)],
    ) -> Result<Vec<Found>, SetError> {
        let mut admitted: Vec<Found> = Vec::with_capacity(pairs.len());
        for (name, _) in pairs {
            let name = name.as_ref();
            let found = find(name).ok_or_else(|| SetError::Unknown(name.to_vec()))?;
            let refuse = |reason| {
                let reason = ValueError::Rule(reason);
                Err(SetError::Refused { name: name.to_vec(), reason })
            };
            match DIRECTIVES[found.index].flags {
                flags if flags.contains(Flags::IMMUTABLE) => {
                    return refuse("can't set immutable config");
                }
                flags if !self.may_set(flags, context) => {
                    return refuse("can't set protected config");
                }
                flags if flags.contains(Flags::DENY_LOADING) && context.loading => {
                    return Err(SetError::Loading);
                }
                // As in Redis, an alias counts as another directive.
                _ if admitted.contains(&found) => return refuse("duplicate parameter"),
                _ => admitted.push(found),
            }
        }
        Ok(admitted)
    }

    fn may_set(&self, flags: Flags, context: SetContext) -> bool {
        !flags.contains(Flags::PROTECTED)
            || match self.enable_protected_configs() {
                ProtectedAction::No => false,
                ProtectedAction::Yes => true,
                ProtectedAction::Local => context.local,
            }
    }

    /// Reads all values. A directive named twice, once by an alias, has its last value.
    fn parse_all<N, V: AsRef<[u8]>>(
        &self,
        found: &[Found],
        pairs: &[(N, V)],
    ) -> Result<Vec<(usize, Value)>, SetError> {
        let mut new: Vec<(usize, Value)> = Vec::with_capacity(pairs.len());
        for (found, (_, text)) in found.iter().zip(pairs) {
            let directive = &DIRECTIVES[found.index];
            let args = split_value(text.as_ref(), directive.flags);
            let current = match new.iter().position(|(index, _)| *index == found.index) {
                Some(earlier) => new.remove(earlier).1,
                None => self.value(found.index),
            };
            let value = directive.parse(&current, &args, Stage::Run).map_err(|reason| {
                SetError::Refused { name: found.name.as_bytes().to_vec(), reason }
            })?;
            new.push((found.index, value));
        }
        Ok(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(config: &Config, pairs: &[(&str, &str)]) -> Result<Vec<&'static str>, String> {
        let changed = config.set_many(SetContext::default(), pairs);
        changed.map(|c| c.iter().map(Changed::name).collect()).map_err(|e| e.to_string())
    }

    fn refused(name: &str, reason: &str) -> Result<Vec<&'static str>, String> {
        Err(format!("CONFIG SET failed (possibly related to argument '{name}') - {reason}"))
    }

    #[test]
    fn what_changes_is_told() {
        let config = Config::new();
        let changed = set(&config, &[("maxmemory", "100mb"), ("HZ", "10"), ("timeout", "5")]);
        assert_eq!(changed.unwrap(), ["maxmemory", "timeout"]);
        assert_eq!((config.maxmemory(), config.timeout()), (100 << 20, 5));
        assert_eq!(config.generation(), 1);
        assert_eq!(set(&config, &[("timeout", "5")]).unwrap(), [""; 0]);
        assert_eq!(config.generation(), 1);
        assert_eq!(set(&config, &[("tls-cert-file", "")]).unwrap(), ["tls-cert-file"]);
    }

    #[test]
    fn errors_are_redis_errors_and_change_nothing() {
        let config = Config::new();
        assert_eq!(
            set(&config, &[("timeout", "5"), ("nothing", "1")]),
            Err("Unknown option or number of arguments for CONFIG SET - 'nothing'".to_string())
        );
        assert_eq!(
            set(&config, &[("timeout", "5"), ("Databases", "3")]),
            refused("Databases", "can't set immutable config")
        );
        assert_eq!(
            set(&config, &[("timeout", "5"), ("TIMEOUT", "6")]),
            refused("TIMEOUT", "duplicate parameter")
        );
        assert_eq!(
            set(&config, &[("timeout", "5"), ("Slave-Priority", "x")]),
            refused("slave-priority", "argument couldn't be parsed into an integer")
        );
        assert_eq!(set(&config, &[("dir", "/")]), refused("dir", "can't set protected config"));
        assert_eq!(set(&config, &[("save", "900 1 ")]), refused("save", "Invalid save parameters"));
        assert_eq!((config.timeout(), config.generation()), (0, 0));
    }

    #[test]
    fn an_alias_is_another_directive_and_the_last_value_counts() {
        let config = Config::new();
        let changed = set(&config, &[("slave-priority", "3"), ("replica-priority", "4")]);
        assert_eq!(changed.unwrap(), ["replica-priority"]);
        assert_eq!(config.replica_priority(), 4);
    }

    #[test]
    fn protected_directives_depend_on_the_client() {
        let config = Config::new();
        config.force("enable-protected-configs", b"local").unwrap();
        let pairs = [("dbfilename", "other.rdb")];
        assert!(config.set_many(SetContext::default(), &pairs).is_err());
        let local = SetContext { local: true, ..SetContext::default() };
        config.set_many(local, &pairs).unwrap();
        assert_eq!(config.dbfilename(), "other.rdb");
    }

    #[test]
    fn some_directives_wait_until_loading_is_done() {
        let config = Config::new();
        let context = SetContext { loading: true, local: false };
        let result = config.set_many(context, &[("appendonly", "yes")]);
        assert!(matches!(result, Err(SetError::Loading)));
        assert!(config.set_many(context, &[("timeout", "1")]).is_ok());
    }

    #[test]
    fn a_failing_hook_brings_the_old_values_back() {
        let config = Config::new();
        let mut seen = Vec::new();
        let pairs = [("port", "7000"), ("timeout", "5")];
        let result = config.set_many_with(SetContext::default(), &pairs, |changed| {
            assert_eq!(changed.len(), 2);
            seen.push(config.port());
            let reason = "Unable to listen on this port. Check server logs.".to_string();
            Err(ApplyError { name: "port".to_string(), reason })
        });
        assert_eq!(
            result.unwrap_err().to_string(),
            "CONFIG SET failed (possibly related to argument 'port') - \
             Unable to listen on this port. Check server logs."
        );
        assert_eq!(seen, [7000, 6379]);
        assert_eq!((config.port(), config.timeout()), (6379, 0));
    }

    #[test]
    fn several_arguments_are_split_at_spaces() {
        let config = Config::new();
        let pairs = [
            ("save", ""),
            ("bind", "127.0.0.1 ::1"),
            ("client-output-buffer-limit", "replica 1mb 2mb 3 pubsub 0 0 0"),
            ("latency-tracking-info-percentiles", ""),
        ];
        assert_eq!(set(&config, &pairs).unwrap().len(), 4);
        assert_eq!(config.save().len(), 0);
        assert_eq!(config.bind().len(), 2);
        assert_eq!(config.latency_tracking_info_percentiles().len(), 0);
    }

    proptest! {
        #[test]
        fn arbitrary_values_never_panic_and_accepted_ones_are_shown_and_taken_again(
            row in 0..DIRECTIVES.len(),
            text in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..20),
                "[-0-9kmgb% ]{0,12}".prop_map(String::into_bytes),
            ],
        ) {
            let config = Config::new();
            let name = DIRECTIVES[row].name;
            prop_assume!(name != "dir");
            let pairs = [(name, text)];
            if config.set_many(SetContext::default(), &pairs).is_ok() {
                let shown = config.get_one(name).unwrap();
                config.set_many(SetContext::default(), &[(name, &shown)]).unwrap();
                prop_assert_eq!(config.get_one(name).unwrap(), shown);
            }
        }
    }
}
