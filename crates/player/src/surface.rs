//! A window with an OpenGL context, and the painter in it.

use std::ffi::CStr;
use std::num::NonZeroU32;

use anyhow::{Context, Result, anyhow};
use dendrite_julia::Scene;
use dendrite_julia::cpu::Antialias;
use dendrite_julia::gl::GlPainter;
use glutin::config::{Config, ConfigTemplateBuilder};
use glutin::context::{ContextApi, ContextAttributesBuilder, GlProfile, PossiblyCurrentContext, Version};
use glutin::display::GetGlDisplay;
use glutin::prelude::*;
use glutin::surface::{Surface as Canvas, SurfaceAttributesBuilder, SwapInterval, WindowSurface};
use glutin_winit::{ApiPreference, DisplayBuilder, GlWindow};
use winit::dpi::PhysicalSize;
use winit::event_loop::ActiveEventLoop;
use winit::monitor::MonitorHandle;
use winit::raw_window_handle::HasWindowHandle;
use winit::window::{Fullscreen, Window, WindowAttributes};

/// Where the window is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Where the window manager wants it.
    Window,
    /// Over the whole of the screen it is on.
    Fullscreen,
    /// Over the whole of a display, 1 for the first.
    Display(u8),
}

/// A window that shows scenes.
pub struct Surface {
    // Dropped in this order: what is drawn with before what is drawn on.
    painter: Option<GlPainter>,
    gl: glow::Context,
    surface: Canvas<WindowSurface>,
    context: PossiblyCurrentContext,
    window: Window,
}

impl Surface {
    /// Opens the window and makes the painter.
    ///
    /// # Errors
    /// There is no such display, or no OpenGL 3.2 or OpenGL ES 3.
    pub fn open(
        events: &ActiveEventLoop,
        title: &str,
        [width, height]: [u32; 2],
        place: Place,
    ) -> Result<Self> {
        let attributes =
            Window::default_attributes().with_title(title).with_inner_size(PhysicalSize::new(width, height));
        let attributes = placed(events, attributes, place)?;
        let builder = DisplayBuilder::new()
            .with_preference(ApiPreference::PreferEgl)
            .with_window_attributes(Some(attributes));
        // The display's first choice; more samples per pixel would smooth nothing here, where one triangle fills everything.
        let (window, config) = builder
            .build(events, ConfigTemplateBuilder::new(), |configs| {
                let best = configs.min_by_key(|config| config.num_samples());
                best.expect("displays give at least one configuration, or an error")
            })
            .map_err(|error| anyhow!("OpenGL cannot be used here: {error}"))?;
        let window = window.context("the window system gave no window")?;
        let context = context(&window, &config)?;
        let attributes = window
            .build_surface_attributes(SurfaceAttributesBuilder::<WindowSurface>::new())
            .context("the window cannot be drawn on")?;
        let display = config.display();
        // SAFETY: the window of the attributes lives as long as the surface, which is dropped before it (glutin, create_window_surface).
        let surface = unsafe { display.create_window_surface(&config, &attributes) }
            .context("the window cannot be drawn on")?;
        let context = context.make_current(&surface).context("OpenGL cannot be used in the window")?;
        // Where pictures cannot wait for the screen, the player paces them.
        let _ = surface.set_swap_interval(&context, SwapInterval::Wait(NonZeroU32::MIN));
        let load = |name: &CStr| display.get_proc_address(name);
        // SAFETY: the context is current, and the functions are those of its display (glow, from_loader_function_cstr).
        let gl = unsafe { glow::Context::from_loader_function_cstr(load) };
        let painter = GlPainter::new(&gl)?;
        Ok(Self { painter: Some(painter), gl, surface, context, window })
    }

    /// The window.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// Its size in pixels.
    pub fn size(&self) -> [u32; 2] {
        self.window.inner_size().into()
    }

    /// Takes the window's new size.
    pub fn resized(&self) {
        self.window.resize_surface(&self.surface, &self.context);
    }

    /// Shows a scene.
    ///
    /// # Errors
    /// The window has gone.
    pub fn show(&mut self, scene: &Scene) -> Result<()> {
        let size = self.size();
        if let Some(painter) = &mut self.painter {
            painter.paint(&self.gl, scene, [0, 0], size, Antialias::None);
        }
        self.window.pre_present_notify();
        self.surface.swap_buffers(&self.context).context("the picture cannot be shown")
    }

    /// Goes over the whole screen, or back.
    pub fn toggle_fullscreen(&self) {
        let fullscreen = self.window.fullscreen().is_none();
        self.window.set_fullscreen(fullscreen.then_some(Fullscreen::Borderless(None)));
        self.window.set_cursor_visible(!fullscreen);
    }

    /// Seconds between two pictures of the display that it is on.
    pub fn interval_s(&self) -> f64 {
        let rate = self.window.current_monitor().and_then(|monitor| monitor.refresh_rate_millihertz());
        1_000.0 / f64::from(rate.unwrap_or(60_000).clamp(24_000, 500_000))
    }
}

impl Drop for Surface {
    fn drop(&mut self) {
        if let Some(painter) = self.painter.take() {
            painter.destroy(&self.gl);
        }
    }
}

/// The attributes of a window at a place.
fn placed(events: &ActiveEventLoop, attributes: WindowAttributes, place: Place) -> Result<WindowAttributes> {
    Ok(match place {
        Place::Window => attributes,
        Place::Fullscreen => attributes.with_fullscreen(Some(Fullscreen::Borderless(None))),
        Place::Display(number) => {
            let displays: Vec<MonitorHandle> = events.available_monitors().collect();
            let display = displays.get(usize::from(number) - 1).with_context(|| {
                let name = |(place, display): (usize, &MonitorHandle)| {
                    let size = display.size();
                    let name = display.name().unwrap_or_default();
                    format!("\n  {}  {name} {}x{}", place + 1, size.width, size.height)
                };
                let list: String = displays.iter().enumerate().map(name).collect();
                format!("there is no display {number}; there are:{list}")
            })?;
            // Place and size too, for where no window manager makes it fill the screen.
            attributes
                .with_decorations(false)
                .with_position(display.position())
                .with_inner_size(display.size())
                .with_fullscreen(Some(Fullscreen::Borderless(Some(display.clone()))))
        }
    })
}

/// A context for the shader: OpenGL 3.2, else OpenGL ES 3.
fn context(window: &Window, config: &Config) -> Result<glutin::context::NotCurrentContext> {
    let handle = window.window_handle().context("the window has gone")?.as_raw();
    let core = ContextAttributesBuilder::new()
        .with_profile(GlProfile::Core)
        .with_context_api(ContextApi::OpenGl(Some(Version::new(3, 2))))
        .build(Some(handle));
    let embedded = ContextAttributesBuilder::new()
        .with_context_api(ContextApi::Gles(Some(Version::new(3, 0))))
        .build(Some(handle));
    let display = config.display();
    // SAFETY: the handle is that of the window, which outlives the context (glutin, create_context).
    let context = unsafe {
        display.create_context(config, &core).or_else(|_| display.create_context(config, &embedded))
    };
    context.context("there is no OpenGL 3.2 and no OpenGL ES 3 here")
}
