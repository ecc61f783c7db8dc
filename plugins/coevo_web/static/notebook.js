// A view in a notebook: the same views, whose calls go through the widget to a site in the kernel's own process.

import { h } from "./dom.js";
import { Model, SessionModel, understood } from "./model.js";
import { viewAt } from "./views.js";
import breed from "./views/breed.js";
import compare from "./views/compare.js";
import gallery from "./views/gallery.js";
import home from "./views/home.js";
import paint from "./views/paint.js";
import run from "./views/run.js";
import runs from "./views/runs.js";
import tree from "./views/tree.js";
import walk from "./views/walk.js";
import work from "./views/work.js";

const LOOK = 2000; // ms between two looks at what a page would be told
const VIEWS = { breed, compare, gallery, home, paint, run, runs, tree, walk, work };
const OF_SESSIONS = new Set(["breed", "tree"]);

/** Asks the kernel by messages of the widget's model, and waits for their answers. */
class Kernel {
  #waiting = new Map();
  #last = 0;

  constructor(host) {
    this.host = host;
    this.heard = (message, buffers) => {
      this.#waiting.get(message?.answers)?.({ ...message, content: buffers?.[0] });
      this.#waiting.delete(message?.answers);
    };
    host.on("msg:custom", this.heard);
  }

  /** Ask for a path; with a text it is a POST of JSON, with bytes one of a file. */
  async fetch(path, text = null, bytes = null) {
    const asks = (this.#last += 1);
    const answer = await new Promise((done) => {
      this.#waiting.set(asks, done);
      this.host.send({ asks, path, body: text }, undefined, bytes ? [bytes] : []);
    });
    return { status: answer.status, type: answer.type, blob: new Blob([answer.content], { type: answer.type }) };
  }

  async call(path, body) {
    const { status, blob } = await this.fetch(path, body === undefined ? null : JSON.stringify(body));
    return understood(status, JSON.parse((await blob.text()) || "{}"));
  }

  async upload(path, file) {
    const { status, blob } = await this.fetch(path, null, await file.arrayBuffer());
    return understood(status, JSON.parse((await blob.text()) || "{}"));
  }

  end() {
    this.host.off("msg:custom", this.heard);
  }
}

/** What models of the page do by HTTP, done by the kernel. */
const throughKernel = (Base) =>
  class extends Base {
    call(path, body) {
      return this.kernel.call(path, body);
    }

    upload(path, file) {
      return this.kernel.upload(path, file);
    }

    async show(image, address) {
      this.shown ??= new Map(); // addresses as the browser's own, for as long as the view is there
      if (!this.shown.has(address)) this.shown.set(address, this.kernel.fetch(address).then(({ blob }) => URL.createObjectURL(blob)));
      const found = await this.shown.get(address);
      if (image instanceof SVGElement) image.setAttribute("href", found);
      else image.src = found;
    }

    listen(path, kind, f) {
      const timer = setInterval(f, LOOK);
      return () => clearInterval(timer);
    }

    go(path) {
      this.gone(path);
    }

    forget() {
      for (const address of this.shown?.values() ?? []) address.then(URL.revokeObjectURL, () => {});
    }
  };

const PlainModel = throughKernel(Model);

/** A session, whose state is asked for in place of its events. */
class NotebookSession extends throughKernel(SessionModel) {
  connect() {
    const look = async () => {
      if (this.ended) return;
      await this.call(this.path).then((state) => this.take(state), () => {});
      this.timer = setTimeout(look, LOOK);
    };
    queueMicrotask(look); // once it knows its kernel
  }
}

export default {
  render({ model: host, el }) {
    const kernel = new Kernel(host);
    const root = h("div.coevo-view");
    el.append(root);
    let end = () => {};
    let model = null;

    const show = async (path) => {
      const { view, words } = viewAt(path);
      end();
      model?.end?.();
      model?.forget();
      try {
        const start = await kernel.call("/api/start");
        model = OF_SESSIONS.has(view) ? new NotebookSession(words[0], start.you) : new PlainModel();
        Object.assign(model, { kernel, gone: show });
        model.set({ start, words });
        const inside = h("div.view", { class: view });
        root.replaceChildren(inside, h("p.unseen", { role: "status" }));
        end = (await VIEWS[view].render({ model, el: inside })) ?? (() => {});
        root.dataset.view = view;
      } catch (error) {
        root.replaceChildren(h("p.page", { role: "alert" }, error.message));
      }
    };
    root.addEventListener("click", async (event) => {
      const link = event.target.closest?.("a[href]");
      const address = link?.getAttribute("href") ?? "";
      if (address.startsWith("#/")) {
        event.preventDefault();
        show(address.slice(1));
      } else if (link?.hasAttribute("download") && address.startsWith("/")) {
        event.preventDefault();
        const { blob, type } = await kernel.fetch(address);
        const file = h("a", { href: URL.createObjectURL(blob), download: link.download || `work.${type.split("/")[1]}` });
        file.click();
        URL.revokeObjectURL(file.href);
      }
    });
    const shown = () => show(host.get("path"));
    host.on("change:path", shown);
    shown();
    return () => {
      host.off("change:path", shown);
      end();
      model?.end?.();
      model?.forget();
      kernel.end();
    };
  },
};
