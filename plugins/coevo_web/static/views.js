// Which view is shown at which address.

const ROUTES = [
  [/^\/?$/, "home", "home"],
  [/^\/breed\/([^/]+)$/, "breed", "home"],
  [/^\/tree\/([^/]+)(?:\/([^/]+))?$/, "tree", "home"],
  [/^\/runs$/, "runs", "runs"],
  [/^\/runs\/([^/]+)$/, "run", "runs"],
  [/^\/paint\/([^/]+)$/, "paint", "runs"],
  [/^\/walk\/([^/]+)$/, "walk", "runs"],
  [/^\/compare\/([^/]+)$/, "compare", "runs"],
  [/^\/gallery$/, "gallery", "gallery"],
  [/^\/gallery\/([^/]+)$/, "work", "gallery"],
];

/** The name of a view, the section that it belongs to, and the words in its address. */
export function viewAt(path) {
  const [pattern, view, section] = ROUTES.find(([pattern]) => pattern.test(path)) ?? ROUTES[0];
  const words = (path.match(pattern) ?? []).slice(1).map((word) => word && decodeURIComponent(word));
  return { view, section, words };
}
