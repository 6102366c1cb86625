//! Transactions: commands that run as one, unless a watched key has changed.

group! {
    discard: DISCARD;
    exec: EXEC;
    multi: MULTI;
    unwatch: UNWATCH;
    watch: WATCH;
}
