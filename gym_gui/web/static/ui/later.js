// A component whose module is loaded once it is shown.
import { html, useEffect, useState } from "./html.js";
import { ErrorBox } from "./error.js";

/** @param {() => Promise<Record<string, any>>} load @param {string} name of the component in its module */
export function later(load, name) {
  return function Later(/** @type {any} */ props) {
    const [component, setComponent] = useState(/** @type {any} */ (null));
    const [error, setError] = useState(/** @type {any} */ (null));
    useEffect(() => { load().then((module) => setComponent(() => module[name]), setError); }, []);
    if (error) return html`<${ErrorBox} error=${error} />`;
    return component && html`<${component} ...${props} />`;
  };
}
