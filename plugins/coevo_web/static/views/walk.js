// Works of a run, and a slider that leads from one of them to another through the latent space.

import { h, pictureOf, say } from "../dom.js";
import { S } from "../strings.js";

const T = S.walk;

export default {
  async render({ model, el }) {
    const [name] = model.get("words");
    el.dataset.title = T.title(name);
    const path = `/api/runs/${encodeURIComponent(name)}`;
    const list = h("div.thumbs.many", { role: "group", "aria-label": T.works });
    const picture = h("img.walked", { alt: "" });
    const slider = h("input", { type: "range", min: 0, max: 0, step: 1, value: 0, "aria-label": T.slider });
    const said = h("output");
    const seed = h("input", { type: "number", min: 0, max: 999999999, step: 1, value: 0, required: true });
    el.append(h("div.page", {},
      h("div.head", {}, h("h1", {}, T.title(name)), h("a.button", { href: `#/runs/${encodeURIComponent(name)}` }, T.back), h("label.inline", {}, h("span", {}, T.seed), seed)),
      h("p.lead", {}, T.lead),
      h("div.columns", {}, h("section", {}, picture, h("label.slide", {}, slider, said)), h("section", {}, list))));
    let ends = [0, 1];
    let steps = [];
    let asked = 0;
    let turn = 0; // which end the next choice replaces

    const show = () => {
      if (!steps.length) return;
      model.show(picture, steps[Number(slider.value)]);
      const share = Math.round((100 * Number(slider.value)) / (steps.length - 1));
      said.textContent = T.share(share);
      picture.alt = T.alt(ends[0] + 1, ends[1] + 1, share);
      slider.setAttribute("aria-valuetext", picture.alt);
    };
    const mark = () => [...list.children].forEach((child, place) => {
      child.setAttribute("aria-pressed", ends.includes(place));
      child.querySelector(".who").textContent = place === ends[0] ? T.from : place === ends[1] ? T.to : "";
    });
    const walk = async () => {
      const mine = ++asked;
      mark();
      try {
        const found = await model.call(`${path}/walk?seed=${Number(seed.value)}&from=${ends[0]}&to=${ends[1]}`);
        if (mine !== asked) return;
        steps = found.steps;
        slider.max = steps.length - 1;
        if (slider.value === "0") slider.value = steps.length >> 1;
        for (const address of steps) model.show(new Image(), address); // so that none is waited for
        show();
      } catch (error) {
        say(error.message);
      }
    };
    const choose = (place) => {
      if (ends.includes(place)) return;
      ends = turn ? [ends[0], place] : [place, ends[1]];
      turn = 1 - turn;
      walk();
    };
    const load = async () => {
      try {
        const { works } = await model.call(`${path}/samples?seed=${Number(seed.value)}`);
        list.replaceChildren(...works.map((address, place) => h("button.tile", { "aria-pressed": "false", "aria-label": T.work(place + 1), onclick: () => choose(place) }, pictureOf(model, address), h("span.who"))));
        await walk();
      } catch (error) {
        el.replaceChildren(h("p.page", {}, error.message));
      }
    };
    slider.addEventListener("input", show);
    seed.addEventListener("change", () => seed.reportValidity() && load());
    await load();
  },
};
