//! The users that the server starts with: those of redis.conf, or those of the ACL file.

use redpoll_engine::Engine;

/// Loads them. The error is for the log; the server must not start then, as it would be open to
/// those it should be closed to.
pub fn load(engine: &Engine) -> Result<(), String> {
    let config = &engine.config;
    let (lines, file) = (&config.extras().users, config.aclfile());
    if !file.is_empty() && !lines.is_empty() {
        return Err(
            "There are users in the configuration file and an aclfile: which of them hold \
                    cannot be known. Please define users in one of the two places only."
                .to_owned(),
        );
    }
    if let Err(error) = engine.configure_users(lines) {
        eprintln!("{error}");
        return Err("Critical error while loading ACLs. Exiting.".to_owned());
    }
    if !file.is_empty() {
        let name = file.to_str_lossy();
        let text = config.read_acl_file();
        let text = text.map_err(|e| abort(&format!("opening file '{name}': {e}")))?;
        engine.load_users(None, &text, &name).map_err(|errors| abort(&errors))?;
    }
    for user in engine.users.all().iter().filter(|user| !user.enabled) {
        log::info!(
            "The user '{}' is disabled (there is no 'on' modifier in the user description). Make \
             sure this is not a configuration error.",
            user.display_name()
        );
    }
    Ok(())
}

fn abort(errors: &str) -> String {
    format!("Aborting Redpoll startup because of ACL errors: {errors}")
}
