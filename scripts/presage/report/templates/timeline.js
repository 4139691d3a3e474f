// A click on an alarm in a drawing opens its card, which says why.
const open = (id) => {
  const card = document.getElementById(id);
  if (!card || card.tagName !== "DETAILS") return;
  card.open = true;
  card.scrollIntoView({block: "center"});
  card.querySelector("summary").focus({preventScroll: true});
};
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#alarm-"]');
  if (!link) return;
  event.preventDefault();
  history.replaceState(null, "", link.getAttribute("href"));
  open(link.getAttribute("href").slice(1));
});
open(location.hash.slice(1));
// The last days matter most: on a narrow screen they are in sight first.
for (const drawing of document.querySelectorAll("svg.timeline")) drawing.parentElement.scrollLeft = drawing.parentElement.scrollWidth;
document.getElementById("print").addEventListener("click", () => print());
