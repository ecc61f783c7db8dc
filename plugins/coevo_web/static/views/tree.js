// A family tree that can be moved and zoomed: parents above their children. Only what is in sight is drawn.

import { h, panzoom, say, svg } from "../dom.js";
import { S } from "../strings.js";

const NODE = 96; // the side of a picture
const CELL_X = 124;
const CELL_Y = 156;
const IN_SIGHT = 400; // pictures at once; of more, dots are drawn
const T = S.tree;

/** Places of individuals: generations as rows, each under the middle of its parents as far as there is room. */
export function layout(individuals) {
  const depth = new Map();
  const rows = [];
  for (const one of individuals) {
    const level = Math.max(0, ...one.parents.map((parent) => (depth.has(parent) ? depth.get(parent) + 1 : 0)));
    depth.set(one.id, level);
    (rows[level] ??= []).push(one);
  }
  const places = new Map();
  for (const [level, row] of rows.entries()) {
    const wish = (one) => {
      const xs = one.parents.filter((parent) => places.has(parent)).map((parent) => places.get(parent).x);
      return xs.length ? xs.reduce((sum, x) => sum + x, 0) / xs.length : 0;
    };
    const wishes = new Map(row.map((one) => [one.id, wish(one)]));
    row.sort((a, b) => wishes.get(a.id) - wishes.get(b.id));
    row.forEach((one, index) => places.set(one.id, { x: (index - (row.length - 1) / 2) * CELL_X, y: level * CELL_Y, one }));
  }
  return places;
}

export default {
  async render({ model, el }) {
    const [name, id] = model.get("words");
    el.dataset.title = T.title(name);
    const path = `/api/sessions/${encodeURIComponent(name)}`;
    const lines = svg("g", { class: "lines" });
    const nodes = svg("g", {});
    const stage = svg("g", {}, lines, nodes);
    const canvas = svg("svg", { "aria-hidden": "false", role: "presentation" }, stage);
    const box = h("div.canvas", { tabindex: 0, role: "application", "aria-label": T.view }, canvas);
    const which = h("select", {}, id && h("option", { value: "ancestors" }, T.ancestors(id)), h("option", { value: "picked" }, T.picked), h("option", { value: "all" }, T.all));
    const chosen = h("p.note", { role: "status" });
    const buttons = h("span.row", {});
    const count = h("span.facts", {});
    const legend = h("span.people", { "aria-label": T.people, role: "group" });
    el.append(
      h("div.head", {}, h("h1", {}, T.title(name)), count, h("label.inline", {}, h("span", {}, T.of), which), h("button", { onclick: () => fit() }, T.fit), legend, h("a.button", { href: `#/breed/${encodeURIComponent(name)}` }, T.back)),
      box,
      h("div.bar", {}, chosen, buttons),
    );
    let places = new Map();
    let drawn = new Map();
    let people = []; // who picked somebody here, each with a colour if there are several
    let selected = "";
    let fitted = false; // until somebody moves it

    const view = panzoom(box, () => requestAnimationFrame(draw), { least: 0.01, most: 8 });
    const fit = () => {
      fitted = true;
      const all = [...places.values()];
      if (!all.length) return;
      const xs = all.map(({ x }) => x);
      const ys = all.map(({ y }) => y);
      const [left, right, top, bottom] = [Math.min(...xs) - CELL_X / 2, Math.max(...xs) + CELL_X / 2, -CELL_Y / 2, Math.max(...ys) + CELL_Y / 2];
      const scale = Math.min(box.clientWidth / (right - left), box.clientHeight / (bottom - top), 1.5);
      view.show(box.clientWidth / 2 - ((left + right) / 2) * scale, box.clientHeight / 2 - ((top + bottom) / 2) * scale, scale);
    };
    const select = (one) => {
      selected = one.id;
      chosen.textContent = T.node(one);
      const branch = h("button.primary", { onclick: async () => {
        if (await model.send({ do: "branch", id: one.id })) model.go(`/breed/${encodeURIComponent(name)}`);
      } }, T.branch);
      const take = h("button", { onclick: async () => {
        if (await model.send({ do: "take", id: one.id })) model.go(`/breed/${encodeURIComponent(name)}`);
      } }, T.take);
      buttons.replaceChildren(...(model.get("you").role === "watcher" ? [] : [branch, take]), h("a.button", { href: `#/tree/${encodeURIComponent(name)}/${encodeURIComponent(one.id)}` }, T.only));
      draw();
    };
    const node = ({ x, y, one }) => {
      const picture = svg("image", { width: NODE, height: NODE });
      model.show(picture, `${path}/picture?id=${encodeURIComponent(one.id)}&size=192`);
      const group = svg("g", { class: "node", transform: `translate(${x - NODE / 2} ${y - NODE / 2})`, tabindex: 0, role: "button", "aria-label": T.node(one), onclick: () => select(one), onfocus: () => select(one) });
      group.append(
        svg("rect", { x: -3, y: -3, width: NODE + 6, height: NODE + 6, rx: 6 }),
        picture,
        svg("text", { x: NODE / 2, y: NODE + 20, "text-anchor": "middle" }, people.length > 1 && one.by.length ? `${one.id} · ${one.by.join(", ")}` : one.id),
      );
      return group;
    };
    const draw = () => {
      const { x, y, scale } = view.at;
      stage.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
      const seen = [...places.values()].filter((at) => {
        const [px, py] = [at.x * scale + x, at.y * scale + y];
        return px > -NODE * scale && px < box.clientWidth + NODE * scale && py > -NODE * scale && py < box.clientHeight + NODE * scale;
      });
      const detailed = seen.length <= IN_SIGHT && scale > 0.12;
      const ids = new Set(detailed ? seen.map(({ one }) => one.id) : []);
      for (const [id, el] of drawn) {
        if (ids.has(id)) continue;
        if (el.contains(document.activeElement)) continue;
        el.remove();
        drawn.delete(id);
      }
      for (const at of detailed ? seen : []) {
        if (!drawn.has(at.one.id)) {
          drawn.set(at.one.id, node(at));
          nodes.append(drawn.get(at.one.id));
        }
      }
      for (const [id, el] of drawn) {
        const { one } = places.get(id) ?? {};
        const by = people.length > 1 && one?.picked ? ` by-${(people.indexOf(one.by[0]) % 4) + 1}` : "";
        el.setAttribute("class", `node${one?.picked ? " picked" : ""}${by}${id === selected ? " selected" : ""}`);
      }
      lines.classList.toggle("dots", !detailed);
    };
    const connect = () => {
      const d = [];
      const dots = [];
      for (const { x, y, one } of places.values()) {
        dots.push(`M${x - 12} ${y}h24`);
        for (const parent of one.parents) {
          const up = places.get(parent);
          if (up) d.push(`M${up.x} ${up.y + NODE / 2 + 26}C${up.x} ${up.y + CELL_Y / 1.6} ${x} ${y - CELL_Y / 1.6} ${x} ${y - NODE / 2 - 4}`);
        }
      }
      lines.replaceChildren(svg("path", { d: d.join("") || "M0 0" }), svg("path", { class: "dot", d: dots.join("") || "M0 0" }));
    };
    const load = async () => {
      const query = which.value === "ancestors" ? `id=${encodeURIComponent(id)}` : `of=${which.value}`;
      try {
        const { individuals } = await model.call(`${path}/lineage?${query}`);
        places = layout(individuals);
        people = [...new Set(individuals.flatMap((one) => one.by))].sort();
        legend.replaceChildren(...(people.length > 1 ? people.map((name, index) => h("span.person", { class: `by-${(index % 4) + 1}` }, name)) : []));
        for (const el of drawn.values()) el.remove();
        drawn = new Map();
        count.textContent = T.count(individuals.length);
        connect();
        fit();
        const start = places.get(id) ?? [...places.values()].at(-1);
        if (start) select(start.one);
      } catch (error) {
        say(error.message);
      }
    };
    which.addEventListener("change", load);
    const resized = new ResizeObserver(() => (fitted ? fit() : draw()));
    for (const moved of ["wheel", "pointerdown", "keydown"]) box.addEventListener(moved, () => (fitted = false));
    resized.observe(box);
    if (model.get("version") === undefined) await new Promise((done) => model.on("change:version", done));
    await load();
    box.focus();
    return () => resized.disconnect();
  },
};
