//! Tests of scripts and functions as clients see them.
