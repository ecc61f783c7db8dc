// All runs, the newest first, with their newest sheets.

import { h, pictureOf, say } from "../dom.js";
import { S } from "../strings.js";

const LOOK = 5000; // ms between two looks
const T = S.runs;

export const sheetOf = (name, file) => `/api/runs/${encodeURIComponent(name)}/sheets/${encodeURIComponent(file)}`;

export default {
  async render({ model, el }) {
    el.dataset.title = T.title;
    const chosen = new Set();
    const list = h("ul.cards");
    const compare = h("button", { onclick: () => {
      if (chosen.size < 2 || chosen.size > 4) say(T.chosen);
      else model.go(`/compare/${[...chosen].map(encodeURIComponent).join(",")}`);
    } }, T.compare);
    el.append(h("div.page", {}, h("div.head", {}, h("h1", {}, T.title), compare), list));
    let before = "";
    const load = async () => {
      const { runs } = await model.call("/api/runs").catch(() => ({ runs: null }));
      if (!runs || before === JSON.stringify(runs)) return;
      before = JSON.stringify(runs);
      if (!runs.length) return list.replaceChildren(h("li", {}, T.none));
      list.replaceChildren(...runs.map((run) => {
        const box = h("input", { type: "checkbox", "aria-label": T.choose(run.name), onchange: () => (box.checked ? chosen.add(run.name) : chosen.delete(run.name)) });
        box.checked = chosen.has(run.name);
        const href = `#/runs/${encodeURIComponent(run.name)}`;
        return h("li.card", {}, h("a", { href }, run.sheet ? pictureOf(model, sheetOf(run.name, run.sheet), { loading: "lazy" }) : h("span.empty"), h("span.name", {}, run.name)),
          h("span.quiet", {}, `${run.artist} × ${run.critic}`),
          h("span.quiet", {}, [T.rounds(run.rounds), run.minutes ? T.minutes(run.minutes) : "", run.session ? T.session : ""].filter(Boolean).join(" · ")),
          h("span.row", {}, run.playing && h("span.badge", {}, T.playing), !run.session && h("label.inline", {}, box, T.compare)));
      }));
    };
    await load();
    const timer = setInterval(load, LOOK);
    return () => clearInterval(timer);
  },
};
