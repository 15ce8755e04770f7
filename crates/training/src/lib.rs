//! Trains the six models: data sets, losses, training loops, exports.
