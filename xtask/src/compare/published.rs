//! What has been published before: a run of some scenarios leaves the figures of the others.

use super::metrics::METRICS;
use serde_json::Value;
use std::collections::BTreeMap;

/// Samples of both sides by the figure's key.
pub type Samples = BTreeMap<&'static str, [Vec<f64>; 2]>;

/// Adds to `samples` those figures of a published text that are not there, if it is about the same
/// subject: other versions and other machines say nothing beside these. Figures that there are no
/// more are left out.
pub fn fill(samples: &mut Samples, subject: &str, text: &str) {
    let Ok(published) = serde_json::from_str::<Value>(text) else { return };
    if published["subject"].as_str() != Some(subject) {
        return;
    }
    for figure in published["figures"].as_array().into_iter().flatten() {
        let metric = METRICS.iter().find(|metric| figure["key"].as_str() == Some(metric.key));
        let Some(metric) = metric else { continue };
        let side = |name: &str| {
            let values = figure[name].as_array().into_iter().flatten();
            values.filter_map(Value::as_f64).collect::<Vec<_>>()
        };
        samples.entry(metric.key).or_insert_with(|| [side("redpoll"), side("redis")]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_measured_stays() {
        let text = r#"{"subject": "s", "figures": [
            {"key": "cpu.get.1", "redpoll": [1.0], "redis": [2.0]},
            {"key": "cpu.get.16", "redpoll": [3.0, 4.0], "redis": []},
            {"key": "gone", "redpoll": [3.0], "redis": [5.0]}]}"#;
        let mut samples = Samples::from([("cpu.get.1", [vec![9.0], vec![9.0]])]);
        fill(&mut samples, "another", text);
        assert_eq!(samples.len(), 1);
        fill(&mut samples, "s", text);
        assert_eq!(samples["cpu.get.1"], [vec![9.0], vec![9.0]]);
        assert_eq!(samples["cpu.get.16"], [vec![3.0, 4.0], vec![]]);
        assert_eq!(samples.len(), 2);
        fill(&mut samples, "s", "no JSON");
    }
}
