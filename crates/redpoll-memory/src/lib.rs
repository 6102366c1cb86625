//! The allocator and its accounting: how much memory the process uses, and where it lies.
