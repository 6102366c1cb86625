//! Every command: its metadata and its function side by side, one folder a group.
