// A session as a model of anywidget's shape, kept by server-sent events; and the calls of the server.

/** Call the server; gives the JSON of its answer. Throws an Error with the server's sentence and its status. */
export async function call(path, body) {
  const asked = body === undefined ? {} : { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const answer = await fetch(path, asked);
  return understood(answer.status, await answer.json().catch(() => ({})));
}

/** The JSON of an answer. Throws an Error with the server's sentence and its status if it is a refusal. */
export function understood(status, json) {
  if (status >= 400) throw Object.assign(new Error(json.error ?? String(status)), { status });
  return json;
}

/** What a view sees: values by name, their changes, and messages to whoever holds them. */
export class Model {
  #values = {};
  #listeners = new Map();

  constructor(values = {}) {
    this.#values = { ...values };
  }

  get(name) {
    return this.#values[name];
  }

  set(name, value) {
    const changes = typeof name === "string" ? { [name]: value } : name;
    const changed = Object.keys(changes).filter((key) => this.#values[key] !== changes[key]);
    Object.assign(this.#values, changes);
    for (const key of changed) this.emit(`change:${key}`, changes[key]);
    if (changed.length) this.emit("change", changed);
  }

  save_changes() {}

  on(event, listener) {
    if (!this.#listeners.has(event)) this.#listeners.set(event, new Set());
    this.#listeners.get(event).add(listener);
  }

  off(event, listener) {
    if (listener) this.#listeners.get(event)?.delete(listener);
    else this.#listeners.delete(event);
  }

  /** Call the server. */
  call(path, body) {
    return call(path, body);
  }

  /** Send a file; the answer's JSON. Throws as call does. */
  async upload(path, file) {
    const answer = await fetch(path, { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } });
    return understood(answer.status, await answer.json().catch(() => ({})));
  }

  /** Show what is at an address of the server in an image, of HTML or of SVG. */
  async show(image, address) {
    if (image instanceof SVGElement) image.setAttribute("href", address);
    else image.src = address;
  }

  /** Call f at every event of a kind; gives a way to end it. */
  listen(path, kind, f) {
    const source = new EventSource(path);
    source.addEventListener(kind, f);
    return () => source.close();
  }

  /** Go to another view. */
  go(path) {
    if (location.hash === `#${path}`) location.reload();
    else location.hash = path;
  }

  emit(event, value) {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) listener(value);
  }

  send() {}
}

const AGAIN = 1000; // ms until the next try, while the server does not answer

/** A session on the server. It connects again by itself, and sends again what a lost connection may have kept. */
export class SessionModel extends Model {
  constructor(name, you) {
    super({ name, you, connected: true, works: [], people: [], marks: [], me: localStorage.getItem("coevo-name") ?? "" });
    this.path = `/api/sessions/${encodeURIComponent(name)}`;
    this.ended = false;
    this.waiting = [];
    this.connect();
  }

  connect() {
    if (this.ended) return;
    this.source = new EventSource(`${this.path}/events?name=${encodeURIComponent(this.get("me"))}`);
    this.source.addEventListener("state", (event) => this.take(JSON.parse(event.data), true));
    this.source.addEventListener("people", (event) => this.set(JSON.parse(event.data)));
    this.source.addEventListener("sharper", (event) => this.sharpen(JSON.parse(event.data)));
    this.source.onopen = () => {
      this.set("connected", true);
      this.again();
    };
    this.source.onerror = () => {
      this.source.close();
      this.set("connected", false);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.reopen(), AGAIN);
    };
  }

  /** The server may have been started again: then the session has to be opened again. */
  async reopen() {
    if (this.ended) return;
    try {
      const now = await this.call(this.path).catch(async (error) => {
        if (error.status !== 400 && error.status !== 404) throw error;
        await this.call("/api/sessions", { run: this.get("name") });
        return this.call(this.path);
      });
      if (now.closed) {
        this.take(now, true);
        this.set("connected", true);
        return;
      }
      this.connect();
    } catch (error) {
      if (error.status === undefined || error.status >= 500) this.timer = setTimeout(() => this.reopen(), AGAIN);
      else this.set({ connected: true, closed: true, note: error.message });
    }
  }

  take(state, always = false) {
    if (state.version === undefined) return;
    if (!always && state.epoch === this.get("epoch") && state.version <= this.get("version")) return;
    this.set(state);
  }

  sharpen({ snapshot, place, id, parents, picture }) {
    if (snapshot !== this.get("snapshot")) return;
    this.set("works", this.get("works").map((work, index) => (index === place ? { id, parents, picture } : work)));
  }

  /** Give a command; the answer of the server. What did not arrive is sent again when the server is back. */
  async send(message) {
    try {
      const answer = await this.call(`${this.path}/commands`, message);
      this.take(answer);
      return answer;
    } catch (error) {
      if (error.status === undefined) {
        this.set("connected", false);
        if (message.snapshot !== undefined) this.waiting = [message];
        return undefined;
      }
      this.emit("refused", error.message);
      return undefined;
    }
  }

  again() {
    const messages = this.waiting.splice(0);
    for (const message of messages) this.send(message);
  }

  end() {
    this.ended = true;
    clearTimeout(this.timer);
    this.source?.close();
  }
}
