// The table: filters, order, pages of rows, rows that open, and files of what is listed.

const SITE = ["variant", "id", "chrom", "pos", "ref", "alt", "fold", "gene", "symbol", "tss_distance"];
const collator = new Intl.Collator("en", {numeric: true});

unpacked("data").then(startTable).catch((error) => {
  const old = typeof DecompressionStream === "undefined";
  document.getElementById("status").textContent = old
    ? "This browser is too old for the table (it needs one of 2023 or later). The numbers are in scores.parquet."
    : `The table could not be read: ${error.message}`;
  if (!old) throw error;
});

function startTable(data) {
  const {tracks, sites, effects} = data, each = tracks.length, count = sites.variant.length;
  const find = (id) => document.getElementById(id);
  const form = find("filters"), table = find("list"), body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  const open = new Set();
  let sort = {key: "size", down: true}, first = 0, listed = [], shown = new Uint16Array(count);

  const value = (name, i, t) => (effects[name] ? effects[name][i * each + t] : null);
  // On the strand with hardly any coverage a ratio says nothing, so it is shown in the open row only.
  const size = (i, t) => (value("main_strand", i, t) ? Math.abs(value("log_fc", i, t)) : -1);
  const strongest = (i, among) => among.reduce((best, t) => (size(i, t) > size(i, best) ? t : best), among[0]);
  const doubt = (i, t) => [
    value("sign_agreement", i, t) < data.sure && "models, strands and shifts differ in its sign",
    known(value("log_fc_sd", i, t)) && value("log_fc_sd", i, t) > Math.abs(value("log_fc", i, t)) && "its spread over them is larger than the effect",
    known(value("p_null", i, t)) && value("p_null", i, t) > data.alpha && "null variants are often as strong",
  ].filter(Boolean).join(" and ");

  function filter() {
    const asked = new FormData(form), text = (asked.get("text") || "").trim().toLowerCase(), type = asked.get("type");
    const region = /^([^:\s]+):([\d,]+)\s*[-–]\s*([\d,]+)$/.exec(text), edges = region && region.slice(2).map((n) => Number(n.replaceAll(",", "")));
    const found = (i) => (region
      ? sites.chrom[i].toLowerCase() === region[1] && sites.pos[i] + 1 >= edges[0] && sites.pos[i] + 1 <= edges[1]
      : [sites.variant[i], sites.id[i], sites.gene[i], sites.symbol[i]].some((word) => known(word) && word.toLowerCase().includes(text)));
    const folds = new Set(asked.getAll("fold")), limit = (name) => (asked.get(name) ? Number(asked.get(name)) : null);
    const p = limit("p"), least = limit("least");
    const here = [...tracks.keys()].filter((t) => !asked.get("assay") || tracks[t].assay === asked.get("assay"));
    form.elements.top.disabled = !type;
    const own = here.filter((t) => !type || tracks[t].cell_type === type);
    listed = [];
    for (let i = 0; own.length && i < count; i++) {
      const t = shown[i] = strongest(i, own);
      if (!folds.has(sites.fold[i]) || (text && !found(i))) continue;
      if (p !== null && !(known(value("p_null", i, t)) && value("p_null", i, t) <= p)) continue;
      if (least !== null && Math.abs(value("log_fc", i, t)) < least) continue;
      if (asked.get("sure") && doubt(i, t)) continue;
      if (asked.get("top") && tracks[strongest(i, here)].cell_type !== type) continue;
      listed.push(i);
    }
    first = 0;
    order();
  }

  const keys = {
    rank: (i) => i,
    size: (i) => Math.abs(value("log_fc", i, shown[i])),
    variant: (i) => sites.variant[i],
    track: (i) => trackName(tracks[shown[i]]),
    symbol: (i) => sites.symbol[i],
    tss_distance: (i) => sites.tss_distance[i],
    fold: (i) => data.folds.indexOf(sites.fold[i]),
  };

  function order() {
    const key = keys[sort.key] || ((i) => value(sort.key, i, shown[i]));
    const made = new Map(listed.map((i) => [i, key(i)]));
    listed.sort((a, b) => {
      const x = made.get(a), y = made.get(b);
      if (!known(x) || !known(y)) return known(y) - known(x) || a - b;  // what is missing stays last
      const found = typeof x === "string" ? collator.compare(x, y) : x - y;
      return (sort.down ? -found : found) || a - b;
    });
    for (const head of heads) {
      const by = head.dataset.key === sort.key ? (sort.down ? "descending" : "ascending") : sort.key === "size" && head.dataset.key === "log_fc" ? "other" : null;
      if (by) head.setAttribute("aria-sort", by); else head.removeAttribute("aria-sort");
    }
    draw();
  }

  const cells = {
    rank: (i) => [String(i + 1)],
    variant: (i, t) => {
      const button = element("button", {type: "button", class: "opens", "aria-expanded": String(open.has(i)), "aria-controls": `view${i}`, title: sites.variant[i]}, cut(sites.variant[i], 30));
      const why = doubt(i, t), name = known(sites.id[i]) && sites.id[i] !== sites.variant[i] ? [" ", element("span", {class: "muted small"}, cut(sites.id[i], 20))] : [];
      return why ? [button, ...name, " ", element("span", {class: "doubt", title: why, role: "img", "aria-label": `in doubt: ${why}`}, "?")] : [button, ...name];
    },
    symbol: (i) => [cut(sites.symbol[i] || "–", 22)],
    tss_distance: (i) => [signed(sites.tss_distance[i])],
    fold: (i) => [element("span", {class: "swatch", style: form.querySelector(`[value="${sites.fold[i]}"] + .swatch`).getAttribute("style")}), sites.fold[i]],
    track: (i, t) => [element("span", {title: trackName(tracks[t])}, cut(trackName(tracks[t]), 26))],
    log_fc: (i, t) => {
      const share = 50 * value("log_fc", i, t) / largest;
      const gauge = element("i", {class: share > 0 ? "up" : "", style: `left:${Math.min(50, 50 + share)}%;width:${Math.abs(share)}%`});
      return [element("span", {class: "amount"}, effectWords(value("log_fc", i, t), value("log_fc_sd", i, t))), element("span", {class: "gauge", "aria-hidden": "true"}, gauge)];
    },
    sign_agreement: (i, t) => [percent(value("sign_agreement", i, t))],
    p_null: (i, t) => [short(value("p_null", i, t))],
    conformal_low: (i, t) => [known(value("conformal_low", i, t)) ? `${short(value("conformal_low", i, t), 3)} to ${short(value("conformal_high", i, t), 3)}` : "–"],
  };
  const largest = effects.log_fc.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-9);

  function draw() {
    const size = Number(find("size").value), last = Math.min(first + size, listed.length);
    body.replaceChildren();
    for (const i of listed.slice(first, last)) {
      const row = element("tr", {class: "row", "data-variant": i});
      for (const head of heads) row.append(element("td", {class: head.className}, ...cells[head.dataset.key](i, shown[i])));
      body.append(row);
      if (open.has(i)) body.append(viewRow(i));
    }
    find("status").textContent = listed.length
      ? `Rows ${grouped(first + 1)} to ${grouped(last)} of ${grouped(listed.length)}${listed.length < count ? `, of ${grouped(count)} without filters` : ""}`
      : "No variant passes these filters.";
    find("before").disabled = first === 0;
    find("next").disabled = last >= listed.length;
    find("save").disabled = find("save-all").disabled = !listed.length;
  }

  function viewRow(i) {
    const place = element("td", {colspan: heads.length});
    const row = element("tr", {class: "view", id: `view${i}`}, place);
    views().then((all) => place.append(viewOf(i, data, all, value, doubt)));
    return row;
  }

  function toggle(row) {
    const i = Number(row.dataset.variant), now = !open.has(i);
    if (now) { open.add(i); row.after(viewRow(i)); } else { open.delete(i); row.nextElementSibling.remove(); }
    row.querySelector(".opens").setAttribute("aria-expanded", String(now));
  }

  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr.row");
    if (row && !String(getSelection())) toggle(row);
  });
  for (const head of heads) head.querySelector("button").addEventListener("click", () => {
    const key = head.dataset.key, text = ["variant", "symbol", "track", "fold", "rank", "p_null"].includes(key);
    // An effect is sorted by its size first, then by its sign and size.
    if (key === "log_fc") sort = sort.key === "size" ? {key, down: true} : sort.key === key && sort.down ? {key, down: false} : {key: "size", down: true};
    else sort = {key, down: sort.key === key ? !sort.down : !text};
    first = 0;
    order();
  });
  const move = (by) => { first = Math.max(0, first + by * Number(find("size").value)); draw(); };
  find("before").addEventListener("click", () => move(-1));
  find("next").addEventListener("click", () => move(1));
  find("size").addEventListener("change", () => { first = 0; draw(); });
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => { sort = {key: "size", down: true}; setTimeout(filter); });

  function saved(name, tracksOf) {
    const own = Object.keys(effects), line = (i, t) => [
      ...SITE.map((column) => sites[column][i]), tracks[t].slug, tracks[t].cell_type, tracks[t].assay, ...own.map((column) => value(column, i, t)), data.simulated,
    ];
    save(name, [...SITE, "track", "cell_type", "assay", ...own, "simulated"], listed.flatMap((i) => tracksOf(i).map((t) => line(i, t))));
  }
  const set = find("data").dataset.set;
  find("save").addEventListener("click", () => saved(`${set}_rows.tsv`, (i) => [shown[i]]));
  find("save-all").addEventListener("click", () => saved(`${set}_all_tracks.tsv`, () => [...tracks.keys()]));

  filter();
  table.hidden = false;
}
