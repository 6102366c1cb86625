//! The pool: order, limits, and who ends.
