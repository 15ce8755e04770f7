//! The order of gates and of rows in the weights of recurrent layers: RTNeural's and ONNX's.
//!
//! RTNeural keeps `[rows][gates * units]`, ONNX keeps `[gates * units][rows]` with the gates of an LSTM in another order.
//! A bias is a single row.

/// For the gates of ONNX's LSTM (i, o, f, c) their places in RTNeural's (i, f, c, o).
pub(super) const LSTM: [usize; 4] = [0, 3, 1, 2];
/// Both have the gates of a GRU as z, r, h.
pub(super) const GRU: [usize; 3] = [0, 1, 2];

/// From RTNeural's order to ONNX's.
pub(super) fn to_onnx(values: &[f32], rows: usize, order: &[usize]) -> Vec<f32> {
    let columns = values.len() / rows;
    let units = columns / order.len();
    let column = |gate: &usize| gate * units..(gate + 1) * units;
    let columns_in_order = order.iter().flat_map(column);
    columns_in_order.flat_map(|column| (0..rows).map(move |row| values[row * columns + column])).collect()
}

/// From ONNX's order to RTNeural's: the inverse of [`to_onnx`].
pub(super) fn from_onnx(values: &[f32], rows: usize, order: &[usize]) -> Vec<f32> {
    let columns = values.len() / rows;
    let units = columns / order.len();
    let mut result = vec![0.0; values.len()];
    for (place, &gate) in order.iter().enumerate() {
        for unit in 0..units {
            for row in 0..rows {
                result[row * columns + gate * units + unit] = values[(place * units + unit) * rows + row];
            }
        }
    }
    result
}
