/**
 * Lets xterm.js build itself under the page's policy (style-src 'self'), which forbids its <style> elements and its
 * cells' style attributes: the elements become constructed style sheets, the attributes go through the CSSOM, and both
 * of these are allowed.
 * @param {() => void} build
 */
export function withoutInlineStyles(build) {
  HTMLSpanElement.prototype.setAttribute = setAttribute;
  document.createElement = (/** @type {string} */ name) => name === "style" ? styleElement() : Document.prototype.createElement.call(document, name);
  try {
    build();
  } finally {
    // An own property, which stood before the prototype's.
    delete (/** @type {any} */ (document).createElement);
  }
}

/** A cell's own colours. @this {HTMLElement} @param {string} name @param {string} value */
function setAttribute(name, value) {
  if (name === "style") this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
}

/** An element that holds nothing; its text is a style sheet of the document for as long as it is not removed. @returns {any} */
function styleElement() {
  const sheet = new CSSStyleSheet(), element = document.createElement("template");
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  Object.defineProperty(element, "textContent", { set: text => sheet.replaceSync(text) });
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter(other => other !== sheet);
    Element.prototype.remove.call(element);
  };
  return element;
}
