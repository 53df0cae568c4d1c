// Plotly's own JavaScript, loaded when first needed and made to keep to the page's content policy: what it would write
// as inline styles, which the policy blocks, goes through the CSSOM, which it allows.

import { h } from "../core/element.js";

let loading = null;

export function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const restore = strict();
    const script = h("script", { src: "/assets/plotly.min.js" });
    script.addEventListener("load", () => {
      restore();
      resolve(window.Plotly);
    });
    script.addEventListener("error", () => {
      restore();
      loading = null;
      script.remove();
      reject(new Error("The charts' program did not load."));
    });
    document.head.append(script);
  });
  return loading;
}

function strict() {
  const { setAttribute } = Element.prototype;
  // For good: charts set styles whenever they are drawn.
  Element.prototype.setAttribute = function (name, value) {
    if (name === "style" && this.style) this.style.cssText = value;
    else setAttribute.call(this, name, value);
  };
  // While it loads it adds the style sheet of its maps, which are not used here.
  const { appendChild } = document.head;
  document.head.appendChild = (element) => (element.localName === "style" && element.textContent ? element : appendChild.call(document.head, element));
  return () => delete document.head.appendChild;
}
