// What an opened row shows of one variant: its effect in every track, both alleles' coverage, and a logo.

let unpackedViews = null;
const views = () => (unpackedViews = unpackedViews || unpacked("views"));
const SIGN = {"+": " (+)", "-": " (−)"};
const trackName = (track) => `${track.cell_type} ${track.assay.toUpperCase()}${SIGN[track.strand] || ""}`.trim();
const LANES = 5;

// i: the variant's place in the data; value(column, i, t) and doubt(i, t) read one track's effect.
function viewOf(i, data, all, value, doubt) {
  const {tracks, sites} = data, main = (t) => value("main_strand", i, t);
  const order = [...tracks.keys()].sort((a, b) => main(b) - main(a) || Math.abs(value("log_fc", i, b)) - Math.abs(value("log_fc", i, a)));
  const rank = i + 1, seen = all.tracks[rank], logo = all.logos[rank];
  const box = element("div", {}, element("h3", {}, sites.variant[i]), aboutOf(i, data, order[0], value, doubt));
  box.append(element("h4", {}, "Effect in each track"), effectsOf(i, data, order, value, doubt));
  const assays = [...new Set(order.map((t) => tracks[t].assay))];
  const name = `view${i}`, charts = element("div"), choice = element("div", {class: "bar"});
  if (seen || logo) {
    if (assays.length > 1) choice.append(selectOf("Assay", assays.map((assay) => [assay, assay.toUpperCase()]), draw, `${name}assay`));
    if (seen) choice.append(selectOf("Stretch", [["near", "next to the variant"], ["whole", "the whole predicted window"]], draw, `${name}stretch`));
    if (seen) {
      const button = element("button", {type: "button", class: "do"}, "Save these tracks (TSV)");
      button.addEventListener("click", () => saveTracks(data, i, seen));
      choice.append(button);
    }
  }
  function draw() {
    const chosen = Object.fromEntries([...choice.querySelectorAll("select")].map((one) => [one.id.slice(name.length), one.value]));
    const own = order.filter((t) => tracks[t].assay === (chosen.assay || assays[0]));
    charts.replaceChildren();
    charts.append(element("h4", {}, "Predicted coverage of both alleles"));
    if (seen) charts.append(...tracksOf(i, data, own, seen, chosen.stretch || "near", value));
    else charts.append(element("p", {class: "muted small"}, `No tracks: the page has those of ${Object.keys(all.tracks).length} variants, the strongest and those with a logo (report.variant_tracks in the configuration).`));
    charts.append(element("h4", {}, "Importance of the bases around it"));
    if (logo) charts.append(...logoOf(i, data, own, logo, all.glyphs));
    else charts.append(element("p", {class: "muted small"}, "No logo: none of the regions of in-silico mutagenesis covers this variant, or more than a hundred stronger ones have theirs (sequence.ism.regions in the configuration)."));
  }
  box.append(choice, charts);
  draw();
  return element("div", {class: "view"}, box);
}

function selectOf(label, options, changed, id) {
  const made = element("select", {id}, ...options.map(([value, words]) => element("option", {value}, words)));
  made.addEventListener("change", changed);
  return element("label", {for: id}, `${label} `, made);
}

function aboutOf(i, data, best, value, doubt) {
  const {sites, tracks} = data, list = element("dl", {class: "facts"});
  const say = (word, ...what) => list.append(element("dt", {}, word), element("dd", {}, ...what));
  say("Place", `${sites.chrom[i]}, position ${grouped(sites.pos[i] + 1)}: ${sites.ref[i] || "–"} → ${sites.alt[i] || "–"}`);
  if (known(sites.id[i]) && sites.id[i] !== sites.variant[i]) say("Known as", sites.id[i]);
  say("Fold", `${sites.fold[i]}${sites.fold[i] === "train" ? ": the models of this study are fitted there" : ""}`);
  if (known(sites.gene[i])) {
    const away = sites.tss_distance[i], where = away === 0 ? "at its transcription start" : `${grouped(Math.abs(away))} bp ${away > 0 ? "downstream" : "upstream"} of its transcription start`;
    say("Nearest gene", element("em", {}, sites.symbol[i]), sites.symbol[i] === sites.gene[i] ? "" : ` (${sites.gene[i]})`, `, ${where}`);
  } else say("Nearest gene", "none on this contig");
  say("Strongest in", `${trackName(tracks[best])}: ${effectWords(value("log_fc", i, best), value("log_fc_sd", i, best))} log2 fold change; on top in ${percent(value("top_share", i, best))} of the predictions`);
  const why = doubt(i, best);
  if (why) say("In doubt", why);
  return list;
}

// ---- effects ----------------------------------------------------------------------------------------------------

function effectsOf(i, data, order, value, doubt) {
  const ends = order.flatMap((t) => {
    const x = value("log_fc", i, t), sd = value("log_fc_sd", i, t) || 0;
    return [x - sd, x + sd, value("conformal_low", i, t), value("conformal_high", i, t)];
  }).filter(known);
  const low = Math.min(0, ...ends), high = Math.max(0, ...ends), wide = (high - low) || 1;
  const at = (x) => 6 + 188 * (x - low) / wide;
  const has = (name) => name in data.effects;
  const heads = [["track", ""], ["effect ± SD", ""], ["log2 fold change", ""], ["sign agreement", "n extra"], ["on top", "n extra"]];
  if (has("p_null")) heads.push(["p", "n"]);
  if (has("percentile")) heads.push(["percentile", "n extra"]);
  if (has("conformal_low")) heads.push(["interval", "extra"]);
  const rows = order.map((t) => {
    const words = [effectWords(value("log_fc", i, t), value("log_fc_sd", i, t)), percent(value("sign_agreement", i, t)), percent(value("top_share", i, t))];
    if (has("p_null")) words.push(short(value("p_null", i, t)));
    if (has("percentile")) words.push(known(value("percentile", i, t)) ? short(100 * value("percentile", i, t), 3) : "–");
    if (has("conformal_low")) words.push(known(value("conformal_low", i, t)) ? `${short(value("conformal_low", i, t), 3)} to ${short(value("conformal_high", i, t), 3)}` : "–");
    const why = doubt(i, t);
    return element("tr", {class: t === order[0] ? "strongest" : null},
      element("th", {scope: "row"}, trackName(data.tracks[t]), value("main_strand", i, t) ? "" : element("span", {class: "muted small"}, " other strand")),
      element("td", {}, barOf(i, t, at, value, why)),
      ...words.map((word, k) => element("td", {class: heads[k + 2][1]}, word, k === 0 && why ? element("span", {class: "doubt", title: why, role: "img", "aria-label": `in doubt: ${why}`}, " ?") : "")));
  });
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads.map(([word, kind]) => element("th", {scope: "col", class: kind}, word)))), element("tbody", {}, ...rows));
  const note = `Dots are log2 fold changes, bars one SD to each side${has("conformal_low") ? ", the pale band the interval for a measured effect" : ""}; a hollow dot is in doubt, the dashed line is no effect. Other strand: the assay's coverage changes less there, so a ratio says little.`;
  return element("div", {}, element("div", {class: "effects", tabindex: "0", role: "region", "aria-label": "Effect in each track"}, table), element("p", {class: "muted small"}, note));
}

function barOf(i, t, at, value, why) {
  const x = value("log_fc", i, t), sd = value("log_fc_sd", i, t);
  const line = (from, to, kind, y1 = 10, y2 = 10) => element("line", {class: kind, x1: at(from), x2: at(to), y1, y2});
  const made = element("svg", {viewBox: "0 0 200 20", preserveAspectRatio: "none", "aria-hidden": "true", class: x < 0 ? "down" : "up"}, line(0, 0, "zero", 0, 20));
  if (known(value("conformal_low", i, t))) made.append(line(value("conformal_low", i, t), value("conformal_high", i, t), "wide"));
  if (known(sd)) made.append(line(x - sd, x + sd, "sd"), line(x - sd, x - sd, "sd", 6, 14), line(x + sd, x + sd, "sd", 6, 14));
  // A line of no length with round ends is a dot that stays round however wide the bar is.
  for (const kind of why ? ["dot", "hole"] : ["dot"]) made.append(element("path", {class: kind, d: `M${at(x)} 10h0`}));
  return made;
}

// ---- tracks -----------------------------------------------------------------------------------------------------

function tracksOf(i, data, order, seen, stretch, value) {
  const view = seen[stretch], width = view.end - view.start, shown = order.filter((t) => seen.tracks.includes(data.tracks[t].slug));
  const types = new Set(data.tracks.map((track) => track.cell_type)).size, kept = new Set(seen.tracks.map((slug) => data.tracks.find((track) => track.slug === slug).cell_type)).size;
  const from = data.sites.pos[i] - view.start, length = Math.max(data.sites.ref[i].length, 1);
  const charts = element("div", {class: "charts"});
  for (const t of shown) {
    const k = seen.tracks.indexOf(data.tracks[t].slug), ref = view.ref[k], alt = view.alt[k];
    // Next to nothing in the window must not fill the chart beside the variant.
    const top = Math.max(...ref, ...alt, Math.max(...seen.whole.ref[k], ...seen.whole.alt[k]) / 5, 1e-9);
    const edge = (step) => Math.min(step * view.step, width), y = (v) => 100 - 94 * v / top;
    const along = (values) => values.map((v, n) => `${n ? "L" : "M"}${edge(n)} ${y(v)}H${edge(n + 1)}`).join("");
    const between = (a, b) => along(a) + [...b.keys()].reverse().map((n) => `L${edge(n + 1)} ${y(b[n])}H${edge(n)}`).join("") + "Z";
    const words = effectWords(value("log_fc", i, t), null), name = trackName(data.tracks[t]);
    charts.append(
      element("div", {class: "name"}, cut(name, 30), element("br"), element("strong", {class: value("log_fc", i, t) < 0 ? "down" : "up"}, words)),
      element("svg", {viewBox: `0 0 ${width} 100`, preserveAspectRatio: "none", role: "img", "aria-label": `Predicted coverage in ${name}, reference and alternative allele: log2 fold change ${words}`},
        element("rect", {class: "here", x: from, y: 0, width: length, height: 100}),
        element("path", {class: "ref", d: `M0 100${along(ref).replace("M", "L")}L${width} 100Z`}),
        element("path", {class: "gained", d: between(ref, ref.map((v, n) => Math.max(v, alt[n])))}),
        element("path", {class: "lost", d: between(ref, ref.map((v, n) => Math.min(v, alt[n])))}),
        element("path", {class: "alt", d: along(alt)}),
        element("line", {class: "centre", x1: from + length / 2, x2: from + length / 2, y1: 0, y2: 100})),
      element("div", {class: "max", title: "the top of the chart, coverage per bin"}, short(top, 3)));
  }
  const genes = genesOf(seen.genes, view);
  if (genes) charts.append(element("div", {class: "name gap muted"}, "genes"), genes, element("div"));
  charts.append(element("div", {class: "gap"}), element("div", {class: "axis"},
    element("span", {}, grouped(view.start)), element("span", {}, `${data.sites.chrom[i]}, bp`), element("span", {}, grouped(view.end))), element("div"));
  const key = [["ref", "", "REF"], ["line", "", "ALT"], ["", "--gain", "ALT above REF"], ["", "--loss", "ALT below REF"], ["dash", "", "the variant"]];
  const legend = element("ul", {class: "legend"}, ...key.map(([kind, colour, words]) => element("li", {}, element("i", {class: kind, style: `background:${kind === "ref" ? "var(--ref)" : colour ? `var(${colour})` : "none"}`}), words)));
  const note = `The mean of all predictions, per bin of the model; each chart has its own scale, its top is written at the right.${kept < types ? ` Of ${types} cell types the ${kept} with the largest effects are drawn.` : ""}`;
  return [legend, shown.length ? charts : element("p", {class: "muted small"}, "No cell type of this assay is among those that are drawn."), element("p", {class: "muted small"}, note)];
}

function genesOf(genes, view) {
  const here = genes.filter((gene) => gene.start < view.end && gene.end > view.start);
  const drawn = here.filter((gene) => gene.lane < LANES), rows = Math.max(0, ...drawn.map((gene) => gene.lane + 1)), width = view.end - view.start;
  if (!here.length) return null;
  const picture = element("svg", {viewBox: `0 0 ${width} ${rows}`, preserveAspectRatio: "none", "aria-hidden": "true"});
  const box = element("div", {class: "genes", style: `height:${1.45 * rows}rem`}, picture);
  for (const gene of drawn) {
    const y = gene.lane + 0.78, ends = [Math.max(gene.start, view.start), Math.min(gene.end, view.end)].map((x) => x - view.start);
    picture.append(element("line", {class: "body", x1: ends[0], x2: ends[1], y1: y, y2: y}));
    for (const [start, end] of gene.exons) picture.append(element("rect", {class: "exon", x: start - view.start, width: end - start, y: y - 0.14, height: 0.28}));
    const name = gene.strand === "+" ? `${gene.name} →` : `← ${gene.name}`;
    box.append(element("span", {style: `left:${Math.min(100 * ends[0] / width, 88)}%;top:${1.45 * gene.lane + 0.15}rem`}, name));
  }
  if (here.length > drawn.length) box.append(element("span", {style: "right:0;bottom:-.9rem", class: "muted"}, `and ${here.length - drawn.length} more genes`));
  return box;
}

function saveTracks(data, i, seen) {
  const rows = ["near", "whole"].flatMap((panel) => seen.tracks.flatMap((track, k) => seen[panel].ref[k].map((ref, n) => {
    const start = seen[panel].start + n * seen[panel].step;
    return [panel, track, start, Math.min(start + seen[panel].step, seen[panel].end), ref, seen[panel].alt[k][n], data.simulated];
  })));
  save(`${data.sites.variant[i].replace(/[^\w.-]+/g, "_")}_tracks.tsv`, ["panel", "track", "start", "end", "ref", "alt", "simulated"], rows);
}

// ---- logo -------------------------------------------------------------------------------------------------------

function logoOf(i, data, order, logo, glyphs) {
  const types = new Set(), shown = order.filter((t) => data.tracks[t].slug in logo.importance && !types.has(data.tracks[t].cell_type) && types.add(data.tracks[t].cell_type));
  const held = shown.map((t) => logo.importance[data.tracks[t].slug]), length = logo.letters.length;
  const low = Math.min(0, ...held.flat()), high = Math.max(0, ...held.flat()), tall = (high - low) || 1;
  const from = data.sites.pos[i] - logo.start, charts = element("div", {class: "charts"});
  shown.forEach((t, k) => {
    const name = trackName(data.tracks[t]), most = held[k].reduce((best, x, n) => (Math.abs(x) > Math.abs(held[k][best]) ? n : best), 0);
    const letters = held[k].map((x, n) => (glyphs[logo.letters[n]] && Math.abs(x) > tall / 200
      ? element("path", {d: glyphs[logo.letters[n]].path, fill: glyphs[logo.letters[n]].colour, transform: `translate(${n + 0.03} ${high - Math.min(x, 0)}) scale(.94 ${-Math.abs(x)})`}) : ""));
    charts.append(element("div", {class: "name"}, cut(name, 30)),
      element("svg", {class: "letters", viewBox: `0 0 ${length} ${tall}`, preserveAspectRatio: "none", role: "img", "aria-label": `Logo of ${name}: ${logo.letters}; the most important base is ${logo.letters[most]} at ${logo.start + most + 1}`},
        element("rect", {class: "here", x: from, y: 0, width: Math.max(data.sites.ref[i].length, 1), height: tall}), ...letters,
        element("line", {x1: 0, x2: length, y1: high, y2: high, stroke: "currentColor", "stroke-width": 0.5})),
      element("div", {class: "max", title: "the largest importance in these logos"}, short(high, 2)));
  });
  charts.append(element("div", {class: "gap"}), element("div", {class: "axis"}, element("span", {}, grouped(logo.start + 1)), element("span", {}, `${data.sites.chrom[i]}, position from 1`), element("span", {}, grouped(logo.start + length))), element("div"));
  const picture = element("a", {href: `../../ism/${encodeURIComponent(logo.region)}.svg`}, logo.region);
  return [element("p", {class: "muted small"}, "The genome's bases, each as high as its importance: minus the mean log2 fold change of its three substitutions. One scale for all; shaded is the variant. From the region ", picture, "."),
    shown.length ? charts : element("p", {class: "muted small"}, "The region was not scored in any track of this assay.")];
}
