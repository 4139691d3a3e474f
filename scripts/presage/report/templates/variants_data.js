// What both the table and an opened row need: the packed data, elements, words for numbers, files to save.

async function unpacked(id) {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

// Names come from the user's files: they become text and attributes only, never markup.
function element(tag, attributes = {}, ...children) {
  const space = ["svg", "path", "rect", "line"].includes(tag) && "http://www.w3.org/2000/svg";
  const made = space ? document.createElementNS(space, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  made.append(...children);
  return made;
}

const minus = (text) => text.replace("-", "−");
const known = (value) => value !== null && value !== undefined;
const grouped = (value) => minus(Math.round(value).toLocaleString("en-US"));
const signed = (value) => (known(value) ? (value < 0 ? "" : "+") + grouped(value) : "–");
const short = (value, digits = 2) => (known(value) ? minus(String(Number(value.toPrecision(digits)))) : "–");
const percent = (value) => (known(value) ? `${Math.round(100 * value)} %` : "–");
const cut = (text, length) => (text.length <= length ? text : `${text.slice(0, length / 2 - 1)}…${text.slice(1 - length / 2)}`);

function effectWords(value, sd) {
  const size = (x) => (Math.abs(x) >= 0.1 || x === 0 ? x.toFixed(2) : String(Number(x.toPrecision(2))));
  return minus((value < 0 ? "" : "+") + size(value)) + (known(sd) ? ` ± ${size(sd)}` : "");
}

// Tab-separated text with every digit: a number that is read again is the same number.
function save(name, columns, rows) {
  const quoted = (value) => (!known(value) ? "" : /["\t\r\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
  const lines = [columns, ...rows].map((row) => row.map(quoted).join("\t"));
  const link = element("a", {href: URL.createObjectURL(new Blob([lines.join("\n") + "\n"], {type: "text/tab-separated-values"})), download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
