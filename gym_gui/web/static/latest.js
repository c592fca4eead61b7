// An answer of the server, asked for again when something says that it has changed: never twice at once.
import { useEffect, useMemo, useState } from "./ui/html.js";
import { call } from "./api.js";

/** Milliseconds between two looks at least. */
const PAUSE = 500;

/** @param {string} path
 * @returns {{found: any, error: any, look: () => void}} look: asks again, now or soon */
export function useLatest(path) {
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const latest = useMemo(() => {
    let [busy, again, stopped] = [false, false, false];
    const look = async () => {
      if (busy) {
        again = true;
        return;
      }
      busy = true;
      try {
        const answer = await call(path);
        if (!stopped) { setFound(answer); setError(null); }
      } catch (fault) {
        if (!stopped) setError(fault);
      }
      setTimeout(() => {
        busy = false;
        if (again && !stopped) { again = false; look(); }
      }, PAUSE);
    };
    return { look, stop: () => { stopped = true; } };
  }, [path]);
  useEffect(() => { latest.look(); return latest.stop; }, [latest]);
  return { found, error, look: latest.look };
}
