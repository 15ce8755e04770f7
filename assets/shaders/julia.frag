// The Julia set of z^2 + c. The same formulas as crates/julia/src/cpu/{orbit,shade}.rs; the constants in capitals
// come from crates/julia/src/formula.rs and stand above this text, below the version line.

uniform vec2 u_origin;           // lower left corner of the picture in the framebuffer, pixels
uniform vec2 u_size;             // width and height of the picture, pixels
uniform vec2 u_c;                // parameter of z^2 + c
uniform vec2 u_centre;           // point of the z-plane in the middle
uniform vec2 u_step;             // step of the z-plane from one pixel to its right neighbour, complex
uniform float u_view_height;     // height of the picture in the z-plane
uniform int u_iterations;        // largest number of iterations
uniform vec3 u_capture;          // disc that ends an orbit: x, y, squared radius
uniform float u_glow;            // strength of the rim, 0 to 1
uniform vec3 u_light;            // direction of the light in the z-plane, and its height
uniform vec3 u_rim;              // the rim's colour, sRGB-coded
uniform int u_samples;           // samples per pixel and axis: 1 or 2
uniform sampler2D u_table;       // 256 x 2 colours, sRGB-coded: exterior below, interior above

out vec4 o_colour;

float rise(float from, float to, float v) {
    float t = clamp((v - from) / (to - from), 0.0, 1.0);
    return t * t * (3.0 - 2.0 * t);
}

// Triangle wave with rounded corners: 1 at whole numbers, -1 between them.
float wave(float phase) {
    float t = abs(phase - floor(phase + 0.5));
    float s = 1.0 - 4.0 * t;
    return s * (1.5 - 0.5 * s * s);
}

vec3 ramp(int row, float place) {
    float t = clamp(place, 0.0, 1.0) * 255.0;
    int k = min(int(t), 254);
    vec3 left = texelFetch(u_table, ivec2(k, row), 0).rgb;
    vec3 right = texelFetch(u_table, ivec2(k + 1, row), 0).rgb;
    return mix(left, right, t - float(k));
}

// One step of z^2 + c (xy) and of its derivative 2 z z' (zw).
vec4 advance(vec4 s) {
    return vec4(
        s.x * s.x - s.y * s.y + u_c.x,
        2.0 * s.x * s.y + u_c.y,
        2.0 * (s.x * s.z - s.y * s.w),
        2.0 * (s.x * s.w + s.y * s.z));
}

vec3 picture(vec2 pixel) {
    vec2 p = pixel - 0.5 * u_size;
    vec4 s = vec4(
        u_centre + vec2(p.x * u_step.x - p.y * u_step.y, p.x * u_step.y + p.y * u_step.x),
        1.0, 0.0);

    // Relief, trap and convergence over the first iterates.
    float count = 0.0;
    float relief = 0.0;
    float trap = 1e3;
    vec2 slope = vec2(0.0);
    float weight = 1.0;
    float fade_of_trap = 0.0;
    int n = 0;
    for (; n < RELIEF_STEPS && dot(s.xy, s.xy) <= ESCAPE_RADIUS_SQUARED; ++n) {
        weight *= RELIEF_DECAY;
        fade_of_trap += TRAP_FADE;
        s = advance(s);
        count += 1.0;
        float r2 = dot(s.xy, s.xy);
        float bump = max(1.0 - r2 * BUMP_CURVATURE, 0.0);
        relief += weight * bump * bump;
        slope += weight * bump * vec2(dot(s.xy, s.zw), s.y * s.z - s.x * s.w);
        trap = min(trap, min(abs(s.x), abs(s.y)) + fade_of_trap + r2 * TRAP_BLUR);
    }
    float spread = dot(s.zw, s.zw);

    // Escape, and distance from the boundary. Caught and boundary orbits are looked for every fourth step only.
    bool escaped = dot(s.xy, s.xy) > ESCAPE_RADIUS_SQUARED;
    for (; n < u_iterations && !escaped; ++n) {
        s = advance(s);
        count += 1.0;
        escaped = dot(s.xy, s.xy) > ESCAPE_RADIUS_SQUARED;
        if ((n & 3) == 3 && !escaped) {
            vec2 h = s.xy - u_capture.xy;
            if (dot(h, h) < u_capture.z || dot(s.zw, s.zw) > DERIVATIVE_LIMIT_SQUARED) {
                break;
            }
        }
    }

    float d2 = max(dot(s.zw, s.zw), 1e-20);
    float r2 = dot(s.xy, s.xy);
    bool outside = escaped || d2 > DERIVATIVE_LIMIT_SQUARED;
    float log_r2 = log2(max(r2, 1.001));
    float nu = escaped ? max(count - log2(log_r2 * 0.1), 0.0) : count;
    float reach = escaped ? log_r2 * sqrt(r2 / d2) * HALF_LN_2 / u_view_height : 0.0;
    float fade = outside ? 1.0 - rise(0.5 * float(u_iterations), float(u_iterations), nu) : 0.0;
    float rim = RIM_WIDTH / (RIM_WIDTH + reach);
    rim = fade * rim * rim;
    float halo = HALO_WIDTH / (HALO_WIDTH + reach);
    halo = fade * halo * halo;
    float blend = outside ? rise(BLEND_FROM, BLEND_TO, nu) * (1.0 - rim) : 1.0;

    // Colours.
    float exterior = nu / (nu + EXTERIOR_MIDDLE);
    float convergence = clamp(log2(clamp(spread, 1e-12, 1e12)) * CONVERGENCE_SCALE, -1.0, 1.0);
    float height = relief * RELIEF_SCALE;
    float interior = INTERIOR_START + height * HEIGHT_SHARE + convergence * CONVERGENCE_SHARE;
    vec3 base = mix(ramp(0, exterior), ramp(1, interior), blend);

    // Light: normals of the potential outside, of the relief inside.
    vec2 outer = vec2(dot(s.xy, s.zw), s.y * s.z - s.x * s.w);
    outer *= rise(0.0, 0.6, exterior) * (1.0 - rim) * OUTER_SLOPE / sqrt(max(dot(outer, outer), 1e-20));
    vec2 inner = slope * RELIEF_SLOPE;
    inner /= 1.0 + 0.5 * length(inner);
    vec2 tilt = mix(outer, inner, blend);
    float cosine = max((dot(tilt, u_light.xy) + u_light.z) / sqrt(dot(tilt, tilt) + 1.0), 0.0);

    float thread = TRAP_WIDTH / (TRAP_WIDTH + trap);
    float c2 = cosine * cosine;
    float strata = wave(interior * STRATA) * STRATA_STRENGTH * blend;
    float added = halo * 0.35 * u_glow + thread * thread * blend * THREAD_STRENGTH + c2 * c2 * c2 * HIGHLIGHT;
    vec3 colour = min(base * (AMBIENT + DIFFUSE * cosine + strata), 1.0);
    colour += (u_rim - colour) * rim * (RIM_REST + RIM_GLOW * u_glow);
    colour += u_rim * added * (1.0 - colour);
    return colour;
}

// Ordered dither (Bayer 8 x 8), 0 to 63.
float bayer(ivec2 at) {
    int x = at.x & 7;
    int y = at.y & 7;
    int value = 0;
    for (int bit = 0; bit < 3; ++bit) {
        int xb = (x >> bit) & 1;
        int yb = (y >> bit) & 1;
        value |= (((xb ^ yb) << 1) | yb) << (4 - 2 * bit);
    }
    return float(value);
}

void main() {
    vec2 corner = floor(gl_FragCoord.xy - u_origin);
    vec3 colour;
    if (u_samples > 1) {
        colour = 0.25 * (picture(corner + vec2(0.25, 0.25)) + picture(corner + vec2(0.75, 0.25))
            + picture(corner + vec2(0.25, 0.75)) + picture(corner + vec2(0.75, 0.75)));
    } else {
        colour = picture(corner + 0.5);
    }
    // Rows count from the top, as on the CPU.
    ivec2 at = ivec2(int(corner.x), int(u_size.y) - 1 - int(corner.y));
    float threshold = (bayer(at) + 0.5) / 64.0;
    o_colour = vec4(floor(clamp(colour, 0.0, 1.0) * 255.0 + threshold) / 255.0, 1.0);
}
