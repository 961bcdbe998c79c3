//! From nothing to ten times the upper level of every nutrient that the athlete takes.

use std::collections::BTreeMap;
use std::path::Path;

use myoflux::model::InputKind;

use crate::{load, scenario};
