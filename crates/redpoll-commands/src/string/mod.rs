//! Strings.

use crate::group;

group! {
    get: GET;
    getdel: GETDEL;
    set: SET;
}
