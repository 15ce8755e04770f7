//! Convolution over time and features.

use super::{LayerKind, check_size, check_values, read_activation, read_tensor, read_weights};
use crate::json::{Fields, Object, Tree};
use crate::program::{Builder, Patch};
use crate::{Activation, Error, Problem};

/// What stands beside the first and last feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// Nothing: the kernel stays inside.
    Valid,
    /// Zeros, so that there are ceil(features / stride) results.
    Same,
}

/// Convolution over time (causal, zeros before the first call) and features. A value's index is
/// feature · filters + filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Conv2d {
    /// Filters in.
    pub filters_in: usize,
    /// Features in.
    pub features_in: usize,
    /// Filters out.
    pub filters_out: usize,
    /// Kt, taps in time.
    pub kernel_size_time: usize,
    /// Kf, taps over features.
    pub kernel_size_feature: usize,
    /// Time steps between two taps.
    pub dilation: usize,
    /// Features between two results.
    pub stride: usize,
    /// What stands beside the features.
    pub padding: Padding,
    /// `W[Kt][Kf][filters_in][filters_out]`; the last tap in time meets the newest sample.
    pub kernel: Vec<f32>,
    /// `b[filters_out]`.
    pub bias: Vec<f32>,
    /// Applied to the result.
    pub activation: Option<Activation>,
}

impl Conv2d {
    /// Features out: ceil((features - Kf + 1) / stride) for valid padding, ceil(features / stride) for same.
    pub fn features_out(&self) -> usize {
        match self.padding {
            Padding::Valid => {
                (self.features_in + 1).saturating_sub(self.kernel_size_feature).div_ceil(self.stride.max(1))
            }
            Padding::Same => self.features_in.div_ceil(self.stride.max(1)),
        }
    }

    /// Zeros before the first feature.
    fn left(&self) -> usize {
        match self.padding {
            Padding::Valid => 0,
            Padding::Same => {
                let rest = self.features_in % self.stride;
                let step = if rest == 0 { self.stride } else { rest };
                self.kernel_size_feature.saturating_sub(step) / 2
            }
        }
    }

    pub(super) fn read(fields: &Fields, inputs: usize) -> Result<Self, Error> {
        let size = fields.shape("shape")?;
        let integer = |name| fields.integer(name, 1..fields.limits().layer_size.saturating_add(1));
        let (filters_in, features_in) = (integer("num_filters_in")?, integer("num_features_in")?);
        let filters_out = integer("num_filters_out")?;
        let (kernel_size_time, kernel_size_feature) =
            (integer("kernel_size_time")?, integer("kernel_size_feature")?);
        if filters_in.checked_mul(features_in) != Some(inputs) {
            let expected =
                format!("num_filters_in x num_features_in = {inputs}, the size of the layer before");
            let found = format!("{filters_in} x {features_in}");
            return Err(fields.error("num_features_in", Problem::unexpected(expected, found)));
        }
        let expected = "\"valid\" or \"same\"";
        fields.required("padding", expected)?;
        let padding = match fields.text("padding")?.as_deref() {
            Some("valid") => Padding::Valid,
            Some(_) => Padding::Same,
            None => return Err(fields.error("padding", Problem::unexpected(expected, "null"))),
        };
        let mut layer = Conv2d {
            filters_in,
            features_in,
            filters_out,
            kernel_size_time,
            kernel_size_feature,
            dilation: integer("dilation")?,
            stride: integer("strides")?,
            padding,
            kernel: Vec::new(),
            bias: Vec::new(),
            activation: read_activation(fields)?,
        };
        layer.check_sizes().map_err(|(field, problem)| fields.error(field, problem))?;
        if layer.features_out().checked_mul(filters_out) != Some(size) {
            let expected = format!("{} features x {filters_out} filters", layer.features_out());
            return Err(fields.error("shape", Problem::unexpected(expected, size)));
        }
        let weights = read_weights(fields, &[2], "[W, b]")?;
        let sizes = [kernel_size_time, kernel_size_feature, filters_in, filters_out];
        layer.kernel = read_tensor(fields, &weights, 0, &sizes)?;
        layer.bias = read_tensor(fields, &weights, 1, &[filters_out])?;
        Ok(layer)
    }

    fn check_sizes(&self) -> Result<(), (String, Problem)> {
        for (field, size) in [
            ("num_filters_in", self.filters_in),
            ("num_features_in", self.features_in),
            ("num_filters_out", self.filters_out),
            ("kernel_size_time", self.kernel_size_time),
            ("kernel_size_feature", self.kernel_size_feature),
            ("dilation", self.dilation),
            ("strides", self.stride),
        ] {
            check_size(field, size)?;
        }
        if self.padding == Padding::Valid && self.kernel_size_feature > self.features_in {
            let expected = format!("at most num_features_in = {} with valid padding", self.features_in);
            let problem = Problem::unexpected(expected, self.kernel_size_feature);
            return Err(("kernel_size_feature".to_owned(), problem));
        }
        Ok(())
    }
}

impl LayerKind for Conv2d {
    fn kind(&self) -> &'static str {
        "conv2d"
    }

    fn inputs(&self) -> usize {
        self.filters_in.saturating_mul(self.features_in)
    }

    fn outputs(&self) -> usize {
        self.filters_out.saturating_mul(self.features_out())
    }

    fn parameters(&self) -> usize {
        self.kernel.len() + self.bias.len()
    }

    fn state_values(&self) -> usize {
        let history =
            (self.kernel_size_time.saturating_sub(1)).saturating_mul(self.dilation).saturating_add(1);
        let patch =
            self.kernel_size_time.saturating_mul(self.kernel_size_feature).saturating_mul(self.filters_in);
        // Each feature has steps of its own, of about as many bytes.
        let steps = self.features_out().saturating_mul(64);
        let values = history.saturating_mul(self.inputs()).saturating_add(patch);
        values.saturating_add(self.outputs()).saturating_add(steps)
    }

    fn check(&self) -> Result<(), (String, Problem)> {
        self.check_sizes()?;
        let sizes = [self.kernel_size_time, self.kernel_size_feature, self.filters_in, self.filters_out];
        check_values("kernel", &self.kernel, &sizes)?;
        check_values("bias", &self.bias, &[self.filters_out])
    }

    fn write(&self, entry: &mut Object) {
        entry.activation(self.activation);
        entry.shape(&[None, None, Some(self.features_out()), Some(self.filters_out)]);
        entry.integer("kernel_size_time", self.kernel_size_time);
        entry.integer("kernel_size_feature", self.kernel_size_feature);
        entry.integer("dilation", self.dilation);
        entry.integer("strides", self.stride);
        entry.integer("num_filters_in", self.filters_in);
        entry.integer("num_features_in", self.features_in);
        entry.integer("num_filters_out", self.filters_out);
        entry.text(
            "padding",
            match self.padding {
                Padding::Valid => "valid",
                Padding::Same => "same",
            },
        );
        let sizes = [self.kernel_size_time, self.kernel_size_feature, self.filters_in, self.filters_out];
        entry
            .weights(vec![Tree::nested(&self.kernel, &sizes), Tree::nested(&self.bias, &[self.filters_out])]);
    }

    fn build(&self, builder: &mut Builder) -> Result<(), Problem> {
        let source = builder.current().part(0, self.inputs());
        let ring = builder.ring((self.kernel_size_time - 1) * self.dilation + 1, self.inputs());
        builder.remember(source, ring);
        let rows = self.kernel_size_time * self.kernel_size_feature * self.filters_in;
        let patch = builder.region(rows);
        let target = builder.region(self.outputs());
        let weight = |row: usize, filter: usize| self.kernel[row * self.filters_out + filter];
        let matrix = builder.matrix(rows, self.filters_out, &weight, &|filter| self.bias[filter])?;
        for feature in 0..self.features_out() {
            builder.patch(Patch {
                ring,
                taps: self.kernel_size_time,
                dilation: self.dilation,
                width: self.kernel_size_feature,
                filters: self.filters_in,
                features: self.features_in,
                first: (feature * self.stride) as isize - self.left() as isize,
                target: patch,
            });
            let place = target.part(feature * self.filters_out, self.filters_out);
            builder.product(patch, matrix, place);
        }
        builder.set_current(target);
        builder.activation(self.activation);
        Ok(())
    }
}
