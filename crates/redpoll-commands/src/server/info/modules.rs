//! INFO's section `Modules`: there are none.

use super::text::Text;
use crate::prelude::*;
use crate::server::survey::Survey;

pub(super) fn write(_text: &mut Text, _ctx: &Ctx<'_>, _survey: &Survey) {}
