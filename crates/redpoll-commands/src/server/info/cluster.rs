//! INFO's section `Cluster`: there is none.

use super::text::Text;
use crate::prelude::*;
use crate::server::survey::Survey;

pub(super) fn write(text: &mut Text, _ctx: &Ctx<'_>, _survey: &Survey) {
    text.zeros(&["cluster_enabled"]);
}
