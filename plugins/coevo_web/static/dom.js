// Elements in one call, and small things that every view needs.

/** An element: h("button", { class: "primary", onclick: f, disabled: true }, "Text", child, …). */
export function h(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const el = document.createElement(tag);
  if (classes.length) el.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) el.addEventListener(key.slice(2), value);
    else if (key === "class") el.className = `${el.className} ${value}`.trim();
    else if (key === "value") el.value = value;
    else el.setAttribute(key, value === true ? "" : value);
  }
  el.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return el;
}

const SVG = "http://www.w3.org/2000/svg";

/** An element of SVG. */
export function svg(tag, attributes = {}, ...children) {
  const el = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) el.addEventListener(key.slice(2), value);
    else el.setAttribute(key, value);
  }
  el.append(...children);
  return el;
}

/** A picture by its address. */
export function pictureOf(model, address, attributes = {}) {
  const img = h("img", { alt: "", ...attributes });
  model.show(img, address);
  return img;
}

/** Say something to those who listen with a screen reader, and show it for a moment to those who look. */
export function say(text) {
  const said = document.getElementById("said");
  if (!said || !text) return;
  said.textContent = text;
  said.classList.add("shown");
  clearTimeout(say.timer);
  say.timer = setTimeout(() => said.classList.remove("shown"), 4000);
}

/** A dialog with a title; it is removed when it closes. Returns the dialog and a way to close it. */
export function dialog(title, ...children) {
  const before = document.activeElement;
  const heading = h("h2", { id: "dialog-title" }, title);
  const el = h("dialog", { "aria-labelledby": "dialog-title" }, heading, ...children);
  el.addEventListener("close", () => {
    el.remove();
    if (before instanceof HTMLElement && before.isConnected) before.focus();
  });
  el.addEventListener("click", (event) => event.target === el && el.close());
  (before?.closest?.(".coevo-view") ?? document.body).append(el);
  el.showModal();
  return el;
}

/** A labelled field. */
export function field(label, input) {
  return h("label.field", {}, h("span", {}, label), input);
}

/** Whether the keys of a view should leave an event alone: somebody writes, or uses a control that has keys itself. */
export function writes(event) {
  const target = event.target;
  return event.ctrlKey || event.metaKey || event.altKey || Boolean(target.closest?.("input, select, textarea, dialog"));
}

/** Move and zoom what is in a box by mouse, touch and keys. `apply({x, y, scale})` shows it. */
export function panzoom(box, apply, { least = 0.05, most = 64 } = {}) {
  const at = { x: 0, y: 0, scale: 1 };
  const fingers = new Map();
  const zoom = (factor, cx, cy) => {
    const scale = Math.min(most, Math.max(least, at.scale * factor));
    at.x = cx - ((cx - at.x) * scale) / at.scale;
    at.y = cy - ((cy - at.y) * scale) / at.scale;
    at.scale = scale;
    apply(at);
  };
  const place = (event) => {
    const rect = box.getBoundingClientRect();
    return [event.clientX - rect.left, event.clientY - rect.top];
  };
  box.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / 400), ...place(event));
    },
    { passive: false },
  );
  box.addEventListener("pointerdown", (event) => fingers.set(event.pointerId, place(event)));
  box.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    const [x, y] = place(event);
    const [ox, oy] = fingers.get(event.pointerId);
    if (fingers.size === 1) {
      if (Math.hypot(x - ox, y - oy) < 3 && !box.hasPointerCapture(event.pointerId)) return;
      box.setPointerCapture(event.pointerId);
      at.x += x - ox;
      at.y += y - oy;
      apply(at);
    } else {
      const [px, py] = [...fingers].find(([id]) => id !== event.pointerId)[1];
      zoom(Math.hypot(x - px, y - py) / Math.max(1, Math.hypot(ox - px, oy - py)), px, py);
    }
    fingers.set(event.pointerId, [x, y]);
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    box.addEventListener(end, (event) => fingers.delete(event.pointerId));
  }
  box.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
    const factor = { "+": 1.25, "=": 1.25, "-": 0.8 }[event.key];
    if (!step && !factor) return;
    event.preventDefault();
    event.stopPropagation();
    if (factor) zoom(factor, box.clientWidth / 2, box.clientHeight / 2);
    else {
      at.x += step[0];
      at.y += step[1];
      apply(at);
    }
  });
  return {
    at,
    show(x, y, scale) {
      Object.assign(at, { x, y, scale });
      apply(at);
    },
  };
}
