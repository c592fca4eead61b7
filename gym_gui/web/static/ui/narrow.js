// Whether the window is as narrow as a phone: as `max-width: 720px` of the style sheet.
import { signal } from "./html.js";

const query = matchMedia("(max-width: 720px)");
export const narrow = signal(query.matches);
query.addEventListener("change", () => { narrow.value = query.matches; });
