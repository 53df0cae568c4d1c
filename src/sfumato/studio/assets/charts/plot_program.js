// Plotly, loaded when first needed, and made to comply with the page's Content-Security-Policy: inline styles, which the
// policy blocks, are set through the CSSOM, which it allows.

import { h } from "../core/element.js";

let loading = null;

export function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const restore = enforcePolicy();
    const script = h("script", { src: "/assets/plotly.min.js" });
    script.addEventListener("load", () => {
      restore();
      resolve(window.Plotly);
    });
    script.addEventListener("error", () => {
      restore();
      loading = null;
      script.remove();
      reject(new Error("Plotly could not be loaded."));
    });
    document.head.append(script);
  });
  return loading;
}

function enforcePolicy() {
  const { setAttribute } = Element.prototype;
  // Permanently, because Plotly sets styles at every drawing.
  Element.prototype.setAttribute = function (name, value) {
    if (name === "style" && this.style) this.style.cssText = value;
    else setAttribute.call(this, name, value);
  };
  // While loading, Plotly adds a style sheet for maps, which are not used here.
  const { appendChild } = document.head;
  document.head.appendChild = (element) => (element.localName === "style" && element.textContent ? element : appendChild.call(document.head, element));
  return () => delete document.head.appendChild;
}
