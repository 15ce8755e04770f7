//! Times in a song as people write them.

/// The seconds of a time such as `83.5`, `1:23.5` or `1:02:03`; `None` if it is none.
pub fn seconds(text: &str) -> Option<f64> {
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() > 3 {
        return None;
    }
    let mut seconds = 0.0;
    for (place, part) in parts.iter().enumerate() {
        let value: f64 = part.parse().ok()?;
        let sixties = place == 0 || value < 60.0;
        if !value.is_finite() || value < 0.0 || !sixties || part.starts_with(['+', '-']) {
            return None;
        }
        seconds = seconds * 60.0 + value;
    }
    Some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, time_s) in
            [("0", 0.0), ("83.5", 83.5), ("1:23.5", 83.5), ("1:02:03", 3_723.0), ("90:00", 5_400.0)]
        {
            assert_eq!(seconds(text), Some(time_s), "{text}");
        }
        for text in ["", "-1", "1:60", "a", "1:2:3:4", "inf", "nan", "1:-2"] {
            assert!(seconds(text).is_none(), "{text}");
        }
    }
}
