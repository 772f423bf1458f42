// The slider beside the field for an earlier moment: it writes the moment into the field and shows the chat as of then.

import { show } from "./live.js";

export function startAsOf() {
  const main = document.getElementById("main");
  const find = () => {
    const form = main?.querySelector("form.as-of");
    return form && { form, field: form.elements.namedItem("as_of"), slider: form.querySelector("input[type=range]") };
  };
  const reveal = () => {
    const found = find();
    if (!found) return;
    found.slider.closest(".slide").hidden = false;
    if (document.activeElement !== found.slider) found.slider.value = found.slider.getAttribute("value");
  };
  let later = 0;
  main?.addEventListener("input", (event) => {
    const found = find();
    if (!found || event.target !== found.slider) return;
    const moment = new Date(Number(found.slider.value)).toISOString().replace(".000Z", "Z");
    found.field.value = moment;
    found.slider.setAttribute("aria-valuetext", moment);
    clearTimeout(later);
    later = setTimeout(() => show(`${location.pathname}?as_of=${encodeURIComponent(moment)}`), 120);
  });
  main?.addEventListener("shown", reveal);
  reveal();
}
