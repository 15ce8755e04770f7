//! The studio over real sockets, as browsers and scripts meet it.

mod client;
mod listening;
mod load;
mod models;
mod pages;
mod safety;
mod sounds;
mod training;
