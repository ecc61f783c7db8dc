// The page: its frame, and which view is shown at which address.

import { h, say } from "./dom.js";
import { Model, SessionModel, call } from "./model.js";
import { S } from "./strings.js";
import { viewAt } from "./views.js";

const main = document.getElementById("main");
const offline = document.getElementById("offline");
let end = () => {};
let session = null;
let turn = 0;

document.getElementById("skip").textContent = S.skip;
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
document.getElementById("nav").append(
  ...[["home", "#/"], ["runs", "#/runs"], ["gallery", "#/gallery"]].map(([name, href]) => h("a", { href, "data-name": name }, S.nav[name])),
);

/** The model of a session; the breeding view and the family tree of one session share it. */
function sessionModel(name, you) {
  if (session?.get("name") !== name || session.ended) {
    session?.end();
    session = new SessionModel(name, you);
    session.on("change:connected", (connected) => {
      offline.hidden = connected;
      offline.textContent = connected ? "" : S.offline;
      if (connected) say(S.back);
    });
    session.on("refused", say);
  }
  return session;
}

async function show() {
  const mine = ++turn;
  const path = location.hash.slice(1);
  const { view, section, words } = viewAt(path);
  for (const link of document.querySelectorAll("#nav a")) {
    if (link.dataset.name === section) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const module = await import(`./views/${view}.js`);
  let start;
  try {
    start = await call("/api/start");
  } catch (error) {
    offline.hidden = false;
    offline.textContent = error.status === undefined ? S.offline : error.message;
    if (error.status === undefined) setTimeout(show, 1000);
    return;
  }
  if (mine !== turn) return;
  offline.hidden = true;
  end();
  const isSession = view === "breed" || view === "tree";
  if (!isSession && session) {
    session.end();
    session = null;
  }
  const model = isSession ? sessionModel(words[0], start.you) : new Model();
  model.set({ start, words });
  const el = h("div.view", { class: view });
  main.replaceChildren(el);
  end = (await module.default.render({ model, el })) ?? (() => {});
  document.title = `${el.dataset.title ?? "coevo"} · coevo`;
}

addEventListener("hashchange", show);
show();
