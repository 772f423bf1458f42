// Makes a piece of the page equal to a newer one by changing only what differs, so that focus, scroll, selection and
// what is typed in stay. What bears `data-keep` belongs to the scripts and is left alone.

const same = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && key(a) === key(b);
const key = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.dataset?.key || node.id || "" : "");

export function morph(now, next) {
  if (now.nodeType !== Node.ELEMENT_NODE) {
    if (now.nodeValue !== next.nodeValue) now.nodeValue = next.nodeValue;
    return;
  }
  if (now.dataset?.keep !== undefined) return;
  morphAttributes(now, next);
  morphChildren(now, next);
}

function morphAttributes(now, next) {
  const kept = now.nodeName === "DETAILS" ? ["open"] : [];
  for (const { name } of [...now.attributes]) {
    if (!next.hasAttribute(name) && !kept.includes(name)) now.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (now.getAttribute(name) !== value && !kept.includes(name)) now.setAttribute(name, value);
  }
}

function morphChildren(now, next) {
  const keyed = new Map([...now.children].filter(key).map((child) => [key(child), child]));
  let place = now.firstChild;
  for (const wanted of next.childNodes) {
    if (wanted.dataset?.keep !== undefined) continue;
    while (place?.dataset?.keep !== undefined) place = place.nextSibling;
    const known = key(wanted) && keyed.get(key(wanted));
    if (known && same(known, wanted)) {
      if (known !== place) move(known, now, place);
      morph(known, wanted);
      place = known.nextSibling;
    } else if (place && same(place, wanted)) {
      const text = place.textContent;
      morph(place, wanted);
      if (place.nodeName === "TD" && place.textContent !== text) flash(place);
      place = place.nextSibling;
    } else {
      now.insertBefore(document.importNode(wanted, true), place);
    }
  }
  while (place) {
    const gone = place;
    place = place.nextSibling;
    if (gone.dataset?.keep === undefined) gone.remove();
  }
}

// What is moved loses the focus, even if it comes to stand where it was.
function move(node, parent, place) {
  const focused = node.contains(document.activeElement) ? document.activeElement : null;
  parent.insertBefore(node, place);
  focused?.focus({ preventScroll: true });
}

// The style says what is seen of it, and nothing where less motion is wanted.
function flash(cell) {
  cell.classList.remove("changed");
  void cell.offsetWidth;
  cell.classList.add("changed");
}
