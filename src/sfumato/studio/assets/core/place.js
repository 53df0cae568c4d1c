// Where the studio is: behind a proxy its addresses have a path before them. Inside, they are written as if there was none.

const PREFIX = document.querySelector('meta[name="sfumato-prefix"]').content;

/** One of the studio's own addresses, "/new", as the browser must ask for it; others are left as they are. */
export const placed = (address) => (typeof address === "string" && /^\/(?!\/)/.test(address) ? PREFIX + address : address);

/** The path of the studio's own address, for one that the browser has; null for what is not the studio's. */
export const own = (path) => (path === PREFIX ? "/" : path.startsWith(`${PREFIX}/`) ? path.slice(PREFIX.length) : null);
