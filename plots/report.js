// Sorting and filtering of the tables. Without this script every table is there, in its written order.
// A link keeps what is shown: report.html#results?sort=gelem-s&order=desc&filter=chunked%20f32
(() => {
  "use strict";
  const tables = new Map();

  // Numbers as the report writes them: 1,234  3.2·10⁻⁵  ∞  NaN. Anything else is text.
  const digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  const plain = (text) => text.replace(/[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]/g, (c) => (c === "⁻" ? "-" : digits.indexOf(c)));
  const number = (text) => {
    if (text === "∞") return Infinity;
    if (text === "NaN") return Infinity;  // an error that is not a number is as bad as an infinite one
    const parts = /^([-−]?[\d,.]+)(?:·10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)|[eE]([-+]?\d+))?$/.exec(text);
    if (!parts) return NaN;
    return Number(parts[1].replace(/,/g, "").replace("−", "-")) * 10 ** Number(plain(parts[2] || "") || parts[3] || 0);
  };

  const prepare = (table) => {
    const body = table.tBodies[0];
    const state = { table, body, rows: [...body.rows], heads: [...table.tHead.rows[0].cells], sort: "", order: "", filter: "" };
    state.texts = state.rows.map((row) => row.textContent.toLowerCase());
    for (const head of state.heads) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const first = head.classList.contains("n") && !head.dataset.low ? "desc" : "asc";
        state.order = state.sort !== head.dataset.key ? first : state.order === "asc" ? "desc" : "asc";
        state.sort = head.dataset.key;
        apply(state);
        remember(state);
      });
    }
    const bar = document.createElement("div");
    bar.className = "filter";
    const label = document.createElement("label");
    label.textContent = "Filter ";
    state.input = document.createElement("input");
    state.input.type = "search";
    state.input.placeholder = "words, for example: chunked f32";
    state.count = document.createElement("span");
    state.count.className = "soft";
    state.count.setAttribute("role", "status");
    label.append(state.input);
    bar.append(label, state.count);
    if (state.rows.length > 20) table.closest(".scroll").before(bar);  // a short table is read, not searched
    state.input.addEventListener("input", () => {
      state.filter = state.input.value;
      apply(state);
      remember(state);
    });
    tables.set(table.id, state);
    apply(state);
  };

  const apply = (state) => {
    const column = state.heads.findIndex((head) => head.dataset.key === state.sort);
    state.heads.forEach((head, i) => {
      if (i === column) head.setAttribute("aria-sort", state.order === "desc" ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    const words = state.filter.toLowerCase().split(/\s+/).filter(Boolean);
    const keyed = state.rows.map((row, i) => {
      const text = column < 0 ? "" : row.cells[column].textContent.trim();
      return { row, i, text, value: number(text), shown: words.every((word) => state.texts[i].includes(word)) };
    });
    if (column >= 0) {
      const sign = state.order === "desc" ? -1 : 1;
      const numeric = state.heads[column].classList.contains("n");
      keyed.sort((p, q) => {
        if (numeric) {
          // What is not a number (failed, not measured) stays below in either order.
          const missing = Number.isNaN(p.value) - Number.isNaN(q.value);
          if (missing) return missing;
          if (p.value !== q.value && !Number.isNaN(p.value)) return sign * (p.value < q.value ? -1 : 1);
        } else if (p.text !== q.text) {
          return sign * p.text.localeCompare(q.text, "en", { numeric: true });
        }
        return p.i - q.i;
      });
    }
    const shown = keyed.filter((entry) => entry.shown).map((entry) => entry.row);
    state.body.replaceChildren(...shown);
    state.count.textContent = `${shown.length.toLocaleString("en")} of ${state.rows.length.toLocaleString("en")} rows`;
  };

  const remember = (state) => {
    const query = new URLSearchParams();
    if (state.sort) { query.set("sort", state.sort); query.set("order", state.order); }
    if (state.filter) query.set("filter", state.filter);
    const text = query.toString();
    try { history.replaceState(null, "", `#${state.table.id}${text ? "?" + text : ""}`); } catch { /* a viewer without history: the table is sorted all the same */ }
  };

  const follow = () => {
    const [id, query] = location.hash.slice(1).split("?");
    const state = tables.get(id);
    if (!state || !query) return;
    const wanted = new URLSearchParams(query);
    state.sort = wanted.get("sort") || "";
    state.order = wanted.get("order") === "desc" ? "desc" : "asc";
    state.filter = state.input.value = wanted.get("filter") || "";
    apply(state);
    state.table.closest("section").scrollIntoView();
  };

  document.querySelectorAll("table.sortable").forEach(prepare);
  follow();
  addEventListener("hashchange", follow);
})();
