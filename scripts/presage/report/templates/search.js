// Each search box narrows the table after it to the rows that hold all the typed words.
for (const box of document.querySelectorAll(".search")) {
  const rows = [...box.nextElementSibling.querySelectorAll("tbody tr")];
  const input = box.querySelector("input"), said = box.querySelector("output");
  box.hidden = false;
  input.addEventListener("input", () => {
    const words = input.value.trim().toLowerCase().split(/\s+/);
    for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
    const n = rows.filter((row) => !row.hidden).length;
    said.textContent = n === rows.length ? "" : `${n} of ${rows.length} rows`;
  });
}
