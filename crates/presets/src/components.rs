//! The frozen list behind the parameter "component lock": hosts and presets store its values as numbers.

use dendrite_orbit::ComponentId;

/// The choices after "Automatic", by parameter value from 1 on: period, index and name of each component. Entries are only
/// ever appended, because projects hold their positions.
pub const COMPONENTS: [(u8, u8, &str); 40] = [
    (1, 0, "cardioid"),
    (2, 0, "period-2 disc"),
    (3, 0, "1/3 bulb of the cardioid"),
    (3, 1, "2/3 bulb of the cardioid"),
    (3, 2, "period-3 island at -1.755"),
    (4, 0, "1/4 bulb of the cardioid"),
    (4, 1, "3/4 bulb of the cardioid"),
    (4, 2, "period-4 island at -0.157+1.032i"),
    (4, 3, "period-4 island at -0.157-1.032i"),
    (4, 4, "1/2 bulb of the period-2 disc"),
    (4, 5, "period-4 island at -1.941"),
    (5, 0, "1/5 bulb of the cardioid"),
    (5, 1, "4/5 bulb of the cardioid"),
    (5, 2, "period-5 island at 0.359+0.643i"),
    (5, 3, "period-5 island at 0.359-0.643i"),
    (5, 4, "period-5 island at -0.044+0.987i"),
    (5, 5, "period-5 island at -0.044-0.987i"),
    (5, 6, "period-5 island at -0.198+1.100i"),
    (5, 7, "period-5 island at -0.198-1.100i"),
    (5, 8, "2/5 bulb of the cardioid"),
    (5, 9, "3/5 bulb of the cardioid"),
    (5, 10, "period-5 island at -1.256+0.380i"),
    (5, 11, "period-5 island at -1.256-0.380i"),
    (5, 12, "period-5 island at -1.625"),
    (5, 13, "period-5 island at -1.861"),
    (5, 14, "period-5 island at -1.985"),
    (6, 4, "1/6 bulb of the cardioid"),
    (6, 5, "5/6 bulb of the cardioid"),
    (6, 10, "1/2 bulb of the 1/3 bulb of the cardioid"),
    (6, 11, "1/2 bulb of the 2/3 bulb of the cardioid"),
    (6, 18, "1/3 bulb of the period-2 disc"),
    (6, 19, "2/3 bulb of the period-2 disc"),
    (7, 16, "2/7 bulb of the cardioid"),
    (7, 17, "5/7 bulb of the cardioid"),
    (7, 38, "3/7 bulb of the cardioid"),
    (7, 39, "4/7 bulb of the cardioid"),
    (8, 68, "3/8 bulb of the cardioid"),
    (8, 69, "5/8 bulb of the cardioid"),
    (8, 80, "1/4 bulb of the period-2 disc"),
    (8, 81, "3/4 bulb of the period-2 disc"),
];

/// What the parameter shows at 0.
pub const AUTOMATIC: &str = "Automatic";

/// The component for a parameter value; `None` for automatic choice, and for numbers outside the list.
pub fn component(value: i32) -> Option<ComponentId> {
    let entry = usize::try_from(value).ok()?.checked_sub(1)?;
    COMPONENTS.get(entry).map(|&(period, index, _)| ComponentId { period, index })
}

/// The name for a parameter value.
pub fn name(value: i32) -> &'static str {
    usize::try_from(value)
        .ok()
        .and_then(|value| value.checked_sub(1))
        .and_then(|entry| COMPONENTS.get(entry))
        .map_or(AUTOMATIC, |&(_, _, name)| name)
}

/// The parameter value for a name, in any case.
pub fn value(text: &str) -> Option<i32> {
    let text = text.trim();
    if text.eq_ignore_ascii_case(AUTOMATIC) {
        return Some(0);
    }
    let entry = COMPONENTS.iter().position(|(_, _, name)| name.eq_ignore_ascii_case(text))?;
    i32::try_from(entry + 1).ok()
}

/// The parameter value of a component; 0 if it is not in the list.
pub fn number(id: ComponentId) -> i32 {
    let entry = COMPONENTS.iter().position(|&(period, index, _)| (period, index) == (id.period, id.index));
    entry.and_then(|entry| i32::try_from(entry + 1).ok()).unwrap_or(0)
}

/// The name of a component of the atlas, for the status line.
pub fn name_of(id: ComponentId) -> &'static str {
    COMPONENTS
        .iter()
        .find(|&&(period, index, _)| (period, index) == (id.period, id.index))
        .map_or("unnamed component", |&(_, _, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dendrite_orbit::Atlas;

    #[test]
    fn every_entry_is_in_the_atlas_and_every_component_of_the_atlas_is_an_entry() {
        let atlas: Vec<_> = Atlas::shared().iter().map(|c| (c.id(), c.name().to_owned())).collect();
        for value in 1..=COMPONENTS.len() as i32 {
            let id = component(value).expect("in the list");
            assert!(atlas.contains(&(id, name(value).to_owned())), "{id} {}", name(value));
            assert_eq!(number(id), value);
        }
        assert_eq!(atlas.len(), COMPONENTS.len());
    }

    #[test]
    fn names_are_unique_and_lead_back() {
        for number in 0..=COMPONENTS.len() as i32 {
            assert_eq!(value(name(number)), Some(number));
        }
        assert_eq!(value("no such place"), None);
        assert_eq!(component(0), None);
        assert_eq!(component(-1), None);
        assert_eq!(component(1000), None);
    }
}
