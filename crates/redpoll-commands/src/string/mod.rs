//! Strings.

group! {
    get: GET;
    getdel: GETDEL;
    set: SET;
}
