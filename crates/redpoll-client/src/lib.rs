//! A client for RESP servers, for the programs and tests of this workspace.
