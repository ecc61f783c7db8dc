// A genome that one looks into: its picture, drawn by the GPU at any zoom, its nodes as pictures, and its constants as
// sliders. An anywidget module: render({model, el}) is all that a page, a notebook or an exported file needs.
//
// model.get("shader"): {head, picture, parts, nodes: [{name, reads, constants}], constants}
// model.get("constants"): the numbers that are shown; changes by a person are set, and saved when a slider is released.

const VERTEX = `#version 300 es
void main() { gl_Position = vec4(vec2(gl_VertexID % 2, gl_VertexID / 2) * 4.0 - 1.0, 0.0, 1.0); }`;
const WHOLE = { x: 0, y: 0, half: 1 };
const CLOSEST = 2 ** -14; // beyond it numbers of single precision are as coarse as pixels
const THUMB = 56, STEP_X = 108, STEP_Y = 84, LINES = "http://www.w3.org/2000/svg";

/** Draws any number of shaders with one WebGL2 context, since browsers allow few. */
export class Painter {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.gl = this.canvas.getContext("webgl2", { antialias: false, alpha: false, preserveDrawingBuffer: true });
    this.programs = new Map();
    this.canvas.addEventListener("webglcontextlost", (event) => { event.preventDefault(); this.programs.clear(); });
  }

  /** The compiled shader of a source. Throws the compiler's words. */
  program(source) {
    const known = this.programs.get(source);
    if (known) return known;
    const gl = this.gl, program = gl.createProgram();
    for (const [type, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, source]]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
      const words = gl.getAttachedShaders(program).map((shader) => gl.getShaderInfoLog(shader)).join("\n");
      throw new Error(`The shader does not compile: ${words || gl.getProgramInfoLog(program)}`);
    }
    const at = (name) => gl.getUniformLocation(program, name);
    const made = { program, view: at("view"), height: at("height"), part: at("part"), parameters: at("parameters") };
    this.programs.set(source, made);
    return made;
  }

  /** Draw a square of the plane into a canvas of the page, at its size in pixels. */
  draw(source, constants, canvas, { x, y, half } = WHOLE, part = 0) {
    const gl = this.gl, { width, height } = canvas, its = this.program(source);
    if (this.canvas.width < width || this.canvas.height < height) {
      this.canvas.width = Math.max(width, this.canvas.width);
      this.canvas.height = Math.max(height, this.canvas.height);
    }
    gl.useProgram(its.program);
    gl.viewport(0, 0, width, height);
    gl.uniform4f(its.view, x - half, y - half, 2 * half / (width - 1), 2 * half / (height - 1));
    gl.uniform1f(its.height, height);
    gl.uniform1i(its.part, part);
    if (its.parameters) {
      const four = new Float32Array(4 * Math.ceil(constants.length / 4));
      four.set(constants);
      gl.uniform4fv(its.parameters, four);
    }
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    const there = canvas.getContext("2d");
    there.drawImage(this.canvas, 0, this.canvas.height - height, width, height, 0, 0, width, height);
  }
}

/** An element with attributes, a class among them, and children. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Where nodes stand: as far from the last as the longest way, and beside what they read. */
export function placed(nodes) {
  const far = nodes.map(() => 0), row = [];
  for (let i = nodes.length - 1; i >= 0; i--) {
    for (const read of nodes[i].reads) if (read >= 0) far[read] = Math.max(far[read], far[i] + 1);
  }
  let next = 0;
  const stack = [nodes.length - 1];
  while (stack.length) {
    const i = stack[stack.length - 1], reads = nodes[i].reads.filter((read) => read >= 0);
    const unplaced = reads.filter((read) => row[read] === undefined);
    if (row[i] === undefined && unplaced.length) stack.push(unplaced[0]);
    else {
      stack.pop();
      row[i] ??= reads.length ? reads.reduce((sum, read) => sum + row[read], 0) / reads.length : next++;
    }
  }
  const columns = Math.max(...far), taken = new Set();
  return nodes.map((_, i) => {
    let y = Math.round((row[i] ?? next++) * 2) / 2;
    while ([y - 0.5, y, y + 0.5].some((near) => taken.has(`${far[i]} ${near}`))) y += 0.5;
    taken.add(`${far[i]} ${y}`);
    return { x: (columns - far[i]) * STEP_X, y: y * STEP_Y };
  });
}

const STYLE = `
  :host { display: grid; grid-template-columns: minmax(0, var(--picture-width, 1fr)) minmax(0, 1fr); gap: 1.25rem; color: inherit; }
  @media (max-width: 46rem) { :host { grid-template-columns: minmax(0, 1fr); } }
  canvas { display: block; image-rendering: auto; }
  .picture { width: 100%; aspect-ratio: 1; border-radius: .5rem; touch-action: none; cursor: grab; background: #8882; }
  .picture:active { cursor: grabbing; }
  :focus-visible { outline: 3px solid #3b82f6; outline-offset: 2px; }
  .bar { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin-top: .6rem; }
  .bar output { margin-left: auto; opacity: .75; font-variant-numeric: tabular-nums; }
  button, select { font: inherit; color: inherit; background: #8882; border: 1px solid #8886; border-radius: .4rem;
    padding: .35rem .7rem; min-height: 2rem; cursor: pointer; }
  button:hover { background: #8884; }
  .graph { position: relative; overflow: auto; max-height: 34rem; border-radius: .5rem; background: #8881; }
  .graph > div { position: relative; margin: .75rem; }
  .graph svg { position: absolute; inset: 0; overflow: visible; }
  .graph line { stroke: #3b82f6; } .graph line.less { stroke: #d97706; }
  .node { position: absolute; padding: 0; width: ${THUMB + 24}px; min-height: 0; border: 0; background: none;
    font-size: .72rem; line-height: 1.1; text-align: center; }
  .node:hover { background: none; }
  .node canvas { width: ${THUMB}px; height: ${THUMB}px; margin: 0 auto .2rem; border-radius: .35rem;
    box-shadow: 0 0 0 1px #8886; }
  .node[aria-pressed=true] canvas { box-shadow: 0 0 0 3px #3b82f6; }
  .node span { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .sliders { display: grid; gap: .45rem; margin-top: .8rem; max-height: 16rem; overflow: auto; padding: .2rem; }
  .sliders label { display: grid; grid-template-columns: 8rem 1fr 4.5rem; gap: .6rem; align-items: center; }
  .sliders input { min-width: 0; accent-color: #3b82f6; }
  p { margin: .6rem 0 0; opacity: .8; }`;

function render({ model, el }) {
  const shader = model.get("shader"), root = el.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  const painter = new Painter();
  if (!painter.gl) {
    root.append(make("p", { text: "This browser has no WebGL2, so the picture cannot be explored here." }));
    return undefined;
  }
  const last = shader.nodes.length - 1, original = shader.constants;
  const picture = shader.head + shader.picture, parts = shader.head + shader.parts;
  let constants = [...(model.get("constants") ?? original)], view = { ...WHOLE }, selected = last, waiting = 0;

  const canvas = make("canvas", { class: "picture", tabindex: 0, role: "img" });
  const zoom = make("output", {}), side = make("div", {}), sliders = make("div", { class: "sliders" });
  const size = make("select", { "aria-label": "Size of the saved picture" },
    ...[512, 1024, 2048, 4096].map((px) => make("option", { value: px, text: `${px} px` })));
  size.value = "1024";
  const bar = make("div", { class: "bar" },
    make("button", { text: "+", "aria-label": "Zoom in", onclick: () => zoomed(0.5) }),
    make("button", { text: "−", "aria-label": "Zoom out", onclick: () => zoomed(2) }),
    make("button", { text: "Whole picture", onclick: () => { view = { ...WHOLE }; redraw(); } }),
    size, make("button", { text: "Save PNG", onclick: save }), zoom);
  root.append(make("div", {}, canvas, bar), side);

  const buttons = shader.nodes.map((node, i) => {
    const thumb = make("canvas", { width: THUMB, height: THUMB, "aria-hidden": true });
    const button = make("button", { class: "node", title: node.name, onclick: () => select(i) },
      thumb, make("span", { text: node.name }));
    return { button, thumb };
  });
  const lines = document.createElementNS(LINES, "svg"), places = placed(shader.nodes);
  lines.setAttribute("aria-hidden", "true");
  const field = make("div", {}, lines, ...buttons.map(({ button }, i) => {
    button.style.left = `${places[i].x}px`;
    button.style.top = `${places[i].y}px`;
    return button;
  }));
  field.style.width = `${Math.max(...places.map(({ x }) => x)) + THUMB + 24}px`;
  field.style.height = `${Math.max(...places.map(({ y }) => y)) + THUMB + 24}px`;
  const graph = make("div", { class: "graph", role: "group", "aria-label": "The nodes of the genome" }, field);
  side.append(graph, sliders);

  function links() {
    lines.replaceChildren();
    shader.nodes.forEach((node, i) => node.reads.forEach((read, k) => {
      if (read < 0) return;
      const line = document.createElementNS(LINES, "line"), weighted = node.constants.length === node.reads.length;
      const weight = weighted ? constants[node.constants[k]] : 0.5, middle = (THUMB + 24) / 2;
      for (const [name, value] of Object.entries({
        x1: places[read].x + middle + THUMB / 2, y1: places[read].y + THUMB / 2,
        x2: places[i].x + middle - THUMB / 2, y2: places[i].y + THUMB / 2,
        "stroke-width": Math.min(5, 0.6 + 1.4 * Math.abs(weight)), class: weight < 0 ? "less" : "more",
      })) line.setAttribute(name, value);
      lines.append(line);
    }));
  }

  function thumbs() {
    buttons.forEach(({ thumb }, i) => painter.draw(parts, constants, thumb, WHOLE, i));
  }

  function frame() {
    waiting = 0;
    const px = Math.max(64, Math.round(canvas.clientWidth * Math.min(2, devicePixelRatio || 1)));
    if (canvas.width !== px) canvas.width = canvas.height = px;
    painter.draw(selected === last ? picture : parts, constants, canvas, view, selected);
    const times = 1 / view.half;
    zoom.textContent = `${times < 10 ? times.toFixed(1) : Math.round(times)}×`;
    const what = selected === last ? "The picture" : `Node ${shader.nodes[selected].name}`;
    canvas.setAttribute("aria-label", `${what}, enlarged ${zoom.textContent}; arrows move, plus and minus zoom`);
  }

  function redraw() {
    waiting ||= requestAnimationFrame(frame);
  }

  function select(i) {
    selected = i;
    buttons.forEach(({ button }, k) => button.setAttribute("aria-pressed", k === i));
    const node = shader.nodes[i], weighted = node.constants.length === node.reads.length;
    sliders.replaceChildren(...node.constants.map((constant, k) => {
      const read = weighted ? node.reads[k] : -1;
      const name = weighted ? (read < 0 ? "unused input" : shader.nodes[read].name) : `number ${k + 1}`;
      return slider(constant, name);
    }));
    if (node.constants.length) {
      sliders.append(make("div", { class: "bar" }, make("button", {
        text: "Original numbers", onclick: () => { change(original); select(i); saved(); },
      })));
    }
    redraw();
  }

  function slider(constant, name) {
    const most = Math.max(3, Math.abs(original[constant]) * 2), value = constants[constant];
    const text = make("output", { text: value.toFixed(3) });
    const input = make("input", { type: "range", min: -most, max: most, step: most / 1000, value,
      oninput: () => {
        text.textContent = Number(input.value).toFixed(3);
        change(constants.map((number, k) => (k === constant ? Number(input.value) : number)));
      },
      onchange: saved });
    return make("label", {}, make("span", { text: name }), input, text);
  }

  function change(numbers) {
    constants = [...numbers];
    redraw();
    requestAnimationFrame(() => { thumbs(); links(); });
  }

  function saved() {
    model.set("constants", constants);
    model.save_changes();
  }

  function save() {
    const there = make("canvas", { width: size.value, height: size.value });
    painter.draw(selected === last ? picture : parts, constants, there, view, selected);
    there.toBlob((blob) => {
      const link = make("a", { href: URL.createObjectURL(blob), download: `${model.get("name") ?? "picture"}.png` });
      link.click();
      URL.revokeObjectURL(link.href);
    });
  }

  function zoomed(factor, at = { x: view.x, y: view.y }) {
    const half = Math.min(8, Math.max(CLOSEST, view.half * factor)), by = half / view.half;
    view = { half, x: at.x + (view.x - at.x) * by, y: at.y + (view.y - at.y) * by };
    redraw();
  }

  function point(event) {
    const box = canvas.getBoundingClientRect();
    return { x: view.x + ((event.clientX - box.left) / box.width * 2 - 1) * view.half,
      y: view.y + ((event.clientY - box.top) / box.height * 2 - 1) * view.half };
  }

  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoomed(Math.exp(event.deltaY / 400), point(event));
  }, { passive: false });
  const held = new Map();
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    held.set(event.pointerId, event);
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = held.get(event.pointerId);
    if (!before) return;
    const [a, b] = [...held.values()];
    if (held.size === 2) {
      const other = event.pointerId === a.pointerId ? b : a;
      const far = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
      zoomed(far(before) / far(event), point(other));
    } else {
      const from = point(before), to = point(event);
      view = { ...view, x: view.x + from.x - to.x, y: view.y + from.y - to.y };
      redraw();
    }
    held.set(event.pointerId, event);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => held.delete(event.pointerId));
  }
  const moves = { ArrowLeft: [-0.2, 0], ArrowRight: [0.2, 0], ArrowUp: [0, -0.2], ArrowDown: [0, 0.2] };
  canvas.addEventListener("keydown", (event) => {
    if (event.key in moves) {
      const [x, y] = moves[event.key];
      view = { ...view, x: view.x + x * view.half, y: view.y + y * view.half };
    } else if (event.key === "+" || event.key === "=") zoomed(0.5);
    else if (event.key === "-") zoomed(2);
    else if (event.key === "0") view = { ...WHOLE };
    else return;
    event.preventDefault();
    redraw();
  });

  const watcher = new ResizeObserver(redraw);
  watcher.observe(canvas);
  model.on?.("change:constants", () => change(model.get("constants") ?? original));
  thumbs();
  links();
  select(last);
  graph.scrollTo(graph.scrollWidth, places[last].y - graph.clientHeight / 2);
  return () => watcher.disconnect();
}

export default { render };
