// The path prefix of the studio behind a proxy. Inside the app, paths are written without it.

const PREFIX = document.querySelector('meta[name="sfumato-prefix"]').content;

/** Add the prefix to a path of the studio, such as "/new"; other URLs stay as they are. */
export const withPrefix = (address) => (typeof address === "string" && /^\/(?!\/)/.test(address) ? PREFIX + address : address);

/** Remove the prefix from a path in the browser; null if it is not the studio's. */
export const withoutPrefix = (path) => (path === PREFIX ? "/" : path.startsWith(`${PREFIX}/`) ? path.slice(PREFIX.length) : null);
