//! Trains the six models: data sets, losses, training loops, exports.

pub mod config;
pub mod corpus;
pub mod data;
pub mod evaluate;
pub mod export;
pub mod fit;
pub mod history;
pub mod music;
pub mod nets;
pub mod orbit;
pub mod random;
pub mod session;
pub mod statistics;
pub mod tasks;
