//! Songs that become files, and the files read back.

mod files;
mod frames;
mod song;
