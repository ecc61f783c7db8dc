// Published works, to browse and to branch from; what is dropped here is imported.

import { h, pictureOf, say } from "../dom.js";
import { S } from "../strings.js";

const T = S.gallery;

export function said(work) {
  return [work.author && T.by(work.author), work.artist, work.branches ? T.branches(work.branches) : "", T.rating(work.rating, work.voters)].filter(Boolean).join(" · ");
}

export default {
  async render({ model, el }) {
    el.dataset.title = T.title;
    const order = h("select", {}, Object.entries(T.orders).map(([value, name]) => h("option", { value }, name)));
    const tag = h("select");
    const list = h("ul.cards");
    const file = h("input", { type: "file", accept: ".png,.svg,.zip,.xml", class: "unseen", tabindex: -1, "aria-label": T.choose });
    const voter = model.get("start").you.role !== "watcher";
    let page = 0;
    const more = h("button", { hidden: true, onclick: () => load(page + 1) }, "…");
    el.append(h("div.page", {},
      h("div.head", {}, h("h1", {}, T.title), h("label.inline", {}, h("span", {}, T.order), order), h("label.inline", {}, h("span", {}, T.tags), tag)),
      list, more,
      voter && h("div.drop", {}, h("p", {}, T.drop), h("button", { onclick: () => file.click() }, T.choose), file)));
    const load = async (wanted = 0) => {
      page = wanted;
      const { works, tags } = await model.call(`/api/works?order=${order.value}&tag=${encodeURIComponent(tag.value)}&page=${page}`);
      const now = tag.value;
      tag.replaceChildren(h("option", { value: "" }, T.all), ...tags.map((name) => h("option", { value: name }, name)));
      tag.value = now;
      const cards = works.map((work) => h("li.card", {}, h("a", { href: `#/gallery/${work.id}` }, pictureOf(model, work.picture, { loading: "lazy" }), h("span.name", {}, work.title)), h("span.quiet", {}, said(work)), work.tags.length > 0 && h("span.quiet", {}, work.tags.map((one) => `#${one}`).join(" "))));
      if (page) list.append(...cards);
      else list.replaceChildren(...(cards.length ? cards : [h("li", {}, T.none)]));
      more.hidden = works.length < 60;
    };
    const send = async (files) => {
      for (const one of files) {
        const author = localStorage.getItem("coevo-name") ?? "";
        await model.upload(`/api/works/import?name=${encodeURIComponent(one.name)}&author=${encodeURIComponent(author)}`, one).then(() => say(T.imported), (error) => say(error.message));
      }
      load();
    };
    file.addEventListener("change", () => send(file.files));
    el.addEventListener("dragover", (event) => event.preventDefault());
    el.addEventListener("drop", (event) => {
      event.preventDefault();
      if (voter) send(event.dataTransfer.files);
    });
    order.addEventListener("change", () => load());
    tag.addEventListener("change", () => load());
    await load();
  },
};
