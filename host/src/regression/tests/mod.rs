//! Tests of the regression module against plain elimination.

mod blocks;
mod failures;
mod inputs;
mod methods;
mod oracle;
mod rows;
mod scores;
mod solves;
mod spectrum;
mod speed;
