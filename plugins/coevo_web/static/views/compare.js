// Two to four runs side by side: sheets, curves over each other, and the options that differ.

import { h, pictureOf } from "../dom.js";
import { S } from "../strings.js";
import { chart } from "./chart.js";
import { sheetOf } from "./runs.js";

const T = S.runs;

/** Curves of several runs over one axis: every round that any of them has. */
export function joined(runs, name) {
  const rounds = [...new Set(runs.flatMap((run) => run.curves.round))].sort((a, b) => a - b);
  const places = new Map(rounds.map((round, place) => [round, place]));
  return [rounds, ...runs.map((run) => {
    const column = new Array(rounds.length).fill(null);
    run.curves.round.forEach((round, index) => (column[places.get(round)] = run.curves[name]?.[index] ?? null));
    return column;
  })];
}

export default {
  async render({ model, el }) {
    const names = model.get("words")[0].split(",").slice(0, 4);
    el.dataset.title = T.compare;
    const runs = await Promise.all(names.map((name) => model.call(`/api/runs/${encodeURIComponent(name)}`)));
    const curves = [...new Set(runs.flatMap((run) => Object.keys(run.curves)))].filter((name) => name !== "round");
    const charts = curves.map((name) => chart(name, runs.map((run) => run.name), joined(runs, name)));
    const keys = [...new Set(runs.flatMap((run) => Object.keys(run.options)))].filter((key) => new Set(runs.map((run) => run.options[key])).size > 1);
    el.append(h("div.page", {}, h("h1", {}, `${T.compare}: ${runs.map((run) => run.name).join(", ")}`),
      h("ul.cards", {}, runs.map((run) => h("li.card", {}, h("a", { href: `#/runs/${encodeURIComponent(run.name)}` }, run.sheet && pictureOf(model, sheetOf(run.name, run.sheet)), h("span.name", {}, run.name)), h("span.quiet", {}, `${run.artist} × ${run.critic} · ${T.rounds(run.rounds)}`)))),
      h("h2", {}, T.curves),
      h("div.charts", {}, charts),
      h("h2", {}, T.options),
      keys.length > 0 && h("div.scroll", { tabindex: 0, role: "region", "aria-label": T.options }, h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, T.option), runs.map((run) => h("th", { scope: "col" }, run.name)))), h("tbody", {}, keys.map((key) => h("tr", {}, h("th", { scope: "row" }, key), runs.map((run) => h("td", {}, run.options[key] ?? "–"))))))),
      h("p.quiet", {}, T.same)));
    return () => charts.forEach((one) => one.end());
  },
};
