// A published work: the picture, its family tree, and a branch from it.

import { h, panzoom, pictureOf, say } from "../dom.js";
import { S } from "../strings.js";
import { said } from "./gallery.js";

const T = S.gallery;

export default {
  async render({ model, el }) {
    const [id] = model.get("words");
    const role = model.get("start").you.role;
    let work = await model.call(`/api/works/${encodeURIComponent(id)}`);
    el.dataset.title = work.title;
    const facts = h("p.facts", {}, said(work));
    const branch = h("button.primary", { onclick: async () => {
      branch.disabled = true;
      say(S.home.opening);
      try {
        const { name } = await model.call("/api/sessions", { work: work.id });
        model.go(`/breed/${encodeURIComponent(name)}`);
      } catch (error) {
        say(error.message);
        branch.disabled = false;
      }
    } }, T.branch);
    const star = (n) => h("button.star", { "aria-label": T.star(n), onclick: async () => {
      work = await model.call(`/api/works/${work.id}/stars`, { stars: n });
      facts.textContent = said(work);
      say(T.star(n));
    } }, "★".repeat(n));
    const remove = h("button", { onclick: async () => {
      if (remove.dataset.sure) {
        await model.call(`/api/works/${work.id}/remove`, {});
        model.go("/gallery");
      } else {
        remove.dataset.sure = "yes";
        remove.textContent = T.remove_sure;
      }
    } }, T.remove);
    const page = h("div.page.work", {}, h("p", {}, h("a", { href: "#/gallery" }, T.back)), h("h1", {}, work.title), facts,
      pictureOf(model, work.picture, { class: "work", alt: work.title }),
      h("div.row", {}, role !== "watcher" && branch, h("a.button", { href: work.picture, download: `${work.id}.png` }, T.save), role !== "watcher" && work.own && remove),
      role !== "watcher" && h("div.row", { role: "group", "aria-label": T.stars }, [1, 2, 3, 4, 5].map(star)),
      work.tags.length > 0 && h("p.quiet", {}, work.tags.map((one) => `#${one}`).join(" ")),
      work.origin && h("p", {}, `${T.origin} `, h("a", { href: `#/gallery/${work.origin}` }, String(work.origin))));
    el.append(page);
    if (!work.family) return;
    const img = h("img", { alt: T.family_alt, draggable: "false" });
    await model.show(img, `${work.picture}?of=family`);
    const box = h("div.lens.family", { tabindex: 0, role: "application", "aria-label": T.family }, img);
    page.append(h("h2", {}, T.family), box);
    const view = panzoom(box, ({ x, y, scale }) => (img.style.transform = `translate(${x}px, ${y}px) scale(${scale})`), { least: 0.02, most: 8 });
    await img.decode().catch(() => {});
    const scale = Math.min(box.clientWidth / img.naturalWidth, box.clientHeight / img.naturalHeight, 1);
    view.show((box.clientWidth - img.naturalWidth * scale) / 2, (box.clientHeight - img.naturalHeight * scale) / 2, scale);
  },
};
