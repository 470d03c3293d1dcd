// @ts-check
/** Where we are: after the # it reaches no server log, and a record can be linked. */

/** @typedef {{page: string, id: string, query: URLSearchParams}} Route */

/** @returns {Route} */
export function here() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [page = "", id = ""] = path.split("/");
  return { page: page || "escrows", id: decodeURIComponent(id), query: new URLSearchParams(query) };
}

/**
 * @param {string} page
 * @param {string} [id]
 */
export const to = (page, id = "") => `#/${page}${id ? `/${encodeURIComponent(id)}` : ""}`;

/** @param {string} hash */
export function go(hash) {
  if (location.hash !== hash) location.hash = hash;
}
