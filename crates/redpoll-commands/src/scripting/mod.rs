//! Scripts and functions.
//!
//! `redpoll_script` runs Lua and knows no keys; `redpoll_engine::script` runs the commands that a
//! script calls. Here the two meet: [`run`] runs a script on behalf of a command, [`state`] keeps
//! what a thread has compiled.

group! {
    eval: EVAL, EVAL_RO, EVALSHA, EVALSHA_RO;
    fcall: FCALL, FCALL_RO;
    function: FUNCTION;
    script: SCRIPT;
}

mod call;
mod run;
mod state;

#[cfg(test)]
mod tests;
