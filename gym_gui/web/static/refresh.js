// Asks again for what is still changing, as long as somebody looks at it.
import { useEffect, useState } from "./ui/html.js";

const ACTIVE = ["queued", "starting", "running", "paused"];
const PAUSE_MS = 3000;

/** Counts up every few seconds while runs are under way and the page is looked at.
 * @param {any[]} runs @returns {number} */
export function useRefresh(runs) {
  const [turn, setTurn] = useState(0);
  const active = runs.some((run) => ACTIVE.includes(run.state));
  useEffect(() => {
    if (!active) return undefined;
    const timer = setInterval(() => { if (!document.hidden) setTurn((old) => old + 1); }, PAUSE_MS);
    return () => clearInterval(timer);
  }, [active]);
  return turn;
}
