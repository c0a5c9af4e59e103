"use strict";
// What the page does beyond reading: sort, filter, show all, read an hour, open an entry, copy, theme. Sets classes,
// attributes and text only; the page is complete without it.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (tag, props = {}, ...kids) => {
    const element = Object.assign(document.createElement(tag), props);
    element.append(...kids);
    return element;
  };
  const button = (text, act) => make("button", { type: "button", textContent: text, onclick: act });

  // ---- tables: sort, filter, show all
  const value = (row, place) => {
    const cell = row.cells[place];
    const text = cell.dataset.v ?? cell.textContent.trim();
    const plain = Number(text.replaceAll(",", ""));
    return text === "" || text === "–" ? -Infinity : Number.isNaN(plain) ? text.toLowerCase() : plain;
  };
  const compare = (a, b) =>
    typeof a === typeof b ? (typeof a === "string" ? a.localeCompare(b) : a - b || 0) : typeof a === "number" ? -1 : 1;
  for (const table of all("table")) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    if (rows.length < 2) continue;
    const heads = [...table.tHead.rows[0].cells];
    const limit = Number(table.dataset.more || 0);
    let open = !limit;
    let wanted = "";
    const status = make("span", { role: "status" });
    const more = button("", () => { open = !open; show(); });
    const show = () => {
      const found = [...body.rows].filter((row) => row.textContent.toLowerCase().includes(wanted));
      const seen = open ? found : found.slice(0, limit);
      for (const row of body.rows) row.classList.toggle("off", !seen.includes(row));
      status.textContent = `${seen.length} of ${rows.length} rows`;
      more.textContent = open ? `Show ${limit}` : `Show all ${found.length}`;
      more.hidden = found.length <= limit;
    };
    heads.forEach((head, place) => {
      const label = head.querySelector(".h");
      if (!label || head.classList.contains("x")) return;
      const act = () => {
        const numeric = head.classList.contains("n");
        const up = head.ariaSort ? head.ariaSort === "descending" : !numeric;
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const sorted = [...body.rows].sort((a, b) => compare(value(a, place), value(b, place)));
        body.append(...(up ? sorted : sorted.reverse()));
        show();
      };
      label.replaceWith(button(label.textContent, act));
    });
    if (limit) {
      const filter = make("input", { type: "search", placeholder: "Filter rows" });
      filter.setAttribute("aria-label", `Filter rows of ${table.caption.textContent}`);
      filter.oninput = () => { wanted = filter.value.toLowerCase(); show(); };
      table.parentNode.append(make("div", { className: "tools" }, filter, status, more));
    }
    show();
  }
  // What has to be scrolled sideways must be reachable without a pointer.
  const reach = new ResizeObserver((entries) => {
    for (const { target } of entries)
      if (target.scrollWidth > target.clientWidth) target.setAttribute("tabindex", "0");
      else target.removeAttribute("tabindex");
  });
  for (const wrap of all(".tw")) reach.observe(wrap);

  // ---- time: the values of one bar, by pointer or arrow keys
  const times = document.getElementById("times");
  if (times) {
    const values = JSON.parse(times.dataset.values);
    const width = 100 / values.length;
    const hint = `Point at a bar, or choose one with the arrow keys, to read its values.`;
    const read = make("p", { className: "small mu", textContent: hint });
    read.setAttribute("role", "status");
    times.before(read);
    times.tabIndex = 0;
    times.setAttribute("role", "group");
    times.setAttribute("aria-label", `Values per ${times.dataset.unit}; arrow keys choose`);
    let place = -1;
    const choose = (next) => {
      place = Math.min(Math.max(next, 0), values.length - 1);
      read.textContent = values[place];
      for (const band of all(".band", times)) {
        band.setAttribute("x", `${place * width}%`);
        band.setAttribute("width", `${width}%`);
      }
    };
    times.onkeydown = (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, Home: -values.length, End: values.length }[event.key];
      if (!step || event.target !== times) return;
      event.preventDefault();
      choose(place < 0 ? (step > 0 && event.key !== "End" ? 0 : place + step) : place + step);
    };
    for (const strip of all(".strip", times))
      strip.onpointermove = (event) => {
        const box = strip.getBoundingClientRect();
        choose(Math.floor(((event.clientX - box.left) / box.width) * values.length));
      };
  }

  // ---- entries of the appendix in a dialog; Escape returns to the link
  const dialog = make("dialog");
  const content = make("div");
  dialog.append(button("Close", () => dialog.close()), content);
  dialog.setAttribute("aria-label", "Meaning");
  document.body.append(dialog);
  dialog.onclick = (event) => { if (event.target === dialog) dialog.close(); };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (!link) return;
    const target = document.getElementById(link.hash.slice(1));
    if (!target) return;
    if (target.matches("details")) target.open = true;
    if (!("open" in link.dataset) || !dialog.showModal) return;
    event.preventDefault();
    const copy = target.cloneNode(true);
    for (const element of [copy, ...all("[id]", copy)]) element.removeAttribute("id");
    dialog.setAttribute("aria-label", copy.querySelector("h3, dt")?.textContent || "Meaning");
    content.replaceChildren(copy);
    if (!dialog.open) dialog.showModal();
  });

  // ---- copy, theme, print
  for (const text of all("pre[data-copy]")) {
    if (!navigator.clipboard) continue;
    const copy = button("Copy", () => navigator.clipboard.writeText(text.textContent).then(() => { copy.textContent = "Copied"; }));
    text.replaceWith(make("div", { className: "paste" }, text.cloneNode(true), copy));
  }
  const themes = ["auto", "light", "dark"];
  const theme = button("Theme: auto", () => {
    const next = themes[(themes.indexOf(document.documentElement.dataset.theme || "auto") + 1) % 3];
    document.documentElement.dataset.theme = next;
    theme.textContent = `Theme: ${next}`;
  });
  theme.className = "theme";
  document.querySelector("nav").append(theme);
  window.addEventListener("beforeprint", () => all(".finding").forEach((f) => { f.open = f.classList.contains("you"); }));
})();
