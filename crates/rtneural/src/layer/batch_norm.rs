//! Batch normalisation by stored statistics.

use super::{LayerKind, check_size, check_values, no_activation, read_tensor, read_weights};
use crate::json::{Fields, Object, Tree};
use crate::program::Builder;
use crate::{Error, Problem};

/// y = gamma / sqrt(variance + epsilon) · (x - mean) + beta, for each value, or for each filter of a picture whose
/// index is feature · filters + filter.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm {
    /// Values that have statistics of their own.
    pub filters: usize,
    /// How often the filters repeat; `None` for "batchnorm", the number of features for "batchnorm2d".
    pub features: Option<usize>,
    /// `gamma[filters]` and `beta[filters]`, or nothing for 1 and 0.
    pub affine: Option<(Vec<f32>, Vec<f32>)>,
    /// `mean[filters]`.
    pub mean: Vec<f32>,
    /// `variance[filters]`, never negative.
    pub variance: Vec<f32>,
    /// Added to the variance.
    pub epsilon: f32,
}

impl BatchNorm {
    pub(super) fn read(fields: &Fields, inputs: usize) -> Result<Self, Error> {
        let size = super::activation::read_same_shape(fields, inputs)?;
        Self::read_filters(fields, size, None)
    }

    pub(super) fn read_2d(fields: &Fields, inputs: usize) -> Result<Self, Error> {
        let size = super::activation::read_same_shape(fields, inputs)?;
        let range = 1..fields.limits().layer_size.saturating_add(1);
        let filters = fields.integer("num_filters_in", range.clone())?;
        let features = fields.integer("num_features_in", range)?;
        if filters.checked_mul(features) != Some(size) {
            let expected = format!("{size} = num_filters_in x num_features_in");
            let found = format!("{filters} x {features}");
            return Err(fields.error("num_filters_in", Problem::unexpected(expected, found)));
        }
        Self::read_filters(fields, filters, Some(features))
    }

    fn read_filters(fields: &Fields, filters: usize, features: Option<usize>) -> Result<Self, Error> {
        no_activation(fields)?;
        let weights = read_weights(fields, &[4, 2], "[gamma, beta, mean, variance] or [mean, variance]")?;
        let read = |index| read_tensor(fields, &weights, index, &[filters]);
        let affine = if weights.len() == 4 { Some((read(0)?, read(1)?)) } else { None };
        let (mean, variance) = (read(weights.len() - 2)?, read(weights.len() - 1)?);
        let norm =
            BatchNorm { filters, features, affine, mean, variance, epsilon: fields.number("epsilon")? };
        let at = |field: &str| match field.strip_prefix("variance") {
            Some(rest) => format!("weights[{}]{rest}", weights.len() - 1),
            None => field.to_owned(),
        };
        norm.check().map_err(|(field, problem)| fields.error(at(&field), problem))?;
        Ok(norm)
    }

    /// gamma / sqrt(variance + epsilon) of the value at `index`.
    pub(crate) fn factor(&self, index: usize) -> f64 {
        let filter = index % self.filters;
        let gamma = self.affine.as_ref().map_or(1.0, |(gamma, _)| gamma[filter]);
        f64::from(gamma) / (f64::from(self.variance[filter]) + f64::from(self.epsilon)).sqrt()
    }

    /// The normalised value.
    pub(crate) fn apply(&self, index: usize, x: f64) -> f64 {
        let filter = index % self.filters;
        let beta = self.affine.as_ref().map_or(0.0, |(_, beta)| beta[filter]);
        self.factor(index) * (x - f64::from(self.mean[filter])) + f64::from(beta)
    }
}

impl LayerKind for BatchNorm {
    fn kind(&self) -> &'static str {
        if self.features.is_some() { "batchnorm2d" } else { "batchnorm" }
    }

    fn inputs(&self) -> usize {
        self.filters * self.features.unwrap_or(1)
    }

    fn outputs(&self) -> usize {
        self.inputs()
    }

    fn parameters(&self) -> usize {
        self.filters * if self.affine.is_some() { 4 } else { 2 }
    }

    fn state_values(&self) -> usize {
        0
    }

    fn check(&self) -> Result<(), (String, Problem)> {
        check_size("filters", self.filters)?;
        check_size("features", self.features.unwrap_or(1))?;
        if let Some((gamma, beta)) = &self.affine {
            check_values("gamma", gamma, &[self.filters])?;
            check_values("beta", beta, &[self.filters])?;
        }
        check_values("mean", &self.mean, &[self.filters])?;
        check_values("variance", &self.variance, &[self.filters])?;
        if !self.epsilon.is_finite() || self.epsilon < 0.0 {
            return Err(("epsilon".to_owned(), Problem::unexpected("a number of at least 0", self.epsilon)));
        }
        for (index, &variance) in self.variance.iter().enumerate() {
            if variance < 0.0 {
                return Err((format!("variance[{index}]"), Problem::unexpected("at least 0", variance)));
            }
            if !(self.factor(index) as f32).is_finite() {
                let expected = "variance + epsilon large enough to divide by its root";
                let found = format!("{variance} + {}", self.epsilon);
                return Err((format!("variance[{index}]"), Problem::unexpected(expected, found)));
            }
        }
        Ok(())
    }

    fn write(&self, entry: &mut Object) {
        match self.features {
            None => entry.shape(&[None, Some(self.filters)]),
            Some(features) => {
                entry.shape(&[None, None, Some(features), Some(self.filters)]);
                entry.integer("num_filters_in", self.filters);
                entry.integer("num_features_in", features);
            }
        }
        entry.number("epsilon", self.epsilon);
        let affine = self.affine.iter().flat_map(|(gamma, beta)| [gamma, beta]);
        let arrays = affine.chain([&self.mean, &self.variance]);
        entry.weights(arrays.map(|values| Tree::nested(values, &[self.filters])).collect());
    }

    fn build(&self, builder: &mut Builder) -> Result<(), Problem> {
        let beta = |index: usize| self.affine.as_ref().map_or(0.0, |(_, beta)| beta[index % self.filters]);
        builder.normalise(
            self.inputs(),
            &|index| self.factor(index) as f32,
            &|index| self.mean[index % self.filters],
            &beta,
        );
        Ok(())
    }
}
