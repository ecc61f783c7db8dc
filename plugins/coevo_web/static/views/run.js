// One run as it grows: its sheets over time, its curves, its critics against its generations.

import { h, pictureOf, say } from "../dom.js";
import { S } from "../strings.js";
import { chart, groups } from "./chart.js";
import { sheetOf } from "./runs.js";

const T = S.runs;

export default {
  async render({ model, el }) {
    const [name] = model.get("words");
    el.dataset.title = name;
    const path = `/api/runs/${encodeURIComponent(name)}`;
    const owner = model.get("start").you.role === "owner";
    const facts = h("span.facts");
    const controls = h("span.row");
    const making = h("span.row");
    const picture = h("img.newest", { alt: "" });
    const slider = h("input", { type: "range", min: 0, step: 1, "aria-label": T.sheets });
    const round = h("output");
    const curves = h("div.charts");
    const opponents = h("div");
    const warnings = h("div");
    const options = h("table");
    el.append(h("div.page", {}, h("div.head", {}, h("h1", {}, name), facts, controls, making),
      h("div.columns", {}, h("section", { "aria-label": T.sheets }, picture, h("label.slide", {}, slider, round), warnings, opponents), h("section", { "aria-label": T.curves }, curves)),
      h("details", {}, h("summary", {}, T.options), options)));
    let run;
    let latest = true;
    const charts = new Map();
    const act = (what, body) => () => model.call(`${path}/${what}`, body()).then(load, (error) => say(error.message));
    const minutes = h("input", { type: "number", min: 1, max: 100000, value: 5, "aria-label": T.minute });
    const stop = h("button", { onclick: act("stop", () => ({})) }, T.stop);
    const resume = h("button", { onclick: act("resume", () => ({ minutes: Number(minutes.value) || 5 })) }, T.resume);
    const breed = h("button", { onclick: () => model.call("/api/sessions", { run: name }).then(() => model.go(`/breed/${encodeURIComponent(name)}`), (error) => say(error.message)) }, T.breed);

    const show = () => {
      const file = run.sheets[Number(slider.value)];
      picture.hidden = !file;
      if (!file) return;
      const number = Number(file.replace(/\D/g, ""));
      model.show(picture, sheetOf(name, file));
      picture.alt = T.sheet_alt(name, number);
      round.textContent = T.round(number);
      slider.setAttribute("aria-valuetext", round.textContent);
    };
    const plot = () => {
      const names = Object.keys(run.curves);
      if (names.length < 2) return curves.replaceChildren(h("p.quiet", {}, T.no_curves));
      for (const [kind, some] of groups(names)) {
        const key = some.join(" ");
        const columns = [run.curves.round, ...some.map((one) => run.curves[one])];
        if (charts.has(key)) charts.get(key).update(columns);
        else {
          if (!charts.size) curves.replaceChildren();
          const labels = some.map((one) => (some.length > 1 ? one.slice(0, one.indexOf(".")) : one));
          charts.set(key, chart(kind, labels, columns));
          curves.append(charts.get(key));
        }
      }
    };
    const load = async () => {
      run = await model.call(path);
      facts.textContent = [`${run.artist} × ${run.critic}`, T.rounds(run.rounds), T.minutes(run.minutes), run.playing ? T.playing : ""].filter(Boolean).join(" · ");
      const link = (view, text) => h("a.button", { href: `#/${view}/${encodeURIComponent(name)}` }, text);
      making.replaceChildren(...(run.paints ? [link("paint", T.paint)] : []), ...(run.walks ? [link("walk", T.walk)] : []));
      const wanted = run.session ? [breed] : run.playing ? [stop] : [resume, minutes, h("span", {}, T.minute)];
      if (owner && controls.dataset.state !== `${run.session}${run.playing}`) {
        controls.dataset.state = `${run.session}${run.playing}`;
        controls.replaceChildren(...wanted);
      }
      slider.max = Math.max(0, run.sheets.length - 1);
      slider.parentElement.hidden = run.sheets.length < 2;
      if (latest) slider.value = slider.max;
      show();
      plot();
      const said = [...run.warnings, ...(run.said ? run.said.split("\n") : [])];
      warnings.replaceChildren(...(said.length ? [h("h2", {}, T.warnings), h("ul", {}, said.map((line) => h("li", {}, line)))] : []));
      opponents.replaceChildren(...(run.opponents ? [h("h2", {}, T.opponents), pictureOf(model, `${sheetOf(name, "ancestral-opponents.png")}?${run.rounds}`, { alt: T.opponents_alt })] : []));
      options.replaceChildren(h("tbody", {}, Object.entries(run.options).map(([key, value]) => h("tr", {}, h("th", { scope: "row" }, key), h("td", {}, value)))));
    };
    slider.addEventListener("input", () => {
      latest = Number(slider.value) === Number(slider.max);
      show();
    });
    await load().catch((error) => el.replaceChildren(h("p.page", {}, error.message)));
    const ignore = model.listen(`${path}/events`, "changed", () => load().catch(() => {}));
    return () => {
      ignore();
      for (const one of charts.values()) one.end();
    };
  },
};
