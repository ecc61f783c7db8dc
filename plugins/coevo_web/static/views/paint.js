// A label map to paint, and the picture that a run's artist makes of it.

import { h, say, writes } from "../dom.js";
import { S } from "../strings.js";

const LARGEST_BRUSH = 65;
const AGAIN = 1000; // ms until the next try, while the server does not answer
const T = S.paint;

/** The places x + y·width of all pixels whose centre is under a brush on its way; as coevo/interactive/painting.py. */
export function under([x0, y0], [x1, y1], brush, width, height) {
  const found = [];
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length = dx * dx + dy * dy;
  const reach = brush / 2;
  for (let y = Math.max(0, Math.floor(Math.min(y0, y1) - reach)); y <= Math.min(height - 1, Math.max(y0, y1) + reach); y += 1) {
    for (let x = Math.max(0, Math.floor(Math.min(x0, x1) - reach)); x <= Math.min(width - 1, Math.max(x0, x1) + reach); x += 1) {
      const along = length ? Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / length)) : 0;
      if (Math.hypot(x - x0 - along * dx, y - y0 - along * dy) <= reach) found.push(x + y * width);
    }
  }
  return found;
}

export default {
  async render({ model, el }) {
    const [name] = model.get("words");
    el.dataset.title = T.title(name);
    const path = `/api/runs/${encodeURIComponent(name)}/painting`;
    const watching = model.get("start").you.role === "watcher";
    let state;
    try {
      state = await model.call(path);
    } catch (error) {
      el.append(h("p.page", {}, error.message));
      return;
    }
    const { width, height, regions } = state;
    let numbers = new Uint8Array();
    let region = Math.min(1, regions.length - 1);
    let tool = "brush";
    let points = null; // of the stroke that is being drawn
    let cursor = [width >> 1, height >> 1];
    let anchor = null; // where a line began
    let byKeys = false;
    let pending = 0;
    let last = Promise.resolve();

    const canvas = h("canvas", { width, height, tabindex: 0, role: "application", "aria-label": T.map });
    const marks = h("canvas.marks", { width: width * 8, height: height * 8, "aria-hidden": "true" });
    const picture = h("img", { alt: T.picture(name) });
    const note = h("p.note", { role: "status" });
    const brush = h("input", { type: "range", min: 1, max: Math.min(LARGEST_BRUSH, Math.max(width, height)), step: 2, value: 5 });
    const size = h("output");
    const seed = h("input", { type: "number", min: 0, max: 2147483647, step: 1, required: true });
    const swatches = regions.map(({ name: region, colour }, index) => {
      const dot = h("span.dot");
      dot.style.background = `rgb(${colour.join(" ")})`;
      return h("button", { "aria-pressed": "false", onclick: () => choose(index) }, dot, region);
    });
    const tools = ["brush", "fill", "erase"].map((one) => h("button", { "aria-pressed": "false", "data-tool": one, onclick: () => take(one) }, T[one]));
    const button = (label, act, key) => h("button", { onclick: act, "aria-keyshortcuts": key }, label);

    el.append(h("div.page", {},
      h("div.head", {}, h("h1", {}, T.title(name)), h("a.button", { href: `#/runs/${encodeURIComponent(name)}` }, T.back)),
      h("div.both", {}, h("div.frame", {}, canvas, marks), h("div.frame", {}, picture)),
      note,
      !watching && h("div.row", { role: "group", "aria-label": T.regions }, swatches),
      !watching && h("div.row", { role: "toolbar", "aria-label": T.tools }, tools, h("label.inline", {}, h("span", {}, T.size), brush, size),
        button(T.undo, () => send({ do: "undo" }), "U"), button(T.redo, () => send({ do: "redo" }), "R"), button(T.clear, () => send({ do: "cover", region: 0 }), "C"),
        h("label.inline", {}, h("span", {}, T.style), seed), button(T.another, () => send({ do: "style", seed: state.seed + 1 }), "X"),
        h("a.button", { href: `${path}/file`, download: `${name}.png` }, T.save)),
      !watching && h("p.quiet", {}, T.keys)));

    // what is shown

    const context = canvas.getContext("2d");
    const draw = () => {
      const image = context.createImageData(width, height);
      numbers.forEach((number, place) => image.data.set([...regions[number].colour, 255], 4 * place));
      context.putImageData(image, 0, 0);
    };
    const mark = () => {
      const pen = marks.getContext("2d");
      pen.clearRect(0, 0, marks.width, marks.height);
      if (!byKeys) return;
      for (const [place, dash] of [[cursor, []], [anchor, [4, 4]]]) {
        if (!place) continue;
        for (const [colour, line] of [["#000", 4], ["#fff", 2]]) {
          pen.strokeStyle = colour;
          pen.lineWidth = line;
          pen.setLineDash(dash);
          pen.beginPath();
          pen.arc(place[0] * 8 + 4, place[1] * 8 + 4, Math.max(4, Number(brush.value) * 4), 0, 7);
          pen.stroke();
        }
      }
    };
    const describe = () => {
      swatches.forEach((one, index) => one.setAttribute("aria-pressed", index === region && tool !== "erase"));
      for (const one of tools) one.setAttribute("aria-pressed", one.dataset.tool === tool);
      size.textContent = T.px(Number(brush.value));
      mark();
    };
    const show = (now) => {
      state = now;
      numbers = Uint8Array.from(atob(now.numbers), (sign) => sign.charCodeAt(0));
      model.show(picture, now.picture);
      seed.value = now.seed;
      note.textContent = now.note ?? now.style;
      draw();
      describe();
    };
    /** Give a change: one after another, and again while the server does not answer. */
    const send = (change) => {
      pending += 1;
      last = last.then(async () => {
        for (;;) {
          try {
            const now = await model.call(path, change);
            pending -= 1;
            if (!pending) show(now);
            return;
          } catch (error) {
            if (error.status !== undefined) {
              pending -= 1;
              say(error.message);
              return;
            }
            note.textContent = S.offline;
            await new Promise((done) => setTimeout(done, AGAIN));
          }
        }
      });
      return last;
    };

    // what a person does

    const painted = () => (tool === "erase" ? 0 : region);
    const choose = (index) => {
      if (index >= regions.length) return;
      region = index;
      if (tool === "erase") tool = "brush";
      describe();
    };
    const take = (one) => {
      tool = one;
      describe();
    };
    const fill = (at) => send({ do: "fill", region: painted(), points: [at] });
    const dab = (from, to) => {
      for (const place of under(from, to, Number(brush.value), width, height)) numbers[place] = painted();
      draw();
    };
    const stroke = (some) => send({ do: "stroke", region: painted(), width: Number(brush.value), points: some });
    const pixel = (event) => {
      const box = canvas.getBoundingClientRect();
      const clamp = (value, most) => Math.min(most - 1, Math.max(0, Math.floor(value)));
      return [clamp(((event.clientX - box.left) / box.width) * width, width), clamp(((event.clientY - box.top) / box.height) * height, height)];
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (watching || points) return;
      byKeys = false;
      cursor = pixel(event);
      if (tool === "fill" || event.button === 2) return fill(cursor);
      canvas.setPointerCapture(event.pointerId);
      points = [cursor];
      dab(cursor, cursor);
      describe();
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!points) return;
      const now = pixel(event);
      if (now[0] === cursor[0] && now[1] === cursor[1]) return;
      dab(cursor, now);
      points.push(now);
      cursor = now;
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, () => {
        if (points) stroke(points);
        points = null;
      });
    }
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    brush.addEventListener("input", describe);
    seed.addEventListener("change", () => seed.reportValidity() && send({ do: "style", seed: Number(seed.value) }));

    const KEYS = {
      " ": () => stroke([cursor]),
      Enter: () => {
        if (anchor) stroke([anchor, cursor]);
        anchor = anchor ? null : cursor;
        describe();
      },
      "[": () => (brush.stepDown(), describe()),
      "]": () => (brush.stepUp(), describe()),
      f: () => fill(cursor),
      e: () => take(tool === "erase" ? "brush" : "erase"),
      c: () => send({ do: "cover", region: 0 }),
      u: () => send({ do: "undo" }),
      r: () => send({ do: "redo" }),
      x: () => send({ do: "style", seed: state.seed + 1 }),
    };
    const keydown = (event) => {
      if (watching || writes(event)) return;
      const onMap = event.target === canvas;
      const by = event.shiftKey ? 8 : 1;
      const step = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] }[event.key];
      if (step && onMap) {
        cursor = [Math.min(width - 1, Math.max(0, cursor[0] + step[0])), Math.min(height - 1, Math.max(0, cursor[1] + step[1]))];
        byKeys = true;
        note.textContent = T.at(cursor, regions[numbers[cursor[0] + cursor[1] * width]].name);
        describe();
      } else if (/^[0-9]$/.test(event.key)) choose((Number(event.key) + 9) % 10);
      else if (KEYS[event.key] && (onMap || ![" ", "Enter"].includes(event.key))) KEYS[event.key]();
      else return;
      event.preventDefault();
    };
    el.addEventListener("keydown", keydown);
    show(state);
    canvas.focus();
  },
};
