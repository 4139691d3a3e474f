// Sort and filter the wall of tiles. The order in the page is by need; it stays without this script.
const wall = document.querySelector(".tiles"), tiles = [...(wall ? wall.children : [])];
const sort = document.getElementById("sort"), find = document.getElementById("find"), shown = document.getElementById("shown");
const chips = [...document.querySelectorAll(".counts button")];
const orders = {
  need: (a, b) => a.dataset.need - b.dataset.need,
  name: (a, b) => a.dataset.cage.localeCompare(b.dataset.cage, undefined, {numeric: true}),
  trend: (a, b) => a.dataset.trend - b.dataset.trend || orders.need(a, b),
  score: (a, b) => b.dataset.excess - a.dataset.excess || orders.need(a, b),
};
const update = () => {
  const states = chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.dataset.state);
  const words = find.value.trim().toLowerCase().split(/\s+/);
  for (const tile of tiles) {
    const text = tile.textContent.toLowerCase();
    tile.hidden = (states.length > 0 && !states.includes(tile.dataset.state)) || !words.every((word) => text.includes(word));
  }
  wall.append(...tiles.sort(orders[sort.value]));
  const n = tiles.filter((tile) => !tile.hidden).length;
  shown.textContent = n === tiles.length ? `${n} cages` : `${n} of ${tiles.length} cages`;
};
if (wall) {
  document.querySelector(".tools").hidden = false;
  for (const chip of chips) chip.addEventListener("click", () => {
    chip.setAttribute("aria-pressed", chip.getAttribute("aria-pressed") !== "true");
    update();
  });
  sort.addEventListener("change", update);
  find.addEventListener("input", update);
  update();
}
