// One picture, as large as the window, with what it is made of beside it.

import { dialog, h, panzoom, say } from "../dom.js";
import { Model } from "../model.js";
import { S } from "../strings.js";

const SIZES = [512, 1024, 2048, 4096]; // px that it is drawn at, as it grows
const T = S.zoom;

/** Open it over the sheet. */
export function zoom({ model, place, toggle, picked, save, go_to }) {
  let at = place;
  let size = 0;
  const img = h("img", { alt: "", draggable: "false" });
  const box = h("div.lens", { tabindex: 0, role: "application", "aria-label": T.view }, img);
  const facts = h("p.facts", {});
  const genome = h("pre", { tabindex: 0, "aria-label": T.genome });
  const pick = h("button", { onclick: () => {
    toggle(at);
    describe();
  } });
  const step = (by) => {
    const n = model.get("works").length;
    at = (at + by + n) % n;
    go_to(at);
    show();
  };
  const side = h("div.side", {}, h("h3", {}, T.genome), genome);
  const zoomed = h("div.zoomed", {}, box, side);
  const inside = h("div.inside", { hidden: true });
  const window = dialog(
    T.title(""),
    facts,
    zoomed,
    inside,
    h("div.row.end", {}, h("button", { onclick: () => step(-1) }, T.previous), h("button", { onclick: () => step(1) }, T.next), pick, h("button", { onclick: () => save(id()) }, S.breed.save), h("button.primary", { onclick: () => window.close() }, S.close)),
  );
  window.classList.add("wide");
  const id = () => model.get("works")[at].id;
  const url = (px) => `${model.path}/picture?id=${encodeURIComponent(id())}&size=${px}`;
  /** Draw it as sharp as it is shown. */
  const sharpen = () => {
    const wanted = SIZES.find((px) => px >= box.clientWidth * view.at.scale * devicePixelRatio) ?? SIZES.at(-1);
    if (wanted <= size) return;
    size = wanted;
    const sharper = new Image();
    const whose = id();
    model.show(sharper, url(wanted)).then(() => sharper.decode()).then(() => whose === id() && size === wanted && (img.src = sharper.src), () => {});
  };
  const view = panzoom(box, ({ x, y, scale }) => {
    img.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    clearTimeout(zoom.timer);
    zoom.timer = setTimeout(sharpen, 150);
  }, { least: 1, most: 32 });
  /** Programs are drawn by the visitor's GPU: at any zoom, with their nodes as pictures and their numbers as sliders. */
  const look_into = async (shader) => {
    inside.replaceChildren();
    inside.hidden = !shader;
    zoomed.hidden = Boolean(shader);
    if (!shader) return;
    const { default: view } = await import("./genome.js");
    const el = h("div", {});
    inside.replaceChildren(el, h("details", {}, h("summary", {}, T.genome), genome));
    view.render({ model: new Model({ shader }), el });
  };
  const describe = () => {
    pick.textContent = picked.has(at) ? T.unpick : T.pick;
    pick.hidden = model.get("you").role === "watcher";
  };
  const show = async () => {
    size = 0;
    window.querySelector("h2").textContent = T.title(id());
    model.show(img, model.get("works")[at].picture);
    img.alt = S.breed.picture(at + 1, id(), model.get("works")[at].parents);
    view.show(0, 0, 1);
    describe();
    side.hidden = !model.get("lineage");
    if (side.hidden) return;
    try {
      const one = await model.call(`${model.path}/individual?id=${encodeURIComponent(id())}`);
      facts.textContent = T.facts(one);
      genome.textContent = one.genome;
      if (one.id === id()) look_into(one.shader);
    } catch (error) {
      say(error.message);
    }
  };
  window.addEventListener("keydown", (event) => {
    if (event.key === "z" || event.key === "q") window.close();
    else if (event.key === " " && event.target === box) {
      toggle(at);
      describe();
    } else if (event.key === "PageDown" || event.key === "n") step(1);
    else if (event.key === "PageUp" || event.key === "p") step(-1);
    else return;
    event.preventDefault();
  });
  show();
  pick.focus();
}
