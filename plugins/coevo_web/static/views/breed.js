// A sheet of pictures, as large as the window allows: pick, breed, undo.

import { dialog, field, h, pictureOf, say, writes } from "../dom.js";
import { S } from "../strings.js";
import { zoom } from "./zoom.js";

const STEP = 1.25; // the factor of + and -, as in the terminal
const SIZES = [128, 256, 384, 512, 768, 1024]; // px that pictures are drawn at
const T = S.breed;

/** Columns of a grid in which n squares are as large as possible. */
export function columnsFor(n, width, height, gap) {
  let best = [0, 1];
  for (let columns = 1; columns <= n; columns += 1) {
    const rows = Math.ceil(n / columns);
    const side = Math.min((width - gap * (columns - 1)) / columns, (height - gap * (rows - 1)) / rows);
    if (side > best[0]) best = [side, columns];
  }
  return { side: Math.max(1, Math.floor(best[0])), columns: best[1] };
}

export default {
  render({ model, el }) {
    el.dataset.title = model.get("name");
    let focus = 0;
    let picked = new Set();
    let shown = -1; // the snapshot whose pictures are shown; the model may know of a newer one
    let displayed = []; // its works
    let scores = null;
    let loading = 0;
    let asked = 0;

    const heading = h("h1", {}, model.get("name"));
    const facts = h("span.facts", {});
    const people = h("span.people", {});
    const sheet = h("div.sheet", { role: "group", "aria-label": T.sheet });
    const note = h("p.note", { role: "status" });
    const button = (name, act, key, extra = {}) => h("button", { onclick: act, "aria-keyshortcuts": key, ...extra }, T[name]);
    const breed = button("roll", () => go(), "Enter", { class: "primary" });
    const decide = button("decide", () => command("pick", { places: [...picked] }), "", { hidden: true });
    const undo = button("undo", () => command("undo"), "U");
    const redo = button("redo", () => command("redo"), "R");
    const slider = h("input", { type: "range", step: 1, id: "mutation" });
    const rate = h("output", { for: "mutation" });
    const mutation = h("label.mutation", {}, h("span", {}, T.mutation), slider, rate);
    const tools = [
      button("zoom", () => look(), "Z"),
      button("save", () => save(model, id()), "S"),
      button("tree", () => tree(), "L"),
      button("publish", () => publish(model, id()), "P"),
      button("together", () => together(model), ""),
      button("advisor", () => advise(), ""),
      button("help", () => help(), "?"),
    ];
    const watching = model.get("you").role === "watcher";
    el.append(
      h("div.head", {}, heading, facts, people),
      sheet,
      note,
      h("div.bar", { role: "toolbar", "aria-label": T.sheet }, watching ? [tools[0], tools[2], tools[6]] : [breed, decide, undo, redo, mutation, h("span.tools", {}, tools)]),
    );

    const works = () => model.get("works");
    const id = () => displayed[focus]?.id;
    const command = (doing, more = {}) => model.send({ do: doing, snapshot: shown, ...more });
    const votes = () => Boolean(model.get("rule")?.quorum || model.get("rule")?.seconds);

    const go = () => {
      if (model.get("busy") || watching) return;
      command(votes() ? "vote" : "pick", { places: [...picked].sort((a, b) => a - b) });
    };
    const toggle = (place) => {
      const [, most] = model.get("picks");
      if (watching) return;
      if (picked.has(place)) picked.delete(place);
      else if (most === 1) picked = new Set([place]);
      else if (picked.size < most) picked.add(place);
      else return say(T.most(most));
      mark();
      command("mark", { places: [...picked] });
    };
    const mutate = (steps) => model.get("mutation") && command("mutate", { steps, snapshot: undefined });
    const look = () => zoom({ model, place: focus, toggle, picked, save: (one) => save(model, one), go_to: (place) => move(place) });
    const tree = () => model.get("lineage") && model.go(`/tree/${encodeURIComponent(model.get("name"))}/${encodeURIComponent(id())}`);

    // the sheet

    const tile = (place) => {
      const img = h("img", { alt: "", draggable: "false" });
      const el = h("button.tile", { "aria-pressed": "false", tabindex: place === focus ? 0 : -1, "data-place": place }, img, h("span.who"), h("span.score"));
      el.addEventListener("click", () => {
        move(place);
        toggle(place);
      });
      el.addEventListener("dblclick", look);
      el.addEventListener("focus", () => focus !== place && move(place));
      return el;
    };
    const move = (place) => {
      if (place < 0 || place >= sheet.children.length) return;
      focus = place;
      for (const [index, child] of [...sheet.children].entries()) child.tabIndex = index === focus ? 0 : -1;
      if (document.activeElement !== sheet.children[focus] && !document.querySelector("dialog")) sheet.children[focus].focus();
    };
    const mark = () => {
      const others = (place) => (model.get("people") ?? []).filter((one) => one.id !== model.get("you").id && one.snapshot === shown && one.marks.includes(place)).map((one) => one.name);
      for (const [place, child] of [...sheet.children].entries()) {
        const { id, parents } = displayed[place];
        const names = others(place);
        const score = scores?.[place];
        child.setAttribute("aria-pressed", picked.has(place));
        child.setAttribute("aria-label", [T.picture(place + 1, id, parents), names.length && T.marked_by(names), score !== undefined && T.score(score.toFixed(2))].filter(Boolean).join(", "));
        child.querySelector(".who").textContent = names.join(", ");
        child.querySelector(".score").textContent = score === undefined ? "" : score.toFixed(2);
      }
      const [least, most] = model.get("picks") ?? [1, 1];
      breed.textContent = votes() ? T.vote : picked.size ? T.breed : T.roll;
      decide.hidden = !(votes() && model.get("you").role === "owner");
      const idle = picked.size ? T.picked(picked.size) : most === 1 ? T.one : T.some(least, most);
      note.textContent = model.get("busy") ? T.busy : model.get("note") || idle;
    };
    const arrange = () => {
      const n = sheet.children.length;
      if (!n) return;
      const gap = parseFloat(getComputedStyle(sheet).columnGap) || 0;
      const room = sheet.getBoundingClientRect();
      const { side, columns } = columnsFor(n, room.width, room.height, gap);
      sheet.dataset.columns = columns;
      sheet.style.gridTemplateColumns = `repeat(${columns}, ${side}px)`;
      sheet.style.gridAutoRows = `${side}px`;
      const wanted = SIZES.find((size) => size >= side * devicePixelRatio) ?? SIZES.at(-1);
      if (wanted !== asked && wanted > 256) {
        asked = wanted;
        model.send({ do: "size", size: wanted });
      }
    };
    /** Show pictures when all of them are there, so that a sheet changes at once. */
    const draw = async () => {
      const some = works();
      if (!some?.length) return;
      const mine = ++loading;
      const snapshot = model.get("snapshot");
      const images = await Promise.all(
        some.map(async ({ picture }) => {
          const img = new Image();
          await model.show(img, picture);
          await img.decode().catch(() => {});
          return img;
        }),
      );
      if (mine !== loading) return;
      const fresh = shown !== snapshot;
      displayed = some;
      if (sheet.children.length !== some.length) {
        focus = Math.min(focus, some.length - 1);
        sheet.replaceChildren(...some.map((_, place) => tile(place)));
        arrange();
        move(focus);
      }
      for (const [place, img] of images.entries()) {
        const old = sheet.children[place].querySelector("img");
        if (old.src === img.src) continue;
        img.alt = "";
        img.draggable = false;
        img.classList.toggle("coarse", img.naturalWidth < 100);
        old.replaceWith(img);
      }
      if (fresh) {
        const first = shown === -1;
        shown = snapshot;
        picked = new Set(model.get("people")?.find((one) => one.id === model.get("you").id)?.marks ?? []);
        scores = null;
        if (!first) say(T.new_sheet(model.get("generation"), some.length));
        sheet.dataset.snapshot = shown;
        el.dispatchEvent(new CustomEvent("sheet-shown"));
      }
      mark();
    };
    const describe = () => {
      facts.textContent = model.get("generation") === undefined ? "" : T.generation(model.get("generation"));
      undo.disabled = !model.get("undo");
      redo.disabled = !model.get("redo");
      tools[2].disabled = tools[3].disabled = !model.get("lineage");
      sheet.setAttribute("aria-busy", Boolean(model.get("busy")));
      el.classList.toggle("busy", Boolean(model.get("busy")));
      const now = model.get("mutation");
      mutation.hidden = !now;
      if (now && document.activeElement !== slider) {
        const steps = (value) => Math.round(Math.log(Math.max(value, 1e-3) / Math.max(now.rate, 1e-3)) / Math.log(STEP));
        slider.min = Math.max(steps(Math.max(now.least, 1e-3)), -30);
        slider.max = Math.min(steps(now.most), 30);
        slider.value = 0;
      }
      rate.textContent = now ? now.rate.toPrecision(2).replace(/\.?0+$/, "") : "";
      slider.setAttribute("aria-valuetext", rate.textContent);
      const here = (model.get("people") ?? []).filter((one) => one.id !== model.get("you").id);
      const voting = votes() ? T.voted(model.get("votes"), model.get("rule").quorum) : "";
      const chip = (one) =>
        model.get("rule")?.own && one.role !== "watcher"
          ? h("button.person", { "data-id": one.id, "aria-label": T.visit(one.name), onclick: () => visit(model, one) }, `${one.name} · ${one.generation ?? 0}`)
          : h("span.person", { class: one.voted ? "voted" : "" }, one.name);
      const held = people.contains(document.activeElement) ? document.activeElement.dataset.id : "";
      people.replaceChildren(...here.slice(0, 8).map(chip), voting);
      people.querySelector(`[data-id="${CSS.escape(held)}"]`)?.focus();
      if (model.get("closed")) {
        note.replaceChildren(`${model.get("note") || S.closed} `, h("button", { onclick: () => model.call("/api/sessions", { run: model.get("name") }).then(() => model.go(`/breed/${encodeURIComponent(model.get("name"))}`), (error) => say(error.message)) }, S.reopen));
      } else if (sheet.children.length) mark();
    };

    // dialogs

    const advise = () => {
      const names = model.get("start").advisors;
      const title = (name) => (name.startsWith("run:") ? S.advisor.run(name.slice(4)) : S.advisor.taste(name));
      const which = h("select", {}, names.map((name) => h("option", { value: name }, title(name))));
      const count = h("input", { type: "number", min: 1, max: 50, value: 5, "aria-label": S.advisor.generations });
      const box = dialog(
        S.advisor.title,
        h("p", {}, S.advisor.lead),
        field(S.advisor.which, which),
        h("div.row", {}, h("button", { onclick: async () => {
          const answer = await command("advise", { advisor: which.value });
          box.close();
          if (answer) {
            scores = answer.scores;
            mark();
          }
        } }, S.advisor.show)),
        h("div.row", {}, h("button", { onclick: () => {
          box.close();
          command("evolve", { advisor: which.value, generations: Number(count.value) || 1 });
        } }, S.advisor.evolve), count, h("span", {}, S.advisor.generations)),
        h("div.row.end", {}, h("button", { onclick: () => box.close() }, S.close)),
      );
    };

    // keys, while the focus is in this view

    const KEYS = {
      " ": () => toggle(focus),
      Enter: go,
      u: () => command("undo"),
      r: () => command("redo"),
      "+": () => mutate(1),
      "=": () => mutate(1),
      "-": () => mutate(-1),
      z: look,
      s: () => save(model, id()),
      l: tree,
      b: () => model.get("lineage") && command("branch", { id: id() }),
      p: () => model.get("lineage") && publish(model, id()),
      "?": () => help(),
    };
    const LOOKING = new Set(["z", "s", "l", "?"]);
    const keydown = (event) => {
      if (writes(event)) return;
      const columns = Number(sheet.dataset.columns) || 1;
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -focus, End: sheet.children.length - 1 - focus }[event.key];
      const onTile = event.target.classList?.contains("tile") || event.target === el;
      if (step !== undefined) move(focus + step);
      else {
        const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
        const act = KEYS[key];
        if (!act || ((key === " " || key === "Enter") && !onTile) || (watching && !LOOKING.has(key)) || event.repeat) return;
        act();
      }
      event.preventDefault();
    };
    el.addEventListener("keydown", keydown);
    slider.addEventListener("change", () => {
      const steps = Number(slider.value);
      slider.blur();
      if (steps) mutate(steps);
    });
    const resized = new ResizeObserver(arrange);
    resized.observe(sheet);
    model.on("change:works", draw);
    model.on("change", describe);
    draw();
    describe();
    return () => {
      resized.disconnect();
      model.off("change:works", draw);
      model.off("change", describe);
    };
  },
};

/** Ask how a work is saved, and save it. */
export function save(model, id) {
  const size = h("input", { type: "number", min: 16, max: 8192, step: 1, value: 1024, required: true });
  const kinds = ["png", ...(model.get("vector") ? ["svg"] : []), ...(model.get("lineage") ? ["gif"] : [])];
  const kind = h("select", {}, kinds.map((name) => h("option", { value: name }, S.save[name])));
  const form = h("form", { onsubmit: (event) => {
    event.preventDefault();
    const link = h("a", { href: `${model.path}/file?id=${encodeURIComponent(id)}&size=${Number(size.value)}&as=${kind.value}`, download: "" });
    box.append(link); // a notebook listens there
    link.click();
    box.close();
  } }, field(S.save.kind, kind), field(S.save.size, size), h("div.row.end", {}, h("button", { type: "button", onclick: () => box.close() }, S.cancel), h("button.primary", {}, S.save.go)));
  const box = dialog(S.save.title(id), form);
}

/** Ask for title and tags, and publish a work. */
export function publish(model, id) {
  const title = h("input", { required: true, maxlength: 100 });
  const author = h("input", { maxlength: 40, value: model.get("me") });
  const tags = h("input", { maxlength: 300 });
  const form = h("form", { onsubmit: async (event) => {
    event.preventDefault();
    const body = { session: model.get("name"), id, title: title.value, author: author.value, tags: tags.value.split(",").map((tag) => tag.trim()).filter(Boolean) };
    try {
      await model.call("/api/works", body);
      box.close();
      say(S.publish.done);
    } catch (error) {
      say(error.message);
    }
  } }, field(S.publish.name, title), field(S.publish.author, author), field(S.publish.tags, tags), h("div.row.end", {}, h("button", { type: "button", onclick: () => box.close() }, S.cancel), h("button.primary", {}, S.publish.go)));
  const box = dialog(S.publish.title(id), form);
}

/** Another person's sheet, from which copies can be taken onto one's own. */
async function visit(model, one) {
  const theirs = await model.call(`${model.path}/sheet?of=${encodeURIComponent(one.id)}`).catch((error) => say(error.message));
  if (!theirs) return;
  const take = async (id) => {
    box.close();
    document.querySelector(".sheet [tabindex='0']")?.focus();
    if (await model.send({ do: "take", id })) say(S.visit.taken(id));
  };
  const box = dialog(
    S.visit.title(one.name, theirs.generation),
    h("p", {}, S.visit.lead),
    h("div.thumbs", {}, theirs.works.map(({ id, picture }) => h("button.tile", { "aria-label": S.visit.take(id), onclick: () => take(id) }, pictureOf(model, picture)))),
    h("div.row.end", {}, h("button", { onclick: () => box.close() }, S.close)),
  );
}

/** Who is here, and who breeds. */
function together(model) {
  const you = model.get("you");
  const people = model.get("people") ?? [];
  const name = h("input", { maxlength: 40, value: model.get("me") });
  const rule = model.get("rule") ?? {};
  const kind = h("select", { disabled: you.role !== "owner" }, ["anyone", "quorum", "seconds", "own"].map((one) => h("option", { value: one }, S.together[one])));
  kind.value = rule.own ? "own" : rule.quorum ? "quorum" : rule.seconds ? "seconds" : "anyone";
  const count = h("input", { type: "number", min: 1, max: 1000, value: rule.quorum || rule.seconds || 3, disabled: you.role !== "owner" });
  const counted = field(S.together.count, count);
  const ask = () => (counted.hidden = !["quorum", "seconds"].includes(kind.value));
  kind.addEventListener("change", ask);
  ask();
  const form = h("form", { onsubmit: async (event) => {
    event.preventDefault();
    localStorage.setItem("coevo-name", name.value);
    model.set("me", name.value);
    await model.send({ do: "name", name: name.value });
    if (you.role === "owner") {
      const many = Number(count.value) || 1;
      await model.send({ do: "rule", quorum: kind.value === "quorum" ? many : 0, seconds: kind.value === "seconds" ? many : 0, own: kind.value === "own" });
    }
    box.close();
  } },
    field(S.together.you, name),
    h("p", {}, S.together.here(people.length)),
    people.length > 1 && h("ul.plain", {}, people.map((one) => h("li", {}, `${one.name} · ${S.together.role[one.role]}`))),
    field(S.together.rule, kind),
    counted,
    h("div.row.end", {}, you.role === "owner" && h("button", { type: "button", onclick: () => {
      model.send({ do: "close" });
      box.close();
    } }, S.together.close), h("button", { type: "button", onclick: () => box.close() }, S.cancel), h("button.primary", {}, S.together.go)));
  const box = dialog(S.together.title, form);
}

function help() {
  const box = dialog(
    S.help.title,
    h("p", {}, S.help.lead),
    h("dl.keys", {}, S.help.keys.map(([keys, what]) => [h("dt", {}, h("kbd", {}, keys)), h("dd", {}, what)])),
    h("div.row.end", {}, h("button", { onclick: () => box.close(), autofocus: true }, S.close)),
  );
}
