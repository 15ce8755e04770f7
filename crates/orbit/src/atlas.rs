//! The atlas: the hyperbolic components of the Mandelbrot set that the orbit can live on.

use std::f64::consts::TAU;
use std::fmt;
use std::sync::LazyLock;

use nalgebra::Complex;

use crate::centres::centres;
use crate::multiplier::{conformal_radius, evaluate, evaluate_slope, series};

/// All components of periods up to this one are in the atlas.
pub const COMPLETE_PERIOD: u8 = 5;

/// Highest period of which the atlas holds the largest components.
pub const HIGHEST_PERIOD: u8 = 8;

/// Components of periods above [`COMPLETE_PERIOD`] are in the atlas from this radius on: it takes in the 1/6 bulbs of the
/// cardioid (0.0139).
pub const SMALLEST_HIGH_RADIUS: f64 = 0.0135;

/// Components smaller than this move the picture invisibly and are reached by lock only.
pub const AUTOMATIC_RADIUS: f64 = 0.015;

/// Which hyperbolic component: its period and its place among *all* centres of that exact period.
///
/// The order is fixed by mathematics and never changes: real part of the centre from right to left, a conjugate pair with
/// the upper one first. Period 3: 0 and 1 the rabbits (-0.12 +- 0.74i), 2 the airplane (-1.75). Above period 5 only some
/// indices exist in the atlas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ComponentId {
    /// Period of the attracting cycle, 1 ... 8.
    pub period: u8,
    /// Place among the centres of that period.
    pub index: u8,
}

impl ComponentId {
    /// The main cardioid.
    pub const CARDIOID: Self = Self { period: 1, index: 0 };
}

impl fmt::Display for ComponentId {
    /// `period.index`, as in `3.0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.period, self.index)
    }
}

/// Where a satellite component grows: at multiplier e^{2 pi i p/q} of its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bud {
    /// The component it touches.
    pub parent: ComponentId,
    /// Numerator of the internal angle.
    pub p: u8,
    /// Denominator: the ratio of the periods.
    pub q: u8,
}

/// One hyperbolic component and its map mu -> c(mu), |mu| <= 1.
#[derive(Clone, Debug)]
pub struct Component {
    id: ComponentId,
    centre: Complex<f64>,
    radius: f64,
    series: Vec<Complex<f64>>,
    /// Greatest |dc/dmu| on the closed disc (on its rim, by the maximum principle): what bounds the carrier's speed.
    slope: f64,
    /// Greatest |d unit(c(e^{i theta}) - centre) / d theta|: what bounds the turning of the outward direction.
    outward_turn: f64,
    bud: Option<Bud>,
    neighbours: Vec<ComponentId>,
    name: String,
}

impl Component {
    fn new(id: ComponentId, centre: Complex<f64>, series: Vec<Complex<f64>>) -> Self {
        let radius = series.get(1).map_or(0.0, |t| t.norm());
        let mut slope = 0.0f64;
        let mut outward_turn = 0.0f64;
        // The functions vary on the scale of the series' length; 1,024 points miss their maxima by less than the 2 %
        // that are added.
        for k in 0..1024 {
            let mu = Complex::from_polar(1.0, TAU * f64::from(k) / 1024.0);
            let by_mu = evaluate_slope(&series, mu);
            let ray = evaluate(&series, mu) - centre;
            slope = slope.max(by_mu.norm());
            // d arg(ray) / d theta = Im(i mu c' / ray)
            outward_turn = outward_turn.max((mu * by_mu / ray).re.abs());
        }
        Self {
            id,
            centre,
            radius,
            series,
            slope: slope * 1.02,
            outward_turn: outward_turn * 1.02,
            bud: None,
            neighbours: Vec::new(),
            name: String::new(),
        }
    }

    /// Which one it is.
    pub fn id(&self) -> ComponentId {
        self.id
    }

    /// The centre: c(0), where the cycle is superattracting.
    pub fn centre(&self) -> Complex<f64> {
        self.centre
    }

    /// R = |dc/dmu| at mu = 0: 0.5 for the cardioid, 0.25 for the period-2 disc.
    pub fn radius(&self) -> f64 {
        self.radius
    }

    /// The Taylor coefficients of c(mu), the centre first.
    pub fn series(&self) -> &[Complex<f64>] {
        &self.series
    }

    /// A bound of |dc/dmu| for |mu| <= 1.
    pub fn slope(&self) -> f64 {
        self.slope
    }

    /// A bound of the speed (radians per radian of theta) with which the outward direction of s > 1 turns.
    pub fn outward_turn(&self) -> f64 {
        self.outward_turn
    }

    /// A bound of |dc/dtheta| (theta in radians) at this s and every smaller one.
    pub fn angular_slope(&self, s: f64) -> f64 {
        self.slope * s.clamp(0.0, 1.0) + (s - 1.0).max(0.0) * self.radius * self.outward_turn
    }

    /// Where it grows, if it is a satellite of a component of the atlas.
    pub fn bud(&self) -> Option<Bud> {
        self.bud
    }

    /// The components of the atlas that it touches: its parent and its satellites.
    pub fn neighbours(&self) -> &[ComponentId] {
        &self.neighbours
    }

    /// A name for people, such as "1/3 bulb of the cardioid".
    pub fn name(&self) -> &str {
        &self.name
    }

    /// min(period, 5): how lively the component is taken to be when energy chooses it.
    pub fn gear(&self) -> u8 {
        self.id.period.min(COMPLETE_PERIOD)
    }

    /// c for multiplier s e^{i theta}, theta in radians, s >= 0.
    ///
    /// For s <= 1 the cycle of period [`ComponentId::period`] at c has exactly this multiplier. For s > 1 the point lies
    /// outward of the rim: c(e^{i theta}) + (s - 1) R unit(c(e^{i theta}) - centre), which is continuous everywhere, cusps
    /// included, but may lie in a satellite. Does not allocate.
    pub fn c(&self, s: f64, theta: f64) -> Complex<f64> {
        let rim = evaluate(&self.series, Complex::from_polar(s.min(1.0), theta));
        if s <= 1.0 {
            return rim;
        }
        let ray = rim - self.centre;
        rim + ray * ((s - 1.0) * self.radius / ray.norm())
    }

    /// |dc/dmu| at multiplier min(s, 1) e^{i theta}. Does not allocate.
    pub fn slope_at(&self, s: f64, theta: f64) -> f64 {
        evaluate_slope(&self.series, Complex::from_polar(s.clamp(0.0, 1.0), theta)).norm()
    }
}

/// All components of periods 1 to 5, and the largest of periods 6 to 8.
#[derive(Clone, Debug)]
pub struct Atlas {
    components: Vec<Component>,
    automatic: Vec<ComponentId>,
}

static SHARED: LazyLock<Atlas> = LazyLock::new(Atlas::compute);

impl Atlas {
    /// The one atlas of the process. The first call computes it (some tens of milliseconds) and allocates: make it before
    /// the audio starts; [`crate::Orbit::new`] does. Later calls cost nothing.
    pub fn shared() -> &'static Atlas {
        &SHARED
    }

    /// Computes an atlas of its own, for measuring how long that takes; everyone else shares one.
    pub fn compute() -> Self {
        let mut components: Vec<Component> = Vec::new();
        for period in 1..=HIGHEST_PERIOD {
            for (index, centre) in (0u8..).zip(centres(period)) {
                if period <= COMPLETE_PERIOD || conformal_radius(centre, period) >= SMALLEST_HIGH_RADIUS {
                    let id = ComponentId { period, index };
                    components.push(Component::new(id, centre, mirrored_or_new(&components, id, centre)));
                }
            }
        }
        let automatic = components.iter().filter(|c| c.radius >= AUTOMATIC_RADIUS).map(|c| c.id).collect();
        let mut atlas = Self { components, automatic };
        atlas.connect();
        atlas
    }

    /// Finds who touches whom, and names them.
    fn connect(&mut self) {
        let buds: Vec<Option<Bud>> = self.components.iter().map(|c| self.bud_of(c)).collect();
        for (i, bud) in buds.iter().enumerate() {
            let id = self.components[i].id;
            self.components[i].bud = *bud;
            if let Some(bud) = bud {
                self.components[i].neighbours.push(bud.parent);
                if let Some(parent) = self.components.iter_mut().find(|c| c.id == bud.parent) {
                    parent.neighbours.push(id);
                }
            }
        }
        // Parents have lower periods and stand earlier, so their names are ready.
        for i in 0..self.components.len() {
            let (id, centre) = (self.components[i].id, self.components[i].centre);
            let name = match (id.period, self.components[i].bud) {
                (1, _) => "cardioid".to_owned(),
                (2, _) => "period-2 disc".to_owned(),
                (_, Some(bud)) => {
                    let parent = self.get(bud.parent).map_or("", |p| p.name());
                    format!("{}/{} bulb of the {parent}", bud.p, bud.q)
                }
                (n, None) if centre.im == 0.0 => format!("period-{n} island at {:.3}", centre.re),
                (n, None) => format!("period-{n} island at {:.3}{:+.3}i", centre.re, centre.im),
            };
            self.components[i].name = name;
        }
    }

    /// The place where a component's root, c(1), lies on a component of a dividing period.
    fn bud_of(&self, component: &Component) -> Option<Bud> {
        let period = component.id.period;
        let root = component.c(1.0, 0.0);
        for parent in self.components.iter().filter(|c| c.id.period < period) {
            if !period.is_multiple_of(parent.id.period) {
                continue;
            }
            let q = period / parent.id.period;
            for p in 1..q {
                let place = parent.c(1.0, TAU * f64::from(p) / f64::from(q));
                if (place - root).norm() < 1e-7 {
                    return Some(Bud { parent: parent.id, p, q });
                }
            }
        }
        None
    }

    /// The component with this id, if the atlas holds it. Does not allocate.
    pub fn get(&self, id: ComponentId) -> Option<&Component> {
        self.components.iter().find(|c| c.id == id)
    }

    /// All components, by period and index.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Component> {
        self.components.iter()
    }

    /// The ids of those that are chosen automatically: radius at least [`AUTOMATIC_RADIUS`], by period and index.
    pub fn automatic(&self) -> &[ComponentId] {
        &self.automatic
    }

    /// The main cardioid.
    pub fn cardioid(&self) -> &Component {
        // It is the only component of period 1, so it is the first that `compute` makes.
        &self.components[0]
    }
}

/// The series of a component: that of its mirror image, conjugated, if that is the last one made; else computed.
fn mirrored_or_new(made: &[Component], id: ComponentId, centre: Complex<f64>) -> Vec<Complex<f64>> {
    let mirror = made.last().filter(|other| {
        centre.im < 0.0 && other.id.period == id.period && (other.centre.conj() - centre).norm() < 1e-12
    });
    let Some(mirror) = mirror else { return series(centre, id.period) };
    let mut terms: Vec<Complex<f64>> = mirror.series.iter().map(|term| term.conj()).collect();
    terms[0] = centre;
    terms
}
