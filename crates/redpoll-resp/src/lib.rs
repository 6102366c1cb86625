//! RESP2 and RESP3: requests parsed in place, replies encoded and decoded. No I/O.
