//! Gives the shared library the name under which programs look for it when they start: with the
//! number that changes when a program has to be built anew.

#![forbid(unsafe_code)]

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libredpoll.so.0");
}
