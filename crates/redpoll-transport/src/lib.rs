//! Listeners and byte streams: TCP and Unix sockets behind one type.
