// Draws what the studio says, with the plug-in's shader. Pictures come 47 times a second and are drawn at the screen's rate in
// between: all numbers on the way from one to the next, never beyond, so that the flash limiter's choice stands.

const NUMBERS = 18;
const RAMP = 256;
const KEPT = 16;
const LATE_MS = 26; // a frame this long on average: too many pixels
const EARLY_MS = 18;
const LEAST_SCALE = 0.45;

export class Picture {
  constructor(canvas) {
    this.canvas = canvas;
    this.track = []; // of { number, values }, in order
    this.playhead = 0;
    this.gap_ms = 21.3;
    this.arrived = 0;
    this.drawn = 0;
    this.scale = Math.min(window.devicePixelRatio, 2);
    this.frame_ms = 16;
    this.frames = 0;
    this.table = new Float32Array(RAMP * 2 * 4).fill(1);
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => this.build());
  }

  async start() {
    const text = async (name) => (await fetch(`/api/shader/${name}`)).text();
    this.sources = await Promise.all([text("julia.vert"), text("julia.frag")]);
    this.build();
    requestAnimationFrame((now) => this.draw(now));
  }

  build() {
    const gl = this.canvas.getContext("webgl2", { antialias: false, depth: false, alpha: false, powerPreference: "high-performance" });
    if (!gl) throw new Error("This browser has no WebGL2, so nothing can be drawn.");
    const program = gl.createProgram();
    [gl.VERTEX_SHADER, gl.FRAGMENT_SHADER].forEach((kind, n) => {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, this.sources[n]);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    });
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
      if (gl.isContextLost()) return;
      const logs = gl.getAttachedShaders(program).map((shader) => gl.getShaderInfoLog(shader));
      throw new Error(`The shader does not compile here: ${[gl.getProgramInfoLog(program), ...logs].join(" ")}`);
    }
    gl.useProgram(program);
    gl.bindVertexArray(gl.createVertexArray());
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
    for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE);
    this.gl = gl;
    this.at = new Proxy({}, { get: (known, name) => (known[name] ??= gl.getUniformLocation(program, `u_${name}`)) });
    this.fresh = true;
  }

  // A picture as the studio sends it.
  push(buffer) {
    const view = new DataView(buffer);
    const number = view.getUint32(0, true);
    const values = Array.from({ length: NUMBERS }, (_, n) => view.getFloat32(4 + 4 * n, true));
    const newest = this.track.at(-1);
    if (newest && number !== newest.number + 1) this.track = [];
    if (!this.track.length) this.playhead = number;
    const table = buffer.byteLength > 4 + 4 * NUMBERS ? new Uint16Array(buffer.slice(4 + 4 * NUMBERS)) : null;
    this.track.push({ number, values, table });
    if (this.track.length > KEPT) this.take(this.track.shift());
    const now = performance.now();
    const gap = Math.min(now - this.arrived, 100);
    this.gap_ms += 0.05 * (gap - this.gap_ms);
    this.arrived = now;
  }

  // The colours of a picture that is being shown, or is past.
  take(entry) {
    if (!entry.table) return;
    entry.table.forEach((value, n) => (this.table[Math.floor(n / 3) * 4 + (n % 3)] = value / 65535));
    entry.table = null;
    this.fresh = true;
  }

  // The numbers to show now: between two pictures, one and a half behind the newest.
  values(elapsed_ms) {
    const newest = this.track.at(-1);
    if (!newest) return null;
    const wanted = newest.number - 1.5 + Math.min((performance.now() - this.arrived) / this.gap_ms, 1.5);
    this.playhead += elapsed_ms / this.gap_ms;
    const behind = wanted - this.playhead;
    this.playhead += Math.abs(behind) > 12 ? behind : behind * Math.min(elapsed_ms / 200, 1);
    this.playhead = Math.min(Math.max(this.playhead, this.track[0].number), newest.number);
    const index = Math.floor(this.playhead) - this.track[0].number;
    this.track.slice(0, index + 1).forEach((entry) => this.take(entry));
    const [from, to] = [this.track[index].values, (this.track[index + 1] ?? this.track[index]).values];
    const share = this.playhead - Math.floor(this.playhead);
    const between = from.map((value, n) => value + (to[n] - value) * share);
    // The disc that ends orbits early belongs to its own c. Between two that are close a smaller one does; it saves time only.
    const apart = Math.hypot(to[11] - from[11], to[12] - from[12]);
    const radius2 = Math.min(from[13], to[13]);
    if (share > 0) between[13] = apart * apart < 0.02 * radius2 ? 0.6 * radius2 : 0;
    return between;
  }

  draw(now) {
    requestAnimationFrame((next) => this.draw(next));
    const elapsed = Math.min(now - this.drawn, 200);
    this.drawn = now;
    const values = this.values(elapsed);
    const { gl, at, canvas } = this;
    if (!values || gl.isContextLost()) return;
    this.adapt(elapsed);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) => Math.max(1, Math.round(side * this.scale)));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    if (this.fresh) {
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, RAMP, 2, 0, gl.RGBA, gl.FLOAT, this.table);
      this.fresh = false;
    }
    const [cx, cy, mx, my, sx, sy, view, glow, lx, ly, lz, hx, hy, hr, r, g, b, iterations] = values;
    // Upright screens show the whole set across their width.
    const fit = Math.max(1, (1.28 * height) / width);
    gl.viewport(0, 0, width, height);
    gl.uniform2f(at.origin, 0, 0);
    gl.uniform2f(at.size, width, height);
    gl.uniform2f(at.c, cx, cy);
    gl.uniform2f(at.centre, mx, my);
    gl.uniform2f(at.step, (sx * fit) / height, (sy * fit) / height);
    gl.uniform1f(at.view_height, view * fit);
    gl.uniform1i(at.iterations, Math.round(iterations));
    gl.uniform3f(at.capture, hx, hy, hr);
    gl.uniform1f(at.glow, glow);
    gl.uniform3f(at.light, lx, ly, lz);
    gl.uniform3f(at.rim, r, g, b);
    gl.uniform1i(at.samples, 1);
    gl.uniform1i(at.table, 0);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  // Fewer pixels where frames take too long, more where there is time.
  adapt(elapsed) {
    this.frame_ms += 0.2 * (elapsed - this.frame_ms);
    const most = Math.min(window.devicePixelRatio, 2);
    this.frames++;
    if (this.frame_ms > LATE_MS && this.frames >= 6) {
      this.scale = Math.max(LEAST_SCALE, this.scale * Math.max(0.6, Math.sqrt(EARLY_MS / this.frame_ms)));
      this.frames = 0;
    } else if (this.frame_ms < EARLY_MS && this.frames >= 60) {
      this.scale = Math.min(most, this.scale * 1.1);
      this.frames = 0;
    }
  }
}
