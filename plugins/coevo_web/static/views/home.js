// Where a visitor begins: open sessions, recipes and artists to breed, sessions to go on with.

import { h, say } from "../dom.js";
import { S } from "../strings.js";

export default {
  async render({ model, el }) {
    const { you, open, breedable } = model.get("start");
    el.dataset.title = S.home.title;
    const opened = new Set(open.map((one) => one.name));
    const { runs } = await model.call("/api/runs");
    const sessions = runs.filter((run) => run.session && !opened.has(run.name));
    const begin = async (button, body) => {
      button.disabled = true;
      say(S.home.opening);
      try {
        const { name } = await model.call("/api/sessions", body);
        model.go(`/breed/${encodeURIComponent(name)}`);
      } catch (error) {
        say(error.message);
        button.disabled = false;
      }
    };
    const card = (title, lines, go) =>
      h("li.card", {}, h("button", { onclick: (event) => go(event.currentTarget) }, h("span.name", {}, title), ...lines.filter(Boolean).map((line) => h("span.quiet", {}, line))));
    const section = (title, cards) => (cards.length ? [h("h2", {}, title), h("ul.cards.text", {}, cards)] : []);
    el.append(
      h("div.page", {}, [
        h("h1", {}, S.home.title),
        h("p.lead", {}, S.home.lead),
        ...section(S.home.open, open.map((one) => card(one.name, [one.title.replace(`${one.name} · `, "")], () => model.go(`/breed/${encodeURIComponent(one.name)}`)))),
        ...(you.role === "owner"
          ? [
              ...section(S.home.recipes, breedable.filter((one) => one.kind === "recipe").map((one) => card(one.title, [one.year, one.about], (button) => begin(button, { recipe: one.name })))),
              ...section(S.home.go_on, sessions.slice(0, 24).map((run) => card(run.name, [`${run.artist} · ${S.home.generation(run.rounds)}`], (button) => begin(button, { run: run.name })))),
              ...section(S.home.artists, breedable.filter((one) => one.kind === "artist").map((one) => card(one.title, [one.about], (button) => begin(button, { artist: one.name, colour: true })))),
            ]
          : open.length ? [] : [h("p", {}, S.home.nothing)]),
      ]),
    );
  },
};
